"""What the verbs that run a batch share: its tasks, its report, its failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ml4t_nb.errors import DatasetNotFound, Interrupted, Ml4tError, OptionError
from ml4t_nb.events import Observer, Started, silent
from ml4t_nb.executors.choice import require_executor, using
from ml4t_nb.finding import Finding
from ml4t_nb.hints import at_home
from ml4t_nb.interruption import run_in_threads
from ml4t_nb.model import DatasetId
from ml4t_nb.records import ErrorNote, UpdateRecord, UpdateResult
from ml4t_nb.reports import RunReport, UnreadDataset
from ml4t_nb.store_settings import StoreSettings
from ml4t_nb.verbs.select import latest

if TYPE_CHECKING:
    from ml4t_nb.batch import Pause
    from ml4t_nb.core.rules.configuration import RuleSettings
    from ml4t_nb.executors.crew import Crew
    from ml4t_nb.pipeline import RunContext
    from ml4t_nb.workspace import Workspace

__all__ = [
    "Work",
    "ask_one",
    "at_store",
    "context_of",
    "finding_at_store",
    "made_elsewhere",
    "noted",
    "record_at_store",
    "require_workers",
    "run_batch",
    "run_one",
    "unread_datasets",
    "works_of",
]

_Answer = TypeVar("_Answer")
_Request = TypeVar("_Request")
_Result = TypeVar("_Result")
Work: TypeAlias = "Callable[[RunContext], UpdateResult] | Ml4tError"
"""What is to be done on a dataset; where it cannot be done, the error that says so."""


def require_workers(workers: int, executor: str) -> None:
    """Raise OptionError unless there can be so many, by that executor."""
    require_executor(executor)
    if workers < 1:
        raise OptionError(f"--workers must be at least 1, not {workers}", hint="1 or more")


def works_of(
    do: Callable[..., _Result], requests: Mapping[DatasetId, _Request | Ml4tError]
) -> dict[DatasetId, Callable[[RunContext], _Result] | Ml4tError]:
    """What is to be done by each request; where there is none, the error that says why."""
    return {
        dataset: each if isinstance(each, Ml4tError) else partial(do, request=each)
        for dataset, each in requests.items()
    }


def run_batch(
    ws: Workspace,
    verb: str,
    works: Mapping[DatasetId, Work],
    moment: datetime | date,
    *,
    workers: int = 4,
    executor: str = "threads",
    provider: str = "",
    is_known: bool = False,
    notify: bool | None = False,
) -> RunReport:
    """Do the works, and say what each did; `Interrupted` after Ctrl-C, even if that was everything.

    So many ``workers`` do them at the same time, by the ``executor``.
    ``provider`` is named by the record of a run that wrote nothing; where it ``is_known``, no task
    asks another, and none is begun while it is down. Whether to ``notify`` the targets of the store
    is said by the report.
    """
    from ml4t_nb.batch import Task, run_all
    from ml4t_nb.pipeline import RunContext

    began, sent = perf_counter(), list[None]()
    rules, closures = _rules(ws.settings.home), ws.closures
    on_request = partial(sent.append, None)
    begin = partial(
        RunContext, ws.store, ws.provider, moment, closures, rules=rules, on_request=on_request
    )
    blank = UpdateRecord(latest(moment, ()), verb, provider, "failed")
    with using(executor if works else "threads", ws.settings, ws.cancel) as crew:
        tasks = [
            Task(
                dataset,
                partial(_done, _placed(crew, dataset, work), begin),
                partial(_failed, ws, blank, dataset),
                provider if is_known else "",
            )
            for dataset, work in works.items()
        ]
        ws.observer(Started(verb, tuple(works)))
        batch = run_all(tasks, workers=workers, observer=ws.observer, cancel=ws.cancel)
    ws.flush()
    # One that failed early does not know when its exchange closes.
    known = [each.record.at for each in batch.results if each.record.outcome != "failed"]
    at = latest(moment, known or [each.record.at for each in batch.results])
    home = ws.settings.home
    results = at_store(batch.results, home)
    report = RunReport(
        verb,
        at,
        results,
        batch.left,
        "; ".join(dict.fromkeys(batch.reasons)),
        home=home,
        notify=notify,
        requests=len(sent),
        seconds=perf_counter() - began,
        reasons=batch.reasons,
    )
    if batch.interrupted:
        raise _interrupted(report)
    return report


def made_elsewhere(ws: Workspace, verb: str, waiting: int, moment: datetime | date) -> RunReport:
    """The report of a run that another process makes at this time, which is no failure."""
    now = latest(moment, ())
    return RunReport(
        verb,
        now,
        (),
        stopped="another run of what is due is under way, and does this, too",
        home=ws.settings.home,
        waiting=waiting,
        next_due=now,
    )


def _rules(home: Path) -> RuleSettings:
    """The store's rules, once for all datasets of a run; before anything is fetched."""
    from ml4t_nb.core.rules.configuration import RuleSettings

    settings = StoreSettings.read(home)
    # It is needed at the end of the run: an error of it comes before all work, too.
    settings.kept_versions()
    return RuleSettings.of(settings.rules)


def _placed(crew: Crew | None, dataset: DatasetId, work: Work) -> Work:
    """The work where it is to be done; what cannot be done is nobody's."""
    if crew is None or isinstance(work, Ml4tError):
        return work
    return crew.doing(dataset, work)


def _done(
    work: Work,
    begin: Callable[[Observer, Pause], RunContext],
    observe: Observer,
    pause: Pause,
) -> UpdateResult:
    if isinstance(work, Ml4tError):
        raise work
    return work(begin(observe, pause))


def context_of(
    ws: Workspace,
    moment: datetime | date,
    *,
    asks: bool = False,
    observe: Observer = silent,
) -> RunContext:
    """What a run on one dataset works with; whether it ``asks`` a provider."""
    from ml4t_nb.pipeline import RunContext

    def no_pause(seconds: float) -> None:
        raise AssertionError(f"a pause of {seconds} s without a request")

    def pause(seconds: float) -> None:
        if ws.cancel.wait(seconds):
            raise KeyboardInterrupt

    rules, closures = _rules(ws.settings.home), ws.closures
    paused = pause if asks else no_pause
    return RunContext(ws.store, ws.provider, moment, closures, observe, paused, rules)


def run_one(
    ws: Workspace,
    verb: str,
    work: Callable[[RunContext], UpdateResult],
    moment: datetime | date,
    *,
    asks: bool = False,
) -> RunReport:
    """Do the work on one dataset, which may not ask a provider unless it says so.

    Its error is raised; `Interrupted` after Ctrl-C, even if it was done.
    """
    result, interrupted = _alone(
        ws, lambda observe: work(context_of(ws, moment, asks=asks, observe=observe))
    )
    ws.flush()
    home = ws.settings.home
    report = RunReport(verb, result.record.at, at_store((result,), home), home=home)
    if interrupted:
        raise _interrupted(report)
    return report


def ask_one(
    ws: Workspace, moment: datetime | date, question: Callable[[RunContext], _Answer]
) -> _Answer:
    """What a provider answers, where nothing is to be stored."""
    answer, interrupted = _alone(
        ws, lambda observe: question(context_of(ws, moment, asks=True, observe=observe))
    )
    if interrupted:
        raise KeyboardInterrupt
    return answer


def _alone(ws: Workspace, work: Callable[[Observer], _Answer]) -> tuple[_Answer, bool]:
    """What a single work comes to, whose error is raised, and whether Ctrl-C was pressed."""
    (done,), interrupted = run_in_threads([work], workers=1, observer=ws.observer, cancel=ws.cancel)
    if done.error is not None:
        raise done.error
    if done.result is None:
        raise KeyboardInterrupt
    return done.result, interrupted


def _interrupted(report: RunReport) -> Interrupted:
    whole = len(report.results) + len(report.left)
    return Interrupted(
        f"{report.verb} was interrupted: {len(report.results)} of {whole} done",
        hint="commits made so far are kept; run it again to continue",
        report=replace(report, stopped="interrupted"),
    )


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
    return replace(result_of(manifest), record=record)


def at_store(results: Sequence[UpdateResult], home: Path) -> tuple[UpdateResult, ...]:
    """The results, whose next steps name the store."""
    return tuple(_at_store(each, home) for each in results)


def _at_store(result: UpdateResult, home: Path) -> UpdateResult:
    """The result whose next steps name the store."""
    findings = tuple(finding_at_store(each, home) for each in result.findings)
    return replace(result, record=record_at_store(result.record, home), findings=findings)


def noted(result: UpdateResult, note: str) -> UpdateResult:
    """``result`` with a note for who reads it, which no history keeps."""
    if not note:
        return result
    return replace(result, record=replace(result.record, notes=(note, *result.record.notes)))


def finding_at_store(finding: Finding, home: Path) -> Finding:
    """The finding whose next step names the store."""
    return replace(finding, step=replace(finding.step, home=home)) if finding.step else finding


def record_at_store(record: UpdateRecord, home: Path) -> UpdateRecord:
    """The record whose hint names the store; a history keeps no name, since stores are moved."""
    error = record.error and replace(record.error, hint=at_home(record.error.hint, home))
    return replace(record, error=error)


def unread_datasets(unread: Mapping[DatasetId, Ml4tError], home: Path) -> tuple[UnreadDataset, ...]:
    """Datasets that cannot be read and why, but for those that were removed meanwhile."""
    return tuple(
        UnreadDataset(dataset, replace(error.note, hint=at_home(error.advice, home)))
        for dataset, error in unread.items()
        if not isinstance(error, DatasetNotFound)
    )
