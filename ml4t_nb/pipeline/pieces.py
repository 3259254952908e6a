"""An order, and the pieces it is cut into: each is one request within the provider's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, repeat

from ml4t_nb.core.request_spans import day_after, split_span
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.errors import RangeRefused
from ml4t_nb.model import Frequency, Span, bar_length
from ml4t_nb.pipeline.context import DatasetRun

__all__ = ["Order", "Pieces", "later_pieces", "pieces_in_turn", "request_pieces"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for one commit.

    Parameters
    ----------
    wanted
        The latest span, up to which bars are to be stored.
    others
        Spans before it, of which one that fails does not stop the run.
    since
        What is wanted from before it is wanted for its gaps alone.
    """

    wanted: Span
    others: tuple[Span, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pieces:
    """The requests of an order, in the order they are sent.

    Parameters
    ----------
    spans
        For each span of the order, what is wanted first, its pieces.
    later
        Pieces that are asked for only for the splits after the wanted bars, once those turn out to
        be on a basis that splits restate.
    coarse
        The frequency of those.
    is_adjusted
        Whether the bars are on such a basis, as far as that is known before.
    kept
        Those of ``spans`` that are not sent: the answers are at hand, of a run that broke off.
    """

    spans: tuple[tuple[Span, ...], ...]
    later: tuple[Span, ...]
    coarse: Frequency
    is_adjusted: bool
    kept: frozenset[Span] = frozenset()

    @property
    def own(self) -> tuple[Span, ...]:
        """Those of ``spans`` that are sent."""
        return tuple(each for each in chain(*self.spans) if each not in self.kept)

    @property
    def certain(self) -> tuple[Span, ...]:
        """Those that are expected to be sent, one after the other."""
        return (*self.own, *(self.later if self.is_adjusted else ()))


def request_pieces(run: DatasetRun, order: Order) -> Pieces:
    """The requests for what is ordered, and for the splits after what is wanted.

    They reach as far back as the provider serves; RangeRefused if that is nothing of what is
    wanted.
    """
    wanted, longest = order.wanted, run.longest_request
    served = _served(run, wanted, order.others)
    spans, kept = _cut(run, served, longest)
    coarse, later = later_pieces(run, wanted.end)
    is_adjusted = (run.provider.basis or run.config.basis) == "split-adjusted"
    return Pieces(spans, later, coarse, is_adjusted, kept)


def later_pieces(run: DatasetRun, until: datetime) -> tuple[Frequency, tuple[Span, ...]]:
    """Requests for the splits after ``until`` alone, and the frequency of their bars."""
    coarse, later = _after(run, until)
    return coarse, split_span(later, _longest(run, coarse)) if later else ()


def pieces_in_turn(run: DatasetRun, orders: Sequence[Order]) -> list[Pieces]:
    """Those of orders one after the other: what is at hand is gone with the first commit."""
    runs = (run, *repeat(replace(run, kept=None), len(orders) - 1))
    return [request_pieces(each, order) for each, order in zip(runs, orders, strict=False)]


def _cut(
    run: DatasetRun, spans: Sequence[Span], longest: timedelta | None
) -> tuple[tuple[tuple[Span, ...], ...], frozenset[Span]]:
    """Each span in pieces, and which of the first are at hand: none, unless that saves requests.

    One is spent on seeing whether what is at hand is still so, unless that is known. The other
    spans are asked for because something was missing in an earlier answer.
    """
    cut = tuple(split_span(each, longest) for each in spans)
    if run.kept is None or not run.kept.is_resuming:
        return cut, frozenset()
    answered, asked = run.kept.cut(spans[0], longest)
    if len(asked) + (not run.kept.is_confirmed) >= len(cut[0]):
        return cut, frozenset()
    return (tuple(sorted((*answered, *asked))), *cut[1:]), frozenset(answered)


def _served(run: DatasetRun, wanted: Span, others: Sequence[Span]) -> tuple[Span, ...]:
    """The spans as far back as the provider serves them; the first is what is wanted."""
    oldest = run.oldest_served
    end = _brink(run) if wanted.end >= run.final_before else wanted.end
    first, *rest = (
        span if oldest is None else Span(max(span.start, oldest), span.end)
        for span in (Span(wanted.start, end), *others)
    )
    if not first:
        raise RangeRefused(
            f"{run.provider.name} serves {run.dataset.frequency} bars from {oldest:%Y-%m-%d} on",
            provider=run.provider.name,
            hint="choose a later --start",
        )
    return (first, *filter(None, rest))


def _after(run: DatasetRun, until: datetime) -> tuple[Frequency, Span]:
    """What is asked only for the splits after the wanted bars; an empty span if nothing is."""
    frequency = run.dataset.frequency
    if run.provider.basis == "as-traded" or until >= run.final_before:
        return frequency, Span(until, until)
    # A day is enough to know a split; who has no days is asked for the bars themselves.
    coarse: Frequency = "daily" if "daily" in run.provider.limits.frequencies else frequency
    start = until if coarse == frequency else day_after(until, run.calendar, frequency)
    return coarse, Span(start, _brink(run))


def _brink(run: DatasetRun) -> datetime:
    """Beyond the last final bar is the running session, which may bring a split: its end."""
    return run.as_of + (TICK if bar_length(run.dataset.frequency) else timedelta(days=1))


def _longest(run: DatasetRun, frequency: Frequency) -> timedelta | None:
    """Longest span of one request for bars of that frequency."""
    return run.provider.limits.max_span.get(frequency)
