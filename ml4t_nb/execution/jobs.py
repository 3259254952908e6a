"""A verb in a thread of its own: watched, cancelled, and found again."""

from __future__ import annotations

import os
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from threading import Event as Flag
from threading import Lock, Thread, current_thread
from time import monotonic
from typing import Literal, Protocol, TypeAlias
from weakref import WeakSet

from ml4t_nb.commands.declaration import ProgramName
from ml4t_nb.commands.exit_codes import GOOD, code_of
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Interrupted, JobBusy, Ml4tError
from ml4t_nb.events import Changing, Event, Started, Stopping
from ml4t_nb.execution.execute import call
from ml4t_nb.execution.track import Track
from ml4t_nb.model import Command, DatasetId
from ml4t_nb.reports import ActionReport, Report, RunReport
from ml4t_nb.settings import Settings, absolute, current_folder
from ml4t_nb.workspace import utc_now

__all__ = ["JOBS", "Job", "JobState", "Jobs", "JobsWatcher"]

JobState: TypeAlias = Literal["running", "done", "failed", "cancelled"]
Watcher: TypeAlias = "Callable[[Job], object]"

_PERIOD_S = 0.1
_KEPT = 50
_LOG_LINES = 500


class JobsWatcher(Protocol):
    """Who is reported of jobs."""

    def started(self, job: Job) -> None:
        """A job is about to begin."""


class Job:
    """One command that runs, or ran, in the background.

    It keeps to the settings and the folder that were there as it was made, though the notebook
    may go on to others.

    Its thread keeps the context of the code that started it, so that output of a library goes to
    that cell and to no other. Watchers are called in a thread beside it, at most ten times a
    second, and once after the end: a slow one does not slow the verb.

    Its report has what failed, or was done until a cancel; ``error`` is why there is none.
    """

    def __init__(self, number: int, command: Command, jobs: Jobs) -> None:
        given = command.arguments
        paths = {name: absolute(each) for name, each in given.items() if isinstance(each, Path)}
        self.number, self.line = number, spell(command, jobs.program)
        self.command = replace(command, arguments={**given, **paths})
        self.environment, self.folder = dict(os.environ), current_folder()
        self.track = Track()
        self.log: deque[str] = deque(maxlen=_LOG_LINES)
        self.report: Report | None = None
        self.error: Ml4tError | None = None
        self.state: JobState = "running"
        self.claims: frozenset[tuple[str, ...]] = frozenset()
        self._jobs = jobs
        self._cancel, self._news, self._over = Flag(), Flag(), Flag()
        self._watchers: list[Watcher] = []
        self._is_cut_off = False
        self._began, self._ended = monotonic(), 0.0
        self.ended_at: datetime | None = None
        self._threads: tuple[Thread, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state != "running"

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began, or that it took."""
        return (self._ended or monotonic()) - self._began

    @property
    def left_s(self) -> float | None:
        """Seconds it will take yet, if that can be told already."""
        return None if self.is_over else self.track.left_s

    @property
    def task(self) -> tuple[object, ...]:
        """What it carries out, and with what settings: equal for jobs that do the same."""
        return self.command, self.environment, self.folder

    @property
    def at_work(self) -> frozenset[tuple[str, ...]]:
        """Its claims without the datasets that a run is done with, or has not begun with."""
        lines = [each for each in self.track.lines if each.stage != "running"]
        idle = {(each.dataset.frequency, each.dataset.symbol) for each in lines}
        return frozenset(each for each in self.claims if each[1:] not in idle)

    def settings(self) -> Settings:
        """Its settings; an error of theirs is raised here."""
        return Settings.read(self.environment, folder=self.folder)

    @property
    def run(self) -> RunReport | None:
        """What was done dataset by dataset; None if the verb does no such thing."""
        report = self.report.run if isinstance(self.report, ActionReport) else self.report
        return report if isinstance(report, RunReport) else None

    def cancel(self) -> None:
        """End it; what is committed stays, and no answer that is still to come is stored."""
        if not self.is_over:
            self.track.note(Stopping())
            self._cancel.set()
            self._news.set()

    def observe(self, watcher: Watcher) -> None:
        """Call ``watcher`` with the job, from now on; at once if it has ended already."""
        with self._jobs.lock:
            is_late = self._over.is_set()
            if not is_late:
                self._watchers.append(watcher)
        if is_late:
            watcher(self)

    def forget(self, watcher: Watcher) -> None:
        """Call ``watcher`` no more."""
        with self._jobs.lock:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for its end and for its watchers to know; whether it has ended."""
        for thread in self._threads:
            if thread is not current_thread():
                thread.join(timeout_s)
        return self._over.is_set()

    def start(self) -> None:
        """Begin; once."""
        name = f"ml4t job {self.number}"
        self._threads = tuple(
            # A notebook that is shut down does not wait: a store outlives a killed writer.
            Thread(target=copy_context().run, args=(each,), name=name, daemon=True)
            for each in (self._work, self._notify)
        )
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        try:
            self.report = call(
                self.command,
                watch=self._watch,
                cancel=self._cancel,
                log=self.log.append,
                settings_of=self.settings,
                # Nobody looks at what a program asks of a server; a person sees a notebook's job.
                tells=self._jobs.program == "ml4t-data",
            )
        except KeyboardInterrupt as stop:
            self._is_cut_off = True
            self.report = stop.report if isinstance(stop, Interrupted) else None
        except Ml4tError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001  # a thread has no caller that would get it
            self.error = Ml4tError(f"{type(error).__name__}: {error}")
            self._note(error)
        finally:
            self._ended, self.ended_at = monotonic(), utc_now()
            self.state = self._outcome()
            self._news.set()

    def _outcome(self) -> JobState:
        if self._is_cut_off:
            return "cancelled"
        if self.run is None:
            return "failed" if self.report is None else "done"
        if self.run.stopped == "interrupted":
            return "cancelled"
        return "done" if code_of(self.run) == GOOD else "failed"

    def _watch(self, event: Event) -> None:
        if isinstance(event, Started | Changing):
            self._jobs.claim(self, event.datasets, at_once=isinstance(event, Changing))
        self.track.note(event)
        self._news.set()

    def _notify(self) -> None:
        # A burst of events is reported once, and a second without news too, since the time that is
        # left has changed.
        pause = Flag()
        while True:
            self._news.wait(1.0)
            self._news.clear()
            if self.is_over:
                break
            self._notify_all()
            pause.wait(_PERIOD_S)
        with self._jobs.lock:
            self._over.set()
        self._notify_all()

    def _notify_all(self) -> None:
        for watcher in tuple(self._watchers):
            try:
                watcher(self)
            except Exception as error:  # noqa: BLE001  # one watcher's fault must not stop the others
                self._note(error)

    def _note(self, error: Exception) -> None:
        self.log.extend(traceback.format_exception(error))


class Jobs:
    """The jobs of a process: those that run, and the last fifty that ended.

    Parameters
    ----------
    program
        What their lines are typed into.
    """

    def __init__(self, program: ProgramName = "%ml4t") -> None:
        self.program = program
        self.lock = Lock()  # held while who works on what, or who watches, changes
        self._numbers = count(1)
        self._jobs: dict[int, Job] = {}
        self._watchers: WeakSet[JobsWatcher] = WeakSet()

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    def start(self, command: Command) -> Job:
        """A job that runs ``command`` from now on."""
        with self.lock:
            job = Job(next(self._numbers), command, self)
            self._jobs[job.number] = job
            ended = [number for number, each in self._jobs.items() if each.is_over]
            for number in ended[:-_KEPT]:
                del self._jobs[number]
        job.start()
        for watcher in tuple(self._watchers):
            watcher.started(job)
        return job

    def forget(self, job: Job) -> None:
        """Keep a job that has ended no longer."""
        with self.lock:
            if job.is_over:
                self._jobs.pop(job.number, None)

    def observe(self, watcher: JobsWatcher) -> None:
        """Tell ``watcher`` of each job that is started from now on, as long as it lives."""
        self._watchers.add(watcher)

    def same(self, command: Command) -> Job | None:
        """The running job that does just this, if there is one."""
        wanted = Job(0, command, self)
        return next((j for j in self if not j.is_over and j.task == wanted.task), None)

    def get(self, number: int) -> Job | None:
        """The job of that number, if it is still known."""
        return self._jobs.get(number)

    def claim(self, job: Job, datasets: Iterable[DatasetId], *, at_once: bool = False) -> None:
        """Give ``datasets`` to ``job`` until it ends; `JobBusy` if a running job has one.

        What is changed ``at_once``, as by a decision, is kept from what is at work on it alone.
        """
        # One folder may be spelled in several ways.
        named = Path(job.command.arguments.get("home") or job.settings().home)
        home = str(named.expanduser().resolve())
        # Without the asset class, which a load learns only from the provider.
        wanted = frozenset((home, each.frequency, each.symbol) for each in datasets)
        with self.lock:
            for other in self:
                held = other.at_work if at_once else other.claims
                if not other.is_over and other is not job and (both := wanted & held):
                    raise JobBusy(
                        f"job {other.number} is already running on "
                        f"{', '.join(sorted(s[-1] for s in both))}"
                        f": {other.line}",
                        job=other.number,
                        hint="wait for it to finish, or cancel it: %ml4t jobs",
                    )
            job.claims = wanted


JOBS = Jobs()
"""The jobs of this process; they outlive the cell, and the page, that started them."""
