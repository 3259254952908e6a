"""Asking a provider for spans: cut to its limits, retried, trimmed to what is final."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import STAMPS, Bars, as_instant, as_stamps, concat
from ml4t_nb.core.overlap import unrestated_splits
from ml4t_nb.core.request_spans import day_after, split_span
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.core.validation import reject_invalid, rejected_actions
from ml4t_nb.errors import (
    BarsInvalid,
    ProviderError,
    ProviderUnavailable,
    RangeRefused,
    RateLimited,
)
from ml4t_nb.events import Fetched, FetchStarted, RetryScheduled
from ml4t_nb.model import Basis, DatasetId, Finding, Frequency, Span, bar_length
from ml4t_nb.pipeline.consistency import count_before_jump, restated_between
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.providers import Answer, Request
from ml4t_nb.providers.retry import fetch_with_retries

__all__ = ["FetchPlan", "FetchResult", "fetch_spans", "plan_request"]


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """What to ask a provider for.

    Parameters
    ----------
    spans
        The first matters most.
    until
        Bars with an earlier stamp are final and wanted.
    later
        Where splits after the wanted bars may be that ``spans`` do not reach, and the frequency
        of the bars to look for them in; not asked for if the bars are as traded.
    """

    spans: tuple[Span, ...]
    until: datetime
    later: tuple[Frequency, Span] | None = None


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What a provider answered to all spans of a run.

    Parameters
    ----------
    answered
        The spans that were answered whole.
    final
        Final bars that keep the hard rules, on the basis the provider quotes today.
    rejected
        Splits and dividends of final rows that do not keep them.
    pending
        Bars that are not to be stored: unfinished, or after the end asked for. Their splits
        have restated the final bars already, or are about to.
    findings
        Of final bars: those that are left out, and what the provider found itself.
    error
        What ended the fetch of the first span before its last piece.
    failed
        Other spans that could not be had, with the error.
    basis
        That the provider declares, or shows; None if neither.
    zone
        What stamps without a zone were taken to be of.
    """

    answered: tuple[Span, ...]
    final: Bars
    rejected: Bars
    pending: Bars
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    error: ProviderError | None = None
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


def plan_request(run: DatasetRun, wanted: Span, others: tuple[Span, ...]) -> FetchPlan:
    """Fetch the wanted bars, and those that show on which basis they are.

    Raises
    ------
    RangeRefused
        If the provider serves later bars only.
    """
    frequency, limits = run.dataset.frequency, run.provider.limits
    oldest, until = run.oldest_served, wanted.end
    # Beyond the last final bar is the running session, which may bring a split.
    brink = run.as_of + (TICK if bar_length(frequency) else timedelta(days=1))
    reaches_now = until >= run.final_before

    def served(span: Span) -> Span:
        return span if oldest is None else Span(max(span.start, oldest), span.end)

    main = served(Span(wanted.start, brink if reaches_now else until))
    if not main:
        raise RangeRefused(
            f"{run.provider.name} serves {frequency} bars from {oldest:%Y-%m-%d} on",
            provider=run.provider.name,
            hint="choose a later --start",
        )
    spans = (main, *(span for span in map(served, others) if span))
    if run.provider.basis == "as-traded" or reaches_now:
        return FetchPlan(spans, until)
    # A day is enough to know a split; who has no days is asked for the bars themselves.
    coarse: Frequency = "daily" if "daily" in limits.frequencies else frequency
    start = until if coarse == frequency else day_after(until, run.calendar, frequency)
    return FetchPlan(spans, until, (coarse, Span(start, brink)) if start < brink else None)


def fetch_spans(run: DatasetRun, plan: FetchPlan) -> FetchResult:
    """Ask for the spans of ``plan``.

    Raises
    ------
    ProviderError
        If nothing of the first span could be had, or the later splits could not; or if the
        answers are not on one basis.
    """
    main, missed = _pieces(run, plan.spans[0])
    if missed is not None and not main:
        raise missed
    answers = [answer for _, answer in main]
    answered = [Span(plan.spans[0].start, main[-1][0].end)]
    failed: list[tuple[Span, ProviderError]] = []
    for span in () if missed else plan.spans[1:]:
        others, error = _pieces(run, span)
        if error is not None:
            failed.append((span, error))
            if isinstance(error, RateLimited):
                break
        else:
            answers += [answer for _, answer in others]
            answered.append(span)
    shown = next((each.basis for each in answers if each.basis is not None), run.provider.basis)
    is_adjusted = (shown or run.config.basis) == "split-adjusted"
    later = _later(run, plan) if is_adjusted else []
    try:
        is_restated = is_adjusted and restated_between(
            [answer.bars for answer in (*answers, *later)], lambda span: _answer(run, span).bars
        )
    except ProviderError as error:
        # Whether the later answers are on another basis cannot be asked any more: they are left.
        kept = count_before_jump([answer.bars for _, answer in main])
        if later or missed is None or kept == len(main):
            raise
        answers, missed, is_restated = answers[:kept], error, False
        answered = [Span(plan.spans[0].start, main[kept - 1][0].end)]
    if is_restated:
        raise ProviderUnavailable(
            f"{run.provider.name} restated its bars of {run.dataset} during the run",
            provider=run.provider.name,
            hint="run it again",
        )
    known = [answer.over_before for answer in answers if answer.over_before is not None]
    got = _sorted_out(answers, later, until=min((plan.until, *known)))
    return replace(
        got,
        # What an answer that was made earlier does not know yet, it has not answered.
        answered=tuple(
            Span(span.start, max(span.start, min((span.end, *known)))) for span in answered
        ),
        error=missed,
        failed=tuple(failed),
        basis=shown,
    )


def _later(run: DatasetRun, plan: FetchPlan) -> list[Answer]:
    """Answers to what is asked only for later splits."""
    if plan.later is None:
        return []
    frequency, span = plan.later
    coarse = replace(run, dataset=replace(run.dataset, frequency=frequency))
    got, missed = _pieces(coarse, span)
    if missed is not None:
        raise missed
    return [answer for _, answer in got]


def _pieces(run: DatasetRun, span: Span) -> tuple[list[tuple[Span, Answer]], ProviderError | None]:
    """Answers to the pieces of one span, oldest first, up to the first that fails."""
    got: list[tuple[Span, Answer]] = []
    for piece in split_span(span, run.longest_request):
        try:
            got.append((piece, _answer(run, piece)))
        except ProviderError as error:
            return got, error
    return got, None


def _answer(run: DatasetRun, span: Span) -> Answer:
    dataset, name = run.dataset, run.provider.name

    def retried(attempt: int, wait_s: float, reason: str) -> None:
        run.observe(RetryScheduled(dataset, attempt, wait_s, reason))

    run.pause(0)
    run.observe(FetchStarted(dataset, name, span))
    began = perf_counter()
    request = Request(dataset, span, run.as_of, run.calendar, run.zone)
    answer = fetch_with_retries(run.provider, request, on_retry=retried, sleep=run.pause)
    _require_within(answer.bars, name, dataset, span)
    run.observe(Fetched(dataset, len(answer.bars), perf_counter() - began))
    return answer


def _require_within(bars: Bars, name: str, dataset: DatasetId, span: Span) -> None:
    """Raise BarsInvalid, naming the provider, if an answer has bars that were not asked for."""
    stamps = pd.DatetimeIndex(bars.index)
    # A row without a stamp is for validation.
    outside = stamps[(stamps < pd.Timestamp(span.start)) | (stamps >= pd.Timestamp(span.end))]
    if len(outside):
        raise BarsInvalid(
            f"{name} returned bars of {dataset} that were not requested, such as "
            f"{outside[0]:%Y-%m-%dT%H:%MZ}, for the span {span.start:%Y-%m-%dT%H:%MZ} to "
            f"{span.end:%Y-%m-%dT%H:%MZ}",
            hint=f"this is a bug in the provider {name!r}: it must return `within(bars, span)`",
        )


def _sorted_out(
    answers: Sequence[Answer], later: Sequence[Answer], *, until: datetime
) -> FetchResult:
    """Bars of all answers, by what is to be stored of them."""
    rows = answers[0].bars if len(answers) == 1 else _last_answer_of_each(answers)
    is_final = np.asarray(rows.index < pd.Timestamp(until))
    finished = rows[is_final]
    sound, findings = reject_invalid(finished)
    rejected = rejected_actions(finished, sound)
    unborne = rejected[rejected.index > sound.index[-1]] if len(sound) else rejected
    after = concat([unborne, rows[~is_final], *(each.bars for each in later)])
    return FetchResult(
        answered=(),
        final=sound,
        rejected=rejected,
        pending=after[~after.index.duplicated(keep="last")].sort_index(),
        findings=(*(f for a in answers for f in a.findings), *findings),
        notes=tuple(dict.fromkeys(note for a in answers for note in a.notes)),
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
