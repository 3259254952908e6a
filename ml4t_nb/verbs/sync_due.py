"""What ``sync --due`` does now: updates that are due, and loads that were not just tried in vain.

A stored dataset says itself when its next update is due, and what was asked in vain. What is
declared and not stored has no place of its own for that, and a symbol that is unknown would be
asked for every quarter of an hour. So the store keeps one small file with the last attempt at each
load that is declared: when it was, how often in a row it ended alike, the error, and which errors
were told. By that

* it is tried again after a while (`load_due`), and not in each run; one that cron skipped changes
  nothing, since the next run finds it due;
* what fails once more by an error that was told is told no second time, though it failed by another
  one meanwhile. The report names it apart from the run's results, so that no exit code, mail or
  message repeats it; what passes by itself, such as an outage, is a result each time, as it is of
  an update, and does not make what was told new;
* what only a change of the file mends is a result each time that it is tried;
* a stored dataset of which it is a part, such as earlier bars, is updated all the same;
* what is declared otherwise, from another provider or start, is tried at once.

If the file is lost, each is tried, and told, once more. ``sync`` without ``--due`` tries and tells
everything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from ml4t_nb.errors import (
    PASSING,
    DatasetNotFound,
    LockTimeout,
    Ml4tError,
    SettingsInvalid,
    StoreError,
    StoreNewer,
    StoreNotWritable,
)
from ml4t_nb.model import DatasetId
from ml4t_nb.records import ErrorNote, UpdateResult
from ml4t_nb.report_parts import LoadAttempt
from ml4t_nb.reports import SyncReport
from ml4t_nb.verbs.due import due_datasets
from ml4t_nb.verbs.runs import context_of
from ml4t_nb.verbs.select import latest

if TYPE_CHECKING:
    from ml4t_nb.pipeline import RunContext, SyncRequest
    from ml4t_nb.workspace import Workspace

__all__ = ["DueRequests", "after_due", "due_requests"]

_PASSING = {each.__name__ for each in PASSING}
_TOLD_AGAIN = {*_PASSING, SettingsInvalid.__name__}


@dataclass(frozen=True, slots=True)
class DueRequests:
    """What is to be done now of all that is declared.

    Parameters
    ----------
    requests
        Updates that are due, in their order, then loads; or why there can be none.
    loads
        Which of them are loads, by how each is declared.
    stored
        Datasets that are updated whenever that is due.
    known
        The last attempt at each load that is wanting.
    number
        Of all that is declared.
    next_at
        When the next one is due; None if none will be.
    """

    requests: dict[DatasetId, SyncRequest | Ml4tError]
    loads: Mapping[DatasetId, str]
    stored: tuple[DatasetId, ...]
    known: Mapping[DatasetId, LoadAttempt]
    number: int
    next_at: datetime | None


@dataclass(slots=True)
class _Sorted:
    """What is declared, as loads to try now, loads to try later, and stored datasets."""

    loads: dict[DatasetId, str] = field(default_factory=dict)
    known: dict[DatasetId, LoadAttempt] = field(default_factory=dict)
    updates: dict[DatasetId, SyncRequest] = field(default_factory=dict)


def due_requests(
    ws: Workspace,
    requests: Mapping[DatasetId, SyncRequest | Ml4tError],
    moment: datetime | date,
    intraday_bars: int,
) -> DueRequests:
    """Which of the requests are due; one whose dataset is damaged is not: `health` tells why."""
    from ml4t_nb.core.due import load_due

    now, found = latest(moment, ()), _sorted(ws, requests, moment)
    stored = tuple(found.updates)
    due = due_datasets(ws, ws.store.summaries(stored), moment, intraday_bars)
    chosen: dict[DatasetId, SyncRequest | Ml4tError] = {
        each: found.updates[each] for each in due.datasets
    }
    chosen |= {each: requests[each] for each in found.loads}
    later = [load_due(each) for name, each in found.known.items() if name not in found.loads]
    instants = [*later, *filter(None, [due.next_at]), *([now] if found.loads else ())]
    next_at = min(instants, default=None)
    return DueRequests(chosen, found.loads, stored, found.known, len(requests), next_at)


def _sorted(
    ws: Workspace,
    requests: Mapping[DatasetId, SyncRequest | Ml4tError],
    moment: datetime | date,
) -> _Sorted:
    from ml4t_nb.core.due import load_due
    from ml4t_nb.storage.attempts_file import read_attempts

    now, context = latest(moment, ()), context_of(ws, moment)
    attempts, found = read_attempts(ws.settings.home), _Sorted()
    for dataset, request in requests.items():
        part = _part(context, request)
        if part == "load":
            declared, tried = _declared(request), attempts.get(dataset)
            if tried is not None and tried.declared == declared:
                found.known[dataset] = tried
            else:
                tried = None
            # A run as of an earlier time tries it.
            if tried is None or not tried.at <= now < load_due(tried):
                found.loads[dataset] = declared
                continue
            if not isinstance(request, Ml4tError):
                request = replace(request, extends=False)  # noqa: PLW2901  # updated all the same
                part = _part(context, request)
        if part == "update" and not isinstance(request, Ml4tError):
            update = request.update and replace(request.update, is_due=True)
            found.updates[dataset] = replace(request, update=update)
    return found


def _part(context: RunContext, request: SyncRequest | Ml4tError) -> str:
    """What is to be done: a ``load``, which may be one that cannot be begun, an ``update``, or "".

    It is as `run_sync` finds it.
    """
    from ml4t_nb.pipeline import LoadRequest, UpdateRequest, part_of_sync

    if isinstance(request, Ml4tError):
        return "load"
    try:
        part = part_of_sync(context, request)
    except (StoreError, DatasetNotFound):
        return ""  # damaged, or removed meanwhile
    except Ml4tError:
        return "load"
    kinds = {LoadRequest: "load", UpdateRequest: "update"}
    return kinds.get(type(part), "")


def _declared(request: SyncRequest | Ml4tError) -> str:
    if isinstance(request, Ml4tError):
        return request.message
    load = request.load
    dates = f"{load.start or ''}..{load.end or ''}"
    named = (load.provider, load.asset_class, load.calendar, request.universe.provider)
    return " ".join([dates, *(each or "-" for each in named)])


def after_due(
    ws: Workspace,
    report: SyncReport,
    due: DueRequests,
    moment: datetime | date,
    intraday_bars: int,
) -> SyncReport:
    """The report of the run with what is due next; what was tried is kept for later runs."""
    from ml4t_nb.core.due import load_due
    from ml4t_nb.storage.attempts_file import keep_attempts

    now, left = latest(moment, ()), set(report.left)
    # The result of a load may be of another class than was guessed.
    asked = [each for each in due.requests if each not in left]
    done = dict(zip(asked, report.results, strict=True))
    _keep_failed_updates(ws, [done[each] for each in done if each not in due.loads], moment)
    tried = {each: _attempt(due, each, done[each], now) for each in done if each in due.loads}
    with suppress(StoreNewer, StoreNotWritable, LockTimeout):
        keep_attempts(ws.settings.home, tried.values())
    repeated = {each for each in tried if _is_repeated(done[each], due.known.get(each))}
    results = _told(done, repeated)
    still = {name: each for name, each in due.known.items() if name not in {*left, *tried}}
    still |= {name: tried[name] for name in repeated}
    unloaded = tuple(each for each in still.values() if each.error is not None)
    next_at = due.next_at
    if due.requests:
        stored = {*due.stored, *(each.dataset for each in results if each.version)}
        found = due_datasets(ws, ws.store.summaries(stored), moment, intraday_bars)
        waits = (load_due(each) for each in (*still.values(), *tried.values()) if each.error)
        instants = [*waits, *filter(None, [found.next_at]), *([now] if left else ())]
        next_at = min(instants, default=None)
    waiting = due.number - len(results) - len(left)
    return replace(report, results=results, waiting=waiting, next_due=next_at, unloaded=unloaded)


def _attempt(
    due: DueRequests, dataset: DatasetId, result: UpdateResult, now: datetime
) -> LoadAttempt:
    record, before = result.record, due.known.get(dataset)
    error = record.error if record.outcome in ("failed", "partial") else None
    # Its next step names the store, which may be moved.
    error = None if error is None else replace(error, hint="")
    if before is not None and _is_hidden(before.error, error):
        return replace(before, declared=due.loads[dataset], at=now)
    tries = before.tries + 1 if before is not None and _are_alike(before.error, error) else 1
    told: tuple[str, ...] = ()
    if error is not None:
        told = tuple(dict.fromkeys((*(before.told if before else ()), error.type)))
    return LoadAttempt(dataset, due.loads[dataset], now, tries, error, told)


def _are_alike(before: ErrorNote | None, error: ErrorNote | None) -> bool:
    """Whether a load ended as it did before: of what passes by itself, in whichever way."""
    types = [None if each is None else each.type for each in (before, error)]
    return types[0] == types[1] or _PASSING.issuperset(types)


def _is_hidden(before: ErrorNote | None, error: ErrorNote | None) -> bool:
    """Whether it is not known if the error before is still so, for one that passes."""
    return (
        before is not None
        and error is not None
        and before.type not in _PASSING
        and error.type in _PASSING
    )


def _is_repeated(result: UpdateResult, before: LoadAttempt | None) -> bool:
    """Whether it failed by an error that was told, which is done once; an update's always is."""
    error, own = result.record.error, result.updated
    if error is None or error.type in _TOLD_AGAIN or before is None:
        return False
    if error.type not in before.told:
        return False
    return not result.version if own is None else own.error is None


def _told(
    done: Mapping[DatasetId, UpdateResult], repeated: Collection[DatasetId]
) -> tuple[UpdateResult, ...]:
    """The results without errors that are repeated; of a stored dataset, what its update did."""
    found: list[UpdateResult] = []
    for name, each in done.items():
        if name not in repeated:
            found.append(each)
        elif each.updated is not None:
            found.append(replace(each, record=each.updated))
    return tuple(found)


def _keep_failed_updates(
    ws: Workspace, results: Sequence[UpdateResult], moment: datetime | date
) -> None:
    """Those that left no record of their own: they are due later by it."""
    from ml4t_nb.pipeline import keep_failures

    if isinstance(moment, datetime):
        updates = [replace(each, record=replace(each.record, verb="update")) for each in results]
        keep_failures(context_of(ws, moment), updates, moment)
