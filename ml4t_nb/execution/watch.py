"""Updates of what is due, made by a process that waits between them: a service."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from ml4t_nb.commands.watch import Watch
from ml4t_nb.errors import Interrupted
from ml4t_nb.model import Command
from ml4t_nb.reports import Report, RunReport
from ml4t_nb.settings import Settings, current_folder
from ml4t_nb.universes import read_universes
from ml4t_nb.workspace import Clock, utc_now

__all__ = ["keep_current"]

# Another process may load or end a dataset meanwhile, and what failed may be asked for again.
_LOOK_EVERY = timedelta(minutes=15)
# A machine that sleeps, or whose clock is set, does not make a wait shorter or longer than that.
_NAP_S = 60.0


def keep_current(
    asked: Watch,
    *,
    carry_out: Callable[[Command], Report],
    tell: Callable[[Report, Command], int],
    clock: Clock = utc_now,
) -> int:
    """Update, or sync, what is due whenever something is, until Ctrl-C or SIGTERM; the exit code.

    It is that of the first run if nothing is stored, else 0 once it is interrupted: what a run had
    committed stays, and what it had not is due still. An Ml4tError that left no report ends it.
    """
    began = clock()
    begin = asked.as_of or began
    told: datetime | None = None
    with suppress(KeyboardInterrupt):
        while True:
            now = begin + (clock() - began)
            arguments = {**asked.arguments, "due": True, "as_of": now}
            command = Command(_verb(asked), arguments, quiet=asked.quiet)
            report = _carried_out(command, carry_out, tell)
            is_empty = not len(report) and not report.left and not report.waiting
            if len(report) or report.left or is_empty or report.next_due != told:
                code = tell(report, command)
                if is_empty and code:
                    return code
            # After a run, it is said once more when the next one is due.
            told = None if len(report) else report.next_due
            _wait_until(_next_look(now, report.next_due), lambda: begin + (clock() - began))
    return 0


def _verb(asked: Watch) -> str:
    """What is done now: universes may have been declared meanwhile."""
    if not asked.arguments.keys().isdisjoint(("asset_class", "frequency")):
        return "update"
    home = asked.arguments.get("home") or Settings.current().home
    return "sync" if read_universes(current_folder(), Path(home)).universes else "update"


def _carried_out(
    command: Command,
    carry_out: Callable[[Command], Report],
    tell: Callable[[Report, Command], int],
) -> RunReport:
    """The report of the run; one that is interrupted is told, and ends it all."""
    try:
        report = carry_out(command)
    except Interrupted as stop:
        if stop.report is not None:
            tell(stop.report, command)
        raise
    assert isinstance(report, RunReport)
    return report


def _next_look(now: datetime, due: datetime | None) -> datetime:
    """When something may be due; after a while where it is still, since it was just tried."""
    latest = now + _LOOK_EVERY
    return min(due, latest) if due is not None and due > now else latest


def _wait_until(at: datetime, now: Callable[[], datetime]) -> None:
    nobody = Event()  # a signal ends its wait
    while (left := (at - now()).total_seconds()) > 0:
        nobody.wait(min(left, _NAP_S))
