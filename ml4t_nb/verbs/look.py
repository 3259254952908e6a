"""Verbs that look and change nothing: health, list, providers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated

from ml4t_nb.errors import CalendarUnknown, DatasetNotFound, Ml4tError, OptionError
from ml4t_nb.model import Frequency
from ml4t_nb.options import Moment, PathName, Short, Symbols, as_symbols, one_of
from ml4t_nb.records import Health, HealthState, Summary
from ml4t_nb.reports import (
    HealthReport,
    ListReport,
    ProviderCard,
    ProvidersReport,
)
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.recent import When, recent_sessions
from ml4t_nb.verbs.select import Class, Freq, instant, latest, picked

if TYPE_CHECKING:
    from ml4t_nb.core.calendars import Calendar
    from ml4t_nb.providers import Limits
    from ml4t_nb.workspace import Workspace

__all__ = ["health", "judge_all", "list_", "providers", "summaries"]


@verb
def health(
    ws: Workspace,
    /,
    symbol: Annotated[Symbols, Short("-s")] = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    stale_days: float = 7,
    sessions: int = 0,
    verbose: Annotated[bool, Short("-v")] = False,
    verify: bool = False,
    fail_on: HealthState = "error",
    allow_empty: bool = False,
    as_of: Moment | None = None,
    home: PathName | None = None,
) -> HealthReport:
    """Judge every dataset: healthy, stale or in error, why, and what mends it.

    Parameters
    ----------
    symbol
        Symbols to judge; everything that is stored if none is named.
    asset_class
        Only datasets of this class.
    frequency
        Only datasets of this frequency.
    stale_days
        Calendar days since the close of the oldest session missed, from which on data are stale.
    sessions
        Show what each of the last so many sessions has; of weekly bars, of the last weeks.
    verbose
        Show each dataset, not only those that need something.
    verify
        Read every file and check it against its checksum.
    fail_on
        The mildest state that makes the shell's exit code 1.
    allow_empty
        Let the shell's exit code be 0 also where nothing is stored, and the folder of the store
        not be there.
    as_of
        Run as of this time: an instant, or a date, meaning after that session's close.
    home
        Folder of the store.
    """
    if not stale_days >= 0:
        raise OptionError(f"--stale-days {stale_days:g} is negative", hint="0 or more, such as 7")
    if sessions < 0:
        raise OptionError(f"--sessions {sessions} is negative", hint="0 or more, such as 20")
    one_of(fail_on, HealthState, what="health state")
    ws = ws.at(home)
    if not (allow_empty or symbol):
        ws.require_home()
    moment = ws.moment(as_of)
    chosen = summaries(ws, symbol, asset_class, frequency)
    if verify:
        chosen = tuple(each for summary in chosen if (each := _verified(ws, summary)))
    judged, at = judge_all(ws, chosen, moment, timedelta(days=stale_days))
    recent = recent_sessions(ws, chosen, _when(ws, moment), sessions) if sessions else ()
    return HealthReport(
        at,
        judged,
        detailed=verbose,
        fail_on=fail_on,
        recent=recent,
        allow_empty=allow_empty,
        home=ws.settings.home,
    )


@verb
def list_(
    ws: Workspace,
    /,
    symbol: Annotated[Symbols, Short("-s")] = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    as_of: Moment | None = None,
    home: PathName | None = None,
) -> ListReport:
    """List what is stored: range, rows, provider, last update, size.

    Parameters
    ----------
    symbol
        Symbols to list; everything that is stored if none is named.
    asset_class
        Only datasets of this class.
    frequency
        Only datasets of this frequency.
    as_of
        Accepted by every verb; what is stored does not depend on it.
    home
        Folder of the store.
    """
    ws = ws.at(home)
    if not symbol:
        ws.require_home()
    ws.moment(as_of)
    return ListReport(summaries(ws, symbol, asset_class, frequency), ws.settings.home)


@verb
def providers(
    ws: Workspace, /, *, as_of: Moment | None = None, home: PathName | None = None
) -> ProvidersReport:
    """List who can be asked for bars, what they serve, and their limits.

    Parameters
    ----------
    as_of
        Accepted by every verb; the answer does not depend on it.
    home
        Folder of the store.
    """
    from ml4t_nb.providers import known

    ws = ws.at(home)
    ws.moment(as_of)
    return ProvidersReport(tuple(_card(ws, name) for name in known()))


def judge_all(
    ws: Workspace, summaries: Sequence[Summary], moment: datetime | date, stale_after: timedelta
) -> tuple[tuple[Health, ...], datetime]:
    """Health of each dataset, and the instant that stands for all of them."""
    from ml4t_nb.core.health import judge

    when = _when(ws, moment)
    judged, instants = [], []
    for each in summaries:
        try:
            dates, at, wait = when(each)
        except CalendarUnknown as error:
            # Of one dataset: the others are judged all the same.
            each = replace(each, damage=f"its calendar: {error.message}", remedy=error.hint)  # noqa: PLW2901
            dates, at, wait = when(replace(each, calendar="24/7"))
        instants.append(at)
        judged.append(
            judge(
                each,
                dates=dates,
                as_of=at,
                delay=wait,
                stale_after=stale_after,
                home=ws.settings.home,
            )
        )
    return tuple(judged), latest(moment, instants)


def _when(ws: Workspace, moment: datetime | date) -> When:
    """The calendar, the as-of and the provider's delay of a dataset."""
    from ml4t_nb.core.calendars import calendar

    limits = _limits(ws)

    # Thousands of datasets share a few of them.
    @cache
    def at(name: str, wait: timedelta) -> tuple[Calendar, datetime, timedelta]:
        dates = calendar(name, ws.settings.closures)
        return dates, instant(moment, dates, wait), wait

    def when(summary: Summary) -> tuple[Calendar, datetime, timedelta]:
        wait = limits(summary.provider).delay_of(summary.dataset)
        return at(summary.calendar, wait)

    return when


def _limits(ws: Workspace) -> Callable[[str], Limits]:
    """Limits by provider; the usual ones, for a provider that is not there now."""
    from ml4t_nb.providers import Limits

    @cache
    def limits(provider: str) -> Limits:
        try:
            return ws.limits(provider)
        except Ml4tError:
            return Limits((), ())

    return limits


def summaries(
    ws: Workspace, symbol: Symbols, asset_class: Class, frequency: Freq
) -> tuple[Summary, ...]:
    """Datasets meant, in one row each.

    Raises
    ------
    DatasetNotFound
        If a symbol named is not stored.
    """
    by_dataset = {each.dataset: each for each in ws.store.summaries()}
    names = as_symbols(symbol)
    chosen = picked(tuple(by_dataset), names, asset_class, frequency)
    return tuple(by_dataset[dataset] for dataset in chosen)


def _verified(ws: Workspace, summary: Summary) -> Summary | None:
    """The row with every checksum compared; None if somebody has removed the dataset meanwhile."""
    try:
        damage = summary.damage or "; ".join(ws.store.verify(summary.dataset))
    except DatasetNotFound:
        return None
    return replace(summary, damage=damage)


def _card(ws: Workspace, name: str) -> ProviderCard:
    provider = ws.provider(name)
    limits = provider.limits
    return ProviderCard(
        name=name,
        summary=provider.summary,
        asset_classes=limits.asset_classes,
        frequencies=limits.frequencies,
        basis=provider.basis,
        span_days=_in_days(limits.max_span),
        age_days=_in_days(limits.max_age),
    )


def _in_days(limit: Mapping[Frequency, timedelta]) -> tuple[tuple[Frequency, float], ...]:
    return tuple((frequency, length / timedelta(days=1)) for frequency, length in limit.items())
