"""Starts jobs, forms and panels for the tests."""

from __future__ import annotations

import shlex

from ml4t_nb.commands.parser import parse
from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.model import Command
from ml4t_nb.notebook.panel_verbs import NOTEBOOK

__all__ = ["start_job"]


def start_job(line: str) -> Job:
    """A job that does what ``%ml4t line`` does."""
    command = parse(shlex.split(line), program=NOTEBOOK)
    assert isinstance(command, Command)
    return JOBS.start(command)
