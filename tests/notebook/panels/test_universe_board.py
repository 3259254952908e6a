"""The universes of ml4t.toml in a panel, without a browser: what is shown, planned and synced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.notebook.panels.universe_board import UniverseBoard
from ml4t_nb.workspace import Workspace
from tests.notebook.panels.conftest import Gate

SHARED: dict[str, object] = {"as_of": "2005-02-25"}
DEFAULTS = """[defaults]
provider = "sample"
start = 2005-01-03
"""
CORE = f"""{DEFAULTS}
[[universe]]
name = "core"
symbols = ["AAPL", "MSFT"]
"""
WEEKS = """
[[universe]]
name = "weeks"
symbols = ["IBM"]
frequency = "weekly"
"""


def declare(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "ml4t.toml").write_text(text)


def hear(board: UniverseBoard, **message: object) -> None:
    """As a message of the page arrives."""
    board.board._handle_custom_msg(message, [])


def rows(board: UniverseBoard) -> dict[str, list[tuple[str, str, str, str]]]:
    """State, symbol, when it is due and the requests planned, by universe."""
    return {
        each.title: [(row.state, row.symbol, row.due, row.planned) for row in each.rows]
        for each in board.groups
    }


def words(board: UniverseBoard) -> list[str]:
    return [each.words for each in board.groups]


def last_job() -> Job:
    (*_, job) = JOBS
    return job


def test_each_universe_says_what_it_lacks_and_what_a_sync_takes_and_syncs(home: Path) -> None:
    declare(home, CORE + WEEKS)
    ws = Workspace.open()
    verbs.load(ws, ["MSFT", "GOOG"], provider="sample", start="2005-01-03", as_of="2005-02-01")
    board = UniverseBoard(shared=SHARED)

    assert rows(board) == {
        "core": [("missing", "AAPL", "now", ""), ("due", "MSFT", "now", "")],
        "weeks": [("missing", "IBM", "now", "")],
        "in no universe": [("undeclared", "GOOG", "now", "")],
    }
    assert words(board)[:2] == [
        "1 stored, 1 missing, 1 due · due now", "0 stored, 1 missing · due now",
    ]  # fmt: skip
    sent: dict[str, Any] = board.board.board
    assert (sent["title"], sent["total"]) == ("2 universes", "3 symbols, 1 stored")
    assert sent["as_of"] == "as of Fri 25 Feb 2005 16:30 New York"
    assert sent["groups"][0][2] == "2 symbols, daily, from 2005-01-03, sample"
    assert sent["groups"][0][6] == "%ml4t sync core --as-of 2005-02-25"

    hear(board, what="plan", universes=["core"])
    # Nothing is written, nor asked: a load of one answer, and an update that sees 40 days.
    assert ws.store.datasets() == Workspace.open().store.datasets()
    core = board.plans["core"]
    assert (list(board.plans), core.requests, core.failed) == (["core"], 2, ())
    assert board.groups[0].cost.startswith("2 requests, ")
    assert [each[3][0] for each in rows(board)["core"]] == ["1", "1"]
    assert "<b>Plan of core</b>: 2 requests, " in board.planned.value
    assert "%ml4t sync core --plan --as-of 2005-02-25" in board.planned.value

    hear(board, what="sync", universes=["core"])
    job = last_job()
    assert job.line == "%ml4t sync core --as-of 2005-02-25"
    assert job.join(120)
    # That plan was of the store before. Monday's session ends at 16:00, and its bar is final later.
    assert (board.plans, board.planned.value) == ({}, "")
    assert rows(board)["core"] == [
        ("current", "AAPL", "Mon 16:30", ""), ("current", "MSFT", "Mon 16:30", ""),
    ]  # fmt: skip
    assert words(board)[0] == "2 stored · next due Mon 16:30"

    hear(board, what="plan", universes=[])
    assert {name: plan.requests for name, plan in board.plans.items()} == {"core": 2, "weeks": 1}
    assert [each.cost.partition(",")[0] for each in board.groups] == ["2 requests", "1 request", ""]
    json.dumps(board.board.board)
    still = board.static_html()
    assert "<script" not in still
    assert "Plan of all universes" in still
    assert "2 symbols, daily, from 2005-01-03, sample: 2 stored" in still


def test_a_wrong_file_is_one_sentence_with_its_line_and_the_panel_follows_the_file(
    home: Path,
) -> None:
    board = UniverseBoard(shared=SHARED)
    assert "No universe is declared." in board.message.value
    assert f"{home}/ml4t.toml" in board.message.value
    assert 'data-ml4t-copy="[[universe]]' in board.message.value

    declare(home, CORE.replace("symbols", "symbol"))
    board.look()
    assert f"{home}/ml4t.toml, line 7, [[universe]]: unknown setting" in board.message.value
    assert "Traceback" not in board.message.value
    assert board.board.board == {}
    hear(board, what="plan", universes=[])

    declare(home, CORE)
    board.look()
    assert board.message.value == ""
    assert [each.title for each in board.groups] == ["core"]

    declare(home, CORE.replace('"sample"', '"samples"'))
    board.look()
    assert "line 2, [defaults]" in board.message.value
    declare(home, CORE + WEEKS)
    board.look()
    assert [each.title for each in board.groups] == ["core", "weeks"]


def test_what_is_stored_is_judged_by_what_is_declared(home: Path) -> None:
    ws = Workspace.open()
    verbs.load(
        ws,
        ["AAPL", "MSFT", "IBM", "GOOG"],
        provider="sample",
        start="2005-01-03",
        as_of="2005-02-01",
    )
    one = '[[universe]]\nname = "{}"\nsymbols = ["{}"]\n{}\n'
    declare(
        home,
        one.format("over", "AAPL", 'end = 2005-01-31\nprovider = "sample"')
        + one.format("earlier", "MSFT", 'start = 2004-12-01\nprovider = "sample"')
        + one.format("other", "IBM", 'provider = "synthetic"')
        + one.format("late", "GOOG", 'provider = "sample"'),
    )

    board = UniverseBoard(shared=SHARED)

    over, earlier, other, late = (each.rows[0] for each in board.groups)
    assert (over.state, over.due) == ("current", "complete")
    assert (earlier.state, earlier.reason) == ("due", "not all bars that are declared are stored")
    assert other.state == "error"
    assert f"{home}/ml4t.toml, line 14" in other.reason
    assert late.state == "due"
    assert words(board)[0] == "1 stored · nothing will be due"
    board.plan()
    assert [each.rows[0].planned[:1] for each in board.groups] == ["n", "1", "c", "1"]


@pytest.mark.usefixtures("home")
def test_a_running_sync_is_seen_by_every_panel_says_how_long_and_can_be_cancelled(
    home: Path, gate: Gate
) -> None:
    declare(
        home,
        '[[universe]]\nname = "slow"\nsymbols = ["SLOW1", "SLOW2"]\nprovider = "gated"\n'
        "start = 2005-01-03\n",
    )
    shared = {"as_of": "2005-02-01"}
    first = UniverseBoard(shared=shared)
    hear(first, what="sync", universes=["slow"])
    gate.wait()
    later = UniverseBoard(shared=shared)
    job = last_job()

    for board in (first, later):
        assert [each.job for each in board.cards.views.values()] == [job]
        board._follow(job)
        assert board.board.running["slow"].startswith("syncing: 0:0")
    hear(later, what="sync", universes=["slow"])
    assert f"job {job.number} is already doing this" in later.message.value

    later.cards.views[job.number].cancel.click()
    gate.let(1000)
    assert job.join(120)
    assert job.state == "cancelled"
    assert [first.board.running, later.board.running] == [{}, {}]
