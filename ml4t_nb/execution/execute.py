"""A parsed command carried out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from threading import Event as Flag
from threading import Lock

from ml4t_nb.commands.declaration import VERBS
from ml4t_nb.errors import Interrupted, Ml4tError
from ml4t_nb.events import Event, Finished, Observer, Waiting
from ml4t_nb.execution.streams import LineHandler, say
from ml4t_nb.execution.telling import told
from ml4t_nb.hints import at_home
from ml4t_nb.model import Command
from ml4t_nb.reports import PlotReport, Report, RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.plans import shown
from ml4t_nb.workspace import Workspace

__all__ = ["call"]

_logger = logging.getLogger(__name__)

_lock = Lock()  # held while who runs changes: a server answers in many threads
_running: dict[LineHandler, int] = {}
"""Of each verb that runs; with the level of the package's logger before the first of them."""

_listening: ContextVar[LineHandler] = ContextVar("ml4t_nb_log")
"""Where the log of what runs in this context goes; a job's never goes to a cell that runs too."""


def call(
    command: Command,
    *,
    watch: Observer,
    cancel: Flag | None = None,
    log: Callable[[str], object] = say,
    settings_of: Callable[[], Settings] = Settings.current,
    tells: bool = False,
) -> Report:
    """The report of the command's verb; a page that it names is written.

    ``cancel`` is set to end the verb; ``log`` takes the lines of the package's
    log while it runs. With ``tells``, a run that does not say otherwise tells the targets of the
    store what it changed. A verb that could not be carried out at all raises an Ml4tError.
    """
    settings = settings_of()
    home = command.arguments.get("home") or settings.home

    def observe(event: Event) -> None:
        if not isinstance(event, Waiting):
            _logger.debug("%s", event)
        if isinstance(event, Finished):
            event = replace(event, hint=at_home(event.hint, home))
        watch(event)

    with _logged(log, settings.log_level):
        workspace = Workspace.open(settings, observer=observe, cancel=cancel)
        try:
            report: Report = VERBS[command.verb](workspace, **command.arguments)
            if isinstance(report, RunReport):
                report = told(workspace, report, by_default=tells)
        except Interrupted as stop:
            if stop.report is not None:
                told(workspace, stop.report, by_default=tells)
            raise
        except Ml4tError as error:
            error.advice = at_home(error.advice, home)
            raise
    if isinstance(report, PlotReport) and report.out is not None:
        from ml4t_nb.render.plots.figures import write_page

        write_page(report)
    return shown(report)


@contextmanager
def _logged(write: Callable[[str], object], level: str) -> Iterator[None]:
    """The package's log, for as long as the verb of this context runs."""
    logger = logging.getLogger("ml4t_nb")
    handler = LineHandler(write, "%(levelname)s %(name)s: %(message)s", level)
    # What is logged while no verb runs goes to all handlers.
    handler.addFilter(lambda _: _listening.get(handler) is handler)
    with _lock:
        found = next(iter(_running.values()), logger.level)
        _running[handler] = found
        logger.addHandler(handler)
        logger.setLevel(min(each.level for each in _running))
    before = _listening.set(handler)
    try:
        yield
    finally:
        _listening.reset(before)
        with _lock:
            logger.removeHandler(handler)
            del _running[handler]
            logger.setLevel(min((each.level for each in _running), default=found))
