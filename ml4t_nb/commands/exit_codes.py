"""Exit codes: what a report or an error says to cron."""

from __future__ import annotations

from ml4t_nb.errors import (
    CalendarUnknown,
    LockTimeout,
    MissingExtra,
    Ml4tError,
    OptionError,
    ProviderUnavailable,
    RateLimited,
    SettingsInvalid,
    SplitPending,
)
from ml4t_nb.reports import GapsReport, HealthReport, Report, RunReport

__all__ = [
    "AGAIN",
    "FAILED",
    "GOOD",
    "INTERRUPTED",
    "TERMINATED",
    "USAGE",
    "code_of",
    "code_of_error",
]

GOOD, FAILED, USAGE, AGAIN, INTERRUPTED, TERMINATED = 0, 1, 2, 75, 130, 143

_LATER = (LockTimeout, RateLimited, ProviderUnavailable, SplitPending)
_MISUSE = (OptionError, SettingsInvalid, CalendarUnknown, MissingExtra)


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
        case GapsReport():
            code = GOOD if report.run is None else _code_of_run(report.run)
            return FAILED if report.failed and code != INTERRUPTED else code
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
