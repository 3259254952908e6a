"""Which datasets a verb means, and which days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from ml4t_nb.errors import DatasetNotFound, OptionError
from ml4t_nb.model import AssetClass, DatasetId, Frequency, NextStep, StepAction
from ml4t_nb.options import Day, Symbols, as_day, as_symbols, did_you_mean
from ml4t_nb.records import Summary

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = [
    "EXAMPLE",
    "calendar_names",
    "days",
    "latest",
    "pick",
    "required",
    "select",
    "summaries",
]

EXAMPLE = DatasetId("equities", "daily", "AAPL")
"""What a hint names where a symbol is missing."""


def required(symbol: Symbols, verb: StepAction, *, one: bool = False) -> tuple[str, ...]:
    """The symbols given to ``verb``: at least one, or exactly one."""
    symbols = as_symbols(symbol)
    if not symbols or (one and len(symbols) > 1):
        what = "takes exactly one symbol" if one else "needs a symbol"
        raise OptionError(f"{verb} {what}", hint=NextStep(verb, EXAMPLE))
    return symbols


def calendar_names() -> tuple[str, ...]:
    """Names that ``--calendar`` takes."""
    import exchange_calendars

    from ml4t_nb.core.calendars.exchanges import OWN

    return (*OWN, *exchange_calendars.get_calendar_names(include_aliases=False))


def select(
    stored: Sequence[DatasetId],
    symbols: Sequence[str],
    asset_class: AssetClass | None,
    frequency: Frequency | None,
) -> tuple[DatasetId, ...]:
    """One stored dataset for each symbol; if none is named, all of that class and frequency."""
    fitting = [
        each
        for each in stored
        if asset_class in (None, each.asset_class) and frequency in (None, each.frequency)
    ]
    if not symbols:
        return tuple(fitting)
    return tuple(
        pick(fitting, symbol, asset_class or "equities", frequency or "daily") for symbol in symbols
    )


def summaries(
    ws: Workspace, symbol: Symbols, asset_class: AssetClass | None, frequency: Frequency | None
) -> tuple[Summary, ...]:
    """The selected datasets, one row each."""
    by_dataset = {each.dataset: each for each in ws.store.summaries()}
    chosen = select(tuple(by_dataset), as_symbols(symbol), asset_class, frequency)
    return tuple(by_dataset[dataset] for dataset in chosen)


def pick(
    stored: Sequence[DatasetId], symbol: str, asset_class: AssetClass, frequency: Frequency
) -> DatasetId:
    """The dataset of that symbol; of several, the only daily one.

    Where there is none, the hint says to load that of ``asset_class`` and ``frequency``.
    """
    found = [each for each in stored if each.symbol == symbol]
    if not found:
        step = NextStep("load", DatasetId(asset_class, frequency, symbol))
        near = did_you_mean(symbol, {each.symbol for each in stored}) if stored else ""
        raise DatasetNotFound(
            f"No existing data found for {symbol!r}",
            hint=(f"{near} if not, " if near.startswith("did") else "", "run load first: ", step),
        )
    daily = [each for each in found if each.frequency == "daily"]
    chosen = found if len(found) == 1 else daily
    if len(chosen) != 1:
        raise OptionError(
            f"{symbol!r} is stored as {', '.join(str(each) for each in found)}",
            hint="choose one with -a and -f",
        )
    return chosen[0]


def days(start: Day | None, end: Day | None) -> tuple[date | None, date | None]:
    """First and last date, both inclusive; OptionError if the last is before the first."""
    first, last = as_day(start, option="--start"), as_day(end, option="--end")
    if first is not None and last is not None and last < first:
        raise OptionError(f"--end {last} lies before --start {first}", hint="swap them")
    return first, last


def latest(moment: datetime | date, instants: Sequence[datetime]) -> datetime:
    """The instant that represents a run over several exchanges."""
    if isinstance(moment, datetime):
        return moment
    if moment == date.max:
        return datetime.max.replace(tzinfo=UTC)  # there is no day after it
    end_of_day = datetime(moment.year, moment.month, moment.day, tzinfo=UTC) + timedelta(days=1)
    return max(instants, default=end_of_day)
