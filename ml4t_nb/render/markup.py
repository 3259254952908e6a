"""Elements of HTML and SVG, in which text is escaped because it is text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from ml4t_nb.render.format import plain

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Content", "element", "fragment", "picture", "trusted"]

Content: TypeAlias = "str | Iterable[Content]"
"""Text, markup, or several of them."""


def element(name: str, /, *content: Content, **attributes: object) -> Markup:
    """``<name attributes>content</name>``.

    Text is escaped, markup is not. A dash in an attribute's name is spelled ``_``, and a word of
    Python's is followed by one: ``class_``, ``aria_label``.
    """
    return trusted(f"<{name}{_given(attributes)}>{_escaped(content)}</{name}>")


def fragment(*content: Content) -> Markup:
    """Text and markup one after the other."""
    return trusted(_escaped(content))


def picture(svg: str, words: str) -> Markup:
    """A still picture as an image, which those pages keep that take SVG out of HTML.

    JupyterLab does so before it trusts a notebook, and GitHub always. ``words`` say what is seen.
    The SVG has a size, an ``xmlns``, and no colour of the page around it.
    """
    source = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    given = {"src": source, "alt": words, "style": "max-width:100%;height:auto"}
    return trusted(f"<img{_given(given)}>")


def trusted(html: str) -> Markup:
    """Markup of escaped parts, or that is text by now: of a widget, of a style sheet of ours."""
    import markupsafe

    return markupsafe.Markup(html)  # noqa: S704  # by its callers' word


def _given(attributes: Mapping[str, object]) -> str:
    return "".join([_attribute(key, str(value)) for key, value in attributes.items()])


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
