"""Bars, volume, and the gaps among them, as a figure that needs no script of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml4t_nb.render.format import many
from ml4t_nb.render.markup import element
from ml4t_nb.render.plots.chart_facts import MOST_BODIES, ChartHeader, RangeButton
from ml4t_nb.render.plots.chart_head import chart_header
from ml4t_nb.render.plots.chart_words import range_buttons
from ml4t_nb.render.plots.event_traces import (
    action_stories,
    action_trace,
    band_traces,
    incomplete_rows,
    incomplete_trace,
    run_traces,
)
from ml4t_nb.render.plots.price_layout import (
    View,
    axes,
    band_labels,
    lane_of,
    last_close,
    last_price,
    open_until,
    range_in_view,
    sessions_in_view,
    ticks_in_view,
)
from ml4t_nb.render.plots.price_traces import (
    bar_traces,
    is_bodied,
    line_traces,
    pointer_trace,
    rounded,
    volume_traces,
)
from ml4t_nb.render.plots.price_words import decimals_of
from ml4t_nb.render.plots.steps import Steps, steps_of
from ml4t_nb.render.plots.theme import Colours, in_lines, middle, remark, safe
from ml4t_nb.render.plots.trust_marks import mark_traces
from ml4t_nb.reports import PlotReport

__all__ = ["Trace", "headed_layout", "layers", "placed", "price_drawing", "range_menu"]

Trace = dict[str, Any]

_TALL, _TALL_OF_RUN = 520, 400
_FOOT = 66  # of the ticks and the legend
_HEAD = 88  # pixels of the title and the two lines below it
_LONGEST = 32  # characters of a title
_BODIES = ("candles", "hollow")


def price_drawing(report: PlotReport) -> tuple[list[Trace], dict[str, Any]]:
    """Traces and layout; with buttons where there is more than one range to look at."""
    steps = steps_of(report)
    header = chart_header(report)
    if not len(steps):
        return [], headed_layout(report, header) | {
            "annotations": [remark("no bars in this range", x=0.5, y=0.5)],
            "xaxis": {"visible": False}, "yaxis": {"visible": False},
        }  # fmt: skip
    decimals = decimals_of(report.bars, report.dataset.asset_class)
    near = _near(report, steps)
    traces = [*layers(report, steps, middle, is_told=True)]
    traces += rounded(pointer_trace(report, steps, decimals, report.zone), decimals)
    if near is not steps:
        own = [*bar_traces(report, near, middle), *volume_traces(near, middle)]
        own += pointer_trace(report, near, decimals, report.zone)
        own = [*rounded(own, decimals)]
        traces += [{**each, "meta": {**each["meta"], "near": True}} for each in own]
    buttons = tuple(range_buttons(report))
    views = [_chosen(report, header, button, steps, near, traces) for button in buttons]
    seen, first = views[-1]
    traces = [{**each, "visible": shown} for each, shown in zip(traces, seen, strict=True)]
    layout = placed(headed_layout(report, header) | axes(steps, decimals, middle), first)
    if len(buttons) > 1:
        layout["updatemenus"] = [range_menu(layout["height"], buttons, views)]
    return traces, layout


def placed(layout: dict[str, Any], view: dict[str, Any]) -> dict[str, Any]:
    """The layout with room for head and legend, and with what depends on the range in view."""
    layout = {**layout, "margin": {**layout["margin"], "t": _HEAD, "b": _FOOT}}
    for name, value in view.items():
        layout[name] = {**layout.get(name, {}), **value} if isinstance(value, dict) else value
    return layout


def layers(report: PlotReport, steps: Steps, colours: Colours, *, is_told: bool) -> list[Trace]:
    """The traces of those steps: bands behind, bars as bodies and as a line, marks in front."""
    traces = [*band_traces(steps, colours, is_told=is_told)]
    if steps.size == 1:
        traces += bar_traces(report, steps, colours)
    if not is_bodied(steps) or not is_told:
        traces += line_traces(steps, colours)
    traces += volume_traces(steps, colours)
    stories = action_stories(report, steps)
    traces += action_trace(stories, colours, lane=lane_of(steps))
    traces += run_traces(report, steps, colours)
    if incomplete_rows(report, steps):
        traces.append(incomplete_trace(report, steps, colours))
    if report.findings or report.sources:
        traces += mark_traces(report, steps, colours)
    return [*rounded(traces, decimals_of(report.bars, report.dataset.asset_class))]


def _near(report: PlotReport, steps: Steps) -> Steps:
    """The last bars one by one, for the short ranges of a thinned picture."""
    if steps.size == 1:
        return steps
    return steps_of(report, window=(steps.total - MOST_BODIES, steps.total - 1))


def _shown(traces: Sequence[Trace], *, is_near: bool, is_thinned: bool) -> list[bool]:
    """Which traces are seen where so few rows are in view that they have bodies, or more."""
    seen = []
    for each in traces:
        layer, of_near = each["meta"]["layer"], each["meta"].get("near", False)
        if is_thinned and (of_near or layer in ("line", "range", "volume", "pointer", "filled")):
            seen.append(of_near == is_near)
        elif layer in _BODIES:
            seen.append(is_near)
        else:
            seen.append(layer not in ("line", "range", "filled") or not is_near)
    return seen


def _in_view(
    report: PlotReport, header: ChartHeader, steps: Steps, button: RangeButton
) -> dict[str, Any]:
    """What of the layout depends on the range in view."""
    view = View(report, steps, steps.bands, button.left, button.right)
    ranges = range_in_view(view)
    ticks, grid = ticks_in_view(view, middle)
    starts, days = sessions_in_view(view, middle)
    price = last_close(report)
    lines, tags = last_price(header, price, middle)
    words = [*days, *band_labels(view, middle), *open_until(view, middle), *tags]
    if steps.size > 1:
        words.append(_thinned(report, steps))
    ranges["xaxis"] |= ticks
    return {**ranges, "shapes": [*grid, *starts, *lines], "annotations": words}


def _thinned(report: PlotReport, steps: Steps) -> dict[str, Any]:
    text = f"{many(len(report.bars), 'bar')}, {steps.size:,} per step; a shorter range shows each"
    where = {"x": 0, "y": 0, "xanchor": "left", "yanchor": "top", "yshift": -26}
    return remark(text, **where) | {"font": {"size": 10, "color": middle("muted")}}


def _chosen(  # noqa: PLR0917  # what a drawing consists of
    report: PlotReport,
    header: ChartHeader,
    button: RangeButton,
    steps: Steps,
    near: Steps,
    traces: Sequence[Trace],
) -> tuple[list[bool], dict[str, Any]]:
    """Which traces are seen in the button's range, and what of the layout depends on it."""
    is_short = button.right - button.left <= MOST_BODIES
    is_near = is_short and (near is steps or button.left > near.first - 1)
    seen = _shown(traces, is_near=is_near, is_thinned=near is not steps)
    return seen, _in_view(report, header, near if is_near else steps, button)


def range_menu(
    tall: int, buttons: Sequence[RangeButton], views: Sequence[tuple[list[bool], dict[str, Any]]]
) -> dict[str, Any]:
    """Buttons that change the range, the form of the bars, and the ticks."""
    made = []
    for button, (seen, layout) in zip(buttons, views, strict=True):
        change: dict[str, Any] = {}
        for name, value in layout.items():
            is_axis = isinstance(value, dict)
            change |= {f"{name}.{k}": v for k, v in value.items()} if is_axis else {name: value}
        made.append(
            {"label": button.label, "method": "update", "args": [{"visible": seen}, change]}
        )
    height = 1 + (_HEAD - 4) / (tall - _HEAD - _FOOT)
    return {
        "type": "buttons", "direction": "right", "showactive": False, "buttons": made,
        "x": 1, "xanchor": "right", "y": height, "yanchor": "top",
        "pad": {"t": 0, "b": 0, "l": 0, "r": 0}, "bgcolor": "rgba(0,0,0,0)",
        "bordercolor": middle("line2"), "font": {"size": 11, "color": middle("text")},
    }  # fmt: skip


def headed_layout(report: PlotReport, header: ChartHeader) -> dict[str, Any]:
    """Head, legend and what else does not depend on the range."""
    mark = middle(header.sign) if header.sign != "flat" else middle("muted")
    move = " ".join(filter(None, (header.arrow, header.change, header.percent)))
    price = element("span", move, style=f"color:{mark};font-size:13px") if header.price else ""
    symbol = header.symbol
    symbol = symbol if len(symbol) <= _LONGEST else f"{symbol[:_LONGEST]}…"
    words = element("b", symbol, "   ", header.price, "  ", price)
    last = "   ".join(filter(None, (header.bar, header.note)))
    below = in_lines(safe(header.description), safe(last))
    return {
        "height": _TALL_OF_RUN if report.record is not None else _TALL,
        "title": {
            "text": str(words),
            "x": 0, "xref": "paper", "y": 1, "yref": "container", "yanchor": "top",
            "pad": {"t": 10}, "font": {"size": 18},
            "subtitle": {"text": below, "font": {"size": 12}},
        },
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": -0.11, "yanchor": "top",
            "font": {"size": 12}, "itemclick": "toggle", "itemdoubleclick": False,
        },
        "hovermode": "x",
        # The usual place of its signs is that of the buttons.
        "modebar": {"orientation": "v"},
        "dragmode": "zoom",
        "barmode": "overlay",
        "bargap": 0,
    }  # fmt: skip
