"""A job as JSON."""

from __future__ import annotations

from typing import Any

from ml4t_nb.commands.exit_codes import INTERRUPTED, code_of, code_of_error
from ml4t_nb.execution.jobs import Job
from ml4t_nb.render.to_json import document

__all__ = ["job_document"]


def job_document(id_: str, job: Job, *, whole: bool) -> dict[str, Any]:
    """How far a job is; with what came of it if ``whole``.

    ``exit_code`` is that of the same command in a shell, once the job has ended.
    """
    track, state = job.track, job.state
    is_over = state != "running"
    plain: dict[str, Any] = {
        "id": id_,
        "verb": job.command.verb,
        "line": job.line,
        "state": state,
        "exit_code": _exit_code(job) if is_over else None,
        "elapsed_s": round(job.elapsed_s, 1),
        "left_s": None if job.left_s is None else round(job.left_s, 1),
        "datasets": track.total,
        "done": track.done,
        "failed": track.failed,
        "doing": "" if is_over else track.phrase,
    }
    if whole:
        plain["report"] = None if job.report is None else document(job.report, "ml4t-data")
        plain["error"] = None if job.error is None else _error(job)
    return plain


def _exit_code(job: Job) -> int:
    if job.report is not None:
        return code_of(job.report)
    return INTERRUPTED if job.error is None else code_of_error(job.error)


def _error(job: Job) -> Any:  # noqa: ANN401  # as problem_of makes it
    from ml4t_nb.server.problems import problem_of

    assert job.error is not None
    return problem_of(job.error)
