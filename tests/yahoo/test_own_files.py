"""People's own files as a provider, end to end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.hints import in_words
from ml4t_nb.model import Basis
from ml4t_nb.records import UpdateResult
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

HEAD = "Date,Open,High,Low,Close,Volume"
ROWS = (
    "2024-07-01,10,11,9,10.5,100",
    "2024-07-02,10.5,12,10,11,200",
    "2024-07-03,11,11.5,10.75,11.25,300",
    # The 4th is a holiday.
    "2024-07-05,11.25,12,11,11.75,400",
    "2024-07-08,11.75,13,11.5,12.5,500",
    "2024-07-09,12.5,12.75,12,12.25,600",
)


@dataclass
class OwnFiles:
    """A folder of files, and a workspace that reads it."""

    folder: Path
    basis: Basis | None = None

    @property
    def ws(self) -> Workspace:
        return Workspace(
            Settings(home=self.folder / "home", files=self.folder, files_basis=self.basis)
        )

    @property
    def file(self) -> Path:
        return self.folder / "ACME.csv"

    def write(self, rows: Sequence[str], head: str = HEAD) -> None:
        self.file.write_text("\n".join([head, *rows]) + "\n")

    def append(self, *rows: str) -> None:
        with self.file.open("a") as file:
            file.writelines(f"{row}\n" for row in rows)

    def load(self, day: int, month: int = 7) -> UpdateResult:
        report = verbs.load(self.ws, "ACME", provider="files", as_of=date(2024, month, day))
        return report.results[0]

    def update(self, day: int, month: int = 7, *, accept: bool = False) -> UpdateResult:
        report = verbs.update(self.ws, "ACME", as_of=date(2024, month, day), accept=accept)
        return report.results[0]

    def bars(self) -> pd.DataFrame:
        return verbs.bars(self.ws, "ACME", adjust="splits")


@pytest.fixture
def own_files(tmp_path: Path) -> OwnFiles:
    return OwnFiles(tmp_path)


def test_an_update_reads_what_was_added_to_the_file(own_files: OwnFiles) -> None:
    own_files.write(ROWS[:3])
    assert own_files.load(3).record.outcome == "changed"
    own_files.append(*ROWS[3:])

    record = own_files.update(9).record

    assert (record.outcome, record.verdict, record.added) == ("changed", "same", 3)
    bars = own_files.bars()
    assert [stamp.date().isoformat() for stamp in bars.index] == [row[:10] for row in ROWS]
    assert bars["close"].tolist() == [10.5, 11.0, 11.25, 11.75, 12.5, 12.25]
    assert bars["volume"].tolist() == [100, 200, 300, 400, 500, 600]
    assert own_files.update(9).record.outcome == "unchanged"


def test_rows_of_later_days_wait_for_their_day(own_files: OwnFiles) -> None:
    own_files.write(ROWS)

    own_files.load(3)

    assert len(own_files.bars()) == 3
    assert own_files.update(5).record.added == 1


def test_a_wrong_row_is_named_with_file_and_line_and_changes_nothing(own_files: OwnFiles) -> None:
    own_files.write(ROWS[:3])
    own_files.load(3)
    before = own_files.bars()
    own_files.append(ROWS[3], "2024-07-08,11.75,13,11.5,n/q,500")

    result = own_files.update(9)

    assert result.record.outcome == "failed"
    assert result.record.error is not None
    assert result.record.error.type == "BarsInvalid"
    assert "ACME.csv" in result.record.error.message
    assert "line 6" in result.record.error.message
    assert "n/q" in result.record.error.message
    assert own_files.bars().equals(before)
    (judged,) = verbs.health(own_files.ws, as_of=date(2024, 7, 9)).datasets
    assert judged.state == "error"
    assert "line 6" in judged.reason

    own_files.write(ROWS)
    assert own_files.update(9).record.added == 3
    (judged,) = verbs.health(own_files.ws, as_of=date(2024, 7, 9)).datasets
    assert judged.state == "healthy"


def test_the_shell_names_file_and_line(
    own_files: OwnFiles, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own_files.write([*ROWS[:2], "2024-07-03,11,eleven,10.75,11.25,300"])
    monkeypatch.setenv("ML4T_DATA_HOME", str(own_files.folder / "home"))
    monkeypatch.setenv("ML4T_DATA_FILES", str(own_files.folder))

    code = main(["load", "ACME", "-p", "files", "--as-of", "2024-07-03", "--json"])

    assert code == 1
    (told,) = json.loads(capsys.readouterr().out)["results"]
    assert told["outcome"] == "failed"
    assert told["error"]["message"].startswith("ACME.csv, line 4")


def test_a_price_corrected_in_the_file_is_corrected_and_logged(own_files: OwnFiles) -> None:
    own_files.write(ROWS)
    own_files.load(9)
    own_files.write([*ROWS[:4], "2024-07-08,11.75,13,11.5,12.6,500", ROWS[5]])

    record = own_files.update(9).record

    assert record.verdict == "corrected"
    assert [(each.column, each.old, each.new) for each in record.revisions] == [
        ("close", 12.5, 12.6)
    ]


def test_a_file_of_another_share_is_refused_until_accepted(own_files: OwnFiles) -> None:
    own_files.write(ROWS)
    own_files.load(9)
    own_files.write([row.replace(",1", ",2") for row in ROWS])
    before = own_files.bars()

    result = own_files.update(9)

    assert result.record.error is not None
    assert result.record.error.type == "Suspicious"
    assert own_files.bars().equals(before)
    assert own_files.update(9, accept=True).record.outcome == "changed"
    assert own_files.bars()["close"].tolist() == [20.5, 21.0, 21.25, 21.75, 22.5, 22.25]


SPLIT_HEAD = f"{HEAD},Dividends,Stock Splits"
TRADED = (
    "2024-07-01,20,22,18,21,100,0,0",
    "2024-07-02,21,24,20,22,200,0.5,0",
    "2024-07-03,22,23,21.5,22.5,300,0,0",
    "2024-07-05,11.25,12,11,11.75,400,0,2",
    "2024-07-08,11.75,13,11.5,12.5,500,0,0",
)
RESTATED = (
    "2024-07-01,10,11,9,10.5,200,0,0",
    "2024-07-02,10.5,12,10,11,400,0.25,0",
    "2024-07-03,11,11.5,10.75,11.25,600,0,0",
    *TRADED[3:],
)
CLOSES = [10.5, 11.0, 11.25, 11.75, 12.5]


def test_a_split_in_prices_as_traded_comes_with_its_jump(own_files: OwnFiles) -> None:
    own_files.write(TRADED[:3], SPLIT_HEAD)
    own_files.load(3)
    own_files.append(*TRADED[3:])

    record = own_files.update(8).record

    assert (record.verdict, record.added, record.revised) == ("same", 2, 0)
    raw = verbs.bars(own_files.ws, "ACME", adjust="raw")
    assert raw["close"].tolist() == [21.0, 22.0, 22.5, 11.75, 12.5]
    assert own_files.bars()["close"].tolist() == CLOSES
    assert own_files.bars()["volume"].tolist() == [200, 400, 600, 400, 500]
    assert own_files.bars()["dividend"].tolist() == [0, 0.25, 0, 0, 0]


def test_a_split_in_restated_prices_restates_the_history(tmp_path: Path) -> None:
    own_files = OwnFiles(tmp_path, basis="split-adjusted")
    own_files.write(TRADED[:3], SPLIT_HEAD)
    own_files.load(3)
    own_files.write(RESTATED, SPLIT_HEAD)

    record = own_files.update(8).record

    assert (record.verdict, record.added) == ("restated", 2)
    assert own_files.bars()["close"].tolist() == CLOSES
    assert own_files.bars()["dividend"].tolist() == [0, 0.25, 0, 0, 0]
    raw = verbs.bars(own_files.ws, "ACME", adjust="raw")
    assert raw["close"].tolist() == [21.0, 22.0, 22.5, 11.75, 12.5]


def test_prices_said_to_be_restated_that_are_not_are_refused(tmp_path: Path) -> None:
    own_files = OwnFiles(tmp_path, basis="split-adjusted")
    own_files.write(TRADED[:3], SPLIT_HEAD)
    own_files.load(3)
    before = own_files.bars()
    own_files.append(*TRADED[3:])

    result = own_files.update(8)

    assert result.record.outcome == "failed"
    assert result.record.error is not None
    assert "2:1 of 2024-07-05" in result.record.error.message
    assert own_files.bars().equals(before)


def test_restated_prices_with_a_split_column_are_distinguished_from_those_as_traded(
    own_files: OwnFiles,
) -> None:
    own_files.write(RESTATED, SPLIT_HEAD)

    own_files.load(8)

    assert own_files.bars()["close"].tolist() == CLOSES
    raw = verbs.bars(own_files.ws, "ACME", adjust="raw")
    assert raw["close"].tolist() == [21.0, 22.0, 22.5, 11.75, 12.5]
    assert raw["volume"].tolist() == [100, 200, 300, 400, 500]
    assert own_files.update(8).record.outcome == "unchanged"


@pytest.mark.parametrize("end", [date(2024, 7, 3), None])
def test_restated_prices_are_on_the_basis_of_their_last_stored_bar(
    own_files: OwnFiles, end: date | None
) -> None:
    own_files.write(RESTATED, SPLIT_HEAD)
    as_of = date(2024, 7, 8 if end else 3)

    verbs.load(own_files.ws, "ACME", provider="files", as_of=as_of, end=end)

    assert own_files.bars()["close"].tolist() == [21.0, 22.0, 22.5]
    assert own_files.bars()["volume"].tolist() == [100, 200, 300]
    own_files.update(8)
    assert own_files.bars()["close"].tolist() == CLOSES


def test_a_file_without_a_split_yet_shows_its_basis_at_the_first_one(own_files: OwnFiles) -> None:
    own_files.write(TRADED[:3], SPLIT_HEAD)
    own_files.load(3)
    own_files.write(RESTATED, SPLIT_HEAD)

    record = own_files.update(8).record

    assert (record.verdict, record.added) == ("restated", 2)
    assert record.restatement is not None
    assert record.restatement.ratio == 2
    assert own_files.bars()["close"].tolist() == CLOSES
    assert own_files.bars()["dividend"].tolist() == [0, 0.25, 0, 0, 0]
    raw = verbs.bars(own_files.ws, "ACME", adjust="raw")
    assert raw["close"].tolist() == [21.0, 22.0, 22.5, 11.75, 12.5]


def test_prices_restated_without_a_split_to_name_are_refused_by_their_ratio(
    own_files: OwnFiles,
) -> None:
    own_files.write(TRADED[:3], SPLIT_HEAD)
    own_files.load(3)
    own_files.write([row[:-1] + "0" for row in RESTATED], SPLIT_HEAD)

    error = own_files.update(8).record.error

    assert error is not None
    assert "all 3 bars moved by one ratio, 2, as if restated by a split" in error.message
    # Who says so has them restated.
    own_files.basis = "split-adjusted"
    assert own_files.update(8).record.verdict == "restated"
    assert own_files.bars()["close"].tolist() == CLOSES


@pytest.mark.parametrize(("is_said", "rows"), [("as-traded", RESTATED), ("split-adjusted", TRADED)])
def test_a_setting_that_the_prices_contradict_is_named(
    own_files: OwnFiles, is_said: Basis, rows: Sequence[str]
) -> None:
    own_files.basis = is_said
    own_files.write(rows, SPLIT_HEAD)

    result = own_files.load(8)

    assert result.record.error is not None
    assert result.record.error.type == "BarsInvalid"
    assert f"ML4T_DATA_FILES_BASIS is {is_said}" in result.record.error.message
    assert "2:1 of 2024-07-05" in result.record.error.message
    other = "split-adjusted" if is_said == "as-traded" else "as-traded"
    assert f"set ML4T_DATA_FILES_BASIS to {other}" in in_words(result.record.error.hint)


def test_splits_that_speak_for_both_bases_are_refused(own_files: OwnFiles) -> None:
    rows = [
        *RESTATED,
        "2024-07-09,4.1,4.3,4,4.2,900,0,3",
        "2024-07-10,4.2,4.4,4.1,4.3,900,0,0",
    ]
    for basis in (None, "as-traded", "split-adjusted"):
        own_files.basis = basis
        own_files.write(rows, SPLIT_HEAD)

        error = own_files.load(10).record.error

        assert error is not None
        assert "prices move at the split 3:1 of 2024-07-09" in error.message
        assert "not at the split 2:1 of 2024-07-05" in error.message


def test_a_split_reported_on_another_day_than_prices_show_is_refused(own_files: OwnFiles) -> None:
    rows = [*TRADED[:3], TRADED[3][:-1] + "0", TRADED[4][:-1] + "2"]
    own_files.write(rows, SPLIT_HEAD)

    error = own_files.load(8).record.error

    assert error is not None
    assert "2:1 of 2024-07-08, but prices move by it on 2024-07-05" in error.message


def test_a_split_too_small_to_show_a_basis_is_reported_once(own_files: OwnFiles) -> None:
    rows = [*TRADED[:2], TRADED[2][:-1] + "1.1"]
    own_files.write(rows, SPLIT_HEAD)

    result = own_files.load(3)

    (finding,) = result.findings
    assert finding.rule == "basis"
    assert "1.1:1 of 2024-07-03" in finding.detail
    assert "they are taken as traded unless ML4T_DATA_FILES_BASIS is set" in finding.detail
    own_files.append("2024-07-05,22.5,23,21.5,22,300,0,0")
    assert own_files.update(5).findings == ()


def test_stored_prices_as_traded_are_not_taken_for_restated_ones(own_files: OwnFiles) -> None:
    own_files.write(TRADED, SPLIT_HEAD)
    own_files.load(8)
    before = own_files.bars()
    own_files.write(RESTATED, SPLIT_HEAD)

    error = own_files.update(8, accept=True).record.error

    assert error is not None
    assert "holds as-traded prices, and files now quotes split-adjusted ones" in error.message
    said = spell(error.hint, "ml4t-data")
    assert "to accept them: ml4t-data remove -s ACME " in said
    assert "--yes && ml4t-data load -s ACME -p files" in said
    assert own_files.bars().equals(before)


def test_a_file_that_is_gone_fails_and_keeps_the_bars(own_files: OwnFiles) -> None:
    own_files.write(ROWS)
    own_files.load(9)
    own_files.file.unlink()

    result = own_files.update(10)

    assert result.record.error is not None
    assert result.record.error.type == "SymbolUnknown"
    assert len(own_files.bars()) == 6


def test_a_shortened_file_takes_nothing_away(own_files: OwnFiles) -> None:
    own_files.write(ROWS)
    own_files.load(9)
    own_files.write(ROWS[2:])

    assert own_files.update(9).record.outcome == "unchanged"

    assert len(own_files.bars()) == 6


def test_absurd_numbers_end_in_findings_and_every_view_has_its_prices(own_files: OwnFiles) -> None:
    own_files.write(
        [
            "2024-07-01,10,11,9,10.5,100,0,0",
            "2024-07-02,10.5,12,10,11,200,0,1e200",
            "2024-07-03,5e-324,5e-324,5e-324,5e-324,300,0,0",
            "2024-07-05,11.25,12,11,11.75,400,1e300,0",
            "2024-07-08,11.75,13,11.5,12.5,500,0,0",
        ],
        SPLIT_HEAD,
    )

    result = own_files.load(8)

    assert [(each.stamp.day, each.rule) for each in result.findings if each.stamp] == [
        (2, "action"),
        (3, "price"),
        (5, "action"),
    ]
    for view in ("raw", "splits", "all"):
        bars = verbs.bars(own_files.ws, "ACME", adjust=view)
        assert bars["close"].tolist() == [10.5, 12.5]


def test_splits_that_multiply_to_nothing_a_number_holds_are_said(own_files: OwnFiles) -> None:
    days = pd.bdate_range("2023-01-03", periods=70)
    rows = [
        f"{day:%Y-%m-%d},10,11,9,10,100,0,{900000 + at * 1000 if at else 0}"
        for at, day in enumerate(days)
    ]
    own_files.basis = "split-adjusted"
    own_files.write(rows, SPLIT_HEAD)
    own_files.load(8)

    with pytest.raises(BarsInvalid, match="have a product too large for a price"):
        verbs.bars(own_files.ws, "ACME", adjust="raw")
