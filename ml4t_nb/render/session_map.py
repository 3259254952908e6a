"""The last sessions of many datasets as a map: signs in a terminal, coloured cells in a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ml4t_nb.records import Health
from ml4t_nb.render.format import labelled, plain
from ml4t_nb.render.layout import SessionMap
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.plots.theme import SESSIONS, StateStyle, legend_place, style_of
from ml4t_nb.reports import RecentSession

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["map_html", "map_lines", "session_maps"]


_MONO = "font-family:var(--jp-code-font-family, monospace);font-size:11px;line-height:15px"


def session_maps(
    datasets: Sequence[Health], recent: Sequence[tuple[RecentSession, ...]]
) -> Iterator[SessionMap]:
    """A map of the sessions, and one of the weeks of weekly bars, if there are such.

    Parameters
    ----------
    recent
        What each of ``datasets`` has.
    """
    both = list(zip(datasets, recent, strict=True))
    for is_weekly, what in ((False, "sessions"), (True, "weeks")):
        chosen = [each for each in both if (each[0].dataset.frequency == "weekly") == is_weekly]
        days = tuple(sorted({each.session for _, had in chosen for each in had}))
        if not days:
            continue
        by_day = ({each.session: each for each in had} for _, had in chosen)
        yield SessionMap(
            f"{what} from {days[0]} to {days[-1]}",
            days,
            tuple(labelled(health.dataset, health.provider) for health, _ in chosen),
            tuple(tuple(had.get(day) for day in days) for had in by_day),
        )


def map_lines(block: SessionMap) -> Iterator[str]:
    """Its rows of signs under the days of the month, and what the signs mean."""
    from rich.cells import cell_len, set_cell_size

    names = [plain(name) for name in block.names]
    width = max(map(cell_len, names))
    yield block.title
    for digit in (0, 1):
        yield f"{'':{width}}  {''.join(f'{day:%d}'[digit] for day in block.days)}"
    for name, row in zip(names, block.rows, strict=True):
        signs = "".join(
            " " if each is None else style_of(each.state, each.gap)[1].sign for each in row
        )
        yield f"{set_cell_size(name, width)}  {signs}".rstrip()
    kinds = [f"{style.sign} {name} ({style.meaning})" for name, style in _legend(block)]
    yield from ("   ".join(kinds[at : at + 3]) for at in range(0, len(kinds), 3))


def map_html(block: SessionMap) -> Markup:
    """Its rows as cells, each with its sign, its colour and its story, and a legend."""
    columns = f"display:grid;grid-template-columns:repeat({len(block.days)},16px);gap:1px"
    cells = f"{columns};text-align:center;color:#000"
    cell = f"padding:0 8px 1px 0;border:0;text-align:left;font-weight:normal;{_MONO}"
    days = (element("span", f"{day:%d}", title=f"{day:%a %Y-%m-%d}") for day in block.days)
    heading = element("th", block.title, style=cell)
    head = element("tr", heading, element("th", element("div", days, style=columns), style=cell))
    body = []
    for name, row in zip(block.names, block.rows, strict=True):
        signs = element("div", map(_cell, row), role="img", aria_label=_sum(row), style=cells)
        first = element("th", name, scope="row", style=cell)
        body.append(element("tr", first, element("td", signs, style=cell)))
    look = "border-collapse:collapse;margin:6px 0"
    parts = element("thead", head), element("tbody", body)
    table = element("table", parts, class_="ml4t-sessions", style=look)
    whole = element("div", table, style="overflow-x:auto")
    patch = "display:inline-block;width:16px;text-align:center;color:#000;margin-right:4px"
    kinds = []
    for name, style in _legend(block):
        sign = element("b", style.sign, style=f"{patch};background:{style.colour}")
        words = f"{name} ({style.meaning})"
        kinds.append(element("span", sign, words, style="margin-right:14px;white-space:nowrap"))
    return fragment(whole, element("div", kinds, style=f"{_MONO};margin:2px 0 6px"))


def _cell(had: RecentSession | None) -> Markup:
    if had is None:
        return element("b")
    style = _style(had)
    gap = f", {had.gap}" if had.gap not in (None, had.state) else ""
    story = f"{had.session:%a %Y-%m-%d}: {had.state}{gap}"
    return element("b", style.sign, title=story, style=f"background:{style.colour}")


def _style(had: RecentSession) -> StateStyle:
    return style_of(had.state, had.gap)[1]


def _sum(row: Sequence[RecentSession | None]) -> str:
    counts = Counter(each.state for each in row if each is not None)
    told = ", ".join(f"{counts[state]} {state}" for state in SESSIONS if counts[state])
    return told or "nothing known"


def _legend(block: SessionMap) -> list[tuple[str, StateStyle]]:
    """Name and style of what the map has, in order."""
    has = {style_of(each.state, each.gap) for row in block.rows for each in row if each is not None}
    return sorted(has, key=lambda each: legend_place(each[0]))
