"""Cells of a table that a query gave, as words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["arrow_cells", "arrow_headings"]

_NUMBERS = ("int", "uint", "float", "double", "decimal")


def arrow_headings(table: pa.Table) -> Iterator[str]:
    """Names of the columns; those of numbers stand over the right."""
    for field in table.schema:
        is_number = str(field.type).startswith(_NUMBERS)
        yield f"{field.name}>" if is_number else field.name


def arrow_cells(table: pa.Table) -> list[tuple[str, ...]]:
    """The rows; null is an empty cell."""
    columns = [_words(column.to_pylist()) for column in table.columns]
    return [*zip(*columns, strict=True)]


def _words(values: list[object]) -> list[str]:
    """Values of one column; instants that all begin a day are dates, as of daily bars."""
    instants = [each for each in values if isinstance(each, datetime)]
    are_days = all(each.time() == time() for each in instants)
    return [_word(each, are_days=are_days) for each in values]


def _word(value: object, *, are_days: bool) -> str:
    match value:
        case None:
            return ""
        case datetime() if are_days:
            return value.date().isoformat()
        case datetime():
            return value.replace(tzinfo=None).isoformat(sep=" ")
        case date():
            return value.isoformat()
    return str(value)
