"""Datasets of the health board by what is wrong with them, the worst first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ml4t_nb.notebook.panels.repair import Remedy, remedy_of
from ml4t_nb.records import Health, HealthState
from ml4t_nb.render.format import many
from ml4t_nb.reports import HealthReport

__all__ = ["WORST_FIRST", "Cause", "causes", "due_words"]

WORST_FIRST: tuple[HealthState, ...] = ("error", "suspect", "stale", "incomplete", "healthy")

_SAFE: tuple[Remedy, ...] = ("update", "gaps", "accept")
# So many causes of errors are told apart; the others each say theirs.
_CAUSES = 6
_NEAR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Cause:
    """Datasets in one state for one cause, and what mends them all.

    ``number`` is what the remedy is counted by: datasets, or findings to decide. Of all causes the
    largest that can be mended without any loss is the primary one.
    """

    state: HealthState
    words: str
    datasets: tuple[Health, ...]
    remedy: Remedy | None
    is_primary: bool = False

    @property
    def number(self) -> int:
        """How many the remedy is for."""
        if self.remedy == "review":
            return sum(each.suspect for each in self.datasets)
        return len(self.datasets)


def causes(report: HealthReport) -> tuple[Cause, ...]:
    """The datasets by cause, by name in each."""
    by_state: dict[HealthState, list[Health]] = {state: [] for state in WORST_FIRST}
    for each in sorted(report.datasets, key=lambda health: str(health.dataset)):
        by_state[each.state].append(each)
    found = [
        cause for state, held in by_state.items() for cause in _of_state(state, held, report.as_of)
    ]
    safe = [each for each in found if each.remedy in _SAFE]
    first = max(safe, key=lambda each: (each.number, each.state != "error"), default=None)
    return tuple(
        Cause(each.state, each.words, each.datasets, each.remedy, is_primary=each is first)
        for each in found
    )


def due_words(health: Health, as_of: datetime) -> str:
    """When an update of it is due, in the exchange's time: ``now``, ``Tue 16:15``.

    A symbol that failed, or that its provider does not know, is asked for again, ever less often.
    """
    if health.ended is not None:
        return "ended"
    if remedy_of(health) == "reload":
        return "after repair"  # what cannot be read cannot be updated
    if health.last is None:
        return "now"
    if health.due is None:
        return "unknown"
    if health.due <= as_of:
        return "now"
    is_near = health.due - as_of < _NEAR
    return f"{health.due:%a %H:%M}" if is_near else f"{health.due:%Y-%m-%d}"


def _of_state(state: HealthState, held: Sequence[Health], as_of: datetime) -> Iterator[Cause]:
    if not held:
        return
    if state == "error":
        yield from _errors(held)
    elif state == "suspect":
        vanished = tuple(each for each in held if each.is_vanished)
        doubted = tuple(each for each in held if not each.is_vanished)
        if vanished:
            yield Cause(state, _vanished(vanished), vanished, "end")
        if doubted:
            words = f"{many(sum(each.suspect for each in doubted), 'finding')} to decide"
            yield Cause(state, words, doubted, "review")
    elif state == "stale":
        late = tuple(each for each in held if each.sessions_behind)
        unattended = tuple(each for each in held if not each.sessions_behind)
        if late:
            yield Cause(state, _late(late, as_of), late, "update")
        if unattended:
            days = _between((each.days_since_run or 0 for each in unattended), "day")
            words = f"up to date by the calendar, but no run has reached a provider for {days}"
            yield Cause(state, words, unattended, "update")
    elif state == "incomplete":
        gaps, missing = (sum(each.gaps_open for each in held), sum(each.missing for each in held))
        words = f"{many(gaps, 'gap')}, {many(missing, 'bar')} missing"
        yield Cause(state, words, tuple(held), "gaps")
    else:
        yield Cause(state, "nothing to do", tuple(held), None)


def _errors(held: Sequence[Health]) -> Iterator[Cause]:
    """By the remedy and the reason, in which each calls its symbol by name."""
    alike: dict[tuple[Remedy | None, str], list[Health]] = {}
    for each in held:
        remedy = remedy_of(each)
        reason = "files are damaged" if remedy == "reload" else _without_name(each)
        alike.setdefault((remedy, reason), []).append(each)
    ordered = sorted(alike.items(), key=lambda pair: -len(pair[1]))
    for (remedy, reason), same in ordered[:_CAUSES]:
        words = same[0].reason if len(same) == 1 else reason
        yield Cause("error", words, tuple(same), remedy)
    by_remedy: dict[Remedy | None, list[Health]] = {}
    for (remedy, _), same in ordered[_CAUSES:]:
        by_remedy.setdefault(remedy, []).extend(same)
    for remedy, rest in by_remedy.items():
        yield Cause("error", "other reasons: see each", tuple(rest), remedy)


def _without_name(health: Health) -> str:
    """The first reason, with an ellipsis for the symbol."""
    reason = health.reason.partition("; also ")[0]
    return re.sub(rf"(?<!\w){re.escape(health.dataset.symbol)}(?!\w)", "…", reason)


def _vanished(vanished: Sequence[Health]) -> str:
    providers = {each.provider for each in vanished}
    is_one = len(providers) == 1
    who = f"{providers.pop()} no longer knows" if is_one else "their providers no longer know"
    what = "the symbol" if len(vanished) == 1 else "the symbols"
    return f"{who} {what}: delisted, or renamed?"


def _late(late: Sequence[Health], as_of: datetime) -> str:
    words = f"{_between((each.sessions_behind for each in late), 'session')} behind"
    instants = {each.due for each in late}
    (due, *others) = instants
    # One that is due later was asked for in vain.
    is_ready = not others and due is not None and due <= as_of
    return words if not is_ready else f"{words}, ready since {due:%a %d %b %H:%M}"


def _between(numbers: Iterable[int], what: str) -> str:
    known = sorted(set(numbers))
    return many(known[0], what) if len(known) == 1 else f"{known[0]:,} to {many(known[-1], what)}"
