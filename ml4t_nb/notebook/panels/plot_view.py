"""An interactive plot: a clicked band is described, a dragged range is drawn in full detail."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import count as counted
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeAlias

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId, Gap, Span, bar_length
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask, of_dataset
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.widgets import CENTRED, WRAPPED, button, html, outputs_of, script
from ml4t_nb.render.format import count, labelled, many, span_words
from ml4t_nb.render.html import error_html, error_text, line_html
from ml4t_nb.render.plots.steps import (
    Steps,
    cut,
    dates_of,
    gap_near,
    rows_in,
    stamps_around,
    stamps_between,
    steps_of,
)
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PlotView"]

Range: TypeAlias = tuple[datetime, datetime]
"""First and last stamp, both inclusive."""

_PLOTLY = "application/vnd.plotly.v1+json"
_TALL = 400
_TOP = 40
_AROUND = 20
_AROUND_INTRADAY = 60
_INK = "#808080"

_numbers = counted(1)


class PlotView:
    """The bars of one dataset, whole or a range of it.

    The figure is a plain one, so that it is shown everywhere; a script of a few lines beside it
    shows what is clicked and dragged. Where that does not run, plotly's own zoom still does, and
    `zoom` and `around` are there for whatever stands beside the chart. ``picked`` is called with
    the gap whose band was clicked, ``changed`` after each drawing; the gap that is ``marked`` is
    outlined from the next one on.
    """

    def __init__(
        self,
        *,
        shared: Arguments = NO_ARGUMENTS,
        picked: Callable[[Gap], object] = lambda _: None,
        changed: Changed = lambda: None,
    ) -> None:
        from ipywidgets import HBox, Output, VBox

        self.report: PlotReport | None = None
        self._shared, self._picked, self._changed = shared, picked, changed
        self._lock = RLock()
        self._dataset: DatasetId | None = None
        self._known: pd.DatetimeIndex | None = None
        self._zone = "UTC"
        self._range: Range | None = None
        self.marked: Gap | None = None
        self._steps: Steps | None = None
        self._number = 0
        self._figure = Output()
        self._words = html("chart-range")
        self._back = button(
            "Whole range", "chart-whole", partial(self.zoom, None), "Draw all bars", disabled=True
        )
        listener = script("listener.js")
        listener.on_msg(lambda _widget, message, _buffers: self._hear(message))
        head = HBox([self._back, self._words], layout=WRAPPED | CENTRED)
        self.widget = VBox([head, self._figure, listener]).add_class("ml4t-chart")

    def show(self, dataset: DatasetId | None) -> None:
        """Draw all of that dataset, or nothing."""
        with self._lock:
            self._dataset, self._range, self.marked, self._known = dataset, None, None, None
            self._draw()

    def redraw(self) -> None:
        """Draw the same range from what is stored by now."""
        with self._lock:
            self._known = None
            self._draw()

    def zoom(self, stamps: Range | None) -> None:
        """Draw the bars of that range again in full detail, or all bars."""
        with self._lock:
            self._range = stamps
            self._draw()

    def around(self, gap: Gap) -> None:
        """Draw the gap, marked, and some bars on either side of it."""
        with self._lock:
            if self._dataset is None or self._known is None or not len(self._known):
                return
            is_intraday = bar_length(self._dataset.frequency) is not None
            rows = _AROUND_INTRADAY if is_intraday else _AROUND
            self.marked = gap
            self.zoom(stamps_around(self._known, gap, rows=rows))

    def _draw(self) -> None:
        try:
            self.report = self._read()
        except Ml4tError as error:
            self.report = self._steps = None
            bundle = {"text/html": error_html(error), "text/plain": error_text(error)}
            self._figure.outputs = outputs_of(bundle)
        else:
            drawn = self.report
            self._figure.outputs = () if drawn is None else outputs_of(self._bundle(drawn))
        self._say()
        self._changed()

    def _read(self) -> PlotReport | None:
        """The range from the store; all of it is looked at where that was not done yet."""
        self._steps = None
        if self._dataset is None:
            return None
        asked = {**of_dataset(self._dataset), **self._shared}
        report = None
        if self._known is None or self._range is None:
            report = ask(PlotReport, "plot", **asked)
            self._known, self._zone = rows_in(report), report.zone
        if self._range is not None and len(self._known):
            dates = dates_of(self._range, self._zone, self._dataset, self._known)
            report = cut(ask(PlotReport, "plot", **asked, **dates), *self._range)
        assert report is not None  # of a dataset without bars there is no range
        self._steps = steps_of(report)
        return report

    def _bundle(self, report: PlotReport) -> dict[str, Any]:
        from ml4t_nb.render.plots.figures import bundle_of

        bundle = bundle_of(report)
        layout = bundle[_PLOTLY]["layout"]
        self._number = next(_numbers)
        layout |= {"meta": {"drawn": self._number}, "height": _TALL}
        layout["title"]["text"] = ""  # it stands in the line above, where it can wrap
        layout["margin"]["t"] = _TOP
        layout.pop("updatemenus", None)
        if self._steps is not None and self.marked is not None and self.marked in report.gaps:
            layout["shapes"] = [*layout.get("shapes", ()), _outline(self._steps, self.marked)]
        return bundle

    def _say(self) -> None:
        self._back.disabled = self._range is None
        report, words = self.report, ""
        if report is not None and self._steps is not None and len(self._steps):
            rows = self._steps.rows
            end = rows[-1] + timedelta(microseconds=1)
            span = Span(rows[0].to_pydatetime(), end.to_pydatetime())
            when = span_words(span, report.dataset.frequency)
            made, lacking = int(report.bars["filled"].sum()), len(report.missing)
            held = many(len(report.bars), "bar")
            held += f", {count(made)} of them filled" if made else ""
            held += f", {count(lacking)} missing" if lacking else ""
            words = f"{labelled(report.dataset, report.provider)}, {when}: {held}"
        self._words.value = line_html(words)

    def _hear(self, message: Mapping[str, Any]) -> None:
        """What the figure's script sends; from a figure that is not the latest, nothing."""
        gap = None
        with self._lock:
            report, steps, known = self.report, self._steps, self._known
            if report is None or steps is None or known is None or not len(steps):
                return
            if message.get("drawing") != self._number:
                return
            match message.get("what"):
                case "whole" if self._range is not None:
                    self.zoom(None)
                case "fit":
                    self._draw()
                case "range":
                    self._dragged(steps, message.get("left"), message.get("right"), known)
                case "click":
                    gap = _clicked(report, steps, message.get("labels"))
        # Without the lock: a listener may draw, and may hold a lock of its own.
        if gap is not None:
            self._picked(gap)

    def _dragged(self, steps: Steps, left: object, right: object, known: pd.DatetimeIndex) -> None:
        ends = [each for each in (left, right) if isinstance(each, int | float)]
        if len(ends) < 2 or not all(map(math.isfinite, ends)):  # noqa: PLR2004  # two ends
            return
        wanted = stamps_between(steps, min(ends), max(ends), known=known)
        # The range that is drawn already: nothing to do, and nothing to go round in a circle.
        if wanted == (known[0], known[-1]):
            if self._range is not None:
                self.zoom(None)
        elif wanted != (steps.rows[0], steps.rows[-1]):
            self.zoom(wanted)


def _clicked(report: PlotReport, steps: Steps, labels: object) -> Gap | None:
    for label in labels if isinstance(labels, list) else ():
        if str(label).isdecimal() and int(label) <= steps.last:
            return gap_near(report, steps, steps.step_of(int(label)))
    return None


def _outline(steps: Steps, gap: Gap) -> dict[str, Any]:
    import pandas as pd

    first = int(steps.rows.searchsorted(pd.Timestamp(gap.start)))
    last = int(steps.rows.searchsorted(pd.Timestamp(gap.end), side="right") - 1)
    edges = {"x0": first - 0.5, "x1": max(last, first) + 0.5, "y0": 0, "y1": 1}
    line = {"width": 3, "color": _INK}
    return {"type": "rect", "xref": "x", "yref": "paper", **edges, "line": line}
