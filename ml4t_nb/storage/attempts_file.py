"""What was tried to load of what universes declare: a small file beside the datasets' state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from ml4t_nb.model import DatasetId
from ml4t_nb.report_parts import LoadAttempt
from ml4t_nb.storage.locks import dataset_lock
from ml4t_nb.storage.state_file import read_state, write_state

__all__ = ["keep_attempts", "read_attempts"]

# What is still declared was tried again long before.
_KEPT = timedelta(days=30)
_PATIENCE_S = 5.0
_FORM: Literal["attempts 2"] = "attempts 2"
"""Another with every change of the file."""


@dataclass(frozen=True, slots=True)
class _Content:
    form: Literal["attempts 2"]
    attempts: tuple[LoadAttempt, ...] = ()


def _file(home: Path) -> Path:
    return home / "state" / "universes" / "attempts.json"


def read_attempts(home: Path) -> dict[DatasetId, LoadAttempt]:
    """The last attempt at each dataset; none if there is no such file, or it is damaged.

    StoreNewer if a later version of the package wrote it.
    """
    content = read_state(_file(home), _Content, _FORM)
    return {} if content is None else {each.dataset: each for each in content.attempts}


def keep_attempts(home: Path, made: Iterable[LoadAttempt]) -> None:
    """Add what was tried now to what other processes tried, and drop what is long past.

    Raises
    ------
    LockTimeout
        If another process kept the file for long.
    StoreNotWritable
        If it cannot be written.
    StoreNewer
        If a later version of the package wrote it.
    """
    new = {each.dataset: each for each in made}
    if not new:
        return
    path = _file(home)
    with dataset_lock(path.parent, "what was tried to load", timeout_s=_PATIENCE_S):
        oldest = max(each.at for each in new.values()) - _KEPT
        known = {**read_attempts(home), **new}
        kept = tuple(each for each in known.values() if each.at >= oldest or each.dataset in new)
        write_state(path, _Content(_FORM, kept))
