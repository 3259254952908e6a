"""An interactive plot: a clicked band is described, a dragged range is drawn in full detail."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import count as counted
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeAlias

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId, Gap, Span, bar_length
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, ask, of_dataset
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
_LABELS = 5  # as many as a narrow cell has room for
_AROUND = 20
_AROUND_INTRADAY = 60
_INK = "#808080"

_numbers = counted(1)


class PlotView:
    """The bars of one dataset, whole or a range of it.

    The figure is a plain one, so that it is shown everywhere; a script of a few lines beside it
    shows what is clicked and dragged. Where that does not run, plotly's own zoom still does, and
    `zoom` and `around` are there for whatever stands beside the chart.

    Parameters
    ----------
    shared
        Arguments of each command.
    picked
        Called with the gap whose band was clicked.
    changed
        Called after each drawing.
    """

    def __init__(
        self,
        *,
        shared: Mapping[str, object] = NO_ARGUMENTS,
        picked: Callable[[Gap], object] = lambda _: None,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        from ipywidgets import HTML, Button, HBox, Output, VBox

        self.report: PlotReport | None = None
        self._shared, self._picked, self._changed = shared, picked, changed
        self._lock = RLock()
        self._dataset: DatasetId | None = None
        self._known: pd.DatetimeIndex | None = None
        self._zone = "UTC"
        self._range: Range | None = None
        self._marked: Gap | None = None
        self._steps: Steps | None = None
        self._number = 0
        self._figure = Output()
        self._words = HTML()
        self._back = Button(description="Whole range", tooltip="Draw all bars", disabled=True)
        self._back.layout.width = "auto"
        self._back.add_class("ml4t-chart-whole")
        self._words.add_class("ml4t-chart-range")
        self._back.on_click(lambda _: self.whole())
        head = HBox(
            [self._back, self._words], layout={"flex_flow": "row wrap", "align_items": "center"}
        )
        self.widget = VBox([head, self._figure, _listener(self._hear)])
        self.widget.add_class("ml4t-chart")

    def show(self, dataset: DatasetId | None) -> None:
        """Draw all of that dataset, or nothing."""
        with self._lock:
            self._dataset, self._range, self._marked, self._known = dataset, None, None, None
            self._draw()

    def redraw(self) -> None:
        """Draw the same range from what is stored by now."""
        with self._lock:
            self._known = None
            self._draw()

    def whole(self) -> None:
        """Draw all bars."""
        with self._lock:
            self._range = None
            self._draw()

    def zoom(self, first: datetime, last: datetime) -> None:
        """Draw the bars from ``first`` to ``last``, both inclusive, again in full detail."""
        with self._lock:
            self._range = (first, last)
            self._draw()

    def around(self, gap: Gap) -> None:
        """Draw the gap, marked, and some bars on either side of it."""
        with self._lock:
            if self._dataset is None or self._known is None or not len(self._known):
                return
            is_intraday = bar_length(self._dataset.frequency) is not None
            rows = _AROUND_INTRADAY if is_intraday else _AROUND
            self._marked = gap
            self.zoom(*stamps_around(self._known, gap, rows=rows))

    def mark(self, gap: Gap | None) -> None:
        """Outline ``gap`` from the next drawing on."""
        self._marked = gap

    def _draw(self) -> None:
        try:
            self.report = self._read()
        except Ml4tError as error:
            self.report = self._steps = None
            self._put({"text/html": error_html(error), "text/plain": error_text(error)})
        else:
            self._put(self._bundle(self.report) if self.report is not None else None)
        self._say()
        self._changed()

    def _read(self) -> PlotReport | None:
        """The range from the store; all of it is looked at where that was not done yet."""
        self._steps = None
        if self._dataset is None:
            return None
        report = None
        if self._known is None or self._range is None:
            report = self._asked()
            self._known, self._zone = rows_in(report), report.zone
        if self._range is not None and len(self._known):
            dates = dates_of(self._range, self._zone, self._dataset, self._known)
            report = cut(self._asked(**dates), *self._range)
        assert report is not None  # of a dataset without bars there is no range
        self._steps = steps_of(report)
        return report

    def _asked(self, **dates: date) -> PlotReport:
        assert self._dataset is not None
        report = ask("plot", **of_dataset(self._dataset), **dates, **self._shared)
        assert isinstance(report, PlotReport)
        return report

    def _bundle(self, report: PlotReport) -> dict[str, Any]:
        from ml4t_nb.render.plots import bundle_of

        bundle = bundle_of(report)
        layout = bundle[_PLOTLY]["layout"]
        self._number = next(_numbers)
        layout["meta"] = {"drawn": self._number}
        layout["height"] = _TALL
        layout["title"]["text"] = ""  # it stands in the line above, where it can wrap
        layout["margin"]["t"] = _TOP
        layout["xaxis"]["nticks"] = _LABELS
        if self._steps is not None and self._marked in report.gaps and self._marked is not None:
            layout["shapes"] = [*layout.get("shapes", ()), _outline(self._steps, self._marked)]
        return bundle

    def _put(self, bundle: dict[str, Any] | None) -> None:
        shown = {"output_type": "display_data", "data": bundle, "metadata": {}}
        self._figure.outputs = () if bundle is None else (shown,)

    def _say(self) -> None:
        self._back.disabled = self._range is None
        words = ""
        if self.report is not None and self._steps is not None and len(self._steps):
            rows = self._steps.rows
            end = rows[-1] + timedelta(microseconds=1)
            span = Span(rows[0].to_pydatetime(), end.to_pydatetime())
            held = many(len(self.report.bars), "bar")
            made = int(self.report.bars["filled"].sum())
            held += f", {count(made)} of them filled" if made else ""
            lacking = len(self.report.missing)
            held += f", {count(lacking)} missing" if lacking else ""
            when = span_words(span, self.report.dataset.frequency)
            words = f"{labelled(self.report.dataset, self.report.provider)}, {when}: {held}"
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
                    self.whole()
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
        if not (_is_number(left) and _is_number(right)):
            return
        begin, end = sorted((float(left), float(right)))  # type: ignore[arg-type]  # numbers
        wanted = stamps_between(steps, begin, end, known=known)
        # The range that is drawn already: nothing to do, and nothing to go round in a circle.
        if wanted == (known[0], known[-1]):
            if self._range is not None:
                self.whole()
        elif wanted != (steps.rows[0], steps.rows[-1]):
            self.zoom(*wanted)


def _listener(hear: Callable[[Mapping[str, Any]], None]) -> Any:  # noqa: ANN401  # a widget
    from anywidget import AnyWidget

    script = files("ml4t_nb.notebook.panels").joinpath("listener.js").read_text(encoding="utf-8")
    listener = AnyWidget(_esm=script)
    listener.on_msg(lambda _widget, message, _buffers: hear(message))
    return listener


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _clicked(report: PlotReport, steps: Steps, labels: object) -> Gap | None:
    for label in labels if isinstance(labels, list) else ():
        if label in steps.labels:
            return gap_near(report, steps, steps.labels.index(label))
    return None


def _outline(steps: Steps, gap: Gap) -> dict[str, Any]:
    import pandas as pd

    first = int(steps.rows.searchsorted(pd.Timestamp(gap.start))) // steps.size
    last = int(steps.rows.searchsorted(pd.Timestamp(gap.end), side="right") - 1) // steps.size
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": first - 0.5,
        "x1": max(last, first) + 0.5,
        "y0": 0,
        "y1": 1,
        "line": {"width": 3, "color": _INK},
    }
