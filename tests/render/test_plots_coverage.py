"""The map of the sessions, from the verb to the picture."""

from __future__ import annotations

import dataclasses
from base64 import b64decode
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.model import SessionOverride, Span
from ml4t_nb.render.plots.coverage_calendar import cells_of
from ml4t_nb.render.plots.figures import figure_of
from ml4t_nb.render.plots.steps import steps_of
from ml4t_nb.render.plots.svg import svg_of
from ml4t_nb.reports import PlotReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.render.reports import day

HOLES = (
    Span(day("2024-01-10"), day("2024-01-12")),
    Span(day("2024-01-18"), day("2024-01-19")),
)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """Daily bars of January without the 10th, 11th and 18th; five-minute ones likewise."""
    settings = Settings(home=tmp_path / "home", provider="synthetic", synthetic_holes=HOLES)
    ws = Workspace.open(settings)
    verbs.load(ws, "AAPL", start="2024-01-02", as_of="2024-01-31")
    return ws


def states(report: PlotReport) -> dict[str, str]:
    """The sessions that have not all of their bars."""
    assert report.sessions is not None
    days = report.sessions.index.strftime("%Y-%m-%d")  # type: ignore[attr-defined]  # a DatetimeIndex
    found = zip(days, report.sessions["state"], strict=True)
    return {name: state for name, state in found if state != "present"}


def table(*rows: tuple[str, int, int, int, str]) -> pd.DataFrame:
    """Sessions by hand: date, expected, observed, filled, state."""
    frame = pd.DataFrame(rows, columns=["session", "expected", "observed", "filled", "state"])
    frame[["gap", "finding", "source"]] = -1
    return frame.set_index(pd.DatetimeIndex(frame.pop("session"), tz="UTC"))


def test_every_session_of_the_calendar_is_counted(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL", coverage=True)

    assert report.sessions is not None
    # 2024-01-02 to 2024-01-31 has 22 weekdays, of which the 15th is Martin Luther King day.
    assert len(report.sessions) == 21
    assert states(report) == {
        "2024-01-10": "missing", "2024-01-11": "missing", "2024-01-18": "missing"
    }  # fmt: skip


def test_a_filled_session_is_distinguished_from_an_observed_one(ws: Workspace) -> None:
    verbs.update(ws, "AAPL", fill_gaps=True, max_fill=1, as_of="2024-02-01")

    report = verbs.plot(ws, "AAPL", coverage=True)

    assert states(report) == {
        "2024-01-10": "missing", "2024-01-11": "missing", "2024-01-18": "filled"
    }  # fmt: skip


def test_a_range_is_inclusive_at_both_ends(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL", coverage=True, start="2024-01-11", end="2024-01-18")

    assert report.sessions is not None
    days = [f"{each:%m-%d}" for each in report.sessions.index]
    assert days == ["01-11", "01-12", "01-16", "01-17", "01-18"]
    assert states(report) == {"2024-01-11": "missing", "2024-01-18": "missing"}


def test_minutes_of_a_session_are_counted(tmp_path: Path) -> None:
    # New York is at UTC-5: from 10:00 to 11:00 on the 4th, and all of the 5th.
    holes = (
        Span(pd.Timestamp("2024-01-04T15:00Z"), pd.Timestamp("2024-01-04T16:00Z")),
        Span(day("2024-01-05"), day("2024-01-06")),
    )
    settings = Settings(home=tmp_path / "home", provider="synthetic", synthetic_holes=holes)
    ws = Workspace.open(settings)
    verbs.load(ws, "AAPL", frequency="5m", start="2024-01-03", as_of="2024-01-09")

    report = verbs.plot(ws, "AAPL", coverage=True)

    assert report.sessions is not None
    counts = report.sessions[["expected", "observed"]].to_numpy().tolist()
    assert counts == [[78, 78], [78, 66], [78, 0], [78, 78], [78, 78]]
    assert states(report) == {"2024-01-04": "partly", "2024-01-05": "missing"}


def test_an_early_close_expects_fewer_bars(tmp_path: Path) -> None:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="synthetic"))
    verbs.load(ws, "AAPL", frequency="30m", start="2024-11-27", as_of="2024-12-02")

    report = verbs.plot(ws, "AAPL", coverage=True)

    assert report.sessions is not None
    # The day after Thanksgiving ends at 13:00.
    assert report.sessions["expected"].tolist() == [13, 7, 13]
    assert states(report) == {}


def test_an_evening_belongs_to_the_session_it_opens(tmp_path: Path) -> None:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="synthetic"))
    verbs.load(ws, "EURUSD=X", frequency="hourly", start="2024-01-08", as_of="2024-01-10")

    report = verbs.plot(ws, "EURUSD=X", coverage=True, start="2024-01-09", end="2024-01-09")

    assert report.sessions is not None
    assert [f"{each:%Y-%m-%d}" for each in report.sessions.index] == ["2024-01-09"]
    assert report.sessions["expected"].tolist() == [24]


def test_weeks_are_counted_as_weeks(tmp_path: Path) -> None:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="synthetic"))
    verbs.load(ws, "AAPL", frequency="weekly", start="2024-01-02", as_of="2024-02-02")

    report = verbs.plot(ws, "AAPL", coverage=True)

    assert report.sessions is not None
    assert len(report.sessions) == 5
    assert cells_of(report.sessions, is_weekly=True).columns == [0, 1, 2, 3, 4]


def test_a_day_declared_closed_is_neither_missing_nor_left_out(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path / "home", provider="synthetic", synthetic_holes=HOLES,
        closures=(SessionOverride("XNYS", date(2024, 1, 18)),),
    )  # fmt: skip
    ws = Workspace.open(settings)
    verbs.load(ws, "AAPL", start="2024-01-02", as_of="2024-01-31")

    report = verbs.plot(ws, "AAPL", coverage=True)

    assert states(report) == {
        "2024-01-10": "missing", "2024-01-11": "missing", "2024-01-18": "closed"
    }  # fmt: skip
    assert "2024-01-18" not in [f"{each:%Y-%m-%d}" for each in report.missing]


def test_a_week_is_closed_only_if_all_of_its_days_are(tmp_path: Path) -> None:
    # The 10th is a Wednesday; the week of the 15th has four sessions, since Monday is a holiday.
    shut = [SessionOverride("XNYS", date(2024, 1, day)) for day in (10, 16, 17, 18, 19)]
    settings = Settings(home=tmp_path / "home", provider="synthetic", closures=tuple(shut))
    ws = Workspace.open(settings)
    verbs.load(ws, "AAPL", frequency="weekly", start="2024-01-02", as_of="2024-02-02")

    report = verbs.plot(ws, "AAPL", coverage=True)

    assert report.sessions is not None
    assert [f"{each:%m-%d}" for each in report.sessions.index] == [
        "01-01", "01-08", "01-15", "01-22", "01-29"
    ]  # fmt: skip
    assert states(report) == {"2024-01-15": "closed"}


def test_the_map_has_a_row_a_year_and_a_column_a_weekday() -> None:
    # 2023-01-01 is a Sunday, 2024-01-01 a Monday: its week is the first.
    sessions = table(
        ("2023-12-29", 1, 1, 0, "present"),
        ("2024-01-02", 1, 1, 0, "present"),
        ("2024-01-05", 1, 1, 0, "present"),
        ("2024-01-08", 1, 1, 0, "present"),
        ("2024-12-31", 1, 1, 0, "present"),
    )

    cells = cells_of(sessions, is_weekly=False)

    assert cells.width == 5
    assert cells.years == (2023, 2024)
    assert cells.rows == [0, 1, 1, 1, 1]
    # The last Friday of 2023 is in the 53rd week since Monday, 2022-12-26.
    assert cells.columns == [52 * 5 + 4, 1, 4, 5, 52 * 5 + 1]


def test_a_market_that_never_closes_has_seven_columns_a_week() -> None:
    sessions = table(("2024-01-06", 1, 1, 0, "present"), ("2024-01-08", 1, 1, 0, "present"))

    cells = cells_of(sessions, is_weekly=False)

    assert (cells.width, cells.columns) == (7, [5, 7])


def test_no_cell_is_used_twice_and_none_is_outside() -> None:
    days = pd.date_range("1990-01-01", "2040-12-31", tz="UTC")
    sessions = pd.DataFrame({"state": "present"}, index=days)

    cells = cells_of(sessions, is_weekly=False)

    assert len(set(zip(cells.rows, cells.columns, strict=True))) == len(days)
    assert max(cells.columns) < 54 * 7


def test_the_figure_says_the_share_and_marks_what_is_not_whole(ws: Workspace) -> None:
    verbs.update(ws, "AAPL", fill_gaps=True, max_fill=1, as_of="2024-02-01")

    heat, *marks = figure_of(verbs.plot(ws, "AAPL", coverage=True)).to_plotly_json()["data"]

    amounts = heat["z"]  # plotly 6 and later encode it
    if "bdata" in amounts:
        amounts = np.frombuffer(b64decode(amounts["bdata"]), amounts["dtype"])
    assert (amounts == 1).sum() == 19  # and the 1st of February
    assert (amounts < 0).sum() == 3
    assert {each["name"]: each["marker"]["symbol"] for each in marks} == {
        "filled: 1 session": "circle",
        "missing, confirmed: 2 sessions": "diamond",
    }
    assert list(marks[1]["x"]) == [7, 8]  # Wednesday and Thursday of the second week
    assert list(marks[1]["y"]) == ["2024", "2024"]


def test_pointing_at_a_session_says_why(ws: Workspace) -> None:
    heat = figure_of(verbs.plot(ws, "AAPL", coverage=True)).to_plotly_json()["data"][0]

    stories = [each for row in heat["customdata"] for each in row if each]
    assert "Tue 2024-01-02: present, 1 of 1 bar" in stories
    assert (
        "Wed 2024-01-10: missing, 0 of 1 bar<br>"
        "gap, open: 2 bars missing, 2024-01-10 … 2024-01-11<br>requested once: no bars"
    ) in stories


def test_the_still_picture_is_small_and_whole(ws: Workspace) -> None:
    text = svg_of(verbs.plot(ws, "AAPL", coverage=True))

    root = ET.fromstring(text)  # noqa: S314  # our own
    words = [each.text for each in root.iter() if each.tag.endswith("text")]
    assert "2024" in words
    assert "missing, open: 3 sessions" in words
    assert "equities/daily/AAPL (synthetic), coverage" in words
    assert len(text) < 4000


@pytest.mark.parametrize("coverage", [False, True])
def test_a_range_without_bars_is_drawn_empty(ws: Workspace, *, coverage: bool) -> None:
    report = verbs.plot(ws, "AAPL", start="2025-01-02", end="2025-01-03", coverage=coverage)

    notes: list[Any] = figure_of(report).to_plotly_json()["layout"]["annotations"]
    assert "in this range" in notes[0]["text"]
    assert "in this range" in svg_of(report)


def test_a_gap_that_crosses_the_range_is_drawn_up_to_its_edge(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL", start="2024-01-11", end="2024-01-12")

    assert [f"{each:%m-%d}" for each in report.missing] == ["01-11"]
    (band,) = (each for each in steps_of(report).bands)
    assert (band.left, band.right) == (0, 0)


def test_a_range_inside_a_gap_is_all_band(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL", start="2024-01-10", end="2024-01-11")

    assert report.bars.empty
    assert len(report.missing) == 2
    (band,) = (each for each in steps_of(report).bands)
    assert (band.left, band.right) == (0, 1)
    bands = [t for t in figure_of(report).to_plotly_json()["data"] if t["name"] == "open gap, 1"]
    assert [list(each["x"]) for each in bands] == [[-0.5, -0.5, 1.5, 1.5, -0.5]]


def test_a_report_is_a_value(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL")

    with pytest.raises(dataclasses.FrozenInstanceError):
        report.provider = "yahoo"  # type: ignore[misc]  # that it cannot be is the point
