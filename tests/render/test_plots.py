"""Figures of bars: candles, lines, and the gaps among them."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.bars import as_stamps, make_bars
from ml4t_nb.model import DatasetId, Frequency, Gap, GapState, Span
from ml4t_nb.records import Revision, UpdateRecord
from ml4t_nb.render.plots.figures import bundle_of, figure_of
from ml4t_nb.render.plots.price_traces import line_traces, step_labels, volume_traces
from ml4t_nb.render.plots.steps import MOST_CANDLES, bands_of, steps_of
from ml4t_nb.render.plots.svg import svg_of
from ml4t_nb.render.plots.theme import GAPS, middle
from ml4t_nb.reports import PlotReport
from tests.render.reports import day

PLOTLY = "application/vnd.plotly.v1+json"
NASTY = "<b>x</b>&<a href='https://evil.example'>y</a>"

# Two weeks; the exchange is closed on Monday the 15th, Martin Luther King day.
DAYS = (
    "2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12",
    "2024-01-16", "2024-01-17", "2024-01-18", "2024-01-19",
)  # fmt: skip


def bars_of(stamps: Any, *, filled: tuple[str, ...] = ()) -> pd.DataFrame:  # noqa: ANN401
    """Bars that rise by one: the first opens at 10, closes at 10.5, and spans 9 to 11."""
    index = as_stamps(stamps)
    at = np.arange(len(index), dtype=float)
    made = index.isin(as_stamps(list(filled)))
    columns = {"open": 10 + at, "high": 11 + at, "low": 9 + at, "close": 10.5 + at}
    return make_bars(index, {**columns, "volume": 100 * (at + 1)}, filled=made)


def report(
    *gaps: Gap,
    missing: tuple[str, ...] = (),
    filled: tuple[str, ...] = (),
    symbol: str = "AAPL",
    provider: str = "sample",
    frequency: Frequency = "daily",
) -> PlotReport:
    """The two weeks, without the missing days."""
    held = [each for each in DAYS if each not in missing]
    return PlotReport(
        DatasetId("equities", frequency, symbol),
        provider,
        "America/New_York",
        bars_of(held, filled=filled),
        as_stamps(list(missing)),
        gaps,
    )


def gap(start: str, end: str, missing: int, state: GapState = "open", **more: Any) -> Gap:  # noqa: ANN401
    return Gap(day(start), day(end), missing, state, **more)


def drawn(what: PlotReport) -> dict[str, Any]:
    """The figure as plain values."""
    plain: dict[str, Any] = unpacked(figure_of(what).to_plotly_json())
    return plain


def unpacked(value: Any) -> Any:  # noqa: ANN401
    """Lists in place of the packed arrays that plotly writes."""
    if isinstance(value, dict):
        if "bdata" in value:
            return np.frombuffer(b64decode(value["bdata"]), value["dtype"]).tolist()
        return {name: unpacked(each) for name, each in value.items()}
    return [unpacked(each) for each in value] if isinstance(value, (list, tuple)) else value


def traces(what: PlotReport, layer: str) -> list[dict[str, Any]]:
    """The figure's traces of that layer."""
    return [dict(each) for each in drawn(what)["data"] if each["meta"]["layer"] == layer]


def named(what: PlotReport, name: str) -> dict[str, Any]:
    """The figure's trace of that name."""
    return next(dict(trace) for trace in drawn(what)["data"] if trace.get("name") == name)


def the(what: PlotReport, layer: str) -> dict[str, Any]:
    """The only one of that layer."""
    (trace,) = traces(what, layer)
    return trace


def told(what: PlotReport) -> list[str]:
    """What is said where one points at gaps."""
    return list(the(what, "stories")["text"])


def edges(trace: dict[str, Any]) -> list[tuple[float, float]]:
    """Left and right edge of each area of a band."""
    parts = [*trace["x"], None]
    return [(parts[at], parts[at + 2]) for at in range(0, len(parts), 6)]


def minutes(count: int) -> pd.DatetimeIndex:
    start = pd.Timestamp("2019-01-02T14:30", tz="UTC")
    return as_stamps(start + pd.to_timedelta(np.arange(count), unit="min"))


def test_few_bars_are_candles_with_volume_below() -> None:
    what = report()
    layout = drawn(what)["layout"]

    candles, volume = the(what, "candles"), the(what, "volume")
    assert (candles["type"], candles["yaxis"]) == ("candlestick", "y2")
    assert list(candles["x"]) == list(range(9))
    assert list(candles["high"]) == [11, 12, 13, 14, 15, 16, 17, 18, 19]
    assert volume["yaxis"] == "y3"
    assert list(volume["y"]) == [100, 200, 300, 400, 500, 600, 700, 800, 900]
    assert layout["yaxis3"]["domain"][1] < layout["yaxis2"]["domain"][0]
    # The axis of the bands is the first, so that they are drawn behind; and none lies over another.
    assert layout["yaxis"]["domain"] == [0, 1]
    assert "overlaying" not in str(layout)


def test_closed_days_leave_no_hole() -> None:
    what = report()
    axis = drawn(what)["layout"]["xaxis"]

    assert (axis["type"], axis["range"]) == ("linear", [-8, 16])
    labels = [text.split("<br>")[0] for text in the(what, "pointer")["text"]]
    assert labels[4:6] == ["Fri 12 Jan 2024", "Tue 16 Jan 2024"]


def test_a_gap_keeps_its_place_and_no_candle_stands_in_it() -> None:
    what = report(gap("2024-01-10", "2024-01-11", 2), missing=("2024-01-10", "2024-01-11"))

    assert list(the(what, "candles")["x"]) == [0, 1, 4, 5, 6, 7, 8]
    assert drawn(what)["layout"]["xaxis"]["range"] == [-8, 16]


def test_a_gap_is_a_band_from_its_first_to_its_last_missing_bar() -> None:
    what = report(gap("2024-01-10", "2024-01-12", 3), missing=DAYS[2:5])

    band = the(what, "bands")

    # The 8th stands at 0, the 9th at 1: the band covers 2, 3 and 4, and half a bar either side.
    assert edges(band) == [(1.5, 4.5)]
    assert set(band["y"]) == {0, 1}
    assert band["name"] == "open gap, 1"
    (label,) = [each for each in drawn(what)["layout"]["annotations"] if each["name"] == "band"]
    assert (label["text"], label["x"]) == ("3 missing", 3)


def test_a_band_over_a_closed_day_has_no_room_for_it() -> None:
    what = report(gap("2024-01-12", "2024-01-16", 2), missing=("2024-01-12", "2024-01-16"))

    assert edges(the(what, "bands")) == [(3.5, 5.5)]


def test_gaps_of_one_state_are_one_entry_of_the_legend() -> None:
    what = report(
        gap("2024-01-09", "2024-01-09", 1), gap("2024-01-17", "2024-01-18", 2),
        gap("2024-01-11", "2024-01-11", 1, "closed"),
        missing=("2024-01-09", "2024-01-17", "2024-01-18", "2024-01-11"),
    )  # fmt: skip

    bands = {each["name"]: edges(each) for each in traces(what, "bands")}

    assert bands == {"open gap, 2": [(0.5, 1.5), (5.5, 7.5)], "marked closed, 1": [(2.5, 3.5)]}


@pytest.mark.parametrize(
    ("state", "hatch", "words"),
    [
        ("open", "/", "open gap, 1"),
        ("failed", "+", "gap, request failed, 1"),
        ("confirmed", "\\", "gap, provider has none, 1"),
        ("closed", "x", "marked closed, 1"),
        ("rejected", "-", "rejected by a person, 1"),
    ],
)
def test_a_state_has_a_colour_a_hatch_and_words(state: GapState, hatch: str, words: str) -> None:
    what = report(gap("2024-01-10", "2024-01-10", 1, state), missing=("2024-01-10",))

    band = the(what, "bands")

    assert (band["name"], band["fillpattern"]["shape"]) == (words, hatch)
    assert band["line"]["color"] == band["fillpattern"]["fgcolor"] == GAPS[state].colour


def test_pointing_at_a_gap_says_why() -> None:
    failed = gap("2024-01-10", "2024-01-10", 1, "failed", attempts=1, error=NASTY)

    (story,) = told(report(failed, missing=("2024-01-10",)))

    assert story == (
        "gap, failed: 1 bar missing, 2024-01-10<br>requested once: no bars<br>"
        "error: &lt;b&gt;x&lt;/b&gt;&amp;&lt;a href=&#x27;https://evil.example&#x27;&gt;y&lt;/a&gt;"
    )


@pytest.mark.parametrize(
    ("attempts", "words"),
    [
        (0, "not requested again yet"),
        (1, "requested once"),
        (2, "requested twice"),
        (3, "requested 3 times"),
    ],
)
def test_pointing_at_a_gap_says_what_was_tried(attempts: int, words: str) -> None:
    tried = gap("2024-01-10", "2024-01-10", 1, attempts=attempts)

    assert words in told(report(tried, missing=("2024-01-10",)))[0]


def test_a_closed_gap_says_the_users_reason() -> None:
    shut = gap("2024-01-10", "2024-01-10", 1, "closed", reason="typhoon")

    assert "declared closed: typhoon" in told(report(shut, missing=("2024-01-10",)))[0]


def test_filled_bars_are_hollow_and_have_no_volume() -> None:
    made = gap("2024-01-10", "2024-01-11", 2, "confirmed", attempts=2, filled_by="forward")
    what = report(made, filled=("2024-01-10", "2024-01-11"))
    what.bars.loc["2024-01-11", ["open", "high", "low", "close"]] = 12.0

    hollow, flat = traces(what, "hollow")

    assert list(hollow["x"]) == [2, 3]
    assert (list(hollow["open"]), list(hollow["close"])) == ([12, 12], [12.5, 12])
    assert hollow["increasing"]["fillcolor"] == "rgba(128,128,128,0)"
    # A body without height would be a dash; a square of five pixels is on its price.
    assert (list(flat["x"]), list(flat["y"]), flat["marker"]["symbol"]) == (
        [3],
        [12],
        "square-open",
    )
    assert 2 not in the(what, "candles")["x"]
    assert not {2, 3} & set(the(what, "volume")["x"])
    band = the(what, "bands")
    assert (band["name"], band["line"]["dash"]) == ("filled, 1 (hollow bars)", "dot")
    assert "fillpattern" not in band
    assert "filled: forward" in told(what)[0]


def test_a_bar_filled_with_zero_does_not_flatten_the_prices() -> None:
    what = report(gap("2024-01-10", "2024-01-10", 1, filled_by="zero"), filled=("2024-01-10",))
    what.bars.loc["2024-01-10", ["open", "high", "low", "close"]] = 0.0

    low, high = drawn(what)["layout"]["yaxis2"]["range"]

    assert 8 < low < 9
    assert 19 < high < 20


def test_made_up_bars_are_named_so() -> None:
    what = report(provider="synthetic")

    assert "equities · daily · synthetic" in drawn(what)["layout"]["title"]["subtitle"]["text"]
    assert "equities/daily/AAPL (synthetic)" in svg_of(what)
    assert "equities · daily · synthetic" in svg_of(what)


def test_a_symbol_is_never_read_as_a_tag() -> None:
    what = report(gap("2024-01-10", "2024-01-10", 1), missing=("2024-01-10",), symbol=NASTY)

    title = drawn(what)["layout"]["title"]["text"]
    assert title.startswith("<b>&lt;b&gt;x&lt;/b&gt;&amp;&lt;a")
    root = ET.fromstring(svg_of(what))  # noqa: S314  # our own
    assert root.get("aria-label") == f"equities/daily/{NASTY}"
    assert {each.tag.rpartition("}")[2] for each in root.iter()} <= {
        "svg", "text", "tspan", "path", "rect", "pattern", "circle", "title"
    }  # fmt: skip


def test_the_head_says_the_last_price_and_its_change() -> None:
    title = drawn(report())["layout"]["title"]

    # The last close is 18.5, the one before it 17.5: 5.714 % more.
    assert "AAPL   18.50" in title["text"]
    assert "▲ +1.00 +5.71 %" in title["text"]
    assert (
        "Fri 19 Jan 2024   O 18.00  H 19.00  L 17.00  C 18.50  Vol 900"
        in (title["subtitle"]["text"])
    )


def test_nothing_has_a_background_of_its_own() -> None:
    layout = drawn(report())["layout"]

    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert layout["font"]["color"] == "#808080"
    assert layout["yaxis2"]["gridcolor"] == "rgba(128,128,128,0.16)"


def test_a_users_template_does_not_paint_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    import plotly.io as pio

    monkeypatch.setattr(pio.templates, "default", "plotly_dark")

    template = drawn(report())["layout"]["template"]

    assert "paper_bgcolor" not in template.get("layout", {})


def test_intraday_bars_are_labelled_in_the_exchanges_time() -> None:
    what = report(frequency="5m")
    stamps = ["2024-03-08T20:55", "2024-03-11T13:30"]  # New York changed its clocks between them

    what = PlotReport(what.dataset, "sample", what.zone, bars_of(stamps), as_stamps([]), ())

    labels = [text.split("<br>")[0] for text in the(what, "pointer")["text"]]
    assert labels == ["Fri 8 Mar 2024 15:55 EST", "Mon 11 Mar 2024 09:30 EDT"]


def test_an_hour_that_comes_twice_stays_two_bars() -> None:
    stamps = ["2024-11-03T05:30", "2024-11-03T06:30"]  # both are 01:30 in New York
    name = DatasetId("crypto", "30m", "BTC-USD")

    what = PlotReport(name, "sample", "America/New_York", bars_of(stamps), as_stamps([]), ())
    steps = steps_of(what)

    assert len(set(step_labels(what, steps, what.zone))) == 2


def test_many_bars_are_a_line_within_its_range() -> None:
    stamps = minutes(2 * MOST_CANDLES)
    what = PlotReport(DatasetId("equities", "1m", "X"), "sample", "UTC", bars_of(stamps),
                      as_stamps([]), ())  # fmt: skip

    close, low_to_high = the(what, "line"), the(what, "range")
    far, near = traces(what, "volume")
    # Two minutes per step: lows 9 and 10, highs 11 and 12, closes 10.5 and 11.5.
    assert list(low_to_high["x"][:2]) == [0.5, 0.5]
    assert list(low_to_high["y"][:2]) == [9, 12]
    assert (close["x"][0], close["y"][0], close["connectgaps"]) == (0.5, 11.5, False)
    assert (far["x"][0], far["y"][0], far["width"]) == (0.5, 300, 2)
    texts = [each["text"] for each in drawn(what)["layout"]["annotations"]]
    assert any("2 per step" in text for text in texts)
    # The last 400 bars wait, one by one, for a short range.
    candles = the(what, "candles")
    assert (candles["visible"], near["visible"], close["visible"]) == (False, False, True)
    assert list(candles["x"]) == list(range(1600, 2000))
    assert list(candles["close"])[-1] == 2009.5


@pytest.mark.parametrize(("number", "is_bodied"), [(400, True), (401, False)])
def test_a_line_stands_for_more_than_400_bars(number: int, is_bodied: bool) -> None:  # noqa: FBT001
    stamps = as_stamps(pd.date_range("2020-01-01", periods=number, freq="D"))
    name = DatasetId("crypto", "daily", "BTC-USD")
    what = PlotReport(name, "sample", "UTC", bars_of(stamps), as_stamps([]), ())

    assert the(what, "candles")["visible"] is is_bodied
    assert [each["visible"] for each in traces(what, "line")] == ([] if is_bodied else [True])


@pytest.mark.parametrize("number", [1, 2, 30])
def test_a_few_bars_are_bodies_that_are_not_as_wide_as_the_picture(number: int) -> None:
    name = DatasetId("crypto", "daily", "BTC-USD")
    stamps = as_stamps(pd.date_range("2020-01-01", periods=number, freq="D"))
    what = PlotReport(name, "sample", "UTC", bars_of(stamps), as_stamps([]), ())

    assert the(what, "candles")["visible"] is True
    left, right = drawn(what)["layout"]["xaxis"]["range"]
    assert right - left == max(number, 24)
    assert (left + right) / 2 == (number - 1) / 2


def test_a_range_of_gaps_alone_has_no_prices_beside_it() -> None:
    what = report(gap("2024-01-08", "2024-01-19", 9), missing=DAYS)

    assert drawn(what)["layout"]["yaxis2"]["visible"] is False
    assert edges(the(what, "bands")) == [(-0.5, 8.5)]


def test_a_button_shows_bodies_where_its_range_is_short_enough() -> None:
    stamps = as_stamps(pd.date_range("2020-01-01", "2023-12-31", freq="D"))
    name = DatasetId("crypto", "daily", "BTC-USD")
    what = PlotReport(name, "sample", "UTC", bars_of(stamps), as_stamps([]), ())

    figure = drawn(what)

    (menu,) = figure["layout"]["updatemenus"]
    assert menu["showactive"] is False
    found = {each["label"]: each["args"] for each in menu["buttons"]}
    assert [*found] == ["1M", "6M", "1Y", "All"]
    layers = [each["meta"]["layer"] for each in figure["data"]]
    seen = {
        label: dict(zip(layers, args[0]["visible"], strict=True)) for label, args in found.items()
    }
    assert (seen["1Y"]["candles"], seen["1Y"]["line"]) == (True, False)
    assert (seen["All"]["candles"], seen["All"]["line"]) == (False, True)
    # From 30 November to 31 December there are 32 days; the lowest low is that of the first.
    change = found["1M"][1]
    assert change["xaxis.range"] == [1460 - 31 - 0.5, 1460.5]
    assert change["yaxis2.range"][0] < 1429 + 9 < change["yaxis2.range"][0] + 3


def test_a_spike_of_one_minute_is_not_lost() -> None:
    bars = bars_of(minutes(100_000))
    bars.loc[minutes(100_000)[77_777], "high"] = 1e9
    bars.loc[minutes(100_000)[33_333], "low"] = 1e-9
    what = PlotReport(DatasetId("equities", "1m", "X"), "sample", "UTC", bars, as_stamps([]), ())

    for most in (MOST_CANDLES, 330):
        table = steps_of(what, most=most).table
        assert table["high"].max() == 1e9
        assert table["low"].min() == 1e-9


@given(
    prices=st.lists(st.floats(1, 1e6), min_size=1, max_size=80),
    missing=st.sets(st.integers(0, 79)),
    most=st.integers(1, 90),
)
def test_thinning_keeps_extremes_volume_and_counts(
    prices: list[float], missing: set[int], most: int
) -> None:
    stamps = minutes(len(prices))
    lacking = sorted(row for row in missing if 0 < row < len(prices) - 1)
    values = np.array(prices)
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), values)
    bars = make_bars(stamps, columns).drop(stamps[lacking])
    what = PlotReport(DatasetId("equities", "1m", "X"), "sample", "UTC", bars, stamps[lacking], ())

    steps = steps_of(what, most=most)

    kept = [price for row, price in enumerate(prices) if row not in lacking]
    assert len(steps) <= most
    assert steps.table["high"].max() == max(kept)
    assert steps.table["low"].min() == min(kept)
    assert steps.table["close"].dropna().iloc[-1] == kept[-1]
    assert steps.table["open"].dropna().iloc[0] == kept[0]
    assert steps.table["volume"].sum() == pytest.approx(sum(kept))
    assert steps.table["observed"].sum() == len(kept)
    assert steps.table["missing"].sum() == len(lacking)


@given(
    closes=st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60),
    widths=st.lists(st.floats(0, 1), min_size=60, max_size=60),
    most=st.sampled_from([1, 3, 7, 1000]),
)
def test_what_is_drawn_reaches_as_far_as_the_bars_and_no_further(
    closes: list[float], widths: list[float], most: int
) -> None:
    stamps, values = minutes(len(closes)), np.array(closes)
    wide = np.array(widths[: len(closes)])
    columns = {"open": values, "high": values * (1 + wide), "low": values / (1 + wide)}
    bars = make_bars(stamps, {**columns, "close": values, "volume": values})
    what = PlotReport(DatasetId("equities", "1m", "X"), "sample", "UTC", bars, as_stamps([]), ())

    steps = steps_of(what, most=most)
    low_to_high, close = line_traces(steps, middle)

    assert np.nanmax(low_to_high["y"]) == bars["high"].max()
    assert np.nanmin(low_to_high["y"]) == bars["low"].min()
    # Each step's ends are those of its own bars, at its own place.
    for step in range(len(steps)):
        own = bars.iloc[step * steps.size : (step + 1) * steps.size]
        assert low_to_high["y"][3 * step : 3 * step + 2].tolist() == [
            own["low"].min(), own["high"].max()
        ]  # fmt: skip
        assert close["y"][step] == own["close"].iloc[-1]
        ends = step * steps.size, step * steps.size + len(own) - 1
        assert close["x"][step] == low_to_high["x"][3 * step] == sum(ends) / 2
    drawn_volume = sum(float(sum(each["y"])) for each in volume_traces(steps, middle))
    assert drawn_volume == pytest.approx(bars["volume"].sum())


def test_a_gap_of_one_minute_among_many_still_shows() -> None:
    stamps = minutes(100_000)
    hole = stamps[50_000].to_pydatetime()
    what = PlotReport(
        DatasetId("equities", "1m", "X"), "sample", "UTC", bars_of(stamps.delete(50_000)),
        stamps[[50_000]], (Gap(hole, hole, 1),),
    )  # fmt: skip

    (band,) = bands_of(what, steps_of(what))

    # 100,000 bars are 100 per step; bar 50,000 is in step 500.
    assert (band.first, band.last) == (500, 500)


def test_gaps_that_a_screen_cannot_part_are_one_band() -> None:
    stamps = minutes(150_000)
    holes = np.arange(10, 140_000, 7)
    gaps = tuple(Gap(each, each, 1) for each in stamps[holes].to_pydatetime())
    what = PlotReport(
        DatasetId("equities", "1m", "X"), "sample", "UTC", bars_of(stamps.delete(holes)),
        stamps[holes], gaps,
    )  # fmt: skip

    (band,) = bands_of(what, steps_of(what))

    assert band.story.startswith("19,999 gaps, open: 19,999 bars missing\nthe first: gap, open")


def test_a_line_is_broken_where_all_bars_of_a_step_are_missing() -> None:
    stamps = minutes(6000)
    hole = stamps[3000:3400]
    what = PlotReport(
        DatasetId("equities", "1m", "X"), "sample", "UTC", bars_of(stamps.difference(hole)),
        hole, (Gap(hole[0].to_pydatetime(), hole[-1].to_pydatetime(), 400),),
    )  # fmt: skip

    close = the(what, "line")["y"]

    # Six bars per step: the steps 500 to 565 have none, and four of the 66th after them.
    assert np.flatnonzero(np.isnan(close)).tolist() == list(range(500, 566))
    assert edges(the(what, "bands")) == [(2999.5, 3401.5)]


def test_a_figure_of_490_000_minutes_stays_small() -> None:
    stamps = minutes(490_000)
    rng = np.random.default_rng(1)
    prices = np.exp(np.cumsum(rng.normal(0, 1e-3, len(stamps))))
    bars = make_bars(stamps, dict.fromkeys(("open", "high", "low", "close", "volume"), prices))
    holes = rng.choice(np.arange(1, 489_999), 30_000, replace=False)
    gaps = tuple(
        Gap(each, each, 1, "confirmed", attempts=2)
        for each in stamps[np.sort(holes)].to_pydatetime()
    )
    what = PlotReport(
        DatasetId("equities", "1m", "X"), "sample", "UTC", bars.drop(stamps[holes]),
        stamps[np.sort(holes)], gaps,
    )  # fmt: skip

    # Before plotly 6, numbers are written digit by digit.
    assert len(json.dumps(bundle_of(what)[PLOTLY])) < 300_000
    assert len(svg_of(what)) < 40_000


def test_a_run_shows_what_it_asked_for_and_revised() -> None:
    record = UpdateRecord(
        day("2024-01-20"), "update", "sample", "changed",
        spans=(Span(day("2024-01-17"), day("2024-01-20")),),
        revisions=(Revision(day("2024-01-18"), "close", 1.0, 2.0),),
    )  # fmt: skip
    plain = report()
    what = PlotReport(
        plain.dataset, "sample", plain.zone, plain.bars, plain.missing, (), record=record
    )

    asked, revised = traces(what, "run")
    assert [value == 0 for value in asked["y"]] == [False] * 6 + [True] * 3
    assert (list(revised["x"]), list(revised["y"])) == ([7], [18])
    assert "last update" in drawn(what)["layout"]["title"]["subtitle"]["text"]


def test_a_range_without_bars_says_so() -> None:
    what = report()
    empty = PlotReport(what.dataset, "sample", what.zone, what.bars.iloc[:0], what.missing, ())

    assert drawn(empty)["layout"]["annotations"][0]["text"] == "no bars in this range"
    assert "no observed bars in this range" in svg_of(empty)


def test_the_figure_is_plain_json() -> None:
    what = report(gap("2024-01-10", "2024-01-10", 1), missing=("2024-01-10",))

    text = figure_of(what).to_json()

    assert "candlestick" in [each["type"] for each in json.loads(text)["data"]]
    assert "NaN" not in text


def test_a_still_picture_shows_bars_gaps_and_fills() -> None:
    made = gap("2024-01-16", "2024-01-16", 1, "confirmed", filled_by="forward")
    what = report(
        gap("2024-01-10", "2024-01-11", 2), made,
        missing=("2024-01-10", "2024-01-11"), filled=("2024-01-16",),
    )  # fmt: skip

    text = svg_of(what)

    root = ET.fromstring(text)  # noqa: S314  # our own
    tags = [each.tag.rpartition("}")[2] for each in root.iter()]
    assert tags.count("pattern") == 1
    assert 'fill="url(#ml4t-open)"' in text
    assert 'stroke-dasharray="2 2"' in text
    assert "2 missing" in text
    assert ">8 Jan</text>" in text
    assert ">2024</text>" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_a_gap_is_reported_in_the_still_picture_too() -> None:
    what = report(gap("2024-01-10", "2024-01-10", 1, attempts=1), missing=("2024-01-10",))

    assert "requested once: no bars</title>" in svg_of(what)


def test_a_gap_beyond_the_range_has_no_band() -> None:
    later = Gap(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC), 1)

    assert bands_of(report(later), steps_of(report(later))) == ()


def test_a_gap_beyond_the_range_has_no_band_in_a_thinned_picture_either() -> None:
    later = Gap(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC), 1)
    name = DatasetId("equities", "1m", "X")
    what = PlotReport(name, "sample", "UTC", bars_of(minutes(3001)), as_stamps([]), (later,))

    assert bands_of(what, steps_of(what)) == ()


@pytest.mark.parametrize("machine", ["Asia/Tokyo", "UTC"])
def test_the_story_of_missing_minutes_is_in_the_time_of_the_axis(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", machine)
    time.tzset()
    stamps = minutes(600)
    name = DatasetId("equities", "1m", "X")
    holes = stamps[[30, 31, 40]]
    first, last, alone = holes.to_pydatetime()
    gaps = (Gap(first, last, 2), Gap(alone, alone, 1))
    what = PlotReport(name, "sample", "America/New_York", bars_of(stamps.drop(holes)), holes, gaps)

    try:
        # From 9:30 on, which is 14:30 in UTC.
        (two, one), (told,) = bands_of(what, steps_of(what)), traces(what, "stories")
        assert two.story.startswith("gap, open: 2 bars missing, 2019-01-02 10:00 … 10:01 EST\n")
        assert one.story.startswith("gap, open: 1 bar missing, 2019-01-02 10:10 EST\n")
        assert "10:00 … 10:01 EST" in told["text"][0]
        assert "10:00 … 10:01 EST" in svg_of(what)
    finally:
        monkeypatch.undo()
        time.tzset()
