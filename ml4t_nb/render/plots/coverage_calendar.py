"""A calendar of sessions: a row a year, a column a day, and how many of its bars each has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from ml4t_nb.model import Gap
from ml4t_nb.render.format import count, many
from ml4t_nb.render.plots.downsample import rows_of
from ml4t_nb.render.plots.prices import Drawing
from ml4t_nb.render.plots.theme import GAPS, GREY, SESSIONS, Look, gap_story, safe
from ml4t_nb.reports import PlotReport, SessionState

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cells", "cells_of", "coverage_drawing", "look_of"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FRIDAY = 4
_NONE = (*GAPS.values(), SESSIONS["missing"], SESSIONS["filled"])
_ROOM = 130  # of title, legend and months
_TALL, _LOW, _MOST = 34, 12, 760


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Where each session stands on the map.

    Columns are the days of the weeks since the one that 1 January is in; weekends only where a
    session has been held on one.

    Parameters
    ----------
    width
        Columns of a week: 1 for weekly bars, 5 or 7.
    years
        Rows of the map, from the top.
    rows, columns
        Of each session.
    """

    width: int
    years: tuple[int, ...]
    rows: list[int]
    columns: list[int]

    @property
    def months(self) -> list[float]:
        """Column in the middle of each month."""
        return [(30.44 * (month + 0.5) + 2) / 7 * self.width for month in range(12)]


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


def look_of(state: SessionState, gap: Gap | None) -> tuple[str, Look]:
    """Name and look of a session; a missing one is described by its gap's state."""
    if state == "missing" and gap is not None:
        return f"missing, {gap.state}", GAPS[gap.state]
    return state, SESSIONS[state]


def coverage_drawing(report: PlotReport) -> Drawing:
    """The map: darker the more bars a session has, and a mark on each that is not whole."""
    sessions = report.sessions
    assert sessions is not None
    cells = cells_of(sessions, is_weekly=report.dataset.frequency == "weekly")
    height = min(max(_LOW, min(_TALL, _MOST // max(len(cells.years), 1))) * len(cells.years), 2000)
    words = [str(year) for year in cells.years]
    axis = {"showgrid": False, "zeroline": False, "ticks": ""}
    layout = {
        "height": _ROOM + max(height, 3 * _TALL),
        "hovermode": "closest",
        "xaxis": {
            **axis,
            "range": [-0.5, 54 * cells.width - 0.5],
            "tickvals": cells.months,
            "ticktext": _MONTHS,
        },
        "yaxis": {
            **axis,
            "type": "category",
            "categoryorder": "array",
            "categoryarray": words,
            "range": [max(len(words), 3) - 0.5, -0.5],
        },
        "annotations": [] if len(sessions) else [_nothing()],
    }
    return Drawing([*_heat(report, cells), *_marks(report, cells)], layout)


def _nothing() -> dict[str, Any]:
    return {
        "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False,
        "font": {"color": GREY}, "text": "no sessions in this range",
    }  # fmt: skip


def _heat(report: PlotReport, cells: Cells) -> Iterator[Any]:
    import numpy as np
    import plotly.graph_objects as go

    sessions = report.sessions
    assert sessions is not None
    amounts = np.full((len(cells.years), 54 * cells.width), np.nan)
    words = np.full(amounts.shape, "", dtype=object)
    amounts[cells.rows, cells.columns] = [_amount(row, look) for row, look in _looks(report)]
    words[cells.rows, cells.columns] = _stories(report)
    yield go.Heatmap(
        z=amounts,
        y=[str(year) for year in cells.years],
        customdata=words,
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=False,
        zmin=-len(_NONE),
        zmax=1,
        colorscale=_scale(),
        xgap=1 if cells.width == 1 else 0,
        ygap=2,
        name="share of bars present",
        showscale=False,
    )


def _looks(report: PlotReport) -> Iterator[tuple[Any, Look]]:
    """Each session with its look."""
    assert report.sessions is not None
    for row in rows_of(report.sessions):
        yield row, look_of(row.state, report.gaps[row.gap] if row.gap >= 0 else None)[1]


def _amount(row: Any, look: Look) -> float:  # noqa: ANN401  # a named tuple of pandas'
    """Share of bars observed; below zero, which look a session without any has."""
    if row.observed:
        share: float = row.observed / max(row.expected, 1)
        return min(share, 1.0)
    return -1.0 - _NONE.index(look) if look in _NONE else 0.0


def _scale() -> list[tuple[float, str]]:
    """Colours from the lowest amount to all bars, those below zero one each."""
    whole = len(_NONE) + 1
    edges = []
    for at, look in enumerate(reversed(_NONE)):
        # From half a step before its number to half a step after.
        start, end = max(at - 0.5, 0) / whole, (at + 0.5) / whole
        edges += [(start, look.colour), (end, look.colour)]
    colour = SESSIONS["present"].colour
    pale = "rgb(190,215,211)"
    return [*edges, (edges[-1][0], pale), (len(_NONE) / whole, pale), (1.0, colour)]


def _stories(report: PlotReport) -> list[str]:
    assert report.sessions is not None
    frequency = report.dataset.frequency
    told = {at: gap_story(gap, frequency) for at, gap in enumerate(report.gaps)}
    days = [f"{day:%a %Y-%m-%d}" for day in report.sessions.index]
    return [
        safe(
            "\n".join(part for part in (f"{day}: {_count(row)}", told.get(row.gap, "")) if part)
        ).replace("\n", "<br>")
        for day, row in zip(days, rows_of(report.sessions), strict=True)
    ]


def _count(row: Any) -> str:  # noqa: ANN401  # a named tuple of pandas'
    if row.state == "closed" and not row.expected:
        return "closed, as declared"
    if row.state == "extra":
        return f"{many(row.observed, 'bar')}, and no session in the calendar"
    filled = f", {count(row.filled)} filled" if row.filled else ""
    return f"{row.state}, {count(row.observed)} of {many(row.expected, 'bar')}{filled}"


def _marks(report: PlotReport, cells: Cells) -> Iterator[Any]:
    """A sign on each session that is not whole, by what is wrong with it."""
    import plotly.graph_objects as go

    assert report.sessions is not None
    places: dict[str, tuple[Look, list[int]]] = {}
    for at, row in enumerate(rows_of(report.sessions)):
        if row.state != "present":
            name, look = look_of(row.state, report.gaps[row.gap] if row.gap >= 0 else None)
            places.setdefault(name, (look, []))[1].append(at)
    order: tuple[str, ...] = get_args(SessionState)
    for name in sorted(places, key=lambda each: (order.index(each.partition(",")[0]), each)):
        look, which = places[name]
        yield go.Scatter(
            x=[cells.columns[each] for each in which],
            y=[str(cells.years[cells.rows[each]]) for each in which],
            mode="markers",
            marker={
                "symbol": look.symbol,
                "size": 8,
                # Outlined, since the cell under it has the same colour; filled bars are hollow.
                "color": "#ffffff" if look.symbol == "circle" else look.colour,
                "line": {"width": 1, "color": look.colour if look.symbol == "circle" else "#fff"},
            },
            name=f"{name}: {many(len(which), 'session')}",
            hoverinfo="skip",
        )
