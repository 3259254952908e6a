"""A folder of people's own files."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import BarsInvalid, OptionError, SettingsInvalid, SymbolUnknown
from ml4t_nb.model import DatasetId, Frequency, Span
from ml4t_nb.providers import Provider
from ml4t_nb.providers.files.provider import FilesProvider
from ml4t_nb.providers.registry import limits_of, open_provider
from ml4t_nb.providers.retry import fetch_with_retries
from ml4t_nb.settings import Settings
from ml4t_nb.testing import ProviderContract, request_for, utc

HEAD = "Date,Open,High,Low,Close,Volume"
DAYS = """\
Date,Open,High,Low,Close,Volume
2024-01-02,10,12,9,11,100
2024-01-03,11,13,10,12,200
2024-01-04,12,14,11,13,300
"""


@pytest.fixture
def files(tmp_path: Path) -> FilesProvider:
    return FilesProvider(Settings(home=tmp_path / "home", files=tmp_path))


def fetch(
    files: FilesProvider, symbol: str = "ABC", frequency: Frequency = "daily", at: str = "XNYS"
) -> Bars:
    request = request_for(symbol, frequency, "2024-01-01", "2024-12-31", as_of="2024-12-31", at=at)
    return files.fetch(request).bars


class TestDailyCsvContract(ProviderContract):
    dataset = DatasetId("equities", "daily", "ABC")
    span = Span(utc("2024-01-02"), utc("2024-02-01"))
    as_of = utc("2024-02-01")
    empty_span = Span(utc("2023-01-02"), utc("2023-02-01"))
    unknown = "NOSUCH"

    @pytest.fixture
    def provider(self, files: FilesProvider, tmp_path: Path) -> Provider:
        stamps = pd.bdate_range("2024-01-02", "2024-01-31").drop("2024-01-15")
        self.write(many(stamps), tmp_path)
        return files

    def write(self, frame: pd.DataFrame, folder: Path) -> None:
        frame.to_csv(folder / "ABC.csv", index=False)


class TestDailyParquetContract(TestDailyCsvContract):
    def write(self, frame: pd.DataFrame, folder: Path) -> None:
        frame.to_parquet(folder / "ABC.parquet")


class TestMinuteContract(TestDailyCsvContract):
    dataset = DatasetId("equities", "1m", "ABC")
    span = Span(utc("2024-01-02T14:30"), utc("2024-01-02T15:30"))

    @pytest.fixture
    def provider(self, files: FilesProvider, tmp_path: Path) -> Provider:
        stamps = pd.date_range("2024-01-02T09:30", "2024-01-02T11:00", freq="min")
        self.write(many(stamps), tmp_path)
        return files


def many(stamps: pd.DatetimeIndex) -> pd.DataFrame:
    close = 100 + np.arange(len(stamps)) % 7
    prices = {"Open": close, "High": close + 1, "Low": close - 1, "Close": close + 0.5}
    return pd.DataFrame({"Date": stamps, **prices, "Volume": 10})


@pytest.mark.parametrize(
    "text",
    [
        DAYS,
        DAYS.replace("\n", "\r\n"),
        DAYS.lower().replace("date", "TIMESTAMP"),
        DAYS.replace(",", ";"),
        DAYS.replace(",", "\t"),
        DAYS.replace(",", " , "),
        "﻿# from a vendor\n\n" + DAYS + "\n\n",
        DAYS.replace("2024-01-02", '"2024-01-02"'),
        DAYS.replace("-", "/"),
        DAYS.replace("2024-01-0", "2024010"),
        DAYS.replace("2024-01-02", "2024-01-02 16:00")
        .replace("-03", "-03 16:00")
        .replace("-04", "-04 16:00"),
        DAYS.replace("-02,", "-02 00:00:00-05:00,")
        .replace("-03,", "-03 00:00:00-05:00,")
        .replace("-04,", "-04 00:00:00-05:00,"),
        DAYS.replace("-02,", "-02T00:00:00+00:00,")
        .replace("-03,", "-03T00:00:00+00:00,")
        .replace("-04,", "-04T00:00:00+00:00,"),
        DAYS.replace("-02,", "-02T14:30Z,")
        .replace("-03,", "-03T14:30Z,")
        .replace("-04,", "-04T14:30Z,"),
        # Midnight in New York, then in UTC, in seconds; milliseconds.
        DAYS.replace("2024-01-02", "1704171600")
        .replace("2024-01-03", "1704258000")
        .replace("2024-01-04", "1704344400"),
        DAYS.replace("2024-01-02", "1704153600")
        .replace("2024-01-03", "1704240000")
        .replace("2024-01-04", "1704326400"),
        DAYS.replace("2024-01-02", "1704153600000")
        .replace("2024-01-03", "1704240000000")
        .replace("2024-01-04", "1704326400000"),
        DAYS.replace("2024-01-02", "02-Jan-2024")
        .replace("2024-01-03", "3 January 2024")
        .replace("2024-01-04", "04/JAN/2024"),
        DAYS.replace("2024-01-02", '"Jan 2, 2024"')
        .replace("2024-01-03", '"January 3, 2024"')
        .replace("2024-01-04", '"Jan. 4, 2024"'),
        # Rows in any order, a row twice, columns in any order, columns of no interest.
        (
            "Close,x,Low,High,Open,Volume,Adj Close,Date\n"
            "12,y,10,13,11,200,6,2024-01-03\n"
            "13,y,11,14,12,300,6,2024-01-04\n"
            "11,y,9,12,10,100,5,2024-01-02\n"
            "12,y,10,13,11,200,7,2024-01-03\n"
        ),
        (
            "<DATE>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n"
            "20240102;10;12;9;11;100\n20240103;11;13;10;12;200\n20240104;12;14;11;13;300\n"
        ),
        (
            "timestamp,1. open,2. high,3. low,4. close,5. volume\n"
            "2024-01-04,12,14,11,13,300\n2024-01-03,11,13,10,12,200\n2024-01-02,10,12,9,11,1e2\n"
        ),
        (
            "symbol,date,time,open,high,low,close,volume\n"
            "abc,2024-01-02,16:00,10,12,9,11,100\nABC,2024-01-03,16:00,11,13,10,12,200\n"
            "ABC,2024-01-04,16:00,12,14,11,13,300\n"
        ),
    ],
)
def test_the_same_bars_are_read_however_they_are_written(
    files: FilesProvider, tmp_path: Path, text: str
) -> None:
    (tmp_path / "ABC.csv").write_text(text)

    bars = fetch(files)

    assert [f"{stamp:%Y-%m-%dT%H:%M%z}" for stamp in bars.index] == [
        "2024-01-02T00:00+0000",
        "2024-01-03T00:00+0000",
        "2024-01-04T00:00+0000",
    ]
    assert bars[["open", "high", "low", "close", "volume"]].to_numpy().tolist() == [
        [10, 12, 9, 11, 100],
        [11, 13, 10, 12, 200],
        [12, 14, 11, 13, 300],
    ]
    assert bars["dividend"].tolist() == [0, 0, 0]
    assert bars["split"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (("02/01/2024", "13/01/2024"), ["2024-01-02", "2024-01-13"]),
        (("02/01/2024", "02/13/2024"), ["2024-02-01", "2024-02-13"]),
        (("2.1.2024", "31.1.2024"), ["2024-01-02", "2024-01-31"]),
        (("1/31/2024 09:30", "2/1/2024 09:30"), ["2024-01-31", "2024-02-01"]),
        (("01/01/2024", "02/02/2024"), ["2024-01-01", "2024-02-02"]),
    ],
)
def test_the_column_decides_where_the_month_stands(
    files: FilesProvider, tmp_path: Path, dates: tuple[str, str], days: list[str]
) -> None:
    rows = "".join(f"{each},1,1,1,1,1\n" for each in dates)
    (tmp_path / "ABC.csv").write_text(f"{HEAD}\n{rows}")

    assert [f"{stamp:%Y-%m-%d}" for stamp in fetch(files).index] == days


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DAYS.replace("13,10", "x,10"), "ABC.csv, line 3: High is 'x', which is not a number"),
        (
            DAYS.replace(",200", ",1_000"),
            "ABC.csv, line 3: Volume is '1_000', which is not a number",
        ),
        (DAYS.replace(",200", ',"1,000"'), "line 3: Volume is '1,000', which may be 1000 or 1"),
        (DAYS.replace("13,10", "inf,10"), "line 3: High is 'inf', which is not a number"),
        (DAYS.replace("13,10", "1e999,10"), "line 3: High is infinite"),
        (DAYS.replace("13,10", "13%,10"), "line 3: High is '13%', which is not a number"),
        (DAYS.replace("13,10", "13M,10"), "line 3: High is '13M', which is not a number"),
        (DAYS + "2024-01-03,11,13,10,12.5,200\n", "line 5: 2024-01-03 00:00:00 is also in 3"),
        (DAYS + "2024-01-05,11,13\n", "ABC.csv, line 5: 3 values for 6 columns"),
        (DAYS + "2024-01-05,11,13,10,12,5,6\n", "ABC.csv, line 5: 7 values for 6 columns"),
        (DAYS + "yesterday,11,13,10,12,5\n", "line 5: 'yesterday' is not in the same format as"),
        (DAYS + "2024-02-30,11,13,10,12,5\n", "line 5: '2024-02-30' is not a valid date"),
        (DAYS + ",11,13,10,12,5\n", "line 5: '' is not in the same format as '2024-01-02'"),
        (DAYS + "05/01/2024,11,13,10,12,5\n", "line 5: '05/01/2024' is not in the same format as"),
        (DAYS + "2024-01-05T14:30Z,1,1,1,1,5\n", "line 5: .* only one has a zone"),
        (DAYS.replace("2024-01-0", "0").replace(",1", "/01/2024,1", 1), "is not"),
        (f"{HEAD}\n01/02/2024,1,1,1,1,1\n02/02/2024,1,1,1,1,1\n",
         "'01/02/2024' may be 2024-01-02 or 2024-02-01, and no row shows"),
        (f"{HEAD}\n13/02/2024,1,1,1,1,1\n02/14/2024,1,1,1,1,1\n", ("have the month in "
        "different positions")),
        (f"{HEAD}\n02/01/24,1,1,1,1,1\n",
         "line 2: '02/01/24' may be 2024-02-01 or .* or 2002-01-24"),
        (f"{HEAD}\n45293,1,1,1,1,1\n", "line 2: '45293' is not a valid date"),
        (f"{HEAD}\n1704153600,1,1,1,1,1\n1704240000000,1,1,1,1,1\n", ("line 3: .* not in "
        "the same format")),
        (f"{HEAD}\n02-Foo-2024,1,1,1,1,1\n", "line 2: '02-Foo-2024' is not a valid date"),
        (f"{HEAD}\n2024-01-02 25:00,1,1,1,1,1\n", "line 2: '2024-01-02 25:00' is not a valid date"),
        (f"{HEAD}\n2024-01-02 13:00 PM,1,1,1,1,1\n", "line 2: .* is not a valid date"),
        ("Date,Open,High,Low,Volume\n", "ABC.csv has no column for the close"),
        ("Open,High,Low,Close\n1,1,1,1\n", "ABC.csv has no column for the stamp"),
        ("Date,Open,High,Low,Close,close\n", "two columns for the close: Close, close"),
        ("Date,Date,Open,High,Low,Close\n", "two columns 'Date'"),
        ("Date,Timestamp,Open,High,Low,Close\n", "two columns for the stamp: Date, Timestamp"),
        ("", "ABC.csv is empty"),
        ("\n\n", "ABC.csv is empty"),
        (f'{HEAD}\n"2024-01-02,1,1,1,1,1\n', "line 2: unexpected end of data"),
        ("Symbol," + HEAD + "\nABC,2024-01-02,1,1,1,1,1\nXYZ,2024-01-03,1,1,1,1,1\n",
         "line 3: this row is for 'XYZ'"),
        (DAYS.replace("2024-01-03", "2024-01-02 15:00").replace("2024-01-04", "2024-01-02 16:00"),
         "line 3: 2024-01-02 15:00:00 is also in 2"),
    ],
)  # fmt: skip
def test_what_is_not_a_number_or_date_is_refused_with_its_line(
    files: FilesProvider, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "ABC.csv").write_text(text)

    with pytest.raises(BarsInvalid, match=message):
        fetch(files)


def test_what_is_not_text_is_refused(files: FilesProvider, tmp_path: Path) -> None:
    (tmp_path / "ABC.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    (tmp_path / "PQ.parquet").write_bytes(b"PAR1 nothing")

    with pytest.raises(BarsInvalid, match=r"ABC\.csv is not a text file"):
        fetch(files)
    with pytest.raises(BarsInvalid, match=r"PQ\.parquet cannot be read as Parquet"):
        fetch(files, "PQ")


def as_parquet(rows: int) -> bytes:
    """Days of 2024 as a Parquet file."""
    buffer = io.BytesIO()
    many(pd.bdate_range("2024-01-02", periods=rows)).to_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def spoilt(content: bytes) -> bytes:
    """The same length, with the first pages overwritten."""
    return content[:40] + b"\xff" * 400 + content[440:]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ABC.parquet", spoilt(as_parquet(200))),
        ("ABC.parquet", as_parquet(200)[:-300]),
        ("ABC.parquet", b""),
        ("ABC.csv", DAYS.encode()[:-12]),
        ("ABC.csv", DAYS.encode() + b"\xff\xfe\xfd"),
        ("ABC.csv", b""),
    ],
    ids=["pages", "parquet-cut", "parquet-empty", "csv-cut", "csv-bytes", "csv-empty"],
)
def test_a_damaged_file_is_refused_at_the_first_look(
    files: FilesProvider, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    request = request_for("ABC", "daily", "2024-01-01", "2024-12-31", as_of="2024-12-31")

    with pytest.raises(BarsInvalid, match=re.escape(name)) as caught:
        fetch_with_retries(files, request, on_retry=never, sleep=never)

    # Of a whole file that is never said.
    is_whole = content.endswith((b"PAR1", b"\xfd"))
    assert ("still being written" in caught.value.hint) is not is_whole


def never(*told: object) -> None:
    pytest.fail(f"asked again: {told}")


def test_a_page_whose_checksum_does_not_match_is_refused(
    files: FilesProvider, tmp_path: Path
) -> None:
    frame = many(pd.bdate_range("2024-01-02", periods=20))
    path = tmp_path / "ABC.parquet"
    frame.to_parquet(path, compression=None, write_page_checksum=True, use_dictionary=False)
    content = path.read_bytes()
    close = frame["Close"].to_numpy(dtype=float).tobytes()
    assert content.count(close) == 1
    place = content.index(close)
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])

    with pytest.raises(BarsInvalid, match=r"ABC\.parquet"):
        fetch(files)


def test_an_empty_cell_is_for_validation(files: FilesProvider, tmp_path: Path) -> None:
    (tmp_path / "ABC.csv").write_text(DAYS.replace("13,10", ",null"))

    bars = fetch(files)

    assert bars.isna().to_numpy().sum() == 2
    assert bars.loc[utc("2024-01-03"), ["high", "low"]].isna().all()


def test_dividends_gains_and_splits_are_read(files: FilesProvider, tmp_path: Path) -> None:
    (tmp_path / "ABC.csv").write_text(
        "Date,Open,High,Low,Close,Dividends,Capital Gains,Stock Splits\n"
        "2024-01-02,1,1,1,1,0.5,0.25,0\n"
        "2024-01-03,1,1,1,1,,,2\n"
        "2024-01-04,1,1,1,1,0,0,\n"
    )

    bars = fetch(files)

    assert bars["dividend"].tolist() == [0.75, 0, 0]
    assert bars["split"].tolist() == [1, 2, 1]
    assert bars["volume"].tolist() == [0, 0, 0]


def test_filled_rows_of_an_export_are_left_out_and_said_so(
    files: FilesProvider, tmp_path: Path
) -> None:
    (tmp_path / "ABC.csv").write_text(
        "timestamp,open,high,low,close,volume,dividend,split,filled\n"
        "2024-01-02T00:00:00+00:00,1,1,1,1,5,0,1,False\n"
        "2024-01-03T00:00:00+00:00,1,1,1,1,0,0,1,True\n"
    )

    answer = files.fetch(request_for("ABC", "daily", "2024-01-01", "2024-12-31"))

    assert [f"{stamp:%d}" for stamp in answer.bars.index] == ["02"]
    assert answer.notes == ("ABC.csv: 1 filled rows left out",)


def test_an_update_reads_what_was_added(files: FilesProvider, tmp_path: Path) -> None:
    path = tmp_path / "ABC.csv"
    path.write_text(DAYS)
    assert len(fetch(files)) == 3

    with path.open("a") as file:
        file.write("2024-01-05,13,15,12,14,400\n")

    assert fetch(files)["close"].tolist() == [11, 12, 13, 14]


@pytest.mark.parametrize(
    ("stamps", "at"),
    [
        (("2024-01-02T14:30Z", "2024-01-02T14:31Z", "2024-01-02T14:32Z"), "XNYS"),
        (("2024-01-02 15:30+01:00", "2024-01-02 15:31+0100", "2024-01-02 15:32 +01"), "XNYS"),
        (("2024-01-02 09:30", "2024-01-02 09:31", "2024-01-02 09:32"), "XNYS"),
        (("1/2/2024 9:30 AM", "1/2/2024 9:31 AM", "1/2/2024 9:32 AM"), "XNYS"),
        (("1704205800", "1704205860", "1704205920"), "XNYS"),
        (("2024-01-02 14:30", "2024-01-02 14:31", "2024-01-02 14:32"), "24/7"),
        (("2024-01-02 14:30", "2024-01-02 14:31", "2024-01-02 14:32"), "XLON"),
    ],
)
def test_instants_without_a_zone_are_in_the_exchanges(
    files: FilesProvider, tmp_path: Path, stamps: tuple[str, ...], at: str
) -> None:
    if "/" in stamps[0]:
        stamps = (*stamps, "1/31/2024 9:30 AM")
    rows = "".join(f"{each},1,1,1,1,1\n" for each in stamps)
    (tmp_path / "ABC.csv").write_text(f"{HEAD}\n{rows}")

    bars = fetch(files, frequency="1m", at=at)

    assert [f"{stamp:%Y-%m-%dT%H:%M}" for stamp in bars.index[:3]] == [
        "2024-01-02T14:30",
        "2024-01-02T14:31",
        "2024-01-02T14:32",
    ]


@pytest.mark.parametrize(
    ("stamps", "frequency", "said"),
    [
        (["9999-12-31 23:59", "2024-01-02 09:30"], "1m", "line 2: '?9999-12-31 23:59"),
        (["2024-01-02 09:30", "0001-01-01 00:00"], "1m", "line 3: '?0001-01-01 00:00"),
        (["9999999999999999999"], "1m", "line 2: '9999999999999999999'"),
        (["9999-12-31T23:59-14:00"], "1m", "line 2: '?9999-12-31"),
        (["0001-01-01T00:00+14:00"], "daily", "line 2: '?0001-01-01"),
    ],
)
def test_a_stamp_that_no_calendar_reaches_is_refused_with_its_line(
    files: FilesProvider, tmp_path: Path, stamps: list[str], frequency: Frequency, said: str
) -> None:
    rows = "".join(f"{each},1,1,1,1,1\n" for each in stamps)
    (tmp_path / "ABC.csv").write_text(f"{HEAD}\n{rows}")

    with pytest.raises(BarsInvalid, match=said):
        fetch(files, frequency=frequency)


def test_clocks_change_between_two_days_of_local_stamps(
    files: FilesProvider, tmp_path: Path
) -> None:
    rows = "2024-03-08 09:30,1,1,1,1,1\n2024-03-08 10:30,1,1,1,1,1\n2024-03-11 09:30,1,1,1,1,1\n"
    (tmp_path / "ABC.csv").write_text(f"{HEAD}\n{rows}")

    stamps = fetch(files, frequency="hourly").index

    assert [f"{stamp:%d %H:%M}" for stamp in stamps] == ["08 14:30", "08 15:30", "11 13:30"]


@pytest.mark.parametrize(
    ("at", "first"), [("XNYS", "2024-01-02 14:30"), ("XTKS", "2024-01-04 00:00"),
                      ("XLON", "2024-07-01 07:00")]
)  # fmt: skip
def test_local_stamps_that_look_like_utc_are_refused(
    files: FilesProvider, tmp_path: Path, at: str, first: str
) -> None:
    stamps = pd.date_range(first, periods=360, freq="min")
    rows = "".join(f"{stamp:%Y-%m-%d %H:%M},1,1,1,1,1\n" for stamp in stamps)
    (tmp_path / "ABC.csv").write_text(f"{HEAD}\n{rows}")

    said = f"have no zone, and do not fit .* and the hours of {at}.* they fit UTC"
    with pytest.raises(BarsInvalid, match=said):
        fetch(files, frequency="1m", at=at)


def test_an_hour_that_happens_twice_is_refused(files: FilesProvider, tmp_path: Path) -> None:
    rows = "2024-11-03 00:30,1,1,1,1,1\n2024-11-03 01:30,1,1,1,1,1\n"
    (tmp_path / "ABC.csv").write_text(f"{HEAD}\n{rows}")

    with pytest.raises(
        BarsInvalid, match=r"line 3: 2024-11-03 01:30:00 is ambiguous or does not exist"
    ):
        fetch(files, frequency="hourly", at="fx")


@pytest.mark.parametrize(
    ("step", "asked"),
    [("D", "1m"), ("D", "hourly"), ("min", "5m"), ("5min", "1m"), ("h", "1m"), ("7D", "daily"),
     ("30min", "hourly"), ("min", "daily")],
)  # fmt: skip
def test_bars_of_another_frequency_are_refused(
    files: FilesProvider, tmp_path: Path, step: str, asked: Frequency
) -> None:
    stamps = pd.date_range("2024-01-02 09:30", periods=6, freq=step)
    many(stamps).to_csv(tmp_path / "ABC.csv", index=False)

    with pytest.raises(BarsInvalid) as caught:
        fetch(files, frequency=asked)

    assert "--frequency" in caught.value.hint


def test_weeks_are_made_of_days_or_taken_as_they_are(files: FilesProvider, tmp_path: Path) -> None:
    (tmp_path / "DAYS.csv").write_text(DAYS + "2024-01-08,20,22,19,21,50\n")
    (tmp_path / "WEEKS.csv").write_text(f"{HEAD}\n2024-01-05,10,14,9,13,600\n"
                                        "2024-01-12,20,22,19,21,50\n")  # fmt: skip

    for symbol in ("DAYS", "WEEKS"):
        bars = fetch(files, symbol, "weekly")

        assert [f"{stamp:%Y-%m-%d}" for stamp in bars.index] == ["2024-01-01", "2024-01-08"]
        assert bars.iloc[0, :5].tolist() == [10, 14, 9, 13, 600]


def test_a_week_with_an_empty_day_has_no_prices(files: FilesProvider, tmp_path: Path) -> None:
    (tmp_path / "ABC.csv").write_text(DAYS.replace("13,10", ",10") + "2024-01-08,1,1,1,1,1\n")

    assert fetch(files, frequency="weekly")["close"].isna().tolist() == [True, False]


def test_parquet_is_read_with_its_index_and_its_types(files: FilesProvider, tmp_path: Path) -> None:
    stamps = pd.DatetimeIndex(["2024-01-03", "2024-01-02"], tz="America/New_York", name="Date")
    frame = pd.DataFrame({name: [2, 1] for name in ("Open", "High", "Low", "Close")}, index=stamps)
    frame.to_parquet(tmp_path / "ABC.PARQUET")
    frame.reset_index().assign(Close=["2", "x"]).to_parquet(tmp_path / "BAD.parquet")
    dates = [stamp.date() for stamp in stamps]
    frame.reset_index(drop=True).assign(date=dates).to_parquet(tmp_path / "DATES.parquet")

    for symbol in ("ABC", "DATES"):
        bars = fetch(files, symbol)
        assert [f"{stamp:%d %H}" for stamp in bars.index] == ["02 00", "03 00"]
        assert bars["close"].tolist() == [1, 2]
    with pytest.raises(BarsInvalid, match=r"BAD\.parquet, row 2: Close is 'x'"):
        fetch(files, "BAD")


@pytest.mark.parametrize("symbol", ["^GSPC", "EURUSD=X", "BRK/B", "CON", "a b", "ÄÖ", "100%"])
def test_any_symbol_may_name_a_file(files: FilesProvider, tmp_path: Path, symbol: str) -> None:
    (tmp_path / f"{symbol.replace('/', '%2F')}.CSV").write_text(DAYS)

    assert len(fetch(files, symbol)) == 3


@pytest.mark.parametrize(
    "symbol",
    ["../secret", "..", ".", "", "/etc/passwd", "sub/secret", "abc", "ABC.csv", "*", "A\0"],
)
def test_no_symbol_leads_out_of_the_folder(tmp_path: Path, symbol: str) -> None:
    inside = tmp_path / "inside"
    (inside / "sub").mkdir(parents=True)
    for path in (tmp_path / "secret.csv", inside / "sub" / "secret.csv", inside / "ABC.csv"):
        path.write_text(DAYS)
    files = FilesProvider(Settings(home=tmp_path, files=inside))

    with pytest.raises(SymbolUnknown):
        fetch(files, symbol)
    with pytest.raises(SymbolUnknown):
        files.instrument(symbol)


def test_the_nearest_file_is_named(files: FilesProvider, tmp_path: Path) -> None:
    (tmp_path / "AAPL.csv").write_text(DAYS)

    with pytest.raises(SymbolUnknown, match=r"there is no APPL\.csv") as caught:
        files.instrument("APPL")

    assert caught.value.hint == "did you mean 'AAPL'?"


def test_two_files_of_one_symbol_are_refused(files: FilesProvider, tmp_path: Path) -> None:
    (tmp_path / "ABC.csv").write_text(DAYS)
    (tmp_path / "ABC.parquet").write_text("")

    with pytest.raises(BarsInvalid, match=r"two files for ABC: ABC\.csv and ABC\.parquet"):
        fetch(files)


def test_without_a_folder_the_setting_is_named(tmp_path: Path) -> None:
    nowhere = FilesProvider(Settings(home=tmp_path, files=tmp_path / "nowhere"))
    unset = FilesProvider(Settings(home=tmp_path))

    with pytest.raises(SettingsInvalid, match=r"ML4T_DATA_FILES: .*nowhere cannot be read"):
        nowhere.instrument("ABC")
    with pytest.raises(SettingsInvalid, match="'files' has no folder") as caught:
        unset.instrument("ABC")
    assert caught.value.hint == "set ML4T_DATA_FILES to one"


def test_the_basis_is_as_reported(tmp_path: Path) -> None:
    def basis(**environ: str) -> str | None:
        return FilesProvider(Settings.read(environ, folder=tmp_path)).basis

    # By default each file shows its own.
    assert basis() is None
    assert basis(ML4T_DATA_FILES_BASIS="as-traded") == "as-traded"
    assert basis(ML4T_DATA_FILES_BASIS="split-adjusted") == "split-adjusted"
    with pytest.raises(SettingsInvalid, match="ML4T_DATA_FILES_BASIS='adjusted' is invalid"):
        basis(ML4T_DATA_FILES_BASIS="adjusted")


def test_the_folder_is_the_one_that_was_meant_when_the_settings_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.read({"ML4T_DATA_FILES": "prices", "ML4T_DATA_HOME": "x"}, folder=tmp_path)

    monkeypatch.chdir("/")

    assert settings.files == tmp_path / "prices"
    assert settings.home == tmp_path / "x"


def test_another_folder_is_a_provider_by_its_full_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "ABC.csv").write_text(DAYS)
    settings = Settings(home=tmp_path / "home", files=tmp_path / "a", files_basis="as-traded")

    opened = open_provider("files:b", settings)

    assert (opened.name, opened.basis) == (f"files:{tmp_path / 'b'}", None)
    request = request_for("ABC", "daily", "2024-01-01", "2024-12-31", as_of="2024-12-31")
    assert len(opened.fetch(request).bars) == 3
    assert limits_of("files:b", settings) == opened.limits
    with pytest.raises(SymbolUnknown) as caught:
        opened.instrument("NOPE")
    assert caught.value.provider == opened.name


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("files:", OptionError, "is not a valid path"),
        ("files:/nowhere/at/all", SettingsInvalid, "files: /nowhere/at/all cannot be read"),
        ("file:/tmp", OptionError, "unknown provider 'file:/tmp'"),
    ],
)
def test_a_folder_that_is_none_is_one_sentence(
    tmp_path: Path, name: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        open_provider(name, Settings(home=tmp_path)).instrument("ABC")
