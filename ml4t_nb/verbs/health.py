"""The verb that judges datasets at an as-of, and says what each of their last sessions has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, TypeAlias, get_args

from ml4t_nb.errors import CalendarUnknown, DatasetNotFound, OptionError, StoreError
from ml4t_nb.options import Short, as_symbols
from ml4t_nb.records import Health, HealthState, Summary
from ml4t_nb.report_parts import Left, PastVersions
from ml4t_nb.reports import HealthReport, RecentSession
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.due import terms_of
from ml4t_nb.verbs.parameters import AllowEmpty, AsOf, ClassFilter, FreqFilter, Home, Selection
from ml4t_nb.verbs.select import latest, summaries

if TYPE_CHECKING:
    from ml4t_nb.core.session_states import StoredRange
    from ml4t_nb.model import DatasetId
    from ml4t_nb.storage.manifest import Manifest
    from ml4t_nb.workspace import Workspace

__all__ = ["HealthStates", "health", "judge_all"]

HealthStates: TypeAlias = HealthState | Sequence[HealthState]
"""One state, or several."""


@served("read")
@verb
def health(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    stale_days: float = 7,
    sessions: int = 0,
    verbose: Annotated[bool, Short("-v")] = False,
    verify: bool = False,
    fail_on: HealthStates = "error",
    allow_empty: AllowEmpty = False,
    as_of: AsOf = None,
    home: Home = None,
) -> HealthReport:
    """Report the health of every dataset: healthy, incomplete, stale, suspect or in error, and why.

    Parameters
    ----------
    stale_days
        Calendar days since the close of the oldest session missed, from which on data are stale.
    sessions
        Number of last sessions to show, with the bars each has; weeks for weekly bars.
    verbose
        Show each dataset, not only those that need attention, and what past versions cost.
    verify
        Read every file and check it against its checksum.
    fail_on
        States for which the shell's exit code is 1, with commas between them, as in
        stale,incomplete,error; a single one means errors too, and healthy any state.
    """
    from ml4t_nb.storage.past_size import past_versions

    if not stale_days >= 0:
        raise OptionError(f"--stale-days {stale_days:g} is negative", hint="0 or more, such as 7")
    if sessions < 0:
        raise OptionError(f"--sessions {sessions} is negative", hint="0 or more, such as 20")
    ws = ws.at(home)
    if not (allow_empty or symbol):
        ws.require_home()
    moment = ws.resolve_as_of(as_of)
    chosen = summaries(ws, symbol, asset_class, frequency)
    if verify:
        chosen = tuple(each for summary in chosen if (each := _verified(ws, summary)))
    judged, at = judge_all(ws, chosen, moment, timedelta(days=stale_days))
    past = past_versions(ws.settings.home) if verbose else None
    if past is not None:
        judged = tuple(_with_versions(each, past.get(each.dataset)) for each in judged)
    names = as_symbols(symbol)

    def is_meant(each: DatasetId) -> bool:
        is_named = not names or each.symbol in names
        is_of = asset_class in (None, each.asset_class) and frequency in (None, each.frequency)
        return is_named and is_of

    recent = _recent(ws, chosen, moment, sessions) if sessions else ()
    return HealthReport(
        at,
        judged,
        detailed=verbose,
        fail_on=_failing(fail_on),
        recent=recent,
        allow_empty=allow_empty,
        home=ws.settings.home,
        left=tuple(filter(lambda each: is_meant(each.dataset), _left(ws, judged, past or {}))),
    )


def _with_versions(health: Health, past: PastVersions | None) -> Health:
    number, size = (past.number, past.bytes) if past else (0, 0)
    return replace(health, versions=number, versions_bytes=size)


def _left(ws: Workspace, judged: Sequence[Health], past: Iterable[DatasetId]) -> Iterator[Left]:
    """What is left of datasets whose data were deleted, and of those that were removed."""
    from ml4t_nb.storage.past_size import left_by_hand, size_left

    home = ws.settings.home
    by_hand = [*left_by_hand(home)]
    for each in by_hand:
        yield Left(each, size_left(home, each), is_by_hand=True)
    known = {*by_hand, *(each.dataset for each in judged)}
    for each in past:
        if each not in known:
            yield Left(each, size_left(home, each), is_by_hand=False)


def _failing(named: HealthStates) -> tuple[HealthState, ...]:
    """States that the check fails on: those named, but a single one is the least severe.

    Neither suspect nor incomplete is among those after stale, which is about lateness alone.
    """
    states: tuple[HealthState, ...] = get_args(HealthState)
    meant = {named} if isinstance(named, str) else {*named}
    if len(meant) == 1:
        meant = {*states} if "healthy" in meant else {*meant, "error"}
    return tuple(each for each in states if each in meant)


def _verified(ws: Workspace, summary: Summary) -> Summary | None:
    """The row with every checksum compared; None if the dataset was removed meanwhile."""
    if summary.damage:
        return summary
    try:
        faults = ws.store.verify(summary.dataset)
    except DatasetNotFound:
        return None
    # Where a step is told, it is to load everything again, which mends all of them.
    advice = dict.fromkeys(each.advice for each in faults)
    words = [each for each in advice if isinstance(each, str)]
    remedy = "; ".join(words) if len(words) == len(advice) else ""
    return replace(summary, damage="; ".join(each.message for each in faults), remedy=remedy)


def judge_all(
    ws: Workspace, chosen: Sequence[Summary], moment: datetime | date, stale_after: timedelta
) -> tuple[tuple[Health, ...], datetime]:
    """Health of each dataset, and the instant that represents all of them."""
    from ml4t_nb.core.health_state import judge

    terms, home = terms_of(ws, moment), ws.settings.home
    judged, instants = [], []
    for each in chosen:
        try:
            own = terms(each)
        except CalendarUnknown as error:
            # Of one dataset: the others are judged all the same.
            each = replace(each, damage=f"its calendar: {error.message}", remedy=error.hint)  # noqa: PLW2901
            own = terms(replace(each, calendar="24/7"))
        instants.append(own.as_of)
        state = judge(
            each,
            dates=own.calendar,
            as_of=own.as_of,
            delay=own.delay,
            stale_after=stale_after,
            reach=own.reach,
            home=home,
        )
        judged.append(state)
    return tuple(judged), latest(moment, instants)


def _recent(
    ws: Workspace, chosen: Sequence[Summary], moment: datetime | date, number: int
) -> tuple[tuple[RecentSession, ...], ...]:
    """The last ``number`` sessions of each dataset; none of one whose files are damaged."""
    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.gapfill import ExpectedGrid
    from ml4t_nb.core.session_states import last_sessions, recent

    terms = terms_of(ws, moment)
    # Most datasets share their calendar and their as-of, and with them what is expected of them.
    shared = lru_cache(maxsize=256)(last_sessions)
    dates_of = lru_cache(maxsize=256)(calendar)

    def recent_of(summary: Summary) -> tuple[RecentSession, ...]:
        if summary.damage:
            return ()
        try:
            manifest = ws.store.snapshot(summary.dataset).manifest
        except (DatasetNotFound, StoreError):
            return ()
        own = terms(summary)
        config, frequency = manifest.config, summary.dataset.frequency
        stored = dates_of(config.calendar, config.session_overrides)
        due = shared(
            stored, own.calendar, frequency, as_of=own.as_of, delay=own.delay, number=number
        )
        grid = ExpectedGrid.of(summary.dataset, config, stored)
        holding = _holding(manifest, grid.slack)
        return recent(due, holding, stored.zone) if holding else ()

    return tuple(recent_of(each) for each in chosen)


def _holding(manifest: Manifest, slack: timedelta) -> StoredRange | None:
    """What the manifest says about the bars; None without any."""
    from ml4t_nb.core.session_states import StoredRange

    if manifest.first is None or manifest.last is None:
        return None
    extra = (each.stamp for each in manifest.findings if each.rule == "extra" and each.is_open)
    known = tuple(stamp for stamp in extra if stamp is not None)
    frequency = manifest.dataset.frequency
    return StoredRange(frequency, manifest.first, manifest.last, manifest.gaps, known, slack)
