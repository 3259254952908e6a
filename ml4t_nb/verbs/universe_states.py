"""Universes as the store has them: what is stored of each, missing, or due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.options import Moment, PathName
from ml4t_nb.records import Health
from ml4t_nb.reports import HealthReport
from ml4t_nb.settings import current_folder
from ml4t_nb.universes import Universe, read_universes
from ml4t_nb.verbs.health import judge_all
from ml4t_nb.verbs.runs import context_of
from ml4t_nb.verbs.sync import held_of, places, requests_of, require_known

if TYPE_CHECKING:
    from ml4t_nb.pipeline import RunContext, SyncRequest
    from ml4t_nb.workspace import Workspace

__all__ = ["DeclaredSymbol", "Need", "UniverseState", "UniverseStates", "universe_states"]

Need: TypeAlias = Literal["load", "update", "nothing"]
"""What a sync does about a dataset: ``nothing`` if all up to a declared end is stored."""

_STALE_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DeclaredSymbol:
    """A symbol of a universe, and what the store has of it.

    Parameters
    ----------
    dataset
        The stored one that it means, or the one that it would be.
    health
        That of the dataset; None if it is not stored.
    fault
        Why a sync can do nothing about it; empty if it can.
    """

    symbol: str
    dataset: DatasetId
    health: Health | None
    need: Need
    fault: str = ""


@dataclass(frozen=True, slots=True)
class UniverseState:
    """A universe with its symbols, in the order they are declared."""

    universe: Universe
    symbols: tuple[DeclaredSymbol, ...]


@dataclass(frozen=True, slots=True)
class UniverseStates:
    """All universes as the store has them.

    Parameters
    ----------
    places
        Where universes may be declared, the first place before the others.
    path
        The file that declares them.
    undeclared
        Health of datasets that are stored and in no universe.
    health
        Health of all that is stored.
    """

    places: tuple[Path, ...]
    path: Path
    universes: tuple[UniverseState, ...]
    undeclared: tuple[Health, ...]
    health: HealthReport


def universe_states(
    ws: Workspace, *, as_of: Moment | None = None, home: PathName | None = None
) -> UniverseStates:
    """What is declared, and what is stored of it; no provider is asked.

    Raises
    ------
    SettingsInvalid
        If the file that declares universes is wrong: the error names file, line and key.
    """
    ws = ws.at(home)
    moment = ws.resolve_as_of(as_of)
    file = read_universes(current_folder(), ws.settings.home)
    require_known(ws, file.universes)
    judged, at = judge_all(ws, ws.store.summaries(), moment, _STALE_AFTER)
    meant_by = {each.name: held_of(ws, each) for each in file.universes}
    declared = {each for of_one in meant_by.values() for each in of_one.values()}
    context, by_dataset = context_of(ws, moment), {each.dataset: each for each in judged}
    found = {
        dataset: _need(context, request)
        for dataset, request in requests_of(ws, file.universes, meant_by, None).items()
    }

    def symbol_of(universe: Universe, symbol: str) -> DeclaredSymbol:
        meant = meant_by[universe.name][symbol]
        # As a sync takes it, where none is stored.
        guess = DatasetId(universe.asset_class or "equities", universe.frequency, symbol)
        dataset = meant if isinstance(meant, DatasetId) else guess
        health = by_dataset.get(dataset) if isinstance(meant, DatasetId) else None
        return DeclaredSymbol(symbol, dataset, health, *found[dataset])

    return UniverseStates(
        places(ws),
        file.path,
        tuple(
            UniverseState(each, tuple(symbol_of(each, name) for name in meant_by[each.name]))
            for each in file.universes
        ),
        tuple(each for each in judged if each.dataset not in declared),
        HealthReport(at, judged, home=ws.settings.home),
    )


def _need(context: RunContext, request: SyncRequest | Ml4tError) -> tuple[Need, str]:
    """What a sync does about a dataset, or why it can do nothing."""
    from ml4t_nb.pipeline import LoadRequest, UpdateRequest, part_of_sync

    if isinstance(request, Ml4tError):
        return "nothing", request.message
    try:
        part = part_of_sync(context, request)
    except Ml4tError as error:
        return "nothing", error.message
    if isinstance(part, LoadRequest):
        return "load", ""
    return ("update" if isinstance(part, UpdateRequest) else "nothing"), ""
