"""Symbols on the board that their provider does not know any more, or that have ended."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.health_board import HealthBoard
from ml4t_nb.workspace import Workspace
from tests.notebook.panels.board_messages import (
    do,
    finish,
    groups,
    hear,
    lines,
    propose_to_end,
    synthetic,
)
from tests.verbs.spans import span_between

SHARED: dict[str, object] = {"as_of": "2024-01-31"}
PXD, SPLK = "equities/daily/PXD", "equities/daily/SPLK"


@pytest.fixture
def vanished(home: Path) -> Workspace:
    """PXD and SPLK, with last bars of the 12th and of the 19th, are unknown; FINE is fine."""
    ws = synthetic(home)
    verbs.load(ws, "FINE", start="2024-01-02", as_of="2024-01-31")
    verbs.load(ws, "PXD", start="2024-01-02", as_of="2024-01-12")
    verbs.load(ws, "SPLK", start="2024-01-02", as_of="2024-01-19")
    propose_to_end(ws, "PXD")
    propose_to_end(ws, "SPLK")
    return ws


def test_one_button_ends_all_that_vanished_by_one_job_once_that_is_confirmed(
    vanished: Workspace,
) -> None:
    board = HealthBoard(shared=SHARED)
    words = "synthetic no longer knows the symbols: delisted, or renamed?"
    assert groups(board)[0] == ("suspect", words, ["PXD", "SPLK"], "end")
    # To end nothing is safe: a button that is pressed first of all is none of these.
    assert not any(each.is_primary for each in board.groups)

    do(board, "end", PXD, SPLK)
    assert board.repair_runs == []
    assert board.board.question["keys"] == [PXD, SPLK]
    asked = board.board.question["words"]
    assert "equities/daily/PXD (synthetic) on 2024-01-12" in asked
    assert "equities/daily/SPLK (synthetic) on 2024-01-19" in asked

    do(board, "end", PXD, SPLK, is_sure=True)
    finish(board)
    assert lines(board) == ["%ml4t end PXD SPLK -a equities -f daily --as-of 2024-01-31"]
    assert groups(board) == [("healthy", "nothing to do", ["FINE", "PXD", "SPLK"], None)]
    ends = {each.dataset.symbol: each.ended for each in verbs.list_(vanished).datasets}
    assert {name: end and end.on for name, end in ends.items()} == {
        "FINE": None, "PXD": date(2024, 1, 12), "SPLK": date(2024, 1, 19),
    }  # fmt: skip


def test_what_vanished_is_due_as_long_as_an_update_asks_for_it_and_then_has_ended(
    vanished: Workspace,
) -> None:
    assert HealthBoard(shared=SHARED).board.board["dues"] == ["now", "Thu 16:00"]

    verbs.end(vanished, "PXD", as_of="2024-01-31")
    sent = HealthBoard(shared=SHARED).board.board

    (pxd,) = (row for row in sent["rows"] if row[0] == "PXD")
    assert sent["dues"][pxd[10]] == "ended"
    assert pxd[11] is None


def test_a_single_one_is_looked_at_first_and_what_else_is_doubtful_stays_to_decide(
    vanished: Workspace,
) -> None:
    spike = Finding(datetime(2024, 1, 5, tzinfo=UTC), "spike", "far from both neighbours")
    propose_to_end(vanished, "PXD", spike)
    board = HealthBoard(shared=SHARED)

    hear(board, what="open", key=SPLK)
    assert board.inbox is not None
    assert [each.finding.rule for each in board.inbox.items] == ["unknown symbol"]

    do(board, "end", PXD)
    assert "If it was renamed, review it instead." in board.board.question["words"]
    do(board, "end", PXD, is_sure=True)
    finish(board)
    assert groups(board)[:2] == [
        (
            "suspect", "synthetic no longer knows the symbol: delisted, or renamed?", ["SPLK"],
            "end",
        ),
        ("suspect", "1 finding to decide", ["PXD"], "review"),
    ]  # fmt: skip


@pytest.mark.usefixtures("vanished")
def test_what_did_not_vanish_cannot_be_ended_from_here() -> None:
    board = HealthBoard(shared=SHARED)

    do(board, "end", "equities/daily/FINE")

    assert (board.repair_runs, board.board.question) == ([], {})


def test_an_ended_symbol_with_holes_is_incomplete_until_somebody_closes_them(home: Path) -> None:
    holed = synthetic(home, span_between("2024-01-10", "2024-01-11"))
    verbs.load(holed, "OLD", start="2024-01-02", as_of="2024-01-12")
    verbs.end(holed, "OLD", as_of="2024-01-31")
    board = HealthBoard(shared=SHARED)
    assert groups(board) == [("incomplete", "1 gap, 1 bar missing", ["OLD"], "gaps")]

    do(board, "gaps", "equities/daily/OLD")
    finish(board)

    assert groups(board) == [("healthy", "nothing to do", ["OLD"], None)]


def test_a_symbol_without_bars_or_with_damaged_ones_says_when_it_is_asked_for(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, ["BARE", "SHOT"], start="2024-01-02", as_of="2024-01-31")
    with ws.store.transaction(DatasetId("equities", "daily", "BARE")) as tx:
        state = tx.manifest
        assert state is not None
        tx.put(tx.bars()[:0])
        tx.commit(state, state.recent[-1])
    for chunk in (home / "data/equities/daily/SHOT").iterdir():
        chunk.write_bytes(b"short")

    sent = HealthBoard(shared=SHARED).board.board

    words = {row[0]: sent["dues"][row[10]] for row in sent["rows"]}
    assert words == {"BARE": "now", "SHOT": "after repair"}
