"""What goes on though the kernel was interrupted: an interrupt reaches cells, and no job."""

from __future__ import annotations

from ml4t_nb.execution.jobs import JOBS

__all__ = ["say_what_goes_on"]


def say_what_goes_on() -> None:
    """Name the jobs that still run, below the cell that was interrupted."""
    for job in JOBS:
        if not job.is_over:
            print(  # noqa: T201  # a cell's output is where it belongs
                f"job {job.number} goes on in the background: {job.line} (to cancel it: %ml4t jobs)"
            )
