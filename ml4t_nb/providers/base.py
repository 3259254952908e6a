"""What a provider is: the source of bars, what it serves, what it is asked, what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ml4t_nb.errors import ProviderError
from ml4t_nb.finding import Finding
from ml4t_nb.model import AssetClass, Basis, DatasetId, Frequency, Span

if TYPE_CHECKING:
    from ml4t_nb.core.bars import Bars
    from ml4t_nb.core.calendars.calendar import Calendar

__all__ = [
    "Answer",
    "Backoff",
    "IdentifiesByBars",
    "Instrument",
    "Limits",
    "Policy",
    "Provider",
    "Request",
]


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before each retry after one kind of error.

    Parameters
    ----------
    seconds
        One wait for each retry; none means that it is not retried.
    jitter
        Each wait is lengthened by up to this share of it, at random, so that many do not ask
        again at once.
    within_s
        No wait begins that would end later than this after the first try began; None for no
        limit.
    """

    seconds: tuple[float, ...] = ()
    jitter: float = 0.25
    within_s: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Backoff by kind of error; an error is of its nearest class that has an entry."""

    backoff: Mapping[type[ProviderError], Backoff]

    def kind(self, error: BaseException) -> type[ProviderError] | None:
        """The entry an error falls under; None if it is not asked again."""
        for kind in type(error).__mro__:
            if kind in self.backoff:
                return kind if self.backoff[kind].seconds else None
        return None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider serves, and how much of it a request may ask for.

    Parameters
    ----------
    asset_classes, frequencies
        Served at all.
    max_span
        Longest span of one request, by frequency; a frequency without an entry has no limit.
    max_age
        How far before the as-of a span may begin, likewise.
    delay
        How long after a bar's own period the provider's bar is final.
    delays
        Likewise, for asset classes and frequencies where it takes longer.
    requests_per_minute
        Budget shared by all who work on one store, in any process; None for no limit.
    retry
        When to ask again after an error; None for what all providers share.
    takes_zone
        Whether stamps may lack a zone, so that a load may name it.
    """

    asset_classes: tuple[AssetClass, ...]
    frequencies: tuple[Frequency, ...]
    max_span: Mapping[Frequency, timedelta] = field(default_factory=dict)
    max_age: Mapping[Frequency, timedelta] = field(default_factory=dict)
    delay: timedelta = timedelta(minutes=30)
    delays: Mapping[tuple[AssetClass, Frequency], timedelta] = field(default_factory=dict)
    requests_per_minute: float | None = None
    retry: Policy | None = None
    takes_zone: bool = False

    def delay_of(self, dataset: DatasetId) -> timedelta:
        """How long after its own period a bar of ``dataset`` is final."""
        return self.delays.get((dataset.asset_class, dataset.frequency), self.delay)


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a provider knows of a symbol before its bars; None where it does not know."""

    asset_class: AssetClass | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a provider.

    Parameters
    ----------
    span
        Stamps wanted, half-open; within the provider's limits.
    as_of
        The instant to answer as of, aware. A provider with a past of its own (sample, synthetic)
        answers what was known then; a live one answers what it knows.
    calendar
        The dataset's calendar.
    zone
        Time zone of stamps that have none, as the user named it or an earlier answer took them;
        None if neither did.
    """

    dataset: DatasetId
    span: Span
    as_of: datetime
    calendar: Calendar
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Bars in the span, unfinished ones too, and what there is to say about them.

    Parameters
    ----------
    bars
        As ``core.bars`` defines them, none filled; but raw in content: NaN, negative or repeated
        rows are for validation to find.
    findings
        What the provider had to leave out.
    notes
        Sentences for the reader.
    over_before
        Bars from this stamp on were not over in what the provider knew, whatever the as-of; None
        if it knew as much as the as-of says.
    basis
        The basis of these bars, where the provider has not one for all symbols; None if they do
        not show it.
    zone
        Time zone that stamps without one were taken to be of, to be kept with the dataset.
    currency
        What prices are in, in the vendor's spelling: ``USD``, ``GBp`` for pence; empty if it does
        not say.
    """

    bars: Bars
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    over_before: datetime | None = None
    basis: Basis | None = None
    zone: str | None = None
    currency: str = ""


class Provider(Protocol):
    """Source of bars."""

    @property
    def name(self) -> str:
        """As spelled after ``--provider``."""

    @property
    def summary(self) -> str:
        """What it serves, in one line."""

    @property
    def basis(self) -> Basis | None:
        """Whether a split restates the bars before it; None if each answer shows that itself."""

    @property
    def limits(self) -> Limits:
        """What may be asked for."""

    def instrument(self, symbol: str) -> Instrument:
        """What it knows of ``symbol``.

        Raises
        ------
        SymbolUnknown
            If it has no such symbol, and knows without asking for bars.
        """

    def fetch(self, request: Request) -> Answer:
        """Bars whose stamps are in the request's span; none is a valid answer.

        Raises
        ------
        ProviderError
            One of its four kinds.
        """


@runtime_checkable
class IdentifiesByBars(Protocol):
    """A provider whose answer with bars says what the symbol is, too: a request less for a load."""

    def identify(self, request: Request) -> tuple[Instrument, Provider]:
        """What the symbol is, and a provider that has the answer to ``request`` at hand.

        Asset class and calendar of the request are guessed. Where they turn out to be others, that
        provider is asked for what the right ones want, and may still need no request.

        Raises
        ------
        ProviderError
            As ``fetch`` does.
        """
