from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.gap_detection import merge_gaps
from ml4t_nb.model import Gap, GapState, Span


def day(number: int) -> datetime:
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=number)


def gap(first: int, last: int) -> Gap:
    return Gap(day(first), day(last), missing=last - first + 1)


def span(first: int, end: int) -> Span:
    return Span(day(first), day(end))


def asked(gap: Gap, state: GapState) -> Gap:
    return replace(gap, state=state, attempts=2, asked=day(90), error="no answer")


def test_gaps_outside_the_span_stay_as_they_are() -> None:
    before = replace(gap(1, 2), state="confirmed", attempts=2)
    after = replace(gap(20, 21), state="closed")

    assert merge_gaps((before, after), (gap(10, 11),), span(5, 15)) == (before, gap(10, 11), after)


def test_a_gap_not_found_again_is_gone() -> None:
    assert merge_gaps((gap(10, 11),), (), span(5, 15)) == ()


def test_a_gap_found_again_keeps_its_state_and_history() -> None:
    known = replace(asked(gap(10, 11), "failed"), filled_by="forward")

    assert merge_gaps((known,), (gap(10, 11),), span(5, 15)) == (known,)


@pytest.mark.parametrize("state", get_args(GapState))
def test_what_is_left_of_a_gap_keeps_its_state_and_history(state: GapState) -> None:
    known = replace(asked(gap(8, 12), state), filled_by="zero")

    left = merge_gaps((known,), (gap(8, 9), gap(11, 12)), span(5, 15))

    assert left == (
        replace(known, start=day(8), end=day(9), missing=2),
        replace(known, start=day(11), end=day(12), missing=2),
    )


def test_a_gap_that_grew_is_open_again() -> None:
    known = replace(gap(10, 11), state="confirmed", filled_by="forward", attempts=2)

    assert merge_gaps((known,), (gap(9, 12),), span(5, 15)) == (gap(9, 12),)


def test_a_gap_that_joins_a_failed_one_is_failed() -> None:
    confirmed = replace(gap(8, 9), state="confirmed", attempts=2)
    failed = replace(gap(11, 12), state="failed", attempts=1, error="no answer")

    merged = merge_gaps((confirmed, failed), (gap(8, 12),), span(5, 15))

    assert merged == (replace(gap(8, 12), state="failed", attempts=1, error="no answer"),)


def test_a_known_gap_that_a_found_one_covers_may_reach_out_of_the_span() -> None:
    known = replace(gap(3, 7), state="confirmed", attempts=2)

    assert merge_gaps((known,), (gap(3, 7),), span(5, 15)) == (known,)


@pytest.mark.parametrize("found", [(), (gap(5, 7),)])
def test_a_span_that_cuts_a_known_gap_is_refused(found: tuple[Gap, ...]) -> None:
    with pytest.raises(ValueError, match="cuts the gap"):
        merge_gaps((gap(3, 7),), found, span(5, 15))


def test_the_end_of_the_span_is_not_in_it() -> None:
    known = gap(15, 16)

    assert merge_gaps((known,), (), span(5, 15)) == (known,)


@st.composite
def gaps(draw: st.DrawFn) -> tuple[Gap, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 60), max_size=16)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    # A day between one gap and the next is held.
    return tuple(
        replace(gap(first, last - 1), state=draw(st.sampled_from(["open", "failed", "confirmed"])))
        for first, last in pairs
    )


@given(known=gaps(), found=gaps())
def test_looking_again_everywhere_finds_just_what_is_found(
    known: tuple[Gap, ...], found: tuple[Gap, ...]
) -> None:
    merged = merge_gaps(known, found, span(0, 100))

    assert [(each.start, each.end, each.missing) for each in merged] == [
        (each.start, each.end, each.missing) for each in found
    ]
    assert merge_gaps(merged, found, span(0, 100)) == merged
