"""Strips of the health board: which days are stored, missing, filled, doubtful."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ml4t_nb import verbs
from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId, Gap
from ml4t_nb.notebook.panels.board_strip import day_number, merged, strip_of, strips_of
from ml4t_nb.records import Health
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.verbs.spans import span_between


def utc(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


DAILY = Health(
    DatasetId("equities", "daily", "AAPL"),
    "incomplete",
    "",
    rows=1200,
    first=utc("1970-01-02"),
    last=utc("1974-12-31"),
    updated=None,
    sessions_behind=0,
    gaps_open=1,
    recent_errors=0,
)


def test_days_are_counted_from_1970_where_the_exchange_is() -> None:
    evening = utc("2024-01-03T02:00")

    assert day_number(utc("1970-01-02")) == 1
    # 54 years with 13 leap days: 1972, 1976 ... 2020.
    assert day_number(utc("2024-01-01")) == 54 * 365 + 13
    assert day_number(evening) - day_number(evening, ZoneInfo("America/New_York")) == 1


def test_each_kind_has_its_spans_and_a_sentence_says_the_same() -> None:
    gaps = (
        Gap(utc("1970-01-05"), utc("1970-01-06"), 2),
        Gap(utc("1970-02-02"), utc("1970-02-02"), 1, state="failed"),
        Gap(utc("1970-03-02"), utc("1970-03-04"), 3, filled_by="forward"),
        Gap(utc("1970-04-01"), utc("1970-04-01"), 1, state="confirmed"),
        Gap(utc("1970-05-01"), utc("1970-05-01"), 1, state="rejected"),
        # Nothing is missing on a day without a session.
        Gap(utc("1970-06-01"), utc("1970-06-01"), 1, state="closed"),
    )
    findings = (
        Finding(utc("1970-07-01"), "spike", "x"),
        Finding(utc("1970-07-02"), "spike", "x", state="accepted"),
        Finding(None, "unknown symbol", "x"),
    )

    strip = strip_of(replace(DAILY, sessions_behind=3), gaps, findings, days=900)

    # The 1st of January is day 0, of February 31, of March 59, April 90, May 120, July 181.
    assert strip.spans == (
        ("absent", ((90, 91), (120, 121))),
        ("filled", ((60, 63),)),
        ("gap", ((4, 6), (32, 33))),
        ("suspect", ((181, 182),)),
    )
    assert strip.words == (
        "1,200 bars from 1970-01-02 to 1974-12-31; 1 finding to decide; 3 bars missing in 2 gaps; "
        "3 bars filled; 2 bars that nobody has; 3 sessions due"
    )


def test_a_week_is_seven_days_long() -> None:
    weekly = replace(DAILY, dataset=DatasetId("equities", "weekly", "AAPL"))
    gap = Gap(utc("1970-01-05"), utc("1970-01-12"), 2)

    assert strip_of(weekly, (gap,), (), days=900).spans == (("gap", ((4, 18),)),)


def test_intraday_bars_are_of_the_exchange_s_day() -> None:
    due = datetime(2024, 1, 4, 16, tzinfo=ZoneInfo("America/New_York"))
    hourly = replace(DAILY, dataset=DatasetId("equities", "hourly", "AAPL"), due=due)
    evening = Gap(utc("2024-01-03T01:00"), utc("2024-01-03T02:00"), 2)

    day = day_number(utc("2024-01-02"))
    assert strip_of(hourly, (evening,), (), days=900).spans == (("gap", ((day, day + 1),)),)


def test_spans_that_no_pixel_keeps_apart_are_joined_and_none_is_lost() -> None:
    spans = [(10, 11), (0, 1), (3, 4), (2, 3), (20, 21)]

    assert merged(spans, 1) == ((0, 1), (2, 4), (10, 11), (20, 21))
    assert merged(spans, 7) == ((0, 11), (20, 21))
    assert merged([(0, 9), (1, 2), (9, 10)], 1) == ((0, 10),)
    # Ten thousand days on a thousand steps: ten days are one.
    gaps = tuple(Gap(at, at, 1) for at in map(utc, ("1970-01-05", "1970-01-09", "1970-02-02")))
    assert strip_of(DAILY, gaps, (), days=10_000).spans == (("gap", ((4, 9), (32, 33))),)


def test_what_is_stored_is_drawn_and_what_cannot_be_read_has_its_range(home: Path) -> None:
    holes = (span_between("2024-01-10", "2024-01-11"),)
    holed = Workspace.open(Settings(home=home, provider="synthetic", synthetic_holes=holes))
    verbs.load(holed, ["HOLE", "SHOT"], start="2024-01-02", as_of="2024-01-31")
    verbs.load(holed, "HOLE", frequency="hourly", start="2024-01-02", as_of="2024-01-05")
    for chunk in (home / "data/equities/daily/SHOT").iterdir():
        chunk.write_bytes(b"short")
    judged = verbs.health(holed, as_of="2024-01-31").datasets

    strips = strips_of(judged, days=30, shared={"as_of": "2024-01-31"})

    found = {str(each): strip.spans for each, strip in strips.items()}
    assert found == {
        "equities/daily/HOLE": (("gap", ((19732, 19733),)),),
        "equities/daily/SHOT": (),
        "equities/hourly/HOLE": (),
    }
    (shot,) = [each for each in judged if each.dataset.symbol == "SHOT"]
    assert strips[shot.dataset].words == "20 bars from 2024-01-02 to 2024-01-31"
