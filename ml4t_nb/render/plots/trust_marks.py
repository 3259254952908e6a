"""Bars to be decided about, and bars from another provider: where they are drawn, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ml4t_nb.finding import Finding
from ml4t_nb.records import Source
from ml4t_nb.render.format import many, one_line, stamp_range
from ml4t_nb.render.plots.steps import Steps
from ml4t_nb.render.plots.theme import SESSIONS, SUSPECT, Colours, middle, safe
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Mark",
    "finding_story",
    "mark_traces",
    "session_rings",
    "session_story",
    "source_story",
    "suspicious_marks",
    "taken_marks",
]

Pane: TypeAlias = Literal["price", "volume", "lane"]
"""Where a mark is: at a price, at a volume, or above the prices where no bar is."""

_AXES: dict[Pane, str] = {"price": "y2", "volume": "y3", "lane": "y"}
_LANE = 0.94
_RING, _DOT = 17, 7
# More rings than this cover one another, and the bars.
_MOST_RINGS = 60
_FIELDS = ("open", "high", "low", "close", "volume")
_FIELD_OF = {
    "range": "high",
    "volume": "volume",
    "no volume": "volume",
    "zero volume": "volume",
    "high volume": "volume",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on a bar: on the value that is meant, and why."""

    row: int
    pane: Pane
    value: float
    story: str
    field: str = ""


def finding_story(finding: Finding, report: PlotReport) -> str:
    """What is doubtful, and that nobody decided about it yet."""
    what = "Not stored" if finding.is_hard else "Suspect"
    if finding.stamp is not None and finding.end is not None:
        frequency, zone = report.dataset.frequency, report.zone
        what += f", {stamp_range(finding.stamp, finding.end, frequency, zone)}"
    return f"▲ {what}: {one_line(finding.detail)}. Not decided."


def source_story(source: Source, provider: str) -> str:
    """From whom a bar is."""
    return f"from {one_line(source.provider)}, not from {one_line(provider)}"


def suspicious_marks(report: PlotReport, steps: Steps) -> tuple[Mark, ...]:
    """One for each finding and step, on the value that is in doubt."""
    bars = _observed(report)
    return tuple(
        mark for each in report.findings for mark in _of_finding(each, bars, report, steps)
    )


def _observed(report: PlotReport) -> pd.DataFrame:
    return report.bars[~report.bars["filled"].to_numpy(bool)]


def _of_finding(
    finding: Finding, observed: pd.DataFrame, report: PlotReport, steps: Steps
) -> Iterator[Mark]:
    import pandas as pd

    if finding.stamp is None or not len(steps):
        return
    first, last = (pd.Timestamp(each) for each in (finding.stamp, finding.end or finding.stamp))
    (rows,) = steps.rows_between([(first, last)])
    if last < steps.rows[0] or rows.start > steps.last:
        return
    story = finding_story(finding, report)
    field = next((name for name, _ in finding.evidence if name in _FIELDS), None)
    field = field or _FIELD_OF.get(finding.rule, "close")
    part = _bars_in(rows, observed, steps)
    pane: Pane = "volume" if field == "volume" else "price"
    places: dict[int, Mark] = {}
    at = steps.rows_at(pd.DatetimeIndex(part.index))
    for row, value in zip(at, part[field].tolist(), strict=True):
        # Of several bars in one step, the first.
        places.setdefault(steps.step_of(row), Mark(row, pane, value, story, field))
    yield from places.values()
    if not places:
        yield Mark(min(rows.start, steps.last), "lane", _LANE, story)


def _bars_in(rows: range, observed: pd.DataFrame, steps: Steps) -> pd.DataFrame:
    """The observed bars of those rows."""
    if not rows:
        return observed.iloc[:0]
    ends = steps.rows[[rows[0] - steps.first, rows[-1] - steps.first]]
    return observed.iloc[observed.index.slice_indexer(ends[0], ends[1])]


def taken_marks(report: PlotReport, steps: Steps) -> dict[str, tuple[Mark, ...]]:
    """By provider, one for each step with an observed bar of his, on its last price."""
    import pandas as pd

    found: dict[str, dict[int, Mark]] = {}
    observed = _observed(report)
    for source in report.sources:
        span = source.span.start, source.span.end - timedelta.resolution
        (rows,) = steps.rows_between([span])
        part = _bars_in(rows, observed, steps)
        story, own = source_story(source, report.provider), found.setdefault(source.provider, {})
        at = steps.rows_at(pd.DatetimeIndex(part.index))
        for row, close in zip(at, part["close"].tolist(), strict=True):
            own[steps.step_of(row)] = Mark(row, "price", close, story)
    return {name: tuple(own.values()) for name, own in found.items() if own}


def mark_traces(
    report: PlotReport, steps: Steps, colours: Colours = middle
) -> Iterator[dict[str, Any]]:
    """Rings on the values, in plotly's terms; none where there is nothing to say."""
    suspicious = suspicious_marks(report, steps)
    number = sum(each.stamp is not None for each in report.findings)
    is_named = False
    for pane, axis in _AXES.items():
        if own := [mark for mark in suspicious if mark.pane == pane]:
            name = f"suspect, {number:,}"
            trace = _trace(own, name, colours("suspect"), axis)
            yield trace | {"showlegend": not is_named, "meta": {"layer": "suspect"}}
            is_named = True
    for provider, marks in taken_marks(report, steps).items():
        name = safe(f"from {one_line(provider)}")
        yield _trace(marks, name, colours("filled"), "y2") | {"meta": {"layer": "source"}}


def _trace(marks: Sequence[Mark], name: str, colour: str, axis: str) -> dict[str, Any]:
    is_few = len(marks) <= _MOST_RINGS
    # Of several marks on one bar, plotly says one: it says what all of them say.
    stories: dict[int, list[str]] = {}
    for mark in marks:
        stories.setdefault(mark.row, []).append(safe(mark.story))
    texts = {row: "<br>".join(dict.fromkeys(each)) for row, each in stories.items()}
    return {
        "type": "scatter",
        "x": [mark.row for mark in marks],
        "y": [mark.value for mark in marks],
        "yaxis": axis,
        "mode": "markers",
        "marker": {
            "symbol": "circle-open",
            "size": _RING if is_few else _DOT,
            # Of an open sign this is the line's colour, too.
            "color": colour,
            "line": {"width": 2.4 if is_few else 1.2},
        },
        "name": name,
        "hoverinfo": "text",
        "text": [texts[mark.row] for mark in marks],
    }


def session_story(row: Any, report: PlotReport) -> list[str]:  # noqa: ANN401  # of pandas
    """What is doubtful in a session of a map, and from whom its bars are."""
    lines = []
    if row.finding >= 0:
        lines.append(finding_story(report.findings[row.finding], report))
    if row.source >= 0:
        lines.append(source_story(report.sources[row.source], report.provider))
    return lines


def session_rings(
    sessions: pd.DataFrame, columns: Sequence[int], years: Sequence[str], report: PlotReport
) -> Iterator[dict[str, Any]]:
    """Rings on the sessions of a map, each at its column and year."""
    names = [f"from {one_line(each.provider)}" for each in report.sources]
    found: dict[tuple[str, str], list[int]] = {}
    if report.findings:
        rows = [row for row, at in enumerate(sessions["finding"].tolist()) if at >= 0]
        found["suspect", SUSPECT] = rows
    if report.sources:
        for row, at in enumerate(sessions["source"].tolist()):
            if at >= 0:
                found.setdefault((names[at], SESSIONS["filled"].colour), []).append(row)
    for (name, colour), rows in found.items():
        if rows:
            is_few = len(rows) <= _MOST_RINGS
            yield {
                "type": "scatter",
                "x": [columns[row] for row in rows],
                "y": [years[row] for row in rows],
                "mode": "markers",
                "marker": {
                    "symbol": "circle-open",
                    "size": 13 if is_few else _DOT,
                    "color": colour,
                    "line": {"width": 2.4 if is_few else 1.2},
                },
                "name": f"{safe(name)}: {many(len(rows), 'session')}",
                "hoverinfo": "skip",
            }
