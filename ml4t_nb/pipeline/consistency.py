"""Answers to several requests of one run, between which a provider may restate its history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from ml4t_nb.core.bars import Bars, as_instant
from ml4t_nb.core.overlap import compare
from ml4t_nb.core.request_spans import JOIN
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.model import Span

__all__ = ["count_before_jump", "restated_between"]

# As where a split is looked for in one answer: less than that, prices move by themselves.
_TELLING = 1.25


def restated_between(answers: Sequence[Bars], again: Callable[[Span], Bars]) -> bool:
    """Whether the provider has restated its history between two of its answers.

    Nothing in the bars would tell, since a restated history names no split where the old one
    ends. So the first bars are asked for once more, but only where prices jump from one answer to
    the next: a request costs more than a look.

    Parameters
    ----------
    answers
        On a split-adjusted basis, in the order in which they came.
    again
        Requests bars again.
    """
    sound = [bars for answer in answers if len(bars := reject_invalid(answer)[0])]
    by_time = sorted(sound, key=lambda bars: bars.index[0])
    if not any(_jumps(*pair) for pair in pairwise(by_time)):
        return False
    first = sound[0].iloc[:JOIN]
    span = Span(as_instant(first.index[0]), as_instant(first.index[-1]) + TICK)
    return compare(first, reject_invalid(again(span))[0], need=1).verdict in (
        "restated",
        "suspicious",
    )


def count_before_jump(answers: Sequence[Bars]) -> int:
    """How many answers, from the first on, there are before prices jump from one to the next."""
    before: Bars | None = None
    for count, answer in enumerate(answers):
        sound = reject_invalid(answer)[0]
        if before is not None and len(sound) and _jumps(before, sound):
            return count
        before = sound if len(sound) else before
    return len(answers)


def _jumps(earlier: Bars, later: Bars) -> bool:
    before, after = float(earlier["close"].iloc[-1]), float(later["open"].iloc[0])
    return max(before / after, after / before) >= _TELLING
