"""Exit codes: what a report or an error says to cron."""

from __future__ import annotations

from ml4t_nb import errors
from ml4t_nb.backups import BackupReport, CheckBackupReport
from ml4t_nb.check_reports import CheckReport
from ml4t_nb.records import Health
from ml4t_nb.reports import (
    ExportReport,
    GapsReport,
    HealthReport,
    HistoryReport,
    NotifyReport,
    PlanReport,
    Report,
    ReviewReport,
    RunReport,
)
from ml4t_nb.verbs.plans import shown

__all__ = [
    "AGAIN",
    "FAILED",
    "GOOD",
    "INTERRUPTED",
    "MOVED",
    "TERMINATED",
    "USAGE",
    "code_of",
    "code_of_error",
    "failing",
]

GOOD, FAILED, USAGE, MOVED, AGAIN, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 75, 130, 143

_MISUSE = (
    errors.OptionError,
    errors.SettingsInvalid,
    errors.CalendarUnknown,
    errors.MissingExtra,
)


def code_of(report: Report) -> int:  # noqa: PLR0911  # one for each report
    """Exit code of a verb that ended with a report."""
    report = shown(report)
    match report:
        case RunReport():
            return _code_of_run(report)
        case HealthReport():
            return FAILED if failing(report) else GOOD
        case GapsReport() | ReviewReport():
            code = GOOD if report.run is None else _code_of_run(report.run)
            return FAILED if report.failed and code != INTERRUPTED else code
        case NotifyReport():
            return FAILED if any(each.error for each in report.targets) else GOOD
        case HistoryReport() | PlanReport():
            return FAILED if report.failed else GOOD
        case BackupReport():
            failed = any(each.is_failed for each in report.left)
            return GOOD if report.is_whole and not failed else FAILED
        case CheckBackupReport():
            return GOOD if report.is_whole else FAILED
        case CheckReport():
            return FAILED if report.is_damaged else MOVED if report.moved else GOOD
        case ExportReport():
            return FAILED if report.skipped else GOOD
        case _:
            return GOOD


def code_of_error(error: errors.Ml4tError) -> int:
    """Exit code of a verb that ended with an error."""
    if isinstance(error, _MISUSE):
        return USAGE
    return AGAIN if isinstance(error, errors.PASSING) else FAILED


def failing(report: HealthReport) -> list[Health]:
    """Datasets that are in one of the states that the check is to fail on."""
    return [each for each in report.datasets if not each.states.isdisjoint(report.fail_on)]


def _code_of_run(report: RunReport) -> int:
    records = [result.record for result in report.results]
    outcomes = {record.outcome for record in records}
    types = {record.error.type for record in records if record.error}
    if report.stopped == "interrupted":
        return INTERRUPTED
    if types and types <= {kind.__name__ for kind in _MISUSE}:
        return USAGE if outcomes == {"failed"} else FAILED
    if types - {kind.__name__ for kind in errors.PASSING}:
        return FAILED
    if not types and outcomes & {"failed", "partial"}:
        return FAILED
    return AGAIN if types or report.left else GOOD
