"""What ``plot`` shows in a notebook: a living chart, and below it what there is to decide."""

from __future__ import annotations

from typing import Any

from ml4t_nb.commands.spelling import spell
from ml4t_nb.model import NextStep
from ml4t_nb.notebook.panels.live_chart import LiveChart
from ml4t_nb.notebook.panels.panel_output import Changed, PanelContent, PanelOutput
from ml4t_nb.render.text import report_text
from ml4t_nb.reports import PlotReport

__all__ = ["PlotPanel", "is_alive", "plot_output"]

_WIDTH = 100


def is_alive(report: PlotReport) -> bool:
    """Whether there is a living chart of it: bars, not a map of sessions or a change."""
    return report.sessions is None and report.before is None


def plot_output(report: PlotReport) -> PanelOutput:
    """The report as a cell shows it."""
    words = report_text(report, width=_WIDTH, program="%ml4t").rstrip("\n")
    return PanelOutput(lambda changed: PlotPanel(report, changed=changed), name="", words=words)


class PlotPanel:
    """A chart, and the panel that one of its actions opens."""

    def __init__(self, report: PlotReport, *, changed: Changed = lambda: None) -> None:
        from ipywidgets import VBox

        self._report, self._changed = report, changed
        self._shared: dict[str, Any] = {} if report.home is None else {"home": report.home}
        self._box = VBox()
        self.opened: PanelContent | None = None
        self.chart = LiveChart(shared=self._shared, opened=self._open, changed=changed)
        self.chart.show_report(report)
        self.widget = VBox([self.chart.widget, self._box])

    def refresh(self) -> None:
        """Nothing: the chart notices itself when the store has something newer."""

    def static_html(self) -> str:
        """The picture, and what was opened below it."""
        below = "" if self.opened is None else self.opened.static_html()
        return self.chart.static_html() + below

    def _open(self, command: str | None) -> None:
        self.opened = None if command is None else self._panel(command)
        self._box.children = () if self.opened is None else (self.opened.widget,)
        self._changed()

    def _panel(self, command: str) -> PanelContent | None:
        """The panel about what a line of the chart shows."""
        for drawn in (self._report, *self._report.beside):
            dataset = drawn.dataset
            if command == spell(NextStep("gaps", dataset, drawn.home), "%ml4t"):
                from ml4t_nb.notebook.panels.gap_explorer import GapExplorer

                explorer = GapExplorer(shared=self._shared, changed=self._changed)
                explorer.dataset.value = dataset
                return explorer
            if command == spell(NextStep("review", dataset, drawn.home), "%ml4t"):
                from ml4t_nb.notebook.panels.review_inbox import ReviewInbox

                symbols = (dataset.symbol,)
                return ReviewInbox(symbols=symbols, shared=self._shared, changed=self._changed)
        return None
