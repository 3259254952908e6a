"""Bars, volume and gaps as a still picture, that looks as the figure does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.markup import element
from ml4t_nb.render.plots.axis_ticks import chosen_level, session_starts, tick_levels
from ml4t_nb.render.plots.chart_facts import ChartHeader, LegendEntry
from ml4t_nb.render.plots.chart_head import chart_header
from ml4t_nb.render.plots.chart_words import chart_legend
from ml4t_nb.render.plots.event_traces import action_stories, band_edges
from ml4t_nb.render.plots.price_layout import last_close, price_range, volume_ticks
from ml4t_nb.render.plots.price_traces import filled_bars
from ml4t_nb.render.plots.price_words import decimals_of, price_words, round_volume
from ml4t_nb.render.plots.steps import Steps, rows_of, steps_of
from ml4t_nb.render.plots.theme import GAPS, StateStyle, middle
from ml4t_nb.render.plots.trust_marks import suspicious_marks, taken_marks
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["WAYS", "hatched", "price_paths"]

_STEPS = 330  # two pixels each
_CANDLES = 160
_MOST_MARKS = 300  # of each kind: a still picture stays small
_MOST_DAYS = 9
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


@dataclass(frozen=True, slots=True)
class _Box:
    """Where the picture is on its paper, and which prices it shows."""

    right: float
    top: float
    floor: float  # of the prices
    bottom: float  # of the volumes
    step: float  # pixels of a row
    first: int
    low: float
    high: float

    def x(self, row: float) -> float:
        """Of a row's middle."""
        return (row - self.first + 0.5) * self.step

    def y(self, price: float) -> float:
        """Of a price; within the pane."""
        share = (price - self.low) / ((self.high - self.low) or 1)
        return min(max(self.floor - share * (self.floor - self.top), self.top), self.floor)


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
    right, floor = wide - _RIGHT, top + (0.74 if has_volume else 0.94) * (bottom - top)
    step = right / len(steps.rows)
    box = _Box(right, top, floor, bottom, step, steps.first, *reach)
    yield from _legend(tuple(chart_legend(report, steps)), top - 18)
    yield from _grid(report, steps, box)
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


def _grid(report: PlotReport, steps: Steps, box: _Box) -> Iterator[Markup]:
    """Ticks with their lines: round prices and volumes at the right, dates below."""
    decimals = decimals_of(report.bars, report.dataset.asset_class)
    lines = ""
    for price in _round_numbers(box.low, box.high):
        lines += f"M0,{box.y(price):.1f}H{box.right:.0f}"
        yield _text(box.right + 6, box.y(price) + 4, price_words(price, decimals))
    most = float(steps.table["volume"].max())
    for volume in volume_ticks(most) if most > 0 else ():
        y = box.bottom - volume / most * _volume_height(box)
        lines += f"M0,{y:.1f}H{box.right:.0f}"
        yield _text(box.right + 6, y + 4, round_volume(volume))
    left, right = steps.first - 0.5, steps.last + 0.5
    level = chosen_level(tick_levels(report, steps), left, right, wide=box.right)
    before = ""
    for row, label, below in (
        zip(level.rows, level.labels, level.below, strict=True) if level else ()
    ):
        lines += f"M{box.x(row):.1f},{box.top:.0f}V{box.bottom:.0f}"
        # Words in the middle of the first tick would be cut off.
        anchor = "middle" if box.x(row) > 4 * len(label) else "start"
        yield _text(box.x(row) if anchor == "middle" else 0, box.bottom + 14, label, anchor)
        if below != before:
            x = box.x(row) if anchor == "middle" else 0
            yield _text(x, box.bottom + 27, below, anchor, font_weight="bold")
        before = below
    yield _path(lines, stroke=middle("grid"))
    starts = session_starts(report, steps)
    if starts is not None and len(starts.rows) <= _MOST_DAYS:
        for row, label in zip(starts.rows, starts.labels, strict=True):
            x = box.x(row - 0.5)
            yield _path(f"M{x:.1f},{box.top:.0f}V{box.bottom:.0f}", stroke=middle("line2"))
            yield _text(x + 4, box.top + 10, label, font_weight="bold")


def _round_numbers(low: float, high: float) -> list[float]:
    """Some numbers of steps of 1, 2 or 5 between two."""
    step = 10.0 ** math.floor(math.log10((high - low) / 2))
    size = next(each for each in (1, 2, 5, 10) if (high - low) / (each * step) <= 6)  # noqa: PLR2004  # that many fit
    first, last = math.ceil(low / (size * step)), math.floor(high / (size * step))
    return [at * size * step for at in range(first, last + 1)]


def _bands(steps: Steps, box: _Box) -> Iterator[Markup]:
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


def _volume_height(box: _Box) -> float:
    return (box.bottom - box.floor) * 0.76


def _volumes(steps: Steps, box: _Box) -> Iterator[Markup]:
    table = steps.table
    most = float(table["volume"].max())
    if not most > 0:
        return
    is_up = (table["close"] >= table["open"]).to_numpy()
    ways = {"up": "", "down": ""}
    columns = zip(steps.middles.tolist(), table["volume"].tolist(), is_up.tolist(), strict=True)
    for row, volume, rises in columns:
        if volume > 0:
            y = box.bottom - volume / most * _volume_height(box)
            ways["up" if rises else "down"] += f"M{box.x(row):.1f},{box.bottom:.0f}V{y:.1f}"
    wide = f"{max(0.7 * box.step * steps.size, 0.8):.1f}"
    for sign, way in ways.items():
        yield _path(way, stroke=middle(sign), stroke_width=wide, stroke_opacity=".38")


def _candles(report: PlotReport, steps: Steps, box: _Box) -> Iterator[Markup]:
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


def _line(steps: Steps, box: _Box) -> Iterator[Markup]:
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


def _actions(report: PlotReport, steps: Steps, box: _Box) -> Iterator[Markup]:
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


def _rings(report: PlotReport, steps: Steps, box: _Box) -> Iterator[Markup]:
    """Rings on what is suspicious, and on bars from another provider."""
    taken = [mark for marks in taken_marks(report, steps).values() for mark in marks]
    most = float(steps.table["volume"].max())
    for marks, token in ((taken, "filled"), (suspicious_marks(report, steps), "suspect")):
        for mark in marks[:_MOST_MARKS]:
            y = box.y(mark.value) if mark.pane == "price" else box.top + 8
            if mark.pane == "volume" and most > 0:
                y = box.bottom - mark.value / most * _volume_height(box)
            at = {"cx": round(box.x(mark.row), 1), "cy": round(y, 1), "r": 6}
            look = {"fill": "none", "stroke": middle(token), "stroke_width": 2}
            yield element("circle", element("title", mark.story), **at, **look)


def _last(report: PlotReport, header: ChartHeader, box: _Box) -> Iterator[Markup]:
    """A dotted line at the last price, and its tag on the axis."""
    price = last_close(report)
    y, colour = box.y(price), middle("muted" if header.sign == "flat" else header.sign)
    yield _path(f"M0,{y:.1f}H{box.right:.0f}", stroke=colour, stroke_dasharray="2 2")
    yield _rect(box.right + 2, y - 9, box.right + _RIGHT, y + 9, fill=colour, rx=2)
    ink: Any = {"fill": middle("ontag"), "font_weight": "bold"}
    yield _text(box.right + 6, y + 4, header.price, **ink)
