"""Commands that a panel makes, and why they failed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from ml4t_nb.errors import Ml4tError
from ml4t_nb.events import silent
from ml4t_nb.execution.execute import call
from ml4t_nb.execution.jobs import Job
from ml4t_nb.model import Command, DatasetId

__all__ = ["NO_ARGUMENTS", "Arguments", "ask", "failure", "of_dataset"]

_R = TypeVar("_R")

Arguments: TypeAlias = Mapping[str, object]
"""Of every command that a panel makes, such as the as-of."""

NO_ARGUMENTS: Arguments = MappingProxyType({})


def ask(kind: type[_R], verb: str, **arguments: Any) -> _R:  # noqa: ANN401  # whatever the verb takes
    """What a verb that only reads reports; raises Ml4tError as the verb does."""
    report = call(Command(verb, arguments), watch=silent)
    assert isinstance(report, kind)
    return report


def of_dataset(dataset: DatasetId) -> dict[str, Any]:
    """Arguments that select this dataset alone, even if its symbol is stored a second time."""
    return {
        "symbol": (dataset.symbol,),
        "asset_class": dataset.asset_class,
        "frequency": dataset.frequency,
    }


def failure(job: Job) -> Ml4tError | None:
    """Why a job on one dataset fell short, as a whole or there."""
    if job.error is not None or job.run is None or not job.run.results:
        return job.error
    note = job.run.results[0].record.error
    return None if note is None else Ml4tError(note.message, hint=note.hint)
