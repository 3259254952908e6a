"""Colours, hatches, signs and words that all pictures share; readable on white and on black."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import get_args

from ml4t_nb.model import Frequency, Gap, GapState
from ml4t_nb.render.format import gap_words, labelled, many, plain
from ml4t_nb.reports import PlotReport, SessionState

__all__ = [
    "CLOSE_LINE",
    "DOWN",
    "GAPS",
    "GREY",
    "GRID",
    "SESSIONS",
    "SUSPECT",
    "UP",
    "StateStyle",
    "gap_story",
    "gaps_story",
    "legend_place",
    "remark",
    "safe",
    "style_of",
    "title_of",
]


@dataclass(frozen=True, slots=True)
class StateStyle:
    """How a state is drawn: never by its colour alone."""

    colour: str
    hatch: str  # plotly's pattern of a band
    symbol: str  # plotly's marker on a session
    sign: str  # what stands for a session in text
    meaning: str


GREY = "#808080"
GRID = "rgba(128,128,128,0.22)"
CLOSE_LINE = "#3b8bc2"
UP, DOWN = "#2a9d8f", "#b5567a"

# Okabe and Ito's colours, which people with any colour vision can distinguish.
GAPS: dict[GapState, StateStyle] = {
    "open": StateStyle("#e69f00", "/", "x", "x", "no bars"),
    "failed": StateStyle("#d55e00", "x", "cross", "!", "request failed"),
    "confirmed": StateStyle("#8e6bbf", "\\", "diamond", "X", "the provider has no bars"),
    "closed": StateStyle("#808080", "-", "square", "-", "declared closed"),
    "rejected": StateStyle("#cc79a7", "+", "hexagon", "r", "bars rejected by a person"),
}
SUSPECT = "#d9722e"
# Among the dots, the signs of those that a person has to look for stand out.
SESSIONS: dict[SessionState, StateStyle] = {
    "present": StateStyle("#2a9d8f", "", "square", ".", "all bars"),
    "partly": StateStyle("#7fc4bb", "", "triangle-up", "~", "some bars"),
    "filled": StateStyle("#56b4e9", ".", "circle", "o", "made by filling"),
    "missing": GAPS["open"],
    "closed": GAPS["closed"],
    "extra": StateStyle("#3b8bc2", "", "star", "+", "bars, but no session"),
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


def safe(text: str) -> str:
    """``text`` for plotly and for a page, which both read tags."""
    return escape(plain(text))


def title_of(report: PlotReport) -> str:
    """The dataset; made-up bars are named so."""
    what = "coverage" if report.sessions is not None else ""
    run = f"last {report.record.verb}" if report.record is not None else ""
    if report.record is not None and report.before is not None:
        run = f"run {report.record.version}: {report.record.verb}"
    return ", ".join(filter(None, (labelled(report.dataset, report.provider), what, run)))


def gap_story(gap: Gap, frequency: Frequency) -> str:
    """Where a gap is, why, what was tried, what replaces it; one line each."""
    times = {1: "once", 2: "twice"}.get(gap.attempts, f"{gap.attempts} times")
    tried = f"requested {times}: no bars" if gap.attempts else "not requested again yet"
    lines = [
        f"gap, {gap.state}: {gap_words(gap, frequency)}",
        f"declared closed: {gap.reason or 'no reason given'}" if gap.state == "closed" else tried,
        "a person rejected the bars that the provider has" if gap.state == "rejected" else "",
        f"error: {gap.error}" if gap.error else "",
        f"filled: {gap.filled_by}" if gap.filled_by is not None else "",
        "left open on request" if gap.is_left_open else "",
    ]
    return "\n".join(filter(None, lines))


def gaps_story(gaps: tuple[Gap, ...], frequency: Frequency) -> str:
    """The story of one gap, or the sum of several."""
    first = gap_story(gaps[0], frequency)
    if len(gaps) == 1:
        return first
    lacking = many(sum(gap.missing for gap in gaps), "bar")
    return f"{len(gaps):,} gaps, {gaps[0].state}: {lacking} missing\nthe first: {first}"
