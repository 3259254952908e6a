"""Colours, hatches, signs and words that all pictures share; readable on white and on black."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TypeAlias, get_args

from ml4t_nb.model import Frequency, Gap, GapState
from ml4t_nb.render.format import gap_words, labelled, many, plain
from ml4t_nb.render.markup import element
from ml4t_nb.reports import ComparedVersions, PlotReport, SessionState

__all__ = [
    "CLOSE_LINE",
    "DOWN",
    "GAPS",
    "GREY",
    "GRID",
    "SESSIONS",
    "SUSPECT",
    "UP",
    "Colours",
    "StateStyle",
    "bold",
    "by_name",
    "gap_story",
    "gaps_story",
    "in_lines",
    "legend_place",
    "middle",
    "remark",
    "safe",
    "style_of",
    "title_of",
]


Colours: TypeAlias = Callable[[str], str]
"""What a figure calls the colour of a token."""

# Where nobody knows whether the page is light or dark: readable on white and on black.
_MIDDLE: Mapping[str, str] = {
    "paper": "rgba(128,128,128,0)",
    "tip": "#4d565e",
    "tiptext": "#ffffff",
    "text": "#808080",
    "muted": "#808080",
    "line2": "rgba(128,128,128,0.5)",
    "grid": "rgba(128,128,128,0.16)",
    "accent": "#3b8bc2",
    "up": "#2296a6",
    "down": "#dd6142",
    "ontag": "#10151a",
    "gap": "#cf8f0a",
    "gapbg": "rgba(233,176,32,0.16)",
    "filled": "#5c8fd1",
    "filledbg": "rgba(100,150,215,0.12)",
    "closed": "#848e97",
    "closedbg": "rgba(135,145,155,0.13)",
    "incomplete": "#9469cc",
    "suspect": "#d9722e",
    "error": "#d6506b",
}


def middle(token: str) -> str:
    """The colour of a token for light and dark pages alike."""
    return _MIDDLE[token]


def by_name(token: str) -> str:
    """The name of a token, for a script that knows the page."""
    if token not in _MIDDLE:
        raise KeyError(token)
    return f"token:{token}"


@dataclass(frozen=True, slots=True)
class StateStyle:
    """How a state is drawn: never by its colour alone."""

    colour: str
    hatch: str  # plotly's pattern of a band
    symbol: str  # plotly's marker on a session
    sign: str  # what stands for a session in text
    meaning: str
    token: str = ""  # of a gap: of its lines
    ground: str = ""
    words: str = ""  # of a gap, in a legend


GREY = middle("muted")
GRID = "rgba(128,128,128,0.22)"
CLOSE_LINE = middle("accent")
UP, DOWN = middle("up"), middle("down")


def _gap(token: str, ground: str, hatch: str, symbol: str, sign: str, *words: str) -> StateStyle:
    meaning, legend = words
    return StateStyle(middle(token), hatch, symbol, sign, meaning, token, ground, legend)


GAPS: dict[GapState, StateStyle] = {
    "open": _gap("gap", "gapbg", "/", "x", "x", "no bars", "open gap"),
    "failed": _gap("suspect", "gapbg", "+", "cross", "!", "request failed", "gap, request failed"),
    "confirmed": _gap(
        "incomplete", "closedbg", "\\", "diamond", "X", "the provider has no bars",
        "gap, provider has none",
    ),
    "closed": _gap("closed", "closedbg", "x", "square", "-", "declared closed", "marked closed"),
    "rejected": _gap(
        "error", "gapbg", "-", "hexagon", "r", "bars rejected by a person", "rejected by a person"
    ),
}  # fmt: skip
SUSPECT = middle("suspect")
# Among the dots, the signs of those that a person has to look for stand out.
SESSIONS: dict[SessionState, StateStyle] = {
    "present": StateStyle(UP, "", "square", ".", "all bars"),
    "partly": StateStyle("#7fc4bb", "", "triangle-up", "~", "some bars"),
    "filled": StateStyle(middle("filled"), ".", "circle", "o", "made by filling"),
    "missing": GAPS["open"],
    "closed": GAPS["closed"],
    "extra": StateStyle(CLOSE_LINE, "", "star", "+", "bars, but no session"),
    "behind": StateStyle("#f0e442", "", "triangle-left", "<", "after the last bar"),
}


def style_of(state: SessionState, gap: GapState | None) -> tuple[str, StateStyle]:
    """Name and style of a session; a missing one is described by its gap's state."""
    if state == "missing" and gap is not None:
        return f"missing, {gap}", GAPS[gap]
    return state, SESSIONS[state]


def legend_place(name: str) -> tuple[int, str]:
    """What a legend sorts the names of sessions by."""
    states: tuple[str, ...] = get_args(SessionState)
    return states.index(name.partition(",")[0]), name


def remark(text: str, **where: object) -> dict[str, object]:
    """Words on the paper of a figure."""
    grey = {"color": GREY}
    return {
        "xref": "paper",
        "yref": "paper",
        "showarrow": False,
        "font": grey,
        "text": text,
        **where,
    }


def bold(text: str) -> str:
    """``text`` in bold, for plotly."""
    return str(element("b", text))


def in_lines(*parts: str) -> str:
    """Words for plotly, one below the other."""
    return "<br>".join(filter(None, parts))


def safe(text: str) -> str:
    """``text`` for plotly and for a page, which both read tags."""
    return escape(plain(text))


def title_of(report: PlotReport) -> str:
    """The dataset; made-up bars are named so."""
    what = "coverage" if report.sessions is not None else ""
    run = f"last {report.record.verb}" if report.record is not None else ""
    if report.versions is not None:
        run = f"version {report.versions.then} and {_later(report.versions)}"
    elif report.record is not None and report.before is not None:
        run = f"run {report.record.version}: {report.record.verb}"
    names = [labelled(each.dataset, each.provider) for each in (report, *report.beside)]
    return ", ".join(filter(None, (*names, what, run)))


def _later(versions: ComparedVersions) -> str:
    return "now" if versions.is_newest else f"version {versions.now}"


def gap_story(gap: Gap, frequency: Frequency, zone: str) -> str:
    """Where a gap is, by the clocks of ``zone``, why, what was tried, what replaces it.

    One line each.
    """
    times = {1: "once", 2: "twice"}.get(gap.attempts, f"{gap.attempts} times")
    tried = f"requested {times}: no bars" if gap.attempts else "not requested again yet"
    lines = [
        f"gap, {gap.state}: {gap_words(gap, frequency, zone)}",
        f"declared closed: {gap.reason or 'no reason given'}" if gap.state == "closed" else tried,
        "a person rejected the bars that the provider has" if gap.state == "rejected" else "",
        f"error: {gap.error}" if gap.error else "",
        f"filled: {gap.filled_by}" if gap.filled_by is not None else "",
        "left open on request" if gap.is_left_open else "",
    ]
    return "\n".join(filter(None, lines))


def gaps_story(gaps: tuple[Gap, ...], frequency: Frequency, zone: str) -> str:
    """The story of one gap, or the sum of several."""
    first = gap_story(gaps[0], frequency, zone)
    if len(gaps) == 1:
        return first
    lacking = many(sum(gap.missing for gap in gaps), "bar")
    return f"{len(gaps):,} gaps, {gaps[0].state}: {lacking} missing\nthe first: {first}"
