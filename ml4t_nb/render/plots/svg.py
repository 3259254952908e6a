"""A small picture of our own: what a saved notebook shows where no program runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.change.run_change import run_change
from ml4t_nb.render.change.still import change_svg
from ml4t_nb.render.format import many, one_line
from ml4t_nb.render.markup import element
from ml4t_nb.render.plots.comparison import TwoLines, comparison_paths, comparison_title
from ml4t_nb.render.plots.coverage_calendar import WEEKS, Cells, Styles, cells_of, styles_of
from ml4t_nb.render.plots.steps import Steps, bands_of, rows_of, steps_of
from ml4t_nb.render.plots.theme import (
    CLOSE_LINE,
    DOWN,
    GAPS,
    GREY,
    SESSIONS,
    SUSPECT,
    UP,
    StateStyle,
    title_of,
)
from ml4t_nb.render.plots.trust_marks import suspicious_marks, taken_marks
from ml4t_nb.reports import CompareReport, PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["comparison_svg_of", "svg_of"]

_WIDE, _TALL = 720, 240
_LEFT, _TOP, _BOTTOM = 58, 40, 22
_STEPS = 330  # two pixels each
_CANDLES = 160
_ROW = 14
_MOST_MARKS = 300  # of each kind: a still picture stays small
_WAYS = {
    "/": "M0,6L6,0",
    "\\": "M0,0L6,6",
    "x": "M0,6L6,0M0,0L6,6",
    "-": "M0,3L6,3",
    "+": "M0,3L6,3M3,0L3,6",
}


def svg_of(report: PlotReport) -> Markup:
    """The picture as SVG, some kilobytes; readable on white and on black."""
    parts: Iterator[Markup]
    if report.before is not None:
        return change_svg(run_change(report), title_of(report))
    if report.sessions is None:
        tall, parts = _TALL, _prices(report)
    else:
        cells = cells_of(report.sessions, is_weekly=report.dataset.frequency == "weekly")
        tall = _TOP + _BOTTOM + _ROW * max(len(cells.years), 1)
        parts = _coverage(report, cells, styles_of(report, report.sessions), _ringed(report))
    return _framed(title_of(report), parts, tall)


def comparison_svg_of(report: CompareReport, shown: TwoLines, zone: str) -> Markup:
    """Two providers side by side as SVG."""
    box = (_LEFT, _WIDE, _TOP, _TALL - _BOTTOM)
    return _framed(comparison_title(report), comparison_paths(report, shown, zone, box), _TALL)


def _framed(title: str, parts: Iterator[Markup], tall: int) -> Markup:
    head = element("text", title, x=0, y=14, font_size=13)
    size = {"viewBox": f"0 0 {_WIDE} {tall}", "width": _WIDE, "height": tall}
    names = {"role": "img", "aria_label": title, "font_family": "sans-serif", "font_size": 11}
    xmlns = "http://www.w3.org/2000/svg"
    return element("svg", head, parts, xmlns=xmlns, **size, **names, fill=GREY)


def _text(x: float, y: float, words: str, anchor: str = "start") -> Markup:
    return element("text", words, x=round(x), y=round(y), text_anchor=anchor)


def _rect(
    x: float, y: float, width: float, height: float, fill: str, *content: Markup, **more: str
) -> Markup:
    box = {"x": round(x, 1), "y": round(y, 1), "width": round(width, 1), "height": round(height, 1)}
    return element("rect", *content, **box, fill=fill, **more)


def _prices(report: PlotReport) -> Iterator[Markup]:
    steps = steps_of(report, most=_STEPS)
    low, high = float(steps.table["low"].min()), float(steps.table["high"].max())
    if not len(steps) or not low <= high:
        yield _text(_WIDE / 2, _TALL / 2, "no observed bars in this range", "middle")
        return
    step = (_WIDE - _LEFT) / len(steps)
    floor = _TALL - _BOTTOM
    scale = (floor - _TOP) / ((high - low) or 1)
    prices = steps.table[["open", "high", "low", "close", "made"]]
    places = (floor - (prices - low) * scale).assign(x=_LEFT + (steps.table.index + 0.5) * step)
    bars = list(rows_of(steps.table.drop(columns=prices.columns).join(places)))
    yield from _bands(report, steps, step)
    if len(steps) <= _CANDLES and steps.size == 1:
        yield from _candles(bars, step)
    else:
        yield from _line(bars)
    for bar in bars:
        if bar.filled:
            at = {"cx": round(bar.x, 1), "cy": round(min(max(bar.made, _TOP), floor), 1)}
            yield element("circle", **at, r=2.5, fill="none", stroke=GREY)
    if report.findings or report.sources:
        yield from _rings(report, steps, step, low=low, scale=scale)
    yield _text(_LEFT - 6, _TOP + 8, f"{high:.6g}", "end")
    yield _text(_LEFT - 6, floor, f"{low:.6g}", "end")
    ends = [name.replace("<br>", " ") for name in (steps.labels[0], steps.labels[-1])]
    yield _text(_LEFT, _TALL - 6, ends[0])
    yield _text(_WIDE, _TALL - 6, ends[1], "end")


def _rings(
    report: PlotReport, steps: Steps, step: float, *, low: float, scale: float
) -> Iterator[Markup]:
    """Rings on what is suspicious, and on bars from another provider; no volume is drawn here."""
    colour, floor = SESSIONS["filled"].colour, _TALL - _BOTTOM
    taken = [mark for marks in taken_marks(report, steps).values() for mark in marks]
    kinds = ((taken, colour), (suspicious_marks(report, steps), SUSPECT))
    for marks, stroke in kinds:
        for mark in marks[:_MOST_MARKS]:
            y = floor - (mark.value - low) * scale if mark.pane == "price" else _TOP
            at = {"cx": round(_LEFT + (mark.step + 0.5) * step, 1), "cy": round(y, 1)}
            story = element("title", mark.story)
            yield element("circle", story, **at, r=5, fill="none", stroke=stroke, stroke_width=2)


def _bands(report: PlotReport, steps: Steps, step: float) -> Iterator[Markup]:
    bands = bands_of(report, steps)
    states = list(dict.fromkeys(band.state for band in bands))
    yield from (_hatch(state, GAPS[state]) for state in states)
    for band in bands:
        yield _rect(
            _LEFT + band.first * step,
            _TOP,
            max((band.last + 1 - band.first) * step, 1),
            _TALL - _TOP - _BOTTOM,
            f"url(#ml4t-{band.state})",
            element("title", band.story),
            stroke=GAPS[band.state].colour,
            stroke_width=".5",
        )
    words: list[tuple[str, str]] = [(f"url(#ml4t-{state})", state) for state in states]
    if steps.table["filled"].sum():
        words.append(("none", "○ filled"))
    yield from _legend([*words, *_meanings(report)])


def _meanings(report: PlotReport) -> Iterator[tuple[str, str]]:
    """Colours of the rings with their meanings."""
    if report.findings:
        yield SUSPECT, "suspect"
    for provider in dict.fromkeys(one_line(each.provider) for each in report.sources):
        yield SESSIONS["filled"].colour, f"from {provider}"


def _legend(words: Sequence[tuple[str, str]]) -> Iterator[Markup]:
    """Each fill with its meaning."""
    x = float(_LEFT)
    for fill, meaning in words:
        yield _rect(round(x), 21, 12, 12, fill)
        yield _text(x + 16, 31, meaning)
        x += 32 + 6 * len(meaning)


def _hatch(name: str, style: StateStyle) -> Markup:
    fill = _rect(0, 0, 6, 6, style.colour, fill_opacity=".18")
    lines = element("path", d=_WAYS[style.hatch], stroke=style.colour, stroke_width=".9")
    size = {"width": 6, "height": 6, "patternUnits": "userSpaceOnUse"}
    return element("pattern", fill, lines, id=f"ml4t-{name}", **size)


def _candles(bars: list[Any], step: float) -> Iterator[Markup]:
    for bar in bars:
        if bar.observed:
            # Upwards is less.
            colour = UP if bar.close <= bar.open else DOWN
            top, end = sorted((bar.open, bar.close))
            way = f"M{bar.x:.1f},{bar.high:.1f}V{bar.low:.1f}"
            yield element("path", d=way, stroke=colour)
            yield _rect(bar.x - step * 0.3, top, step * 0.6, max(end - top, 0.7), colour)


def _line(bars: list[Any]) -> Iterator[Markup]:
    """Low to high of each step, and through them the closes, broken where bars are missing."""
    ranges, closes = "", ""
    for is_observed, run in groupby(bars, key=lambda bar: bar.observed > 0):
        for at, bar in enumerate(run if is_observed else ()):
            ranges += f"M{bar.x:.1f},{bar.high:.1f}V{bar.low + 0.5:.1f}"
            closes += f"{'L' if at else 'M'}{bar.x:.1f},{bar.close:.1f}"
    yield element("path", d=ranges, stroke=CLOSE_LINE, stroke_opacity=".4", stroke_width="2")
    yield element("path", d=closes, stroke=CLOSE_LINE, fill="none")


def _ringed(report: PlotReport) -> list[str]:
    """Of each session the colour of its outline; empty for none."""
    assert report.sessions is not None
    taken = SESSIONS["filled"].colour
    columns = zip(report.sessions["finding"], report.sessions["source"], strict=True)
    return [SUSPECT if f >= 0 else taken if s >= 0 else "" for f, s in columns]


def _outlined(cells: Cells, outlines: Sequence[str], wide: float) -> Iterator[Markup]:
    places = zip(cells.rows, cells.columns, outlines, strict=True)
    runs = groupby(
        enumerate(places), key=lambda each: (each[1][0], each[1][1] - each[0], each[1][2])
    )
    for (row, start, colour), run in runs:
        at = [each for each, _ in run]
        if colour:
            x, long = _LEFT + (start + at[0]) * wide, max(len(at) * wide, 3)
            line = {"stroke": colour, "stroke_width": "2"}
            yield _rect(x, _TOP + row * _ROW, long, _ROW - 2, "none", **line)


def _coverage(
    report: PlotReport, cells: Cells, styles: Styles, outlines: Sequence[str]
) -> Iterator[Markup]:
    if not styles:
        yield _text(_WIDE / 2, _TOP + 10, "no sessions in this range", "middle")
        return
    wide = (_WIDE - _LEFT) / (WEEKS * cells.width)
    hatched = {style.hatch: style for _, style in styles if style.hatch in _WAYS}
    yield from (_hatch(f"s{ord(hatch)}", style) for hatch, style in hatched.items())
    places = zip(cells.rows, cells.columns, styles, strict=True)
    # Days of one state that follow one another are one rectangle: the picture stays small.
    runs = groupby(
        enumerate(places), key=lambda each: (each[1][0], each[1][1] - each[0], each[1][2])
    )
    for (row, start, (_, style)), run in runs:
        at = [each for each, _ in run]
        x, long = _LEFT + (start + at[0]) * wide, len(at) * wide
        yield _rect(x, _TOP + row * _ROW, long, _ROW - 2, _fill(style))
    yield from _outlined(cells, outlines, wide)
    for row, year in enumerate(cells.years):
        yield _text(_LEFT - 6, _TOP + row * _ROW + 10, str(year), "end")
    counts = Counter(styles)
    words = [(_fill(style), f"{name}: {many(n, 'session')}") for (name, style), n in counts.items()]
    yield from _legend([*words, *_meanings(report)])


def _fill(style: StateStyle) -> str:
    return f"url(#ml4t-s{ord(style.hatch)})" if style.hatch in _WAYS else style.colour
