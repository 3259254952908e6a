"""Asking a provider for spans: cut to its limits, retried, trimmed to what is final."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from ml4t_nb.core.bars import STAMPS, Bars, as_stamps, concat
from ml4t_nb.core.overlap import unrestated_splits
from ml4t_nb.core.timestamps import index_micros, to_micros
from ml4t_nb.core.validation import KeptOut, reject_invalid, rejected_actions, sort_rows
from ml4t_nb.errors import ProviderError, ProviderUnavailable, RangeRefused, RateLimited
from ml4t_nb.events import FetchPlanned
from ml4t_nb.finding import Finding
from ml4t_nb.model import Basis, Frequency, Span
from ml4t_nb.pipeline.asking import ask_for
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.pieces import Order, Pieces, later_pieces, request_pieces
from ml4t_nb.pipeline.restated import are_as_kept, check_of, count_before_jump, is_restated
from ml4t_nb.providers import Answer

__all__ = ["FetchResult", "fetch_order"]


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What a provider answered to all spans of a run.

    ``answered`` holds the spans that were answered whole; ``error`` ended the fetch of the first
    one before its last piece, and ``failed`` has the others that could not be had.

    ``final`` bars keep the hard rules, on the basis the provider quotes today; ``rejected`` has
    the splits and dividends of final rows that do not keep them. ``pending`` bars are not to be
    stored: unfinished, or after the end asked for. Their splits have restated the final bars
    already, or are about to. ``findings`` are of final bars: those that are left out, and what the
    provider found itself.

    ``kept_out`` are the final rows that do not keep the hard rules, as the provider gave them;
    None if all do.

    ``basis`` is what the provider declares, or shows; None if neither. ``zone`` is what stamps
    without a zone were taken to be of, and ``currency`` what prices are in, if that is known.

    What was answered before ``since`` is not in it any more, since it is stored as it was answered.

    ``asked_at`` is the as-of of its oldest answer, where some are of a run that broke off.
    """

    answered: tuple[Span, ...]
    final: Bars
    rejected: Bars
    pending: Bars
    findings: tuple[Finding, ...] = ()
    kept_out: KeptOut | None = None
    notes: tuple[str, ...] = ()
    error: ProviderError | None = None
    failed: tuple[tuple[Span, ProviderError], ...] = ()
    basis: Basis | None = None
    zone: str | None = None
    currency: str = ""
    since: datetime | None = None
    asked_at: datetime | None = None

    @property
    def judged(self) -> tuple[Span, ...]:
        """The spans that were answered, from ``since`` on."""
        since = self.since
        if since is None:
            return self.answered
        return tuple(
            Span(max(span.start, since), span.end) for span in self.answered if span.end > since
        )

    def later_ratio(self, last: datetime | None) -> float:
        """Product of the splits after ``last`` and after the last final bar.

        A split whose jump is still there is left out: the provider has named it and has not
        restated the bars before it.
        """
        after = self.pending
        if after.empty:
            return 1.0
        ends = [] if last is None else [pd.Timestamp(last)]
        if len(self.final):
            ends.append(self.final.index[-1])
            after = after[after.index > self.final.index[-1]]
        if not ends or after.empty:
            return 1.0
        named = unrestated_splits(concat([self.final.tail(1), reject_invalid(after)[0]]))
        later = after[after.index > max(ends)]
        is_applied = ~later.index.isin(as_stamps([at for at, _ in named]))
        return float(later["split"].to_numpy()[is_applied].prod())


def fetch_order(run: DatasetRun, order: Order) -> FetchResult:
    """Ask for what is ordered, and for what shows on which basis the bars are.

    Raises ProviderError if nothing of what is wanted could be had, or the later splits could not;
    or if the answers are not on one basis.
    """
    pieces = _checked_pieces(run, order)
    first, *rest = pieces.spans
    asked_at = run.kept.asked_at if run.kept is not None and pieces.kept else None
    main, missed = _answers(run, first, pieces.kept, keeps=len(first) > 1 or bool(run.ahead))
    if missed is not None and not main:
        raise missed
    answers = [answer for _, answer in main]
    answered = [Span(first[0].start, main[-1][0].end)]
    failed: list[tuple[Span, ProviderError]] = []
    for parts in () if missed else rest:
        got, error = _answers(run, parts)
        span = Span(parts[0].start, parts[-1].end)
        if error is None:
            answers += [answer for _, answer in got]
            answered.append(span)
            continue
        failed.append((span, error))
        if isinstance(error, RateLimited):
            break
    shown = next((each.basis for each in answers if each.basis is not None), run.provider.basis)
    is_adjusted = (shown or run.config.basis) == "split-adjusted"
    later = _later(run, pieces, main[-1][0].end, missed) if is_adjusted else []
    try:
        has_moved = is_adjusted and is_restated(run, [*answers, *later])
    except ProviderError as error:
        # Whether the later answers are on another basis cannot be asked any more: they are left.
        kept = count_before_jump([answer for _, answer in main])
        if later or missed is None or kept == len(main):
            raise
        answers, missed, has_moved = answers[:kept], error, False
        answered = [Span(first[0].start, main[kept - 1][0].end)]
    if has_moved:
        if run.kept is not None:
            run.kept.drop()
        raise ProviderUnavailable(
            f"{run.provider.name} restated its bars of {run.dataset} during the run",
            provider=run.provider.name,
            hint="run it again",
        )
    known = [answer.over_before for answer in answers if answer.over_before is not None]
    return replace(
        _sorted_out(answers, later, until=min((order.wanted.end, *known))),
        # What an answer that was made earlier does not know yet, it has not answered.
        answered=tuple(
            Span(span.start, max(span.start, min((span.end, *known)))) for span in answered
        ),
        error=missed,
        failed=tuple(failed),
        basis=shown,
        asked_at=asked_at,
    )


def _later(
    run: DatasetRun, pieces: Pieces, until: datetime, missed: ProviderError | None
) -> list[Answer]:
    """Answers to what is asked only for the splits after the wanted bars.

    Where a piece was ``missed``, what is ``until`` then has been restated by splits in the others
    too; not known, they would be taken for prices as they were traded.
    """
    coarse, spans = pieces.coarse, pieces.later
    if missed is not None:
        coarse, spans = later_pieces(run, until)
    if isinstance(missed, RateLimited) and spans:
        raise missed
    got, failed = _answers(run, spans, frequency=coarse)
    if failed is not None:
        raise missed or failed
    return [answer for _, answer in got]


def _checked_pieces(run: DatasetRun, order: Order) -> Pieces:
    """The requests of an order, after those that show whether kept answers can be used."""
    pieces = request_pieces(run, order)
    check = check_of(run, pieces)
    first = () if check is None else (check,)
    run.context.observe(FetchPlanned(run.dataset, (*first, *pieces.certain, *run.ahead)))
    is_as_kept = are_as_kept(run, pieces)
    if run.kept is not None:
        # A fetch after this one may be made because all was restated.
        run.kept.is_confirmed = False
    if run.kept is None or is_as_kept:
        return pieces
    run.kept.drop()
    pieces = request_pieces(run, order)
    run.context.observe(FetchPlanned(run.dataset, (*pieces.certain, *run.ahead)))
    return pieces


def _answers(
    run: DatasetRun,
    pieces: Iterable[Span],
    at_hand: Collection[Span] = (),
    *,
    frequency: Frequency | None = None,
    keeps: bool = False,
) -> tuple[list[tuple[Span, Answer]], ProviderError | None]:
    """Answers to the pieces of one span, oldest first, up to the first that fails.

    Some may be ``at_hand``; what is asked ``keeps`` its answers until they are committed.
    """
    got: list[tuple[Span, Answer]] = []
    missed: ProviderError | None = None
    # Before the first stored bar, what is refused before any answer is before the listing.
    is_first = run.refused is not None and frequency is None
    for piece in pieces:
        known = run.kept.answer(piece) if run.kept is not None and piece in at_hand else None
        try:
            answer = known or ask_for(run, piece, frequency)
        except ProviderError as error:
            missed = error
            if got or not is_first or not isinstance(error, RangeRefused):
                return got, error
            continue
        got.append((piece, answer))
        if keeps and known is None and run.kept is not None:
            run.kept.keep(piece, answer, final_before=run.final_before)
    return got, None if got else missed


def _sorted_out(
    answers: Sequence[Answer], later: Sequence[Answer], *, until: datetime
) -> FetchResult:
    """Bars of all answers, by what is to be stored of them."""
    rows = answers[0].bars if len(answers) == 1 else _last_answer_of_each(answers)
    # Rows without a stamp too, which are before all time: they are to be reported.
    is_final = index_micros(rows.index) < to_micros(until)
    finished = rows if is_final.all() else rows[is_final]
    done = sort_rows(finished)
    sound = done.kept
    rejected = rejected_actions(finished, sound)
    unborne = (
        rejected[rejected.index > sound.index[-1]] if len(rejected) and len(sound) else rejected
    )
    unfinished = rejected[:0] if is_final.all() else rows[~is_final]
    after = concat([unborne, unfinished, *(each.bars for each in later)])
    if len(after):
        after = after[~after.index.duplicated(keep="last")].sort_index()
    return FetchResult(
        answered=(),
        final=sound,
        rejected=rejected,
        pending=after,
        findings=(*(f for a in answers for f in a.findings), *done.findings),
        kept_out=done.out,
        notes=tuple(dict.fromkeys(note for a in answers for note in a.notes)),
        zone=next((each.zone for each in answers if each.zone is not None), None),
        currency=next((each.currency for each in reversed(answers) if each.currency), ""),
    )


def _last_answer_of_each(answers: Sequence[Answer]) -> Bars:
    """All rows; of a stamp that several answers hold, those of the last answer only."""
    parts: list[Bars] = []
    seen = pd.DatetimeIndex([], dtype=STAMPS)
    for answer in reversed(answers):
        parts.append(answer.bars[~answer.bars.index.isin(seen)])
        seen = seen.union(pd.DatetimeIndex(answer.bars.index).dropna())
    return concat(parts[::-1]).sort_index(kind="stable")
