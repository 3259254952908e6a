"""A run is taken back: each view of the bars is then to the bit what it was before."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Adjustment
from tests.verbs.own_files import OwnFiles
from tests.verbs.test_review import spoilt

Views = dict[str, Any]


def views(own: OwnFiles) -> Views:
    """All that a reader may see of the bars, filled ones too."""
    return {adjust: own.bars(adjust) for adjust in get_args(Adjustment)}


def assert_same(after: Views, before: Views) -> None:
    for adjust, bars in before.items():
        pd.testing.assert_frame_equal(after[adjust], bars, check_exact=True)
        assert (after[adjust].to_numpy() == bars.to_numpy()).all(), adjust


def corrected(table: Any) -> Any:  # noqa: ANN401  # pandas' stubs take no dates as words
    """Two days that the provider corrects, which is news within any overlap."""
    table.loc["2004-12-20", "close"] = 63.0
    table.loc["2004-12-22", ["close", "volume"]] = (63.8, 10104200.0)
    return table


@pytest.fixture
def corrected_once(own: OwnFiles) -> OwnFiles:
    """A load, an update that corrects two bars and brings one, and the views between them."""
    own.write()
    own.load("2004-12-27")
    own.write(corrected)
    own.update("2004-12-28")
    assert (own.last.revised, own.last.added) == (2, 1)
    return own


def test_a_correction_is_undone_to_the_bit_and_the_bars_it_brought_stay(own: OwnFiles) -> None:
    own.write()
    own.load("2004-12-27")
    before = views(own)
    own.write(corrected)
    own.update("2004-12-28")

    own.undo()

    after = {adjust: bars.iloc[:-1] for adjust, bars in views(own).items()}
    assert_same(after, before)
    assert f"{own.bars().index[-1]:%Y-%m-%d}" == "2004-12-28"
    assert (own.last.verb, own.last.undid, own.last.revised) == ("undo", 2, 2)
    assert [(each.column, each.old, each.new) for each in own.last.revisions] == [
        ("close", 63.0, 62.72),
        ("close", 63.8, 63.75),
        ("volume", 10104200.0, 10104100.0),
    ]
    assert [each.version for each in own.manifest.refusals] == [3]


def test_an_undo_as_of_an_earlier_time_does_not_make_later_bars_known(
    corrected_once: OwnFiles,
) -> None:
    corrected_once.undo(as_of="2004-12-27T22:00+00:00")
    assert f"{corrected_once.bars().index[-1]:%Y-%m-%d}" == "2004-12-28"

    then = verbs.bars(corrected_once.ws, "ACME", known_on="2004-12-27T23:00+00:00")
    assert f"{then.index[-1]:%Y-%m-%d}" == "2004-12-27"
    assert then.attrs["ml4t_nb"]["versions"] == [1]


def test_a_bar_that_a_later_run_corrected_again_is_not_undone(corrected_once: OwnFiles) -> None:
    own = corrected_once

    def again(table: Any) -> Any:  # noqa: ANN401
        table = corrected(table)
        table.loc["2004-12-22", "close"] = 63.9
        return table

    own.write(again)
    own.update("2004-12-29")
    before = own.files()

    with pytest.raises(OptionError) as caught:
        own.undo(2)
    assert "run 3 has changed the bar of 2004-12-22 again since run 2" in str(caught.value)
    assert own.files() == before

    # In the order they were made, from the last, both can be.
    own.undo(3)
    own.undo(2)
    assert (own.bars().loc["2004-12-22", "close"], own.bars().loc["2004-12-20", "close"]) == (
        63.75,
        62.72,
    )


def test_a_rejected_bar_comes_back_and_its_finding_is_open_again(own: OwnFiles) -> None:
    own.write(spoilt, until="2004-12-28")
    own.load("2004-12-28")
    own.write(spoilt)
    own.update("2004-12-30")  # fills the day that the price of zero left
    before, findings, gaps = views(own), own.findings(), own.gaps()
    own.review(rule="spike", reject="a typo")

    own.undo()

    assert_same(views(own), before)
    assert (own.findings(), own.gaps()) == (findings, gaps)
    assert own.manifest.refusals == ()
    assert own.manifest.findings[0].decision is None


def test_a_bar_beside_a_fill_comes_back_with_the_fill(own: OwnFiles) -> None:
    def beside(table: Any) -> Any:  # noqa: ANN401
        table.loc["2004-08-16", "high"] *= 1.5
        table.loc["2004-08-17", "close"] = 0.0
        return table

    own.write(beside, until="2004-12-28")
    own.load("2004-12-28")
    own.write(beside)
    own.update("2004-12-30")
    own.update("2004-12-31")
    assert own.bars().loc["2004-08-17", "filled"]
    before = views(own)

    own.review(rule="spike", reject="a typo")
    around = own.bars().loc["2004-08-13":"2004-08-18"]
    assert [f"{each:%d}" for each in around.index] == ["13", "17", "18"]
    # What is filled is a gap of its own, and goes on from the bar that is left before it.
    assert around["filled"].tolist() == [False, True, False]
    assert around["close"].iloc[1] == around["close"].iloc[0]
    own.undo()

    assert_same(views(own), before)


def test_a_decision_that_kept_the_bar_is_undone(own: OwnFiles) -> None:
    own.write(spoilt, until="2004-12-28")
    own.load("2004-12-28")
    own.review(rule="spike", accept="an auction")

    own.undo(2)

    assert own.findings()[0] == ("2004-06-15", "spike", "open")
    with pytest.raises(OptionError, match="run 2 of equities/daily/ACME is undone already, by run"):
        own.undo(2)


def test_a_dividend_comes_back_with_its_bar(own: OwnFiles) -> None:
    own.table["dividends"] = 0.0
    own.table.loc["2004-06-15", ["high", "dividends"]] = (60.0, 0.25)
    own.write(until="2004-12-28")
    own.load("2004-12-28")
    before, paid = views(own), own.bars()["dividend"].sum()
    assert paid == 0.25

    own.review(rule="spike", reject="a typo")
    assert 0 < own.bars().loc["2004-06-16", "dividend"] < 0.26
    assert [each.share for each in own.manifest.carried] == [1.0]
    own.undo()

    assert_same(views(own), before)
    assert not own.manifest.carried


def test_a_dividend_that_is_doubtful_itself_goes_with_its_bar(own: OwnFiles) -> None:
    own.table["dividends"] = 0.0
    own.table.loc["2004-06-15", "dividends"] = 15.0
    own.write(until="2004-12-28")
    own.load("2004-12-28")
    assert [rule for _, rule, _ in own.findings()] == ["large dividend"]
    before = views(own)

    own.review(reject="in cents")
    assert own.bars()["dividend"].sum() == 0
    own.write()
    own.update("2004-12-30", lookback_days=300)
    assert own.bars()["dividend"].sum() == 0
    own.undo()

    assert_same({how: bars.loc[:"2004-12-28"] for how, bars in views(own).items()}, before)


def test_a_split_is_not_lost_with_a_rejected_bar(own: OwnFiles) -> None:
    own.table["splits"] = 1.0
    own.table.loc["2004-06-15", ["high", "splits"]] = (60.0, 2.0)
    before_split = own.table.index < pd.Timestamp("2004-06-15", tz="UTC")
    own.table.loc[before_split, ["open", "high", "low", "close"]] *= 2
    own.write(until="2004-12-28")
    own.load("2004-12-28")
    files = own.files()

    with pytest.raises(OptionError, match="the split 2:1 of 2004-06-15 would be lost"):
        own.review(rule="spike", reject="a typo")

    assert own.files() == files


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (1, "run 1 of equities/daily/ACME only added bars"),
        (99, "equities/daily/ACME has no run 99 in its history"),
        (0, "--run must be at least 1, not 0"),
    ],
)
def test_what_cannot_be_undone_is_one_sentence_and_changes_nothing(
    corrected_once: OwnFiles, run: int, says: str
) -> None:
    before = corrected_once.files()

    with pytest.raises(OptionError, match=says):
        corrected_once.undo(run)

    assert corrected_once.files() == before


def test_an_undo_is_not_undone(corrected_once: OwnFiles) -> None:
    corrected_once.undo()

    with pytest.raises(OptionError, match="run 3 of equities/daily/ACME is an undo itself"):
        corrected_once.undo(3)
    with pytest.raises(OptionError, match="no run of equities/daily/ACME can be undone"):
        corrected_once.undo()


def test_the_number_may_follow_the_symbol(
    corrected_once: OwnFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(corrected_once.ws.settings.home)

    assert main(["undo", "ACME", "2", "--home", home]) == 0
    assert "took back run 2, update of 2004-12-28" in capsys.readouterr().out
    assert main(["undo", "ACME", "MSFT", "--home", home]) == 2


def test_an_undo_moves_neither_the_as_of_nor_the_verification(corrected_once: OwnFiles) -> None:
    own = corrected_once
    before = own.manifest

    own.undo(as_of="2004-06-01")

    assert (own.manifest.updated, own.manifest.verified) == (before.updated, before.verified)


def test_no_row_is_lost_by_decisions_and_undos(corrected_once: OwnFiles) -> None:
    own = corrected_once
    own.undo()
    snapshot = own.ws.store.snapshot(own.manifest.dataset)
    logged = snapshot.revised_rows()

    assert logged["version"].tolist() == [2, 2, 3, 3]
    assert logged["close"].tolist() == [62.72, 63.75, 63.0, 63.8]
    assert np.array_equal(logged["change"], ["replaced"] * 4)
