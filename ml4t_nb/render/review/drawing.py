"""Scales, colours and shapes of the pictures of findings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml4t_nb.render.markup import Content, element

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["PlotScale", "box_at", "ink", "line_at", "ticks_of", "words_at"]

_MOST_LINES = 5

# Outside of the panel, as in a saved notebook, colours that are readable on white and on black.
_COLOURS = {
    "paper": "transparent",
    "text": "#808080",
    "muted": "#808080",
    "grid": "rgba(128,128,128,.22)",
    "line2": "#808080",
    "up": "#2a9d8f",
    "down": "#d2603f",
    "suspect": "#d2691e",
    "filled": "#5b8fd0",
    "filledbg": "rgba(91,143,208,.12)",
    "closedbg": "rgba(128,128,128,.14)",
    "tip": "#30363d",
    "tiptext": "#f3f5f7",
}


@dataclass(frozen=True, slots=True)
class PlotScale:
    """Values between two heights, in pixels from the top."""

    low: float
    high: float
    top: float
    floor: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """The height of a value."""
        low, high, at = self.low, self.high, value
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(max(value, low))
        share = (at - low) / ((high - low) or 1.0)
        return round(self.floor - share * (self.floor - self.top), 1)


def ink(name: str, **more: str) -> str:
    """A style: ``fill`` or ``stroke`` in a colour of the panel's."""
    given = {"fill": name, **more}
    return ";".join(
        f"{key.replace('_', '-')}:"
        + (f"var(--ml4t-{each}, {_COLOURS[each]})" if each in _COLOURS else each)
        for key, each in given.items()
    )


def words_at(
    x: float,
    y: float,
    *words: Content,
    anchor: str = "start",
    colour: str = "muted",
    **more: object,
) -> Markup:
    """Text that stands off from what it is written over; ``x`` is in per cent."""
    halo = "paint-order:stroke;stroke:var(--ml4t-paper, transparent);stroke-width:3px"
    look = {"text_anchor": anchor, "style": f"{ink(colour)};{halo}"}
    return element("text", *words, x=f"{x:.2f}%", y=y, **look, **more)


def line_at(x: float, top: float, to: float, floor: float, colour: str, **more: str) -> Markup:
    """A line between two points."""
    ends = {"x1": f"{x:.2f}%", "y1": top, "x2": f"{to:.2f}%", "y2": floor}
    return element("line", **ends, style=ink("none", stroke=colour, **more))


def box_at(x: float, width: float, top: float, floor: float, style: str) -> Markup:
    """A rectangle between two heights, in any order."""
    top, floor = min(top, floor), max(top, floor)
    place = {"x": f"{x:.2f}%", "width": f"{width:.2f}%"}
    return element("rect", **place, y=top, height=round(floor - top, 1), style=style)


def ticks_of(scale: PlotScale) -> list[float]:
    """Round numbers on an axis, at most a few."""
    if scale.is_log:
        first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
        tens = range(first, last + 1)
        for digits in ((1, 2, 5), (1, 3), (1,)):
            ticks = [digit * 10.0**power for power in tens for digit in digits]
            ticks = [each for each in ticks if scale.low <= each <= scale.high]
            if len(ticks) <= _MOST_LINES:
                break
        return ticks
    wide = (scale.high - scale.low) / (_MOST_LINES - 1)
    power = 10.0 ** math.floor(math.log10(wide))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= wide)
    first = math.ceil(scale.low / step)
    return [at * step for at in range(first, math.floor(scale.high / step) + 1)]
