"""Panes, axes, lines and words of a chart of bars, as far as they depend on the range in view."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.plots.axis_ticks import chosen_level, session_starts, tick_levels, tick_words
from ml4t_nb.render.plots.chart_facts import ChartHeader
from ml4t_nb.render.plots.chart_words import running_rows
from ml4t_nb.render.plots.event_traces import band_edges
from ml4t_nb.render.plots.price_words import round_volume
from ml4t_nb.render.plots.steps import Band, Steps
from ml4t_nb.render.plots.theme import Colours, bold, in_lines, middle
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "View",
    "axes",
    "band_labels",
    "lane_of",
    "last_close",
    "last_price",
    "open_until",
    "price_range",
    "range_in_view",
    "sessions_in_view",
    "ticks_in_view",
    "volume_ticks",
]

_WIDE = 850  # pixels of the panes where a figure is 926 wide
_AIR = 0.05
_PRICE, _VOLUME = (0.25, 1), (0, 0.2)
_ALONE = (0.06, 1)  # the prices without volumes
_LABELLED = 20  # pixels that a band needs to hold words
_MOST_HEADINGS, _MOST_STARTS = 9, 40
_CHARACTER = 6.6


@dataclass(frozen=True, slots=True)
class View:
    """A range of the axis, and what is drawn there."""

    report: PlotReport
    steps: Steps
    bands: Sequence[Band]
    left: float
    right: float


def axes(steps: Steps, decimals: int, colours: Colours) -> dict[str, Any]:
    """The panes: bands behind both, prices above, volumes below, if there are any."""
    is_alone = not _has_volume(steps)
    common = {
        "gridcolor": colours("grid"), "zeroline": False, "showline": False, "ticks": "",
        "side": "right", "tickfont": {"size": 11, "color": colours("muted")},
    }  # fmt: skip
    return {
        "xaxis": {
            "type": "linear",
            "anchor": "y" if is_alone else "y3",
            "showgrid": False, "zeroline": False, "showline": False, "ticks": "",
            "ticklabeloverflow": "allow",
            "tickfont": {"size": 11, "color": colours("muted")},
            "tickangle": 0,
            "rangeslider": {"visible": False},
        },
        # The bands first: plotly draws subplots in the order of their y axes.
        "yaxis": {"range": [0, 1], "domain": [0, 1], "visible": False, "fixedrange": True},
        "yaxis2": {
            **common, "domain": list(_ALONE if is_alone else _PRICE), "nticks": 7,
            "visible": _has_price(steps),
            "tickformat": f",.{decimals}f",
        },
        "yaxis3": {
            **common, "domain": list(_VOLUME), "rangemode": "tozero", "tickmode": "array",
            "visible": not is_alone,
        },
        "margin": {"l": 12, "r": _margin(steps, decimals), "t": 6, "b": 40},
    }  # fmt: skip


def _has_volume(steps: Steps) -> bool:
    """Whether a bar has one."""
    return bool((steps.table["volume"] > 0).any())


def _has_price(steps: Steps) -> bool:
    return bool(steps.table[["close", "made"]].notna().any(axis=None))


def lane_of(steps: Steps) -> float:
    """Where between the panes, or below the prices, corporate actions stand."""
    return 0.222 if _has_volume(steps) else 0.028


def _margin(steps: Steps, decimals: int) -> int:
    """Room for the longest price and its tag."""
    high = float(steps.table["high"].max()) if len(steps) else 0.0
    longest = len(f"{high:,.{decimals}f}") if high == high else 0  # noqa: PLR0124  # NaN
    return max(64, round(longest * _CHARACTER) + 18)


def range_in_view(view: View) -> dict[str, dict[str, Any]]:
    """The ranges of the axes that show all of what is in view, and ticks of the volumes."""
    table = view.steps.table
    middles = view.steps.middles
    seen = table[(middles >= view.left) & (middles <= view.right)]
    most = float(seen["volume"].max()) if len(seen) else 0.0
    found: dict[str, dict[str, Any]] = {"xaxis": {"range": [view.left, view.right]}}
    if range_ := price_range(seen):
        found["yaxis2"] = {"range": range_}
    if most > 0:
        values = volume_ticks(most)
        words = [round_volume(each) for each in values]
        found["yaxis3"] = {"range": [0.0, most * 1.05], "tickvals": values, "ticktext": words}
    return found


def volume_ticks(most: float) -> list[float]:
    """One or two round numbers up to the largest volume."""
    step = 10.0 ** math.floor(math.log10(most))
    size = next(each for each in (5, 2, 1, 0.5) if 2 * each * step <= most)
    return [size * step, 2 * size * step]


def price_range(table: pd.DataFrame) -> list[float] | None:
    """Lowest to highest observed price, with air; a bar filled with 0 must not flatten the rest."""
    low, high = float(table["low"].min()), float(table["high"].max())
    if not low <= high:
        return None
    air = (high - low) * _AIR or abs(high) * _AIR or 1.0
    return [low - air, high + air]


def last_close(report: PlotReport) -> float:
    """The last observed close; NaN if there is none."""
    closes = report.bars["close"][~report.bars["filled"].to_numpy(bool)].dropna()
    return float(closes.iloc[-1]) if len(closes) else float("nan")


def ticks_in_view(view: View, colours: Colours) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Ticks of the axis, and a line through both panes at each."""
    levels = tick_levels(view.report, view.steps)
    level = chosen_level(levels, view.left, view.right, wide=_WIDE)
    rows, words = tick_words(level, view.left, view.right) if level else ([], [])
    lines = [_line(row, "grid", colours("grid")) for row in rows]
    return {"tickmode": "array", "tickvals": rows, "ticktext": words}, lines


def sessions_in_view(
    view: View, colours: Colours
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A line where each session of intraday bars starts, and its day."""
    starts = session_starts(view.report, view.steps)
    if starts is None:
        return [], []
    columns = zip(starts.rows, starts.labels, strict=True)
    seen = [(row, label) for row, label in columns if view.left <= row <= view.right]
    if len(seen) > _MOST_STARTS:
        return [], []
    lines = [_line(row - 0.5, "session", colours("line2")) for row, _ in seen]
    place = {"xref": "x", "xanchor": "left", "xshift": 3, "yref": "paper", "y": 1, "yanchor": "top"}
    words = [
        {
            **place, "name": "session", "x": row - 0.5, "text": bold(label),
            "showarrow": False, "font": {"size": 11, "color": colours("muted")},
        }
        for row, label in (seen if len(seen) <= _MOST_HEADINGS else ())
    ]  # fmt: skip
    return lines, words


def _line(at: float, name: str, colour: str) -> dict[str, Any]:
    ends = {"x0": at, "x1": at, "y0": 0, "y1": 1, "xref": "x", "yref": "paper"}
    line = {"width": 1, "color": colour}
    return {"type": "line", "layer": "below", "name": name, **ends, "line": line}


def last_price(
    header: ChartHeader, price: float, colours: Colours
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A dotted line at the last price, and its tag on the axis."""
    if not header.price:
        return [], []
    colour = colours("muted" if header.sign == "flat" else header.sign)
    line = {
        "type": "line", "name": "last", "xref": "paper", "yref": "y2", "x0": 0, "x1": 1,
        "y0": price, "y1": price, "line": {"width": 1, "color": colour, "dash": "2px,2px"},
    }  # fmt: skip
    words = in_lines(bold(header.price), header.percent)
    tag = {
        "name": "last", "xref": "paper", "yref": "y2", "x": 1, "y": price, "xanchor": "left",
        "text": words, "align": "left", "showarrow": False, "bgcolor": colour, "borderpad": 3,
        "xshift": 2, "font": {"size": 11, "color": colours("ontag")},
    }  # fmt: skip
    return [line], [tag]


def band_labels(view: View, colours: Colours, *, is_all: bool = False) -> list[dict[str, Any]]:
    """How many bars are missing, inside the top of each band that is wide enough in view."""
    span = max(view.right - view.left, 1)
    # Paper of an unknown colour cannot be laid under words.
    ground, ink = ("tip", "tiptext") if colours is middle else ("paper", "text")
    return [
        {
            "name": "band", "xref": "x", "yref": "paper", "x": (left + right) / 2, "y": 0.98,
            "yanchor": "top", "text": f"{band.missing:,} missing", "showarrow": False,
            "bgcolor": colours(ground), "borderpad": 2,
            "font": {"size": 11, "color": colours(ink)},
        }
        for band in view.bands
        for left, right in (band_edges(band, view.steps),)
        if not band.is_filled and band.state != "closed"
        if is_all or (right - left) * _WIDE / span > _LABELLED
        if view.left <= (left + right) / 2 <= view.right
    ]  # fmt: skip


def open_until(view: View, colours: Colours) -> Iterator[dict[str, Any]]:
    """In the room that a running session still needs, until when it is open."""
    report = view.report
    number = running_rows(report)
    if number and report.open_until is not None and not report.bars.empty:
        until = report.open_until.astimezone(_zone(report))
        yield {
            "name": "open", "xref": "x", "yref": "paper", "x": view.steps.last + 0.5,
            "y": 0.6, "xanchor": "left", "xshift": 6, "align": "left", "showarrow": False,
            "text": in_lines("open until", f"{until:%H:%M}"),
            "font": {"size": 11, "color": colours("muted")},
        }  # fmt: skip


def _zone(report: PlotReport) -> Any:  # noqa: ANN401  # of the standard library
    from zoneinfo import ZoneInfo

    return ZoneInfo(report.zone)
