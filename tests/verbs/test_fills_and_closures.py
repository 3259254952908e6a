"""When a missing bar is filled, how late bars are found, and days on which an exchange was shut."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId, SessionOverride, Span
from ml4t_nb.render.text import report_text
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

MISSING = Span(datetime(2024, 2, 28, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC))


def workspace(
    home: Path, *, closures: tuple[SessionOverride, ...] = (), holes: bool = True
) -> Workspace:
    settings = Settings(
        home=home,
        provider="synthetic",
        synthetic_holes=(MISSING,) if holes else (),
        closures=closures,
    )
    return Workspace.open(settings)


def filled(ws: Workspace, symbol: str = "DEMO") -> list[str]:
    bars = verbs.bars(ws, symbol)
    return [f"{stamp:%Y-%m-%d}" for stamp in bars.index[bars["filled"]]]


def test_a_gap_is_filled_by_the_second_empty_answer_of_a_later_session(tmp_path: Path) -> None:
    ws = workspace(tmp_path)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-02-27")

    verbs.update(ws, as_of="2024-02-29")
    assert filled(ws) == []
    # The same evening again, and a Saturday after the next session: only the latter is later.
    verbs.update(ws, as_of=datetime(2024, 2, 29, 23, 50, tzinfo=UTC))
    assert filled(ws) == []
    verbs.update(ws, as_of=datetime(2024, 3, 2, 12, tzinfo=UTC))
    assert filled(ws) == ["2024-02-28"]


@pytest.mark.parametrize(("fill_gaps", "expected"), [(True, ["2024-02-28"]), (False, [])])
def test_a_fill_can_be_asked_for_at_once_or_never(
    tmp_path: Path, *, fill_gaps: bool, expected: list[str]
) -> None:
    ws = workspace(tmp_path)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-02-27")

    for day in ("2024-02-29", "2024-03-04")[: 1 if fill_gaps else 2]:
        verbs.update(ws, as_of=day, fill_gaps=fill_gaps)

    assert filled(ws) == expected


def test_a_bar_that_comes_three_weeks_late_takes_the_place_of_its_fill_that_evening(
    tmp_path: Path,
) -> None:
    ws = workspace(tmp_path)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-02-27")
    for day in ("2024-02-29", "2024-03-01", "2024-03-04"):
        verbs.update(ws, as_of=day)
    assert filled(ws) == ["2024-02-28"]
    verbs.update(ws, as_of="2024-03-19")

    healed = workspace(tmp_path, holes=False)
    # What is typed is kept to: a week does not reach the bar.
    verbs.update(healed, as_of="2024-03-20", lookback_days=7)
    assert filled(healed) == ["2024-02-28"]
    verbs.update(healed, as_of="2024-03-21")

    assert filled(healed) == []
    assert len(verbs.bars(healed, "DEMO", start="2024-02-28", end="2024-02-28")) == 1


def test_a_day_that_every_dataset_lacks_is_asked_about_once_and_not_filled(tmp_path: Path) -> None:
    ws = workspace(
        tmp_path, closures=(SessionOverride("XHKG", datetime(2023, 9, 1, tzinfo=UTC).date()),)
    )
    verbs.load(ws, ["DEMO", "MORE", "THIRD"], start="2024-01-02", as_of="2024-02-27")

    first, *later = (
        verbs.update(ws, as_of=day) for day in ("2024-02-29", "2024-03-01", "2024-03-04")
    )

    said = report_text(first)
    assert "XNYS: none of 3 datasets has a bar of 2024-02-28: was the exchange closed?" in said
    assert "ML4T_DATA_CLOSURES=XHKG:2023-09-01,XNYS:2024-02-28" in said
    assert all("was the exchange closed" not in report_text(each) for each in later)
    assert [filled(ws, symbol) for symbol in ("DEMO", "MORE", "THIRD")] == [[], [], []]
    assert "none of 3 datasets has a bar of 2024-02-28" in report_text(verbs.gaps(ws))

    told = workspace(tmp_path, closures=(SessionOverride("XNYS", MISSING.start.date()),))
    report = verbs.update(told, as_of="2024-03-05")
    assert [each.gaps for each in report.results] == [(), (), ()]


def test_a_day_that_one_dataset_has_was_no_closure(tmp_path: Path) -> None:
    ws = workspace(tmp_path)
    whole = workspace(tmp_path, holes=False)
    verbs.load(ws, ["DEMO", "MORE"], start="2024-01-02", as_of="2024-02-27")
    verbs.load(whole, "WHOLE", start="2024-01-02", as_of="2024-02-27")

    for day in ("2024-02-29", "2024-03-01"):
        verbs.update(whole, "WHOLE", as_of=day)
        said = report_text(verbs.update(ws, ["DEMO", "MORE"], as_of=day))
        assert "was the exchange closed" not in said

    assert [filled(ws, symbol) for symbol in ("DEMO", "MORE")] == [["2024-02-28"]] * 2


@pytest.fixture
def two_providers(tmp_path: Path) -> Workspace:
    """A dataset of the sample's, of which files have the same bars and one session more."""
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="sample"))
    verbs.load(ws, "AAPL", start="2004-01-02", as_of="2004-03-01")
    whole = Workspace.open(Settings(home=tmp_path / "whole", provider="sample"))
    verbs.load(whole, "AAPL", start="2004-01-02", as_of="2004-03-02")
    folder = tmp_path / "files"
    folder.mkdir()
    verbs.export(whole, "AAPL", out=folder / "AAPL.csv")
    settings = replace(ws.settings, files=folder, files_basis="split-adjusted")
    return Workspace.open(settings)


def test_another_provider_is_asked_for_one_run_and_the_record_names_it(
    two_providers: Workspace,
) -> None:
    ws, dataset = two_providers, DatasetId("equities", "daily", "AAPL")

    result = verbs.update(ws, "AAPL", provider="files", as_of="2004-03-02").results[0]

    assert (result.record.provider, result.record.added) == ("files", 1)
    manifest = ws.store.snapshot(dataset).manifest
    assert manifest.config.provider == "sample"
    assert [each.provider for each in manifest.recent] == ["sample", "files"]
    assert verbs.update(ws, "AAPL", as_of="2004-03-03").results[0].record.provider == "sample"


def test_a_provider_is_switched_to_also_on_one_as_of_date(two_providers: Workspace) -> None:
    ws, dataset = two_providers, DatasetId("equities", "daily", "AAPL")
    # The sample's bars are final half an hour after the close, those of files at the close.
    verbs.update(ws, "AAPL", as_of="2004-03-02")

    for _ in range(2):
        result = verbs.update(ws, "AAPL", provider="files", switch=True, as_of="2004-03-02")
        assert result.results[0].record.error is None

    assert ws.store.snapshot(dataset).manifest.config.provider == "files"
    assert verbs.update(ws, "AAPL", as_of="2004-03-02").results[0].record.provider == "files"


def test_switching_names_whom_to_switch_to(two_providers: Workspace) -> None:
    with pytest.raises(OptionError, match="--switch needs a provider"):
        verbs.update(two_providers, "AAPL", switch=True)
