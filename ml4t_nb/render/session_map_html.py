"""A map of sessions as HTML: cells with a sign, a colour and a story, and a legend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ml4t_nb.render.layout import SessionMap
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.plots.theme import SESSIONS, style_of
from ml4t_nb.reports import RecentSession

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["session_map_html"]

_MONO = "font-family:var(--jp-code-font-family, monospace);font-size:11px;line-height:15px"


def session_map_html(block: SessionMap) -> Markup:
    """Its rows as cells, each with its sign, its colour and its story, and a legend."""
    columns = f"display:grid;grid-template-columns:repeat({len(block.days)},16px);gap:1px"
    cells = f"{columns};text-align:center;color:#000"
    cell = f"padding:0 8px 1px 0;border:0;text-align:left;font-weight:normal;{_MONO}"
    days = (element("span", f"{day:%d}", title=f"{day:%a %Y-%m-%d}") for day in block.days)
    heading = element("th", block.title, style=cell)
    head = element("tr", heading, element("th", element("div", days, style=columns), style=cell))
    body = []
    for name, row in zip(block.names, block.rows, strict=True):
        signs = element("div", map(_session, row), role="img", aria_label=_sum(row), style=cells)
        first = element("th", name, scope="row", style=cell)
        body.append(element("tr", first, element("td", signs, style=cell)))
    look = "border-collapse:collapse;margin:6px 0"
    parts = element("thead", head), element("tbody", body)
    table = element("table", parts, class_="ml4t-sessions", style=look)
    whole = element("div", table, style="overflow-x:auto")
    patch = "display:inline-block;width:16px;text-align:center;color:#000;margin-right:4px"
    kinds = []
    for name, style in block.legend:
        sign = element("b", style.sign, style=f"{patch};background:{style.colour}")
        words = f"{name} ({style.meaning})"
        kinds.append(element("span", sign, words, style="margin-right:14px;white-space:nowrap"))
    return fragment(whole, element("div", kinds, style=f"{_MONO};margin:2px 0 6px"))


def _session(had: RecentSession | None) -> Markup:
    if had is None:
        return element("b")
    style = style_of(had.state, had.gap)[1]
    gap = f", {had.gap}" if had.gap not in (None, had.state) else ""
    story = f"{had.session:%a %Y-%m-%d}: {had.state}{gap}"
    return element("b", style.sign, title=story, style=f"background:{style.colour}")


def _sum(row: Sequence[RecentSession | None]) -> str:
    counts = Counter(each.state for each in row if each is not None)
    counted = ", ".join(f"{counts[state]} {state}" for state in SESSIONS if counts[state])
    return counted or "nothing known"
