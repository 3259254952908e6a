"""Asking a provider for spans: cut to its limits, retried, trimmed to what is final."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import STAMPS, Bars, as_instant, as_stamps, concat
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.overlap import unrestated_splits
from ml4t_nb.core.request_spans import split_span
from ml4t_nb.core.validation import reject_invalid, rejected_actions
from ml4t_nb.errors import BarsInvalid, ProviderError, ProviderUnavailable, RateLimited
from ml4t_nb.events import Event, Fetched, FetchStarted, RetryScheduled
from ml4t_nb.model import Basis, DatasetId, Finding, Frequency, Span
from ml4t_nb.pipeline.consistency import are_parted, level
from ml4t_nb.providers import Answer, Instrument, Provider, Request
from ml4t_nb.providers.retry import ask, identify

__all__ = ["Desk", "Haul", "Tail", "haul", "identified"]


@dataclass(frozen=True, slots=True)
class Desk:
    """What a run asks with.

    Parameters
    ----------
    as_of
        The run's as-of, aware.
    calendar, zone
        The dataset's, and that of stamps without one.
    observe
        Told what happens; may be called in any thread.
    pause
        Sleeps so many seconds, and raises KeyboardInterrupt if the run is to end.
    """

    provider: Provider
    as_of: datetime
    calendar: Calendar
    observe: Callable[[Event], None]
    pause: Callable[[float], None]
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Tail:
    """What is asked for only to know the splits in it, as bars of that frequency."""

    frequency: Frequency
    span: Span


@dataclass(frozen=True, slots=True)
class Haul:
    """What a provider answered to all spans of a run.

    Parameters
    ----------
    final
        Final bars that keep the hard rules, on the basis the provider quotes today.
    told
        Splits and dividends of final rows that do not keep them.
    pending
        Bars that are not to be stored: unfinished, or after the end asked for. Their splits
        have restated the final bars already, or are about to.
    findings
        Of final bars: those that are left out, and what the provider found itself.
    asked
        The spans that were answered whole.
    missed
        The error that ended the asking for the first span before its last piece.
    failed
        Other spans that could not be had, with the error.
    basis
        That the provider declares, or shows; None if neither.
    zone
        What stamps without a zone were taken to be of.
    """

    asked: tuple[Span, ...]
    final: Bars
    told: Bars
    pending: Bars
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    missed: ProviderError | None = None
    failed: tuple[tuple[Span, ProviderError], ...] = ()
    basis: Basis | None = None
    zone: str | None = None

    def later_ratio(self, last: datetime | None) -> float:
        """Product of the splits after ``last`` and after the last final bar.

        A split whose jump is still there is left out: the provider has named it and has not
        restated the bars before it.
        """
        ends = [as_instant(self.final.index[-1])] if len(self.final) else []
        ends += [last] if last is not None else []
        if not ends:
            return 1.0
        after = self.pending
        after = after[after.index > self.final.index[-1]] if len(self.final) else after
        if after.empty:
            return 1.0
        named = unrestated_splits(concat([self.final.tail(1), reject_invalid(after)[0]]))
        later = after[after.index > pd.Timestamp(max(ends))]
        is_applied = ~later.index.isin(as_stamps([at for at, _ in named]))
        return float(later["split"].to_numpy()[is_applied].prod())


def identified(
    provider: Provider,
    guess: DatasetId,
    observe: Callable[[Event], None],
    pause: Callable[[float], None],
) -> Instrument:
    """What the provider knows of the symbol of ``guess``, before its class and calendar are known.

    Raises
    ------
    ProviderError
        If it does not answer.
    """

    def retried(attempt: int, wait_s: float, reason: str) -> None:
        observe(RetryScheduled(guess, attempt, wait_s, reason))

    pause(0)
    return identify(provider, guess.symbol, on_retry=retried, sleep=pause)


def haul(
    desk: Desk,
    dataset: DatasetId,
    spans: tuple[Span, ...],
    *,
    until: datetime,
    tail: Tail | None = None,
    basis: Basis = "split-adjusted",
) -> Haul:
    """Ask for ``spans``, the first of which matters most.

    Parameters
    ----------
    until
        Bars with an earlier stamp are final and wanted.
    tail
        Where splits after the wanted bars may lie that ``spans`` do not reach; not asked for if
        the bars are as traded.
    basis
        Of the bars, if neither the provider nor its answers tell.

    Raises
    ------
    ProviderError
        If nothing of the first span could be had, or the tail could not; or if the answers are
        not on one basis.
    """
    main, missed = _pieces(desk, dataset, spans[0])
    if missed is not None and not main:
        raise missed
    answers = [answer for _, answer in main]
    asked = [Span(spans[0].start, main[-1][0].end)]
    failed: list[tuple[Span, ProviderError]] = []
    for span in () if missed else spans[1:]:
        others, error = _pieces(desk, dataset, span)
        if error is not None:
            failed.append((span, error))
            if isinstance(error, RateLimited):
                break
        else:
            answers += [answer for _, answer in others]
            asked.append(span)
    told = next((each.basis for each in answers if each.basis is not None), desk.provider.basis)
    is_adjusted = (told or basis) == "split-adjusted"
    extra = (
        ()
        if tail is None or not is_adjusted
        else _tail(desk, replace(dataset, frequency=tail.frequency), tail)
    )
    try:
        parted = is_adjusted and are_parted(
            [answer.bars for answer in (*answers, *extra)],
            lambda span: _answer(desk, dataset, span).bars,
        )
    except ProviderError as error:
        # Whether the later answers are on another basis cannot be asked any more: they are left.
        kept = level([answer.bars for _, answer in main])
        if extra or missed is None or kept == len(main):
            raise
        answers, missed, parted = answers[:kept], error, False
        asked = [Span(spans[0].start, main[kept - 1][0].end)]
    if parted:
        raise ProviderUnavailable(
            f"{desk.provider.name} restated its bars of {dataset} while it was asked",
            provider=desk.provider.name,
            hint="run it again",
        )
    got = _sorted_out(answers, extra, asked=tuple(asked), until=until, missed=missed, failed=failed)
    return replace(got, basis=told)


def _tail(desk: Desk, dataset: DatasetId, tail: Tail) -> tuple[Answer, ...]:
    got, missed = _pieces(desk, dataset, tail.span)
    if missed is not None:
        raise missed
    return tuple(answer for _, answer in got)


def _pieces(
    desk: Desk, dataset: DatasetId, span: Span
) -> tuple[list[tuple[Span, Answer]], ProviderError | None]:
    """Answers to the pieces of one span, oldest first, up to the first that fails."""
    got: list[tuple[Span, Answer]] = []
    for piece in split_span(span, desk.provider.limits.max_span.get(dataset.frequency)):
        try:
            got.append((piece, _answer(desk, dataset, piece)))
        except ProviderError as error:
            return got, error
    return got, None


def _answer(desk: Desk, dataset: DatasetId, span: Span) -> Answer:
    def retried(attempt: int, wait_s: float, reason: str) -> None:
        desk.observe(RetryScheduled(dataset, attempt, wait_s, reason))

    desk.pause(0)
    desk.observe(FetchStarted(dataset, desk.provider.name, span))
    began = perf_counter()
    request = Request(dataset, span, desk.as_of, desk.calendar, desk.zone)
    answer = ask(desk.provider, request, on_retry=retried, sleep=desk.pause)
    _require_within(answer.bars, desk.provider.name, dataset, span)
    desk.observe(Fetched(dataset, len(answer.bars), perf_counter() - began))
    return answer


def _require_within(bars: Bars, name: str, dataset: DatasetId, span: Span) -> None:
    """Raise BarsInvalid, naming the provider, if an answer has bars that were not asked for."""
    stamps = pd.DatetimeIndex(bars.index)
    # A row without a stamp is for validation.
    outside = stamps[(stamps < pd.Timestamp(span.start)) | (stamps >= pd.Timestamp(span.end))]
    if len(outside):
        raise BarsInvalid(
            f"{name} answers bars of {dataset} that were not asked for, such as "
            f"{outside[0]:%Y-%m-%dT%H:%MZ}, when asked for {span.start:%Y-%m-%dT%H:%MZ} to "
            f"{span.end:%Y-%m-%dT%H:%MZ}",
            hint=f"this is a fault in the provider {name!r}: its answers hold `within(bars, span)`",
        )


def _sorted_out(
    answers: Sequence[Answer],
    extra: Sequence[Answer],
    *,
    asked: tuple[Span, ...],
    until: datetime,
    missed: ProviderError | None,
    failed: Sequence[tuple[Span, ProviderError]],
) -> Haul:
    known = [answer.over_before for answer in answers if answer.over_before is not None]
    until = min((until, *known))
    rows = answers[0].bars if len(answers) == 1 else _last_answer_of_each(answers)
    is_final = np.asarray(rows.index < pd.Timestamp(until))
    finished = rows[is_final]
    sound, findings = reject_invalid(finished)
    told = rejected_actions(finished, sound)
    unborne = told[told.index > sound.index[-1]] if len(sound) else told
    later = concat([unborne, rows[~is_final], *(a.bars for a in extra)])
    pending = later[~later.index.duplicated(keep="last")].sort_index()
    # What an answer that was made earlier does not know yet, it has not answered.
    answered = [Span(span.start, max(span.start, min((span.end, *known)))) for span in asked]
    return Haul(
        asked=tuple(answered),
        final=sound,
        told=told,
        pending=pending,
        findings=(*(f for a in answers for f in a.findings), *findings),
        notes=tuple(dict.fromkeys(note for a in answers for note in a.notes)),
        missed=missed,
        failed=tuple(failed),
        zone=next((each.zone for each in answers if each.zone is not None), None),
    )


def _last_answer_of_each(answers: Sequence[Answer]) -> Bars:
    """All rows; of a stamp that several answers hold, those of the last answer only."""
    parts: list[Bars] = []
    seen = pd.DatetimeIndex([], dtype=STAMPS)
    for answer in reversed(answers):
        parts.append(answer.bars[~answer.bars.index.isin(seen)])
        seen = seen.union(pd.DatetimeIndex(answer.bars.index))
    return concat(parts[::-1]).sort_index(kind="stable")
