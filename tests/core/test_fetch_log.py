"""What was asked for is remembered: once, with what came of it last."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.request_spans import failed_spans, spans_to_fetch, with_attempts
from ml4t_nb.model import FetchAttempt, FetchOutcome, Span


def day(number: int) -> datetime:
    return datetime(2024, 1, number, tzinfo=UTC)


def asked(first: int, last: int, outcome: FetchOutcome, *, at: int = 31) -> FetchAttempt:
    error = "the line is dead" if outcome == "failed" else ""
    return FetchAttempt(Span(day(first), day(last)), day(at), "sample", outcome, error=error)


def test_a_later_answer_takes_the_place_of_an_earlier_one() -> None:
    fetch_log = with_attempts([asked(1, 10, "failed")], [asked(1, 10, "bars")])

    assert fetch_log == (asked(1, 10, "bars"),)


def test_an_answer_to_the_middle_leaves_both_ends_as_they_were() -> None:
    fetch_log = with_attempts([asked(1, 10, "failed")], [asked(4, 6, "bars")])

    assert fetch_log == (asked(1, 4, "failed"), asked(4, 6, "bars"), asked(6, 10, "failed"))
    assert failed_spans(fetch_log) == (Span(day(1), day(4)), Span(day(6), day(10)))


def test_pieces_that_brought_bars_become_one_entry_as_old_as_its_oldest() -> None:
    fetch_log = with_attempts([asked(1, 8, "bars", at=9)], [asked(5, 12, "bars", at=13)])

    assert fetch_log == (asked(1, 12, "bars", at=9),)


def test_a_failure_after_a_failure_counts_on() -> None:
    fetch_log = with_attempts([], [asked(1, 8, "failed")])
    fetch_log = with_attempts(fetch_log, [asked(1, 8, "failed")])

    assert [entry.attempts for entry in fetch_log] == [2]


def test_after_a_failure_only_what_was_never_answered_is_asked_for() -> None:
    fetch_log = (asked(4, 6, "bars"), asked(6, 8, "failed"), asked(8, 9, "empty"))

    assert spans_to_fetch(fetch_log, Span(day(1), day(12))) == (
        Span(day(1), day(4)),
        Span(day(6), day(8)),
        Span(day(9), day(12)),
    )


def test_where_nothing_failed_all_is_asked_for_again() -> None:
    fetch_log = (asked(4, 6, "bars"), asked(20, 22, "failed"))

    assert spans_to_fetch(fetch_log, Span(day(1), day(12))) == (Span(day(1), day(12)),)


entries = st.builds(
    lambda first, length, outcome: asked(first, first + length, outcome),
    st.integers(1, 20),
    st.integers(1, 8),
    st.sampled_from(["bars", "empty", "failed"]),
)


@given(st.lists(entries, max_size=12))
def test_each_day_keeps_its_last_answer_or_else_its_failure(news: list[FetchAttempt]) -> None:
    fetch_log: tuple[FetchAttempt, ...] = ()
    for new in news:
        fetch_log = with_attempts(fetch_log, [new])

    for number in range(1, 29):
        all_of_it = [each.outcome for each in news if day(number) in each.span]
        answers = [outcome for outcome in all_of_it if outcome != "failed"]
        expected = answers[-1:] or all_of_it[-1:]
        assert [each.outcome for each in fetch_log if day(number) in each.span] == expected
