"""What a run, or all since a version, changed: the lines before and after it, and their ratio."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.change.run_change import RunChange, run_change
from ml4t_nb.render.change.wording import change_sentence
from ml4t_nb.render.format import ratio, stamp
from ml4t_nb.render.plots.steps import MOST_CANDLES, labels_of
from ml4t_nb.render.plots.theme import GREY, GRID, SUSPECT, UP, remark, safe, title_of
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Flags = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]

__all__ = ["revision_drawing"]

_POINTS = 60  # as many points as a line shows one by one
_PANE = (0.28, 1)  # of the two lines
_DECADES = 5
_AREA = "rgba(128,128,128,0.14)"


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """The bars of a change that are drawn: at most as many as a screen can part."""

    stamps: pd.DatetimeIndex
    was: Floats
    now: Floats
    ratios: Floats
    is_changed: Flags
    is_odd: Flags


def _drawn(change: RunChange) -> _Line:
    """Of each stretch of bars the one that changed most."""
    import numpy as np

    count = len(change.stamps)
    size = max(-(-count // MOST_CANDLES), 1)
    usual = np.where(np.isfinite(change.factors), change.factors, 1.0)
    weight = np.nan_to_num(np.abs(change.ratios / usual - 1), posinf=np.inf) + change.any_changed
    starts = range(0, count, size)
    rows = [start + int(np.argmax(weight[start : start + size])) for start in starts]
    return _Line(
        change.stamps[rows],
        change.was[rows],
        change.now[rows],
        change.ratios[rows],
        change.any_changed[rows],
        change.odd[rows],
    )


def revision_drawing(report: PlotReport) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Before, dashed, and after, on a log axis if the history was restated; below, the ratio."""
    change = run_change(report)
    line, is_restated = _drawn(change), change.is_restated
    labels = labels_of(line.stamps, report.dataset.frequency, report.zone)
    traces = [
        *_lines(line, labels, change.names, is_filled=is_restated),
        _below(line, labels, is_restated),
    ]
    if 0 < line.is_odd.sum() <= _POINTS:
        traces.append(_ringed(line, labels))
    title = {
        "text": safe(title_of(report)),
        "x": 0,
        "xref": "paper",
        "font": {"size": 15},
        "subtitle": {"text": safe(change_sentence(change)), "font": {"size": 12}},
    }
    scale = _log_scale(line) if is_restated else {"type": "linear"}
    common = {"gridcolor": GRID, "linecolor": GRID, "zeroline": False}
    layout = {
        "title": title,
        "height": 420,
        "margin": {"l": 55, "r": 35, "t": 80, "b": 45},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "xaxis": {
            **common,
            "type": "category",
            "categoryorder": "array",
            "categoryarray": labels,
            "nticks": 8,
            "tickangle": 0,
            "showgrid": False,
            "anchor": "y2",
        },
        "yaxis": {**common, "domain": list(_PANE), **scale},
        "yaxis2": {
            **common,
            "domain": [0, 0.2],
            "nticks": 3,
            "title": {"text": "now ÷ before" if is_restated else "change, %", "font": {"size": 10}},
        },
        **_marked([*_events(change, line)]),
    }
    return traces, layout


def _log_scale(line: _Line) -> dict[str, Any]:
    """On a log axis a factor is an equal distance everywhere; ticks at 1, 2 and 5, or at tens."""
    import numpy as np

    values = np.concatenate([line.was, line.now])
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return {"type": "log"}
    low, high = float(values.min()), float(values.max())
    tens = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    digits = (1, 2, 5) if len(tens) <= _DECADES else (1,)
    # plotly would write a 2 and a 5 without their tens.
    ticks = [digit * 10.0**power for power in tens for digit in digits]
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{each:,g}" for each in ticks]}


def _lines(
    line: _Line, labels: tuple[str, ...], names: tuple[str, str], *, is_filled: bool
) -> Iterator[dict[str, Any]]:
    is_few = int(line.is_changed.sum()) <= _POINTS
    shown = [7 if each and is_few else 0 for each in line.is_changed.tolist()]
    before, now = names
    for name, values, look in (
        (before, line.was, {"color": GREY, "width": 1.6, "dash": "5px,3px"}),
        (now, line.now, {"color": UP, "width": 2.2}),
    ):
        if is_filled and name == now:
            yield _area(line, labels)
        yield {
            "type": "scatter",
            "x": labels,
            "y": values,
            "mode": "lines+markers" if is_few else "lines",
            "line": look,
            "marker": {"size": shown, "color": look["color"]},
            "connectgaps": False,
            "name": name,
            "hovertemplate": "%{y:.10~g}<extra>%{fullData.name}</extra>",
        }


def _area(line: _Line, labels: tuple[str, ...]) -> dict[str, Any]:
    """What is between the lines, where there are both."""
    import numpy as np

    rows = np.flatnonzero(np.isfinite(line.ratios)).tolist()
    return {
        "type": "scatter",
        "x": [labels[row] for row in rows],
        "y": line.now[rows],
        "mode": "lines",
        "line": {"width": 0},
        "fill": "tonexty",
        "fillcolor": _AREA,
        "hoverinfo": "skip",
        "showlegend": False,
        "name": "between",
    }


def _below(line: _Line, labels: tuple[str, ...], is_restated: bool) -> dict[str, Any]:  # noqa: FBT001  # of the picture
    rows = [row for row, changed in enumerate(line.is_changed.tolist()) if changed]
    values = line.ratios[rows] if is_restated else 100 * (line.ratios[rows] - 1)
    look = {"mode": "markers", "marker": {"size": 4, "color": GREY}}
    if not is_restated:
        look = {"marker": {"color": GREY, "line": {"width": 0}}}
    return {
        "type": "scatter" if is_restated else "bar",
        "x": [labels[row] for row in rows],
        "y": values,
        "yaxis": "y2",
        "name": "now ÷ before" if is_restated else "change in %",
        "showlegend": False,
        "hovertemplate": "%{y:.6~g}<extra>%{fullData.name}</extra>",
        **look,
    }


def _ringed(line: _Line, labels: tuple[str, ...]) -> dict[str, Any]:
    rows = [row for row, is_odd in enumerate(line.is_odd.tolist()) if is_odd]
    return {
        "type": "scatter",
        "x": [labels[row] for row in rows],
        "y": line.now[rows],
        "mode": "markers",
        "marker": {
            "symbol": "circle-open", "size": 17, "color": SUSPECT, "line": {"width": 2.4},
        },
        "name": "another ratio",
        "hovertemplate": "another ratio than the others<extra></extra>",
    }  # fmt: skip


def _events(change: RunChange, line: _Line) -> Iterator[tuple[int, str]]:
    """Step and words of each split by which bars are restated."""
    import pandas as pd

    for day, value in change.splits:
        at = int(line.stamps.searchsorted(pd.Timestamp(day)))
        if at < len(line.stamps):
            yield at, f"{ratio(value)} {stamp(day, 'daily')}"


def _marked(events: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """A line at each of them, with its words beside it."""
    line = {"type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    edge = {"line": {"width": 1, "color": GREY}}
    # At the foot of the pane, where no legend is, and lines come only where prices have fallen.
    place = {"xref": "x", "xanchor": "right", "yanchor": "bottom"}
    return {
        "shapes": [{**line, **edge, "x0": at - 0.5, "x1": at - 0.5} for at, _ in events],
        "annotations": [remark(words, x=at - 0.6, y=_PANE[0], **place) for at, words in events],
    }
