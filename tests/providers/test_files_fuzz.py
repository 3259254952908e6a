"""Any bytes in a file are bars, or one of our errors that names the file; never a wrong number."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml4t_nb.core.bars import Bars
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.errors import BarsInvalid, CalendarUnknown, Ml4tError
from ml4t_nb.model import Frequency
from ml4t_nb.providers.files.provider import FilesProvider
from ml4t_nb.settings import Settings
from ml4t_nb.testing import request_for

ROWS = [
    ("2024-01-02", 10.0, 12.0, 9.0, 11.0, 100.0),
    ("2024-01-03", 11.0, 13.0, 10.5, 12.0, 200.0),
    ("2024-01-04", 12.0, 14.0, 11.0, 13.0, 300.0),
    ("2024-01-05", 13.0, 15.0, 12.0, 14.0, 400.0),
]
GOOD = "Date,Open,High,Low,Close,Volume\n" + "".join(",".join(map(str, row)) + "\n" for row in ROWS)
FREQUENCIES: tuple[Frequency, ...] = ("daily", "weekly", "1m", "hourly")

# What tables of prices are made of, and what spoils them.
CELLS = st.one_of(
    st.sampled_from(
        [
            "2024-01-02", "2024-01-03 09:30", "2024-01-04T14:30Z", "01/02/2024", "13/02/2024",
            "2-Jan-2024", "Jan 2, 2024", "20240102", "1704205800", "1704205800000",
            "9999999999999999999", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00",
            "9999-12-31", "0000-00-00", "2024-02-30", "2024-11-03 01:30", "2024-03-10 02:30",
            "10", "10.5", "-1", "1e3", "1e999", "nan", "NaN", "null", "", "inf", "1,5", "1.234,5",
            "0x10", "1_000", "\u0661\u0662", "$5",
            "5%", "true", "True", "ABC", "#", '"', "'", "=1+1",
        ]
    ),
    st.text(max_size=6),
)  # fmt: skip
HEADS = st.sampled_from(
    [
        "Date,Open,High,Low,Close,Volume", "timestamp,open,high,low,close", "t;o;h;l;c;v",
        "Date|Time|Open|High|Low|Close", "Date,Open,High,Low,Close,Dividends,Stock Splits",
        "symbol,Date,Open,High,Low,Close,filled", "",
    ]
)  # fmt: skip


# Ways of writing a stamp, with numbers that may be none.
WAYS = st.sampled_from(
    [
        r"[0-9]{9,19}(\.0*)?",
        r"\d{9,19}",
        r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:?[0-9]{2})?",
        r"(0001|9999)-(01-01|12-31)[T ](00:00|23:59)[+-][0-9]{2}:[0-9]{2}",
        r"[0-9]{8}",
        r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}( [0-9]{1,2}:[0-9]{2} [AP]M)?",
        r"[0-9]{1,2}-(Jan|Feb|Mai|December)-[0-9]{4}",
        r"(Jan|Feb)\.? [0-9]{1,2},? [0-9]{4}",
        r"\d{4}-\d{2}-\d{2}",
    ]
)


@contextmanager
def fed(content: bytes, suffix: str = "csv") -> Iterator[FilesProvider]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / f"ABC.{suffix}").write_bytes(content)
        yield FilesProvider(Settings(home=folder / "home", files=folder))


def bars_or_error(content: bytes, frequency: Frequency, suffix: str = "csv") -> Bars | None:
    """Bars with a sound index, every number in place; None where the file was refused."""
    with fed(content, suffix) as files:
        try:
            answer = files.fetch(request_for("ABC", frequency, "2023-01-01", "2025-01-01"))
        except (BarsInvalid, CalendarUnknown) as error:
            named = "ABC." in error.message or isinstance(error, CalendarUnknown)
            return pytest.fail(error.message) if not named else None
    reject_invalid(answer.bars)
    assert answer.bars.index.is_monotonic_increasing
    assert answer.bars.index.is_unique
    return answer.bars


many = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)


@many
@given(st.binary(max_size=200), st.sampled_from(FREQUENCIES), st.sampled_from(["csv", "parquet"]))
def test_any_bytes_are_refused_with_our_error(
    content: bytes, frequency: Frequency, suffix: str
) -> None:
    bars = bars_or_error(content, frequency, suffix)

    assert bars is None or len(bars) <= content.count(b"\n")


@many
@given(
    HEADS,
    st.lists(st.lists(CELLS, min_size=1, max_size=8), max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(FREQUENCIES),
)
def test_any_table_is_bars_or_refused_with_our_error(
    head: str, rows: list[list[str]], delimiter: str, frequency: Frequency
) -> None:
    lines = [head, *(delimiter.join(row) for row in rows)]

    bars_or_error("\n".join(lines).encode("utf-8", "surrogatepass"), frequency)


@many
@given(WAYS.flatmap(lambda way: st.lists(st.from_regex(way, fullmatch=True), max_size=4)),
       st.sampled_from(FREQUENCIES))  # fmt: skip
def test_any_column_of_stamps_is_read_or_refused_with_our_error(
    stamps: list[str], frequency: Frequency
) -> None:
    rows = "".join(f'"{stamp}",10,12,9,11,100\n' for stamp in stamps)

    bars = bars_or_error(f"Date,Open,High,Low,Close,Volume\n{rows}".encode(), frequency)

    assert bars is None or len(bars) <= len(stamps)


@many
@given(st.integers(0, 3), st.integers(0, 5), CELLS, st.sampled_from(FREQUENCIES))
def test_one_damaged_cell_costs_its_row_or_the_file_and_no_other_number(
    row: int, column: int, cell: str, frequency: Frequency
) -> None:
    cells = [[str(each) for each in line] for line in ROWS]
    cells[row][column] = cell
    text = "Date,Open,High,Low,Close,Volume\n" + "".join(",".join(line) + "\n" for line in cells)

    bars = bars_or_error(text.encode("utf-8", "surrogatepass"), frequency)

    if bars is not None and frequency == "daily":
        for number, (day, *prices) in enumerate(ROWS):
            if number != row:
                at = bars.index.get_loc(pd.Timestamp(day, tz="UTC"))
                assert bars.to_numpy()[at, :5].tolist() == prices


@many
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_one_damaged_byte_never_moves_a_number_to_another_day_or_column(
    place: int, byte: int
) -> None:
    content = bytearray(GOOD.encode())
    content[place] = byte
    line = GOOD[:place].count("\n")

    bars = bars_or_error(bytes(content), "daily")

    for number, (day, *prices) in enumerate(ROWS):
        stamp = pd.Timestamp(day, tz="UTC")
        # A spoilt end of line joins two rows; a spoilt head may rename a column that is optional.
        if bars is not None and line not in (0, number, number + 1) and stamp in bars.index:
            read = bars.loc[stamp, ["open", "high", "low", "close", "volume"]].to_numpy()
            assert np.array_equal(read, prices)


@given(st.integers(0, len(GOOD) - 1))
def test_a_file_cut_short_has_its_first_rows_or_is_refused(length: int) -> None:
    bars = bars_or_error(GOOD[:length].encode(), "daily")

    if bars is not None:
        whole = GOOD[:length].count("\n") - 1
        assert len(bars) in (whole, whole + 1)
        for (day, *prices), (stamp, read) in zip(ROWS, bars.head(whole).iterrows(), strict=False):
            assert stamp == pd.Timestamp(day, tz="UTC")
            assert read[["open", "high", "low", "close", "volume"]].tolist() == prices


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_a_parquet_file_that_is_cut_or_altered_is_bars_or_refused(step: int) -> None:
    frame = pd.DataFrame(
        [row[1:] for row in ROWS],
        columns=["Open", "High", "Low", "Close", "Volume"],
        index=pd.DatetimeIndex([row[0] for row in ROWS], name="Date"),
    )
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "good.parquet"
        frame.to_parquet(path)
        content = path.read_bytes()
    for place in range(0, len(content), step):
        assert bars_or_error(content[:place], "daily", "parquet") is None
        altered = bytearray(content)
        altered[place] ^= 0xFF
        bars_or_error(bytes(altered), "daily", "parquet")


@given(st.text(max_size=12))
def test_any_symbol_is_a_file_of_the_folder_or_unknown(symbol: str) -> None:
    with fed(GOOD.encode()) as files:
        try:
            answer = files.fetch(request_for(symbol, "daily", "2023-01-01", "2025-01-01"))
        except Ml4tError:
            return
        assert symbol == "ABC"
        assert len(answer.bars) == len(ROWS)
