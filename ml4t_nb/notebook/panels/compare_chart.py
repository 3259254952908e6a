"""The picture of two providers side by side: a clicked bar is chosen, and drawn larger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import count as counted
from threading import RLock
from typing import Any

from ml4t_nb.notebook.panels.widgets import CENTRED, WRAPPED, button, html, outputs_of, script
from ml4t_nb.render.html import line_html
from ml4t_nb.render.markup import picture
from ml4t_nb.render.plots.comparison import (
    TwoLines,
    around,
    comparison_sentence,
    comparison_title,
    thinned,
)
from ml4t_nb.render.plots.steps import labels_of
from ml4t_nb.reports import CompareReport

__all__ = ["CompareChart"]

_PLOTLY = "application/vnd.plotly.v1+json"
_REACH = 0.005  # of the axis: what a hand that points misses by
_TOP = 30

_numbers = counted(1)


class CompareChart:
    """All bars, or those around the chosen one; ``picked`` is called with a clicked one's stamp."""

    def __init__(self, *, picked: Callable[[datetime], object]) -> None:
        from ipywidgets import HBox, Output, VBox

        self._picked = picked
        self._marked: datetime | None = None
        self._lock = RLock()
        self._report: CompareReport | None = None
        self._compared: TwoLines | None = None
        self._shown: TwoLines | None = None
        self._labels: tuple[str, ...] = ()
        self._zone, self._number = "UTC", 0
        self._figure = Output().add_class("ml4t-compare-picture")
        self._words = html("compare-words")
        self.back = button(
            "Whole range", "compare-whole", self.whole, "Draw all bars", disabled=True
        )
        listener = script("listener.js")
        listener.on_msg(lambda _widget, message, _buffers: self.hear(message))
        head = HBox([self.back, self._words], layout=WRAPPED | CENTRED)
        self.widget = VBox([head, self._figure, listener]).add_class("ml4t-chart")

    def show(self, report: CompareReport, compared: TwoLines, zone: str) -> None:
        """Draw that comparison from now on, all of it."""
        with self._lock:
            self._report, self._compared, self._zone = report, compared, zone
            self._words.value = line_html(
                f"{comparison_title(report)}: {comparison_sentence(report)}"
            )
            self.mark(None)

    def clear(self) -> None:
        """Draw nothing."""
        with self._lock:
            self._report = self._compared = self._shown = None
            self._figure.outputs, self._words.value = (), ""

    def mark(self, stamp: datetime | None) -> None:
        """Draw the bar of that stamp and those around it; all bars if it is None."""
        with self._lock:
            self._marked = stamp
            if stamp is None or self._compared is None:
                self.whole()
                return
            self._shown = around(self._compared, stamp)
            self.back.disabled = False
            self._draw()

    def whole(self) -> None:
        """Draw all bars; the one that is marked stays so."""
        with self._lock:
            if self._compared is not None:
                self._shown = replace(thinned(self._compared), marked=self._marked)
                self.back.disabled = True
                self._draw()

    def static_html(self) -> str:
        """The picture that a saved notebook keeps."""
        from ml4t_nb.render.plots.svg import comparison_svg_of

        report, shown = self._report, self._shown
        if report is None or shown is None:
            return ""
        return picture(comparison_svg_of(report, shown, self._zone), comparison_title(report))

    def _draw(self) -> None:
        from ml4t_nb.render.plots.figures import comparison_bundle_of

        if self._report is None or self._shown is None:
            return
        bundle = comparison_bundle_of(self._report, self._shown, self._zone)
        layout = bundle[_PLOTLY]["layout"]
        self._number = next(_numbers)
        layout["meta"] = {"drawn": self._number}
        layout["title"]["text"] = ""  # it stands in the line above, where it can wrap
        layout["margin"]["t"] = _TOP
        frequency = self._report.dataset.frequency
        self._labels = labels_of(self._shown.stamps, frequency, self._zone)
        self._figure.outputs = outputs_of(bundle)

    def hear(self, message: Mapping[str, Any]) -> None:
        """What the figure's script sends; from a figure that is not the latest, nothing."""
        with self._lock:
            if self._shown is None or message.get("drawing") != self._number:
                return
            what = message.get("what")
            if what == "fit":
                self._draw()
            found = self._clicked(message.get("labels")) if what == "click" else None
        # Without the lock: who listens has one of its own.
        if found is not None:
            self._picked(found)
        elif what == "whole" and not self.back.disabled:
            self.whole()

    def _clicked(self, labels: object) -> datetime | None:
        """The bar there that differs or is missing, or the nearest within a hand's reach."""
        shown = self._shown
        assert shown is not None
        named = (
            [each for each in labels if each in self._labels] if isinstance(labels, list) else []
        )
        if not named:
            return None
        at, reach = self._labels.index(named[0]), round(len(self._labels) * _REACH)
        takeable = [
            row
            for row in range(max(at - reach, 0), min(at + reach + 1, len(self._labels)))
            if shown.differences[row] is not None or shown.is_missing[row]
        ]
        nearest = min(takeable, key=lambda row: abs(row - at), default=None)
        if nearest is None:
            return None
        stamp: datetime = shown.stamps[nearest].to_pydatetime()
        return stamp
