"""The picture of a finding: what it marks, and where."""

from __future__ import annotations

import re
from datetime import timedelta

import pandas as pd
import pytest

from ml4t_nb.core.bars import make_bars
from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId
from ml4t_nb.render.review.drawing import PlotScale, ticks_of
from ml4t_nb.render.review.evidence import evidence_of, opinion_of
from ml4t_nb.render.review.evidence_plot import evidence_plot
from ml4t_nb.reports import PlotReport
from tests.render.review.findings import answer, calm, finding, plotted, stamp


def drawn(found: Finding, report: PlotReport) -> str:
    evidence = evidence_of(found, report)
    assert evidence is not None
    return str(evidence_plot(evidence))


def words(picture: str) -> list[str]:
    return [re.sub("<[^>]+>", "", text) for text in re.findall("<text.*?</text>", picture)]


def test_the_ring_is_on_the_value_that_is_wrong_and_the_words_name_it() -> None:
    bars = calm()
    bars.loc[bars.index[30], "high"] = 13.0

    picture = drawn(finding(bars, 30, high=13.0, beside=10.1), plotted(bars))

    # The 13th of 25 bars between 2 and 92 per cent; 13 on an axis from 9.714 to 13.186.
    assert '<circle cx="47.00%" cy="29.2" r="9"' in picture
    assert "stored high 13.00" in words(picture)
    assert "dotted box: usual reach, at most 1.0 % beyond the body" in words(picture)
    assert picture.count("<line") > 25


def test_nothing_in_it_is_scaled_or_fetched() -> None:
    bars = calm()

    picture = drawn(finding(bars, 30, close=10.1), plotted(bars))

    assert "viewBox" not in picture
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in picture


def test_a_lost_volume_has_its_own_axis_and_the_ring_on_it() -> None:
    bars = calm()
    bars.loc[bars.index[30], "volume"] = 0.0

    picture = drawn(finding(bars, 30, "zero volume", median=1015.0), plotted(bars))

    assert '<circle cx="47.00%" cy="262.0" r="9"' in picture
    assert {"stored volume 0", "dotted box: usual volumes"} <= set(words(picture))


def test_a_second_opinion_is_marked_where_it_says() -> None:
    bars = calm()
    bars.loc[bars.index[30], "high"] = 13.0
    evidence = evidence_of(finding(bars, 30, high=13.0), plotted(bars))
    assert evidence is not None

    picture = str(evidence_plot(evidence, opinion_of(evidence, answer(bars, calm()))))
    same = str(evidence_plot(evidence, opinion_of(evidence, answer(bars, bars))))

    assert "files says 10.20" in words(picture)
    assert "files says" not in same


def test_a_row_that_was_kept_out_is_a_line_at_its_place() -> None:
    whole = calm()

    picture = drawn(finding(whole, 30, "price"), plotted(whole.drop(index=whole.index[30])))

    assert "not stored" in words(picture)
    assert 'x1="45.20%"' in picture  # between the 12th and the 13th bar


def test_a_long_stretch_says_that_it_goes_on() -> None:
    bars = calm(500)

    begins = drawn(finding(bars, 40, "unit", last=439, close=10.1), plotted(bars))
    ends = drawn(finding(bars, 0, "unit", last=399, close=10.1), plotted(bars))

    assert "the stretch goes on →" in words(begins)
    assert "← the stretch goes on" in words(ends)


def test_a_dividend_is_marked_and_ringed() -> None:
    bars = calm()
    bars.loc[bars.index[[28, 30]], "dividend"] = 0.28

    picture = drawn(finding(bars, 30, "repeated dividend", dividend=0.28, days=2.0), plotted(bars))

    assert words(picture).count("D") == 2
    assert "stored dividend 0.28" in words(picture)


def test_minutes_are_labelled_in_the_exchange_s_time_and_sessions_are_parted() -> None:
    days = ["2005-04-13", "2005-04-14"]
    stamps = [pd.Timestamp(f"{day} 13:30", tz="UTC") + timedelta(minutes=5 * at)
              for day in days for at in range(78)]  # fmt: skip
    flat = dict.fromkeys(("open", "high", "low", "close"), [10.0] * len(stamps))
    bars = make_bars(pd.DatetimeIndex(stamps), flat)
    report = plotted(bars, DatasetId("equities", "5m", "AAPL"))

    said = words(drawn(finding(bars, 78, close=10.0), report))

    assert {"Wed 13 Apr", "Thu 14 Apr", "15:00", "09:45"} <= set(said)
    assert "13:30" not in said


def test_a_filled_bar_is_hollow() -> None:
    bars = calm()
    bars.loc[bars.index[29], "filled"] = True

    picture = drawn(finding(bars, 30, close=10.1), plotted(bars))

    assert picture.count("fill:var(--ml4t-paper, transparent);stroke:") == 1


@pytest.mark.parametrize(
    ("low", "high", "is_log", "ticks"),
    [
        (34.0, 48.5, False, [35, 40, 45]),
        (0.97, 1.04, False, [0.98, 1.0, 1.02, 1.04]),
        (30.0, 4500.0, True, [30, 100, 300, 1000, 3000]),
        (9.0, 95.0, True, [10, 20, 50]),
    ],
)
def test_an_axis_has_a_few_round_numbers(
    *, low: float, high: float, is_log: bool, ticks: list[float]
) -> None:
    found = ticks_of(PlotScale(low, high, 0, 100, is_log))

    assert found == pytest.approx(ticks)


@pytest.mark.parametrize("count", [1, 2, 24])
def test_a_series_of_a_few_flat_bars_is_drawn(count: int) -> None:
    bars = calm(count)
    for name in ("open", "high", "low", "close"):
        bars[name] = 10.0

    picture = drawn(finding(bars, 0, close=10.0), plotted(bars))

    assert "nan" not in picture.lower()
    assert stamp(bars, 0).strftime("%-d %b") in words(picture)
