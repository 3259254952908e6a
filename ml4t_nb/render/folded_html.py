"""Many datasets in few rows as HTML: folded by the page itself, so that no script is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ml4t_nb.model import DatasetId
from ml4t_nb.render.icons import icon
from ml4t_nb.render.layout import AlikeDatasets, Folded, Group
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.tokens import token

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["STATE_COLOURS", "find_html", "folded_html"]

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


def folded_html(
    block: Folded, changes_of: Callable[[Iterable[DatasetId]], Iterable[Markup]]
) -> Markup:
    """Its groups, and a field to find a dataset in them; ``changes_of`` some, to be shown."""
    titles = (
        (element("span", heading.removesuffix(">"), **_aligned(heading)), " ")
        for heading in block.headings
    )
    head = element("div", titles, class_="ml4t-head", aria_hidden="true")
    find = find_html(f"all {block.number:,}", "datasets")
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
    return fragment(head, (_group(each, changes_of) for each in block.groups), tools)


def find_html(which: str, what: str) -> Markup:
    """A field that a script filters the page by, hidden until it runs."""
    words = f"Find in {which}"
    field = element("input", type="search", placeholder=words, aria_label=f"{words} {what}")
    return element("span", field, class_="ml4t-find", hidden="hidden", data_scripted="")


def _group(group: Group, changes_of: Callable[[Iterable[DatasetId]], Iterable[Markup]]) -> Markup:
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
    rows = [part for each in group.causes for part in (_row(each), _shown(each, changes_of))]
    shown = {"open": "open"} if group.is_open else {}
    return element(
        "details",
        summary,
        element("table", element("tbody", rows)),
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


def _shown(
    cause: AlikeDatasets, changes_of: Callable[[Iterable[DatasetId]], Iterable[Markup]]
) -> Markup:
    """A row in which the changes that a cause tells of can be shown."""
    shown = [*changes_of(cause.changed)]
    return element("tr", element("td", shown, colspan=4)) if shown else fragment()


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
