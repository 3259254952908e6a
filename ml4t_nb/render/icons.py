"""Small drawings for states: shape first, colour second, and always beside their word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ml4t_nb.render.markup import element, trusted
from ml4t_nb.render.tokens import token

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["ICONS", "icon"]

_RING = '<circle cx="7" cy="7" r="5.6"/>'
_CROSS = '<path d="M5.2 5.2l3.6 3.6M8.8 5.2l-3.6 3.6"/>'
_OCTAGON = "M4.6 1.2h4.8l3.4 3.4v4.8l-3.4 3.4h-4.8l-3.4-3.4v-4.8z"
_DOT = 'r="1" fill="currentColor" stroke="none"'

ICONS: Mapping[str, str] = {
    "healthy": f'{_RING}<path d="M4.4 7.2l1.9 1.9 3.4-3.9"/>',
    "stale": f'{_RING}<path d="M7 3.9v3.3l2.2 1.3"/>',
    "incomplete": f'{_RING}<path d="M7 1.4a5.6 5.6 0 0 0 0 11.2z" fill="currentColor"/>',
    "suspect": f'<path d="M7 1.6l5.8 10.6h-11.6zM7 5.6v3"/><circle cx="7" cy="10.4" {_DOT}/>',
    "error": f'<path d="{_OCTAGON}" fill="currentColor"/><g stroke="{token("paper")}">{_CROSS}</g>',
    "restated": f'<path d="M2 7h10"/><circle cx="7" cy="3.4" {_DOT}/>'
    f'<circle cx="7" cy="10.6" {_DOT}/>',
    "corrected": '<path d="M2.2 11.8l.7-2.9 6.6-6.6 2.2 2.2-6.6 6.6zM8.2 3.6l2.2 2.2"/>',
    "unchanged": '<path d="M2.5 5.2h9M2.5 8.8h9"/>',
    "running": '<path d="M7 1.4a5.6 5.6 0 1 1-5.3 3.8"/>',
    "cancelled": f"{_RING}{_CROSS}",
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
        trusted(ICONS[name]),
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
