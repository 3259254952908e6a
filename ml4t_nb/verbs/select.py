"""Which datasets a verb means, and which days."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from ml4t_nb.errors import DatasetNotFound, OptionError
from ml4t_nb.model import AssetClass, DatasetId, Frequency, NextStep, StepAction
from ml4t_nb.options import Day, Symbols, as_day, as_symbols, did_you_mean
from ml4t_nb.records import FormerName, Summary

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = [
    "EXAMPLE",
    "FormerNames",
    "calendar_names",
    "days",
    "latest",
    "pick",
    "renamed",
    "renaming",
    "required",
    "select",
    "select_named",
    "summaries",
]

EXAMPLE = DatasetId("equities", "daily", "AAPL")
"""What a hint names where a symbol is missing."""

FormerNames: TypeAlias = Callable[[], Mapping[DatasetId, tuple[FormerName, ...]]]
"""Gives the former names of datasets; asked only for a symbol that is not stored."""


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
    *,
    former: FormerNames = dict,
) -> tuple[DatasetId, ...]:
    """The stored datasets of the symbols; if none is named, all of that class and frequency.

    A symbol that is not stored may be a ``former`` name, by which its dataset is found too.
    """
    fitting = [
        each
        for each in stored
        if asset_class in (None, each.asset_class) and frequency in (None, each.frequency)
    ]
    if not symbols:
        return tuple(fitting)
    chosen = (
        pick(fitting, symbol, asset_class or "equities", frequency or "daily", former)
        for symbol in symbols
    )
    return tuple(dict.fromkeys(chosen))


def select_named(
    ws: Workspace,
    symbols: Sequence[str],
    asset_class: AssetClass | None,
    frequency: Frequency | None,
) -> tuple[DatasetId, ...]:
    """As `select`, for a verb that takes something away: a former name is refused.

    Who wants to get rid of an old name's bars does not mean those of the new one.
    """
    stored = ws.store.datasets()
    try:
        return select(stored, symbols, asset_class, frequency)
    except DatasetNotFound:
        former = ws.store.former_names()
        for symbol in symbols:
            held = any(each.symbol == symbol for each in stored)
            for dataset, until in () if held else _listed_as(former, symbol):
                raise DatasetNotFound(
                    f"{renaming(symbol, dataset, until)}, and its bars are stored as that",
                    hint=f"name {dataset.symbol} if you mean all of them",
                ) from None
        raise


def renaming(symbol: str, dataset: DatasetId, until: date) -> str:
    """The sentence that says under which name a symbol is listed now."""
    return f"{symbol} was renamed to {dataset.symbol} after {until}"


def renamed(ws: Workspace, symbols: Sequence[str]) -> dict[DatasetId, str]:
    """Datasets that the symbols mean by a former name, with the sentence that says so."""
    former = ws.store.former_names() if symbols else {}
    stored = {each.symbol for each in ws.store.datasets()} if former else set()
    return {
        dataset: renaming(symbol, dataset, until)
        for symbol in symbols
        if symbol not in stored
        for dataset, until in _listed_as(former, symbol)
    }


def summaries(
    ws: Workspace, symbol: Symbols, asset_class: AssetClass | None, frequency: Frequency | None
) -> tuple[Summary, ...]:
    """The selected datasets, one row each."""
    by_dataset = {each.dataset: each for each in ws.store.summaries()}
    chosen = select(
        tuple(by_dataset),
        as_symbols(symbol),
        asset_class,
        frequency,
        former=lambda: {each.dataset: each.former_names for each in by_dataset.values()},
    )
    return tuple(by_dataset[dataset] for dataset in chosen)


def pick(
    stored: Sequence[DatasetId],
    symbol: str,
    asset_class: AssetClass,
    frequency: Frequency,
    former: FormerNames = dict,
) -> DatasetId:
    """The dataset of that symbol; of several, the only daily one.

    Where there is none, the hint says to load that of ``asset_class`` and ``frequency``.
    """
    found = [each for each in stored if each.symbol == symbol]
    if not found:
        found = [each for each, _ in _listed_as(former(), symbol) if each in stored]
        if len(names := dict.fromkeys(each.symbol for each in found)) > 1:
            raise OptionError(
                f"{symbol!r} is a former name of {' and '.join(names)}", hint="name one of them"
            )
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


def _listed_as(
    former: Mapping[DatasetId, tuple[FormerName, ...]], symbol: str
) -> list[tuple[DatasetId, date]]:
    """Datasets whose earlier bars were listed under that symbol, and until when."""
    return [
        (dataset, name.until)
        for dataset, names in former.items()
        for name in names
        if name.symbol == symbol
    ]


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
