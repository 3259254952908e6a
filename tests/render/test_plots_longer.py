"""Derived bars, sessions of minutes, and the facts of a living chart, from a real store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.render.plots.chart import live_chart
from ml4t_nb.render.tokens import TOKENS
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.render.test_plots import drawn, edges, the, traces


@pytest.fixture
def ws(home: Path) -> Workspace:
    """AAPL from October to March without two days in January; and some minutes of May."""
    settings = Settings.read(
        {
            "ML4T_DATA_SYNTHETIC_HOLES": "2024-01-10/2024-01-12,"
            "2024-05-30T16:00+00:00/2024-05-30T16:30+00:00",
            "ML4T_DATA_HOME": str(home),
        },
        folder=home.parent,
    )
    ws = Workspace.open(settings)
    verbs.load(ws, "AAPL", start="2023-10-02", as_of="2024-03-15", provider="synthetic")
    verbs.load(
        ws,
        "AAPL",
        frequency="5m",
        start="2024-05-29",
        as_of="2024-05-31T18:00Z",
        provider="synthetic",
    )
    return ws


def test_months_are_drawn_from_days_and_marked_where_a_part_is_missing(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL", frequency="monthly")

    # October to March; in January two days are missing, and March is not over.
    candles = the(report, "candles")
    assert list(candles["x"]) == [0, 1, 2, 3, 4, 5]
    assert edges(the(report, "bands")) == [(2.5, 3.5)]
    assert list(the(report, "incomplete")["x"]) == [3, 5]
    days = verbs.bars(ws, "AAPL", start="2023-11-01", end="2023-11-30")
    assert candles["high"][1] == days["high"].max()
    assert candles["low"][1] == days["low"].min()
    layout = drawn(report)["layout"]
    assert "monthly of daily bars" in layout["title"]["subtitle"]["text"]
    assert layout["xaxis"]["ticktext"][0] == "Oct<br><b>2023</b>"


def test_a_band_of_months_begins_with_the_month_that_lacks_a_day(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL", frequency="monthly", start="2024-01-01", end="2024-02-29")

    assert edges(the(report, "bands")) == [(-0.5, 0.5)]
    assert list(the(report, "incomplete")["x"]) == [0]


def test_minutes_are_told_from_one_another_by_their_sessions(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL", frequency="5m", as_of="2024-05-31T18:00Z")

    layout = drawn(report)["layout"]
    starts = {each["x0"] for each in layout["shapes"] if each["name"] == "session"}
    heads = [each["text"] for each in layout["annotations"] if each["name"] == "session"]
    # Of 09:30 to 16:00 there are 78 bars of five minutes.
    assert starts == {-0.5, 77.5, 155.5}
    assert heads == ["<b>Wed 29 May</b>", "<b>Thu 30 May</b>", "<b>Fri 31 May</b>"]
    assert layout["xaxis"]["ticktext"][:4] == ["10:00", "12:00", "14:00", "10:00"]
    assert layout["xaxis"]["tickvals"][:4] == [6, 30, 54, 84]


def test_the_rest_of_a_running_session_stays_empty(ws: Workspace) -> None:
    running = verbs.plot(ws, "AAPL", frequency="5m", as_of="2024-05-31T18:00Z")
    over = verbs.plot(ws, "AAPL", frequency="5m", as_of="2024-05-31T20:00Z")

    # At 14:00 the bar of 13:55 is the last of 210; 24 more are due by 16:00.
    assert running.open_until == datetime(2024, 5, 31, 20, tzinfo=UTC)
    assert drawn(running)["layout"]["xaxis"]["range"] == [-0.5, 209.5 + 24]
    assert "open until<br>16:00" in [
        each["text"] for each in drawn(running)["layout"]["annotations"]
    ]
    assert over.open_until is None
    assert drawn(over)["layout"]["xaxis"]["range"] == [-0.5, 209.5]


def test_the_change_of_minutes_is_since_the_last_sessions_close(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL", frequency="5m", as_of="2024-05-31T18:00Z")
    closes = report.bars["close"]

    _, facts = live_chart(report)

    before = closes["2024-05-30"].iloc[-1]
    assert facts.header.price == f"{closes.iloc[-1]:.2f}"
    assert facts.header.change.replace("\N{MINUS SIGN}", "-") == f"{closes.iloc[-1] - before:+.2f}"
    assert facts.header.note == "change since the close of Thu 30 May"
    assert facts.footer.zone == "New York time, sessions 09:30 to 16:00"
    assert [each.label for each in facts.buttons] == ["1H", "1D", "All"]
    assert facts.buttons[1].left == 155.5


def test_a_part_of_a_living_chart_lies_where_the_whole_has_it(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL")

    whole, all_facts = live_chart(report)
    part, facts = live_chart(report, (50, 79))

    assert (facts.rows, facts.steps.first, facts.steps.rows) == (all_facts.rows, 50, 30)
    assert part["layout"]["xaxis"]["range"] == [49.5, 79.5]
    assert facts.steps.labels == all_facts.steps.labels[50:80]
    assert facts.steps.close == all_facts.steps.close[50:80]
    # The first step's change is against the bar before, which is not drawn.
    assert facts.steps.change == all_facts.steps.change[50:80]
    wide, narrow = (
        next(each for each in figure["data"] if each["meta"]["layer"] == "candles")
        for figure in (whole, part)
    )
    lows = dict(zip(wide["x"], wide["low"], strict=True))
    assert narrow["low"] == [lows[row] for row in narrow["x"]]


def test_a_living_chart_names_its_colours_and_is_plain_json(ws: Workspace) -> None:
    figure, facts = live_chart(verbs.plot(ws, "AAPL"))

    assert json.loads(json.dumps([figure, facts.to_json()], allow_nan=False))
    names = {each.removeprefix("token:") for each in _texts(figure) if each.startswith("token:")}
    assert {"up", "down", "gap", "gapbg", "accent"} <= names <= set(TOKENS)
    forms = {each["meta"]["layer"]: each["visible"] for each in figure["data"]}
    assert (forms["candles"], forms["line"]) == (True, False)


def test_what_is_to_do_is_said_with_its_line(ws: Workspace) -> None:
    _, facts = live_chart(verbs.plot(ws, "AAPL"))

    assert [(each.label, each.command) for each in facts.footer.actions] == [
        ("1 open gap", "%ml4t gaps AAPL")
    ]
    (band,) = facts.bands
    assert (band.right - band.left, band.missing, band.state) == (2, 2, "open")
    assert [each.label for each in facts.legend] == ["open gap, 1"]


def test_steps_of_several_bars_are_no_bodies(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL", frequency="5m", as_of="2024-05-31T18:00Z")

    assert [each["meta"]["layer"] for each in traces(report, "line")] == []
    figure, _ = live_chart(report)
    assert "line" in [each["meta"]["layer"] for each in figure["data"]]


def _texts(value: Any) -> list[str]:  # noqa: ANN401
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []
