"""Where a still picture is on its paper, its ticks, and the lines at them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml4t_nb.render.markup import element
from ml4t_nb.render.plots.axis_ticks import chosen_level, session_starts, tick_levels
from ml4t_nb.render.plots.price_layout import price_range, volume_ticks
from ml4t_nb.render.plots.price_words import decimals_of, price_words, round_volume
from ml4t_nb.render.plots.steps import Steps
from ml4t_nb.render.plots.theme import middle
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Box", "grid_paths", "volume_height"]

_MOST_DAYS = 9
_TAG = 14  # pixels from the middle of a tag to that of words beside it


@dataclass(frozen=True, slots=True)
class Box:
    """Where the picture is on its paper, and which prices it shows."""

    right: float
    top: float
    floor: float  # of the prices
    bottom: float  # of the volumes
    step: float  # pixels of a row
    first: int
    low: float
    high: float

    @classmethod
    def of(cls, steps: Steps, *, right: float, top: float, floor: float, bottom: float) -> Box:
        """One that shows all of the steps, of which there is one at least."""
        low, high = price_range(steps.table) or (0.0, 1.0)
        step = right / len(steps.rows)
        return cls(right, top, floor, bottom, step, steps.first, low, high)

    def x(self, row: float) -> float:
        """Of a row's middle."""
        return (row - self.first + 0.5) * self.step

    def y(self, price: float) -> float:
        """Of a price; within the pane."""
        share = (price - self.low) / ((self.high - self.low) or 1)
        return min(max(self.floor - share * (self.floor - self.top), self.top), self.floor)


def grid_paths(
    report: PlotReport, steps: Steps, box: Box, *, tagged: float | None = None
) -> Iterator[Markup]:
    """Ticks with their lines: round prices and volumes at the right, dates below.

    The words of a price are left out where the tag of the price ``tagged`` would cover a part.
    """
    decimals = decimals_of(report.bars, report.dataset.asset_class)
    lines = ""
    for price in _round_numbers(box.low, box.high):
        lines += f"M0,{box.y(price):.1f}H{box.right:.0f}"
        if tagged is None or abs(box.y(price) - box.y(tagged)) > _TAG:
            yield _text(box.right + 6, box.y(price) + 4, price_words(price, decimals))
    most = float(steps.table["volume"].max())
    for volume in volume_ticks(most) if most > 0 else ():
        y = box.bottom - volume / most * volume_height(box)
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


def volume_height(box: Box) -> float:
    """Pixels of the largest volume."""
    return (box.bottom - box.floor) * 0.76


def _text(x: float, y: float, words: str, anchor: str = "start", **more: object) -> Markup:
    return element("text", words, x=round(x), y=round(y), text_anchor=anchor, **more)


def _path(way: str, **more: object) -> Markup:
    return element("path", d=way, fill="none", **more)
