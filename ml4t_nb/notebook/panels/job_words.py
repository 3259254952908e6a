"""A job in words: what it does, and what came of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING

from ml4t_nb.execution.jobs import Job, JobState
from ml4t_nb.render.format import duration, many
from ml4t_nb.render.icons import icon
from ml4t_nb.render.tokens import token
from ml4t_nb.reports import RunReport

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["ended_words", "job_icon", "job_title"]

_ICONS: dict[JobState, tuple[str, str]] = {
    "running": ("running", "accent"),
    "done": ("healthy", "ok"),
    "failed": ("error", "error"),
    "cancelled": ("cancelled", "muted"),
}
_OF_GAPS = {
    "refetch": "Ask again",
    "refill": "Fill",
    "unfill": "Remove fills",
    "close": "Mark as closed",
    "reopen": "Reopen gaps",
}


def job_icon(state: JobState) -> Markup:
    """The drawing of a job's state."""
    name, colour = _ICONS[state]
    return icon(name, token(colour))


def job_title(job: Job) -> str:
    """``Load 12 datasets``, ``Update MSFT``, ``Ask again, DD``, ``Sync core, 500 datasets``."""
    verb, arguments = job.command.verb, job.command.arguments
    named = arguments.get("symbol")
    known = [named] if isinstance(named, str) else list(named) if isinstance(named, tuple) else []
    names = [each.dataset.symbol for each in job.track.lines] or known
    whom = names[0] if len(names) == 1 else many(len(names), "dataset") if names else ""
    doing = next((words for name, words in _OF_GAPS.items() if arguments.get(name)), "")
    if verb == "gaps" and doing:
        return ", ".join(filter(None, (doing, whom)))
    universes = ", ".join(arguments.get("universe") or ())
    return f"{verb.title()} {', '.join(filter(None, (universes, whom)))}".rstrip()


def ended_words(job: Job) -> str:
    """What came of it, how long it took, and when it ended."""
    at = job.ended_at
    parts = (
        job.state,
        job.error.message if job.error is not None else "",
        _changes(job.run) if job.run is not None else "",
        duration(job.elapsed_s),
        f"ended {at.astimezone(UTC):%H:%M} UTC" if at is not None else "",
    )
    return " · ".join(filter(None, parts))


def _changes(run: RunReport) -> str:
    counts = Counter(each.record.outcome for each in run.results)
    added = sum(each.record.added for each in run.results)
    revised = sum(each.record.revised for each in run.results)
    words = [f"{number:,} {outcome}" for outcome, number in counts.items()]
    words += [f"{len(run.left):,} left"] if run.left else []
    words += [f"{many(added, 'bar')} added"] if added else []
    words += [f"{revised:,} revised"] if revised else []
    return ", ".join(words) or "nothing to do"
