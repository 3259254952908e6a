"""Bars, volume and gaps as a still picture, that looks as the figure does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.markup import element
from ml4t_nb.render.plots.chart_facts import ChartHeader, LegendEntry
from ml4t_nb.render.plots.chart_head import chart_header
from ml4t_nb.render.plots.chart_words import chart_legend
from ml4t_nb.render.plots.event_traces import action_stories, band_edges
from ml4t_nb.render.plots.price_layout import last_close, price_range
from ml4t_nb.render.plots.price_traces import filled_bars
from ml4t_nb.render.plots.steps import Steps, rows_of, steps_of
from ml4t_nb.render.plots.still_axes import Box, grid_paths, volume_height
from ml4t_nb.render.plots.theme import GAPS, StateStyle, middle
from ml4t_nb.render.plots.trust_marks import suspicious_marks, taken_marks
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["WAYS", "hatched", "price_paths"]

_STEPS = 330  # two pixels each
_CANDLES = 160
_MOST_MARKS = 300  # of each kind: a still picture stays small
_LANE = 12
_LABELLED = 20  # pixels that a band needs to be described
_RIGHT = 62  # room for prices
WAYS = {
    "/": "M0,6L6,0",
    "\\": "M0,0L6,6",
    "x": "M0,6L6,0M0,0L6,6",
    "-": "M0,3L6,3",
    "+": "M0,3L6,3M3,0L3,6",
}


def price_paths(report: PlotReport, *, wide: float, top: float, bottom: float) -> Iterator[Markup]:
    """The picture below the two lines of its head."""
    steps = steps_of(report, most=_STEPS)
    header = chart_header(report)
    move = " ".join(filter(None, (header.arrow, header.change, header.percent)))
    colour = middle("muted" if header.sign == "flat" else header.sign)
    price = element("tspan", header.price, dx=14)
    yield element(
        "text",
        header.symbol,
        price,
        element("tspan", move, dx=8, fill=colour, font_size=12),
        x=0,
        y=16,
        font_size=16,
        font_weight="bold",
    )
    yield _text(0, 34, "   ".join(filter(None, (header.description, header.bar))))
    reach = price_range(steps.table)
    if not len(steps) or reach is None:
        yield _text(wide / 2, (top + bottom) / 2, "no observed bars in this range", "middle")
        return
    has_volume = bool((steps.table["volume"] > 0).any())
    floor = top + (0.74 if has_volume else 0.94) * (bottom - top)
    box = Box.of(steps, right=wide - _RIGHT, top=top, floor=floor, bottom=bottom)
    yield from _legend(tuple(chart_legend(report, steps)), top - 18)
    yield from grid_paths(report, steps, box, tagged=last_close(report))
    yield from _bands(steps, box)
    yield from _volumes(steps, box)
    if len(steps) <= _CANDLES and steps.size == 1:
        yield from _candles(report, steps, box)
    else:
        yield from _line(steps, box)
    yield from _actions(report, steps, box)
    yield from _rings(report, steps, box)
    yield from _last(report, header, box)


def _text(x: float, y: float, words: str, anchor: str = "start", **more: object) -> Markup:
    return element("text", words, x=round(x), y=round(y), text_anchor=anchor, **more)


def _path(way: str, **more: object) -> Markup:
    return element("path", d=way, fill="none", **more)


def _rect(
    left: float, top: float, right: float, end: float, *content: Markup, **more: object
) -> Markup:
    size = {"width": round(right - left, 1), "height": round(max(end - top, 0.7), 1)}
    return element("rect", *content, x=round(left, 1), y=round(top, 1), **size, **more)


def hatched(name: str, colour: str, hatch: str) -> Markup:
    """A pattern for areas of that colour."""
    fill = element("rect", width=6, height=6, fill=colour, fill_opacity=".16")
    lines = element("path", d=WAYS[hatch], stroke=colour, stroke_width=".7")
    size = {"width": 6, "height": 6, "patternUnits": "userSpaceOnUse"}
    return element("pattern", fill, lines, id=f"ml4t-{name}", **size)


def _legend(entries: Sequence[LegendEntry], y: float) -> Iterator[Markup]:
    x = 0.0
    for entry in entries:
        colour = middle(entry.token)
        if entry.mark in WAYS:
            style: StateStyle = GAPS[entry.kind]  # type: ignore[index]  # a state
            yield hatched(entry.kind, style.colour, style.hatch)
            look = {"fill": f"url(#ml4t-{entry.kind})", "stroke": colour}
            yield _rect(x, y - 9, x + 16, y, **look)
        elif entry.mark == "dotted":
            dots = {"stroke": colour, "stroke_dasharray": "2 2"}
            yield _rect(x, y - 9, x + 16, y, fill=middle("filledbg"), **dots)
        elif entry.mark == "ring":
            ring: dict[str, object] = {"fill": "none", "stroke": colour, "stroke_width": 2}
            yield element("circle", cx=x + 8, cy=y - 5, r=5, **ring)
        else:
            yield _text(x + 8, y, entry.mark[:1].upper(), "middle", font_weight="bold")
        yield _text(x + 21, y, entry.label)
        x += 36 + 5.6 * len(entry.label)


def _bands(steps: Steps, box: Box) -> Iterator[Markup]:
    for band in steps.bands:
        left, right = (box.x(edge) for edge in band_edges(band, steps))
        colour = middle("filled") if band.is_filled else GAPS[band.state].colour
        look: dict[str, object] = {"fill": f"url(#ml4t-{band.state})", "stroke": colour}
        if band.is_filled:
            look |= {"fill": middle("filledbg"), "stroke_dasharray": "2 2"}
        story = element("title", band.story)
        if right - left > _LABELLED and not band.is_filled and band.state != "closed":
            words = f"{band.missing:,} missing"
            yield _text((left + right) / 2, box.top - 3, words, "middle")
        yield _rect(
            left, box.top, max(right, left + 1), box.bottom, story, **look, stroke_width=".8"
        )


def _volumes(steps: Steps, box: Box) -> Iterator[Markup]:
    table = steps.table
    most = float(table["volume"].max())
    if not most > 0:
        return
    is_up = (table["close"] >= table["open"]).to_numpy()
    ways = {"up": "", "down": ""}
    columns = zip(steps.middles.tolist(), table["volume"].tolist(), is_up.tolist(), strict=True)
    for row, volume, rises in columns:
        if volume > 0:
            y = box.bottom - volume / most * volume_height(box)
            ways["up" if rises else "down"] += f"M{box.x(row):.1f},{box.bottom:.0f}V{y:.1f}"
    wide = f"{max(0.7 * box.step * steps.size, 0.8):.1f}"
    for sign, way in ways.items():
        yield _path(way, stroke=middle(sign), stroke_width=wide, stroke_opacity=".38")


def _candles(report: PlotReport, steps: Steps, box: Box) -> Iterator[Markup]:
    ways = {"up": ["", ""], "down": ["", ""]}
    half = max(box.step * 0.33, 0.5)
    for bar in rows_of(steps.table):
        if bar.observed:
            sign, x = "up" if bar.close >= bar.open else "down", box.x(steps.first + bar.Index)
            top, end = sorted((box.y(bar.open), box.y(bar.close)))
            end = max(end, top + 0.8)
            ways[sign][0] += f"M{x:.1f},{box.y(bar.high):.1f}V{box.y(bar.low):.1f}"
            ways[sign][1] += f"M{x - half:.1f},{top:.1f}H{x + half:.1f}V{end:.1f}H{x - half:.1f}Z"
    for sign, (whiskers, bodies) in ways.items():
        yield _path(whiskers, stroke=middle(sign))
        yield element("path", d=bodies, fill=middle(sign))
    hollow = ""
    for bar in rows_of(filled_bars(report, steps)):
        x = box.x(bar.row)
        top, end = sorted((box.y(bar.open), box.y(bar.close)))
        # Without height it would be a dash among the others.
        top, end = (top - 1.5, end + 1.5) if end - top < 3 else (top, end)  # noqa: PLR2004
        hollow += f"M{x - half:.1f},{top:.1f}H{x + half:.1f}V{end:.1f}H{x - half:.1f}Z"
    if hollow:
        yield _path(hollow, stroke=middle("filled"), stroke_width="1.2")


def _line(steps: Steps, box: Box) -> Iterator[Markup]:
    """Low to high of each step, and through them the closes, broken where bars are missing."""
    ranges, closes = "", ""
    for is_observed, run in groupby(rows_of(steps.table), key=lambda bar: bar.observed > 0):
        for at, bar in enumerate(run if is_observed else ()):
            x = box.x(steps.middles[bar.Index])
            ranges += f"M{x:.1f},{box.y(bar.high):.1f}V{box.y(bar.low) + 0.5:.1f}"
            closes += f"{'L' if at else 'M'}{x:.1f},{box.y(bar.close):.1f}"
    yield _path(ranges, stroke=middle("accent"), stroke_opacity=".4", stroke_width="2")
    yield _path(closes, stroke=middle("accent"), stroke_width="1.3")
    squares = "".join(
        f"M{box.x(steps.middles[bar.Index]) - 2:.1f},{box.y(bar.made) - 2:.1f}h4v4h-4Z"
        for bar in rows_of(steps.table)
        if bar.filled
    )
    if squares:
        yield _path(squares, stroke=middle("filled"))


def _actions(report: PlotReport, steps: Steps, box: Box) -> Iterator[Markup]:
    stories = action_stories(report, steps)
    y = box.floor + _LANE if box.bottom - box.floor > 2 * _LANE else box.bottom - 6
    for row, (letters, story) in [*stories.items()][:_MOST_MARKS]:
        words = element("title", story)
        x, half = box.x(row), 5 + 3 * len(letters)
        look = {"fill": "none", "stroke": middle("text")}
        if letters == "D":
            yield element("circle", words, cx=round(x, 1), cy=round(y, 1), r=7, **look)
        else:
            yield _rect(x - half, y - 7, x + half, y + 7, words, **look)
        yield _text(x, y + 3, letters, "middle", font_weight="bold", font_size=9)


def _rings(report: PlotReport, steps: Steps, box: Box) -> Iterator[Markup]:
    """Rings on what is suspicious, and on bars from another provider."""
    taken = [mark for marks in taken_marks(report, steps).values() for mark in marks]
    most = float(steps.table["volume"].max())
    for marks, token in ((taken, "filled"), (suspicious_marks(report, steps), "suspect")):
        for mark in marks[:_MOST_MARKS]:
            y = box.y(mark.value) if mark.pane == "price" else box.top + 8
            if mark.pane == "volume" and most > 0:
                y = box.bottom - mark.value / most * volume_height(box)
            at = {"cx": round(box.x(mark.row), 1), "cy": round(y, 1), "r": 6}
            look = {"fill": "none", "stroke": middle(token), "stroke_width": 2}
            yield element("circle", element("title", mark.story), **at, **look)


def _last(report: PlotReport, header: ChartHeader, box: Box) -> Iterator[Markup]:
    """A dotted line at the last price, and its tag on the axis."""
    price = last_close(report)
    y, colour = box.y(price), middle("muted" if header.sign == "flat" else header.sign)
    yield _path(f"M0,{y:.1f}H{box.right:.0f}", stroke=colour, stroke_dasharray="2 2")
    yield _rect(box.right + 2, y - 9, box.right + _RIGHT, y + 9, fill=colour, rx=2)
    ink: Any = {"fill": middle("ontag"), "font_weight": "bold"}
    yield _text(box.right + 6, y + 4, header.price, **ink)
