"""The verb that makes the store hold what its universes declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from ml4t_nb.errors import DatasetNotFound, Ml4tError, OptionError, SettingsInvalid
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
from ml4t_nb.verbs.runs import at_store, context_of, noted, require_workers, run_batch, works_of
from ml4t_nb.verbs.select import renamed, select_each

if TYPE_CHECKING:
    from ml4t_nb.pipeline import SyncRequest
    from ml4t_nb.workspace import Workspace

__all__ = ["held_of", "places", "requests_of", "require_known", "sync"]

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
    """
    from ml4t_nb.pipeline import plan_sync, run_sync, with_proposals

    require_workers(workers, executor)
    ws = ws.at(home)
    if provider is not None:
        ws.provider(provider)
    moment = ws.resolve_as_of(as_of)
    tells = is_to_notify(ws, notify, moment)
    file = read_universes(current_folder(), ws.settings.home)
    chosen = _chosen(ws, file, as_symbols(universe))
    require_known(ws, chosen)
    held = {each.name: held_of(ws, each) for each in file.universes}
    declared = {each for of_one in held.values() for each in of_one.values()}
    undeclared = tuple(each for each in ws.store.datasets() if each not in declared)
    meant = (each for of in chosen for each in held[of.name].values())
    stored = {each for each in meant if isinstance(each, DatasetId)}
    missed = absent(ws, stored)
    requests = requests_of(ws, chosen, held, provider, doubted(ws, stored) if missed else {})
    counts = tuple((each.name, len(each.symbols)) for each in chosen)
    if plan:
        found = plan_all(ws, "sync", works_of(plan_sync, requests), moment, provider=provider or "")
        return SyncReport("sync", found.as_of, (), plan=found, universes=counts, home=found.home)
    works = works_of(run_sync, requests)
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
    report = with_absent(ws, report, stored, missed)
    results = with_proposals(context_of(ws, moment), report.results)
    names = renamed(ws, [symbol for each in chosen for symbol in each.symbols])
    results = tuple(noted(each, names.get(each.dataset, "")) for each in results)
    if not universe:
        ws.store.sweep()
    done = {each.name: getattr(report, each.name) for each in fields(RunReport)}
    return SyncReport(
        **{**done, "results": at_store(results, ws.settings.home)},
        universes=counts,
        declared_in=file.path,
        undeclared=undeclared,
        verbose=verbose,
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
    unsure: Mapping[DatasetId, tuple[Span, ...]],
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
            fill = Fill("forward", _MAX_FILL, is_at_once=False, doubted=unsure.get(found, ()))
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
