"""Plots in a panel that was opened as of an earlier time: of what was known then."""

from __future__ import annotations

from typing import NamedTuple

from ml4t_nb.errors import LaterBars, VersionNotFound
from ml4t_nb.notebook.panels.panel_command import Arguments, ask
from ml4t_nb.reports import PlotReport

__all__ = ["PlotThen", "plot_then"]

_ALL = "To see all, open it without --as-of."


class PlotThen(NamedTuple):
    """A plot, None if nothing was known; and a sentence, empty if all is shown that is stored."""

    report: PlotReport | None
    words: str = ""


def plot_then(arguments: Arguments, version: int = 0) -> PlotThen:
    """The plot of these arguments; of what was known at their as-of, if later bars are stored.

    A panel stays open while others update: that later bars are there is no fault of who opened it.

    Parameters
    ----------
    version
        That of which it is, if it is of one alone: a later one than was known then is not drawn.
    """
    try:
        return PlotThen(ask(PlotReport, "plot", **arguments))
    except LaterBars as later:
        as_of = arguments["as_of"]
        try:
            now = {name: each for name, each in arguments.items() if name not in ("run", "diff")}
            known = ask(PlotReport, "plot", **now, known_on=as_of)
            if version > known.version:
                words = f"Version {version} was made later than as of {as_of}"
                return PlotThen(None, f"{words}, when this panel is. {_ALL}")
            is_one = now.keys() != arguments.keys()
            drawn = ask(PlotReport, "plot", **arguments, known_on=as_of) if is_one else known
        except VersionNotFound:
            return PlotThen(None, f"{later.message}: {later.hint}")
        words = f"Bars later than {as_of} are stored; what was known then is shown"
        return PlotThen(drawn, f"{words}. {_ALL}")
