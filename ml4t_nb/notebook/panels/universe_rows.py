"""What the page is told of universes: a group for each, a row for each symbol, words once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.board_groups import due_words
from ml4t_nb.notebook.panels.board_rows import Once, as_of_words
from ml4t_nb.notebook.panels.board_strip import day_number
from ml4t_nb.plans import DatasetPlan
from ml4t_nb.records import Health
from ml4t_nb.render.format import count, many
from ml4t_nb.universes import Universe
from ml4t_nb.verbs.universe_states import DeclaredSymbol, UniverseState, UniverseStates

__all__ = ["STATES", "STATE_ICONS", "UniverseGroup", "UniverseRow", "groups_of", "universe_json"]

RowState: TypeAlias = Literal["error", "missing", "due", "current", "undeclared"]

STATES: tuple[RowState, ...] = ("error", "missing", "due", "current", "undeclared")
"""In the order in which one wants to see them."""

STATE_ICONS: Mapping[RowState, str] = {
    "error": "error",
    "missing": "missing",
    "due": "stale",
    "current": "healthy",
    "undeclared": "undeclared",
}
"""The drawing of each state."""

_UNDECLARED = "in no universe"


@dataclass(frozen=True, slots=True)
class UniverseRow:
    """A symbol of a universe, or a dataset that is in none.

    Parameters
    ----------
    dataset
        The stored one, or the one that would be.
    due, due_at
        When a sync does something about it, in words, and if that is yet to come, the instant.
    plan
        What a sync would do to it; None if that was not asked, or it is in no universe.
    """

    state: RowState
    symbol: str
    dataset: DatasetId
    reason: str
    due: str
    health: Health | None = None
    due_at: datetime | None = None
    plan: DatasetPlan | None = None

    @property
    def planned(self) -> str:
        """Requests that are certain, and how many may come besides: ``3``, ``3 + 9``, ``none``."""
        if self.plan is None:
            return ""
        if self.plan.error is not None:
            return "cannot"
        more = f" + {self.plan.at_most:,}" if self.plan.at_most else ""
        return f"{len(self.plan.requests):,}{more}" if self.plan.requests else "none"

    @property
    def words(self) -> str:
        """Why it is as it is, or why it cannot be planned."""
        error = None if self.plan is None else self.plan.error
        return self.reason if error is None else error.message

    def minutes_until(self, as_of: datetime) -> int | None:
        """Minutes until it is due; None if it will not be."""
        if self.due == "now":
            return 0
        return None if self.due_at is None else int((self.due_at - as_of).total_seconds() // 60)


@dataclass(frozen=True, slots=True)
class UniverseGroup:
    """A universe, or with an empty name what is in none, and its rows, the worst first.

    Parameters
    ----------
    facts
        How it is declared.
    cost
        What a sync of it would take; empty if that was not asked.
    """

    name: str
    facts: str
    rows: tuple[UniverseRow, ...]
    cost: str = ""
    counts: Counter[RowState] = field(default_factory=Counter)

    @property
    def title(self) -> str:
        """Its name, or what it is."""
        return self.name or _UNDECLARED

    @property
    def has_to_do(self) -> bool:
        """Whether a sync would do something now."""
        return bool(self.name) and any(each.due == "now" for each in self.rows)

    @property
    def words(self) -> str:
        """How many symbols are stored, missing and due, and when the next one is."""
        if not self.name:
            return "never removed, and updated by %ml4t update"
        stored = sum(each.health is not None for each in self.rows)
        others: tuple[RowState, ...] = ("missing", "due", "error")
        named = {"error": "in error"}
        parts = [f"{count(stored)} stored"]
        parts += [
            f"{count(number)} {named.get(state, state)}"
            for state in others
            if (number := self.counts[state])
        ]
        return f"{', '.join(parts)} · {self.next_due}"

    @property
    def next_due(self) -> str:
        """When the next of its symbols is due."""
        if self.has_to_do:
            return "due now"
        coming = [(each.due_at, each.due) for each in self.rows if each.due_at is not None]
        return f"next due {min(coming)[1]}" if coming else "nothing will be due"


def groups_of(
    states: UniverseStates, plans: Mapping[str, Sequence[DatasetPlan]], costs: Mapping[str, str]
) -> tuple[UniverseGroup, ...]:
    """The universes in the order of their file, then what is in none.

    ``plans`` and ``costs`` are those of the universes that were planned, by name.
    """
    as_of = states.health.as_of

    def declared(each: UniverseState) -> UniverseGroup:
        universe = each.universe
        planned = _Planned(plans.get(universe.name, ()))
        rows = (_declared(symbol, as_of, planned) for symbol in each.symbols)
        return _group(universe.name, _facts(universe), rows, costs.get(universe.name, ""))

    found = [declared(each) for each in states.universes]
    if states.undeclared:
        facts = many(len(states.undeclared), "dataset")
        rows = (_undeclared(each, as_of) for each in states.undeclared)
        found.append(_group("", facts, rows))
    return tuple(found)


def universe_json(
    states: UniverseStates,
    groups: Sequence[UniverseGroup],
    version: int,
    lines: Mapping[str, str],
) -> dict[str, Any]:
    """Groups and rows as lists; words that many rows share stand once, and a row has their place.

    ``lines`` are those that sync each universe, by its name.
    A row is: symbol, what is said beside it, key, place of its group, state, reason, bars, first
    day, last day, due, minutes until then, requests as words, and as a number.
    """
    reasons, dues, costs, as_of = Once(), Once(), Once(), states.health.as_of
    rows = [
        [
            row.symbol,
            _beside(row),
            f"{group.name or '-'} {row.symbol} {row.dataset}",
            at,
            row.state,
            reasons[row.words],
            row.health.rows if row.health else 0,
            day_number(row.health.first) if row.health and row.health.first else None,
            day_number(row.health.last) if row.health and row.health.last else None,
            dues[row.due],
            row.minutes_until(as_of),
            costs[row.planned],
            len(row.plan.requests) if row.plan else 0,
        ]
        for at, group in enumerate(groups)
        for row in group.rows
    ]
    named = [each for each in groups if each.name]
    declared = sum(len(each.rows) for each in named)
    stored = sum(row.health is not None for each in named for row in each.rows)
    return {
        "version": version,
        "title": many(len(named), "universe"),
        "total": f"{many(declared, 'symbol')}, {count(stored)} stored",
        "as_of": as_of_words(states.health),
        "file": str(states.path),
        "states": list(STATES),
        "groups": [
            [
                *(each.name, each.title, each.facts, each.words, each.cost, each.has_to_do),
                lines.get(each.name, ""),
            ]
            for each in groups
        ],
        "rows": rows,
        "reasons": list(reasons),
        "dues": list(dues),
        "costs": list(costs),
    }


class _Planned:
    """Plans by dataset; those of what is not stored by its name, since its class is guessed."""

    def __init__(self, plans: Sequence[DatasetPlan]) -> None:
        self._by_dataset = {each.dataset: each for each in plans}
        self._by_name = {(each.dataset.frequency, each.dataset.symbol): each for each in plans}

    def __getitem__(self, dataset: DatasetId) -> DatasetPlan | None:
        by_name = self._by_name.get((dataset.frequency, dataset.symbol))
        return self._by_dataset.get(dataset, by_name)


def _declared(each: DeclaredSymbol, as_of: datetime, planned: _Planned) -> UniverseRow:
    health, at = each.health, None
    state: RowState = "due"
    if each.fault:
        state, reason, due = "error", each.fault, ""
    elif health is None:
        state, reason, due = "missing", "not stored yet", "now"
    elif each.need == "load":
        reason, due = "not all bars that are declared are stored", "now"
    elif each.need == "nothing":
        state, reason, due = "current", "all bars up to the declared end are stored", "complete"
    else:
        reason, due = health.reason, due_words(health, as_of)
        at = health.due if due != "now" and health.ended is None else None
        state = "error" if health.state == "error" else "due" if due == "now" else "current"
    if each.dataset.symbol != each.symbol:
        reason = f"stored as {each.dataset.symbol}; {reason}"
    plan = planned[each.dataset]
    return UniverseRow(state, each.symbol, each.dataset, reason, due, health, at, plan)


def _undeclared(health: Health, as_of: datetime) -> UniverseRow:
    due = due_words(health, as_of)
    return UniverseRow(
        "undeclared", health.dataset.symbol, health.dataset, health.reason, due, health
    )


def _group(name: str, facts: str, rows: Iterator[UniverseRow], cost: str = "") -> UniverseGroup:
    # What is alike keeps the order of the file.
    ordered = tuple(sorted(rows, key=lambda row: STATES.index(row.state)))
    return UniverseGroup(name, facts, ordered, cost, Counter(each.state for each in ordered))


def _facts(universe: Universe) -> str:
    """``503 symbols, daily, from 2010-01-04, sample``."""
    parts = (
        many(len(universe.symbols), "symbol"),
        universe.asset_class or "",
        universe.frequency,
        f"from {universe.start}" if universe.start else "",
        f"to {universe.end}" if universe.end else "",
        universe.provider or "",
        f"or {', '.join(universe.fallback)}" if universe.fallback else "",
    )
    return ", ".join(filter(None, parts))


def _beside(row: UniverseRow) -> str:
    """What no universe says of it; made-up bars are never shown without saying so."""
    of = row.dataset
    parts = [f"{of.asset_class} {of.frequency}"] if row.state == "undeclared" else []
    is_made_up = row.health is not None and row.health.provider == "synthetic"
    return " ".join([*["synthetic"] * is_made_up, *parts])
