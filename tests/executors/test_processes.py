"""Works done by processes of this machine: as in threads, and through what processes suffer."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.exit_codes import FAILED, code_of
from ml4t_nb.events import Committed, Event, Finished
from ml4t_nb.execution.jobs import Jobs
from ml4t_nb.executors import crew, processes
from ml4t_nb.executors.answers import Tools, reply_to
from ml4t_nb.executors.connections import Wire
from ml4t_nb.executors.messages import Question
from ml4t_nb.model import Command, DatasetId
from ml4t_nb.pipeline import LoadRequest, run_load
from ml4t_nb.providers import budget
from ml4t_nb.providers.budget import Budget
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.runs import run_batch
from ml4t_nb.workspace import Workspace
from tests.executors.stores import Heard, outcomes, stored
from tests.executors.works import load_dying_after_commit, load_dying_before_commit

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")

DATES: dict[str, Any] = {"start": "2024-01-02", "as_of": "2024-06-28"}
SYMBOLS = [*(f"SHARE{number}" for number in range(9)), "NONE1", "BUG1", "LOUD1"]
UNGUARDED = """
import sys, ml4t_nb
dates = {"start": "2024-01-02", "as_of": "2024-06-28"}
try:
    ml4t_nb.load(["A", "HELD1"], provider="gated", executor="processes", workers=2, **dates)
except KeyboardInterrupt as stop:
    print(stop, [each.dataset.symbol for each in stop.report.results])
print(len(ml4t_nb.bars("A")), "__main__" == __name__)
"""


def test_processes_do_what_threads_do_bit_for_bit(
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spent: list[tuple[str, int]] = []

    def spend(executor: str, requests: int) -> float:
        spent.append((executor, requests))
        return 0.0

    def ran(executor: str) -> tuple[RunReport, Heard, list[tuple[str, str]]]:
        heard = Heard()
        monkeypatch.setattr(budget, "_source", lambda *_: Budget(partial(spend, executor)))
        ws = Workspace.open(Settings(home=folder / executor), observer=heard)
        report = verbs.load(ws, SYMBOLS, provider="gated", executor=executor, workers=2, **DATES)
        logged = sorted((each.name, each.getMessage()) for each in caplog.records)
        caplog.clear()
        return report, heard, [each for each in logged if each[0] != "gated"]

    expected, events, logged = ran("threads")
    assert "printed by a provider" in capfd.readouterr().out
    found, told, forwarded = ran("processes")

    # Ten times six answers of thirty days, and one that breaks; none for what is not known.
    assert (expected.requests, found.requests) == (61, 61)
    assert [each.record.outcome for each in found.results] == ["changed"] * 9 + [
        "failed",
        "failed",
        "changed",
    ]
    # Each spends one of the budget of this process.
    assert Counter(spent) == {("threads", 1): 61, ("processes", 1): 61}
    assert outcomes(found) == outcomes(expected)
    assert told.of == events.of
    assert stored(folder / "processes") == stored(folder / "threads")
    assert ("ml4t_nb.gated", "logged by a provider") in forwarded
    assert [words for _, words in forwarded] == [words for _, words in logged]
    assert capfd.readouterr() == ("", "")


def test_a_lost_worker_is_replaced_once_and_costs_no_other_dataset(
    folder: Path, holder: Callable[[str], int], caplog: pytest.LogCaptureFixture
) -> None:
    killing = Thread(target=lambda: os.kill(holder("HELD1"), signal.SIGKILL))
    killing.start()
    heard = Heard()
    ws = Workspace.open(Settings(home=folder / "home"), observer=heard)
    symbols = ["A", "HELD1", "B", "DIES1", "C"]
    report = verbs.load(ws, symbols, provider="gated", executor="processes", workers=2, **DATES)
    killing.join()

    results = {each.dataset.symbol: each for each in report.results}
    assert [name for name in symbols if results[name].rows == 124] == ["A", "HELD1", "B", "C"]
    error = results["DIES1"].record.error
    assert error is not None
    assert (error.type, error.message) == (
        "WorkerLost",
        "the worker of equities/daily/DIES1 was lost twice: its process was killed by signal 9",
    )
    # It may need more memory than there is, each time: the same run does not succeed later.
    assert code_of(report) == FAILED
    # Told once, however often it was done; each request is counted that was made.
    finished = [event for events in heard.of.values() for event in events]
    assert len([each for each in finished if isinstance(each, Finished)]) == 5
    assert report.requests == 4 * 6 + 1 + 2
    assert [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING] == [
        f"the worker of equities/daily/{name} was lost, another does it: "
        "its process was killed by signal 9"
        for name in sorted(("HELD1", "DIES1"), key=str(caplog.text).index)
    ]


def test_a_job_that_is_cancelled_leaves_no_process_and_nothing_half_done(
    folder: Path, holder: Callable[[str], int]
) -> None:
    options = {"provider": "gated", "executor": "processes", "home": folder / "home", **DATES}
    job = Jobs().start(Command("load", {"symbol": ["A", "HELD1"], "workers": 2, **options}))
    process = holder("HELD1")
    while not job.track.done:
        assert not job.is_over
    job.cancel()
    job.join()

    assert (job.state, job.error) == ("cancelled", None)
    assert job.run is not None
    assert [each.dataset.symbol for each in job.run.results] == ["A"]
    assert [each.symbol for each in job.run.left] == ["HELD1"]
    assert list((folder / "home").rglob("*HELD1*")) == []
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_what_a_cancelled_run_has_committed_is_in_its_report(folder: Path) -> None:
    cancel, symbols = Flag(), [f"SHARE{number}" for number in range(20)]

    def then(event: Event) -> None:
        # The other process is anywhere then: it may commit, too.
        if isinstance(event, Committed):
            cancel.set()

    heard = Heard(then)
    ws = Workspace.open(Settings(home=folder / "home"), observer=heard, cancel=cancel)
    report = verbs.load(ws, symbols, provider="gated", executor="processes", workers=2, **DATES)

    held = {each.symbol for each in Workspace.open(Settings(home=folder / "home")).store.datasets()}
    assert held
    assert {each.dataset.symbol for each in report.results} == held
    assert {each.symbol for each in report.left} == {*symbols} - held


def test_a_script_needs_no_guard_and_ctrl_c_reaches_it_alone(
    folder: Path, holder: Callable[[str], int]
) -> None:
    script = folder / "script.py"
    script.write_text(UNGUARDED)
    with subprocess.Popen(
        [sys.executable, script],
        env={**os.environ, "ML4T_DATA_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        held = holder("HELD1")
        while not list((folder / "home").glob("state/equities/daily/A/m.*")):
            assert process.poll() is None
        # As a terminal does: to all processes that belong to it.
        os.killpg(process.pid, signal.SIGINT)
        said, complained = process.communicate()

    assert complained == ""
    assert said == "load was interrupted: 1 of 2 done ['A']\n124 True\n"
    with pytest.raises(ProcessLookupError):
        os.kill(held, 0)


@pytest.mark.parametrize(("start", "commits"), [("2024-01-02", 1), ("2023-06-01", 2)])
def test_what_a_worker_has_committed_is_told_though_it_is_lost_then(
    start: str,
    commits: int,
    folder: Path,
    holder: Callable[[str], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killing(wire: Wire, question: Question, tools: Tools) -> None:
        is_commit = question.name == "observe" and isinstance(question.arguments[0], Committed)
        if is_commit and not killed:
            killed.append(holder("HELD1"))
            os.kill(killed[0], signal.SIGKILL)
        reply_to(wire, question, tools)

    def ran(executor: str) -> RunReport:
        (folder / "HELD1").unlink(missing_ok=True)
        ws = Workspace.open(Settings(home=folder / executor), observer=heard)
        dates: dict[str, Any] = {"start": start, "as_of": "2024-06-28"}
        return verbs.load(ws, ["HELD1"], provider="gated", executor=executor, **dates)

    (folder / "HELD1.end").touch()
    killed, heard = list[int](), Heard()
    monkeypatch.setattr(crew, "reply_to", killing)
    expected = ran("threads")
    assert len([each for each in heard.of["HELD1"] if isinstance(each, Committed)]) == commits
    found = ran("processes")

    assert len(killed) == 1
    (as_was,), (as_is,) = outcomes(expected), outcomes(found)
    assert as_is.record.error is None
    assert (as_is.record.added, as_is.rows) == (as_was.record.added, as_was.rows)
    assert as_is.record.outcome == "changed"
    assert as_is.findings == as_was.findings
    # Where that was all, it is not done again.
    if commits == 1:
        assert as_is == as_was
        assert found.requests == expected.requests


@pytest.mark.parametrize(("start", "commits"), [("2024-01-02", 1), ("2023-06-01", 2)])
@pytest.mark.parametrize("dying", [load_dying_after_commit, load_dying_before_commit])
def test_a_commit_of_which_a_worker_could_not_tell_is_found_in_the_store(
    dying: Callable[..., Any], start: str, commits: int, folder: Path
) -> None:
    sign, request = (
        folder / "sign",
        LoadRequest("A", "equities", "daily", "gated", date.fromisoformat(start)),
    )
    dataset = DatasetId("equities", "daily", "A")

    def ran(executor: str, work: Callable[..., Any]) -> RunReport:
        ws = Workspace.open(Settings(home=folder / executor))
        works = {dataset: partial(work, request=request)}
        return run_batch(ws, "load", works, date.fromisoformat("2024-06-28"), executor=executor)

    expected = ran("threads", run_load)
    found = ran("processes", partial(dying, sign=sign))

    assert sign.exists()
    (as_was,), (as_is,) = outcomes(expected), outcomes(found)
    assert (as_is.record.added, as_is.rows) == (as_was.record.added, as_was.rows)
    assert (as_is.record.outcome, as_is.record.error) == ("changed", None)
    assert as_is.findings == as_was.findings
    # Where that was all, it is not done again; else what was not committed is asked for again.
    if commits == 1 and dying is load_dying_after_commit:
        assert as_is == as_was
        assert found.requests == expected.requests


def test_a_frozen_process_does_not_keep_a_cancelled_run(
    folder: Path, holder: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_STOPPING_S", 0.2)
    monkeypatch.setattr(processes, "_PATIENCE_S", 0.2)
    options = {"provider": "gated", "executor": "processes", "home": folder / "home", **DATES}
    job = Jobs().start(Command("load", {"symbol": ["HELD1"], **options}))
    process = holder("HELD1")
    os.kill(process, signal.SIGSTOP)
    job.cancel()
    job.join()

    assert (job.state, job.error) == ("cancelled", None)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
