"""Telling the targets of a store what a run changed, whoever carried it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ml4t_nb.errors import Ml4tError
from ml4t_nb.notice import Delivery, Notice
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.notify import tell_run
from ml4t_nb.workspace import Workspace

__all__ = ["told"]


def told(workspace: Workspace, report: RunReport, *, by_default: bool) -> RunReport:
    """The report of a run, with what became of the messages about it.

    Nothing that goes wrong with them is an error of the run. One that was interrupted ends at once:
    the next run tells what it found.

    Parameters
    ----------
    by_default
        Whether to tell, where the run does not say.
    """
    tells = by_default if report.notify is None else report.notify
    if not tells:
        return report
    try:
        deliveries = tell_run(workspace, report, _composed, sends=report.stopped != "interrupted")
    except Ml4tError as error:
        deliveries = (Delivery("", error=f"{error.message} ({error.hint})".removesuffix(" ()")),)
    except OSError as error:
        deliveries = (Delivery("", error=error.strerror or type(error).__name__),)
    return replace(report, deliveries=deliveries)


def _composed(report: RunReport, notices: Sequence[Notice]) -> tuple[str, str]:
    from ml4t_nb.render.digest import digest

    return digest(notices, as_of=report.as_of, home=report.home)
