"""The health board, without a browser: what the page is sent, and what its messages do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.calendars import calendar
from ml4t_nb.execution.jobs import Job
from ml4t_nb.model import Command
from ml4t_nb.notebook.panels.health_board import HealthBoard
from ml4t_nb.notebook.panels.repair import Repair, RepairRun
from ml4t_nb.settings import Settings
from ml4t_nb.storage.store import Store
from ml4t_nb.workspace import Workspace
from tests.notebook.panels.board_messages import (
    do,
    finish,
    groups,
    hear,
    lines,
    symbols,
    synthetic,
)
from tests.notebook.panels.conftest import Gate
from tests.notebook.panels.many_datasets import AS_OF, store_many
from tests.verbs.spans import span_between

SHARED: dict[str, object] = {"as_of": "2024-01-31"}
LATE, HOLE, FINE = "equities/daily/LATE", "equities/daily/HOLE", "equities/daily/FINE"


@pytest.fixture
def three(home: Path) -> Workspace:
    """LATE ends on the 12th, HOLE lacks the 10th, FINE lacks nothing."""
    ws = synthetic(home, span_between("2024-01-10", "2024-01-11"))
    verbs.load(ws, "HOLE", start="2024-01-02", as_of="2024-01-31")
    ws = synthetic(home)
    verbs.load(ws, "FINE", start="2024-01-02", as_of="2024-01-31")
    verbs.load(ws, "LATE", start="2024-01-02", as_of="2024-01-12")
    return ws


@pytest.mark.usefixtures("three")
def test_datasets_are_grouped_by_cause_and_the_worst_come_first() -> None:
    board = HealthBoard(shared=SHARED)

    # The 15th is a holiday; the session of the 16th closed at 16:00.
    assert groups(board) == [
        ("stale", "12 sessions behind, ready since Tue 16 Jan 16:00", ["LATE"], "update"),
        ("incomplete", "1 gap, 1 bar missing", ["HOLE"], "gaps"),
        ("healthy", "nothing to do", ["FINE"], None),
    ]
    assert [each.is_primary for each in board.groups] == [True, False, False]


@pytest.mark.usefixtures("three")
def test_the_page_is_sent_each_row_once_and_its_words_once() -> None:
    sent: dict[str, Any] = HealthBoard(shared=SHARED).board.board

    # The as-of is the close of the 31st; the next session is a day later.
    assert sent["title"] == "3 datasets"
    # XNYS has 21 sessions from the 2nd to the 31st: HOLE has 20 bars, LATE 9.
    assert sent["total"] == "50 bars"
    assert sent["as_of"] == "as of Wed 31 Jan 2024 16:00 New York"
    assert sent["groups"][0] == [
        "stale", "12 sessions behind, ready since Tue 16 Jan 16:00", "update", 1, True,
    ]  # fmt: skip
    assert sent["dues"] == ["now", "Thu 16:00"]
    assert sent["providers"] == ["synthetic"]
    # 2024-01-02 is day 19,724; the last of LATE's days the 12th, and the scale ends with the 31st.
    assert sent["scale"] == [19724, 19754]
    # Neither a weekend nor Monday the 15th is among the days of the scale.
    assert sent["sessions"] == [
        [19724, 19728, 19730, 19735, 19738, 19742, 19744, 19749, 19751, 19754]
    ]
    late, hole, fine = sent["rows"]
    assert late[:5] == ["LATE", "equities", "daily", 0, 0]
    assert sent["reasons"][late[5]] == "data are stale: 12 sessions behind"
    assert late[6:10] == [9, 19724, 19734, 12]
    assert hole[6:10] == [20, 19724, 19753, 0]
    # Minutes until Thursday 16:00; since Tuesday the 16th, 15 days ago.
    assert (fine[11], late[11]) == (24 * 60, -15 * 24 * 60)
    assert (hole[12], fine[12]) == (1, 0)
    assert [row[15] for row in sent["rows"]] == [0, 0, 0]
    json.dumps(sent)


@pytest.mark.usefixtures("three")
def test_the_threshold_acts_at_once() -> None:
    board = HealthBoard(shared=SHARED)

    # The oldest session missed, of the 16th, closed 15 days before the as-of.
    hear(board, what="stale", days=16)
    assert symbols(board) == {"incomplete": ["HOLE"], "healthy": ["FINE", "LATE"]}
    assert board.board.stale_days == "16"

    hear(board, what="stale", days=14.5)
    assert symbols(board)["stale"] == ["LATE"]
    hear(board, what="stale", days=float("nan"))
    assert board.board.stale_days == "14.5"


@pytest.mark.usefixtures("three")
def test_an_update_repairs_what_is_behind_and_the_board_follows() -> None:
    board = HealthBoard(shared=SHARED)

    do(board, "update", LATE)
    finish(board)

    assert symbols(board) == {"incomplete": ["HOLE"], "healthy": ["FINE", "LATE"]}
    assert lines(board) == ["%ml4t update LATE -a equities -f daily --as-of 2024-01-31"]
    assert board.board.busy == []


@pytest.mark.usefixtures("three")
def test_asking_again_repairs_a_gap_that_the_provider_has_by_now() -> None:
    board = HealthBoard(shared=SHARED)

    do(board, "gaps", HOLE)
    finish(board)

    assert symbols(board)["healthy"] == ["FINE", "HOLE"]
    assert lines(board) == ["%ml4t gaps HOLE -a equities -f daily --refetch --as-of 2024-01-31"]


def test_one_remedy_for_many_is_one_job(home: Path) -> None:
    ws = synthetic(home)
    names = [f"N{number:02}" for number in range(12)]
    verbs.load(ws, names, start="2024-01-02", as_of="2024-01-12")
    verbs.load(ws, "FINE", start="2024-01-02", as_of="2024-01-31")
    board = HealthBoard(shared=SHARED)

    do(board, "update", *(f"equities/daily/{each}" for each in names))
    (run,) = board.repair_runs
    (job,) = run.jobs
    finish(board)

    assert job.command.arguments["symbol"] == tuple(names)
    assert symbols(board) == {"healthy": ["FINE", *names]}
    assert len(run.jobs) == 1


def test_datasets_of_several_classes_are_one_job_where_each_symbol_is_stored_once(
    home: Path,
) -> None:
    ws = synthetic(home)
    verbs.load(ws, ["AAA", "BTC-USD"], start="2024-01-02", as_of="2024-01-12")
    board = HealthBoard(shared=SHARED)

    do(board, "update", "equities/daily/AAA", "crypto/daily/BTC-USD")
    finish(board)

    assert lines(board) == ["%ml4t update AAA BTC-USD --as-of 2024-01-31"]
    assert list(symbols(board)) == ["healthy"]


def test_a_symbol_that_is_stored_twice_is_repaired_by_its_frequency(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-12")
    verbs.load(ws, "DEMO", frequency="hourly", start="2024-01-02", as_of="2024-01-12")
    board = HealthBoard(shared=SHARED)

    do(board, "update", "equities/hourly/DEMO")
    finish(board)
    assert [each.symbol for each in board.repair_runs[0].datasets] == ["DEMO"]
    assert symbols(board) == {"stale": ["DEMO"], "healthy": ["DEMO"]}

    do(board, "update", "equities/hourly/DEMO", "equities/daily/DEMO")
    finish(board)
    assert lines(board)[1:] == [
        "%ml4t update DEMO -a equities -f hourly --as-of 2024-01-31",
        "%ml4t update DEMO -a equities -f daily --as-of 2024-01-31",
    ]


@pytest.mark.usefixtures("three")
def test_a_remedy_is_carried_out_only_where_it_fits() -> None:
    board = HealthBoard(shared=SHARED)

    do(board, "gaps", FINE, "equities/daily/GONE")
    do(board, "reload", FINE, LATE, HOLE)
    do(board, "format", LATE)

    assert board.repair_runs == []
    assert board.board.question == {}


def test_rows_say_that_a_job_is_at_work_on_them(gate: Gate, home: Path) -> None:
    gate.let(1)
    gated = Workspace.open(Settings(home=home, provider="gated"))
    verbs.load(gated, "SLOW", start="2024-01-02", as_of="2024-01-12")
    gate.wait()  # for the load's own request, which is through
    board = HealthBoard(shared=SHARED)

    do(board, "update", "equities/daily/SLOW")
    gate.wait()
    assert board.board.busy == ["equities/daily/SLOW"]
    do(board, "update", "equities/daily/SLOW")
    assert len(board.repair_runs) == 1

    gate.let(5)
    finish(board)
    assert board.board.busy == []
    assert list(symbols(board)) == ["healthy"]


def test_a_damaged_dataset_is_loaded_again_only_once_that_is_confirmed(three: Workspace) -> None:
    for chunk in (three.store.home / "data/equities/daily/FINE").iterdir():
        chunk.write_bytes(b"short")
    board = HealthBoard(shared=SHARED)
    assert board.groups[0].remedy == "reload"
    assert not board.groups[0].is_primary

    do(board, "reload", FINE)
    assert board.repair_runs == []
    assert board.board.question["keys"] == [FINE]
    assert "This removes all that is stored of equities/daily/FINE" in board.board.question["words"]

    hear(board, what="keep")
    assert board.board.question == {}
    # Sure of nothing that was asked.
    do(board, "reload", FINE, is_sure=True)
    assert board.repair_runs == []

    do(board, "reload", FINE, is_sure=True)
    finish(board)
    assert symbols(board)["healthy"] == ["FINE"]
    assert board.board.question == {}
    assert len(verbs.bars(three, "FINE")) == 21


def test_what_cannot_be_loaded_again_does_not_keep_the_others_from_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    rows = "Date,Open,High,Low,Close,Volume\n2024-01-02,1,1,1,1,1\n2024-01-03,1,1,1,1,1\n"
    monkeypatch.setenv("ML4T_DATA_FILES", str(folder))
    own = Workspace.open(Settings(home=home, provider="files", files=folder))
    for name in ("GONE", "MINE"):
        (folder / f"{name}.csv").write_text(rows)
        verbs.load(own, name, as_of="2024-01-05")
        for chunk in (home / "data/equities/daily" / name).iterdir():
            chunk.write_bytes(b"short")
    (folder / "GONE.csv").unlink()
    board = HealthBoard(shared=SHARED)
    keys = ["equities/daily/GONE", "equities/daily/MINE"]

    do(board, "reload", *keys)
    assert "2 datasets (equities/daily/GONE, equities/daily/MINE)" in board.board.question["words"]
    do(board, "reload", *keys, is_sure=True)
    finish(board)

    (run,) = board.repair_runs
    assert [(job.command.verb, job.state) for job in run.jobs] == [
        ("remove", "done"), ("load", "failed"), ("remove", "done"), ("load", "done"),
    ]  # fmt: skip
    assert [each.dataset.symbol for each in verbs.list_(own).datasets] == ["MINE"]


def test_a_repair_that_hears_twice_of_a_command_s_end_waits_for_the_next(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A job that ends just as its observers are called calls them once more.
    observe = Job.observe

    def hear_twice(job: Job, observer: Callable[[Job], object]) -> None:
        if job.command.verb == "providers":
            assert job.join(120)
            observer(job)
            observer(job)
        else:
            observe(job, observer)

    monkeypatch.setattr(Job, "observe", hear_twice)
    load = {"symbol": ("SLOW",), "provider": "gated", "start": "2024-01-02", "as_of": "2024-01-12"}
    repair = Repair(((Command("providers", {}), Command("load", load)),))
    told: list[bool] = []
    run = RepairRun(repair, (), lambda each: told.append(each.is_over))

    run.start()
    gate.wait()

    assert [each.command.verb for each in run.jobs] == ["providers", "load"]
    assert told == []
    gate.let(100)
    assert run.jobs[1].join(120)
    assert told == [True]


def test_errors_are_grouped_by_what_happened_whatever_the_symbol_is_called(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setenv("ML4T_DATA_FILES", str(folder))
    own = Workspace.open(Settings(home=home, provider="files", files=folder))
    for name in ("GONE", "LOST"):
        file = folder / f"{name}.csv"
        file.write_text("Date,Open,High,Low,Close,Volume\n2024-01-02,1,1,1,1,1\n")
        verbs.load(own, name, as_of="2024-01-03")
        file.unlink()
    verbs.update(own, ["GONE", "LOST"], as_of="2024-01-31")
    board = HealthBoard(shared=SHARED)

    ((state, words, names, remedy),) = groups(board)
    assert (state, names, remedy) == ("error", ["GONE", "LOST"], "update")
    assert words.startswith("the last run failed: ")
    assert "GONE" not in words
    assert "…" in words
    # An update asks for them all the same, and the next one is due a quarter of an hour later.
    assert board.board.board["dues"] == ["Wed 16:15"]


def test_an_empty_store_names_the_next_step(home: Path) -> None:
    home.mkdir()
    board = HealthBoard(shared=SHARED)

    assert "nothing is stored yet" in board.message.value
    assert "%ml4t load SYMBOL" in board.message.value
    assert board.board.board == {}
    assert "nothing is stored yet" in board.static_html()

    verbs.load(synthetic(home), "DEMO", start="2024-01-02", as_of="2024-01-31")
    hear(board, what="refresh")

    assert symbols(board) == {"healthy": ["DEMO"]}
    assert board.message.value == ""


@pytest.mark.usefixtures("three")
def test_an_error_of_the_look_is_shown_and_goes_with_its_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ML4T_DATA_LOCK_TIMEOUT", "soon")
    board = HealthBoard(shared=SHARED)

    assert "ML4T_DATA_LOCK_TIMEOUT" in board.message.value
    assert board.board.board == {}

    monkeypatch.delenv("ML4T_DATA_LOCK_TIMEOUT")
    hear(board, what="refresh")
    assert len(board.board.board["rows"]) == 3


@pytest.mark.usefixtures("three")
def test_a_row_opens_what_is_known_of_it() -> None:
    board = HealthBoard(shared=SHARED)

    hear(board, what="open", key=LATE)
    assert "data are stale: 12 sessions behind" in board.details.value
    assert "%ml4t update LATE" in board.details.value
    assert board.board.opened == LATE

    hear(board, what="open", key=HOLE)
    assert board.explorer is not None
    assert board.explorer.dataset.value.symbol == "HOLE"
    assert board.board.opened == HOLE


@pytest.mark.usefixtures("three")
def test_the_still_has_the_groups_folded_and_neither_widget_nor_script() -> None:
    kept: list[str] = []
    board = HealthBoard(shared=SHARED, changed=lambda: kept.append("new"))
    kept.clear()

    hear(board, what="refresh")

    assert kept == ["new"]
    still = board.static_html()
    assert "data are stale: 12 sessions behind" in still
    assert still.count("<details") == 3
    assert still.count("open=") == 2  # not what is healthy
    assert "as of Wed 31 Jan 2024 16:00 New York" in still
    assert "<script" not in still


def test_names_from_a_store_cannot_write_html(home: Path) -> None:
    verbs.load(
        synthetic(home), "<B>X", asset_class="equities", start="2024-01-02", as_of="2024-01-12"
    )
    board = HealthBoard(shared=SHARED)
    hear(board, what="open", key="equities/daily/<B>X")

    shown = board.details.value + board.static_html()
    assert "&lt;B&gt;X" in shown
    assert "<B>X" not in shown


def test_two_thousand_datasets_are_a_short_text(home: Path) -> None:
    store_many(home, 2000)
    board = HealthBoard(shared={"as_of": AS_OF})

    # Of every ten: one failed; one lacks a day and one ends early.
    assert [(each.state, len(each.datasets)) for each in board.groups] == [
        ("error", 200), ("stale", 200), ("incomplete", 200), ("healthy", 1400),
    ]  # fmt: skip
    assert len(json.dumps(board.board.board)) < 250_000
    assert len(board.static_html()) < 60_000
    assert board.static_html().count("<details") == 4
    assert len(Store(home).datasets()) == 2000


@pytest.fixture
def doubtful(home: Path, tmp_path: Path) -> Workspace:
    """ODD holds a close of ten times its price, and ends on the 9th of February; FINE is fine."""
    folder = tmp_path / "files"
    folder.mkdir()
    stamps = calendar("XNYS").stamps(span_between("2024-01-02", "2024-02-12"), "daily")
    rows = ["Date,Open,High,Low,Close,Volume"]
    for at, stamp in enumerate(stamps):
        price = (100 + at % 3 / 2) * (10 if f"{stamp:%Y-%m-%d}" == "2024-01-24" else 1)
        prices = f"{price},{price + 0.4},{price - 0.4},{price + 0.2}"
        rows.append(f"{stamp:%Y-%m-%d},{prices},{1000 + 7 * at}")
    (folder / "ODD.csv").write_text("\n".join(rows), encoding="utf-8")
    ws = Workspace.open(Settings(home=home, provider="files", files=folder))
    verbs.load(ws, "ODD", as_of="2024-02-12")
    verbs.load(synthetic(home), "FINE", start="2024-01-02", as_of="2024-02-29")
    return ws


@pytest.mark.usefixtures("doubtful")
def test_findings_to_decide_open_below() -> None:
    board = HealthBoard(shared={"as_of": "2024-02-29"})

    assert groups(board) == [
        ("suspect", "1 finding to decide", ["ODD"], "review"),
        ("healthy", "nothing to do", ["FINE"], None),
    ]
    assert "; also stale: 13 sessions behind" in board.board.board["reasons"][0]

    do(board, "review", "equities/daily/ODD")
    assert board.inbox is not None
    assert len(board.inbox.items) == 1
