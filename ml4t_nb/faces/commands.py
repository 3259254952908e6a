"""A parsed command carried out, and what its report says to the world outside."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ml4t_nb.errors import (
    CalendarUnknown,
    LockTimeout,
    MissingExtra,
    Ml4tError,
    OptionError,
    RateLimited,
    SettingsInvalid,
)
from ml4t_nb.events import Event, Observer
from ml4t_nb.faces.declare import VERBS
from ml4t_nb.faces.parser import Command
from ml4t_nb.reports import HealthReport, Report, RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

__all__ = ["AGAIN", "FAILED", "GOOD", "INTERRUPTED", "USAGE", "call", "code_of", "code_of_error"]

GOOD, FAILED, USAGE, AGAIN, INTERRUPTED = 0, 1, 2, 75, 130

_LATER = (LockTimeout, RateLimited)
_MISUSE = (OptionError, SettingsInvalid, CalendarUnknown, MissingExtra)
_logger = logging.getLogger(__name__)


def call(command: Command, *, watch: Observer) -> Report:
    """The report of the command's verb.

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
    return report


def code_of(report: Report) -> int:
    """Exit code of a verb that ended with a report."""
    match report:
        case RunReport():
            return _code_of_run(report)
        case HealthReport():
            bad = report.count("error")
            bad += report.count("stale") if report.fail_on != "error" else 0
            bad += report.count("healthy") if report.fail_on == "healthy" else 0
            return FAILED if bad else GOOD
        case _:
            return GOOD


def code_of_error(error: Ml4tError) -> int:
    """Exit code of a verb that ended with an error."""
    if isinstance(error, _MISUSE):
        return USAGE
    return AGAIN if isinstance(error, _LATER) else FAILED


def _code_of_run(report: RunReport) -> int:
    outcomes = {result.record.outcome for result in report.results}
    errors = {result.record.error.type for result in report.results if result.record.error}
    if report.stopped == "interrupted":
        return INTERRUPTED
    if errors and errors <= {kind.__name__ for kind in _MISUSE}:
        return USAGE if outcomes == {"failed"} else FAILED
    if errors - {kind.__name__ for kind in _LATER} or (
        not errors and outcomes & {"failed", "partial"}
    ):
        return FAILED
    return AGAIN if errors or report.left else GOOD


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
