"""Jobs, forms and panels as tests begin them."""

from __future__ import annotations

import shlex

from ml4t_nb.commands.parser import parse
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import Command
from ml4t_nb.notebook.panel_verbs import NOTEBOOK

__all__ = ["started"]


def started(line: str) -> Job:
    """A job that does what ``%ml4t line`` does."""
    command = parse(shlex.split(line), program=NOTEBOOK)
    assert isinstance(command, Command)
    return JOBS.start(command)
