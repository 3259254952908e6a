"""Works of a run whose worker is lost at a certain moment."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

from ml4t_nb.pipeline import LoadRequest, RunContext, run_load
from ml4t_nb.records import UpdateRecord, UpdateResult

__all__ = ["load_dying_after_commit", "load_dying_before_commit"]


def load_dying_after_commit(context: RunContext, request: LoadRequest, sign: Path) -> UpdateResult:
    """Load, and be killed once the first commit is made, before it can be told."""

    def told(result: UpdateResult, is_last: bool) -> None:  # noqa: FBT001  # as the context's
        _die_once(sign)
        context.on_commit(result, is_last)

    return run_load(replace(context, on_commit=told), request)


def load_dying_before_commit(context: RunContext, request: LoadRequest, sign: Path) -> UpdateResult:
    """Load, and be killed once the first commit is announced, before it is made."""

    def told(number: int, record: UpdateRecord, is_last: bool) -> None:  # noqa: FBT001  # as above
        context.on_committing(number, record, is_last)
        _die_once(sign)

    return run_load(replace(context, on_committing=told), request)


def _die_once(sign: Path) -> None:
    if not sign.exists():
        sign.touch()
        os.kill(os.getpid(), signal.SIGKILL)
