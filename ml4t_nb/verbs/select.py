"""Which datasets a verb means, and which days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from ml4t_nb.errors import DatasetNotFound, Ml4tError, OptionError, VersionNotFound
from ml4t_nb.frequencies import as_stored, source_frequency
from ml4t_nb.model import (
    AssetClass,
    BarsFrequency,
    DatasetId,
    Frequency,
    NextStep,
    StepAction,
)
from ml4t_nb.options import Day, Symbols, as_day, as_symbols, did_you_mean
from ml4t_nb.records import FormerName, Summary

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = [
    "EXAMPLE",
    "calendar_names",
    "days",
    "latest",
    "not_stored",
    "renamed",
    "renaming",
    "required",
    "select",
    "select_each",
    "select_named",
    "select_sources",
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
    ws: Workspace,
    symbols: Sequence[str],
    asset_class: AssetClass | None,
    frequency: Frequency | None,
    *,
    former: bool = True,
    keep: bool = True,
) -> tuple[DatasetId, ...]:
    """The stored datasets of the symbols; if none is named, all of that class and frequency.

    A symbol that is not stored may be a ``former`` name, by which its dataset is found too. The
    other datasets are looked at only for that, and for what an error names.
    """
    if not symbols:
        return _fitting(ws.store.datasets(keep=keep), asset_class, frequency)
    chosen: dict[DatasetId, None] = {}
    for _, meant in select_each(ws, symbols, asset_class, frequency, former=former):
        if isinstance(meant, Ml4tError):
            raise meant
        chosen[meant] = None
    return tuple(chosen)


def select_each(
    ws: Workspace,
    symbols: Sequence[str],
    asset_class: AssetClass | None,
    frequency: Frequency | None,
    *,
    former: bool = True,
) -> Iterator[tuple[str, DatasetId | Ml4tError]]:
    """Each symbol with the dataset that it means, or the error that says why it means none."""
    stored = ws.store.stored_by_symbol(symbols, asset_class, frequency)
    others = _Others(ws, asset_class, frequency, former=former)
    for symbol, found in stored.items():
        try:
            yield symbol, _one(found or others.renamed(symbol), symbol)
        except Ml4tError as error:
            yield symbol, error


def select_sources(
    ws: Workspace,
    symbols: Sequence[str],
    asset_class: AssetClass | None,
    frequency: BarsFrequency | None,
    *,
    derive: bool = False,
) -> Iterator[tuple[str, DatasetId | Ml4tError]]:
    """As `select_each`, of bars of a frequency that may be derived: the dataset that gives them."""
    if frequency is None:
        if derive:
            raise OptionError("--derive needs a frequency", hint="add one, such as monthly")
        yield from select_each(ws, symbols, asset_class, None)
        return
    from ml4t_nb.reading.source import source_of_bars

    may_be_stored = None if derive else as_stored(frequency)
    own = ws.store.stored_by_symbol(symbols, asset_class, may_be_stored) if may_be_stored else {}
    lacking = [each for each in symbols if not own.get(each)]
    stored = {**own, **ws.store.stored_by_symbol(lacking, asset_class)}
    others = _Others(ws, asset_class, None, former=True, wanted=source_frequency(frequency))
    for symbol in symbols:
        try:
            found = stored[symbol] or others.renamed(symbol)
            yield symbol, source_of_bars(found, symbol, frequency, derive=derive)
        except Ml4tError as error:
            yield symbol, error


def select_named(
    ws: Workspace,
    symbols: Sequence[str],
    asset_class: AssetClass | None,
    frequency: Frequency | None,
) -> tuple[DatasetId, ...]:
    """As `select`, for a verb that takes something away: a former name is refused.

    Who wants to get rid of an old name's bars does not mean those of the new one.
    """
    try:
        return select(ws, symbols, asset_class, frequency, former=False)
    except DatasetNotFound:
        former = ws.store.former_names()
        for symbol, held in ws.store.stored_by_symbol(symbols).items():
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
    unknown = not_stored(ws, symbols)
    former = ws.store.former_names() if unknown else {}
    return {
        dataset: renaming(symbol, dataset, until)
        for symbol in unknown
        for dataset, until in _listed_as(former, symbol)
    }


def not_stored(ws: Workspace, symbols: Sequence[str]) -> tuple[str, ...]:
    """Those of the symbols that are stored in no class and frequency."""
    return tuple(each for each, found in ws.store.stored_by_symbol(symbols).items() if not found)


def summaries(
    ws: Workspace, symbol: Symbols, asset_class: AssetClass | None, frequency: Frequency | None
) -> tuple[Summary, ...]:
    """The selected datasets, one row each."""
    symbols = as_symbols(symbol)
    chosen = select(ws, symbols, asset_class, frequency) if symbols else None
    by_dataset = {each.dataset: each for each in ws.store.summaries(chosen)}
    if chosen is None:
        chosen = _fitting(by_dataset, asset_class, frequency)
    return tuple(by_dataset[each] for each in chosen if each in by_dataset)


def _fitting(
    stored: Iterable[DatasetId], asset_class: AssetClass | None, frequency: Frequency | None
) -> tuple[DatasetId, ...]:
    return tuple(
        each
        for each in stored
        if asset_class in (None, each.asset_class) and frequency in (None, each.frequency)
    )


@dataclass(frozen=True)
class _Others:
    """What else is stored, which is looked at once, and only if a symbol is not stored."""

    ws: Workspace
    asset_class: AssetClass | None
    frequency: Frequency | None
    former: bool
    wanted: Frequency | None = None  # what the hint says to load, if not that frequency

    @cached_property
    def datasets(self) -> tuple[DatasetId, ...]:
        return _fitting(self.ws.store.datasets(keep=False), self.asset_class, self.frequency)

    @cached_property
    def names(self) -> Mapping[DatasetId, tuple[FormerName, ...]]:
        return self.ws.store.former_names() if self.former else {}

    def renamed(self, symbol: str) -> list[DatasetId]:
        """Datasets of one share of which the symbol is a former name; else an error."""
        found = [each for each, _ in _listed_as(self.names, symbol) if each in self.datasets]
        if len(now := dict.fromkeys(each.symbol for each in found)) > 1:
            raise OptionError(
                f"{symbol!r} is a former name of {' and '.join(now)}", hint="name one of them"
            )
        if found and self.ws.choose is not None:
            # The other's versions have numbers, and a beginning, of their own.
            raise VersionNotFound(
                f"no version of {replace(found[0], symbol=symbol)} is left: "
                f"since it was renamed its bars are those of {found[0]}",
                hint=f"read {found[0].symbol} with these options",
            )
        if found:
            return found
        frequency = self.frequency or self.wanted or "daily"
        meant = DatasetId(self.asset_class or "equities", frequency, symbol)
        # Of one that was erased, the folder of its lock is left.
        known = {each.symbol for each in self.datasets} - {symbol}
        near = did_you_mean(symbol, known) if known else ""
        near = f"{near} if not, " if near.startswith("did") else ""
        raise DatasetNotFound(
            f"No existing data found for {symbol!r}",
            hint=(near, "run load first: ", NextStep("load", meant)),
        )


def _one(found: Sequence[DatasetId], symbol: str) -> DatasetId:
    """The one that is meant by the symbol; of several, the only daily one."""
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
