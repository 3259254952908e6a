"""What stands out in the picture of a change: factors, splits, odd bars, ends, and what hovers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.change.frame import APART, TOP, ChangeFrame, are_apart, before_rows
from ml4t_nb.render.change.number_words import bar_words, factor_sign, value_words
from ml4t_nb.render.change.run_change import RunChange
from ml4t_nb.render.format import ratio
from ml4t_nb.render.markup import element
from ml4t_nb.render.review.drawing import ink, line_at, words_at
from ml4t_nb.render.review.wording import finding_time

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from markupsafe import Markup

    Floats = npt.NDArray[np.float64]

__all__ = ["marks", "stories"]

_STORIES = 80
_RINGS = 60
_DOTS = 60
_ARROWS = (0.1, 0.34, 0.58, 0.82)
_ARROW_FROM = 24.0
_DIGIT = 6.6
_EDGE = 85.0  # per cent


def marks(frame: ChangeFrame) -> Iterator[Markup]:
    """All of them but what hovers."""
    yield from _arrows(frame) if frame.change.is_restated else _dots(frame)
    yield from _rings(frame)
    yield from _events(frame)
    yield from _ends(frame)


def _arrows(frame: ChangeFrame) -> Iterator[Markup]:
    """From before to now, with the factor, where there is room between them."""
    import numpy as np

    change = frame.change
    moved = np.flatnonzero(change.moved & change.keeps)
    for share in _ARROWS if len(moved) > len(_ARROWS) else ():
        row = int(moved[int(share * len(moved))])
        top, floor = frame.scale(float(change.was[row])), frame.scale(float(change.now[row]))
        if abs(floor - top) < _ARROW_FROM:
            continue
        x, tip = frame.x(row), 5 if floor > top else -5
        yield line_at(x, top + tip / 2, x, floor - tip, "muted", stroke_width="1.2")
        head = element("path", d=f"M-3.5,{-tip}L0,0L3.5,{-tip}Z", style=ink("muted"))
        yield element("svg", head, x=f"{x:.2f}%", y=floor - tip / 2, overflow="visible")
        sign = factor_sign(float(change.factors[row]))
        yield words_at(x, (top + floor) / 2 + 4, sign, colour="text", dx=7, font_size=12)


def _dots(frame: ChangeFrame) -> Iterator[Markup]:
    """Where bars differ now, if they are few; the largest move in numbers."""
    import numpy as np

    change = frame.change
    rows = np.flatnonzero(change.any_changed)
    for row in rows.tolist() if len(rows) <= _DOTS else []:
        for values, look in (
            (change.was, ink("paper", stroke="muted", stroke_width="1.6")),
            (change.now, ink("up")),
        ):
            if math.isfinite(values[row]):
                y = frame.scale(float(values[row]))
                yield element("circle", cx=f"{frame.x(row):.2f}%", cy=y, r=3, style=look)


def _rings(frame: ChangeFrame) -> Iterator[Markup]:
    """Around bars that did not move with the others."""
    import numpy as np

    change = frame.change
    for row in np.flatnonzero(change.odd & np.isfinite(change.now))[:_RINGS].tolist():
        at = {"cx": f"{frame.x(row):.2f}%", "cy": frame.scale(float(change.now[row]))}
        style = ink("none", stroke="suspect", stroke_width="2.4")
        yield element("circle", **at, r=7.5, style=style)


def _events(frame: ChangeFrame) -> Iterator[Markup]:
    """A line at each split, with its ratio and its day."""
    import pandas as pd

    change = frame.change
    for day, value in change.splits[-3:]:
        row = int(change.stamps.searchsorted(pd.Timestamp(day)))
        if not 0 < row < len(change.stamps):
            continue
        x = frame.x(row - 0.5)
        yield line_at(x, 16, x, 316, "text", stroke_width="1.3")
        day_words = finding_time(day, "daily", "UTC")
        words = f"{ratio(value)} {day_words}"
        wide = round(_DIGIT * len(words) + 12)
        left = -wide / 2 if x < 90 else 10 - wide  # noqa: PLR2004  # of a badge at the edge
        left = left if x > 8 else -10  # noqa: PLR2004
        bold = element("tspan", f"{ratio(value)} ", font_weight=700)
        look = {"y": 14, "font_size": 12, "text_anchor": "middle", "style": ink("tiptext")}
        badge = [
            element("rect", x=left, y=0, width=wide, height=20, rx=1, style=ink("tip")),
            element("text", bold, day_words, x=left + wide / 2, **look),
        ]
        yield element("svg", badge, x=f"{x:.2f}%", y=0, overflow="visible")


def _ends(frame: ChangeFrame) -> Iterator[Markup]:
    """The name and the last value of each line, at its end, where they are apart."""
    import numpy as np

    change = frame.change
    then, later = change.names
    now = np.flatnonzero(np.isfinite(change.now))
    is_whole = change.is_restated or change.versions is not None
    old = np.flatnonzero(before_rows(change)) if is_whole else now[:0]
    taken = []
    if len(old) and are_apart(frame, int(old[-1])):
        row = int(old[-1])
        x, y = frame.x(row), frame.scale(float(change.was[row]))
        is_inside = x < _EDGE  # there is room to its right
        place: dict[str, Any] = {"dx": 12} if is_inside else {"dx": -2, "anchor": "end"}
        taken = [y + 4 if is_inside else max(y - 8, TOP + 10)]
        value = _end_value(change, change.was, row)
        yield words_at(x, taken[0], f"{then} ", value, font_size=12, **place)
    if len(now):
        row = int(now[-1])
        y = frame.scale(float(change.now[row])) - 12
        y = y + 30 if any(abs(y - each) < APART for each in taken) else y
        look: dict[str, Any] = {"anchor": "end", "colour": "up", "font_size": 12}
        value = _end_value(change, change.now, row)
        yield words_at(frame.x(row), y, f"{later} ", value, **look)


def _end_value(change: RunChange, values: Floats, row: int) -> Markup:
    return element("tspan", value_words(float(values[row]), change.field), font_weight=600)


def stories(frame: ChangeFrame) -> Markup:
    """What pointing at a place says: of some bars, the one that changed most."""
    import numpy as np

    change = frame.change
    count = len(change.stamps)
    size = -(-count // _STORIES)
    weight = np.nan_to_num(np.abs(change.ratios - 1), posinf=0.0) * change.any_changed + change.odd
    parts = []
    for start in range(0, count, size):
        row = start + int(np.argmax(weight[start : start + size]))
        end = min(start + size, count)
        place = {
            "x": f"{frame.x(start - 0.5):.2f}%",
            "width": f"{100 * (end - start) / count:.2f}%",
        }
        parts.append(element("rect", element("title", bar_words(change, row)), **place, height=320))
    return element("g", parts, fill="transparent")
