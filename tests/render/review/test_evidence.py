"""The bars that show a finding, what is usual among them, and what a second provider says."""

from __future__ import annotations

import pandas as pd
import pytest

from ml4t_nb.core.bars import Bars
from ml4t_nb.finding import Finding, Rule
from ml4t_nb.render.review.evidence import Evidence, evidence_of, opinion_of
from tests.render.review.findings import answer, calm, finding, plotted, stamp


def put(bars: Bars, row: int, **values: float) -> Bars:
    """The same bars with other values in one row."""
    changed = bars.copy()
    for name, value in values.items():
        changed.loc[changed.index[row], name] = value
    return changed


def seen(found: Finding, bars: Bars, *others: Finding) -> Evidence:
    evidence = evidence_of(found, plotted(bars), others)
    assert evidence is not None
    return evidence


def test_a_bar_stands_in_the_middle_of_25_with_its_value_and_what_is_usual() -> None:
    bars = put(calm(), 30, high=13.0)

    evidence = seen(finding(bars, 30, high=13.0, beside=10.1), bars)

    assert (len(evidence.bars), evidence.first, evidence.last) == (25, 12, 12)
    assert evidence.doubted is not None
    assert (evidence.doubted.stamp, evidence.doubted.high) == (stamp(bars, 30), 13.0)
    assert evidence.before == evidence.bars[11]
    assert evidence.after == evidence.bars[13]
    assert evidence.columns == ("high",)
    assert not evidence.is_cut
    # All other bars reach 0.1 above a body of 10.1 and 0.1 below one of 10.
    assert evidence.reach is not None
    assert evidence.reach.share == pytest.approx(0.1 / 10.1)
    assert evidence.reach.low == pytest.approx(9.9)
    assert evidence.reach.high == pytest.approx(10.2)
    assert evidence.reach.bars == 30


@pytest.mark.parametrize(("row", "first"), [(0, 0), (2, 2), (57, 22), (59, 24)])
def test_near_an_end_there_are_25_bars_all_the_same(row: int, first: int) -> None:
    bars = calm()

    evidence = seen(finding(bars, row, close=10.1), bars)

    assert (len(evidence.bars), evidence.first, evidence.at) == (25, first, first)


def test_of_few_bars_all_are_shown_and_nothing_is_called_usual() -> None:
    bars = calm(6)

    evidence = seen(finding(bars, 3, close=10.1), bars)

    assert (len(evidence.bars), evidence.first) == (6, 3)
    assert evidence.reach is None


def test_of_a_short_stretch_both_edges_are_shown() -> None:
    bars = calm()

    evidence = seen(finding(bars, 20, "frozen", last=24, bars=5.0, close=10.1), bars)

    assert (len(evidence.bars), evidence.first, evidence.last) == (25, 10, 14)
    assert not evidence.is_cut
    assert evidence.reach is None
    # The first may be right: it is the second that repeats it.
    assert (evidence.at, evidence.before) == (11, evidence.bars[10])
    assert evidence.after == evidence.bars[15]


def test_of_a_long_stretch_its_beginning_is_shown() -> None:
    bars = calm(500)

    evidence = seen(finding(bars, 40, "unit", last=439, close=1010.0, beside=10.1), bars)

    assert (len(evidence.bars), evidence.first, evidence.last, evidence.at) == (25, 12, 24, 12)
    assert evidence.is_cut
    assert evidence.columns[0] == "close"


def test_of_a_long_stretch_that_begins_with_the_first_bar_its_end_is_shown() -> None:
    bars = calm(500)

    evidence = seen(finding(bars, 0, "unit", last=399, close=1010.0, beside=10.1), bars)

    assert (evidence.first, evidence.last, evidence.at) == (0, 12, 12)
    assert evidence.doubted is not None
    assert evidence.doubted.stamp == stamp(bars, 399)
    assert evidence.is_cut


def test_a_row_that_was_kept_out_has_a_place_and_no_bar() -> None:
    whole = calm()
    bars = whole.drop(index=whole.index[30])

    evidence = seen(finding(whole, 30, "price", detail="close 0"), bars)

    assert not evidence.is_stored
    assert evidence.doubted is None
    assert evidence.before is not None
    assert evidence.after is not None
    assert (evidence.before.stamp, evidence.after.stamp) == (stamp(whole, 29), stamp(whole, 31))


def test_a_bar_that_was_filled_in_its_place_is_not_the_one_in_doubt() -> None:
    bars = calm()
    bars.loc[bars.index[30], "filled"] = True

    evidence = seen(finding(bars, 30, "price", detail="close 0"), bars)

    assert not evidence.is_stored
    assert evidence.after is not None
    assert (evidence.after.stamp, evidence.after.is_filled) == (stamp(bars, 30), True)


def test_a_finding_without_a_stamp_or_bars_has_no_evidence() -> None:
    bars = calm()

    assert evidence_of(Finding(None, "nan", "a row without a date"), plotted(bars)) is None
    assert evidence_of(finding(bars, 3), plotted(bars.iloc[:0])) is None


def test_bars_of_other_findings_and_filled_ones_do_not_show_what_is_usual() -> None:
    bars = put(put(put(calm(), 30, high=13.0), 10, high=15.0), 12, high=16.0)
    bars.loc[bars.index[12], "filled"] = True
    about = finding(bars, 30, high=13.0)

    evidence = seen(about, bars, finding(bars, 10, high=15.0))

    assert evidence.reach is not None
    assert evidence.reach.share == pytest.approx(0.1 / 10.1)
    assert evidence.reach.bars == 28


def test_a_close_is_usual_within_the_moves_from_one_to_the_next() -> None:
    bars = put(put(calm(), 20, close=10.302), 30, close=14.0)

    evidence = seen(finding(bars, 30, close=14.0), bars)

    # 2 % up, then 1.96 % down; around the close before, 10.1.
    assert evidence.reach is not None
    assert evidence.reach.share == pytest.approx(0.02)
    assert evidence.reach.low == pytest.approx(9.898)
    assert evidence.reach.high == pytest.approx(10.302)


def test_a_volume_is_usual_between_the_least_and_the_most_before_it() -> None:
    bars = put(calm(), 30, volume=0.0)

    evidence = seen(finding(bars, 30, "zero volume", median=1015.0), bars)

    assert evidence.columns == ("volume",)
    assert evidence.reach is not None
    assert (evidence.reach.low, evidence.reach.high) == (1000.0, 1029.0)


@pytest.mark.parametrize(
    ("rule", "values", "columns"),
    [
        ("range", {"high": 9.95}, ("high",)),
        ("range", {"low": 10.05}, ("low",)),
        ("range", {"high": 9.8, "low": 10.3}, ("high", "low")),
        ("jump", {"low": 1.0}, ("low",)),
        ("large dividend", {"dividend": 5.0}, ("dividend",)),
        ("basis", {}, ()),
    ],
)
def test_what_is_in_doubt_is_found_in_the_bar(
    rule: Rule, values: dict[str, float], columns: tuple[str, ...]
) -> None:
    bars = put(calm(), 30, **values)

    assert seen(finding(bars, 30, rule, close_before=10.1), bars).columns == columns


def test_another_provider_s_bar_that_differs_and_is_usual_fits() -> None:
    bars = put(calm(), 30, high=13.0)
    evidence = seen(finding(bars, 30, high=13.0), bars)

    opinion = opinion_of(evidence, answer(bars, calm()))

    assert opinion.bar is not None
    assert (opinion.provider, opinion.bar.high) == ("files", 10.2)
    assert opinion.differs == ("high",)
    assert opinion.fits


@pytest.mark.parametrize(("high", "differs"), [(13.0, ()), (13.005, ()), (12.5, ("high",))])
def test_another_provider_s_bar_that_is_the_same_or_as_unusual_does_not_fit(
    high: float, differs: tuple[str, ...]
) -> None:
    bars = put(calm(), 30, high=13.0)
    evidence = seen(finding(bars, 30, high=13.0), bars)

    opinion = opinion_of(evidence, answer(bars, put(calm(), 30, high=high)))

    assert opinion.differs == differs
    assert not opinion.fits


def test_another_provider_without_the_bar_has_no_opinion() -> None:
    bars = calm()
    evidence = seen(finding(bars, 30, high=10.2), bars)

    opinion = opinion_of(evidence, answer(bars, bars.drop(index=bars.index[30])))

    assert opinion.bar is None
    assert not opinion.fits


def test_another_provider_s_prices_are_on_the_scale_of_the_bars_around() -> None:
    bars = put(calm(), 30, high=13.0)
    evidence = seen(finding(bars, 30, high=13.0), bars)
    pence = calm()
    pence[["open", "high", "low", "close"]] *= 100

    opinion = opinion_of(evidence, answer(bars, pence, (0, 59, 100.0)))

    assert opinion.bar is not None
    assert opinion.bar.high == pytest.approx(10.2)
    assert opinion.differs == ("high",)
    assert opinion.fits


def test_a_stretch_in_another_unit_is_held_against_the_scale_beside_it() -> None:
    bars = calm()
    for name in ("open", "high", "low", "close"):
        bars.loc[bars.index[30:], name] *= 100
    evidence = seen(finding(bars, 30, "unit", last=59, close=1010.0, beside=10.1, factor=100), bars)
    # Where both differ by a steady factor a comparison takes it for the unit of the other one.
    compared = answer(bars, calm(), (0, 29, 1.0), (30, 59, 0.01))

    opinion = opinion_of(evidence, compared)

    assert opinion.bar is not None
    assert opinion.bar.close == pytest.approx(10.1)
    assert opinion.differs == ("open", "high", "low", "close")
    assert opinion.fits


def test_a_lost_volume_is_found_with_the_other_provider() -> None:
    bars = put(calm(), 30, volume=0.0)
    evidence = seen(finding(bars, 30, "zero volume", median=1015.0), bars)

    opinion = opinion_of(evidence, answer(bars, put(calm(), 30, volume=1020.0)))

    assert opinion.differs == ("volume",)
    assert opinion.fits


def test_a_row_that_was_kept_out_is_there_with_the_other_provider() -> None:
    whole = calm()
    bars = whole.drop(index=whole.index[30])
    evidence = seen(finding(whole, 30, "price"), bars)

    opinion = opinion_of(evidence, answer(bars, whole))

    assert opinion.bar is not None
    assert opinion.fits
    assert pd.Timestamp(opinion.bar.stamp) == whole.index[30]
