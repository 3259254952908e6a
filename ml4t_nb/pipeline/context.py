"""What a run works with: what all datasets of one command share, and what is of one dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from ml4t_nb.calendars import calendar
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.gapfill import ExpectedGrid, Fill
from ml4t_nb.core.rules.configuration import RuleSettings
from ml4t_nb.errors import Overtaken
from ml4t_nb.events import Event
from ml4t_nb.model import (
    DatasetConfig,
    DatasetId,
    Frequency,
    NextStep,
    SessionOverride,
    Span,
    StepAction,
    bar_length,
)
from ml4t_nb.options import load_arguments
from ml4t_nb.pipeline.kept_answers import KeptAnswers
from ml4t_nb.providers import Provider
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.store import Store

__all__ = [
    "DatasetRun",
    "RunContext",
    "date_of",
    "fetch_step",
    "instant_of",
    "last_date_of",
    "require_as_of_not_earlier",
]

# No provider's bars are final later than that, and no exchange opens again that soon.
_LONGEST_DELAY = timedelta(hours=12)
_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class RunContext:
    """What the runs of one command share.

    An as-of that is a date means after that session's close and the provider's delay. ``observe``
    may be called in any thread; ``pause`` sleeps so many seconds, and raises KeyboardInterrupt if
    the run is to end. ``rules`` say from where on bars are suspicious. ``on_request`` is called, in
    any thread, for each request for bars; ``on_commit`` with what each commit of a fetch did, and
    whether nothing of the work is left to be done after it; ``on_committing`` just before it, with
    its number, its record, and the same.
    """

    store: Store
    provider: Callable[[str], Provider]
    as_of: datetime | date
    session_overrides: tuple[SessionOverride, ...]
    observe: Callable[[Event], None]
    pause: Callable[[float], None]
    rules: RuleSettings = field(default_factory=RuleSettings)
    on_request: Callable[[], None] = lambda: None
    on_commit: Callable[[UpdateResult, bool], None] = lambda *_: None
    on_committing: Callable[[int, UpdateRecord, bool], None] = lambda *_: None


@dataclass(frozen=True, slots=True)
class DatasetRun:
    """One run on one dataset: what it asks with, and what it means to write.

    ``config`` is as it is to be stored, ``found`` what was stored as the run began, and
    ``provider`` whom it asks: not always the dataset's own. ``zone`` is that of stamps without
    one, and ``fill`` None if gaps are only to be found. ``accept`` takes the provider's view where
    it contradicts the stored one. ``ahead`` is what it asks for after the fetch at hand, and
    ``refused`` what it asked for before, of which the provider has no bars: None unless it asks for
    what is before the first stored bar. ``kept`` are answers of a run that broke off, and where
    this one keeps its own; None if it keeps none. Where it ``is_followed``, the same work fetches
    and commits more after it. If it ``is_due``, nobody asked for just this dataset.
    """

    context: RunContext
    verb: str
    dataset: DatasetId
    config: DatasetConfig
    found: Manifest | None
    provider: Provider
    calendar: Calendar
    as_of: datetime
    zone: str | None
    fill: Fill | None
    accept: bool
    ahead: tuple[Span, ...] = ()
    refused: tuple[Span, ...] | None = None
    kept: KeptAnswers | None = None
    is_followed: bool = False
    is_due: bool = False

    @classmethod
    def of(
        cls,
        context: RunContext,
        verb: str,
        dataset: DatasetId,
        config: DatasetConfig,
        provider: Provider,
        *,
        found: Manifest | None,
        zone: str | None = None,
        fill: Fill | None = None,
        accept: bool = False,
    ) -> DatasetRun:
        """The run of ``verb``, with an as-of that is an instant.

        If the last run was of the same date, with a provider whose bars are final later, it is
        that run's: no earlier one.
        """
        dates, as_of = calendar(config.calendar, config.session_overrides), context.as_of
        if not isinstance(as_of, datetime):
            day, as_of = as_of, dates.closing(as_of, provider.limits.delay_of(dataset))
            updated = found.updated if found else None
            if updated is not None and as_of < updated <= dates.closing(day, _LONGEST_DELAY):
                as_of = updated
        zone = zone or config.zone
        return cls(
            context, verb, dataset, config, found, provider, dates, as_of, zone, fill, accept
        )

    def keeping_answers(self, *, is_anew: bool = False) -> DatasetRun:
        """The same, which goes on where one broke off, and keeps what it is answered.

        If it is to ask ``is_anew``, what an earlier run was answered is dropped.
        """
        kept = KeptAnswers(
            self.context.store.home,
            self.dataset,
            self.config,
            provider=self.provider.name,
            zone=self.zone,
            as_of=self.as_of,
        )
        if is_anew:
            kept.drop()
        return replace(self, kept=kept)

    @property
    def final_before(self) -> datetime:
        """Exclusive bound of the stamps whose bars are final."""
        delay = timedelta(seconds=self.delay)
        return self.calendar.final_before(self.as_of, self.dataset.frequency, delay)

    @property
    def delay(self) -> float:
        """Seconds from the end of a bar until the provider that is asked has it for good."""
        return self.provider.limits.delay_of(self.dataset).total_seconds()

    @property
    def oldest_served(self) -> datetime | None:
        """How far back the provider serves; None if it does not say."""
        age = self.provider.limits.max_age.get(self.dataset.frequency)
        return None if age is None else self.as_of - age

    @property
    def longest_request(self) -> timedelta | None:
        """Longest span of one request; None if it has no limit."""
        return self.provider.limits.max_span.get(self.dataset.frequency)

    @property
    def grid(self) -> ExpectedGrid:
        """Where the dataset's bars are expected."""
        return ExpectedGrid.of(self.dataset, self.config, self.calendar)

    @property
    def acceptance(self) -> NextStep:
        """The update that takes the view of the provider that is asked."""
        asked = self.provider.name
        if self.found is None or asked == self.found.config.provider:
            return NextStep("accept", self.dataset)
        is_switch = self.config.provider == asked
        return NextStep("accept", self.dataset, provider=asked, switch=is_switch)

    def require_not_earlier(self) -> None:
        """Raise Overtaken if the dataset was found updated as of a later instant."""
        if self.found is not None:
            require_as_of_not_earlier(self.found, self.as_of)


def require_as_of_not_earlier(found: Manifest, as_of: datetime) -> None:
    """Raise Overtaken if the dataset was updated as of a later instant."""
    if found.updated is not None and as_of < found.updated:
        raise Overtaken(
            f"{found.dataset} was updated as of {found.updated:%Y-%m-%d %H:%M} UTC, "
            f"later than {as_of:%Y-%m-%d %H:%M} UTC",
            hint=(
                "an as-of never moves backwards: choose a later one, or another --home; ",
                "if a clock or --as-of was ahead: ",
                NextStep("reset_as_of", found.dataset),
            ),
        )


def fetch_step(
    action: StepAction, dataset: DatasetId, config: DatasetConfig, first: datetime | None
) -> NextStep:
    """The step that fetches from ``first`` on what is stored by ``config``."""
    origin = load_arguments(dataset, config.provider, config.calendar, first, config.zone)
    return NextStep(action, dataset, source=origin)


def instant_of(as_of: datetime | date, found: Manifest, dates: Calendar) -> datetime:
    """The instant that an as-of means for a dataset whose provider is not at hand.

    The provider would know how long after the close the last run of that day was.
    """
    if isinstance(as_of, datetime):
        return as_of
    close, last = dates.closing(as_of, timedelta(0)), found.updated
    is_same = last is not None and last.astimezone(dates.zone).date() == as_of
    return max(close, last) if last is not None and is_same else close


def date_of(stamp: datetime, dates: Calendar, frequency: Frequency) -> date:
    """The date of a bar; of a week, the Monday."""
    if bar_length(frequency) is None:
        return stamp.astimezone(UTC).date()
    day = stamp.astimezone(dates.zone).date()
    # A currency's session begins on the evening before its date.
    return day if stamp < dates.span(day, day, frequency).end else day + timedelta(days=1)


def last_date_of(bar: datetime, dates: Calendar, frequency: Frequency, today: date) -> date:
    """The last date that a bar is of: of a week, the Sunday, or today if that is to come."""
    first = date_of(bar, dates, frequency)
    return max(first, min(first + _WEEK, today)) if frequency == "weekly" else first
