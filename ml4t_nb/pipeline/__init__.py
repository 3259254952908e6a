"""One dataset from snapshot to commit: requested, fetched, judged, committed."""

from ml4t_nb.pipeline.context import RunContext
from ml4t_nb.pipeline.decide import DecisionRequest, run_decision, to_decide
from ml4t_nb.pipeline.gap_actions import GapAction, close, refetch, refill, reopen, unfill
from ml4t_nb.pipeline.life import EndRequest, run_end
from ml4t_nb.pipeline.load import run_load
from ml4t_nb.pipeline.reconcile import ReconcileRequest, run_reconcile
from ml4t_nb.pipeline.remove import run_remove
from ml4t_nb.pipeline.rename import RenameRequest, run_rename
from ml4t_nb.pipeline.requests import LoadRequest, UpdateRequest
from ml4t_nb.pipeline.undo import UndoRequest, run_undo
from ml4t_nb.pipeline.unknown import with_proposals
from ml4t_nb.pipeline.update import run_update

__all__ = [
    "DecisionRequest",
    "EndRequest",
    "GapAction",
    "LoadRequest",
    "ReconcileRequest",
    "RenameRequest",
    "RunContext",
    "UndoRequest",
    "UpdateRequest",
    "close",
    "refetch",
    "refill",
    "reopen",
    "run_decision",
    "run_end",
    "run_load",
    "run_reconcile",
    "run_remove",
    "run_rename",
    "run_undo",
    "run_update",
    "to_decide",
    "unfill",
    "with_proposals",
]
