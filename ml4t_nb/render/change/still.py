"""The picture of a change by itself, for pages that keep nothing but images."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from ml4t_nb.render.change.picture import TALL, change_picture
from ml4t_nb.render.change.run_change import RunChange
from ml4t_nb.render.change.wording import change_sentence
from ml4t_nb.render.markup import element

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["change_svg"]

_LEFT, _RIGHT, _WIDE = 18, 64, 900
_HEAD = 16
_LINE = 130  # letters


def change_svg(change: RunChange, title: str = "") -> Markup:
    """Readable on white and on black; below its sentence where it is given a title."""
    lines = [title, *wrap(change_sentence(change), _LINE)[:2]] if title else []
    head = _HEAD * len(lines)
    words = (element("text", each, y=12 + _HEAD * at) for at, each in enumerate(lines))
    box = {"x": _LEFT, "y": head, "width": _WIDE - _LEFT - _RIGHT, "height": TALL}
    return element(
        "svg",
        element("g", words, fill="#808080", font_size=12),
        element("svg", change_picture(change, is_still=True), **box, overflow="visible"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDE} {head + TALL}",
        width=_WIDE,
        height=head + TALL,
        font_family="sans-serif",
    )
