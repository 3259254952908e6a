"""The JSON document of ``notify``, as a type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ml4t_nb.notice import TargetStatus

__all__ = ["NotifyDocument"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyDocument:
    """Of ``notify``: the targets of the store; no URL is in it."""

    verb: Literal["notify"] = "notify"
    targets: tuple[TargetStatus, ...]
