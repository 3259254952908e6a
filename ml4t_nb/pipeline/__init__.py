"""One dataset from snapshot to commit: requested, fetched, judged, committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml4t_nb.pipeline.archive import ArchiveRequest, run_archive
    from ml4t_nb.pipeline.context import RunContext
    from ml4t_nb.pipeline.decide import DecisionRequest, run_decision, to_decide
    from ml4t_nb.pipeline.gap_actions import GapAction, close, refetch, refill, reopen, unfill
    from ml4t_nb.pipeline.life import EndRequest, run_end
    from ml4t_nb.pipeline.load import run_load
    from ml4t_nb.pipeline.plan import plan_load, plan_refetch, plan_sync, plan_update
    from ml4t_nb.pipeline.reconcile import ReconcileRequest, run_reconcile
    from ml4t_nb.pipeline.remove import run_remove
    from ml4t_nb.pipeline.rename import RenameRequest, run_rename
    from ml4t_nb.pipeline.requests import LoadRequest, UpdateRequest
    from ml4t_nb.pipeline.rewrite import RewriteRequest, run_rewrite
    from ml4t_nb.pipeline.sync import SyncRequest, part_of_sync, run_sync
    from ml4t_nb.pipeline.undo import UndoRequest, run_undo
    from ml4t_nb.pipeline.unknown import with_proposals
    from ml4t_nb.pipeline.unrecorded import keep_failures
    from ml4t_nb.pipeline.update import run_update

__all__ = [
    "ArchiveRequest",
    "DecisionRequest",
    "EndRequest",
    "GapAction",
    "LoadRequest",
    "ReconcileRequest",
    "RenameRequest",
    "RewriteRequest",
    "RunContext",
    "SyncRequest",
    "UndoRequest",
    "UpdateRequest",
    "close",
    "keep_failures",
    "part_of_sync",
    "plan_load",
    "plan_refetch",
    "plan_sync",
    "plan_update",
    "refetch",
    "refill",
    "reopen",
    "run_archive",
    "run_decision",
    "run_end",
    "run_load",
    "run_reconcile",
    "run_remove",
    "run_rename",
    "run_rewrite",
    "run_sync",
    "run_undo",
    "run_update",
    "to_decide",
    "unfill",
    "with_proposals",
]

# Each with its module, which is imported when it is asked for: a load needs neither what undoes nor
# what reconciles.
_HOMES = {
    "ArchiveRequest": "archive",
    "DecisionRequest": "decide",
    "EndRequest": "life",
    "GapAction": "gap_actions",
    "LoadRequest": "requests",
    "ReconcileRequest": "reconcile",
    "RenameRequest": "rename",
    "RewriteRequest": "rewrite",
    "RunContext": "context",
    "SyncRequest": "sync",
    "UndoRequest": "undo",
    "UpdateRequest": "requests",
    "close": "gap_actions",
    "keep_failures": "unrecorded",
    "part_of_sync": "sync",
    "plan_load": "plan",
    "plan_refetch": "plan",
    "plan_sync": "plan",
    "plan_update": "plan",
    "refetch": "gap_actions",
    "refill": "gap_actions",
    "reopen": "gap_actions",
    "run_archive": "archive",
    "run_decision": "decide",
    "run_end": "life",
    "run_load": "load",
    "run_reconcile": "reconcile",
    "run_remove": "remove",
    "run_rename": "rename",
    "run_rewrite": "rewrite",
    "run_sync": "sync",
    "run_undo": "undo",
    "run_update": "update",
    "to_decide": "decide",
    "unfill": "gap_actions",
    "with_proposals": "unknown",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever that name represents
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
