"""Whether a provider has restated its history since an answer that is at hand.

Nothing in the bars would show it where an old answer ends and a new one begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isclose

from ml4t_nb.core.bars import Bars, as_instant
from ml4t_nb.core.basis import TELLING
from ml4t_nb.core.overlap import Comparison, compare_overlap
from ml4t_nb.core.request_spans import JOIN, span_through
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.errors import RangeRefused
from ml4t_nb.events import FetchPlanned
from ml4t_nb.model import Span
from ml4t_nb.pipeline.asking import ask_for
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.pieces import Pieces
from ml4t_nb.providers import Answer

__all__ = ["are_as_kept", "check_of", "count_before_jump", "is_restated", "is_restated_since"]

# How far two measures of one ratio are apart: less than any split moves prices.
_SAME_RATIO = 1e-3


def is_restated(run: DatasetRun, answers: Sequence[Answer]) -> bool:
    """Whether the provider has restated its history between two of its answers.

    Nothing in the bars would show it, since a restated history names no split where the old one
    ends. So the first bars are asked for once more, but only where prices jump from one answer to
    the next: a request costs more than a look.
    """
    if len(answers) == 1:
        return False
    sound = [bars for answer in answers if len(bars := reject_invalid(answer.bars)[0])]
    by_time = sorted(sound, key=lambda bars: bars.index[0])
    if not any(_jumps(*pair) for pair in pairwise(by_time)):
        return False
    first = sound[0].iloc[:JOIN]
    again = reject_invalid(ask_for(run, _span_of(first)).bars)[0]
    return compare_overlap(first, again, need=1).verdict in ("restated", "suspicious")


def count_before_jump(answers: Sequence[Answer]) -> int:
    """How many answers, from the first on, there are before prices jump from one to the next."""
    before: Bars | None = None
    for count, answer in enumerate(answers):
        sound = reject_invalid(answer.bars)[0]
        if before is not None and len(sound) and _jumps(before, sound):
            return count
        before = sound if len(sound) else before
    return len(answers)


def _jumps(earlier: Bars, later: Bars) -> bool:
    before, after = float(earlier["close"].iloc[-1]), float(later["open"].iloc[0])
    return max(before / after, after / before) >= TELLING


def check_of(run: DatasetRun, pieces: Pieces) -> Span | None:
    """What is asked for first, to see whether kept answers are still so; None if none has a bar."""
    first = None if run.kept is None or run.kept.is_confirmed else _first_kept(run, pieces)
    return None if first is None else _span_of(first[1])


def are_as_kept(run: DatasetRun, pieces: Pieces) -> bool:
    """Whether the provider still gives the first of the kept bars as it gave them then."""
    found = None if run.kept is None or run.kept.is_confirmed else _first_kept(run, pieces)
    if found is None:
        return True
    kept, first = found
    again = _asked_again(run, first)
    return again is not None and (again.basis, again.zone, again.currency) == (
        kept.basis,
        kept.zone,
        kept.currency,
    )


def is_restated_since(run: DatasetRun, first: Bars, last: Bars) -> tuple[bool, bool]:
    """Whether the provider may have restated some of what is stored, and if none, all is as it was.

    The ``last`` stored bars are asked for only if the ``first`` have moved: by one ratio they do
    wherever a later split is known, which what is stored was divided by. The next bars show that.
    """
    found = _compared(run, first)
    if found.restatement is None:
        return found.verdict not in ("same", "corrected"), found.verdict == "same"
    at_end = _compared(run, last).restatement
    is_even = at_end and isclose(at_end.ratio, found.restatement.ratio, rel_tol=_SAME_RATIO)
    return not is_even, False


def _compared(run: DatasetRun, stored: Bars) -> Comparison:
    """What has happened to these stored bars, which are asked for again."""
    span = _span_of(stored)
    run.context.observe(FetchPlanned(run.dataset, (span,)))
    try:
        again = reject_invalid(ask_for(run, span).bars)[0]
    except RangeRefused as error:
        return Comparison("insufficient", error.message)
    return compare_overlap(stored, again, need=len(stored), basis=run.config.basis)


def _asked_again(run: DatasetRun, bars: Bars) -> Answer | None:
    """The answer with these bars as they are now; None if it has others."""
    try:
        answer = ask_for(run, _span_of(bars))
    except RangeRefused:
        return None
    again = reject_invalid(answer.bars)[0]
    is_same = compare_overlap(bars, again, need=len(bars)).verdict == "same"
    return answer if is_same and len(again) == len(bars) else None


def _first_kept(run: DatasetRun, pieces: Pieces) -> tuple[Answer, Bars] | None:
    """The first bars of the kept answers, which have moved if any have, and the answer."""
    for piece in sorted(pieces.kept):
        answer = None if run.kept is None else run.kept.answer(piece)
        sound = None if answer is None else reject_invalid(answer.bars)[0]
        if answer is not None and sound is not None and len(sound):
            return answer, sound.iloc[:JOIN]
    return None


def _span_of(bars: Bars) -> Span:
    return span_through(as_instant(bars.index[0]), as_instant(bars.index[-1]))
