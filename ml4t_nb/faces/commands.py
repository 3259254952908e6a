"""A parsed command carried out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ml4t_nb.events import Event, Observer
from ml4t_nb.faces.declare import VERBS
from ml4t_nb.faces.parser import Command
from ml4t_nb.reports import PlotReport, Report
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

__all__ = ["call"]

_logger = logging.getLogger(__name__)


def call(command: Command, *, watch: Observer) -> Report:
    """The report of the command's verb; a page that it names is written.

    Parameters
    ----------
    watch
        Told what happens, besides the log.

    Raises
    ------
    Ml4tError
        If the verb, or the settings, could not be carried out at all.
    """

    def observe(event: Event) -> None:
        _logger.debug("%s", event)
        watch(event)

    settings = Settings.current()
    with _logged(settings.log_level):
        workspace = Workspace.open(settings, observer=observe)
        report: Report = VERBS[command.verb](workspace, **command.arguments)
    if isinstance(report, PlotReport) and report.out is not None:
        from ml4t_nb.faces.plots import write_page

        write_page(report)
    return report


@contextmanager
def _logged(level: str) -> Iterator[None]:
    """The package's log on standard error, for as long as a verb runs."""
    logger = logging.getLogger("ml4t_nb")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
