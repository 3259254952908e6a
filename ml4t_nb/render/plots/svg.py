"""A small picture of our own: what a saved notebook shows where no program runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from ml4t_nb.model import GapState
from ml4t_nb.render.format import many
from ml4t_nb.render.plots.coverage_calendar import Cells, cells_of, look_of
from ml4t_nb.render.plots.downsample import Steps, bands_of, rows_of, steps_of
from ml4t_nb.render.plots.theme import DOWN, GAPS, GREY, LINE, UP, Look, safe, title_of
from ml4t_nb.reports import PlotReport

__all__ = ["svg_of"]

Height: TypeAlias = Callable[[float], float]
"""From a price to where it is drawn."""

_WIDE, _TALL = 720, 240
_LEFT, _TOP, _BOTTOM = 58, 40, 22
_STEPS = 330  # two pixels each
_CANDLES = 160
_ROW = 14
_WAYS = {"/": "M0,6L6,0", "\\": "M0,0L6,6", "x": "M0,6L6,0M0,0L6,6", "-": "M0,3L6,3"}


def svg_of(report: PlotReport) -> str:
    """The picture as SVG, some kilobytes; readable on white and on black."""
    if report.sessions is None:
        return _page(report, _TALL, _prices(report))
    cells = cells_of(report.sessions, is_weekly=report.dataset.frequency == "weekly")
    tall = _TOP + _BOTTOM + _ROW * max(len(cells.years), 1)
    return _page(report, tall, _coverage(report, cells))


def _page(report: PlotReport, tall: int, parts: Iterator[str]) -> str:
    title = safe(title_of(report))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {tall}" width="{_WIDE}" '
        f'height="{tall}" role="img" aria-label="{title}" fill="{GREY}" '
        'font-family="sans-serif" font-size="11">'
        f'<text x="0" y="14" font-size="13">{title}</text>{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{safe(words)}</text>'


def _prices(report: PlotReport) -> Iterator[str]:
    steps = steps_of(report, most=_STEPS)
    low, high = float(steps.table["low"].min()), float(steps.table["high"].max())
    if not len(steps) or not low <= high:
        yield _text(_WIDE / 2, _TALL / 2, "no observed bars in this range", "middle")
        return
    step = (_WIDE - _LEFT) / len(steps)
    floor = _TALL - _BOTTOM
    scale = (floor - _TOP) / ((high - low) or 1)

    def y(price: float) -> float:
        return floor - (price - low) * scale

    yield from _bands(report, steps, step)
    yield from (_candles if len(steps) <= _CANDLES and steps.size == 1 else _line)(steps, step, y)
    yield from _made(steps, step, y)
    yield _text(_LEFT - 6, _TOP + 8, f"{high:.6g}", "end") + _text(
        _LEFT - 6, floor, f"{low:.6g}", "end"
    )
    ends = [name.replace("<br>", " ") for name in (steps.labels[0], steps.labels[-1])]
    yield _text(_LEFT, _TALL - 6, ends[0]) + _text(_WIDE, _TALL - 6, ends[1], "end")


def _bands(report: PlotReport, steps: Steps, step: float) -> Iterator[str]:
    bands = bands_of(report, steps)
    states: dict[GapState, Look] = {band.state: GAPS[band.state] for band in bands}
    yield from (_hatch(state, look) for state, look in states.items())
    for band in bands:
        wide = max((band.last + 1 - band.first) * step, 1)
        yield (
            f'<rect x="{_LEFT + band.first * step:.1f}" y="{_TOP}" width="{wide:.1f}" '
            f'height="{_TALL - _TOP - _BOTTOM}" fill="url(#ml4t-{band.state})" '
            f'stroke="{GAPS[band.state].colour}" stroke-width=".5">'
            f"<title>{safe(band.story)}</title></rect>"
        )
    words: list[tuple[str, str]] = [(f"url(#ml4t-{state})", state) for state in states]
    if steps.table["filled"].sum():
        words.append(("none", "○ filled"))
    yield from _legend(words)


def _legend(words: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Each fill with its meaning."""
    x = float(_LEFT)
    for fill, meaning in words:
        yield f'<rect x="{x:.0f}" y="21" width="12" height="12" fill="{fill}"/>'
        yield _text(x + 16, 31, meaning)
        x += 32 + 6 * len(meaning)


def _hatch(name: str, look: Look) -> str:
    return (
        f'<pattern id="ml4t-{name}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<rect width="6" height="6" fill="{look.colour}" fill-opacity=".18"/>'
        f'<path d="{_WAYS[look.hatch]}" stroke="{look.colour}" stroke-width=".9"/></pattern>'
    )


def _candles(steps: Steps, step: float, y: Height) -> Iterator[str]:
    for at, bar in enumerate(rows_of(steps.table)):
        if bar.observed:
            x, colour = _LEFT + (at + 0.5) * step, UP if bar.close >= bar.open else DOWN
            top, end = sorted((y(bar.open), y(bar.close)))
            yield (
                f'<path d="M{x:.1f},{y(bar.high):.1f}V{y(bar.low):.1f}" stroke="{colour}"/>'
                f'<rect x="{x - step * 0.3:.1f}" y="{top:.1f}" width="{step * 0.6:.1f}" '
                f'height="{max(end - top, 0.7):.1f}" fill="{colour}"/>'
            )


def _line(steps: Steps, step: float, y: Height) -> Iterator[str]:
    """Low to high of each step, and through them the closes, broken where bars are missing."""
    ranges, closes = [], []
    is_on = False
    for at, bar in enumerate(rows_of(steps.table)):
        if not bar.observed:
            is_on = False
            continue
        x = _LEFT + (at + 0.5) * step
        ranges.append(f"M{x:.1f},{y(bar.high):.1f}V{y(bar.low) + 0.5:.1f}")
        closes.append(f"{'L' if is_on else 'M'}{x:.1f},{y(bar.close):.1f}")
        is_on = True
    yield f'<path d="{"".join(ranges)}" stroke="{LINE}" stroke-opacity=".4" stroke-width="2"/>'
    yield f'<path d="{"".join(closes)}" stroke="{LINE}" fill="none"/>'


def _made(steps: Steps, step: float, y: Height) -> Iterator[str]:
    for at, bar in enumerate(rows_of(steps.table)):
        if bar.filled and not math.isnan(bar.made):
            height = min(max(y(bar.made), _TOP), _TALL - _BOTTOM)
            yield (
                f'<circle cx="{_LEFT + (at + 0.5) * step:.1f}" cy="{height:.1f}" r="2.5" '
                f'fill="none" stroke="{GREY}"/>'
            )


def _coverage(report: PlotReport, cells: Cells) -> Iterator[str]:
    assert report.sessions is not None
    if not len(report.sessions):
        yield _text(_WIDE / 2, _TOP + 10, "no sessions in this range", "middle")
        return
    wide = (_WIDE - _LEFT) / (54 * cells.width)
    looks = [
        look_of(row.state, report.gaps[row.gap] if row.gap >= 0 else None)
        for row in rows_of(report.sessions)
    ]
    hatched = {look.hatch: look for _, look in looks if look.hatch in _WAYS}
    yield from (_hatch(f"s{ord(hatch)}", look) for hatch, look in hatched.items())
    places = zip(cells.rows, cells.columns, looks, strict=True)
    # Days of one state that follow one another are one rectangle: the picture stays small.
    runs = groupby(
        enumerate(places), key=lambda each: (each[1][0], each[1][1] - each[0], each[1][2])
    )
    for (row, _, (_, look)), run in runs:
        columns = [place[1] for _, place in run]
        yield (
            f'<rect x="{_LEFT + columns[0] * wide:.1f}" y="{_TOP + row * _ROW}" '
            f'width="{len(columns) * wide:.1f}" height="{_ROW - 2}" fill="{_fill(look)}"/>'
        )
    for row, year in enumerate(cells.years):
        yield _text(_LEFT - 6, _TOP + row * _ROW + 10, str(year), "end")
    counts = Counter(looks)
    words = [(_fill(look), f"{name}: {many(n, 'session')}") for (name, look), n in counts.items()]
    yield from _legend(words)


def _fill(look: Look) -> str:
    return f"url(#ml4t-s{ord(look.hatch)})" if look.hatch in _WAYS else look.colour
