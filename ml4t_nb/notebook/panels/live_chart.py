"""A chart that lives: it is zoomed and pointed at in the page, and asks here for finer bars."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import count as counted
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakSet

from ml4t_nb.errors import Ml4tError
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import DatasetId, Gap, bar_length
from ml4t_nb.notebook.panels.known_then import plot_then
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, of_dataset
from ml4t_nb.notebook.panels.panel_output import Changed
from ml4t_nb.notebook.panels.widgets import html
from ml4t_nb.render.html import error_html, line_html
from ml4t_nb.render.markup import picture
from ml4t_nb.render.text import report_text
from ml4t_nb.reports import PlotReport
from ml4t_nb.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHARTS", "LiveChart"]

Rows: TypeAlias = tuple[int, int]
"""First and last row of a chart's axis, both inclusive."""

_AROUND = 20
_AROUND_INTRADAY = 60
_BESIDE = 0.5  # of the view, drawn on either side of it: a small move needs no new bars

_numbers = counted(1)

CHARTS: WeakSet[LiveChart] = WeakSet()
"""All of this process."""


class LiveChart:
    """The bars of one dataset, of which the page shows a part.

    All bars are kept from the last reading on, so that every part is of one moment. ``picked`` is
    called with the gap whose band was clicked, ``changed`` after each drawing, ``opened`` with the
    command of the action that was pressed, or None when it was pressed again, ``newer`` when a page
    shows the chart and the store has something newer; without it, the chart is then redrawn. The
    gap that is ``marked`` is outlined from the next drawing on.
    """

    def __init__(
        self,
        *,
        shared: Arguments = NO_ARGUMENTS,
        picked: Callable[[Gap], object] = lambda _: None,
        opened: Callable[[str | None], object] = lambda _: None,
        changed: Changed = lambda: None,
        newer: Callable[[], object] | None = None,
    ) -> None:
        from ipywidgets import VBox

        from ml4t_nb.notebook.panels.live_script import live_script

        self._shared, self._picked, self._opened = shared, picked, opened
        self._changed, self._newer = changed, newer or self.redraw
        self._lock = RLock()
        self._asked: Arguments = NO_ARGUMENTS
        self._whole: PlotReport | None = None
        self._newest: dict[DatasetId, int] = {}
        self._rows: pd.DatetimeIndex | None = None
        self._length = 0
        self._view: Rows | None = None
        self._moves = 0
        self._number = 0
        self.marked: Gap | None = None
        self._message = html("chart-message")
        self._script = live_script()
        self._script.on_msg(lambda _widget, message, _buffers: self.hear(message))
        self.widget = VBox([self._message, self._script]).add_class("ml4t-chart")
        CHARTS.add(self)
        JOBS.observe(self)

    @property
    def report(self) -> PlotReport | None:
        """What is stored, of the bars that the page was last told to show."""
        from ml4t_nb.render.plots.steps import cut

        whole, rows = self._whole, self._rows
        if whole is None or rows is None or self._view is None:
            return whole
        first, last = self._view
        return cut(whole, rows[first].to_pydatetime(), rows[last].to_pydatetime())

    @property
    def zone(self) -> str:
        """The time zone of its axis."""
        return "UTC" if self._whole is None else self._whole.zone

    def show(self, dataset: DatasetId | None) -> None:
        """Draw all of that dataset, or nothing."""
        with self._lock:
            self._asked = {} if dataset is None else {**of_dataset(dataset), **self._shared}
            self._view = self.marked = None
            self._moves += 1
            self.redraw()

    def show_report(self, report: PlotReport) -> None:
        """Draw what is in a report."""
        with self._lock:
            self._asked, self._view, self.marked = report.asked, None, None
            self._moves += 1
            self._take(report)
            self._draw()

    def redraw(self) -> None:
        """Draw what is stored by now; the page shows the part that it showed before."""
        with self._lock:
            self._message.value = ""
            try:
                self._take(self._read())
            except Ml4tError as error:
                self._take(None)
                self._message.value = error_html(error)
            self._draw()

    def around(self, gap: Gap) -> None:
        """Show the gap, marked, and some bars on either side of it."""
        with self._lock:
            if self._whole is None or self._rows is None or not len(self._rows):
                return
            is_intraday = bar_length(self._whole.dataset.frequency) is not None
            beside = _AROUND_INTRADAY if is_intraday else _AROUND
            first, last = self._rows_of(gap)
            self.marked = gap
            self._view = self._inside(first - beside, last + beside, len(self._rows))
            self._moves += 1
            self._draw()

    def static_html(self) -> str:
        """The picture that a saved notebook keeps."""
        from ml4t_nb.render.plots.svg import svg_of

        report = self.report
        if report is None:
            return str(self._message.value)
        return picture(svg_of(report), report_text(report).strip())

    def started(self, job: Job) -> None:
        """A job may change what is drawn: look again at its end."""
        job.observe(self._after)

    def _after(self, job: Job) -> None:
        if job.is_over:
            job.forget(self._after)
            self.look_again()

    def look_again(self) -> None:
        """Ask the pages that show the chart to ask for a new one if the store has something newer.

        A cell that was run again leaves its old chart here: no page shows it, so that none asks.
        """
        with self._lock:
            if self._is_outdated():
                self._script.send({"what": "newer", "drawing": self._number})

    def _is_outdated(self) -> bool:
        """Whether a dataset was committed to since it was drawn."""
        whole = self._whole
        if whole is None or not self._asked:
            return False
        try:
            store = Workspace.open().at(whole.home).store
            drawn = (each for each in (whole, *whole.beside) if each.version)
            known = ((each.dataset, each.version) for each in drawn)
            later = [of for of, at in known if store.sequence(of) != self._newest.get(of, at)]
            for each in later:
                store.snapshot(each)
        except Ml4tError:
            # It was removed, or cannot be read: what is drawn is the last that there was.
            return False
        return bool(later)

    def hear(self, message: Mapping[str, Any]) -> None:
        """What the page sends; about a drawing that is not the newest, nothing is done."""
        gap, is_newer = None, False
        with self._lock:
            what = message.get("what")
            if what == "plotly":
                self._send_plotly()
                return
            if what == "action":
                command = message.get("command")
            elif message.get("drawing") != self._number:
                return
            elif is_newer := self._is_outdated():
                pass  # the page asks again about what it then has
            elif what == "range":
                self._answer(message)
            elif what == "click":
                gap = self._clicked(message.get("row"), message.get("reach"))
        # Without the lock: a listener may draw, and may hold a lock of its own.
        if is_newer:
            self._newer()
        if what == "action":
            self._opened(command if isinstance(command, str) else None)
        if gap is not None:
            self._picked(gap)

    def _read(self) -> PlotReport | None:
        if not self._asked:
            return None
        found = plot_then(self._asked)
        self._message.value = line_html(found.words) if found.words else ""
        self._newest = {}
        if found.words and found.report is not None:
            # What was known then stays what it is, whatever is committed from now on.
            store = Workspace.open().at(found.report.home).store
            self._newest = {found.report.dataset: store.sequence(found.report.dataset)}
        return found.report

    def _take(self, report: PlotReport | None) -> None:
        from ml4t_nb.render.plots.steps import rows_in

        self._whole = report
        self._rows = None if report is None else rows_in(report)
        if self._view is not None and self._rows is not None and len(self._rows):
            self._view = self._inside(*self._view, len(self._rows))
        else:
            self._view = None

    def _draw(self) -> None:
        from ml4t_nb.render.plots.chart_facts import MOST_BODIES
        from ml4t_nb.render.plots.steps import MOST_CANDLES

        self._number = next(_numbers)
        drawing = {} if self._whole is None else self._drawing(self._whole, None)
        self._length = drawing["facts"]["rows"] if drawing else 0
        view = None if self._view is None else _edges(self._view)
        gap = self.marked
        is_marked = gap is not None and self._whole is not None and gap in self._whole.gaps
        marked = None
        if is_marked and gap is not None and self._rows is not None:
            marked = _edges(self._rows_of(gap))
        limits = {"most": MOST_CANDLES, "bodies": MOST_BODIES}
        shown = {**limits, "view": view, "moved": self._moves, "marked": marked}
        self._script.drawn = {**drawing, **shown} if drawing else {}
        self._changed()

    def _drawing(self, report: PlotReport, window: Rows | None) -> dict[str, Any]:
        from dataclasses import replace

        from ml4t_nb.render.plots.chart import live_chart

        figure, facts = live_chart(report, window=window)
        return {"figure": figure, "facts": replace(facts, drawing=self._number).to_json()}

    def _answer(self, message: Mapping[str, Any]) -> None:
        """Finer bars for a view and what is beside it."""
        given = [message.get("left"), message.get("right")]
        finite = [each for each in given if isinstance(each, int | float) and math.isfinite(each)]
        if len(finite) < len(given) or self._whole is None or self._rows is None:
            return
        left, right = sorted(finite)
        beside = (right - left) * _BESIDE
        ends = math.ceil(left - beside), math.floor(right + beside)
        window = self._inside(*ends, self._length)
        answer = {"what": "drawing", "asked": message.get("asked"), "drawing": self._number}
        self._script.send({**answer, **self._drawing(self._whole, window)})

    def _clicked(self, row: object, reach: object) -> Gap | None:
        """The gap at that row, or the nearest within reach; a pending one first."""
        whole, rows = self._whole, self._rows
        if whole is None or rows is None or not isinstance(row, int | float):
            return None
        miss = reach if isinstance(reach, int | float) else 0
        found = []
        for gap in whole.gaps:
            first, last = self._rows_of(gap)
            distance = max(first - 0.5 - row, row - last - 0.5, 0)
            if distance <= miss and first <= last:
                found.append((distance, not gap.is_pending, first, gap))
        return min(found, key=lambda each: each[:3])[-1] if found else None

    def _rows_of(self, gap: Gap) -> Rows:
        """First and last row that a gap meets; of longer bars, it may begin within one."""
        import pandas as pd

        whole, rows = self._whole, self._rows
        if whole is None or rows is None:
            return 0, -1
        start, end = pd.Timestamp(gap.start), pd.Timestamp(gap.end)
        is_within = whole.derived is not None
        first = rows.searchsorted(start, side="right" if is_within else "left") - is_within
        return max(int(first), 0), int(rows.searchsorted(end, side="right")) - 1

    def _inside(self, first: int, last: int, length: int) -> Rows:
        most = max(length - 1, 0)
        begin, end = (min(max(row, 0), most) for row in (first, last))
        return begin, max(begin, end)

    def _send_plotly(self) -> None:
        """Plotly's own program, for a page that has none."""
        from plotly.offline import get_plotlyjs

        self._script.send({"what": "plotly"}, [get_plotlyjs().encode()])


def _edges(rows: Rows) -> list[float]:
    return [rows[0] - 0.5, rows[1] + 0.5]
