"""What the verbs that run a batch share: its tasks, its report, its failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ml4t_nb.errors import Interrupted, Ml4tError
from ml4t_nb.events import Observer, Started
from ml4t_nb.hints import at_home
from ml4t_nb.model import DatasetId
from ml4t_nb.records import ErrorNote, UpdateRecord, UpdateResult
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.select import latest

if TYPE_CHECKING:
    from ml4t_nb.batch import Pause, Task
    from ml4t_nb.pipeline import RunContext
    from ml4t_nb.workspace import Workspace

__all__ = ["record_at_store", "report_of", "task_of"]


def task_of(
    ws: Workspace,
    moment: datetime | date,
    blank: UpdateRecord,
    dataset: DatasetId,
    run: Callable[[RunContext], UpdateResult] | Ml4tError,
    *,
    provider: str = "",
) -> Task:
    """The task that does ``run`` on a dataset; where it cannot be run, the error that says so.

    Parameters
    ----------
    blank
        The record of a run that wrote nothing.
    """
    from ml4t_nb.batch import Task
    from ml4t_nb.pipeline import RunContext

    def work(observe: Observer, pause: Pause) -> UpdateResult:
        if isinstance(run, Ml4tError):
            raise run
        closures = ws.settings.closures
        return run(RunContext(ws.store, ws.provider, moment, closures, observe, pause))

    return Task(dataset, work, partial(_failed, ws, blank, dataset), provider)


def report_of(
    ws: Workspace, verb: str, tasks: Sequence[Task], moment: datetime | date, *, workers: int
) -> RunReport:
    """Run the tasks, and say what each did.

    Raises
    ------
    Interrupted
        After Ctrl-C, once what was done is kept, even if that was everything.
    """
    from ml4t_nb.batch import run_all

    ws.observer(Started(verb, tuple(task.dataset for task in tasks)))
    batch = run_all(tasks, workers=workers, observer=ws.observer, cancel=ws.cancel)
    ws.flush()
    # One that failed early does not know when its exchange closes.
    known = [each.record.at for each in batch.results if each.record.outcome != "failed"]
    at = latest(moment, known or [each.record.at for each in batch.results])
    home = ws.settings.home
    results = tuple(_at_store(each, home) for each in batch.results)
    report = RunReport(verb, at, results, batch.left, batch.stopped, home=home)
    if batch.interrupted:
        report = replace(report, stopped="interrupted")
        total = len(batch.results) + len(batch.left)
        raise Interrupted(
            f"{verb} was interrupted: {len(batch.results)} of {total} done",
            hint="commits made so far are kept; run it again to continue",
            report=report,
        )
    return report


def _at_store(result: UpdateResult, home: Path) -> UpdateResult:
    """The result whose next steps name the store."""
    findings = tuple(
        replace(each, step=replace(each.step, home=home)) if each.step else each
        for each in result.findings
    )
    return replace(result, record=record_at_store(result.record, home), findings=findings)


def record_at_store(record: UpdateRecord, home: Path) -> UpdateRecord:
    """The record whose hint names the store; a history keeps no name, since stores are moved."""
    error = record.error
    if error is None:
        return record
    return replace(record, error=replace(error, hint=at_home(error.hint, home)))


def _failed(
    ws: Workspace, blank: UpdateRecord, dataset: DatasetId, error: ErrorNote
) -> UpdateResult:
    """The result of a run that wrote nothing, beside what is stored."""
    from ml4t_nb.pipeline.record import result_of

    record = replace(blank, error=error)
    try:
        manifest = ws.store.snapshot(dataset).manifest
    except Ml4tError:
        return UpdateResult(dataset, record)
    return replace(result_of(manifest, ()), record=record)
