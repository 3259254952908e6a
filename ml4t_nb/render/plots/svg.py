"""A small picture of our own: what a saved notebook shows where no program runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ml4t_nb.render.change.run_change import run_change
from ml4t_nb.render.change.still import change_svg
from ml4t_nb.render.format import many, one_line
from ml4t_nb.render.markup import element
from ml4t_nb.render.plots.comparison import TwoLines, comparison_paths, comparison_title
from ml4t_nb.render.plots.coverage_calendar import WEEKS, Cells, Styles, cells_of, styles_of
from ml4t_nb.render.plots.price_paths import WAYS, hatched, price_paths
from ml4t_nb.render.plots.rebased_figure import rebased_paths
from ml4t_nb.render.plots.theme import (
    GREY,
    SESSIONS,
    SUSPECT,
    StateStyle,
    title_of,
)
from ml4t_nb.reports import CompareReport, PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["comparison_svg_of", "svg_of"]

_WIDE, _TALL = 720, 240
_LEFT, _TOP, _BOTTOM = 58, 40, 22
_ROW = 14
_TALL_PRICES = 330


def svg_of(report: PlotReport) -> Markup:
    """The picture as SVG, some kilobytes; readable on white and on black."""
    parts: Iterator[Markup]
    if report.before is not None:
        return change_svg(run_change(report), title_of(report))
    if report.sessions is None:
        tall, paths = _TALL_PRICES, rebased_paths if report.beside else price_paths
        parts = paths(report, wide=_WIDE, top=_TOP + 26, bottom=tall - 34)
    else:
        cells = cells_of(report.sessions, is_weekly=report.dataset.frequency == "weekly")
        tall = _TOP + _BOTTOM + _ROW * max(len(cells.years), 1)
        parts = _coverage(report, cells, styles_of(report, report.sessions), _ringed(report))
    return _framed(title_of(report), parts, tall, is_headed=report.sessions is None)


def comparison_svg_of(report: CompareReport, shown: TwoLines, zone: str) -> Markup:
    """Two providers side by side as SVG."""
    box = (_LEFT, _WIDE, _TOP, _TALL - _BOTTOM)
    return _framed(comparison_title(report), comparison_paths(report, shown, zone, box), _TALL)


def _framed(title: str, parts: Iterator[Markup], tall: int, *, is_headed: bool = False) -> Markup:
    head = "" if is_headed else element("text", title, x=0, y=14, font_size=13)
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
    found = {style.hatch: style for _, style in styles if style.hatch in WAYS}
    yield from (
        hatched(f"s{ord(hatch)}", style.colour, style.hatch) for hatch, style in found.items()
    )
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
    return f"url(#ml4t-s{ord(style.hatch)})" if style.hatch in WAYS else style.colour
