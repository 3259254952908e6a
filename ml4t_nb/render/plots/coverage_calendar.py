"""A calendar of sessions: a row a year, a column a day, and how many of its bars each has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from ml4t_nb.render.format import count, many
from ml4t_nb.render.plots import theme
from ml4t_nb.render.plots.steps import rows_of
from ml4t_nb.render.plots.trust_marks import session_rings, session_story
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WEEKS", "Cells", "Styles", "cells_of", "coverage_drawing", "styles_of"]

Styles: TypeAlias = list[tuple[str, theme.StateStyle]]
"""Name and style of each session."""

Trace: TypeAlias = dict[str, Any]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FRIDAY = 4
WEEKS = 54
_NONE = (*theme.GAPS.values(), theme.SESSIONS["filled"])
_ROOM = 130  # of title, legend and months
_TALL, _LOW, _MOST = 34, 12, 760


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Where each session stands on the map.

    A row is one of the ``years``. Columns are the days of the weeks since the one that 1 January
    is in, 1, 5 or 7 a week; weekends only where a session has been held on one.
    """

    width: int
    years: tuple[int, ...]
    rows: list[int]
    columns: list[int]


def cells_of(sessions: pd.DataFrame, *, is_weekly: bool) -> Cells:
    """The map's cells, in the order of the sessions."""
    import pandas as pd

    days = pd.DatetimeIndex(sessions.index).tz_localize(None)
    weekday = days.day_of_week
    width = 1 if is_weekly else 7 if (weekday > _FRIDAY).any() else 5
    begins = pd.to_datetime(days.year.astype(str) + "-01-01")
    monday = begins - pd.to_timedelta(begins.day_of_week, unit="D")
    weeks = (days - monday).days // 7
    columns = weeks * width + (0 if is_weekly else weekday)
    years = tuple(range(days.year.min(), days.year.max() + 1)) if len(days) else ()
    return Cells(width, years, [year - years[0] for year in days.year], columns.tolist())


def styles_of(report: PlotReport, sessions: pd.DataFrame) -> Styles:
    """Name and style of each session."""
    return [
        theme.style_of(row.state, report.gaps[row.gap].state if row.gap >= 0 else None)
        for row in rows_of(sessions)
    ]


def coverage_drawing(report: PlotReport, sessions: pd.DataFrame) -> tuple[list[Trace], Trace]:
    """The map: darker the more bars a session has, and a mark on each that is not whole."""
    cells = cells_of(sessions, is_weekly=report.dataset.frequency == "weekly")
    years = [str(year) for year in cells.years]
    styles = styles_of(report, sessions)
    height = min(max(_LOW, min(_TALL, _MOST // max(len(years), 1))) * len(years), 2000)
    axis = {"showgrid": False, "zeroline": False, "ticks": ""}
    middles = [(30.44 * (month + 0.5) + 2) / 7 * cells.width for month in range(12)]
    layout = {
        "height": _ROOM + max(height, 3 * _TALL),
        "hovermode": "closest",
        "xaxis": {
            **axis,
            "range": [-0.5, WEEKS * cells.width - 0.5],
            "tickvals": middles,
            "ticktext": _MONTHS,
        },
        "yaxis": {
            **axis,
            "type": "category",
            "categoryorder": "array",
            "categoryarray": years,
            "range": [max(len(years), 3) - 0.5, -0.5],
        },
        "annotations": []
        if len(sessions)
        else [theme.remark("no sessions in this range", x=0.5, y=0.5)],
    }
    rings = session_rings(sessions, cells.columns, [years[row] for row in cells.rows], report)
    return [_heat(report, sessions, cells, styles), *_marks(cells, styles), *rings], layout


def _heat(report: PlotReport, sessions: pd.DataFrame, cells: Cells, styles: Styles) -> Trace:
    import numpy as np

    shares = np.full((len(cells.years), WEEKS * cells.width), np.nan)
    stories = np.full(shares.shape, "", dtype=object)
    frequency = report.dataset.frequency
    of_gaps = [theme.gap_story(gap, frequency, report.zone) for gap in report.gaps]
    for row, at, column, (_, style) in zip(
        rows_of(sessions), cells.rows, cells.columns, styles, strict=True
    ):
        shares[at, column] = _share(row, style)
        gap = of_gaps[row.gap : row.gap + 1] if row.gap >= 0 else ()
        story = "\n".join([_count(row), *gap, *session_story(row, report)])
        stories[at, column] = theme.safe(f"{row.Index:%a %Y-%m-%d}: {story}").replace("\n", "<br>")
    return {
        "type": "heatmap",
        "z": shares,
        "y": list(map(str, cells.years)),
        "customdata": stories,
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "zmin": -len(_NONE),
        "zmax": 1,
        "colorscale": _scale(),
        "xgap": 1 if cells.width == 1 else 0,
        "ygap": 2,
        "name": "share of bars present",
        "showscale": False,
    }


def _share(row: Any, style: theme.StateStyle) -> float:  # noqa: ANN401  # a named tuple of pandas'
    """Share of bars observed; below zero, which style a session without any has."""
    if row.observed:
        return min(float(row.observed / max(row.expected, 1)), 1.0)
    return -1.0 - _NONE.index(style) if style in _NONE else 0.0


def _scale() -> list[tuple[float, str]]:
    """Colours from the lowest number to all bars, those below zero one each."""
    whole = len(_NONE) + 1
    edges = []
    for at, style in enumerate(reversed(_NONE)):
        # From half a step before its number to half a step after.
        start, end = max(at - 0.5, 0) / whole, (at + 0.5) / whole
        edges += [(start, style.colour), (end, style.colour)]
    pale = "rgb(190,215,211)"
    ends = [(edges[-1][0], pale), (len(_NONE) / whole, pale)]
    return [*edges, *ends, (1.0, theme.SESSIONS["present"].colour)]


def _count(row: Any) -> str:  # noqa: ANN401  # a named tuple of pandas'
    if row.state == "closed" and not row.expected:
        return "closed, as declared"
    if row.state == "extra":
        return f"{many(row.observed, 'bar')}, and no session in the calendar"
    filled = f", {count(row.filled)} filled" if row.filled else ""
    return f"{row.state}, {count(row.observed)} of {many(row.expected, 'bar')}{filled}"


def _marks(cells: Cells, styles: Styles) -> Iterator[Trace]:
    """A sign on each session that is not whole, by what is wrong with it."""
    places = zip(styles, cells.rows, cells.columns, strict=True)
    placed = sorted(places, key=lambda each: theme.legend_place(each[0][0]))
    for (name, style), each_of in groupby(placed, key=lambda each: each[0]):
        if name == "present":
            continue
        same = list(each_of)
        is_hollow = style.symbol == "circle"
        yield {
            "type": "scatter",
            "x": [column for _, _, column in same],
            "y": [str(cells.years[row]) for _, row, _ in same],
            "mode": "markers",
            "marker": {
                "symbol": style.symbol,
                "size": 8,
                # Outlined, since the cell under it has the same colour; filled bars are hollow.
                "color": "#ffffff" if is_hollow else style.colour,
                "line": {"width": 1, "color": style.colour if is_hollow else "#fff"},
            },
            "name": f"{name}: {many(len(same), 'session')}",
            "hoverinfo": "skip",
        }
