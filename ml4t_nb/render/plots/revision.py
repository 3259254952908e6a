"""What one run changed: the line before and the line after it, and the ratio of the two."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.format import many, one_line, ratio, restated_words, stamp
from ml4t_nb.render.markup import element
from ml4t_nb.render.plots.steps import MOST_CANDLES, labels_of
from ml4t_nb.render.plots.theme import GREY, GRID, SUSPECT, UP, remark, safe, title_of
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from markupsafe import Markup

    Floats = npt.NDArray[np.float64]

__all__ = ["ChangedLine", "change_sentence", "changed_line", "revision_drawing", "revision_paths"]

_FIELDS = ("close", "open", "high", "low", "volume", "dividend", "split")
_POINTS = 60  # as many points as a line shows one by one
_CLOSE = 1e-6
_AREA = "rgba(128,128,128,0.14)"


@dataclass(frozen=True, slots=True, eq=False)
class ChangedLine:
    """One field of the bars around a change, bar by bar: NaN where there was none.

    Parameters
    ----------
    ratios
        After over before.
    is_changed
        Whether the run replaced, added or took out the bar.
    """

    field: str
    stamps: pd.DatetimeIndex
    before: Floats
    after: Floats
    ratios: Floats
    is_changed: npt.NDArray[np.bool_]

    @property
    def usual(self) -> float:
        """The ratio of most of the changed bars; NaN if they have none."""
        import numpy as np

        known = self.ratios[self.is_changed & np.isfinite(self.ratios)]
        return float(np.median(known)) if len(known) else float("nan")

    @property
    def odd(self) -> npt.NDArray[np.bool_]:
        """Changed bars whose ratio is another than that of the most."""
        import numpy as np

        is_usual = np.isclose(self.ratios, self.usual, rtol=_CLOSE, atol=0)
        return self.is_changed & np.isfinite(self.ratios) & ~is_usual


def changed_line(report: PlotReport) -> ChangedLine:
    """The field that the run changed most often, the close first."""
    import numpy as np
    import pandas as pd

    assert report.before is not None
    stamps = pd.DatetimeIndex(report.before.index.union(report.bars.index))
    was, now = (bars.reindex(stamps) for bars in (report.before, report.bars))
    changed = {}
    for name in _FIELDS:
        old, new = was[name].to_numpy(float), now[name].to_numpy(float)
        changed[name] = ~((old == new) | (np.isnan(old) & np.isnan(new)))
    field = max(_FIELDS, key=lambda name: int(changed[name].sum()))
    before, after = was[field].to_numpy(float), now[field].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = after / before
    return ChangedLine(field, stamps, before, after, ratios, np.any([*changed.values()], axis=0))


def change_sentence(report: PlotReport, line: ChangedLine) -> str:
    """What the run changed, in one sentence."""
    import numpy as np

    record = report.record
    assert record is not None
    count = int(line.is_changed.sum())
    bars = many(count, "bar")
    if record.restatement is not None:
        odd, both = int(line.odd.sum()), int((line.is_changed & np.isfinite(line.ratios)).sum())
        like = f"{both - odd:,} of {many(both, 'bar')}" if odd else many(both, "bar")
        return f"{restated_words(record.restatement)}: {like} at {ratio(1 / line.usual)}"
    moves = np.where(line.is_changed, np.abs(line.ratios - 1), np.nan)
    if not np.isfinite(moves).any():
        return f"{bars} changed"
    at = int(np.nanargmax(np.where(np.isfinite(moves), moves, np.nan)))
    day = stamp(line.stamps[at].to_pydatetime(), report.dataset.frequency)
    move = f"{100 * (line.ratios[at] - 1):+.3g} %".replace("-", "\N{MINUS SIGN}")
    values = f"{line.before[at]:.6g} → {line.after[at]:.6g}"
    return f"{bars} changed; {line.field} most on {day}: {values}, {move}"


def _thinned(line: ChangedLine) -> ChangedLine:
    """At most as many bars as a screen can part; of each stretch the one that changed most."""
    import numpy as np

    count = len(line.stamps)
    size = -(-count // MOST_CANDLES)
    if size <= 1:
        return line
    weight = np.nan_to_num(np.abs(line.ratios - line.usual), posinf=np.inf) + line.is_changed
    starts = range(0, count, size)
    rows = [start + int(np.argmax(weight[start : start + size])) for start in starts]
    return ChangedLine(
        line.field,
        line.stamps[rows],
        line.before[rows],
        line.after[rows],
        line.ratios[rows],
        line.is_changed[rows],
    )


def revision_drawing(report: PlotReport) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Before, dashed, and after, on a log axis if the history was restated; below, the ratio."""
    whole = changed_line(report)
    line = _thinned(whole)
    labels = labels_of(line.stamps, report.dataset.frequency, report.zone)
    record = report.record
    is_restated = record is not None and record.restatement is not None
    traces = [*_lines(line, labels, is_filled=is_restated), _below(line, labels, is_restated)]
    if is_restated and 0 < line.odd.sum() <= _POINTS:
        traces.append(_ringed(line, labels))
    title = {
        "text": safe(title_of(report)),
        "x": 0,
        "xref": "paper",
        "font": {"size": 15},
        "subtitle": {"text": safe(change_sentence(report, whole)), "font": {"size": 12}},
    }
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
        "yaxis": {**common, "domain": [0.28, 1], **_scale(is_restated=is_restated)},
        "yaxis2": {
            **common,
            "domain": [0, 0.2],
            "nticks": 3,
            "title": {"text": "now ÷ before" if is_restated else "change, %", "font": {"size": 10}},
        },
        **_marked([*_events(report, line)]),
    }
    return traces, layout


def _scale(*, is_restated: bool) -> dict[str, Any]:
    # On a log axis a factor is an equal distance everywhere; ticks at 1, 2 and 5.
    return {"type": "log", "dtick": "D2"} if is_restated else {"type": "linear"}


def _lines(
    line: ChangedLine, labels: tuple[str, ...], *, is_filled: bool
) -> Iterator[dict[str, Any]]:
    is_few = int(line.is_changed.sum()) <= _POINTS
    shown = [7 if each and is_few else 0 for each in line.is_changed.tolist()]
    for name, values, look in (
        ("before", line.before, {"color": GREY, "width": 1.6, "dash": "5px,3px"}),
        ("now", line.after, {"color": UP, "width": 2.2}),
    ):
        if is_filled and name == "now":
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


def _area(line: ChangedLine, labels: tuple[str, ...]) -> dict[str, Any]:
    """What is between the lines, where there are both."""
    import numpy as np

    rows = np.flatnonzero(np.isfinite(line.ratios)).tolist()
    return {
        "type": "scatter",
        "x": [labels[row] for row in rows],
        "y": line.after[rows],
        "mode": "lines",
        "line": {"width": 0},
        "fill": "tonexty",
        "fillcolor": _AREA,
        "hoverinfo": "skip",
        "showlegend": False,
        "name": "between",
    }


def _below(line: ChangedLine, labels: tuple[str, ...], is_restated: bool) -> dict[str, Any]:  # noqa: FBT001  # of the picture
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


def _ringed(line: ChangedLine, labels: tuple[str, ...]) -> dict[str, Any]:
    rows = [row for row, is_odd in enumerate(line.odd.tolist()) if is_odd]
    return {
        "type": "scatter",
        "x": [labels[row] for row in rows],
        "y": line.after[rows],
        "mode": "markers",
        "marker": {
            "symbol": "circle-open", "size": 17, "color": SUSPECT, "line": {"width": 2.4},
        },
        "name": "another ratio",
        "hovertemplate": "another ratio than the others<extra></extra>",
    }  # fmt: skip


def _events(report: PlotReport, line: ChangedLine) -> Iterator[tuple[int, str]]:
    """Step and words of each split that the run named."""
    import pandas as pd

    restated = report.record.restatement if report.record is not None else None
    for day, value in restated.splits if restated is not None else ():
        at = int(line.stamps.searchsorted(pd.Timestamp(day)))
        if at < len(line.stamps):
            yield at, f"{ratio(value)} {stamp(day, 'daily')}"


def _marked(events: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """A line at each of them, with its words beside it."""
    line = {"type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    edge = {"line": {"width": 1, "color": GREY}}
    place = {"xref": "x", "xanchor": "right", "yanchor": "top"}
    return {
        "shapes": [{**line, **edge, "x0": at - 0.5, "x1": at - 0.5} for at, _ in events],
        "annotations": [remark(words, x=at - 0.6, y=0.99, **place) for at, words in events],
    }


def revision_paths(
    report: PlotReport, *, left: float, right: float, top: float, bottom: float
) -> Iterator[Markup]:
    """Both lines in a still picture, and in words what they show."""
    import numpy as np

    line = changed_line(report)
    yield element("text", one_line(change_sentence(report, line)), x=0, y=32)
    line = _thinned(line)
    both = np.concatenate([line.before, line.after])
    low, high = float(np.nanmin(both)), float(np.nanmax(both))
    scale = (bottom - top) / ((high - low) or 1)
    step = (right - left) / max(len(line.stamps), 1)
    for values, colour, dashes in ((line.before, GREY, "5 3"), (line.after, UP, "none")):
        way, is_on = "", False
        for at, value in enumerate(values.tolist()):
            if is_there := math.isfinite(value):
                x, y = left + (at + 0.5) * step, bottom - (value - low) * scale
                way += f"{'L' if is_on else 'M'}{x:.1f},{y:.1f}"
            is_on = is_there
        yield element(
            "path", d=way, stroke=colour, fill="none", stroke_width="1.6", stroke_dasharray=dashes
        )
    ends = labels_of(line.stamps[[0, -1]], report.dataset.frequency, report.zone)
    places = ((left, "start"), (right, "end"))
    for label, (x, anchor) in zip(ends, places, strict=True):
        words = label.replace("<br>", " ")
        yield element("text", words, x=x, y=bottom + 16, text_anchor=anchor)
    for value, y in ((high, top + 8), (low, bottom)):
        yield element("text", f"{value:.6g}", x=left - 6, y=round(y), text_anchor="end")
