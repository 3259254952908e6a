"""The script of a living chart, and the style sheet that it brings."""

from __future__ import annotations

from functools import cache

from ml4t_nb.notebook.panels.widgets import Widget, page_text

__all__ = ["live_script"]

_PARTS = (
    "live_view.js", "live_words.js", "live_legend.js", "live_figure.js", "live_tip.js",
    "live_frame.js", "live_chart.js",
)  # fmt: skip


def live_script() -> Widget:
    """A chart in the page: ``drawn`` is what it shows; messages are those of `ChartFacts`."""
    return _kind()()


@cache
def _kind() -> Widget:
    from anywidget import AnyWidget
    from traitlets import Dict, Unicode

    class LiveScript(AnyWidget):
        _esm = Unicode(page_text(*_PARTS)).tag(sync=True)
        _css = Unicode(page_text("live_chart.css")).tag(sync=True)
        drawn = Dict().tag(sync=True)

    return LiveScript
