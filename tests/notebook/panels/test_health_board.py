"""The health board, without a browser: what is shown, what a click does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.calendars import calendar
from ml4t_nb.execution.jobs import Job
from ml4t_nb.model import Command, DatasetId, Span
from ml4t_nb.notebook.panels.health_board import HealthBoard
from ml4t_nb.notebook.panels.repair import Repair, RepairRun
from ml4t_nb.records import HealthState
from ml4t_nb.settings import Settings
from ml4t_nb.storage.store import Store
from ml4t_nb.workspace import Workspace
from tests.notebook.panels.conftest import Gate
from tests.notebook.panels.many_datasets import AS_OF, store_many
from tests.verbs.spans import span_between

SHARED: dict[str, object] = {"as_of": "2024-01-31"}


def synthetic(home: Path, *holes: Span) -> Workspace:
    return Workspace.open(Settings(home=home, provider="synthetic", synthetic_holes=holes))


@pytest.fixture
def three(home: Path) -> Workspace:
    """LATE ends on the 12th, HOLE lacks the 10th, FINE lacks nothing."""
    ws = synthetic(home, span_between("2024-01-10", "2024-01-11"))
    verbs.load(ws, "HOLE", start="2024-01-02", as_of="2024-01-31")
    ws = synthetic(home)
    verbs.load(ws, "FINE", start="2024-01-02", as_of="2024-01-31")
    verbs.load(ws, "LATE", start="2024-01-02", as_of="2024-01-12")
    return ws


def names(board: HealthBoard) -> list[str]:
    """Symbols of the rows, from the top."""
    shown = [each for each in board.table.widget.children if each in board.table.rows]
    stored = {each.dataset.symbol for each in board.report.datasets} if board.report else set()
    return [next(name for name in stored if f"/{name} " in f"{row.value} ") for row in shown]


def buttons(board: HealthBoard) -> list[str]:
    """What the buttons of the rows say; nothing where none is in sight."""
    shown = [each for each in board.table.widget.children if each in board.table.repairs]
    return [each.description if each.layout.visibility == "visible" else "" for each in shown]


def first_job(board: HealthBoard) -> int:
    """Number of the first job that the board began."""
    return next(iter(board.repair_runs.values())).jobs[0].number


def finish(board: HealthBoard) -> None:
    """Wait until every job that the board began has ended, those that follow another too."""
    for repair_run in board.repair_runs.values():
        for job in repair_run.jobs:  # grows while it is gone through
            assert job.join(120)


@pytest.mark.usefixtures("three")
def test_the_worst_come_first_with_their_reason_and_what_repairs_them() -> None:
    board = HealthBoard(shared=SHARED)

    assert names(board) == ["LATE", "HOLE", "FINE"]
    assert buttons(board) == ["update", "refetch gaps", ""]
    first, second = board.table.rows[0].value, board.table.rows[1].value
    assert "⚠️ stale" in first
    assert "data are stale: 12 sessions behind" in first
    assert "⚠️ incomplete" in second
    assert "gaps detected: 1 bar missing in 1 gap" in second
    assert "equities/daily/HOLE (synthetic)" in second


def test_totals_are_reported_in_all_and_by_asset_class(three: Workspace) -> None:
    verbs.load(three, "BTC-USD", start="2024-01-02", as_of="2024-01-31")

    board = HealthBoard(shared=SHARED)

    # XNYS has 21 sessions from the 2nd to the 31st: HOLE has 20 bars, LATE 9.
    totals = board.totals.value
    assert "❌ 0 error, ⚠️ 0 suspect, ⚠️ 1 stale, ⚠️ 1 incomplete, ✅ 2 healthy; 80 bars" in totals
    assert "<b>equities</b> 3 datasets, 50 bars" in totals
    assert "<b>crypto</b> 1 dataset, 30 bars" in totals


@pytest.mark.usefixtures("three")
def test_a_click_on_a_heading_sorts_and_a_second_one_reverses() -> None:
    board = HealthBoard(shared=SHARED)

    board.table.sorts["bars"].click()
    assert names(board) == ["LATE", "HOLE", "FINE"]
    assert board.table.sorts["bars"].description == "Bars ↑"
    assert board.table.sorts["state"].description == "State"

    board.table.sorts["bars"].click()
    assert names(board) == ["FINE", "HOLE", "LATE"]
    assert board.table.sorts["bars"].description == "Bars ↓"

    board.table.sorts["dataset"].click()
    assert names(board) == ["FINE", "HOLE", "LATE"]


@pytest.mark.usefixtures("three")
def test_every_heading_sorts_by_its_column() -> None:
    board = HealthBoard(shared=SHARED)

    def after(column: str) -> list[str]:
        board.table.sorts[column].click()
        return names(board)

    assert after("behind") == ["FINE", "HOLE", "LATE"]
    assert after("gaps") == ["FINE", "LATE", "HOLE"]
    assert after("last") == ["LATE", "FINE", "HOLE"]
    assert after("reason") == ["LATE", "HOLE", "FINE"]  # data ..., gaps ..., up to date
    assert after("state") == ["LATE", "HOLE", "FINE"]


@pytest.mark.usefixtures("three")
def test_rows_are_found_by_words_and_by_state() -> None:
    board = HealthBoard(shared=SHARED)

    board.text.value = "SESSIONS late"
    assert names(board) == ["LATE"]
    board.text.value = ""
    board.state.value = "healthy"
    assert names(board) == ["FINE"]
    board.text.value = "late"
    assert names(board) == []
    assert "none of 3 datasets is like that" in board.place.value


@pytest.mark.usefixtures("three")
def test_the_threshold_acts_at_once() -> None:
    board = HealthBoard(shared=SHARED)

    # The oldest session missed, of the 16th, closed 15 days before the as-of.
    board.stale_days.value = 16
    assert board.report is not None
    assert board.report.count("stale") == 0
    assert buttons(board) == ["refetch gaps", "", ""]

    board.stale_days.value = 14.5
    assert buttons(board) == ["update", "refetch gaps", ""]


def test_the_threshold_shows_no_map_of_what_was_stored_before(three: Workspace) -> None:
    board = HealthBoard(shared=SHARED)
    verbs.update(three, "LATE", as_of="2024-01-31")

    board.stale_days.value = 8

    assert "behind" not in board.map.value


@pytest.mark.usefixtures("three")
def test_the_map_shows_the_last_sessions_of_the_rows() -> None:
    board = HealthBoard(shared=SHARED)

    board.text.value = "hole"
    # Twenty sessions end with the 31st, and begin with the 3rd: the 15th is a holiday.
    assert 'title="Wed 2024-01-10: missing, open"' in board.map.value
    assert 'aria-label="19 present, 1 missing"' in board.map.value
    assert "<b" not in board.map.value.partition("</table>")[2].replace("<b style", "")

    board.sessions.value = 5
    assert 'aria-label="5 present"' in board.map.value


@pytest.mark.usefixtures("three")
def test_an_update_repairs_what_is_behind_and_the_board_follows() -> None:
    board = HealthBoard(shared=SHARED)

    board.table.repairs[0].click()
    finish(board)

    assert board.report is not None
    assert board.report.count("stale") == 0
    assert names(board) == ["HOLE", "FINE", "LATE"]
    assert buttons(board) == ["refetch gaps", "", ""]
    (repair_run,) = board.repair_runs.values()
    assert repair_run.jobs[0].line == "%ml4t update LATE -a equities -f daily --as-of 2024-01-31"


@pytest.mark.usefixtures("three")
def test_refetching_repairs_a_gap_that_the_provider_has_by_now() -> None:
    board = HealthBoard(shared=SHARED)

    board.table.repairs[1].click()
    finish(board)

    assert buttons(board) == ["update", "", ""]
    assert "missing" not in board.map.value


def test_a_row_says_that_a_job_is_at_work_on_it(gate: Gate, home: Path) -> None:
    gate.let(1)
    gated = Workspace.open(Settings(home=home, provider="gated"))
    verbs.load(gated, "SLOW", start="2024-01-02", as_of="2024-01-12")
    gate.wait()  # for the load's own request, which is through
    board = HealthBoard(shared=SHARED)

    board.table.repairs[0].click()
    gate.wait()

    assert buttons(board) == ["⏳ running"]
    assert board.table.repairs[0].disabled
    board.table.repairs[0].click()
    (repair_run,) = board.repair_runs.values()
    assert len(repair_run.jobs) == 1

    gate.let(5)
    finish(board)
    assert buttons(board) == [""]


def test_a_dataset_that_another_board_is_at_work_on_is_left_alone(gate: Gate, home: Path) -> None:
    gate.let(1)
    gated = Workspace.open(Settings(home=home, provider="gated"))
    verbs.load(gated, "SLOW", start="2024-01-02", as_of="2024-01-12")
    gate.wait()  # for the load's own request, which is through
    first, second = HealthBoard(shared=SHARED), HealthBoard(shared=SHARED)

    first.table.repairs[0].click()
    gate.wait()
    second.table.repairs[0].click()
    finish(second)

    assert f"job {first_job(first)} is already running on SLOW" in second.table.rows[0].value
    assert buttons(second) == ["update"]

    second.refresh_button.click()
    assert "at work" not in second.table.rows[0].value

    gate.let(5)
    finish(first)


def test_a_repair_that_fails_says_why_and_can_be_tried_again(
    three: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    rows = "".join(f"2024-01-{day:02},1,1,1,1,1\n" for day in (2, 3, 4, 5))
    (folder / "MINE.csv").write_text(f"Date,Open,High,Low,Close,Volume\n{rows}")
    monkeypatch.setenv("ML4T_DATA_FILES", str(folder))
    own = Workspace.open(Settings(home=three.store.home, provider="files", files=folder))
    verbs.load(own, "MINE", as_of="2024-01-05")
    (folder / "MINE.csv").unlink()
    board = HealthBoard(shared=SHARED)
    board.text.value = "mine"

    board.table.repairs[0].click()
    finish(board)

    row = board.table.rows[0].value
    assert "❌ error" in row
    assert "the last run failed" in row
    assert "update, failed: " in row
    assert buttons(board) == ["update"]
    assert not board.table.repairs[0].disabled

    (folder / "MINE.csv").write_text(f"Date,Open,High,Low,Close,Volume\n{rows}")
    board.table.repairs[0].click()
    finish(board)

    assert "failed" not in board.table.rows[0].value.replace("1 failed run in the last 10 runs", "")


def test_a_damaged_dataset_is_loaded_again_only_at_the_second_press(three: Workspace) -> None:
    for chunk in (three.store.home / "data/equities/daily/FINE").iterdir():
        chunk.write_bytes(b"short")
    board = HealthBoard(shared=SHARED)
    assert names(board)[0] == "FINE"
    assert buttons(board)[0] == "load again"

    board.table.repairs[0].click()

    assert board.repair_runs == {}
    assert buttons(board)[0] == "⚠️ do it"
    assert "this removes all that is stored of equities/daily/FINE" in board.message.value

    board.table.repairs[0].click()
    finish(board)

    assert board.report is not None
    assert board.report.count("error") == 0
    assert board.message.value == ""
    assert len(verbs.bars(three, "FINE")) == 21


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
    repair = Repair("", "", (Command("providers", {}), Command("load", load)))
    told: list[bool] = []
    repair_run = RepairRun(repair, lambda each: told.append(each.is_over))

    repair_run.start()
    gate.wait()

    assert [each.command.verb for each in repair_run.jobs] == ["providers", "load"]
    assert not repair_run.is_over
    assert True not in told
    gate.let(100)
    assert repair_run.jobs[1].join(120)
    assert repair_run.is_over


def test_another_click_takes_the_first_press_back(three: Workspace) -> None:
    for chunk in (three.store.home / "data/equities/daily/FINE").iterdir():
        chunk.write_bytes(b"short")
    board = HealthBoard(shared=SHARED)

    board.table.repairs[0].click()
    board.table.sorts["dataset"].click()

    assert buttons(board)[0] == "load again"
    assert board.message.value == ""
    assert board.repair_runs == {}


def test_what_was_removed_and_cannot_be_loaded_again_is_reported(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "MINE.csv").write_text(
        "Date,Open,High,Low,Close,Volume\n2024-01-02,1,1,1,1,1\n2024-01-03,1,1,1,1,1\n"
    )
    monkeypatch.setenv("ML4T_DATA_FILES", str(folder))
    own = Workspace.open(Settings(home=home, provider="files", files=folder))
    verbs.load(own, "MINE", as_of="2024-01-05")
    for chunk in (home / "data/equities/daily/MINE").iterdir():
        chunk.write_bytes(b"short")
    (folder / "MINE.csv").unlink()
    board = HealthBoard(shared=SHARED)

    board.table.repairs[0].click()
    board.table.repairs[0].click()
    finish(board)

    assert "equities/daily/MINE: ❌ job" in board.message.value
    assert "nothing is stored yet" in board.totals.value


def test_an_empty_store_names_the_next_step(home: Path) -> None:
    home.mkdir()
    board = HealthBoard(shared=SHARED)

    assert "nothing is stored yet" in board.totals.value
    assert "%ml4t load SYMBOL" in board.totals.value
    assert board.table.widget.layout.display == "none"
    assert "nothing is stored yet" in board.static_html()

    verbs.load(synthetic(home), "DEMO", start="2024-01-02", as_of="2024-01-31")
    board.refresh()

    assert names(board) == ["DEMO"]
    assert board.table.widget.layout.display == ""


@pytest.mark.usefixtures("three")
def test_an_error_of_the_look_is_shown_and_goes_with_its_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ML4T_DATA_LOCK_TIMEOUT", "soon")

    board = HealthBoard(shared=SHARED)

    assert "ML4T_DATA_LOCK_TIMEOUT" in board.totals.value
    assert board.table.widget.layout.display == "none"

    monkeypatch.delenv("ML4T_DATA_LOCK_TIMEOUT")
    board.refresh_button.click()

    assert len(names(board)) == 3


@pytest.mark.usefixtures("three")
def test_the_still_picture_has_the_rows_and_neither_widget_nor_script() -> None:
    kept: list[str] = []
    board = HealthBoard(shared=SHARED, changed=lambda: kept.append("new"))
    kept.clear()

    board.text.value = "late"

    assert kept == ["new"]
    static_html = board.static_html()
    assert "data are stale: 12 sessions behind" in static_html
    assert "1 to 1 of 1 found" in static_html
    assert "behind (after the last bar)" in static_html
    assert "<script" not in static_html
    assert "FINE" not in static_html


def test_names_from_a_store_cannot_write_html(home: Path) -> None:
    verbs.load(
        synthetic(home), "<B>X", asset_class="equities", start="2024-01-02", as_of="2024-01-12"
    )

    board = HealthBoard(shared=SHARED)

    shown = board.table.rows[0].value + board.map.value + board.static_html()
    assert "&lt;B&gt;X" in shown
    assert "<B>X" not in shown


def test_the_same_symbol_at_two_frequencies_is_repaired_by_its_own_row(home: Path) -> None:
    ws = synthetic(home)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-31")
    verbs.load(ws, "DEMO", frequency="hourly", start="2024-01-02", as_of="2024-01-12")
    board = HealthBoard(shared=SHARED)

    board.table.repairs[0].click()
    finish(board)

    assert list(board.repair_runs) == [DatasetId("equities", "hourly", "DEMO")]
    assert board.report is not None
    assert board.report.count("stale") == 0


def test_a_thousand_datasets_are_paged_sorted_and_found(home: Path) -> None:
    store_many(home, 1000)
    board = HealthBoard(shared={"as_of": AS_OF})

    assert board.report is not None
    # Of every ten: one failed; one lacks a day and one ends early.
    states: tuple[HealthState, ...] = ("error", "stale", "incomplete", "healthy")
    assert [board.report.count(each) for each in states] == [100, 100, 100, 700]
    assert "1 to 20 of 1,000" in board.place.value
    assert board.before.disabled
    assert names(board)[:3] == ["S0007", "S0017", "S0027"]

    board.after.click()
    assert "21 to 40 of 1,000" in board.place.value
    board.table.sorts["dataset"].click()
    assert names(board)[:2] == ["S0004", "S0009"]  # crypto comes before equities
    board.table.sorts["dataset"].click()
    assert names(board)[:2] == ["S0998", "S0997"]

    board.text.value = "s00"
    board.state.value = "stale"
    assert "1 to 10 of 10 found" in board.place.value
    assert board.before.disabled
    assert board.after.disabled
    assert len(names(board)) == 10
    assert board.map.value.count('role="img"') == 10
    assert len(Store(home).datasets()) == 1000


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
def test_a_doubtful_dataset_is_suspect_and_found_by_each_state_it_is_in() -> None:
    board = HealthBoard(shared={"as_of": "2024-02-29"})

    def found(state: str) -> list[str]:
        board.state.value = state
        return [each.dataset.symbol for each in board._found]

    assert [found(each) for each in ("suspect", "stale", "error", "healthy")] == [
        ["ODD"], ["ODD"], [], ["FINE"],
    ]  # fmt: skip
    assert found("") == ["ODD", "FINE"]
    first = board.table.rows[0].value
    assert "⚠️ suspect" in first
    assert "1 finding to decide: 2024-01-24 " in first
    assert "; also stale: 13 sessions behind" in first
    assert "⚠️ 1 suspect, ⚠️ 0 stale" in board.totals.value
