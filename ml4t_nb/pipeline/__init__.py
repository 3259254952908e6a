"""One dataset from snapshot to commit: ordered, fetched, judged, committed."""

from ml4t_nb.pipeline.orders import Load, Update
from ml4t_nb.pipeline.removal import run_remove
from ml4t_nb.pipeline.run import Run, run_load, run_update

__all__ = ["Load", "Run", "Update", "run_load", "run_remove", "run_update"]
