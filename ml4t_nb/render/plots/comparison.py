"""Stored closes beside those of another provider, and below them how far apart the two are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.format import count, labelled, many, one_line
from ml4t_nb.render.markup import element
from ml4t_nb.render.plots.steps import MOST_CANDLES, labels_of
from ml4t_nb.render.plots.theme import GREY, GRID, SESSIONS, UP, safe
from ml4t_nb.reports import CompareReport, Difference

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from markupsafe import Markup

    Floats = npt.NDArray[np.float64]

__all__ = [
    "TwoLines",
    "around",
    "compared",
    "comparison_drawing",
    "comparison_paths",
    "comparison_sentence",
    "comparison_title",
    "thinned",
]

_OTHER = SESSIONS["filled"].colour  # as bars from another provider are ringed
_BESIDE = 40
_POINTS = 120  # as many points as a line shows one by one


@dataclass(frozen=True, slots=True, eq=False)
class TwoLines:
    """Bars of either provider, bar by bar: NaN where one has none.

    Parameters
    ----------
    stored, other
        Closes, the other provider's on the scale of the stored ones.
    differences
        The price that is furthest apart; None where all agree or only one has the bar.
    is_missing
        Whether only the other provider has it, between bars that both have.
    marked
        The bar that is chosen.
    """

    stamps: pd.DatetimeIndex
    stored: Floats
    other: Floats
    differences: tuple[Difference | None, ...]
    is_missing: npt.NDArray[np.bool_]
    marked: datetime | None = None

    def rows(self, at: list[int]) -> TwoLines:
        """Those rows alone."""
        return replace(
            self,
            stamps=self.stamps[at],
            stored=self.stored[at],
            other=self.other[at],
            differences=tuple(self.differences[row] for row in at),
            is_missing=self.is_missing[at],
        )


def compared(report: CompareReport) -> TwoLines:
    """The bars of a report side by side, all of them."""
    import numpy as np
    import pandas as pd

    assert report.stored_bars is not None
    assert report.other_bars is not None
    stamps = pd.DatetimeIndex(report.stored_bars.index.union(report.other_bars.index))
    stored, other = (
        each["close"].reindex(stamps).to_numpy(float)
        for each in (report.stored_bars, report.other_bars)
    )
    if report.scales:
        firsts = pd.DatetimeIndex([each.first for each in report.scales])
        at = np.clip(firsts.searchsorted(stamps, side="right") - 1, 0, None)
        other = other / np.array([each.factor for each in report.scales])[at]
    furthest: dict[datetime, Difference] = {}
    for each in report.differences:
        furthest.setdefault(each.stamp, each)
    return TwoLines(
        stamps,
        stored,
        other,
        tuple(furthest.get(each.to_pydatetime()) for each in stamps),
        np.asarray(stamps.isin(list(report.only_other))),
    )


def around(whole: TwoLines, stamp: datetime) -> TwoLines:
    """The bar of that stamp, marked, and some on either side of it."""
    import pandas as pd

    at = int(whole.stamps.searchsorted(pd.Timestamp(stamp)))
    rows = range(max(at - _BESIDE, 0), min(at + _BESIDE + 1, len(whole.stamps)))
    return replace(whole.rows([*rows]), marked=stamp)


def thinned(whole: TwoLines) -> TwoLines:
    """At most as many bars as a screen can part; of each stretch the one to look at first."""
    size = -(-len(whole.stamps) // MOST_CANDLES)
    if size <= 1:
        return whole
    missing = whole.is_missing.tolist()

    def weight(row: int) -> float:
        each = whole.differences[row]
        return abs(each.share) if each is not None else float("inf") if missing[row] else 0.0

    rows = range(len(whole.stamps))
    return whole.rows([max(rows[at : at + size], key=weight) for at in rows[::size]])


def comparison_title(report: CompareReport) -> str:
    """What is held against what."""
    return f"{labelled(report.dataset, report.provider)}, compared with {one_line(report.other)}"


def comparison_sentence(report: CompareReport) -> str:
    """How many bars agree, differ, and are only on one side."""
    differing = len({each.stamp for each in report.differences})
    parts = [
        f"{many(report.common, 'bar')} in common",
        f"{count(differing)} {'differs' if differing == 1 else 'differ'} by more than "
        f"{100 * report.tolerance:.2f} %"
        if differing
        else "",
        "all agree" if report.common and not differing else "",
    ]
    for stamps, name in ((report.only_stored, report.provider), (report.only_other, report.other)):
        parts.append(f"only {one_line(name)} has {many(len(stamps), 'bar')}" if stamps else "")
    return "; ".join(filter(None, parts))


def comparison_drawing(
    report: CompareReport, shown: TwoLines, zone: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Both closes as lines; below, in per cent, how far the closes are apart.

    Of a bar that differs it is the price that is furthest apart.
    """
    import pandas as pd

    labels = labels_of(shown.stamps, report.dataset.frequency, zone)
    traces = [*_lines(report, shown, labels), *_below(report, shown, labels)]
    common = {"gridcolor": GRID, "linecolor": GRID, "zeroline": False}
    layout: dict[str, Any] = {
        "height": 420,
        "margin": {"l": 55, "r": 35, "t": 60, "b": 45},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "xaxis": {
            **common,
            "type": "category",
            "categoryorder": "array",
            "categoryarray": labels,
            "nticks": 6,
            "tickangle": 0,
            "showgrid": False,
            "anchor": "y2",
        },
        "yaxis": {**common, "domain": [0.34, 1]},
        "yaxis2": {
            **common,
            "zeroline": True,
            "zerolinecolor": GREY,
            "domain": [0, 0.26],
            "nticks": 4,
            "title": {"text": "apart, %", "font": {"size": 10}},
        },
    }
    if shown.marked is not None:
        at = int(shown.stamps.searchsorted(pd.Timestamp(shown.marked)))
        edges = {"x0": at - 0.5, "x1": at + 0.5, "y0": 0, "y1": 1}
        line = {"width": 2, "color": GREY}
        layout["shapes"] = [{"type": "rect", "xref": "x", "yref": "paper", **edges, "line": line}]
    return traces, layout


def _lines(
    report: CompareReport, shown: TwoLines, labels: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    mode = "lines+markers" if len(labels) <= _POINTS else "lines"
    for name, values, look in (
        (f"{report.provider}, stored", shown.stored, {"color": UP, "width": 2.4}),
        (report.other, shown.other, {"color": _OTHER, "width": 1.6, "dash": "5px,3px"}),
    ):
        yield {
            "type": "scatter",
            "x": labels,
            "y": values,
            "mode": mode,
            "line": look,
            "marker": {"size": 4, "color": look["color"]},
            "connectgaps": False,
            "name": safe(one_line(name)),
            "hovertemplate": "close %{y:.10~g}<extra>%{fullData.name}</extra>",
        }


def _below(
    report: CompareReport, shown: TwoLines, labels: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    shares = 100 * (shown.other / shown.stored - 1)
    closes = zip(shown.stored.tolist(), shown.other.tolist(), strict=True)
    stories = [f"close {one:.6g} and {other:.6g}" for one, other in closes]
    for row, each in enumerate(shown.differences):
        if each is not None:
            shares[row] = 100 * each.share
            stories[row] = f"{each.column} {each.stored:.6g} and {each.other:.6g}"
    yield {
        "type": "bar",
        "x": labels,
        "y": shares.tolist(),
        "yaxis": "y2",
        "name": "apart",
        "showlegend": False,
        # A bar of a long series is thinner than a pixel, its edge is not.
        "marker": {"color": GREY, "line": {"width": 2, "color": GREY}},
        "customdata": stories,
        "hovertemplate": "%{customdata}: %{y:+.4~g} %<extra></extra>",
    }
    lacking = [label for label, is_one in zip(labels, shown.is_missing, strict=True) if is_one]
    if lacking:
        yield {
            "type": "scatter",
            "x": lacking,
            "y": [0.0] * len(lacking),
            "yaxis": "y2",
            "mode": "markers",
            "marker": {"symbol": "triangle-up", "size": 10, "color": _OTHER},
            "name": f"only {safe(one_line(report.other))}",
            "hovertemplate": "%{fullData.name} has it<extra></extra>",
        }


def comparison_paths(
    report: CompareReport, shown: TwoLines, zone: str, box: tuple[float, float, float, float]
) -> Iterator[Markup]:
    """Both lines in a still picture, a tick at each bar that differs, and in words what it shows.

    ``box`` is left, right, top and bottom.
    """
    import numpy as np

    left, right, top, bottom = box
    yield element("text", one_line(comparison_sentence(report)), x=0, y=32)
    both = np.concatenate([shown.stored, shown.other])
    if not np.isfinite(both).any():
        return
    low, high = float(np.nanmin(both)), float(np.nanmax(both))
    scale, step = (bottom - 10 - top) / ((high - low) or 1), (right - left) / len(shown.stamps)
    for values, colour, dashes in ((shown.stored, UP, "none"), (shown.other, _OTHER, "5 3")):
        way, is_on = "", False
        for at, value in enumerate(values.tolist()):
            if is_there := math.isfinite(value):
                x, y = left + (at + 0.5) * step, bottom - 10 - (value - low) * scale
                way += f"{'L' if is_on else 'M'}{x:.1f},{y:.1f}"
            is_on = is_there
        look = {"stroke_width": "1.6", "stroke_dasharray": dashes}
        yield element("path", d=way, stroke=colour, fill="none", **look)
    for at, (apart, is_missing) in enumerate(zip(shown.differences, shown.is_missing, strict=True)):
        if apart is not None or is_missing:
            x, colour = round(left + (at + 0.5) * step, 1), _OTHER if is_missing else GREY
            yield element("path", d=f"M{x},{bottom - 7}V{bottom}", stroke=colour, stroke_width=2)
    ends = labels_of(shown.stamps[[0, -1]], report.dataset.frequency, zone)
    for label, (x, anchor) in zip(ends, ((left, "start"), (right, "end")), strict=True):
        yield element("text", label.replace("<br>", " "), x=x, y=bottom + 16, text_anchor=anchor)
    for value, y in ((high, top + 8), (low, bottom - 10)):
        yield element("text", f"{value:.6g}", x=left - 6, y=round(y), text_anchor="end")
