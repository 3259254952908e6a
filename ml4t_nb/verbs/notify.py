"""The verb that shows and tests whom a store tells, and what a run does to tell them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ml4t_nb.errors import CalendarUnknown, OptionError, ProviderUnavailable
from ml4t_nb.model import DatasetId
from ml4t_nb.notice import Delivery, Notice, Observed, TargetStatus, ToldCondition, ToldState
from ml4t_nb.records import ErrorNote, Summary, UpdateRecord, UpdateResult
from ml4t_nb.reports import NotifyReport, RunReport, SyncReport
from ml4t_nb.settings import current_folder, environment
from ml4t_nb.store_settings import StoreSettings
from ml4t_nb.universes import read_universes
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.due import terms_of
from ml4t_nb.verbs.health import judge_all
from ml4t_nb.verbs.parameters import AsOfUnused, Home
from ml4t_nb.verbs.select import renamed

if TYPE_CHECKING:
    from ml4t_nb.targets.settings import NotifyTarget
    from ml4t_nb.workspace import Workspace

__all__ = ["RunComposer", "is_to_notify", "notify", "tell_run"]

RunComposer: TypeAlias = Callable[[RunReport, Sequence[Notice]], tuple[str, str]]
"""Title and body of a message with these notices about a run."""

_STALE_AFTER = timedelta(days=7)
_RECENT = timedelta(hours=1)
_EXAMPLE = 'add a target below [notify], such as mail = "$ML4T_MAIL"'


@verb
def notify(
    ws: Workspace, /, *, test: bool = False, as_of: AsOfUnused = None, home: Home = None
) -> NotifyReport:
    """Show whom the store tells of changes of state, and what they were told.

    Parameters
    ----------
    test
        Send each target a message, and say whether it arrived.
    """
    from ml4t_nb.storage.told_file import read_told
    from ml4t_nb.targets.sending import refusal, require_apprise, shown_url

    ws = ws.at(home)
    ws.require_home()
    ws.resolve_as_of(as_of)
    folder = ws.settings.home
    targets = _targets(ws)
    if test and not targets:
        raise _no_target(ws)
    if targets:
        require_apprise()
    known = read_told(folder)
    errors = {each.name: each.error or refusal(each) for each in targets}
    if test:
        errors |= _tested(folder, [each for each in targets if not errors[each.name]])
    statuses = tuple(
        TargetStatus(
            each.name,
            shown_url(each),
            each.on,
            errors[each.name],
            not errors[each.name] if test else None,
            known.get(each.name, ToldState()).conditions,
        )
        for each in targets
    )
    return NotifyReport(statuses, is_test=test, home=folder)


def _tested(home: Path, targets: Sequence[NotifyTarget]) -> dict[str, str]:
    """Why each target did not receive a message, by its name; empty if it did."""
    from ml4t_nb.targets.sending import Message, send

    body = f"Changes of state of the datasets in {home} are told to this target.\n"
    errors = send([Message(each, "Test message", body) for each in targets])
    return {each.name: error for each, error in zip(targets, errors, strict=True)}


def is_to_notify(ws: Workspace, notify: bool | None, moment: datetime | date) -> bool | None:  # noqa: FBT001  # as it is typed
    """Whether a run is to tell what is new: as it is typed, and not of a past time unless it is.

    None for who carries out the run to decide.

    Raises
    ------
    OptionError
        If it is typed, and there is nobody to tell.
    """
    if notify and not StoreSettings.read(ws.settings.home).notify:
        raise _no_target(ws)
    return False if notify is None and _is_past(moment, ws.clock()) else notify


def _is_past(moment: datetime | date, now: datetime) -> bool:
    if isinstance(moment, datetime):
        return moment < now - _RECENT
    # Somewhere it is that date for half a day more. The last of all dates has none after it.
    return datetime.combine(moment, time(), UTC) < now - timedelta(hours=36)


def tell_run(
    ws: Workspace, report: RunReport, compose: RunComposer, *, sends: bool = True
) -> tuple[Delivery, ...]:
    """Tell the targets of the run's store what is new; nothing if there are none.

    Parameters
    ----------
    sends
        Off for a run that was interrupted: the next one tells what it found.

    Raises
    ------
    SettingsInvalid
        If ``[notify]`` of the store is wrong.
    """
    ws = ws.at(report.home)
    if not (targets := _targets(ws)):
        return ()
    from ml4t_nb.storage.told_file import read_told
    from ml4t_nb.telling import tell

    known = [each for told in read_told(ws.settings.home).values() for each in told.conditions]
    return tell(
        ws.settings.home,
        targets,
        (
            *_observed(ws, report, known),
            *_renamed(ws, report, known),
            *_known_now(report),
            *_wanted_no_more(ws, report, known),
        ),
        as_of=report.as_of,
        compose=lambda notices: compose(report, notices),
        sends=sends,
    )


def _targets(ws: Workspace) -> tuple[NotifyTarget, ...]:
    table = StoreSettings.read(ws.settings.home).notify
    if not table:
        return ()
    from ml4t_nb.targets.settings import read_targets

    return read_targets(table, environment())


def _no_target(ws: Workspace) -> OptionError:
    path = StoreSettings.read(ws.settings.home).path
    return OptionError(f"there is nobody to tell: {path} names no target", hint=_EXAMPLE)


def _observed(
    ws: Workspace, report: RunReport, known: Sequence[ToldCondition]
) -> tuple[Observed, ...]:
    from ml4t_nb.core.notices import observe

    results = (*_with_unloaded(report), *_not_reached(report), *_ended(ws, report, known))
    chosen = ws.store.summaries({each.dataset for each in results})
    judged, _ = judge_all(ws, chosen, report.as_of, _STALE_AFTER)
    stored = {each.dataset: each for each in chosen}
    health = {each.dataset: each for each in judged}
    late = _late(ws, chosen, report)
    return tuple(
        observe(
            each,
            stored.get(each.dataset),
            health.get(each.dataset),
            as_of=report.as_of,
            is_late=late.get(each.dataset),
        )
        for each in results
    )


def _with_unloaded(report: RunReport) -> list[UpdateResult]:
    """Results of a run, and of loads that it did not try again: they have failed as before.

    What is updated meanwhile has not recovered while a load of its earlier bars fails.
    """
    results = {each.dataset: each for each in report.results}
    for each in report.unloaded if isinstance(report, SyncReport) else ():
        found = results.get(each.dataset)
        if found is None:
            record = UpdateRecord(report.as_of, report.verb, "", "failed", error=each.error)
            results[each.dataset] = UpdateResult(each.dataset, record)
        elif found.record.error is None:
            # What its update found, such as a history that was restated, is told as well.
            record = replace(found.record, outcome="partial", error=each.error)
            results[each.dataset] = replace(found, record=record)
    return [*results.values()]


def _not_reached(report: RunReport) -> list[UpdateResult]:
    """Results of the datasets with which a run did not begin, since their provider was down.

    In a long outage they are late like those that it asked for.
    """
    kind = ProviderUnavailable.__name__
    return [
        UpdateResult(
            each,
            UpdateRecord(report.as_of, report.verb, "", "failed", error=ErrorNote(kind, reason)),
        )
        for reason, datasets in report.left_by_reason.items()
        for each in datasets
    ]


def _told_only(report: RunReport, known: Sequence[ToldCondition]) -> set[DatasetId]:
    """Datasets that were told of and that the run had nothing to do with."""
    reached = {*(each.dataset for each in _with_unloaded(report)), *report.left}
    return {each.dataset for each in known} - reached


def _ended(
    ws: Workspace, report: RunReport, known: Sequence[ToldCondition]
) -> Iterator[UpdateResult]:
    """Results of what was told of and has ended: it is never due, so that no run reaches it."""
    for each in ws.store.summaries(_told_only(report, known)):
        if each.ended is not None:
            yield UpdateResult(each.dataset, UpdateRecord(report.as_of, "update", "", "unchanged"))


def _renamed(
    ws: Workspace, report: RunReport, known: Sequence[ToldCondition]
) -> Iterator[Observed]:
    """What was told of symbols that are stored under another name now: that is where it goes on."""
    for each in sorted(_told_only(report, known), key=str):
        for dataset, words in renamed(ws, (each.symbol,)).items():
            if replace(dataset, symbol=each.symbol) == each:
                yield Observed(each, words)


def _wanted_no_more(
    ws: Workspace, report: RunReport, known: Sequence[ToldCondition]
) -> Iterator[Observed]:
    """What was told of symbols that a sync could not load and no universe declares any more."""
    if not isinstance(report, SyncReport) or not (told := _told_only(report, known)):
        return
    declared = {
        (symbol, each.frequency)
        for each in read_universes(current_folder(), ws.settings.home).universes
        for symbol in each.symbols
    }
    stored = set(ws.store.datasets())
    for one in sorted(told - stored, key=str):
        if (one.symbol, one.frequency) not in declared and not renamed(ws, (one.symbol,)):
            yield Observed(one, "it is not stored, and no universe declares it")


def _known_now(report: RunReport) -> Iterator[Observed]:
    """What was told of symbols under a class that was guessed: that is where it ends."""
    for guess, dataset in report.guessed.items() if isinstance(report, SyncReport) else ():
        yield Observed(guess, f"loaded as {dataset}")


def _late(ws: Workspace, chosen: Sequence[Summary], report: RunReport) -> dict[DatasetId, bool]:
    """Which of the datasets are late; without those whose calendar does not say."""
    from ml4t_nb.core.notices import is_late

    terms, late = terms_of(ws, report.as_of), {}
    for each in chosen:
        with suppress(CalendarUnknown):
            own = terms(each)
            late[each.dataset] = is_late(each, own.calendar, as_of=own.as_of, delay=own.delay)
    return late
