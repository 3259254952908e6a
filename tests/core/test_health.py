from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from ml4t_nb.calendars import calendar
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.health_state import judge
from ml4t_nb.model import DatasetId, Frequency, SessionOverride
from ml4t_nb.records import Summary

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
