"""Files as other programs write them, from the folder to the store and what is said of them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.exit_codes import code_of
from ml4t_nb.hints import in_words
from ml4t_nb.model import AssetClass, Basis, Frequency
from ml4t_nb.records import ErrorNote
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace.open(
        Settings(home=tmp_path / "home", provider="files", files=tmp_path / "files")
    )


def put(ws: Workspace, name: str, text: str) -> None:
    folder = ws.settings.files
    assert folder is not None
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def error_of(report: RunReport) -> ErrorNote:
    (result,) = report.results
    assert result.record.error is not None
    return result.record.error


def test_a_price_without_a_volume_is_kept_and_the_volume_reported(ws: Workspace) -> None:
    put(
        ws,
        "ORCX.csv",
        "Date,Open,High,Low,Close,Volume\n2024-03-12,43.5,44.1,43.4,43.9,36200100\n"
        "2024-03-13,43.9,47,43.8,46.8,\n2024-03-14,46.8,47.2,46.5,47.1,34639200\n",
    )

    (loaded,) = verbs.load(ws, "ORCX", as_of="2024-03-15").results
    (updated,) = verbs.update(ws, "ORCX", as_of="2024-03-15").results

    bars = verbs.bars(ws, "ORCX")
    assert bars["close"].tolist() == [43.9, 46.8, 47.1]
    assert bars["volume"].tolist() == [36200100, 0, 34639200]
    assert not bars["filled"].any()
    assert [(f"{each.stamp:%m-%d}", each.rule) for each in loaded.findings] == [
        ("03-13", "no volume")
    ]
    assert updated.findings == ()


def test_a_volume_that_was_known_is_not_lost_by_an_answer_without_it(ws: Workspace) -> None:
    head = "Date,Open,High,Low,Close,Volume\n2024-03-12,43.5,44.1,43.4,43.9,36200100\n"
    put(ws, "ORCX.csv", f"{head}2024-03-13,43.9,47,43.8,46.8,35000000\n")
    verbs.load(ws, "ORCX", as_of="2024-03-14")

    put(ws, "ORCX.csv", f"{head}2024-03-13,43.9,47,43.8,46.8,N/A\n2024-03-14,47,47,47,47,5\n")
    (updated,) = verbs.update(ws, "ORCX", as_of="2024-03-15").results

    assert verbs.bars(ws, "ORCX")["volume"].tolist() == [36200100, 35000000, 5]
    assert updated.record.revisions == ()
    assert updated.findings == ()


def test_an_index_without_volumes_is_stored_without_a_word(ws: Workspace) -> None:
    put(
        ws,
        "IDX.csv",
        "Date,Open,High,Low,Close,Volume\n2024-03-13,5100,5170,5090,5165,\n"
        "2024-03-14,5165,5170,5120,5150,\n2024-03-15,5150,5160,5100,5117,\n",
    )

    (loaded,) = verbs.load(ws, "IDX", as_of="2024-03-18").results

    assert verbs.bars(ws, "IDX")["close"].tolist() == [5165, 5150, 5117]
    assert loaded.findings == ()


def days(closes: list[float], factor: float = 1) -> str:
    """Trading days from 11 March 2024 on."""
    rows = [
        f"2024-03-{day:02},{close * factor},{close * factor},{close * factor},{close * factor}\n"
        for day, close in zip((11, 12, 13, 14, 15, 18, 19), closes, strict=False)
    ]
    return "Date,Open,High,Low,Close\n" + "".join(rows)


CLOSES = [105.25, 106.5, 104.75, 103.5, 107.25, 108.0, 106.25]


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (100, "100 times"),
        (1000, "1000 times"),
        (0.01, "a hundredth of"),
        (0.001, "a thousandth of"),
    ],
)
@pytest.mark.parametrize("basis", ["as-traded", "split-adjusted"])
def test_a_file_in_another_unit_is_refused_by_the_bars_in_common(
    tmp_path: Path, factor: float, words: str, basis: Basis
) -> None:
    settings = Settings(home=tmp_path / "home", files=tmp_path / "files", files_basis=basis)
    ws = Workspace.open(replace(settings, provider="files"))
    put(ws, "BARC.csv", days(CLOSES[:5]))
    verbs.load(ws, "BARC", as_of="2024-03-18")

    put(ws, "BARC.csv", days(CLOSES, factor))
    for verb in (verbs.update, verbs.load):
        error = error_of(verb(ws, "BARC", as_of="2024-03-20"))

        assert error.message == (
            f"the prices of files are {words} the stored ones "
            "(5 of 5 bars in common, 2024-03-11 to 2024-03-15), and no split explains it"
        )
        assert "pence instead of pounds" in in_words(error.hint)
    assert verbs.bars(ws, "BARC")["close"].tolist() == CLOSES[:5]


def test_a_file_in_pence_is_refused_beside_another_providers_pounds(ws: Workspace) -> None:
    verbs.load(ws, "DEMO", provider="synthetic", start="2024-03-04", as_of="2024-03-18")
    stored = verbs.bars(ws, "DEMO")
    pence = stored[["open", "high", "low", "close"]] * 100
    put(ws, "DEMO.csv", pence.rename_axis("Date").to_csv())

    report = verbs.load(ws, "DEMO", provider="files", start="2024-03-04", as_of="2024-03-18")

    assert "the prices of files are 100 times the stored ones" in error_of(report).message
    assert verbs.bars(ws, "DEMO")["close"].tolist() == stored["close"].tolist()


def test_a_reverse_split_of_a_hundred_is_not_an_other_unit(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", provider="files", files=tmp_path / "files")
    ws = Workspace.open(replace(settings, files_basis="split-adjusted"))
    put(ws, "TINY.csv", days(CLOSES[:5], 0.01))
    verbs.load(ws, "TINY", as_of="2024-03-18")

    text = days(CLOSES).replace("Close\n", "Close,Split\n", 1)
    put(ws, "TINY.csv", "".join(
        line + (",0.01\n" if line.startswith("2024-03-18") else ",\n" if line[0] == "2" else "\n")
        for line in text.splitlines()
    ))  # fmt: skip
    (updated,) = verbs.update(ws, "TINY", as_of="2024-03-20").results

    assert verbs.bars(ws, "TINY", adjust="splits")["close"].tolist() == CLOSES
    assert updated.record.restatement is not None


@pytest.mark.parametrize(
    ("name", "content"),
    [("BAD.parquet", b"PAR1 and no more PAR1"), ("BAD.csv", b"Date,Open,High,Low,Close\n1,2\n"),
     ("BAD.csv", b"\x89PNG\r\n\x1a\n\0\0\0")],
)  # fmt: skip
def test_a_corrupt_file_is_named_and_is_not_an_outage(
    ws: Workspace, name: str, content: bytes
) -> None:
    put(ws, name, "")
    assert ws.settings.files is not None
    (ws.settings.files / name).write_bytes(content)

    report = verbs.load(ws, "BAD", as_of="2024-03-18")

    error = error_of(report)
    assert error.type == "BarsInvalid"
    assert name in error.message
    assert "unavailable" not in f"{error.message} {error.hint}"
    assert code_of(report) == 1


def _files(tmp_path: Path, name: str, text: str) -> Workspace:
    folder = tmp_path / "files"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return Workspace.open(Settings(home=tmp_path / "home", provider="files", files=folder))


@pytest.mark.parametrize(
    ("step", "frequency", "asset_class"),
    [("4h", "hourly", "crypto"), ("2h", "hourly", "crypto"), ("10min", "5m", "crypto")],
)
def test_longer_bars_are_not_taken_for_those_asked_for(
    tmp_path: Path, step: str, frequency: Frequency, asset_class: AssetClass
) -> None:
    stamps = pd.date_range("2024-03-04", periods=24, freq=step)
    rows = "".join(f"{stamp:%Y-%m-%d %H:%M:%S},60,61,59,60.5,4\n" for stamp in stamps)
    ws = _files(tmp_path, "LONG", "timestamp,open,high,low,close,volume\n" + rows)

    (done,) = verbs.load(
        ws, "LONG", frequency=frequency, asset_class=asset_class, as_of="2024-03-12"
    ).results

    assert done.record.error is not None
    assert f"has no {frequency} bars" in done.record.error.message


@pytest.mark.parametrize(
    "rows",
    [
        "13.03.2024;17.965;18.001;17.936;17.961;61.234\n14.03.2024;17.965;18.039;17.902;17.942;998\n",
        "13.03.2024;961;970;960;961;61\n14.03.2024;961;1.010;961;1.001;70\n",
    ],
)  # fmt: skip
def test_points_that_may_part_thousands_are_asked_about(tmp_path: Path, rows: str) -> None:
    ws = _files(tmp_path, "GROUPS", "Date;Open;High;Low;Close;Volume\n" + rows)

    (done,) = verbs.load(ws, "GROUPS", as_of="2024-03-15").results

    assert done.record.error is not None
    assert "which may be" in done.record.error.message
    assert "ML4T_DATA_FILES_DECIMAL" in in_words(done.record.error.hint)


def test_a_small_split_that_restates_a_file_shows_its_basis(tmp_path: Path) -> None:
    head = "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n"
    days = [f"2024-02-{day}" for day in (20, 21, 22, 23, 26, 27, 28, 29)] + ["2024-03-01"]
    closes = [55 + at / 10 for at in range(len(days))]
    before = "".join(
        f"{day},55.0,55.55,54.45,{close},1000,0,0\n"
        for day, close in zip(days, closes, strict=True)
    )
    verbs.load(_files(tmp_path, "SML", head + before), "SML", as_of="2024-03-01")
    # All prices before a split of 1.1 are divided by it.
    after = "".join(
        f"{day},50.0,50.5,49.5,{close / 1.1:.4f},1100,0,0\n"
        for day, close in zip(days, closes, strict=True)
    )
    ex = "2024-03-04,50.9,51.2,50.5,51.0,1100,0,1.1\n"

    (done,) = verbs.update(_files(tmp_path, "SML", head + after + ex), as_of="2024-03-04").results

    assert (done.record.error, done.record.verdict) == (None, "restated")
    ws = _files(tmp_path, "SML", head + after + ex)
    assert verbs.bars(ws, "SML")["close"].iloc[0] == 50.0
    assert verbs.bars(ws, "SML", adjust="raw")["close"].iloc[0] == pytest.approx(55.0)


def test_midnights_of_another_zone_are_not_the_days_before(tmp_path: Path) -> None:
    head = "Date,Open,High,Low,Close,Volume\n"
    sessions = pd.bdate_range("2024-03-04", "2024-03-22", tz="UTC")
    rows = [f",20,21,19,{20 + at / 10},100\n" for at in range(len(sessions))]
    shown = sessions.tz_convert("America/New_York")
    text = head + "".join(f"{day}{row}" for day, row in zip(shown, rows, strict=True))

    (done,) = verbs.load(_files(tmp_path, "EVE", text), "EVE", as_of="2024-03-22").results

    assert str(shown[0]) == "2024-03-03 19:00:00-05:00"
    assert done.record.error is not None
    assert "all of its days lie one before the sessions of XNYS" in done.record.error.message
    text = head + "".join(f"{day:%Y-%m-%d}{row}" for day, row in zip(sessions, rows, strict=True))
    (done,) = verbs.load(_files(tmp_path, "DAY", text), "DAY", as_of="2024-03-22").results
    assert done.record.error is None


@pytest.mark.parametrize(("first", "second"), [(7, 1.5), (10, 0.2), (4, 3)])
def test_a_second_split_restates_prices_that_the_first_has_rounded_to_cents(
    tmp_path: Path, first: float, second: float
) -> None:
    days = [day.date() for day in pd.bdate_range("2024-02-20", "2024-03-12")]
    splits = {date(2024, 2, 27): first, date(2024, 3, 12): second}

    def product(after: date, last: date) -> float:
        return math.prod(ratio for day, ratio in splits.items() if after < day <= last)

    def table(last: date) -> str:
        rows = ["Date,Open,High,Low,Close,Volume,Dividends,Stock Splits"]
        for at, day in enumerate(day for day in days if day <= last):
            # Traded in cents, later divided by each split, and rounded to cents again.
            closes = [
                round((50 + 0.37 * at + more) * product(day, days[-1]), 2) for more in (0, 0.61)
            ]
            low, high = (f"{close / product(day, last):.2f}" for close in closes)
            rows.append(f"{day},{low},{high},{low},{low},1000,0,{splits.get(day, 0)}")
        return "\n".join(rows) + "\n"

    verbs.load(_files(tmp_path, "CENTS", table(days[-2])), "CENTS", as_of=days[-2])
    ws = _files(tmp_path, "CENTS", table(days[-1]))

    (done,) = verbs.update(ws, as_of=days[-1]).results

    assert (done.record.error, done.record.verdict) == (None, "restated")
    quoted = [float(row.split(",")[4]) for row in table(days[-1]).splitlines()[1:]]
    assert verbs.bars(ws, "CENTS")["close"].tolist() == quoted
