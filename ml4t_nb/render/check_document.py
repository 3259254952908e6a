"""The JSON document of ``check``, as a type."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ml4t_nb.check_reports import ReadCheck

__all__ = ["CheckDocument"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDocument:
    """Of ``check``: what became of bars that were read before, and what was recorded just now.

    ``unnoted`` is what cells have read that can be neither recorded nor compared.
    """

    verb: Literal["check"] = "check"
    file: Path
    moved: int
    checks: tuple[ReadCheck, ...]
    unrecorded: tuple[str, ...]
    recorded: int | None
    unnoted: tuple[str, ...]
