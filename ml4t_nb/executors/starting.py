"""What starts workers: in which ways, its own module says."""

from __future__ import annotations

from typing import Protocol

from ml4t_nb.executors.connections import CallIns

__all__ = ["StartedWorker", "Starter"]


class StartedWorker(Protocol):
    """A worker that was started, or is to be once there is room for it."""

    def fault(self) -> str:
        """Why it will not call in any more; empty as long as it may."""

    def lost(self) -> str:
        """Why it has hung up, if that can be told; asked for once it has."""

    def end(self, *, at_once: bool) -> None:
        """Do without it from now on; at once, if it has begun nothing."""


class Starter(Protocol):
    """Starts workers somewhere."""

    @property
    def is_here(self) -> bool:
        """Whether they are processes of this machine, which see the same files and packages."""

    @property
    def is_kept(self) -> bool:
        """Whether a worker does one work after the other, or only one."""

    def start(self, calls: CallIns, ticket: str) -> StartedWorker:
        """Start one that calls in with the ticket."""
