"""A table that a query gave as a file, or as the plain values of JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml4t_nb.verbs.formats import write_whole

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["plain_rows", "write_table"]


def write_table(out: Path, table: pa.Table) -> None:
    """Write all rows, as the file's name ends: .csv, .parquet or .json."""
    if out.suffix == ".parquet":
        import pyarrow.parquet as pq

        write_whole(out, lambda file: pq.write_table(table, file))
        return
    if out.suffix == ".json":
        text = json.dumps(plain_rows(table))
    else:
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(row.values() for row in plain_rows(table))
        text = lines.getvalue()
    write_whole(out, lambda file: file.write(text.encode("utf-8")))


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as JSON has them: instants and dates are ISO 8601, a number that is not finite None."""
    names = table.column_names
    columns = ([_plain(value) for value in column.to_pylist()] for column in table.columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: object) -> Any:  # noqa: ANN401, PLR0911  # what JSON has
    match value:
        case float():
            return value if math.isfinite(value) else None
        case None | bool() | int() | str():
            return value
        case date() | time():
            return value.isoformat()
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {str(key): _plain(each) for key, each in value.items()}
        case bytes():
            return value.hex()
    return str(value)
