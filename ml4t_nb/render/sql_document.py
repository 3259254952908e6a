"""The JSON document of an answer to a query, whose columns are the query's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ml4t_nb.codec import OMITTED

__all__ = ["SqlColumn", "SqlDocument"]


@dataclass(frozen=True, slots=True)
class SqlColumn:
    """A column of an answer, and its type as Arrow names it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlDocument:
    """Of ``sql``: ``data`` has one object a row, unless they were written to ``out``.

    ``notes`` say where bars are later than ML4T_DATA_AS_OF.
    """

    verb: Literal["sql"] = "sql"
    query: str
    columns: tuple[SqlColumn, ...]
    rows: int
    out: Path | None
    notes: tuple[str, ...]
    data: tuple[dict[str, Any], ...] = OMITTED
