"""From the stamps that are wanted to what a provider is asked for."""

from __future__ import annotations

from datetime import datetime, timedelta

from ml4t_nb.core.request_spans import day_after
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import RangeRefused
from ml4t_nb.model import DatasetId, Frequency, Span, bar_length
from ml4t_nb.pipeline.fetch import Desk, Haul, Tail, haul
from ml4t_nb.pipeline.record import Entry

__all__ = ["ask_for", "final_bound", "oldest_served"]


def ask_for(desk: Desk, entry: Entry, wanted: Span, others: tuple[Span, ...]) -> Haul:
    """Ask for what is wanted, and for what tells on which basis it comes."""
    frequency = entry.dataset.frequency
    limits = desk.provider.limits
    bound = final_bound(desk, entry.dataset)
    # Beyond the last final bar lies the running session, which may bring a split.
    brink = desk.as_of + (TICK if bar_length(frequency) else timedelta(days=1))
    until = wanted.end
    reaches_now = until >= bound
    oldest = oldest_served(desk, entry.dataset)

    def served(span: Span) -> Span:
        return span if oldest is None else Span(max(span.start, oldest), span.end)

    main = served(Span(wanted.start, brink if reaches_now else until))
    if not main:
        raise RangeRefused(
            f"{desk.provider.name} serves {frequency} bars from {oldest:%Y-%m-%d} on",
            provider=desk.provider.name,
            hint="choose a later --start",
        )
    rest = tuple(span for span in map(served, others) if span)
    needs_tail = desk.provider.basis != "as-traded" and not reaches_now
    # A day is enough to know a split; who has no days is asked for the bars themselves.
    coarse: Frequency = "daily" if "daily" in limits.frequencies else frequency
    start = until if coarse == frequency else day_after(until, desk.calendar, frequency)
    tail = Tail(coarse, Span(start, brink)) if needs_tail and start < brink else None
    return haul(
        desk, entry.dataset, (main, *rest), until=until, tail=tail, basis=entry.config.basis
    )


def final_bound(desk: Desk, dataset: DatasetId) -> datetime:
    """Exclusive bound of the stamps whose bars are final."""
    delay = desk.provider.limits.delay_of(dataset)
    return desk.calendar.final_before(desk.as_of, dataset.frequency, delay)


def oldest_served(desk: Desk, dataset: DatasetId) -> datetime | None:
    """How far back the provider serves; None if it does not say."""
    age = desk.provider.limits.max_age.get(dataset.frequency)
    return None if age is None else desk.as_of - age
