"""Verbs in the background: what they did, who is told, how they end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import ml4t_nb
from ml4t_nb.commands.parser import parse
from ml4t_nb.errors import JobBusy, OptionError
from ml4t_nb.events import silent
from ml4t_nb.execution.execute import call
from ml4t_nb.execution.jobs import JOBS, Job, Jobs
from ml4t_nb.model import Command
from ml4t_nb.notebook.panel_verbs import NOTEBOOK
from ml4t_nb.reports import RunReport
from tests.notebook.panels.conftest import Gate
from tests.notebook.panels.start import start_job

LOAD = "load {} -p sample --start 2005-01-03 --as-of 2005-02-25"
SLOW = "load {} -p gated --start 2005-01-03 --end 2005-12-30 --as-of 2006-01-31"


def test_a_job_does_what_its_line_says() -> None:
    job = start_job(LOAD.format("AAPL IBM"))

    assert job.join(120)
    assert (job.state, job.error, list(job.log)) == ("done", None, [])
    assert isinstance(job.report, RunReport)
    assert [each.rows for each in job.report.results] == [38, 38]
    assert (job.track.done, job.track.total, job.track.bars) == (2, 2, 76)
    assert len(ml4t_nb.bars("IBM")) == 38


def test_a_job_that_fails_in_part_has_failed_and_keeps_its_report() -> None:
    job = start_job(LOAD.format("AAPL NOPE"))

    job.join(120)

    assert job.state == "failed"
    assert job.run is not None
    assert [each.record.outcome for each in job.run.results] == ["changed", "failed"]
    assert [line.stage for line in job.track.lines] == ["changed", "failed"]
    assert job.track.lines[1].notes == ("sample has no 'NOPE'",)
    assert job.track.lines[1].step == "sample has AAPL, FB, GOOG, IBM, MSFT"


def test_a_verb_that_raises_leaves_its_error() -> None:
    job = start_job("load AAPL -p smaple")

    job.join(120)

    assert job.state == "failed"
    assert job.report is None
    assert job.error is not None
    assert job.error.message == "unknown provider 'smaple'"


def test_a_wrong_setting_is_an_error_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML4T_DATA_LOCK_TIMEOUT", "soon")

    job = start_job(LOAD.format("AAPL"))
    job.join(120)

    assert job.error is not None
    assert "ML4T_DATA_LOCK_TIMEOUT" in job.error.message


def test_a_job_started_in_a_folder_that_is_gone_runs_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir("gone")
    (tmp_path / "gone").rmdir()

    job = start_job(LOAD.format("AAPL"))
    assert job.join(120)

    assert (job.state, job.error) == ("done", None)
    with pytest.raises(OptionError, match="the current folder, which no longer exists"):
        start_job(LOAD.format("AAPL --home here"))


def test_a_bug_of_a_provider_fails_its_dataset_and_stands_in_the_log(gate: Gate) -> None:
    del gate

    job = start_job(SLOW.format("BUG"))
    job.join(120)

    assert job.state == "failed"
    assert job.run is not None
    assert job.run.results[0].record.error is not None
    assert job.run.results[0].record.error.type == "ZeroDivisionError"
    assert "a bug of the provider" in "".join(job.log)


def test_a_cancelled_job_ends_at_its_next_request_and_keeps_what_is_committed(gate: Gate) -> None:
    job = start_job(SLOW.format("FAST SLOW"))
    one_done = threading.Event()
    job.observe(lambda told: one_done.set() if told.track.done else None)
    gate.wait()
    assert one_done.wait(120)

    job.cancel()
    gate.let(1)

    assert job.join(120)
    assert job.state == "cancelled"
    assert job.run is not None
    assert [each.symbol for each in job.run.left] == ["SLOW"]
    assert len(ml4t_nb.bars("FAST")) == 252
    with pytest.raises(ml4t_nb.Ml4tError, match="No existing data found"):
        ml4t_nb.bars("SLOW")


def test_a_job_cancelled_after_its_end_stays_done() -> None:
    job = start_job(LOAD.format("AAPL"))
    job.join(120)

    job.cancel()

    assert (job.state, job.track.is_stopping) == ("done", False)


def test_an_observer_is_notified_while_it_runs_and_once_after_the_end(gate: Gate) -> None:
    seen: list[tuple[str, str]] = []
    job = start_job(SLOW.format("SLOW"))
    gate.wait()
    asking = threading.Event()

    def watch(told: Job) -> None:
        seen.append((told.state, told.track.doing))
        asking.set()

    job.observe(watch)
    assert asking.wait(120)
    gate.let(100)
    job.join(120)

    states = [state for state, _ in seen]
    assert states[0] == "running"
    assert states.count("done") == 1
    assert states[-1] == "done"


def test_a_late_observer_is_notified_at_once() -> None:
    job = start_job(LOAD.format("AAPL"))
    job.join(120)
    seen: list[str] = []

    job.observe(lambda told: seen.append(told.state))

    assert seen == ["done"]


def test_a_watcher_that_fails_harms_neither_the_job_nor_the_others(gate: Gate) -> None:
    seen: list[str] = []

    def fail(_: Job) -> None:
        raise RuntimeError("a watcher's own fault")

    # While it waits: a watcher of a job that is over is called by who attaches it.
    job = start_job(SLOW.format("SLOW"))
    gate.wait()
    job.observe(fail)
    job.observe(lambda told: seen.append(told.state))
    gate.let(100)
    job.join(120)

    assert job.state == "done"
    assert seen[-1] == "done"


def test_two_jobs_never_work_on_one_dataset(gate: Gate) -> None:
    first = start_job(SLOW.format("SLOW"))
    gate.wait()

    second = start_job(SLOW.format("SLOW FAST"))
    second.join(120)

    assert isinstance(second.error, JobBusy)
    assert second.error.message == f"job {first.number} is already running on SLOW: {first.line}"
    gate.let(100)
    first.join(120)
    assert first.state == "done"
    with pytest.raises(ml4t_nb.Ml4tError, match="No existing data found"):
        ml4t_nb.bars("FAST")


def test_a_dataset_is_free_again_when_its_job_has_ended() -> None:
    start_job(LOAD.format("AAPL")).join(120)

    again = start_job(LOAD.format("AAPL"))
    again.join(120)

    assert (again.state, again.error) == ("done", None)


def test_the_same_symbol_in_another_store_is_another_dataset(gate: Gate, tmp_path: Path) -> None:
    first = start_job(SLOW.format("SLOW"))
    gate.wait()

    second = start_job(f"{SLOW.format('SLOW')} --home {tmp_path / 'other'}")
    gate.wait()
    gate.let(1000)

    assert first.join(120)
    assert second.join(120)
    assert (first.state, second.state) == ("done", "done")


def test_a_store_that_is_spelled_in_two_ways_is_one_store(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = start_job(f"{SLOW.format('SLOW')} --home other")
    gate.wait()

    second = start_job(f"{SLOW.format('SLOW')} --home {tmp_path / 'other'}")
    gate.let(1000)

    assert second.join(120)
    assert isinstance(second.error, JobBusy)
    assert first.join(120)
    assert first.state == "done"


@pytest.mark.parametrize("home", ["--home store", ""])
def test_a_job_keeps_to_the_folder_and_the_settings_it_was_started_with(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("ML4T_DATA_HOME", "store")
    job = start_job(f"{SLOW.format('SLOW')} {home}")
    gate.wait()

    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("ML4T_DATA_HOME", str(elsewhere))
    rival = start_job(f"{SLOW.format('SLOW')} --home {here / 'store'}")
    gate.let(1000)

    assert rival.join(120)
    assert isinstance(rival.error, JobBusy)
    assert job.join(120)
    assert job.state == "done"
    assert [path.name for path in elsewhere.iterdir()] == []
    assert len(ml4t_nb.bars("SLOW", home=here / "store")) == 252


def test_a_job_is_found_by_its_number() -> None:
    job = start_job(LOAD.format("AAPL"))
    job.join(120)

    assert JOBS.get(job.number) is job
    assert JOBS.get(10_000_000) is None


def test_of_ended_jobs_the_last_fifty_are_kept() -> None:
    jobs = Jobs()
    for _ in range(60):
        command = start_job("providers").command
        jobs.start(command).join(120)

    numbers = [job.number for job in jobs]

    assert numbers == list(range(10, 61))


def test_a_jobs_log_reaches_no_other_job(
    gate: Gate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ML4T_DATA_LOG_LEVEL", "DEBUG")
    job = start_job(SLOW.format("SLOW"))
    gate.wait()
    command = parse(LOAD.format("AAPL").split(), program=NOTEBOOK)
    assert isinstance(command, Command)
    call(command, watch=silent)
    heard = capsys.readouterr().err
    gate.let(100)
    job.join(120)

    assert "symbol='AAPL'" in heard
    assert "SLOW" not in heard
    assert "symbol='SLOW'" in "".join(job.log)
    assert "AAPL" not in "".join(job.log)
    assert "SLOW" not in capsys.readouterr().err
