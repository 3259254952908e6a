"""Jobs, forms and panels as tests begin them."""

from __future__ import annotations

import shlex

from ml4t_nb.faces.jobs import JOBS, Job
from ml4t_nb.faces.parser import Command, parse

__all__ = ["started"]


def started(line: str) -> Job:
    """A job that does what ``%ml4t line`` does."""
    command = parse(shlex.split(line), program="%ml4t")
    assert isinstance(command, Command)
    return JOBS.start(command, line=f"%ml4t {line}")
