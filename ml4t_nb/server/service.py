"""What all requests of a server share: threads that read, jobs, and who may only read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hmac import compare_digest
from http import HTTPStatus
from secrets import token_hex
from typing import TypeVar

from ml4t_nb.errors import JobBusy
from ml4t_nb.execution.jobs import Job, Jobs
from ml4t_nb.model import Command
from ml4t_nb.server.problems import RequestRefused

__all__ = ["Service"]

_READS = 8
_BEGIN_S = 5.0
_END_S = 60.0
_RETRY_S = 5

_T = TypeVar("_T")


class Service:
    """Threads and jobs of one server.

    Reads have threads of their own, so that they never wait for a job.

    Parameters
    ----------
    most_jobs
        How many may run at the same time.
    read_tokens
        Tokens of those who may only read.
    """

    def __init__(self, *, most_jobs: int, read_tokens: Sequence[str]) -> None:
        self.jobs = Jobs("ml4t-data")
        self._most_jobs = most_jobs
        self._read_tokens = [each.encode() for each in read_tokens]
        self._reads = ThreadPoolExecutor(_READS, thread_name_prefix="ml4t read")
        # A number alone would mean another job once the server has been started again.
        self._name = token_hex(4)
        self._is_stopping = False

    def is_reader(self, token: str) -> bool:
        """Whether the token lets its bearer read, and no more."""
        given = token.encode()
        return sum(compare_digest(given, each) for each in self._read_tokens) > 0

    async def read(self, work: Callable[[], _T]) -> _T:
        """What ``work`` comes to, done in a thread for reads."""
        return await asyncio.get_running_loop().run_in_executor(self._reads, work)

    async def begin(self, command: Command) -> Job:
        """A job that carries ``command`` out, once it knows that it may.

        An error that left no report is raised: the job is none.
        """
        running = [each for each in self.jobs if not each.is_over]
        if self._is_stopping or len(running) >= self._most_jobs:
            why = "the server ends" if self._is_stopping else f"running jobs: {len(running)}"
            raise RequestRefused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{why}, so that no other begins",
                hint="try again later",
                headers={"Retry-After": str(_RETRY_S)},
            )
        job = self.jobs.start(command)
        await _begun(job)
        if job.error is not None:
            self.jobs.forget(job)
            raise job.error
        return job

    def id_of(self, job: Job) -> str:
        """By what requests name it."""
        return f"{self._name}-{job.number}"

    def job(self, id_: str) -> Job:
        """The job of that id."""
        name, _, number = id_.partition("-")
        is_own = name == self._name and number.isdecimal() and number.isascii()
        job = self.jobs.get(int(number)) if is_own else None
        if job is None:
            raise RequestRefused(
                HTTPStatus.NOT_FOUND,
                f"there is no job {id_!r}",
                hint="of the jobs that ended, fifty are kept, until the server ends",
            )
        return job

    def in_the_way(self, error: JobBusy) -> Job | None:
        """The job that has a dataset which another one asked for."""
        return self.jobs.get(error.job)

    async def end(self) -> None:
        """Cancel what runs, and wait for it: a commit that has begun is made, no other is."""
        self._is_stopping = True
        running = [each for each in self.jobs if not each.is_over]
        for job in running:
            job.cancel()
        loop = asyncio.get_running_loop()
        waits = (loop.run_in_executor(None, job.join, _END_S) for job in running)
        await asyncio.gather(*waits)
        self._reads.shutdown(wait=False, cancel_futures=True)


async def _begun(job: Job) -> None:
    """Wait until the job has its datasets, or has ended, or takes long to find out."""
    loop, known = asyncio.get_running_loop(), asyncio.Event()

    def look(job: Job) -> None:
        if job.claims or job.is_over:
            loop.call_soon_threadsafe(known.set)

    job.observe(look)
    try:
        await asyncio.wait_for(known.wait(), _BEGIN_S)
    except TimeoutError:
        return
    finally:
        job.forget(look)
