"""Elements of HTML and SVG, in which text is escaped because it is text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from ml4t_nb.render.format import plain

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Content", "element", "fragment", "trusted"]

Content: TypeAlias = "str | Iterable[Content]"
"""Text, markup, or several of them."""


def element(name: str, /, *content: Content, **attributes: object) -> Markup:
    """``<name attributes>content</name>``.

    Text is escaped, markup is not. A dash in an attribute's name is spelled ``_``, and a word of
    Python's is followed by one: ``class_``, ``aria_label``.
    """
    given = "".join([_attribute(key, str(value)) for key, value in attributes.items()])
    return trusted(f"<{name}{given}>{_escaped(content)}</{name}>")


def fragment(*content: Content) -> Markup:
    """Text and markup one after the other."""
    return trusted(_escaped(content))


def trusted(html: str) -> Markup:
    """Markup of escaped parts, or that is text by now: of a widget, of a style sheet of ours."""
    import markupsafe

    return markupsafe.Markup(html)  # noqa: S704  # by its callers' word


# The cells of a table have few styles.
@lru_cache(maxsize=1024)
def _attribute(key: str, value: str) -> str:
    return f' {key.rstrip("_").replace("_", "-")}="{_escaped((value,))}"'


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
