"""Small drawings for states: shape first, colour second, and always beside their word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.tokens import token

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["ICONS", "icon"]


def _circle(x: float, y: float, r: float, **more: str) -> Markup:
    return element("circle", cx=f"{x:g}", cy=f"{y:g}", r=f"{r:g}", **more)


def _path(d: str, **more: str) -> Markup:
    return element("path", d=d, **more)


def _dot(x: float, y: float) -> Markup:
    return _circle(x, y, 1, fill="currentColor", stroke="none")


_FULL = {"fill": "currentColor"}
_RING = _circle(7, 7, 5.6)
_CROSS = "M5.2 5.2l3.6 3.6M8.8 5.2l-3.6 3.6"
_OCTAGON = "M4.6 1.2h4.8l3.4 3.4v4.8l-3.4 3.4h-4.8l-3.4-3.4v-4.8z"

ICONS: Mapping[str, Markup] = {
    "healthy": fragment(_RING, _path("M4.4 7.2l1.9 1.9 3.4-3.9")),
    "stale": fragment(_RING, _path("M7 3.9v3.3l2.2 1.3")),
    "incomplete": fragment(_RING, _path("M7 1.4a5.6 5.6 0 0 0 0 11.2z", **_FULL)),
    "missing": _circle(7, 7, 5.6, stroke_dasharray="2.4 2"),
    "undeclared": fragment(_RING, _path("M5.4 5.8a1.7 1.7 0 1 1 2.5 1.5q-.9.5-.9 1"), _dot(7, 10)),
    "suspect": fragment(_path("M7 1.6l5.8 10.6h-11.6zM7 5.6v3"), _dot(7, 10.4)),
    "error": fragment(_path(_OCTAGON, **_FULL), _path(_CROSS, style=f"stroke:{token('paper')}")),
    "restated": fragment(_path("M2 7h10"), _dot(7, 3.4), _dot(7, 10.6)),
    "corrected": _path("M2.2 11.8l.7-2.9 6.6-6.6 2.2 2.2-6.6 6.6zM8.2 3.6l2.2 2.2"),
    "unchanged": _path("M2.5 5.2h9M2.5 8.8h9"),
    "running": _path("M7 1.4a5.6 5.6 0 1 1-5.3 3.8"),
    "cancelled": fragment(_RING, _path(_CROSS)),
}
"""What is inside a box of 14 pixels, drawn with the colour of the words around it."""


def icon(name: str, colour: str = "") -> Markup:
    """One of `ICONS`, hidden from a screen reader, which reads the word beside it.

    Parameters
    ----------
    colour
        Of a style sheet; that of the words around it if not given.
    """
    style = f"flex:none;vertical-align:-2px{';color:' + colour if colour else ''}"
    return element(
        "svg",
        ICONS[name],
        class_=f"ml4t-icon ml4t-icon-{name}",
        viewBox="0 0 14 14",
        width=14,
        height=14,
        fill="none",
        stroke="currentColor",
        stroke_width="1.5",
        stroke_linecap="round",
        stroke_linejoin="round",
        aria_hidden="true",
        style=style,
    )
