"""Elements of HTML and SVG, in which text is escaped because it is text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from ml4t_nb.render.format import plain

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Content", "element", "fragment", "trusted"]

Content: TypeAlias = "str | Iterable[Content]"
"""Text, markup, or several of them."""


def element(name: str, /, *content: Content, **attributes: object) -> Markup:
    """``<name attributes>content</name>``.

    Parameters
    ----------
    content
        Text, which is escaped, and markup, which is not.
    attributes
        Values are escaped. A dash in a name is spelled ``_``, and a word of Python's followed by
        one: ``class_``, ``aria_label``.
    """
    import markupsafe

    given = "".join(
        [f' {_spelled(key)}="{_escaped((str(value),))}"' for key, value in attributes.items()]
    )
    return markupsafe.Markup(f"<{name}{given}>{_escaped(content)}</{name}>")  # noqa: S704  # of escaped parts


def fragment(*content: Content) -> Markup:
    """Text and markup one after the other."""
    import markupsafe

    return markupsafe.Markup(_escaped(content))  # noqa: S704  # it is


def trusted(html: str) -> Markup:
    """Markup that is plain text by now, as a widget gives it back, or a style sheet of ours."""
    import markupsafe

    return markupsafe.Markup(html)  # noqa: S704  # by its callers' word


def _escaped(content: Iterable[Content]) -> str:
    import markupsafe

    parts: list[str] = []
    for each in content:
        if isinstance(each, markupsafe.Markup):
            parts.append(each)
        elif isinstance(each, str):
            parts.append(markupsafe.escape(plain(each)))
        else:
            parts.append(_escaped(each))
    return "".join(parts)


@cache
def _spelled(attribute: str) -> str:
    return attribute.rstrip("_").replace("_", "-")
