"""Bars as plain arrays, and in chunks: Parquet files for any tool, checked byte by byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml4t_nb.core.bars import NUMBERS, PRICES
from ml4t_nb.core.timestamps import from_micros
from ml4t_nb.model import Compression
from ml4t_nb.storage.checksum import checksum_of
from ml4t_nb.storage.manifest import Chunk, NumberColumn
from ml4t_nb.storage.names import chunk_name
from ml4t_nb.storage.rows import ALL_TIME, Rows, TimeRange, rows_checksum

__all__ = [
    "decode_chunk",
    "encode_chunk",
    "require_constants",
]

_ROW_GROUP = 32_768
# Of minutes, a seventh smaller than with lz4, and read one and a half times as slowly. A higher
# level, or larger groups, save one part in a hundred more.
_ARCHIVE_ROW_GROUP = 65_536
_ARCHIVE_LEVEL = 15
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
    rows: Rows,
    symbol: str,
    compression: Compression,
    sequence: int,
    *,
    is_archived: bool = False,
) -> tuple[Chunk, bytes]:
    """The Parquet file of ``rows`` that commit ``sequence`` writes, and what its manifest says.

    One that ``is_archived`` has a codec of its own.
    """
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
        row_group_size=_ARCHIVE_ROW_GROUP if is_archived else _ROW_GROUP,
        compression="zstd" if is_archived else compression,
        compression_level=_ARCHIVE_LEVEL if is_archived else None,
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
        checksum=checksum_of(content),
        filled=int(rows.filled.sum()),
        constants=_constants(rows),
        content=rows_checksum(rows),
        is_archived=is_archived,
    )
    return chunk, content


def decode_chunk(
    chunk: Chunk,
    content: bytes,
    time_range: TimeRange,
    target: Rows,
    names: Sequence[str] = NUMBERS,
) -> Rows:
    """The row groups that meet ``time_range``, put at the start of ``target``: a view of it.

    Its lines of numbers are those of ``names``. Columns that the manifest knows to be constant are
    filled in and not decoded.

    The content has passed its checksum: every byte was checked, which no memory map and no page
    checksum gives (a map dies of a truncated file; headers and footer have no page checksum).
    ValueError if it is not what the manifest says all the same.
    """
    return _decoded(chunk, content, time_range, target, chunk.known_columns, names=names)


def require_constants(chunk: Chunk, content: bytes) -> None:
    """Decode all columns: ValueError if one that the manifest calls constant is not."""
    rows = _decoded(chunk, content, ALL_TIME, Rows.empty(chunk.rows), {})
    if int(rows.filled.sum()) != chunk.filled:
        raise ValueError(f"it does not have {chunk.filled} filled bars")
    found = dict(_constants(rows))
    for name, value in chunk.constants:
        if repr(found.get(name)) != repr(value):
            raise ValueError(f"{name} is not {value} in all bars, as its manifest says")


def _decoded(
    chunk: Chunk,
    content: bytes,
    time_range: TimeRange,
    target: Rows,
    known: Mapping[str, float],
    *,
    names: Sequence[str] = NUMBERS,
) -> Rows:
    file = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False)
    whole = time_range.covers(ALL_TIME)
    groups = [
        group
        for group in range(file.num_row_groups)
        if whole or _overlaps(file.metadata.row_group(group).column(0).statistics, time_range)
    ]
    if file.metadata.num_rows != chunk.rows:
        raise ValueError(f"{file.metadata.num_rows} rows instead of {chunk.rows}")
    columns = [name for name in (*names, "filled") if name not in known]
    table = file.read_row_groups(groups, columns=["timestamp", *columns], use_threads=False)
    found = target.cut(0, table.num_rows)
    # In the order of the file, whatever was asked for.
    decoded = dict(zip(table.column_names, table.itercolumns(), strict=True))
    # Without a cast of Arrow's, which takes as long as a column.
    found.stamps[:] = decoded["timestamp"].to_numpy().astype("M8[us]", copy=False).view(np.int64)
    for name, line in zip((*names, "filled"), (*found.numbers, found.filled), strict=True):
        line[:] = known[name] if name in known else decoded[name].to_numpy()
    if not (found.stamps[:-1] < found.stamps[1:]).all():
        raise ValueError("its stamps do not increase")
    if len(found) == chunk.rows:
        first, last = found.stamps[[0, -1]].tolist()
        if (first, last + 1) != TimeRange.through(chunk.first, chunk.last):
            raise ValueError("its stamps are not those in the manifest")
    return found


def _overlaps(statistics: Any, time_range: TimeRange) -> bool:  # noqa: ANN401  # pyarrow is untyped
    return TimeRange.through(statistics.min, statistics.max).overlaps(time_range)


def _constants(rows: Rows) -> tuple[tuple[NumberColumn, float], ...]:
    """Columns that hold one value throughout, to the last bit."""
    lines = rows.numbers.view(np.int64)
    # Most columns are told by their last value.
    return tuple(
        (name, float(line[0]))
        for name, line, bits in zip(get_args(NumberColumn), rows.numbers, lines, strict=True)
        if len(rows) > 1 and bits[0] == bits[-1] and (bits == bits[0]).all()
    )


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
        is_on_grid = (np.round(line * _GRID) / _GRID == line).all()
        if is_price and not is_on_grid:
            split.append(name)
        elif name in _EVENTS or 2 * np.unique(line).size <= len(line):
            coded.append(name)
        elif not is_price:
            split.append(name)
    return coded, split
