"""Updates of what is due, made by a process that waits between them: a service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from ml4t_nb.commands.exit_codes import GOOD
from ml4t_nb.commands.watch import Watch
from ml4t_nb.errors import Interrupted, Ml4tError, SettingsInvalid
from ml4t_nb.model import AssetClass, Command, DatasetId, Frequency
from ml4t_nb.reports import Report, RunReport, SyncReport
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
    complain: Callable[[Ml4tError], object],
    clock: Clock = utc_now,
) -> int:
    """Update, or sync, what is due whenever something is, until Ctrl-C or SIGTERM; the exit code.

    It is that of the first run if nothing is stored, else 0 once it is interrupted: what a run had
    committed stays, and what it had not is due still. An Ml4tError that left no report ends it;
    but settings that are wrong only later, as while a file is edited, are told once, and looked at
    again.
    """
    began = clock()
    begin = asked.as_of or began
    service = _Service(asked, carry_out, tell)
    is_begun, wrong = False, ""
    with suppress(KeyboardInterrupt):
        while True:
            now = begin + (clock() - began)
            look_at = now + _LOOK_EVERY
            try:
                code, look_at = service.look(now)
                if code != GOOD:
                    return code
                is_begun, wrong = True, ""
            except SettingsInvalid as error:
                if not is_begun:
                    raise
                if error.message != wrong:
                    complain(error)
                wrong = error.message
            _wait_until(look_at, lambda: begin + (clock() - began))
    return GOOD


@dataclass(frozen=True, slots=True)
class _Service:
    """What is done at each look, and what was told of it.

    Parameters
    ----------
    told
        When the next run of each kind is due, as it was last said.
    """

    asked: Watch
    carry_out: Callable[[Command], Report]
    tell: Callable[[Report, Command], int]
    told: dict[object, datetime | None] = field(default_factory=dict)

    def look(self, now: datetime) -> tuple[int, datetime]:
        """Do what is due: an exit code, which ends it all unless it is 0, and when to look again.

        What is stored and in no universe is updated after a sync, which does not touch it: its
        bars may be out of the provider's reach before anybody notices.
        """
        verb = self._verb()
        code, report = self._run(verb, {}, now)
        looks = [_next_look(now, report.next_due)]
        if code == GOOD and isinstance(report, SyncReport):
            for (asset_class, frequency), symbols in _alike(report.undeclared).items():
                chosen = {"symbol": symbols, "asset_class": asset_class, "frequency": frequency}
                _, other = self._run("update", chosen, now)
                looks.append(_next_look(now, other.next_due))
        return code, min(looks)

    def _verb(self) -> str:
        """What is done now: universes may have been declared meanwhile."""
        given = self.asked.arguments
        if not given.keys().isdisjoint(("asset_class", "frequency")):
            return "update"
        home = given.get("home") or Settings.current().home
        return "sync" if read_universes(current_folder(), Path(home)).universes else "update"

    def _run(self, verb: str, chosen: Mapping[str, Any], now: datetime) -> tuple[int, RunReport]:
        """The report, and the exit code if there is nothing to work on."""
        arguments = {**self.asked.arguments, **chosen, "due": True, "as_of": now}
        command = Command(verb, arguments, quiet=self.asked.quiet)
        report = _carried_out(command, self.carry_out, self.tell)
        kind = (verb, chosen.get("asset_class"), chosen.get("frequency"))
        is_empty = not len(report) and not report.left and not report.waiting
        if len(report) or report.left or is_empty or report.next_due != self.told.get(kind):
            code = self.tell(report, command)
            if is_empty and code != GOOD:
                return code, report
        # After a run, it is said once more when the next one is due.
        self.told[kind] = None if len(report) else report.next_due
        return GOOD, report


def _alike(
    datasets: Iterable[DatasetId],
) -> dict[tuple[AssetClass, Frequency], tuple[str, ...]]:
    """Their symbols by class and frequency, with which each is named without a doubt."""
    found: dict[tuple[AssetClass, Frequency], list[str]] = {}
    for each in datasets:
        found.setdefault((each.asset_class, each.frequency), []).append(each.symbol)
    return {kind: tuple(symbols) for kind, symbols in found.items()}


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
