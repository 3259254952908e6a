"""One dataset from snapshot to commit: requested, fetched, judged, committed."""

from ml4t_nb.pipeline.context import RunContext
from ml4t_nb.pipeline.gap_actions import (
    Close,
    GapAction,
    GapRequest,
    Refetch,
    Refill,
    Reopen,
    Unfill,
    run_gap_action,
)
from ml4t_nb.pipeline.load import run_load
from ml4t_nb.pipeline.remove import run_remove
from ml4t_nb.pipeline.requests import LoadRequest, UpdateRequest
from ml4t_nb.pipeline.update import run_update

__all__ = [
    "Close",
    "GapAction",
    "GapRequest",
    "LoadRequest",
    "Refetch",
    "Refill",
    "Reopen",
    "RunContext",
    "Unfill",
    "UpdateRequest",
    "run_gap_action",
    "run_load",
    "run_remove",
    "run_update",
]
