"""The last sessions of many datasets as a map: signs in a terminal, coloured cells in a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml4t_nb.model import GapState
from ml4t_nb.records import Health
from ml4t_nb.render.format import labelled, plain
from ml4t_nb.render.layout import SessionMap
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.plots.theme import GAPS, SESSIONS
from ml4t_nb.reports import RecentSession, SessionState

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["map_html", "map_lines", "session_maps"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a cell of the map says: its sign, its words and its colour.

    Parameters
    ----------
    place
        Where it stands in the legend.
    """

    place: int
    sign: str
    words: str
    colour: str


# Those that a person has to look for stand out among the dots.
_STATES: dict[SessionState, tuple[str, str]] = {
    "present": (".", "all bars"),
    "partly": ("~", "some bars"),
    "filled": ("o", "made by filling"),
    "missing": ("x", "no bars"),
    "closed": ("-", "declared closed"),
    "extra": ("+", "bars, but no session"),
    "behind": ("<", "after the last bar"),
}
# A missing session is described by its gap's state, as in the other pictures.
_MISSING: dict[GapState, tuple[str, str]] = {
    "open": ("x", "no bars"),
    "failed": ("!", "request failed"),
    "confirmed": ("X", "the provider has none"),
}
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
        signs = "".join(" " if each is None else _kind(each).sign for each in row)
        yield f"{set_cell_size(name, width)}  {signs}".rstrip()
    kinds = [f"{kind.sign} {kind.words}" for kind in _kinds(block)]
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
    style = "border-collapse:collapse;margin:6px 0"
    parts = element("thead", head), element("tbody", body)
    table = element("table", parts, class_="ml4t-sessions", style=style)
    return fragment(element("div", table, style="overflow-x:auto"), _legend(block))


def _cell(had: RecentSession | None) -> Markup:
    if had is None:
        return element("b")
    kind = _kind(had)
    gap = f", {had.gap}" if had.gap not in (None, had.state) else ""
    story = f"{had.session:%a %Y-%m-%d}: {had.state}{gap}"
    return element("b", kind.sign, title=story, style=f"background:{kind.colour}")


def _kind(had: RecentSession) -> _Kind:
    places = list(_STATES)
    sign, says = _STATES[had.state]
    if had.state == "missing" and had.gap in _MISSING:
        sign, says = _MISSING[had.gap]
        words, colour = f"missing, {had.gap} ({says})", GAPS[had.gap].colour
    else:
        words, colour = f"{had.state} ({says})", SESSIONS[had.state].colour
    return _Kind(places.index(had.state), sign, words, colour)


def _sum(row: Sequence[RecentSession | None]) -> str:
    counts = Counter(each.state for each in row if each is not None)
    told = ", ".join(f"{counts[state]} {state}" for state in _STATES if counts[state])
    return told or "nothing known"


def _kinds(block: SessionMap) -> list[_Kind]:
    """What the map has, in order."""
    has = {_kind(each) for row in block.rows for each in row if each is not None}
    return sorted(has, key=lambda each: (each.place, each.words))


def _legend(block: SessionMap) -> Markup:
    patch = "display:inline-block;width:16px;text-align:center;color:#000;margin-right:4px"
    style = "margin-right:14px;white-space:nowrap"
    signs = ((each, f"{patch};background:{each.colour}") for each in _kinds(block))
    words = (
        element("span", element("b", kind.sign, style=look), kind.words, style=style)
        for kind, look in signs
    )
    return element("div", words, style=f"{_MONO};margin:2px 0 6px")
