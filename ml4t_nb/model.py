"""Core value types: datasets, spans, gaps, configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias

__all__ = [
    "DEFAULT_CALENDARS",
    "MINOR_UNITS",
    "TICK",
    "Adjustment",
    "AssetClass",
    "BarsFrequency",
    "Basis",
    "CarriedAction",
    "Chunking",
    "Column",
    "Command",
    "Compression",
    "DatasetConfig",
    "DatasetId",
    "DateOrder",
    "DecimalSign",
    "DerivedPeriod",
    "FetchAttempt",
    "FetchOutcome",
    "FileFormat",
    "FillMethod",
    "Frequency",
    "Gap",
    "GapState",
    "Hint",
    "LoadArguments",
    "NextStep",
    "OnError",
    "Period",
    "Requirement",
    "SessionOverride",
    "Span",
    "StepAction",
    "TakenKind",
    "WeekDating",
    "bar_length",
]

AssetClass: TypeAlias = Literal["equities", "etfs", "indices", "crypto", "fx"]
Frequency: TypeAlias = Literal["1m", "5m", "15m", "30m", "hourly", "daily", "weekly"]
DerivedPeriod: TypeAlias = Literal["monthly", "quarterly", "yearly"]
BarsFrequency: TypeAlias = Frequency | DerivedPeriod | str
"""One that bars may be read at: stored, derived, or a number of minutes such as ``45m``."""
Period: TypeAlias = Literal["weekly", "monthly", "quarterly", "yearly"]
Chunking: TypeAlias = Literal["auto", "weekly", "monthly", "quarterly", "yearly"]
Compression: TypeAlias = Literal["lz4", "zstd", "snappy", "none"]
FillMethod: TypeAlias = Literal["forward", "backward", "interpolate", "zero"]
DateOrder: TypeAlias = Literal["day-first", "month-first", "year-first"]
DecimalSign: TypeAlias = Literal["point", "comma"]
WeekDating: TypeAlias = Literal["begin", "end"]
Adjustment: TypeAlias = Literal["raw", "splits", "all"]
TakenKind: TypeAlias = Literal["missing", "rejected", "suspect", "volume", "different"]
Column: TypeAlias = Literal[
    "open", "high", "low", "close", "volume", "dividend", "split", "filled", "provider", "complete"
]  # fmt: skip
OnError: TypeAlias = Literal["raise", "skip"]
FileFormat: TypeAlias = Literal["parquet", "csv", "json", "arrow"]
Requirement: TypeAlias = Literal["observed", "clean"]
Basis: TypeAlias = Literal["split-adjusted", "as-traded"]
StepAction: TypeAlias = Literal[
    "load", "reload", "update", "accept", "reset_as_of", "gaps", "all_gaps", "remove", "export",
    "plot", "review", "history", "undo", "compare", "reconcile", "end", "reopen", "rename",
    "forget",
]  # fmt: skip
FetchOutcome: TypeAlias = Literal["bars", "empty", "failed"]
GapState: TypeAlias = Literal["open", "failed", "confirmed", "closed", "rejected"]
_SHORT = 5
_LENGTHS: dict[str, timedelta] = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "30m": timedelta(minutes=30),
    "hourly": timedelta(hours=1),
}


_MINUTES = re.compile(r"([1-9]\d{0,3})m")
_MOST_MINUTES = 24 * 60


def bar_length(frequency: BarsFrequency) -> timedelta | None:
    """Length of an intraday bar; None for daily and longer ones, which the calendar decides.

    None for a word that is no frequency, and for minutes of more than a day, too.
    """
    if found := _LENGTHS.get(frequency):
        return found
    minutes = _MINUTES.fullmatch(frequency)
    is_within = minutes is not None and int(minutes[1]) <= _MOST_MINUTES
    return timedelta(minutes=int(minutes[1])) if minutes and is_within else None


TICK = timedelta(microseconds=1)
"""The finest step between stamps: a half-open span up to and with ``x`` ends at ``x + TICK``."""

DEFAULT_CALENDARS: Mapping[AssetClass, str] = {
    "equities": "XNYS",
    "etfs": "XNYS",
    "indices": "XNYS",
    "crypto": "24/7",
    "fx": "fx",
}
"""What a dataset of that class follows unless it names another."""


MINOR_UNITS: Mapping[str, tuple[str, int]] = {
    "GBp": ("GBP", 100),
    "GBX": ("GBP", 100),
    "ILA": ("ILS", 100),
    "ZAc": ("ZAR", 100),
    "ZAC": ("ZAR", 100),
    "KWF": ("KWD", 1000),
    "USX": ("USD", 100),
}
"""Parts of currencies that prices are quoted in, as vendors spell them: of which, and how many make
one. The case tells ``GBp`` from the whole ``GBP``."""


@dataclass(frozen=True, slots=True, order=True)
class DatasetId:
    """One series of bars; ``str`` gives ``equities/daily/AAPL``."""

    asset_class: AssetClass
    frequency: Frequency
    symbol: str

    def __str__(self) -> str:
        return f"{self.asset_class}/{self.frequency}/{self.symbol}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open time interval ``[start, end)``; both ends aware, UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"a span needs timezone-aware times: {self.start!r}, {self.end!r}")

    def __bool__(self) -> bool:
        return self.start < self.end

    def __contains__(self, stamp: datetime) -> bool:
        return self.start <= stamp < self.end

    def meets(self, other: Span) -> bool:
        """Whether an instant is in both."""
        return self.start < other.end and other.start < self.end

    def covers(self, other: Span) -> bool:
        """Whether all of the other is in this one."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Bars the calendar expects between the first and the last observed one, and the store lacks.

    Parameters
    ----------
    start, end
        First and last missing stamp, both inclusive.
    missing
        Number of expected bars from ``start`` to ``end``.
    state
        ``open`` not resolved yet, ``failed`` asked for and the provider erred, ``confirmed``
        the provider has none, ``closed`` declared a closure by the user, ``rejected`` a person
        rejected the bars that the provider has.
    attempts
        Empty answers so far, at most one for each session that has closed; the second confirms
        the gap.
    asked
        As-of of the last empty answer that counted.
    error
        The last error, if asking failed.
    filled_by
        Method whose flagged bars stand in for it; None if nothing does.
    reason
        Why the user declared it closed; empty for the other states.
    is_left_open
        The user took its fill back: no update fills it again.
    """

    start: datetime
    end: datetime
    missing: int
    state: GapState = "open"
    attempts: int = 0
    asked: datetime | None = None
    error: str | None = None
    filled_by: FillMethod | None = None
    reason: str = ""
    is_left_open: bool = False

    @property
    def span(self) -> Span:
        """From its first missing stamp up to and with the last."""
        return Span(self.start, self.end + timedelta.resolution)

    @property
    def is_pending(self) -> bool:
        """Whether a person or an update still has something to do about it."""
        return self.state in ("open", "failed") and self.filled_by is None

    @property
    def is_refillable(self) -> bool:
        """Whether it can be filled on request: it is filled already, or at most five bars long."""
        return self.state != "closed" and (self.filled_by is not None or self.missing <= _SHORT)


@dataclass(frozen=True, slots=True)
class FetchAttempt:
    """One entry of the fetch log: what came of asking the provider for a span.

    Parameters
    ----------
    at
        As-of of the asking.
    outcome
        ``bars`` some came, ``empty`` none did, ``failed`` the provider erred.
    attempts
        Failures in a row.
    error
        The last of them; empty if it did not fail.
    """

    span: Span
    at: datetime
    provider: str
    outcome: FetchOutcome
    attempts: int = 1
    error: str = ""


@dataclass(frozen=True, slots=True)
class CarriedAction:
    """A split or dividend on another bar than that of its ex-date, which is not stored.

    Parameters
    ----------
    bar
        The next bar stored, which bears it.
    split
        Its ratio; 1 for a dividend.
    share
        Its part of the bar's dividend; 0 for a split.
    """

    ex_date: datetime
    bar: datetime
    split: float = 1.0
    share: float = 0.0


@dataclass(frozen=True, slots=True, order=True)
class SessionOverride:
    """A day on which a calendar is wrong, as the user knows: a typhoon, a Saturday session.

    Parameters
    ----------
    calendar
        The exchange, by MIC.
    is_open
        A session that the calendar lacks, rather than one that was closed.
    """

    calendar: str
    day: date
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class DatasetConfig:
    """How a dataset is fetched, checked and stored; decided when it is first loaded.

    Parameters
    ----------
    provider
        Name of the provider updates ask.
    calendar
        Exchange by MIC (``XNYS``), ``24/7`` or ``fx``.
    basis
        Which split basis the provider quotes in.
    tolerance
        How far an intraday stamp may be from its expected one, as a share of the bar's length.
    period
        The calendar period that chunks are cut at.
    compression
        Compression of the chunks.
    session_overrides
        Days on which the user knows better than the calendar.
    zone
        Time zone in which stamps without one were read; None if the provider states it.
    is_packed
        Closed periods may share a chunk, as no period was set explicitly.
    currency
        What prices are in, as the provider spells it (``USD``, ``GBp``); empty if it does not say.
    """

    provider: str
    calendar: str
    basis: Basis
    tolerance: float
    period: Period
    compression: Compression
    session_overrides: tuple[SessionOverride, ...] = ()
    zone: str | None = None
    is_packed: bool = True
    currency: str = ""


@dataclass(frozen=True, slots=True)
class LoadArguments:
    """Arguments with which a load fetches again what is stored; those left out are the defaults.

    Parameters
    ----------
    provider
        Empty for the default one.
    calendar
        Empty for that of the asset class.
    start
        First date; None for all that the provider has.
    zone
        Empty for that of the exchange.
    """

    provider: str = ""
    calendar: str = ""
    start: date | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next about a dataset; each front end spells it as its user would type it.

    Parameters
    ----------
    action
        ``reload`` removes the dataset, then loads it again; ``accept`` takes the provider's
        view of a history that contradicts the stored one; ``all_gaps`` lists those too that
        nothing can be done about; ``reopen`` takes back that a symbol has ended; the others are
        verbs.
    home
        Folder of the store; None where it is not known: the reader's own store.
    source
        Where to load from; None if it is not known where the dataset came from.
    start, end
        Dates to remove, to export or to look at, both inclusive; None for no bound. The last date
        of a symbol that ends, or of its name, is ``end``.
    provider
        Whom an update is to ask, where it is not the dataset's own.
    switch
        Whether that provider becomes the dataset's own.
    version
        Number of the run to undo or to draw; 0 where none is meant.
    other
        The new name of a symbol that is renamed, or what is to be taken from another provider.
    """

    action: StepAction
    dataset: DatasetId
    home: Path | None = None
    source: LoadArguments | None = None
    start: date | None = None
    end: date | None = None
    provider: str = ""
    switch: bool = False
    version: int = 0
    other: str = ""


Hint: TypeAlias = str | NextStep | tuple[str | NextStep, ...]
"""What to do next: words, a step, or both in the order they are read."""


@dataclass(frozen=True, slots=True)
class Command:
    """A verb and what to call it with.

    Parameters
    ----------
    arguments
        Keyword arguments; only those that were given, so that the verb's own defaults hold.
    json, quiet
        How the result is to be printed; no arguments of the verb.
    """

    verb: str
    arguments: Mapping[str, Any]
    json: bool = False
    quiet: bool = False
