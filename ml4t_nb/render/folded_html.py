"""Many datasets in few rows as HTML: folded by the page itself, so that no script is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ml4t_nb.commands.spelling import Speller
from ml4t_nb.render.icons import icon
from ml4t_nb.render.layout import AlikeDatasets, Folded, Group, NextCommands
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.tokens import token

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["STATE_COLOURS", "folded_html", "next_html"]

STATE_COLOURS = {
    "healthy": token("ok"),
    "incomplete": token("incomplete"),
    "stale": token("stale"),
    "suspect": token("suspect"),
    "error": token("error"),
    "restated": token("accent"),
    "corrected": token("accent"),
    "unchanged": token("muted"),
    "cancelled": token("muted"),
}
"""Colour of each icon."""

_FEW = 3
_NAMED = 12
# Of more names than these a page would be too large; the frame has them.
_MOST_NAMES = 2500


def folded_html(block: Folded) -> Markup:
    """Its groups, and a field to find a dataset in them."""
    titles = (
        (element("span", heading.removesuffix(">"), **_aligned(heading)), " ")
        for heading in block.headings
    )
    head = element("div", titles, class_="ml4t-head", aria_hidden="true")
    find = element(
        "span",
        element(
            "input",
            type="search",
            placeholder=f"Find in all {block.number:,}",
            aria_label=f"Find in all {block.number:,} datasets",
        ),
        class_="ml4t-find",
        hidden="hidden",
        data_scripted="",
    )
    expand = element(
        "button",
        "Expand all",
        type="button",
        class_="ml4t-expand",
        hidden="hidden",
        data_scripted="",
    )
    members = ((element("code", f".{each}"), " ") for each in block.members)
    named = element("span", "The result has ", members, class_="ml4t-members ml4t-says")
    tools = element("div", find, expand, named, class_="ml4t-tools")
    return fragment(head, map(_group, block.groups), tools)


def next_html(block: NextCommands, speller: Speller) -> Markup:
    """A line for each command, with a button that copies it."""
    return fragment(_line(at, speller(each)) for at, each in enumerate(block.commands))


def _line(at: int, words: str) -> Markup:
    button = element(
        "button",
        "Copy",
        type="button",
        class_="ml4t-copy ml4t-first" if at == 0 else "ml4t-copy",
        hidden="hidden",
        data_scripted="",
    )
    return element(
        "div", element("strong", "" if at else "Next"), " ", element("code", words), button,
        class_="ml4t-line",
    )  # fmt: skip


def _group(group: Group) -> Markup:
    names = [] if group.is_open else [name for each in group.causes for name in each.names]
    says = group.says if group.is_open else _first(names)
    summary = element(
        "summary",
        icon(group.state, STATE_COLOURS[group.state]),
        " ",
        element("strong", group.title),
        " ",
        element("span", says, class_="ml4t-says"),
        " ",
        element("span", group.bars, class_="n"),
        " ",
        element("span", group.last, class_="n ml4t-says"),
    )
    rows = element("table", element("tbody", map(_row, group.causes)))
    shown = {"open": "open"} if group.is_open else {}
    return element(
        "details",
        summary,
        rows,
        class_="ml4t-group",
        data_open=str(group.is_open).lower(),
        **shown,
    )


def _row(cause: AlikeDatasets) -> Markup:
    number = len(cause.names)
    what = ", ".join(cause.names) if number <= _FEW else f"{number:,} datasets"
    cells = (
        element("td", what),
        element("td", cause.says if number <= _FEW else _of_many(cause)),
        element("td", cause.bars, class_="n", align="right"),
        element("td", cause.last, class_="n", align="right"),
    )
    return element("tr", cells)


def _of_many(cause: AlikeDatasets) -> Iterator[str]:
    says = f"{cause.says}: " if cause.says else ""
    names = cause.names
    left = len(names) - _MOST_NAMES
    every = ", ".join(names[:_MOST_NAMES]) + (f", and {left:,} more" if left > 0 else "")
    if len(names) <= _NAMED or not cause.says:
        yield f"{says}{every}"
        return
    yield element("details", element("summary", f"{says}{_first(names)}"), every)


def _first(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _aligned(heading: str) -> dict[str, str]:
    return {"class_": "n"} if heading.endswith(">") else {}
