"""Arrow datasets whose rows are found when they are scanned: what is asked for, and no more."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from ml4t_nb.errors import Ml4tError

__all__ = ["LazyDataset", "LazyScan", "Tables", "scanned"]

Tables: TypeAlias = Iterator[pa.Table]
"""Rows in parts; none is made before it is asked for."""

_PARQUET = ds.ParquetFileFormat()
_LOCAL = fs.LocalFileSystem()
# Who reads it by another way than its scanner finds a file that is not there, rather than no rows.
_UNREADABLE = _PARQUET.make_fragment("/read by its scanner", _LOCAL)


class LazyDataset(ds.FileSystemDataset):  # type: ignore[misc]  # pyarrow is untyped
    """A dataset of pyarrow as DuckDB, Polars and its own methods read it: by its scanner.

    Who reads it may pass on what an error says and not the error: the last one is in ``error``.
    """

    def __init__(self, schema: pa.Schema) -> None:
        super().__init__([_UNREADABLE], schema, _PARQUET, _LOCAL)
        self.error: Ml4tError | None = None

    @abstractmethod
    def parts(self, options: dict[str, Any]) -> Tables:
        """Tables with the rows and columns of a scan; ``options`` are those of pyarrow."""

    def scanner(self, **options: Any) -> LazyScan:  # noqa: ANN401  # pyarrow's own
        """A scanner of what is there when it is read."""
        empty = self.schema.empty_table()
        return LazyScan(self._noted, options, ds.dataset(empty).scanner(**options).projected_schema)

    def _noted(self, options: dict[str, Any]) -> Tables:
        self.error = None
        try:
            yield from self.parts(options)
        except Ml4tError as error:
            self.error = error
            raise


@dataclass(frozen=True, slots=True)
class LazyScan:
    """What is used of a scanner of pyarrow; each of its methods reads anew.

    pyarrow's own holds Python's lock while it starts, which its threads would wait for.
    """

    parts: Callable[[dict[str, Any]], Tables]
    options: dict[str, Any]
    projected_schema: pa.Schema

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, bit by bit."""
        for part in self.parts(self.options):
            yield from part.to_batches(max_chunksize=self.options.get("batch_size"))

    def to_reader(self) -> pa.RecordBatchReader:
        """The rows as a stream."""
        return pa.RecordBatchReader.from_batches(self.projected_schema, self.to_batches())

    def to_table(self) -> pa.Table:
        """All rows."""
        return pa.Table.from_batches(self.to_batches(), self.projected_schema)

    def head(self, num_rows: int) -> pa.Table:
        """The first rows."""
        batches = (each for each in self.to_batches() if each.num_rows)
        first = pa.Table.from_batches(islice(batches, num_rows), self.projected_schema)
        return first.slice(0, num_rows)

    def count_rows(self) -> int:
        """How many rows there are."""
        return sum(each.num_rows for each in self.to_batches())


def scanned(table: pa.Table | Sequence[pa.RecordBatch], options: dict[str, Any]) -> pa.Table:
    """Of a table in memory, what a scan asks for."""
    return ds.dataset(table).scanner(**options).to_table()
