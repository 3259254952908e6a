"""What all requests share: errors as documents, and methods that a path does not have."""

from __future__ import annotations

import json
from http import HTTPStatus
from types import TracebackType
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from ml4t_nb.errors import JobBusy, Ml4tError
from ml4t_nb.execution.jobs import Job
from ml4t_nb.server.access import AccessHandler
from ml4t_nb.server.job_documents import job_document
from ml4t_nb.server.problems import MEDIA_TYPE, RequestRefused, problem_of

__all__ = ["PATH", "ApiHandler"]

PATH = "/ml4t/api"
"""Where all of it is, below the address of the server."""
_HINTS = {
    HTTPStatus.FORBIDDEN: "send a token that allows it: Authorization: Bearer TOKEN",
    HTTPStatus.INTERNAL_SERVER_ERROR: "the log of the server says why",
}


class ApiHandler(AccessHandler):
    """What all requests share: errors as documents, and methods that a path does not have."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ANN401  # its own
        """The document of an error; of one that nobody meant, only that it happened."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, Ml4tError):
            status = HTTPStatus(status_code)
            reason = error.log_message if isinstance(error, web.HTTPError) else None
            error = RequestRefused(status, reason or status.phrase, hint=_HINTS.get(status, ""))
        problem = problem_of(error, **self._besides(error))
        self.set_status(problem["status"])
        if isinstance(error, RequestRefused):
            for name, value in error.headers.items():
                self.set_header(name, value)
        if problem["status"] == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self.methods))
        self.finish(json.dumps(problem), set_content_type=MEDIA_TYPE)

    def _besides(self, error: Ml4tError) -> dict[str, object]:
        job = self.service.in_the_way(error) if isinstance(error, JobBusy) else None
        if job is None:
            return {}
        # Who waits for it, or cancels it, needs its name here.
        id_ = self.service.id_of(job)
        return {"job": id_, "hint": f"wait for job {id_} to end, or cancel it: DELETE jobs/{id_}"}

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log what nobody meant, without the query, which may have a token."""
        if not isinstance(value, web.HTTPError | Ml4tError) and typ is not None and value:
            method, path = self.request.method, self.request.path
            self.log.error("%s %s failed", method, path, exc_info=(typ, value, tb))

    @property
    def methods(self) -> tuple[str, ...]:
        """What the path may be asked with."""
        return ()

    @web.authenticated
    @authorized
    async def options(self, *args: object, **kwargs: object) -> None:  # type: ignore[override]  # async
        """Say what the path may be asked with."""
        del args, kwargs
        self.set_header("Allow", ", ".join(self.methods))
        self.set_status(HTTPStatus.NO_CONTENT)
        await self.finish()

    def location(self, job: Job) -> str:
        """The path of a job."""
        return f"{self.base_url.rstrip('/')}{PATH}/jobs/{self.service.id_of(job)}"

    def finish_job(self, job: Job, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Answer with a job, and what came of it."""
        self.set_status(status)
        self.finish(json.dumps(job_document(self.service.id_of(job), job, whole=True)))
