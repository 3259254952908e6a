"""Jobs, looked at and ended."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from ml4t_nb.execution.jobs import Job
from ml4t_nb.server.api_handler import ApiHandler
from ml4t_nb.server.job_documents import job_document

__all__ = ["EventsHandler", "JobHandler", "JobsHandler"]


class JobsHandler(ApiHandler):
    """The jobs of this server."""

    @property
    def methods(self) -> tuple[str, ...]:
        """It only lists them."""
        return ("GET",)

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Those that run and the last fifty that ended, without what came of them."""
        service = self.service
        listed = [job_document(service.id_of(job), job, whole=False) for job in service.jobs]
        await self.finish(json.dumps({"jobs": listed}))


class JobHandler(ApiHandler):
    """One job."""

    @property
    def methods(self) -> tuple[str, ...]:
        """It is looked at, and cancelled."""
        return ("GET", "DELETE")

    @web.authenticated
    @authorized
    async def get(self, id_: str) -> None:
        """How far it is, or what came of it."""
        self.finish_job(self.service.job(id_))

    @web.authenticated
    @authorized
    async def delete(self, id_: str) -> None:
        """End it; what is committed stays."""
        job = self.service.job(id_)
        status = HTTPStatus.OK if job.is_over else HTTPStatus.ACCEPTED
        job.cancel()
        self.finish_job(job, status)


class EventsHandler(ApiHandler):
    """What happens to a job, as server-sent events."""

    _ALIVE_S = 15.0

    def initialize(self) -> None:
        """Nothing has happened yet."""
        self._news = asyncio.Event()

    @property
    def methods(self) -> tuple[str, ...]:
        """It is only listened to."""
        return ("GET",)

    def on_connection_close(self) -> None:
        """Stop waiting for a client that has gone."""
        self._news.set()

    @web.authenticated
    @authorized
    async def get(self, id_: str) -> None:
        """``progress`` at most ten times a second, then ``end`` with what came of it."""
        job, loop = self.service.job(id_), asyncio.get_running_loop()
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")

        def tell(job: Job) -> None:
            del job
            loop.call_soon_threadsafe(self._news.set)

        job.observe(tell)
        try:
            while not await self._told(id_, job):
                await self._wait()
        except StreamClosedError:
            return
        finally:
            job.forget(tell)
        await self.finish(set_content_type="text/event-stream")

    async def _told(self, id_: str, job: Job) -> bool:
        """Send how the job is; whether that was the last of it."""
        self._news.clear()
        is_over = job.is_over
        name, plain = "end" if is_over else "progress", job_document(id_, job, whole=is_over)
        self.write(f"event: {name}\ndata: {json.dumps(plain)}\n\n")
        await self.flush()
        return is_over

    async def _wait(self) -> None:
        """Until there is news; a proxy that hears nothing for long would hang up."""
        while True:
            try:
                await asyncio.wait_for(self._news.wait(), self._ALIVE_S)
            except TimeoutError:
                self.write(": still running\n\n")
                await self.flush()
            else:
                return
