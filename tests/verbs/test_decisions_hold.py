"""What a person decided holds at the next updates, until the provider says something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import Adjustment
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.verbs.own_files import OwnFiles
from tests.verbs.test_undo import corrected

EVENINGS = ("2004-12-28", "2004-12-29", "2004-12-30", "2004-12-31")


def spiked(table: Any) -> Any:  # noqa: ANN401  # pandas' stubs take no dates as words
    table.loc["2004-12-15", "high"] *= 1.5
    return table


@pytest.fixture
def doubtful(own: OwnFiles) -> OwnFiles:
    """Loaded with a spike that lies within each overlap to come."""
    own.write(spiked, until="2004-12-27")
    own.load("2004-12-27")
    own.write(spiked)
    return own


def told(report: RunReport) -> list[tuple[str, int, int, int]]:
    """Outcome of each run, bars it revised and filled, and findings that were news to it."""
    return [
        (each.record.outcome, each.record.revised, each.record.filled, len(each.findings))
        for each in report.results
    ]


def test_a_rejected_bar_does_not_come_back_with_equal_answers(doubtful: OwnFiles) -> None:
    own = doubtful
    own.review(rule="spike", reject="a typo")

    for evening in EVENINGS:
        assert told(own.update(evening)) == [("changed", 0, 0, 0)]
        assert own.gaps() == [("2004-12-15", "rejected", None)]
    assert told(own.update("2004-12-31", lookback_days=400)) == [("unchanged", 0, 0, 0)]
    own.load("2004-12-31")

    assert len(own.bars()) == len(own.table) - 1
    assert own.findings() == [("2004-12-15", "spike", "rejected")]
    assert verbs.health(own.ws, as_of="2004-12-31").datasets[0].state == "healthy"


def test_another_answer_for_a_rejected_bar_is_taken_and_told(doubtful: OwnFiles) -> None:
    own = doubtful
    own.review(rule="spike", reject="a typo")
    own.update("2004-12-28")
    own.write()

    report = own.update("2004-12-29")

    assert report.results[0].record.added == 2
    assert own.bars().loc["2004-12-15", "high"] == own.table.loc["2004-12-15", "high"]
    assert own.gaps() == []


def test_an_accepted_bar_is_not_told_again_until_it_changes(doubtful: OwnFiles) -> None:
    own = doubtful
    own.review(rule="spike", accept="an auction")

    assert told(own.update("2004-12-28", lookback_days=400)) == [("changed", 0, 0, 0)]
    assert own.findings() == [("2004-12-15", "spike", "accepted")]

    def higher(table: Any) -> Any:  # noqa: ANN401
        table.loc["2004-12-15", "high"] *= 1.8
        return table

    own.write(higher)
    own.update("2004-12-29", accept=True)
    assert ("2004-12-15", "spike", "open") in own.findings()
    assert own.bars().loc["2004-12-15", "high"] == pytest.approx(65.46 * 1.8)


def test_an_undone_correction_is_taken_again_only_if_it_is_another(own: OwnFiles) -> None:
    own.write()
    own.load("2004-12-27")
    own.write(corrected)
    own.update("2004-12-28")
    own.undo()

    for evening in EVENINGS[1:3]:
        assert told(own.update(evening)) == [("changed", 0, 0, 0)]
    assert own.bars().loc["2004-12-20", "close"] == 62.72

    def other(table: Any) -> Any:  # noqa: ANN401
        table.loc["2004-12-20", "close"] = 63.1
        return table

    own.write(other)
    assert told(own.update("2004-12-31")) == [("changed", 1, 0, 0)]
    assert own.bars().loc["2004-12-20", "close"] == 63.1
    assert own.bars().loc["2004-12-22", "close"] == 63.75


def test_accept_takes_what_was_refused(own: OwnFiles) -> None:
    own.write()
    own.load("2004-12-27")
    own.write(corrected)
    own.update("2004-12-28")
    own.undo()

    own.update("2004-12-29", accept=True)

    assert own.bars().loc["2004-12-20", "close"] == 63.0
    assert own.manifest.refusals == ()


@pytest.fixture
def split(tmp_path: Path) -> Workspace:
    """AAPL before its split 2:1 of 2005-02-28, as it was quoted then."""
    ws = Workspace.open(replace(Settings(), home=tmp_path / "home"))
    verbs.load(ws, "AAPL", provider="sample", start="2004-01-02", as_of="2005-02-25")
    return ws


def views(ws: Workspace) -> dict[str, Any]:
    return {how: verbs.bars(ws, "AAPL", adjust=how) for how in get_args(Adjustment)}


def test_an_undone_restatement_is_not_joined_until_it_is_accepted(split: Workspace) -> None:
    before = views(split)
    verbs.update(split, as_of="2005-03-01")
    taken = views(split)
    verbs.undo(split, "AAPL")
    for how, bars in before.items():
        pd.testing.assert_frame_equal(views(split)[how], bars, check_exact=True)

    (refused,) = verbs.update(split, as_of="2005-03-02").results
    assert refused.record.outcome == "failed"
    assert refused.record.error is not None
    assert "as the restatement that was undone" in refused.record.error.message
    for how, bars in before.items():
        pd.testing.assert_frame_equal(views(split)[how], bars, check_exact=True)

    verbs.update(split, "AAPL", as_of="2005-03-01", accept=True)
    for how, bars in taken.items():
        pd.testing.assert_frame_equal(views(split)[how], bars)


def test_a_restatement_is_not_undone_once_bars_were_added(split: Workspace) -> None:
    verbs.update(split, as_of="2005-03-01")
    verbs.update(split, as_of="2005-03-02")
    before = views(split)

    with pytest.raises(Ml4tError, match="since run 2 replaced its history: to undo it"):
        verbs.undo(split, "AAPL", run=2)

    for how, bars in before.items():
        pd.testing.assert_frame_equal(views(split)[how], bars)


def test_nothing_is_left_to_undo_once_a_restatement_is_undone(split: Workspace) -> None:
    verbs.update(split, as_of="2005-03-01")
    verbs.undo(split, "AAPL")

    with pytest.raises(Ml4tError, match="no run of equities/daily/AAPL can be undone"):
        verbs.undo(split, "AAPL")


def test_an_accepted_contradiction_is_undone_whole_or_not_at_all(own: OwnFiles) -> None:
    def moved(table: Any) -> Any:  # noqa: ANN401
        early = table.index < pd.Timestamp("2004-12-10", tz="UTC")
        table.loc[early, ["open", "high", "low", "close"]] *= 1.02
        return table

    own.write()
    own.load("2004-12-27")
    before = own.bars()
    own.write(moved)
    assert told(own.update("2004-12-28"))[0][0] == "failed"
    own.update("2004-12-28", accept=True)
    assert own.last.verdict == "suspicious"

    own.undo()
    pd.testing.assert_frame_equal(own.bars(), before, check_exact=True)

    own.update("2004-12-28", accept=True)
    taken = own.last.version
    own.update("2004-12-29")
    with pytest.raises(Ml4tError, match="replaced its history: to undo it would leave two bases"):
        own.undo(taken)


def test_minutes_are_rejected_and_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    ws = Workspace.open(replace(Settings(), home=tmp_path / "home", files=folder))
    verbs.load(
        ws, "DEMO", provider="synthetic", frequency="1m", start="2024-02-26", as_of="2024-02-28"
    )
    table: Any = verbs.bars(ws, "DEMO")[["open", "high", "low", "close", "volume"]]
    spike = table.index[500]
    table.loc[spike, "high"] *= 1.5
    table.to_csv(folder / "ACME.csv")
    verbs.load(ws, "ACME", provider="files", frequency="1m", as_of="2024-02-28")
    before = verbs.bars(ws, "ACME")
    day = f"{spike.tz_convert('America/New_York'):%Y-%m-%d}"

    verbs.review(ws, "ACME", start=day, end=day, reject="a misprint")

    assert before.index.difference(verbs.bars(ws, "ACME").index).tolist() == [spike]
    (of,) = verbs.gaps(ws, "ACME").datasets
    assert [(gap.start, gap.missing, gap.state) for gap in of.gaps] == [(spike, 1, "rejected")]
    verbs.update(ws, "ACME", as_of="2024-02-29")
    assert spike not in verbs.bars(ws, "ACME").index
    verbs.undo(ws, "ACME")
    pd.testing.assert_frame_equal(verbs.bars(ws, "ACME"), before, check_exact=True)


def test_a_rejected_bar_does_not_come_back_on_another_basis(doubtful: OwnFiles) -> None:
    own = doubtful
    own.review(rule="spike", reject="a typo")

    def halved(table: Any) -> Any:  # noqa: ANN401
        early = table.index < pd.Timestamp("2004-12-29", tz="UTC")
        table["splits"] = [
            1.0 if each != "2004-12-29" else 2.0 for each in table.index.strftime("%F")
        ]
        table.loc[~early, ["open", "high", "low", "close"]] /= 2
        table.loc[early, ["open", "high", "low", "close"]] /= 2
        table.loc[early, "volume"] *= 2
        return table

    own.write(lambda table: halved(spiked(table)))
    own.update("2004-12-30")
    assert own.last.restatement is not None
    assert pd.Timestamp("2004-12-15", tz="UTC") not in own.bars().index
    before = own.files()

    with pytest.raises(Ml4tError, match="run 3 has replaced all of equities/daily/ACME since run"):
        own.undo(2)
    assert own.files() == before


def test_a_bar_that_was_taken_anew_is_not_put_back(doubtful: OwnFiles) -> None:
    own = doubtful
    own.review(rule="spike", reject="a typo")
    own.write()
    own.update("2004-12-28")
    before = own.files()

    with pytest.raises(Ml4tError, match="a later run has changed the bar of 2004-12-15 again"):
        own.undo(2)
    assert own.files() == before


def test_a_filled_bar_gives_way_to_the_rejected_one(doubtful: OwnFiles) -> None:
    own = doubtful
    before = own.bars()
    own.review(rule="spike", reject="a typo")
    verbs.gaps(own.ws, "ACME", refill="forward", as_of="2004-12-28")
    assert own.bars().loc["2004-12-15", "filled"]

    own.undo()

    pd.testing.assert_frame_equal(own.bars(), before, check_exact=True)


def test_a_rejected_bar_does_not_come_back_among_removed_ones(doubtful: OwnFiles) -> None:
    own = doubtful
    own.review(rule="spike", reject="a typo")
    verbs.remove(own.ws, "ACME", start="2004-12-01", yes=True, as_of="2004-12-28")

    with pytest.raises(Ml4tError, match="run 3 has removed bars of equities/daily/ACME since run"):
        own.undo()
