"""The JSON document of ``pin`` and ``pins``, as a type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ml4t_nb.records import Pin

__all__ = ["PinsDocument"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PinsDocument:
    """Of ``pin`` and ``pins``: the versions that are kept, by name; ``changed`` just now."""

    verb: Literal["pins"] = "pins"
    pins: tuple[Pin, ...]
    changed: str
