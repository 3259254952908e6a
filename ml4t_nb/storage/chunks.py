"""Chunks: immutable Parquet files that any tool may read, and a reader that checks every byte."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import zip_longest
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ml4t_nb.core.bars import NUMBERS, PRICES
from ml4t_nb.core.timestamps import from_micros
from ml4t_nb.model import Compression
from ml4t_nb.storage.manifest import Chunk
from ml4t_nb.storage.names import chunk_name
from ml4t_nb.storage.rows import ALL_TIME, Rows, TimeRange, range_of

__all__ = [
    "chunk_fault",
    "decode_chunk",
    "encode_chunk",
    "parallel_map",
    "size_fault",
]

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")

_ROW_GROUP = 32_768
_SCHEMA = pa.schema(
    [
        pa.field("timestamp", pa.timestamp("us", tz="UTC"), nullable=False),
        *(pa.field(name, pa.float64(), nullable=False) for name in NUMBERS),
        pa.field("filled", pa.bool_(), nullable=False),
        pa.field("symbol", pa.dictionary(pa.int32(), pa.string()), nullable=False),
    ]
)
_GRID = 1e4
_JUDGED = 1_024
_EVENTS = ("dividend", "split")


def encode_chunk(
    rows: Rows, symbol: str, compression: Compression, sequence: int
) -> tuple[Chunk, bytes]:
    """The Parquet file of ``rows`` that commit ``sequence`` writes, and what its manifest says."""
    arrays = [
        pa.array(rows.stamps).view(_SCHEMA.field(0).type),
        *(pa.array(line) for line in rows.numbers),
        pa.array(rows.filled),
        pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(rows), np.int32)), [symbol]),
    ]
    coded, split = _encodings(rows)
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=_SCHEMA),
        sink,
        row_group_size=_ROW_GROUP,
        compression=compression,
        use_dictionary=[*coded, "symbol"],
        column_encoding={
            "timestamp": "DELTA_BINARY_PACKED",
            **dict.fromkeys(split, "BYTE_STREAM_SPLIT"),
        },
        write_statistics=["timestamp"],
        write_page_checksum=True,
        store_schema=False,
    )
    content = bytes(sink.getvalue())
    first, last = map(from_micros, rows.stamps[[0, -1]])
    chunk = Chunk(
        file=chunk_name(first.date(), sequence),
        rows=len(rows),
        first=first,
        last=last,
        bytes=len(content),
        crc=zlib.crc32(content),
        filled=int(rows.filled.sum()),
    )
    return chunk, content


def size_fault(chunk: Chunk, size: int) -> str:
    """How a file's size differs from what was written; empty if it does not."""
    return "" if size == chunk.bytes else f"has {size} bytes instead of {chunk.bytes}"


def chunk_fault(chunk: Chunk, content: bytes) -> str:
    """How ``content`` differs from what was written; empty if it does not."""
    if fault := size_fault(chunk, len(content)):
        return fault
    return "" if zlib.crc32(content) == chunk.crc else "is damaged: its checksum does not match"


def decode_chunk(chunk: Chunk, content: bytes, time_range: TimeRange, target: Rows) -> Rows:
    """The row groups that meet ``time_range``, put at the start of ``target``: a view of it.

    The content has passed ``chunk_fault``: every byte was checked, which no memory map and no page
    checksum gives (a map dies of a truncated file; headers and footer have no page checksum).
    ValueError if it is not what the manifest says all the same.
    """
    file = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False)
    whole = time_range.covers(ALL_TIME)
    groups = [
        group
        for group in range(file.num_row_groups)
        if whole or _overlaps(file.metadata.row_group(group).column(0).statistics, time_range)
    ]
    if file.metadata.num_rows != chunk.rows:
        raise ValueError(f"{file.metadata.num_rows} rows instead of {chunk.rows}")
    table = file.read_row_groups(
        groups, columns=["timestamp", *NUMBERS, "filled"], use_threads=False
    )
    found = target.cut(0, table.num_rows)
    stamps, *columns = table.columns
    lines = (found.stamps, *found.numbers, found.filled)
    for column, line in zip((stamps.cast(pa.int64()), *columns), lines, strict=True):
        start = 0
        for part in column.chunks:
            line[start : start + len(part)] = part.to_numpy(zero_copy_only=False)
            start += len(part)
    if (np.diff(found.stamps) <= 0).any():
        raise ValueError("its stamps do not increase")
    if len(found) == chunk.rows:
        first, last = found.stamps[[0, -1]].tolist()
        if (first, last + 1) != range_of(chunk.first, chunk.last):
            raise ValueError("its stamps are not those in the manifest")
    return found


def _overlaps(statistics: Any, time_range: TimeRange) -> bool:  # noqa: ANN401  # pyarrow is untyped
    return range_of(statistics.min, statistics.max).overlaps(time_range)


def _encodings(rows: Rows) -> tuple[list[str], list[str]]:
    """Columns that get a dictionary, and those whose bytes are split; the others stay plain.

    Judged by the first rows, since it is a matter of size and time alone. Decimals of a few places
    that seldom repeat are packed better as they are, whole volumes split. Of a few rows, looking
    takes longer than it saves.
    """
    if len(rows) < _JUDGED:
        return [*NUMBERS], []
    coded: list[str] = []
    split: list[str] = []
    for name, line in zip(NUMBERS, rows.numbers[:, :_JUDGED], strict=True):
        is_price = name in PRICES
        repeats = 2 * np.unique(line).size <= len(line)
        if is_price and not _on_grid(line):
            split.append(name)
        elif repeats or name in _EVENTS:
            coded.append(name)
        elif not is_price:
            split.append(name)
    return coded, split


def _on_grid(line: NDArray[np.float64]) -> bool:
    """Whether prices are decimals of a few places, so that a dictionary of them is short."""
    return bool((np.round(line * _GRID) / _GRID == line).all())


def parallel_map(
    work: Callable[[_Part], _Result], parts: Iterable[_Part], *, threads: int
) -> Iterator[_Result]:
    """Results in the order of the parts, as they are ready; the first error is raised.

    One thread is the calling one, which also works where no other can be started (system limit,
    interpreter shutting down).
    """
    if threads == 1:
        yield from map(work, parts)
        return
    whole = [*parts]
    futures: list[Future[_Result]] = []
    with ThreadPoolExecutor(threads) as pool:
        with suppress(RuntimeError):
            for part in whole:
                futures.append(pool.submit(work, part))  # noqa: PERF401  # what was begun is kept
        for part, future in zip_longest(whole, futures):
            yield work(part) if future is None else future.result()
