"""What a target is told: each change of state once, a recovery once, and nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.calendars import calendar
from ml4t_nb.core.health_state import judge
from ml4t_nb.core.notices import (
    after_failure,
    due_notices,
    is_late,
    is_to_be_tried,
    observe,
)
from ml4t_nb.model import DatasetId, Frequency, NextStep
from ml4t_nb.notice import Condition, Notice, NoticeState, Observed, ToldState
from ml4t_nb.records import (
    Ended,
    ErrorNote,
    Health,
    Outcome,
    Restatement,
    Summary,
    UpdateRecord,
    UpdateResult,
)

AAPL, IBM = (DatasetId("equities", "daily", symbol) for symbol in ("AAPL", "IBM"))
NIGHT = datetime(2024, 1, 12, 22, tzinfo=UTC)
DAY = timedelta(days=1)
EVERY: tuple[NoticeState, ...] = get_args(NoticeState)
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
HALF_HOUR = timedelta(minutes=30)


def seen(
    dataset: DatasetId, *states: Condition, unknown: tuple[Condition, ...] = (), split: bool = False
) -> Observed:
    conditions = {each: Notice(dataset, each, f"it is {each}") for each in states}
    restated = Notice(dataset, "restated", "2:1") if split else None
    return Observed(dataset, "up to date", conditions, frozenset(unknown), restated)


def told_in_turn(
    *runs: Observed, on: tuple[NoticeState, ...] = EVERY
) -> list[list[tuple[str, NoticeState]]]:
    """What a target that takes every message is told in each of the runs, one a night."""
    told, messages = ToldState(), []
    for number, run in enumerate(runs):
        notices, told = due_notices(told, [run], on, NIGHT + number * DAY)
        messages.append([(each.dataset.symbol, each.state) for each in notices])
    return messages


def test_a_condition_is_told_when_it_begins_and_its_end_once() -> None:
    runs = seen(AAPL), seen(AAPL, "failed"), seen(AAPL, "failed"), seen(AAPL), seen(AAPL)

    assert told_in_turn(*runs) == [
        [],
        [("AAPL", "failed")],
        [],
        [("AAPL", "recovered")],
        [],
    ]


def test_a_dataset_has_recovered_when_the_last_of_its_conditions_ends() -> None:
    runs = seen(AAPL, "failed", "suspect"), seen(AAPL, "suspect"), seen(AAPL, "late"), seen(AAPL)

    assert told_in_turn(*runs) == [
        [("AAPL", "failed"), ("AAPL", "suspect")],
        [],
        [("AAPL", "late")],
        [("AAPL", "recovered")],
    ]


def test_what_a_run_could_not_judge_neither_begins_nor_ends() -> None:
    runs = seen(AAPL, "late"), seen(AAPL, unknown=("late",)), seen(AAPL, "late"), seen(IBM)

    assert told_in_turn(*runs) == [[("AAPL", "late")], [], [], []]


def test_a_failure_explains_that_bars_are_late_as_long_as_it_may_last() -> None:
    outage = seen(AAPL, "late", unknown=("failed",))
    failed = seen(AAPL, "failed", unknown=("late",))

    # A failure and an outage in turn are one fault, and one that is over leaves what it explained.
    assert told_in_turn(failed, outage, failed, outage, seen(AAPL)) == [
        [("AAPL", "failed")],
        [],
        [],
        [],
        [("AAPL", "recovered")],
    ]
    assert told_in_turn(failed, outage, seen(AAPL, "late"), seen(AAPL)) == [
        [("AAPL", "failed")],
        [],
        [("AAPL", "late")],
        [("AAPL", "recovered")],
    ]
    # Who is not told of failures is told of what they explain.
    assert told_in_turn(failed, outage, on=("late",)) == [[], [("AAPL", "late")]]


def test_a_target_is_told_nothing_but_the_states_it_wants() -> None:
    runs = seen(AAPL, "failed", "suspect", split=True), seen(AAPL, "suspect"), seen(AAPL)

    assert told_in_turn(*runs, on=("failed",)) == [[("AAPL", "failed")], [], []]
    assert told_in_turn(*runs, on=("failed", "recovered")) == [
        [("AAPL", "failed")],
        [("AAPL", "recovered")],
        [],
    ]
    assert told_in_turn(*runs, on=("restated",)) == [[("AAPL", "restated")], [], []]


def test_a_state_that_a_target_wants_from_now_on_is_told_to_it_now() -> None:
    _, told = due_notices(ToldState(), [seen(AAPL, "failed", "suspect")], EVERY[:1], NIGHT)

    notices, _ = due_notices(told, [seen(AAPL, "failed", "suspect")], EVERY, NIGHT + DAY)

    assert [each.state for each in notices] == ["suspect"]


RUNS = st.lists(
    st.lists(
        st.builds(
            lambda dataset, states, unknown, split: seen(
                dataset, *states, unknown=tuple(unknown - states), split=split
            ),
            st.sampled_from([AAPL, IBM]),
            st.sets(st.sampled_from(CONDITIONS)),
            st.sets(st.sampled_from(CONDITIONS)),
            st.booleans(),
        ),
        max_size=2,
        unique_by=lambda each: each.dataset,
    ),
    max_size=12,
)


@given(runs=RUNS, on=st.sets(st.sampled_from(EVERY)))
def test_of_any_runs_each_change_is_told_once_and_each_recovery_once(
    runs: list[list[Observed]], on: set[NoticeState]
) -> None:
    told = ToldState()
    holding: dict[DatasetId, set[str]] = {AAPL: set(), IBM: set()}  # as the target reads it
    for number, run in enumerate(runs):
        notices, told = due_notices(told, run, on, NIGHT + number * DAY)
        said = [(each.dataset, each.state) for each in notices]
        assert len(said) == len(set(said))
        for found in run:
            before = holding[found.dataset]
            kept = {
                state for state in before if state in found.conditions or state in found.unknown
            }
            explained = {"late"} if "failed" in kept else set()
            now = kept | (({*found.conditions} & on) - explained)
            wanted = {str(state) for state in now - before}
            wanted |= {"recovered"} & on if before and not now else set()
            wanted |= {"restated"} & on if found.restated else set()
            assert {state for dataset, state in said if dataset == found.dataset} == wanted
            holding[found.dataset] = {*now}
        assert {dataset for dataset, _ in said} <= {each.dataset for each in run}
        known = {(each.dataset, each.state) for each in told.conditions}
        assert known == {(each, state) for each in holding for state in holding[each]}


@given(runs=RUNS, arrives=st.lists(st.booleans(), min_size=12, max_size=12))
def test_of_any_runs_a_restatement_is_told_once_although_messages_are_lost(
    runs: list[list[Observed]], arrives: list[bool]
) -> None:
    told, happened, said = ToldState(), 0, 0
    for number, (run, has_arrived) in enumerate(zip(runs, arrives, strict=False)):
        due = due_notices(told, run, EVERY, NIGHT + number * DAY)
        happened += sum(each.restated is not None for each in run)
        if has_arrived:
            said += sum(each.state == "restated" for each in due.notices)
            told = due.after
        else:
            # It was not tried, so that it does not count among those it did not take.
            told = after_failure(told, due, None)
        assert said + len(told.unsent) == happened


def test_a_message_that_is_not_taken_is_tried_again_less_and_less_often() -> None:
    told, tried = ToldState(), []
    for quarters in range(400):
        as_of = NIGHT + quarters * timedelta(minutes=15)
        due = due_notices(told, [seen(AAPL, "failed", split=quarters == 0)], EVERY, as_of)
        if due.notices and is_to_be_tried(told, as_of):
            tried.append((quarters, [each.state for each in due.notices]))
            told = after_failure(told, due, as_of)

    # After a quarter of an hour, one, four and sixteen hours; then it counts as told.
    assert [number for number, _ in tried] == [0, 1, 5, 21, 85]
    assert all(sorted(states) == ["failed", "restated"] for _, states in tried)
    assert due_notices(told, [seen(AAPL)], EVERY, as_of).notices == (
        Notice(AAPL, "recovered", "up to date"),
    )


def test_what_passes_before_a_target_takes_messages_is_not_told_at_all() -> None:
    due = due_notices(ToldState(), [seen(AAPL, "failed")], EVERY, NIGHT)
    told = after_failure(ToldState(), due, NIGHT)

    assert due_notices(told, [seen(AAPL)], EVERY, NIGHT + DAY).notices == ()


def result(
    outcome: Outcome = "changed", error: str = "", *, verb: str = "update", split: bool = False
) -> UpdateResult:
    note = ErrorNote(error, "it went wrong", "look") if error else None
    restatement = Restatement(2.0) if split else None
    record = UpdateRecord(NIGHT, verb, "yahoo", outcome, error=note, restatement=restatement)
    return UpdateResult(AAPL, record, rows=9)


STORED = Summary(AAPL, "yahoo", 9, NIGHT, NIGHT, NIGHT, 9, 1, "yearly", "XNYS")


def states(
    of: UpdateResult, summary: Summary | None = STORED, *, late: bool | None = False
) -> tuple[list[str], list[str]]:
    """Conditions that hold and those that are not known, as a run on AAPL finds them."""
    health = judged_well() if summary else None
    found = observe(of, summary, health, as_of=NIGHT, is_late=late)
    assert (found.restated is not None) == (of.record.restatement is not None)
    return sorted(found.conditions), sorted(found.unknown)


def test_a_run_that_went_well_leaves_nothing_unknown() -> None:
    assert states(result()) == ([], [])
    assert states(result(split=True)) == ([], [])


@pytest.mark.parametrize("outcome", ["failed", "partial"])
def test_an_error_is_a_failure_which_explains_that_bars_are_missing(outcome: Outcome) -> None:
    assert states(result(outcome, "Suspicious"), late=True) == (["failed"], ["late"])


@pytest.mark.parametrize(
    "error", ["ProviderUnavailable", "RateLimited", "LockTimeout", "SplitPending"]
)
def test_an_error_that_passes_is_no_failure_until_it_makes_bars_late(error: str) -> None:
    assert states(result("failed", error)) == ([], ["failed"])
    assert states(result("failed", error), late=True) == (["late"], ["failed"])


def test_a_load_says_nothing_about_bars_that_are_late() -> None:
    assert states(result(verb="load"), late=True) == ([], ["late"])


def test_a_sync_that_could_not_begin_finds_bars_late_too() -> None:
    assert states(result("failed", "ProviderUnavailable", verb="sync"), late=True) == (
        ["late"],
        ["failed"],
    )


def test_of_what_is_not_stored_or_damaged_only_a_failure_is_known() -> None:
    others = ["late", "suspect", "vanishing"]
    assert states(result("failed", "SymbolUnknown"), None, late=None) == (["failed"], others)
    assert states(result(), replace(STORED, damage="a file is missing")) == ([], others)


def test_findings_to_decide_make_it_suspect() -> None:
    found = observe(
        result(),
        replace(STORED, suspect=2, finding="a spike"),
        judged_well(),
        as_of=NIGHT,
        is_late=False,
    )

    assert found.conditions == {
        "suspect": Notice(
            AAPL, "suspect", "2 findings to decide: a spike", NextStep("review", AAPL)
        )
    }


@pytest.mark.parametrize(
    ("lost_from", "gaps_open", "found"),
    [
        (NIGHT + 8 * DAY, 1, ([], ["vanishing"])),
        (NIGHT + 6 * DAY, 1, (["vanishing"], [])),
        (NIGHT, 1, (["vanishing"], [])),
        (None, 1, ([], ["vanishing"])),  # they may be lost by now
        (None, 0, ([], [])),
    ],
)
def test_bars_that_are_missing_vanish_when_they_are_lost_within_a_week(
    lost_from: datetime | None, gaps_open: int, found: tuple[list[str], list[str]]
) -> None:
    health = replace(judged_well(), lost_from=lost_from)
    summary = replace(STORED, gaps_open=gaps_open)

    seen = observe(result(), summary, health, as_of=NIGHT, is_late=False)

    assert (sorted(seen.conditions), sorted(seen.unknown)) == found


def judged_well() -> Health:
    return judge(
        STORED,
        dates=calendar("XNYS"),
        as_of=NIGHT,
        delay=HALF_HOUR,
        stale_after=timedelta(days=7),
    )


FRIDAY = datetime(2024, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("frequency", "last", "as_of", "late"),
    [
        # Monday was Martin Luther King day; sessions close at 21:00 UTC, and the delay is over
        # half an hour later.
        ("daily", FRIDAY, "2024-01-16T21:30", False),  # Tuesday's bar is not there yet,
        ("daily", FRIDAY, "2024-01-17T21:29", False),
        ("daily", FRIDAY, "2024-01-17T21:30", True),  # nor when Wednesday's should be.
        ("daily", datetime(2024, 1, 16, tzinfo=UTC), "2024-01-17T21:30", False),
        ("weekly", datetime(2024, 1, 1, tzinfo=UTC), "2024-01-12T22:00", False),
        ("weekly", datetime(2024, 1, 1, tzinfo=UTC), "2024-01-16T21:29", False),
        ("weekly", datetime(2024, 1, 1, tzinfo=UTC), "2024-01-16T21:30", True),
        ("5m", datetime(2024, 1, 12, 18, tzinfo=UTC), "2024-01-13T00:00", False),
        ("5m", datetime(2024, 1, 12, 18, tzinfo=UTC), "2024-01-16T21:30", True),
        ("5m", datetime(2024, 1, 12, 20, 55, tzinfo=UTC), "2024-01-16T21:30", False),
    ],
)
def test_bars_are_late_when_another_session_has_closed_since_they_could_be_fetched(
    frequency: Frequency, last: datetime, as_of: str, *, late: bool
) -> None:
    moment = datetime.fromisoformat(f"{as_of}+00:00")
    summary = replace(STORED, dataset=DatasetId("equities", frequency, "AAPL"), last=last)
    dates = calendar("XNYS")

    assert is_late(summary, dates, as_of=moment, delay=HALF_HOUR) is late
    ended = replace(summary, ended=Ended(FRIDAY.date(), FRIDAY))
    assert not is_late(ended, dates, as_of=moment, delay=HALF_HOUR)
