from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ml4t_nb.calendars import calendar
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.health_state import judge
from ml4t_nb.model import DatasetId, Frequency, NextStep, SessionOverride, Span
from ml4t_nb.records import Ended, Health, Summary

FRIDAY = datetime(2024, 1, 12, tzinfo=UTC)
WEDNESDAY_NIGHT = datetime(2024, 1, 17, 22, tzinfo=UTC)  # Monday was Martin Luther King day


def behind(
    dates: Calendar, frequency: Frequency = "daily", as_of: datetime = WEDNESDAY_NIGHT
) -> int:
    dataset = DatasetId("equities", frequency, "AAPL")
    summary = Summary(dataset, "sample", 9, FRIDAY, FRIDAY, FRIDAY, 9, 1, "yearly", "XNYS")
    delay, week = timedelta(minutes=30), timedelta(days=7)
    judged = judge(summary, dates=dates, as_of=as_of, delay=delay, stale_after=week)
    return judged.sessions_behind


def test_declared_closures_of_one_judgement_do_not_count_in_the_next() -> None:
    plain = calendar("XNYS")
    shut = calendar("XNYS", (SessionOverride("XNYS", date(2024, 1, 17)),))
    more = calendar("XNYS", (SessionOverride("XNYS", date(2024, 1, 15), is_open=True),))

    counts = [behind(each) for each in (plain, shut, more, plain, shut, more)]

    assert counts == [2, 1, 3, 2, 1, 3]


def test_datasets_that_end_alike_are_judged_by_their_own_calendar_frequency_and_instant() -> None:
    assert [behind(calendar(name)) for name in ("XNYS", "24/7", "nyse", "XNYS")] == [2, 4, 2, 2]
    assert behind(calendar("XNYS"), "weekly") == 0
    assert behind(calendar("XNYS"), as_of=WEDNESDAY_NIGHT - timedelta(days=1)) == 1
    assert behind(calendar("XNYS")) == 2


def test_bars_that_the_provider_has_not_are_named_though_nothing_can_be_done() -> None:
    dataset = DatasetId("equities", "daily", "AAPL")
    summary = Summary(
        dataset, "sample", 9, FRIDAY, FRIDAY, FRIDAY, 9, 1, "yearly", "XNYS", unserved=10
    )

    judged = judge(
        summary,
        dates=calendar("XNYS"),
        as_of=FRIDAY + timedelta(hours=22),
        delay=timedelta(minutes=30),
        stale_after=timedelta(days=7),
    )

    assert (judged.state, judged.reason) == (
        "healthy",
        "up to date, 10 bars missing (not available from the provider)",
    )


AAPL = DatasetId("equities", "daily", "AAPL")
WHOLE = Summary(AAPL, "sample", 9, FRIDAY, FRIDAY, FRIDAY, 9, 1, "yearly", "XNYS")
FRIDAY_NIGHT = FRIDAY + timedelta(hours=22)
MONTH = FRIDAY_NIGHT + timedelta(days=31)
SPIKE = "close 10 times its neighbours"


def judged(
    summary: Summary, as_of: datetime = FRIDAY_NIGHT, *, days: float = 7, dates: str = "XNYS"
) -> Health:
    return judge(
        summary,
        dates=calendar(dates),
        as_of=as_of,
        delay=timedelta(minutes=30),
        stale_after=timedelta(days=days),
    )


def test_a_finding_to_be_decided_makes_a_dataset_suspect() -> None:
    one = judged(replace(WHOLE, suspect=1, finding=SPIKE))
    three = judged(replace(WHOLE, suspect=3, finding=SPIKE))

    assert (one.state, one.also, one.suspect) == ("suspect", (), 1)
    assert one.reason == f"1 finding to decide: {SPIKE}"
    assert three.reason == f"3 findings to decide: {SPIKE}"
    assert three.step == NextStep("review", AAPL)
    assert judged(WHOLE).state == "healthy"


def test_the_worst_state_is_the_state_and_the_others_are_said() -> None:
    doubted = replace(WHOLE, suspect=1, finding=SPIKE)
    late = judged(doubted, MONTH)
    failed = judged(replace(doubted, last_error="no network"), MONTH)
    holed = judged(replace(doubted, gaps_open=1, missing=2))
    damaged = judged(replace(doubted, damage="chunk x is cut"), MONTH)

    assert (late.state, late.also) == ("suspect", ("stale",))
    assert late.reason == f"1 finding to decide: {SPIKE}; also stale: 20 sessions behind"
    assert (failed.state, failed.also) == ("error", ("suspect", "stale"))
    assert failed.step == NextStep("update", AAPL)
    assert (holed.state, holed.also) == ("suspect", ("incomplete",))
    assert holed.reason.endswith("; also incomplete: gaps detected: 2 bars missing in 1 gap")
    # Of what cannot be read, nothing else is known.
    assert (damaged.state, damaged.also, damaged.reason) == ("error", (), "chunk x is cut")


def test_gaps_make_it_incomplete_and_not_stale() -> None:
    holed = replace(WHOLE, gaps_open=3, missing=14)
    now, late = judged(holed), judged(holed, MONTH)
    unattended = judged(replace(holed, updated=FRIDAY_NIGHT - timedelta(days=9)))

    assert (now.state, now.also, now.gaps_open) == ("incomplete", (), 3)
    assert now.reason == "gaps detected: 14 bars missing in 3 gaps"
    assert now.step == NextStep("gaps", AAPL)
    assert (late.state, late.also) == ("stale", ("incomplete",))
    assert late.reason == (
        "data are stale: 20 sessions behind; "
        "also incomplete: gaps detected: 14 bars missing in 3 gaps"
    )
    assert late.step == NextStep("update", AAPL)
    assert (unattended.state, unattended.also) == ("stale", ("incomplete",))


def test_what_has_ended_is_not_stale_however_long_ago() -> None:
    ended = replace(WHOLE, ended=Ended(date(2024, 1, 12), FRIDAY, "bought by IBM"))

    for each in (
        judged(ended, MONTH),
        judged(replace(ended, last_error="unknown symbol", failed_requests=9), MONTH),
    ):
        assert (each.state, each.reason) == ("healthy", "ended on 2024-01-12: bought by IBM")
        assert (each.sessions_behind, each.step) == (0, "")
    assert judged(ended).ended == date(2024, 1, 12)
    silent = replace(ended, ended=Ended(date(2024, 1, 12), FRIDAY))
    assert judged(silent, MONTH).reason == "ended on 2024-01-12"


def test_what_has_ended_is_incomplete_while_its_history_has_holes() -> None:
    # No update asks for them any more: only a person closes them.
    ended = replace(WHOLE, ended=Ended(date(2024, 1, 12), FRIDAY, "bought by IBM"))
    holes = judged(replace(ended, gaps_open=1, missing=2), MONTH)

    assert (holes.state, holes.also) == ("incomplete", ())
    assert holes.reason == (
        "gaps detected: 2 bars missing in 1 gap; ended on 2024-01-12: bought by IBM"
    )
    assert holes.step == NextStep("gaps", AAPL)


def test_what_has_ended_is_suspect_or_in_error_all_the_same() -> None:
    ended = replace(WHOLE, ended=Ended(date(2024, 1, 12), FRIDAY))

    assert judged(replace(ended, suspect=1, finding=SPIKE), MONTH).state == "suspect"
    assert judged(replace(ended, damage="chunk x is cut"), MONTH).state == "error"


@pytest.mark.parametrize(
    ("since", "days", "dates", "state"),
    [
        (timedelta(days=7), 7, "XNYS", "healthy"),
        (timedelta(days=9, hours=1), 7, "XNYS", "stale"),
        (timedelta(days=9), 14, "XNYS", "healthy"),
        # No run is made on a weekend by everybody, however strict the threshold.
        (timedelta(days=3), 0, "XNYS", "healthy"),
        (timedelta(days=5), 0, "XNYS", "stale"),
        (timedelta(days=9), 7, "24/7", "healthy"),
    ],
)
def test_bars_that_look_current_are_stale_where_nobody_looked_for_long(
    since: timedelta, days: float, dates: str, state: str
) -> None:
    last = FRIDAY_NIGHT if dates == "24/7" else FRIDAY
    found = judged(replace(WHOLE, last=last, updated=FRIDAY_NIGHT - since), days=days, dates=dates)

    assert (found.state, found.days_since_run) == (state, since.days)
    if state == "stale":
        number = since.days
        assert found.reason == (
            f"up to date by its calendar, but no run has reached a provider for {number} days"
        )
        assert found.step == NextStep("update", AAPL)


def test_days_since_a_run_are_whole_and_never_negative() -> None:
    assert judged(WHOLE, FRIDAY + timedelta(days=2, hours=23)).days_since_run == 2
    assert judged(replace(WHOLE, updated=MONTH)).days_since_run == 0
    assert judged(replace(WHOLE, updated=None)).days_since_run is None


def test_three_failed_runs_of_ten_are_said_and_change_no_state() -> None:
    two, three = (judged(replace(WHOLE, failed_requests=number)) for number in (2, 3))

    assert (two.state, two.reason) == ("healthy", "up to date")
    assert (three.state, three.reason) == ("healthy", "up to date, 3 of the last 10 runs failed")


def test_bars_rejected_or_from_others_are_counted() -> None:
    found = judged(replace(WHOLE, rejected=2, taken=1, currency="GBp"))

    assert found.reason == "up to date, 2 bars rejected, bars of another provider in 1 place"
    assert found.currency == "GBp"


NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("last", "frequency", "due"),
    [
        # Monday the 15th is Martin Luther King day. Bars are final half an hour after 16:00.
        (FRIDAY, "daily", "2024-01-16 16:30"),
        (FRIDAY - timedelta(days=1), "daily", "2024-01-12 16:30"),
        (FRIDAY_NIGHT - timedelta(hours=1.5), "hourly", "2024-01-16 16:30"),
        (FRIDAY - timedelta(days=4), "weekly", "2024-01-19 16:30"),
        # The day after Thanksgiving closes at 13:00.
        (datetime(2024, 11, 27, tzinfo=UTC), "daily", "2024-11-29 13:30"),
    ],
)
def test_the_next_bar_is_due_when_its_session_is_final(
    last: datetime, frequency: Frequency, due: str
) -> None:
    dataset = DatasetId("equities", frequency, "AAPL")
    stored = replace(WHOLE, dataset=dataset, last=last, updated=None)

    found = judged(stored, last + timedelta(hours=22)).due

    assert found is not None
    assert (f"{found:%Y-%m-%d %H:%M}", found.tzinfo) == (due, NEW_YORK)


def minutes(last: datetime, as_of: datetime, **more: Any) -> Health:  # noqa: ANN401
    dataset = DatasetId("equities", "1m", "AAPL")
    return judge(
        replace(WHOLE, dataset=dataset, last=last, updated=as_of, **more),
        dates=calendar("XNYS"),
        as_of=as_of,
        delay=timedelta(minutes=30),
        stale_after=timedelta(days=7),
        reach=timedelta(days=29),
    )


def test_minutes_that_are_about_to_leave_the_provider_s_reach_are_named_with_the_date() -> None:
    # Friday's session began at 14:30 UTC and Thursday's last minute at 20:59.
    thursday = datetime(2024, 1, 4, 20, 59, tzinfo=UTC)
    late, later, lost = (
        minutes(thursday, thursday + timedelta(days=days)) for days in (1.1, 20, 40)
    )

    assert late.reason == "1 session behind"
    assert late.lost_from == datetime(2024, 2, 3, 14, 30, tzinfo=UTC)
    assert later.reason == (
        "data are stale: 12 sessions behind; "
        "one-minute bars of 2024-01-05 and later are lost from 2024-02-03 on"
    )
    assert lost.reason.endswith(
        "; one-minute bars before 2024-01-15 are lost already, and more every day"
    )


def test_a_gap_that_is_about_to_be_lost_is_named_and_days_of_a_provider_without_end_are_not() -> (
    None
):
    gap = Span(datetime(2024, 1, 3, 15, tzinfo=UTC), datetime(2024, 1, 3, 16, tzinfo=UTC))
    friday = datetime(2024, 1, 12, 20, 59, tzinfo=UTC)

    holed = minutes(friday, FRIDAY_NIGHT, gaps_open=1, missing=60, pending=(gap,))

    assert holed.reason == (
        "gaps detected: 60 bars missing in 1 gap; "
        "one-minute bars of 2024-01-03 and later are lost from 2024-02-01 on"
    )
    assert minutes(friday, FRIDAY_NIGHT).lost_from is None
    assert judged(WHOLE, MONTH).lost_from is None


def test_bars_that_are_behind_are_due_since_the_oldest_session_missed() -> None:
    # Of the sessions of Tuesday the 16th and Wednesday, the older one closed at 16:00.
    late = judged(WHOLE, WEDNESDAY_NIGHT)

    assert (late.sessions_behind, late.due) == (2, datetime(2024, 1, 16, 16, 30, tzinfo=NEW_YORK))


def test_the_time_it_is_due_is_that_of_its_exchange_and_none_where_no_bar_will_come() -> None:
    tokyo = judged(replace(WHOLE, calendar="XTKS", updated=FRIDAY_NIGHT), dates="XTKS")
    ended = replace(WHOLE, ended=Ended(date(2024, 1, 12), FRIDAY))

    # Friday 22:00 UTC is Saturday in Tokyo, which closed at 15:00 until November of 2024.
    assert tokyo.due == datetime(2024, 1, 15, 15, 30, tzinfo=TOKYO)
    assert tokyo.due is not None
    assert tokyo.due.tzinfo == TOKYO
    assert judged(ended).due is None
    assert judged(replace(WHOLE, last=None)).due is None
