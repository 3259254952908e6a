"""The lower pane: how far every bar moved, which is the proof of what the sentence says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.change.number_words import percent, proof_words
from ml4t_nb.render.change.run_change import RunChange
from ml4t_nb.render.markup import element
from ml4t_nb.render.review.drawing import PlotScale, ink, line_at, words_at

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["proof_pane"]

_NAME_AT, _TOP, _FLOOR = 260, 276.0, 316.0
_MOST = 60
_APART = 11.0
_TICKS = 3


def proof_pane(change: RunChange, rows: list[int], x: Callable[[float], float]) -> Iterator[Markup]:
    """Now over before of a restated history, the difference in per cent of others."""
    before, now = change.names
    name = f"{now} ÷ {before}, each bar" if change.is_restated else "difference in %, each bar"
    yield words_at(x(-0.5), _NAME_AT, name, dx=4)
    shown = [row for row in rows if math.isfinite(change.ratios[row]) and _is_shown(change, row)]
    if not shown:
        yield words_at(x(-0.5), _FLOOR - 12, _nothing(change), dx=4, colour="text")
        return
    ratios = [float(change.ratios[row]) for row in shown]
    low, high = min(1.0, *ratios), max(1.0, *ratios)
    pad = 0.2 * (high - low) or 0.01
    scale = PlotScale(low - pad, high + pad, _TOP, _FLOOR)
    yield from _ticks(change, scale, ratios)
    if change.is_restated:
        yield from _ratios(change, scale, shown, x)
    else:
        yield from _sticks(change, scale, shown, x)


def _nothing(change: RunChange) -> str:
    is_other = change.any_changed.any()
    return "no bar of both sides differs" if is_other else "no bar differs"


def _is_shown(change: RunChange, row: int) -> bool:
    return bool(change.earlier[row] if change.is_restated else change.changed[row])


def _ticks(change: RunChange, scale: PlotScale, ratios: list[float]) -> Iterator[Markup]:
    values = [
        1.0,
        *([*change.groups][:_TICKS] if change.is_restated else (min(ratios), max(ratios))),
    ]
    taken: list[float] = []
    for value in values:
        y = scale(value)
        if any(abs(y - each) < _APART for each in taken):
            continue
        taken.append(y)
        yield line_at(0, y, 100, y, "grid")
        if change.is_restated:
            words = f"{value:.4g}" if value != 1 else "1.0"
        else:
            words = percent(value) if value != 1 else "0"
        yield words_at(100, y + 4, words, dx=8)


def _ratios(
    change: RunChange, scale: PlotScale, shown: list[int], x: Callable[[float], float]
) -> Iterator[Markup]:
    """A thick line over the bars of each factor, the others on their own height, ringed."""
    import numpy as np

    kept = np.flatnonzero(change.moved & change.keeps)
    for factor in change.groups:
        of = kept[change.factors[kept] == factor]
        y = scale(factor)
        yield line_at(x(of[0] - 0.5), y, x(of[-1] + 0.5), y, "up", stroke_width="4")
    for row in [row for row in shown if change.odd[row]][:_MOST]:
        place = {"cx": f"{x(row):.2f}%", "cy": scale(float(change.ratios[row]))}
        yield element("circle", **place, r=2, style=ink("suspect"))
        yield element("circle", **place, r=6, style=ink("none", stroke="suspect", stroke_width="2"))
    number, which = proof_words(change)
    last = int(np.flatnonzero(change.earlier)[-1])
    y = min((scale(each) for each in change.groups), default=_FLOOR) - 8
    bold = element("tspan", number, font_weight=700)
    look: dict[str, Any] = {"font_size": 12, "colour": "text", "dx": -2}
    end = x(last + 0.5)
    anchor: dict[str, Any] = {"anchor": "end"} if end > 50 else {}  # noqa: PLR2004  # per cent
    yield words_at(
        end if anchor else x(-0.5), max(y, _NAME_AT), bold, f" {which}", **look, **anchor
    )


def _sticks(
    change: RunChange, scale: PlotScale, shown: list[int], x: Callable[[float], float]
) -> Iterator[Markup]:
    for row in shown:
        y = scale(float(change.ratios[row]))
        yield line_at(x(row), scale(1.0), x(row), y, "up", stroke_width="3")
