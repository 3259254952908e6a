"""One dataset from snapshot to commit: ordered, fetched, judged, committed."""

from ml4t_nb.pipeline.gap_actions import (
    Close,
    Mend,
    Mending,
    Refetch,
    Refill,
    Reopen,
    Unfill,
    run_mend,
)
from ml4t_nb.pipeline.load import run_load
from ml4t_nb.pipeline.remove import run_remove
from ml4t_nb.pipeline.requests import Load, Update
from ml4t_nb.pipeline.run import Run
from ml4t_nb.pipeline.update import run_update

__all__ = [
    "Close",
    "Load",
    "Mend",
    "Mending",
    "Refetch",
    "Refill",
    "Reopen",
    "Run",
    "Unfill",
    "Update",
    "run_load",
    "run_mend",
    "run_remove",
    "run_update",
]
