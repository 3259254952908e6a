"""Colours, hatches and words that all pictures share; readable on white and on black."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

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
    "UP",
    "Look",
    "gap_story",
    "gaps_story",
    "safe",
    "title_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is drawn: never by its colour alone.

    Parameters
    ----------
    hatch
        plotly's pattern of a band.
    symbol
        plotly's marker on a session.
    """

    colour: str
    hatch: str
    symbol: str


GREY = "#808080"
GRID = "rgba(128,128,128,0.22)"
CLOSE_LINE = "#3b8bc2"
UP, DOWN = "#2a9d8f", "#b5567a"

# Okabe and Ito's colours, which people with any colour vision can distinguish.
GAPS: dict[GapState, Look] = {
    "open": Look("#e69f00", "/", "x"),
    "failed": Look("#d55e00", "x", "cross"),
    "confirmed": Look("#8e6bbf", "\\", "diamond"),
    "closed": Look("#808080", "-", "square"),
}
SESSIONS: dict[SessionState, Look] = {
    "present": Look("#2a9d8f", "", "square"),
    "partly": Look("#7fc4bb", "", "triangle-up"),
    "filled": Look("#56b4e9", ".", "circle"),
    "missing": Look("#e69f00", "/", "x"),
    "closed": GAPS["closed"],
    "extra": Look("#3b8bc2", "", "star"),
    "behind": Look("#f0e442", "", "triangle-left"),
}


def safe(text: str) -> str:
    """``text`` for plotly and for SVG, which both read tags."""
    return escape(plain(text))


def title_of(report: PlotReport) -> str:
    """The dataset; made-up bars are named so."""
    what = "coverage" if report.sessions is not None else ""
    run = f"last {report.record.verb}" if report.record is not None else ""
    return ", ".join(
        each for each in (labelled(report.dataset, report.provider), what, run) if each
    )


def gap_story(gap: Gap, frequency: Frequency) -> str:
    """Where a gap is, why, what was tried, what replaces it; one line each."""
    asked = {
        0: "not requested again yet",
        1: "requested once: no bars",
        2: "requested twice: no bars",
    }
    tried = asked.get(gap.attempts, f"requested {gap.attempts} times: no bars")
    lines = [
        f"gap, {gap.state}: {gap_words(gap, frequency)}",
        f"declared closed: {gap.reason or 'no reason given'}" if gap.state == "closed" else tried,
        f"error: {gap.error}" if gap.error else "",
        f"filled: {gap.filled_by}" if gap.filled_by is not None else "",
        "left open on request" if gap.is_left_open else "",
    ]
    return "\n".join(line for line in lines if line)


def gaps_story(gaps: tuple[Gap, ...], frequency: Frequency) -> str:
    """The story of one gap, or the sum of several."""
    if len(gaps) == 1:
        return gap_story(gaps[0], frequency)
    lacking = many(sum(gap.missing for gap in gaps), "bar")
    return f"{len(gaps):,} gaps, {gaps[0].state}: {lacking} missing\nthe first: " + gap_story(
        gaps[0], frequency
    )
