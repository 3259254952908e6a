"""What each of the last sessions has: by hand, and against a look at every bar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml4t_nb import verbs
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import OptionError
from ml4t_nb.model import AssetClass, Frequency, SessionOverride, Span
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.verbs.spans import instant, span_between


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def synthetic(home: Path, *holes: Span, closures: tuple[SessionOverride, ...] = ()) -> Workspace:
    return Workspace.open(
        Settings(home=home, provider="synthetic", synthetic_holes=holes, closures=closures)
    )


def states(ws: Workspace, number: int, as_of: str, **options: Any) -> dict[str, str]:  # noqa: ANN401
    """Of the only dataset: month and day of each of its last sessions, and what it has."""
    (recent,) = verbs.health(ws, sessions=number, as_of=as_of, **options).recent
    return {f"{each.session:%m-%d}": each.state for each in recent}


def test_nothing_is_printed_unless_requested(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-12")

    assert verbs.health(ws, as_of="2024-01-12").recent == ()


def test_a_negative_number_is_refused(home: Path) -> None:
    with pytest.raises(OptionError, match="negative"):
        verbs.health(synthetic(home), sessions=-1)


def test_weekends_and_holidays_are_not_sessions(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-17")

    # The 13th and 14th are a weekend, the 15th is Martin Luther King day.
    assert states(ws, 5, "2024-01-17") == {
        "01-10": "present", "01-11": "present", "01-12": "present", "01-16": "present",
        "01-17": "present",
    }  # fmt: skip


def test_before_the_first_bar_there_is_nothing(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", start="2024-01-16", as_of="2024-01-17")

    assert states(ws, 20, "2024-01-17") == {"01-16": "present", "01-17": "present"}


@pytest.mark.parametrize("frequency", ["daily", "weekly", "5m"])
def test_any_number_may_be_asked_for_at_any_time(home: Path, frequency: Frequency) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", frequency=frequency, start="2024-01-08", as_of="2024-01-12")

    assert set(states(ws, 10**6, "2024-01-12").values()) == {"present"}
    assert states(ws, 5, "2023-06-01") == {}
    assert states(ws, 1, "2024-01-05") == {}


def test_a_gap_is_missing_and_its_state_is_reported(home: Path) -> None:
    ws = synthetic(home, span_between("2024-01-10", "2024-01-12"))
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-17")

    (recent,) = verbs.health(ws, sessions=6, as_of="2024-01-17").recent

    assert [(f"{each.session:%m-%d}", each.state, each.gap) for each in recent] == [
        ("01-09", "present", None),
        ("01-10", "missing", "open"),
        ("01-11", "missing", "open"),
        ("01-12", "present", None),
        ("01-16", "present", None),
        ("01-17", "present", None),
    ]


def test_a_gap_that_is_filled_says_so_and_one_that_is_closed_too(home: Path) -> None:
    ws = synthetic(
        home, span_between("2024-01-10", "2024-01-11"), span_between("2024-01-12", "2024-01-13")
    )
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-17")
    verbs.gaps(ws, end="2024-01-10", refill="forward", as_of="2024-01-17")
    verbs.gaps(ws, start="2024-01-12", close="halted", as_of="2024-01-17")

    assert states(ws, 5, "2024-01-17") == {
        "01-10": "filled", "01-11": "present", "01-12": "closed", "01-16": "present",
        "01-17": "present",
    }  # fmt: skip


def test_final_sessions_after_the_last_bar_are_behind(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-11")

    report = verbs.health(ws, sessions=4, as_of="2024-01-17")

    assert states(ws, 4, "2024-01-17") == {
        "01-11": "present", "01-12": "behind", "01-16": "behind", "01-17": "behind"
    }  # fmt: skip
    assert report.datasets[0].sessions_behind == 3


def test_a_session_that_has_not_closed_yet_is_not_reported(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-11")

    # The 12th closes at 16:00 in New York.
    assert "01-12" not in states(ws, 4, "2024-01-12T20:59Z")
    assert states(ws, 4, "2024-01-12T21:00Z")["01-12"] == "behind"


def test_the_past_is_reported_as_of_then(home: Path) -> None:
    ws = synthetic(home, span_between("2024-01-10", "2024-01-11"))
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-17")

    assert states(ws, 2, "2024-01-10") == {"01-09": "present", "01-10": "missing"}


def test_a_declared_closure_is_a_session_that_was_closed(home: Path) -> None:
    shut = (SessionOverride("XNYS", date(2024, 1, 11)), SessionOverride("XNYS", date(2024, 1, 16)))
    ws = synthetic(
        home,
        span_between("2024-01-11", "2024-01-12"),
        span_between("2024-01-16", "2024-01-17"),
        closures=shut,
    )
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-12")

    # The 16th is closed although nothing has been asked for since the 12th.
    assert states(ws, 5, "2024-01-17") == {
        "01-10": "present", "01-11": "closed", "01-12": "present", "01-16": "closed",
        "01-17": "behind",
    }  # fmt: skip


def test_a_closure_declared_today_does_not_rewrite_what_was_stored_before(home: Path) -> None:
    verbs.load(synthetic(home), "DEMO", start="2024-01-02", as_of="2024-01-12")
    ws = synthetic(home, closures=(SessionOverride("XNYS", date(2024, 1, 11)),))

    # There is a bar of the 11th, and no update has judged it anew.
    assert states(ws, 2, "2024-01-12") == {"01-11": "present", "01-12": "present"}

    verbs.update(ws, as_of="2024-01-16")

    assert states(ws, 3, "2024-01-16") == {
        "01-11": "extra", "01-12": "present", "01-16": "present"
    }  # fmt: skip


def test_a_closure_taken_back_is_not_a_bar(home: Path) -> None:
    closed = (SessionOverride("XNYS", date(2024, 1, 11)),)
    day_off = span_between("2024-01-11", "2024-01-12")
    verbs.load(
        synthetic(home, day_off, closures=closed), "DEMO", start="2024-01-02", as_of="2024-01-12"
    )
    ws = synthetic(home, day_off)

    assert states(ws, 2, "2024-01-12") == {"01-11": "closed", "01-12": "present"}

    verbs.update(ws, as_of="2024-01-16", fill_gaps=False)

    assert states(ws, 3, "2024-01-16")["01-11"] == "missing"


def test_a_saturday_declared_open_is_a_session(home: Path) -> None:
    ws = synthetic(home, closures=(SessionOverride("XNYS", date(2024, 1, 13), is_open=True),))
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-12")

    assert states(ws, 3, "2024-01-16") == {
        "01-12": "present", "01-13": "behind", "01-16": "behind"
    }  # fmt: skip


def test_crypto_has_a_session_every_day(home: Path) -> None:
    ws = synthetic(home, span_between("2024-01-06", "2024-01-07"))
    verbs.load(ws, "BTC-USD", start="2024-01-02", as_of="2024-01-09T00:00Z")

    assert states(ws, 5, "2024-01-10T00:00Z") == {
        "01-05": "present", "01-06": "missing", "01-07": "present", "01-08": "present",
        "01-09": "behind",
    }  # fmt: skip


def test_weekly_bars_are_reported_by_the_week(home: Path) -> None:
    ws = synthetic(home, span_between("2024-01-15", "2024-01-16"))
    verbs.load(ws, "DEMO", frequency="weekly", start="2024-01-02", as_of="2024-01-26")

    # Mondays; the week of 2024-02-05 is not over on its Thursday.
    assert states(ws, 4, "2024-02-08") == {
        "01-08": "present", "01-15": "missing", "01-22": "present", "01-29": "behind"
    }  # fmt: skip


def test_a_session_with_some_of_its_bars_is_there_partly(home: Path) -> None:
    # New York is at UTC-5: from 10:00 to 11:00 on the 4th, and all of the 5th.
    hour = Span(instant("2024-01-04T15:00"), instant("2024-01-04T16:00"))
    ws = synthetic(home, hour, span_between("2024-01-05", "2024-01-06"))
    verbs.load(ws, "DEMO", frequency="5m", start="2024-01-03", as_of="2024-01-09")

    assert states(ws, 5, "2024-01-10") == {
        "01-04": "partly", "01-05": "missing", "01-08": "present", "01-09": "present",
        "01-10": "behind",
    }  # fmt: skip


def test_an_hour_that_was_filled_makes_a_filled_session(home: Path) -> None:
    hour = Span(instant("2024-01-04T15:00"), instant("2024-01-04T16:00"))
    ws = synthetic(home, hour)
    verbs.load(ws, "DEMO", frequency="30m", start="2024-01-03", as_of="2024-01-05")
    verbs.gaps(ws, refill="forward", as_of="2024-01-05")

    assert states(ws, 2, "2024-01-05") == {"01-04": "filled", "01-05": "present"}


def test_a_session_that_went_on_after_the_last_bar_is_there_partly(home: Path) -> None:
    ws = synthetic(home)
    noon = "2024-01-09T12:00-05:00"
    verbs.load(ws, "DEMO", frequency="5m", start="2024-01-08", as_of=noon)

    assert states(ws, 2, noon) == {"01-08": "present"}
    assert states(ws, 2, "2024-01-09") == {"01-08": "present", "01-09": "partly"}


def test_an_evening_belongs_to_the_session_that_it_opens(home: Path) -> None:
    # Sunday, 18:00 to 20:00 in New York, is of Monday's session.
    ws = synthetic(home, Span(instant("2024-01-07T23:00"), instant("2024-01-08T01:00")))
    verbs.load(ws, "EURUSD=X", frequency="hourly", start="2024-01-04", as_of="2024-01-09")

    assert states(ws, 3, "2024-01-09") == {
        "01-05": "present", "01-08": "partly", "01-09": "present"
    }  # fmt: skip


def test_bars_on_a_day_without_a_session_are_extra(home: Path, tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{day:02},1,1,1,1,1\n" for day in (2, 3, 4, 5, 6, 8, 9))
    (tmp_path / "DEMO.csv").write_text(f"Date,Open,High,Low,Close,Volume\n{rows}")
    ws = Workspace.open(Settings(home=home, provider="files", files=tmp_path))
    verbs.load(ws, "DEMO", as_of="2024-01-09")

    # The 6th is a Saturday.
    assert states(ws, 4, "2024-01-09") == {
        "01-04": "present", "01-05": "present", "01-06": "extra", "01-08": "present",
        "01-09": "present",
    }  # fmt: skip


@pytest.mark.parametrize("folder", ["state", "data"])
def test_damaged_files_have_no_sessions(home: Path, folder: str) -> None:
    ws = synthetic(home)
    verbs.load(ws, ("DEMO", "MORE"), start="2024-01-02", as_of="2024-01-12")
    for file in (home / folder / "equities/daily/DEMO").iterdir():
        file.write_bytes(b"damaged")

    report = verbs.health(ws, sessions=2, as_of="2024-01-12")

    assert [each.state for each in report.datasets] == ["error", "healthy"]
    assert [len(each) for each in report.recent] == [0, 2]


def test_a_damage_that_only_a_checksum_shows_is_believed(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-12")
    (chunk,) = (home / "data/equities/daily/DEMO").iterdir()
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"?")

    assert verbs.health(ws, sessions=2, verify=True, as_of="2024-01-12").recent == ((),)


def test_the_next_step_names_the_dataset_and_no_other_of_its_symbol(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-31")
    verbs.load(ws, "DEMO", frequency="hourly", start="2024-01-02", as_of="2024-01-12")

    daily, hourly = sorted(
        verbs.health(ws, as_of="2024-01-31").datasets, key=lambda each: str(each.dataset)
    )

    assert daily.step == ""
    step = f"ml4t-data update -s DEMO -f hourly --home {home}"
    assert spell(hourly.step, "ml4t-data") == step


_KINDS: list[tuple[str, AssetClass, Frequency]] = [
    ("DEMO", "equities", "daily"),
    ("DEMO", "equities", "weekly"),
    ("DEMO", "equities", "30m"),
    ("BTC-USD", "crypto", "hourly"),
    ("EURUSD=X", "fx", "hourly"),
]
_FIRST = datetime(2024, 1, 2, tzinfo=UTC)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(_KINDS),
    edges=st.lists(st.integers(1, 24 * 27), min_size=0, max_size=8, unique=True).map(sorted),
    closed=st.sets(st.integers(3, 26), max_size=2),
    fill=st.booleans(),
)
def test_the_manifest_alone_shows_the_same_as_all_the_bars(
    tmp_path_factory: pytest.TempPathFactory,
    kind: tuple[str, AssetClass, Frequency],
    edges: list[int],
    closed: set[int],
    fill: bool,  # noqa: FBT001  # hypothesis gives it by name
) -> None:
    symbol, asset_class, frequency = kind
    hours = [_FIRST + timedelta(hours=each) for each in edges]
    name = {"equities": "XNYS", "crypto": "24/7", "fx": "fx"}[asset_class]
    ws = synthetic(
        tmp_path_factory.mktemp("home"),
        *(Span(start, end) for start, end in zip(hours[::2], hours[1::2], strict=False)),
        closures=tuple(SessionOverride(name, date(2024, 1, day)) for day in closed),
    )
    verbs.load(
        ws,
        symbol,
        asset_class=asset_class,
        frequency=frequency,
        start="2024-01-02",
        as_of="2024-01-31",
    )
    if fill:
        verbs.update(ws, as_of="2024-02-01", fill_gaps=True)

    (recent,) = verbs.health(ws, sessions=40, as_of="2024-02-01").recent
    sessions = verbs.plot(ws, symbol, coverage=True).sessions

    assert sessions is not None
    days = [day.date() for day in sessions.index]
    known = dict(zip(days, sessions["state"], strict=True))
    told = {each.session: each.state for each in recent if each.state != "behind"}
    assert {day: state for day, state in told.items() if day in known} == known
    # A session that is still going on is not told, and closed days after the last bar are.
    assert set(told) - set(known) <= {day for day in told if told[day] == "closed"}


def test_the_settings_of_another_exchange_close_nothing(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-12")
    other = replace(ws.settings, closures=(SessionOverride("XTKS", date(2024, 1, 12)),))

    assert states(Workspace.open(other), 1, "2024-01-12") == {"01-12": "present"}
