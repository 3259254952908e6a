"""Several symbols compared: the figure, that for a script, and the still picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.markup import element
from ml4t_nb.render.plots.chart_facts import RangeButton
from ml4t_nb.render.plots.chart_words import range_buttons
from ml4t_nb.render.plots.price_layout import (
    View,
    axes,
    range_in_view,
    sessions_in_view,
    ticks_in_view,
)
from ml4t_nb.render.plots.prices import Trace, headed_layout, placed, range_menu
from ml4t_nb.render.plots.rebased import (
    LOOKS,
    common_report,
    rebased_header,
    rebased_legend,
    rebased_lines,
    rebased_traces,
)
from ml4t_nb.render.plots.steps import Steps, rows_in, steps_of
from ml4t_nb.render.plots.still_axes import Box, grid_paths
from ml4t_nb.render.plots.theme import Colours, bold, middle
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["end_tags", "rebased_drawing", "rebased_paths"]

_PANE = 340  # pixels of the lines
_APART = 17  # of tags one above the other


def rebased_drawing(report: PlotReport) -> tuple[list[Trace], dict[str, Any]]:
    """Traces and layout of the lines; with buttons where there is more than one range."""
    common = common_report(report)
    steps = steps_of(common)
    header = rebased_header(report)
    traces = [*rebased_traces(report, steps, middle, is_told=True)]
    buttons = tuple(range_buttons(common))
    views = [([True] * len(traces), _in_view(report, common, steps, each)) for each in buttons]
    layout = placed(headed_layout(common, header) | axes(steps, 2, middle), views[-1][1])
    if len(buttons) > 1:
        layout["updatemenus"] = [range_menu(layout["height"], buttons, views)]
    return traces, layout


def _in_view(
    report: PlotReport, common: PlotReport, steps: Steps, button: RangeButton
) -> dict[str, Any]:
    view = View(common, steps, (), button.left, button.right)
    ranges = range_in_view(view)
    ticks, grid = ticks_in_view(view, middle)
    starts, days = sessions_in_view(view, middle)
    ranges["xaxis"] |= ticks
    tags = end_tags(report, ranges["yaxis2"]["range"], middle)
    return {**ranges, "shapes": [*grid, *starts], "annotations": [*days, *tags]}


def end_tags(report: PlotReport, range_: list[float], colours: Colours) -> list[dict[str, Any]]:
    """The name of each line at its last value, none over another."""
    low, high = range_
    lines = rebased_lines(report, rows_in(common_report(report)))
    ends = [line.last / line.base * 100 for line in lines]
    shifts, above = {}, float("inf")
    for number in sorted(range(len(ends)), key=lambda at: -ends[at]):
        y = (ends[number] - low) / (high - low) * _PANE
        above = min(y, above - _APART)
        shifts[number] = above - y
    return [
        {
            "name": "last", "xref": "paper", "yref": "y2", "x": 1, "y": ends[number],
            "xanchor": "left", "xshift": 2, "yshift": shifts[number], "showarrow": False,
            "text": bold(line.symbol), "borderpad": 2,
            "font": {"size": 11, "color": colours("ontag")},
            "bgcolor": colours(LOOKS[number % len(LOOKS)][0]),
        }
        for number, line in enumerate(lines)
    ]  # fmt: skip


def rebased_paths(
    report: PlotReport, *, wide: float, top: float, bottom: float
) -> Iterator[Markup]:
    """The still picture, with its head."""
    common = common_report(report)
    steps = steps_of(common, most=330)
    header = rebased_header(report)
    yield element("text", header.symbol, x=0, y=16, font_size=16, font_weight="bold")
    yield element("text", f"{header.description}   {header.bar}", x=0, y=34)
    box = Box.of(steps, right=wide - 62, top=top, floor=bottom, bottom=bottom)
    yield from grid_paths(common, steps, box)
    x = 0
    entries = rebased_legend(report)
    for number, (line, entry) in enumerate(
        zip(rebased_lines(report, rows_in(common)), entries, strict=True)
    ):
        token, dash = LOOKS[number % len(LOOKS)]
        look = {"stroke": middle(token), "stroke_width": 1.5, "fill": "none"}
        if dash != "solid":
            look["stroke_dasharray"] = dash.replace("px", "")
        yield element("path", d=_way(line.rows.tolist(), line.shares.tolist(), box), **look)
        yield element("path", d=f"M{x},{top - 22:.0f}h18", **look)
        words = f"{entry.label} {entry.value} {entry.percent}"
        yield element("text", words, x=x + 23, y=round(top - 18))
        x += 42 + round(5.8 * len(words))


def _way(rows: list[int], values: list[float], box: Box) -> str:
    """A line through the points, of each half pixel those that are seen; broken at NaN."""
    way, is_on, column, seen = "", False, None, (0.0, 0.0)
    for row, value in zip(rows, values, strict=True):
        if value != value:  # noqa: PLR0124  # NaN
            is_on = False
            continue
        x, y = round(box.x(row), 1), round(box.y(value), 1)
        if is_on and column == round(x) and seen[0] <= y <= seen[1]:
            continue
        seen = (min(seen[0], y), max(seen[1], y)) if column == round(x) else (y, y)
        way += f"{'L' if is_on else 'M'}{x:.1f},{y:.1f}"
        is_on, column = True, round(x)
    return way
