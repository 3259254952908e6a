"""Bars, volume, and the gaps among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ml4t_nb.model import bar_length
from ml4t_nb.render.format import count, many
from ml4t_nb.render.plots.steps import Band, Steps, bands_of, steps_of
from ml4t_nb.render.plots.theme import CLOSE_LINE, DOWN, GAPS, GREY, GRID, UP, remark, safe
from ml4t_nb.render.plots.trust_marks import mark_traces
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["price_drawing"]

_LABELLED = 12
_WIDE, _NARROW = 0.12, 0.013  # shares of the axis: a label is flat, a label fits upright
_AIR = 0.05


def price_drawing(report: PlotReport) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Candles, or beyond `MOST_CANDLES` a line within the range of each step; and the layout."""
    steps = steps_of(report)
    bands = bands_of(report, steps)
    prices = [_candles(steps)] if steps.size == 1 else list(_line(steps))
    traces = [*prices, *_filled(steps), _volume(steps), *_hatches(steps, bands)]
    traces += [*_asked(report, steps), *_revised(report, steps)]
    if report.findings or report.sources:
        traces += mark_traces(report, steps)
    shapes = [_shape(band, len(steps), is_labelled=len(bands) <= _LABELLED) for band in bands]
    marks = {"shapes": shapes, "annotations": _remarks(report, steps)}
    return traces, {**_axes(report, steps), **marks}


def _candles(steps: Steps) -> dict[str, Any]:
    # Without the empty ones, of which plotly draws a path that browsers complain about.
    real = steps.table[steps.table["observed"] > 0]
    up, down = ({"line": {"color": each, "width": 1}, "fillcolor": each} for each in (UP, DOWN))
    return {
        "type": "candlestick",
        "x": [steps.labels[row] for row in real.index],
        **{name: real[name].to_numpy() for name in ("open", "high", "low", "close")},
        "name": "bars",
        "showlegend": False,
        "increasing": up,
        "decreasing": down,
    }


def _line(steps: Steps) -> Iterator[dict[str, Any]]:
    high, low, close = (steps.table[name].to_numpy() for name in ("high", "low", "close"))
    # Bars rather than an area: an area would bridge the gaps.
    yield {
        "type": "bar",
        "x": steps.labels,
        "y": high - low,
        "base": low,
        "width": 1,
        "marker": {"color": CLOSE_LINE, "opacity": 0.4, "line": {"width": 0}},
        "name": "low to high",
        "hovertemplate": "%{base} … %{customdata}<extra>low to high</extra>",
        "customdata": high,
    }
    yield {
        "type": "scatter",
        "x": steps.labels,
        "y": close,
        "mode": "lines",
        "line": {"color": CLOSE_LINE, "width": 1.2},
        "connectgaps": False,
        "name": "close",
        "hovertemplate": "%{y}<extra>close</extra>",
    }


def _filled(steps: Steps) -> Iterator[dict[str, Any]]:
    made = steps.table[steps.table["filled"] > 0]
    if not made.empty:
        yield {
            "type": "scatter",
            "x": [steps.labels[row] for row in made.index],
            "y": made["made"].to_numpy(),
            "mode": "markers",
            "marker": {"symbol": "circle-open", "size": 7, "color": GREY, "line": {"width": 1.5}},
            "name": "filled",
            "customdata": [many(number, "bar") + " made by filling" for number in made["filled"]],
            "hovertemplate": "%{y}: %{customdata}<extra>filled</extra>",
        }


def _volume(steps: Steps) -> dict[str, Any]:
    return {
        "type": "bar",
        "x": steps.labels,
        "y": steps.table["volume"].to_numpy(),
        "yaxis": "y2",
        "width": 0.8 if steps.size == 1 else 1,
        "marker": {"color": GREY, "opacity": 0.55, "line": {"width": 0}},
        "name": "volume",
        "showlegend": False,
        "hovertemplate": "%{y:,.10~g}<extra>volume</extra>",
    }


def _hatches(steps: Steps, bands: tuple[Band, ...]) -> Iterator[dict[str, Any]]:
    """One hatched column a step for each state, which also says why when pointed at."""
    for state in dict.fromkeys(band.state for band in bands):
        own = [
            (steps.labels[step], safe(band.story).replace("\n", "<br>"))
            for band in bands
            if band.state == state
            for step in range(band.first, band.last + 1)
        ]
        colour = GAPS[state].colour
        pattern = {
            "shape": GAPS[state].hatch,
            "fgcolor": colour,
            "bgcolor": "rgba(0,0,0,0)",
            "size": 8,
            "solidity": 0.2,
            "fillmode": "replace",
        }
        yield {
            "type": "bar",
            "x": [label for label, _ in own],
            "y": [1] * len(own),
            "yaxis": "y3",
            "width": 1,
            "marker": {"color": colour, "pattern": pattern, "line": {"width": 0}, "opacity": 0.7},
            "name": state,
            "customdata": [story for _, story in own],
            "hovertemplate": "%{customdata}<extra></extra>",
        }


def _asked(report: PlotReport, steps: Steps) -> Iterator[dict[str, Any]]:
    """A line under what the run asked for."""
    import pandas as pd

    steps_asked: set[int] = set()
    for span in report.record.spans if report.record is not None else ():
        ends = [pd.Timestamp(span.start), pd.Timestamp(span.end)]
        first, last = steps.rows.searchsorted(ends).tolist()
        if first < last:
            steps_asked |= set(range(first // steps.size, (last - 1) // steps.size + 1))
    if steps_asked:
        yield {
            "type": "scatter",
            "x": steps.labels,
            "y": [0 if at in steps_asked else None for at in range(len(steps))],
            "yaxis": "y3",
            "mode": "lines+markers",
            "line": {"color": CLOSE_LINE, "width": 4},
            "marker": {"size": 4, "color": CLOSE_LINE},
            "name": "requested by the run",
            "hoverinfo": "skip",
        }


def _revised(report: PlotReport, steps: Steps) -> Iterator[dict[str, Any]]:
    """The bars whose values the run changed."""
    import pandas as pd

    if report.record is None or not report.record.revisions or not len(steps):
        return
    stamps = pd.DatetimeIndex([each.stamp for each in report.record.revisions])
    at = steps.rows.searchsorted(stamps[stamps.isin(steps.rows)]) // steps.size
    rows = sorted(set(at.tolist()))
    yield {
        "type": "scatter",
        "x": [steps.labels[row] for row in rows],
        "y": steps.table["high"].to_numpy()[rows],
        "mode": "markers",
        "marker": {"symbol": "triangle-down", "size": 8, "color": GREY},
        "name": "revised by the run",
        "hovertemplate": "revised by the run<extra></extra>",
    }


def _shape(band: Band, length: int, *, is_labelled: bool) -> dict[str, Any]:
    colour = GAPS[band.state].colour
    return {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "yref": "paper",
        "x0": band.first - 0.5,
        "x1": band.last + 0.5,
        "y0": 0,
        "y1": 1,
        "fillcolor": colour,
        "opacity": 0.12 if band.is_filled else 0.25,
        "line": {"width": 1, "color": colour},
        "label": _label(band, (band.last + 1 - band.first) / length) if is_labelled else None,
    }


def _label(band: Band, share: float) -> dict[str, Any]:
    """The state, where its band has no hatch and no volume, if it is wide enough to hold words."""
    label = {
        "text": f"{band.state}, filled" if band.is_filled else band.state,
        "textposition": "bottom center" if share > _NARROW else "middle center",
        "font": {"color": GREY, "size": 11},
        "textangle": 0 if share > _WIDE else -90,
    }
    # Turned upright, the words begin where their left end is anchored.
    start = {"xanchor": "left", "yanchor": "middle"} if _NARROW < share <= _WIDE else {}
    return {**label, **start}


def _axes(report: PlotReport, steps: Steps) -> dict[str, Any]:
    common = {"gridcolor": GRID, "linecolor": GRID, "zeroline": False}
    is_intraday = bar_length(report.dataset.frequency) is not None
    return {
        "height": 320 if report.record is not None else 480,
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "xaxis": {
            **common,
            "type": "category",
            "categoryorder": "array",
            "categoryarray": steps.labels,
            "range": [-0.5, max(len(steps), 1) - 0.5],
            "nticks": 8,
            "tickangle": 0,
            "showgrid": False,
            "anchor": "y2",
            "rangeslider": {"visible": False},
            "title": {"text": safe(report.zone) if is_intraday else "", "font": {"size": 10}},
        },
        "yaxis": {**common, "domain": [0.26, 1], "range": _reach(steps.table)},
        "yaxis2": {**common, "domain": [0, 0.2], "rangemode": "tozero", "nticks": 3},
        "yaxis3": {"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False},
    }


def _reach(table: pd.DataFrame) -> list[float] | None:
    """Lowest to highest observed price, with air; a bar filled with 0 must not flatten the rest."""
    low, high = float(table["low"].min()), float(table["high"].max())
    if not low <= high:
        return None
    air = (high - low) * _AIR or abs(high) * _AIR or 1.0
    return [low - air, high + air]


def _remarks(report: PlotReport, steps: Steps) -> list[dict[str, Any]]:
    if not len(steps):
        return [remark("no bars in this range", x=0.5, y=0.5)]
    if steps.size == 1:
        return []
    text = (
        f"{count(len(report.bars))} bars, {steps.size:,} per step; a shorter range shows every bar"
    )
    return [remark(text, x=0, y=1, xanchor="left", yanchor="bottom")]
