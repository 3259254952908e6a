"""Gaps, corporate actions and runs beside the bars, in plotly's terms, at the rows of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ml4t_nb.render.format import many, one_line, ratio
from ml4t_nb.render.plots.price_words import stamp_words
from ml4t_nb.render.plots.steps import Band, Steps, bars_between
from ml4t_nb.render.plots.theme import GAPS, Colours, bold, in_lines, safe
from ml4t_nb.reports import PlotReport

__all__ = [
    "NOT_COMPLETE",
    "action_stories",
    "action_trace",
    "band_edges",
    "band_traces",
    "incomplete_rows",
    "incomplete_trace",
    "run_traces",
]

_SIGN, _DOT = 15, 7
_LANE = 0.222
_MOST_SIGNS = 50  # more letters than this cover one another
_SPOTS = 60  # as many places along the axis say what a band is
_TOLD = 200
_ABOVE = 0.975
NOT_COMPLETE = "Not complete: a part is missing or filled, or the period is not over."


def band_traces(steps: Steps, colours: Colours, *, is_told: bool) -> Iterator[dict[str, Any]]:
    """One area a state, and of what was filled; where they are to be ``told``, their stories."""
    groups: dict[str, list[Band]] = {}
    for band in steps.bands:
        groups.setdefault("filled" if band.is_filled else band.state, []).append(band)
    for name, own in groups.items():
        is_filled = name == "filled"
        style = GAPS[own[0].state]
        token, ground = ("filled", "filledbg") if is_filled else (style.token, style.ground)
        x: list[float | None] = []
        y: list[float | None] = []
        for band in own:
            left, right = band_edges(band, steps)
            x += [left, left, right, right, left, None]
            y += [0, 1, 1, 0, 0, None]
        number = sum(band.gaps for band in own)
        words = f"filled, {number:,} (hollow bars)" if is_filled else f"{style.words}, {number:,}"
        pattern = {
            "shape": style.hatch, "fgcolor": colours(token), "bgcolor": colours(ground),
            "size": 7, "solidity": 0.16, "fillmode": "replace",
        }  # fmt: skip
        yield {
            "type": "scatter",
            "x": x[:-1],
            "y": y[:-1],
            "mode": "lines",
            "fill": "toself",
            "fillcolor": colours(ground),
            **({} if is_filled else {"fillpattern": pattern}),
            "line": {"color": colours(token), "width": 1, "dash": "dot" if is_filled else "solid"},
            "name": words,
            "hoverinfo": "skip",
            "meta": {"layer": "bands", "state": name},
        }
    if is_told and steps.bands:
        yield _told(steps, steps.bands)


def band_edges(band: Band, steps: Steps) -> tuple[float, float]:
    """Its edges on the axis, a step wide at least."""
    left = steps.first + band.first * steps.size - 0.5
    right = min(steps.first + (band.last + 1) * steps.size, steps.last + 1) - 0.5
    return (left, right) if steps.size > 1 else (band.left - 0.5, band.right + 0.5)


def _told(steps: Steps, bands: Sequence[Band]) -> dict[str, Any]:
    """The story of each band, at so many places that one is met wherever one points at it."""
    every = max(len(steps.rows) // _SPOTS, 1)
    is_long = len(bands) <= _TOLD
    spots = [
        (row, safe(band.story if is_long else band.story.partition("\n")[0]))
        for band in bands
        for row in sorted({*range(band.left, band.right + 1, every), band.right})
    ]
    return {
        "type": "scatter",
        "x": [row for row, _ in spots],
        "y": [0.9] * len(spots),
        "mode": "markers",
        "marker": {"size": 1, "opacity": 0},
        "showlegend": False,
        "name": "gap",
        "text": [in_lines(*story.split("\n")) for _, story in spots],
        "hoverinfo": "text",
        "meta": {"layer": "stories"},
    }


def action_stories(report: PlotReport, steps: Steps) -> dict[int, tuple[str, str]]:
    """By row, the letters of its dividend and split, and what they are."""
    import pandas as pd

    bars = bars_between(report.bars, steps.rows)
    splits = bars["split"].to_numpy(float)
    bars = bars[(bars["dividend"].to_numpy(float) > 0) | ((splits != 0) & (splits != 1))]
    if bars.empty:
        return {}
    stamps = pd.DatetimeIndex(bars.index)
    days = stamp_words(stamps, report.frequency, report.zone)
    currency = one_line(report.currency)
    found = {}
    columns = (steps.rows_at(stamps), days, bars["dividend"].tolist(), bars["split"].tolist())
    for row, day, dividend, split in zip(*columns, strict=True):
        letters, stories = "", []
        if split not in (0, 1) and split == split:  # noqa: PLR0124  # NaN
            letters, stories = "S", [f"{ratio(split)} split"]
        if dividend > 0:
            letters += "D"
            stories.append(f"Dividend {dividend:.6g} {currency}".rstrip())
        found[row] = (letters, f"{' and '.join(stories)}, {day}")
    return found


def action_trace(
    stories: dict[int, tuple[str, str]], colours: Colours, *, lane: float = _LANE
) -> Iterator[dict[str, Any]]:
    """S in a square, D in a circle, in the lane between the panes."""
    is_few = len(stories) <= _MOST_SIGNS
    for letters, words in (("S", "split"), ("D", "dividend"), ("SD", "split and dividend")):
        own = {row: story for row, (own, story) in stories.items() if own == letters}
        if own:
            symbol = "circle-open" if letters == "D" else "square-open"
            size = (_SIGN + 6 * (len(letters) > 1)) if is_few else _DOT
            yield {
                "type": "scatter",
                "x": [*own],
                "y": [lane] * len(own),
                "mode": "markers+text" if is_few else "markers",
                "marker": {
                    "symbol": symbol, "size": size, "color": colours("text"), "line": {"width": 1}
                },
                "text": [bold(letters)] * len(own),
                "textfont": {"size": 9, "color": colours("text")},
                "textposition": "middle center",
                "hovertext": [safe(story) for story in own.values()],
                "hoverinfo": "text",
                "name": words if len(own) == 1 else f"{words}, {len(own):,}",
                "meta": {"layer": "events"},
            }  # fmt: skip


def incomplete_trace(report: PlotReport, steps: Steps, colours: Colours) -> dict[str, Any]:
    """Signs above longer bars of which a part is missing."""
    rows = incomplete_rows(report, steps)
    return {
        "type": "scatter",
        "x": rows,
        "y": [_ABOVE] * len(rows),
        "mode": "markers",
        "marker": {
            "symbol": "triangle-down-open", "size": 9, "color": colours("incomplete"),
            "line": {"width": 1.6},
        },
        "text": [NOT_COMPLETE] * len(rows),
        "hoverinfo": "text",
        "name": f"not complete, {len(rows):,}",
        "meta": {"layer": "incomplete"},
    }  # fmt: skip


def incomplete_rows(report: PlotReport, steps: Steps) -> list[int]:
    """The rows of longer bars of which a part is missing; none of other bars."""
    import pandas as pd

    stamps = report.incomplete
    if stamps is None or not len(steps):
        return []
    return steps.rows_at(pd.DatetimeIndex(stamps[stamps.isin(steps.rows)]))


def run_traces(report: PlotReport, steps: Steps, colours: Colours) -> Iterator[dict[str, Any]]:
    """A line under what a run asked for, and signs above the bars whose values it changed."""
    import numpy as np
    import pandas as pd

    if report.record is None or not len(steps):
        return
    asked = np.full(len(steps.rows), np.nan)
    for span in report.record.spans:
        ends = [pd.Timestamp(span.start), pd.Timestamp(span.end)]
        first, last = steps.rows.searchsorted(ends).tolist()
        asked[first:last] = 0.0
    at = np.arange(0, len(asked), steps.size)
    if not np.isnan(asked).all():
        yield {
            "type": "scatter",
            "x": steps.middles,
            "y": np.fmin.reduceat(asked, at),
            "mode": "lines+markers",
            "line": {"color": colours("accent"), "width": 4},
            "marker": {"size": 4, "color": colours("accent")},
            "name": "requested by the run",
            "hoverinfo": "skip",
            "meta": {"layer": "run"},
        }
    stamps = pd.DatetimeIndex([each.stamp for each in report.record.revisions])
    stamps = stamps[stamps.isin(steps.rows)]
    if len(stamps):
        rows = sorted({steps.step_of(row): row for row in steps.rows_at(stamps)}.items())
        yield {
            "type": "scatter",
            "x": [row for _, row in rows],
            "y": steps.table["high"].to_numpy()[[step for step, _ in rows]],
            "yaxis": "y2",
            "mode": "markers",
            "marker": {"symbol": "triangle-down", "size": 8, "color": colours("muted")},
            "name": f"revised by the run, {many(len(rows), 'bar')}",
            "text": ["revised by the run"] * len(rows),
            "hoverinfo": "text",
            "meta": {"layer": "run"},
        }
