"""The picture of what a run changed: before, now, the area between, and below, bar by bar, how far.

It is an SVG of our own, readable without a script. Across it is measured in per cent, so that it
fits any width without scaling its words; its lines are drawn in a box that is stretched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from ml4t_nb.render.change.bands import bands
from ml4t_nb.render.change.frame import FLOOR, TOP, ChangeFrame, before_rows, frame_of
from ml4t_nb.render.change.marks import marks, stories
from ml4t_nb.render.change.number_words import value_words
from ml4t_nb.render.change.proof_pane import proof_pane
from ml4t_nb.render.change.run_change import RunChange
from ml4t_nb.render.change.time_axis import time_ticks
from ml4t_nb.render.change.wording import change_sentence
from ml4t_nb.render.markup import Content, element
from ml4t_nb.render.review.drawing import PlotScale, ink, line_at, ticks_of, words_at

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from markupsafe import Markup

    Floats = npt.NDArray[np.float64]

__all__ = ["TALL", "change_picture"]

TALL = 360
_COLUMNS, _FEW = 170, 60
_LABELS_AT, _YEARS_AT = 337, 352
_WIDE = 2000  # of the box that the lines are drawn in
_DIGITS = (1, 1.5, 2, 3, 4, 6, 8)
_MOST_TICKS = 11


def change_picture(change: RunChange, *, is_still: bool = False) -> Markup:
    """Before and now as an SVG that is as wide as its place, and 360 pixels high.

    A still one is smaller, since nothing hovers over an image.
    """
    frame = frame_of(change, columns=_FEW if is_still else _COLUMNS)
    parts: list[Content] = [
        *_axes(frame),
        *bands(frame),
        *_lines(frame),
        *proof_pane(change, frame.rows, frame.x),
        *marks(frame),
        "" if is_still else stories(frame),
    ]
    return element(
        "svg",
        parts,
        xmlns="http://www.w3.org/2000/svg",
        class_="ml4t-change-picture",
        width="100%",
        height=TALL,
        role="img",
        aria_label=change_sentence(change),
        font_size=11,
        style="display:block;overflow:visible;font-variant-numeric:tabular-nums",
    )


def _axes(frame: ChangeFrame) -> Iterator[Markup]:
    change, scale = frame.change, frame.scale
    for tick in _ticks(scale):
        yield line_at(0, scale(tick), 100, scale(tick), "grid")
        words = value_words(tick, change.field) if tick < 1 else f"{tick:,.6g}"
        yield words_at(100, scale(tick) + 4, words, dx=8)
    for each in time_ticks(change.stamps, change.report.dataset.frequency, change.report.zone):
        x = frame.x(each.row)
        yield line_at(x, TOP, x, FLOOR, "grid")
        yield words_at(x, _LABELS_AT, each.words, anchor="middle")
        if each.year:
            yield words_at(x, _YEARS_AT, each.year, anchor="middle", font_weight=600)


def _ticks(scale: PlotScale) -> list[float]:
    """On a log axis as many round numbers as there is room for."""
    if scale.is_log:
        tens = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
        fine = [digit * 10.0**power for power in tens for digit in _DIGITS]
        fine = [each for each in fine if scale.low <= each <= scale.high]
        if 1 < len(fine) <= _MOST_TICKS:
            return fine
    return ticks_of(scale)


def _lines(frame: ChangeFrame) -> Iterator[Markup]:
    """Both lines, and the area between them."""
    import numpy as np

    change = frame.change
    is_before = before_rows(change)
    old = [row for row in frame.rows if is_before[row]]
    new = [row for row in frame.rows if np.isfinite(change.now[row])]
    both = [row for row in old if np.isfinite(change.now[row])]
    still = {"fill": "none", "vector_effect": "non-scaling-stroke", "stroke_linejoin": "round"}
    paths = [
        element("path", d=_area(frame, both), style=ink("closedbg")),
        element(
            "path",
            d=_way(frame, old, change.was),
            style=ink("none", stroke="muted", stroke_width="1.6", stroke_dasharray="5 3"),
            **still,
        ),
        element(
            "path",
            d=_way(frame, new, change.now),
            style=ink("none", stroke="up", stroke_width="2.2"),
            **still,
        ),
    ]
    box = {"viewBox": f"0 0 {_WIDE} {TALL}", "preserveAspectRatio": "none"}
    yield element("svg", paths, width="100%", height=TALL, **box)


def _runs(frame: ChangeFrame, rows: Iterable[int]) -> Iterator[list[int]]:
    """Rows that no bar without a value parts: each is shown next to the one before."""
    places = {row: at for at, row in enumerate(frame.rows)}
    ordered = list(rows)
    for _, run in groupby(enumerate(ordered), key=lambda each: places[each[1]] - each[0]):
        yield [row for _, row in run]


def _point(frame: ChangeFrame, row: int, value: float) -> str:
    return f"{frame.x(row) * _WIDE / 100:.0f},{frame.scale(value)}"


def _way(frame: ChangeFrame, rows: list[int], values: Floats) -> str:
    return "".join(
        "M" + "L".join(_point(frame, row, float(values[row])) for row in run)
        for run in _runs(frame, rows)
    )


def _area(frame: ChangeFrame, rows: list[int]) -> str:
    change = frame.change
    return "".join(
        "M"
        + "L".join(
            [
                *(_point(frame, row, float(change.was[row])) for row in run),
                *(_point(frame, row, float(change.now[row])) for row in reversed(run)),
            ]
        )
        + "Z"
        for run in _runs(frame, rows)
    )
