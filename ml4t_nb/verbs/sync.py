"""The verb that makes the store hold what its universes declare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from ml4t_nb.errors import (
    DatasetNotFound,
    Interrupted,
    Ml4tError,
    OptionError,
    SettingsInvalid,
    StoreNotFound,
)
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.options import Doc, Short, Symbols, as_symbols, did_you_mean
from ml4t_nb.reports import RunReport, SyncReport
from ml4t_nb.settings import current_folder
from ml4t_nb.store_settings import STORE_SETTINGS
from ml4t_nb.universes import Universe, UniverseFile, read_universes
from ml4t_nb.verbs.absent import absent, doubted, with_absent
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.notify import is_to_notify
from ml4t_nb.verbs.parameters import AsOf, ExecutorName, Home, Notify, Plan, ProviderName, Workers
from ml4t_nb.verbs.plans import plan_all
from ml4t_nb.verbs.runs import (
    at_store,
    context_of,
    made_elsewhere,
    noted,
    require_workers,
    run_batch,
    works_of,
)
from ml4t_nb.verbs.select import renamed, select_each
from ml4t_nb.verbs.sync_due import after_due, due_requests

if TYPE_CHECKING:
    from ml4t_nb.pipeline import SyncRequest
    from ml4t_nb.workspace import Workspace

__all__ = [
    "held_of",
    "places",
    "requests_of",
    "require_known",
    "sync",
    "undeclared_datasets",
]

# As `update` fills.
_MAX_FILL = 5
_EXAMPLE = '[{name = "core", symbols = ["AAPL", "MSFT"], start = 2010-01-04}]'

Universes: TypeAlias = Annotated[
    Symbols, Doc("Universes by name; all that ml4t.toml declares if none is named.")
]
_Held: TypeAlias = Mapping[str, DatasetId | Ml4tError]
"""The stored dataset that each symbol of a universe means, or the error that says why none."""


@served("job")
@verb
def sync(
    ws: Workspace,
    /,
    universe: Universes = (),
    *,
    provider: ProviderName = None,
    workers: Workers = 4,
    executor: ExecutorName = "threads",
    verbose: Annotated[bool, Short("-v")] = False,
    due: bool = False,
    intraday_bars: int | None = None,
    allow_empty: bool = False,
    plan: Plan = False,
    notify: Notify = None,
    as_of: AsOf = None,
    home: Home = None,
) -> SyncReport:
    """Load what universes declare and the store lacks, and update the rest of them.

    Universes are declared in the file ml4t.toml: that of the current folder if it declares any,
    else that of the store. Nothing is ever removed: what is stored and not declared is reported.

    Parameters
    ----------
    provider
        Provider to use in this run, and no other if it fails; if not given, each dataset's own,
        then those of its universe's fallback. History earlier than what is stored is loaded from
        the dataset's own only.
    verbose
        Name the file that declares the universes, and how many symbols each has.
    due
        Only what is due: datasets that ``update --due`` would update, and what is declared and not
        loaded, unless that was just tried. A load that fails once more by an error that was told is
        told no second time.
    intraday_bars
        Final intraday bars that make a dataset due; the last ones of a session do in any case. If
        not given, 30.
    allow_empty
        With ``--due``, load into a store that is empty or not there: a disk that is not mounted
        looks like one.
    """
    from ml4t_nb.core.due import INTRADAY_BARS
    from ml4t_nb.pipeline import SyncRequest, plan_sync, run_sync, with_proposals
    from ml4t_nb.storage.run_lock import lone_run

    require_workers(workers, executor)
    enough = INTRADAY_BARS if intraday_bars is None else intraday_bars
    _require_positive(intraday_bars=enough)
    _require_due(due, intraday_bars=intraday_bars is not None, allow_empty=allow_empty)
    ws = ws.at(home)
    if due and not allow_empty:
        _require_stored(ws)
    if provider is not None:
        ws.provider(provider)
    moment = ws.resolve_as_of(as_of)
    tells = is_to_notify(ws, notify, moment)
    file = read_universes(current_folder(), ws.settings.home)
    chosen = _chosen(ws, file, as_symbols(universe))
    require_known(ws, chosen)
    counts = tuple((each.name, len(each.symbols)) for each in chosen)
    kind = ("sync --due", *sorted(as_symbols(universe))) if due and not plan else ()
    with lone_run(ws.settings.home, kind) as is_alone:
        held = {each.name: held_of(ws, each) for each in file.universes}
        undeclared = _undeclared(ws, held)

        def of_sync(run: RunReport) -> SyncReport:
            return SyncReport(
                **{each.name: getattr(run, each.name) for each in fields(RunReport)},
                universes=counts,
                declared_in=file.path,
                undeclared=undeclared,
                verbose=verbose,
            )

        requests = requests_of(ws, chosen, held, provider)
        if not is_alone:
            return of_sync(made_elsewhere(ws, "sync", len(requests), moment))
        before = due_requests(ws, requests, moment, enough) if due else None
        requests = requests if before is None else before.requests
        stored = {
            each for each, of in requests.items() if isinstance(of, SyncRequest) and of.update
        }
        missed = absent(ws, stored)
        requests = _with_doubts(requests, doubted(ws, stored) if missed else {})
        if plan:
            found = plan_all(
                ws, "sync", works_of(plan_sync, requests), moment, provider=provider or ""
            )
            if before is not None:
                waiting = before.number - len(before.requests)
                found = replace(found, waiting=waiting, next_due=before.next_at)
            return SyncReport(
                "sync", found.as_of, (), plan=found, universes=counts, home=found.home
            )

        works = works_of(run_sync, requests)
        try:
            report = run_batch(
                ws,
                "sync",
                works,
                moment,
                workers=workers,
                executor=executor,
                provider=provider or "",
                notify=tells,
            )
        except Interrupted as stop:
            stop.report = stop.report and of_sync(stop.report)
            raise
        report = with_absent(ws, report, stored, missed)
        results = with_proposals(context_of(ws, moment), report.results)
        names = renamed(ws, [symbol for each in chosen for symbol in each.symbols])
        results = tuple(noted(each, names.get(each.dataset, "")) for each in results)
        if not universe:
            ws.sweep()
        whole = of_sync(replace(report, results=at_store(results, ws.settings.home)))
        whole = replace(whole, guessed=_guessed(requests, report))
        return whole if before is None else after_due(ws, whole, before, moment, enough)


def _guessed(requests: Iterable[DatasetId], report: RunReport) -> dict[DatasetId, DatasetId]:
    """What was loaded as a dataset of another class than its symbol was taken for."""
    left = set(report.left)
    asked = (each for each in requests if each not in left)
    found = zip(asked, (each.dataset for each in report.results), strict=True)
    return {guess: dataset for guess, dataset in found if guess != dataset}


def undeclared_datasets(ws: Workspace, file: UniverseFile) -> tuple[DatasetId, ...]:
    """What is stored and in no universe: no ``sync`` updates it."""
    return _undeclared(ws, {each.name: held_of(ws, each) for each in file.universes})


def _undeclared(ws: Workspace, held: Mapping[str, _Held]) -> tuple[DatasetId, ...]:
    declared = {each for of_one in held.values() for each in of_one.values()}
    return tuple(each for each in ws.store.datasets() if each not in declared)


def _require_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            option = name.replace("_", "-")
            raise OptionError(f"--{option} must be at least 1, not {number}", hint="1 or more")


def _require_due(due: bool, **given: bool) -> None:  # noqa: FBT001  # as it is typed
    """Raise OptionError for an option that means nothing without ``--due``."""
    for name, is_given in given.items():
        if is_given and not due:
            option = name.replace("_", "-")
            raise OptionError(f"--{option} needs --due", hint="add --due, or leave it out")


def _require_stored(ws: Workspace) -> None:
    """Raise StoreNotFound for an empty store, which a scheduler is not to fill."""
    ws.require_home()
    if not ws.store.datasets(keep=False):
        raise StoreNotFound(
            f"sync found no dataset in {ws.settings.home}",
            hint="check the path, and that its disk is mounted; "
            "for a first load leave out --due, or add --allow-empty",
        )


def _chosen(ws: Workspace, file: UniverseFile, names: Sequence[str]) -> tuple[Universe, ...]:
    """The universes of those names, or all; an error if there is none."""
    known = {each.name: each for each in file.universes}
    if not known:
        raise SettingsInvalid(
            f"no universe is declared in {' or '.join(map(str, places(ws)))}",
            hint=f"write one there: universe = {_EXAMPLE}",
        )
    for name in names:
        if name not in known:
            raise OptionError(f"unknown universe {name!r}", hint=did_you_mean(name, known))
    return tuple(known[name] for name in names or known)


def places(ws: Workspace) -> tuple[Path, ...]:
    """The files that may declare universes, the one that is looked at first before the other."""
    folders = (current_folder(), ws.settings.home)
    return tuple(dict.fromkeys(each / STORE_SETTINGS for each in folders if each is not None))


def require_known(ws: Workspace, universes: Sequence[Universe]) -> None:
    """Raise SettingsInvalid, which names the line, for a provider or calendar that is not there."""
    from ml4t_nb.calendars import calendar

    for each in universes:
        asked = [("provider", each.provider), *(("fallback", name) for name in each.fallback)]
        checks: list[tuple[str, str | None, Callable[[str], object]]] = [
            *((key, name, ws.provider) for key, name in asked),
            ("calendar", each.calendar, calendar),
        ]
        for key, word, find in checks:
            try:
                if word is not None:
                    find(word)
            except Ml4tError as error:
                raise each.error(key, error.message, error.advice) from error


def held_of(ws: Workspace, universe: Universe) -> _Held:
    """What each symbol of a universe means in the store."""
    return dict(select_each(ws, universe.symbols, universe.asset_class, universe.frequency))


def requests_of(
    ws: Workspace,
    universes: Sequence[Universe],
    held: Mapping[str, _Held],
    provider: str | None,
) -> dict[DatasetId, SyncRequest | Ml4tError]:
    """What is declared of each dataset, once where several universes declare it alike."""
    from ml4t_nb.core.gapfill import Fill
    from ml4t_nb.pipeline import LoadRequest, SyncRequest, UpdateRequest

    def request(universe: Universe, symbol: str, found: DatasetId | None) -> SyncRequest:
        load = LoadRequest(
            symbol,
            found.asset_class if found else universe.asset_class,
            universe.frequency,
            provider or universe.provider or ws.settings.provider,
            universe.start,
            universe.end,
            universe.calendar,
        )
        update = None
        if found is not None:
            fill = Fill("forward", _MAX_FILL, is_at_once=False)
            update = UpdateRequest(found, lookback=None, fill=fill, provider=provider)
        fallback = () if provider else universe.fallback
        return SyncRequest(universe, load, update, fallback)

    requests: dict[DatasetId, SyncRequest | Ml4tError] = {}
    for universe in universes:
        for symbol, found in held[universe.name].items():
            if isinstance(found, DatasetId):
                requests.setdefault(found, request(universe, symbol, found))
                continue
            guess = DatasetId(universe.asset_class or "equities", universe.frequency, symbol)
            if isinstance(found, DatasetNotFound):
                requests.setdefault(guess, request(universe, symbol, None))
            else:
                hint = "declare another symbol, or asset_class besides"
                requests.setdefault(guess, universe.error(universe.listed, found.message, hint))
    return requests


def _with_doubts(
    requests: Mapping[DatasetId, SyncRequest | Ml4tError],
    unsure: Mapping[DatasetId, tuple[Span, ...]],
) -> dict[DatasetId, SyncRequest | Ml4tError]:
    """The requests, of which the updates fill no session of which it is unsure that it was one."""
    doubted = dict(requests)
    for each, request in requests.items():
        if each not in unsure or isinstance(request, Ml4tError) or request.update is None:
            continue
        update = request.update
        if update.fill is not None:
            fill = replace(update.fill, doubted=unsure[each])
            doubted[each] = replace(request, update=replace(update, fill=fill))
    return doubted
