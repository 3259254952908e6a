"""Bars as plain arrays, and in chunks: Parquet files for any tool, checked byte by byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ml4t_nb.core.bars import NUMBERS, PRICES, STAMPS, Bars, framed, number_lines, require_bars
from ml4t_nb.core.timestamps import from_micros, to_micros
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.model import Compression, Span
from ml4t_nb.storage.checksum import checksum_of, checksum_of_parts
from ml4t_nb.storage.manifest import Chunk, NumberColumn
from ml4t_nb.storage.names import chunk_name

__all__ = [
    "ALL_TIME",
    "Edit",
    "Rows",
    "TimeRange",
    "decode_chunk",
    "encode_chunk",
    "require_constants",
    "rows_checksum",
]

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


class TimeRange(NamedTuple):
    """Half-open time interval in microseconds since 1970, UTC."""

    start: int
    end: int

    @classmethod
    def of(cls, span: Span | None) -> TimeRange:
        """What of ``span`` can be stored; all time for None."""
        if span is None:
            return ALL_TIME
        return cls(to_micros(span.start), to_micros(span.end)) & ALL_TIME

    @classmethod
    def through(cls, first: datetime, last: datetime) -> TimeRange:
        """From one stamp to another, both included."""
        return cls(to_micros(first), to_micros(last) + 1)

    def __bool__(self) -> bool:
        return self.start < self.end

    def __and__(self, other: TimeRange) -> TimeRange:
        """What lies in both; false if nothing does."""
        return TimeRange(max(self.start, other.start), min(self.end, other.end))

    def covers(self, other: TimeRange) -> bool:
        """Whether all of ``other`` lies in it."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: TimeRange) -> bool:
        """Whether something lies in both."""
        return self.start < other.end and other.start < self.end


# A year is left at both ends, so that the period around a stamp has a start and an end too.
ALL_TIME = TimeRange(to_micros(date(2, 1, 1)), to_micros(date(9999, 1, 1)))
"""All time that can be stored."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Bars in three arrays of one length, increasing in time.

    Parameters
    ----------
    stamps
        int64, microseconds since 1970, UTC.
    numbers
        float64, one line for each of ``core.bars.NUMBERS``.
    filled
        bool.
    """

    stamps: NDArray[np.int64]
    numbers: NDArray[np.float64]
    filled: NDArray[np.bool_]

    @classmethod
    def of(cls, bars: Bars) -> Rows:
        """A copy of ``bars``.

        BarsInvalid if they are no Bars, or hold a number that is not finite, or a year beyond 2 to
        9998.
        """
        require_bars(bars)
        stamps = np.array(pd.DatetimeIndex(bars.index).asi8, dtype=np.int64)
        lines, flags = number_lines(bars)
        values = np.array(lines, order="C")
        if len(stamps) and not ALL_TIME.covers(TimeRange(stamps[0], stamps[-1] + 1)):
            raise BarsInvalid("a bar is outside the years 2 to 9998")
        if not np.isfinite(values).all():
            name, line = (int(first[0]) for first in np.nonzero(~np.isfinite(values)))
            raise BarsInvalid(
                f"{NUMBERS[name]} of the bar at {bars.index[line]} is {values[name, line]}",
                hint="bars with missing values cannot be stored",
            )
        return cls(stamps, values, flags.copy())

    @classmethod
    def empty(cls, count: int = 0, columns: int = len(NUMBERS)) -> Rows:
        """``count`` rows of whatever the memory held, with so many numbers each."""
        numbers = np.empty((columns, count))
        return cls(np.empty(count, np.int64), numbers, np.empty(count, np.bool_))

    @classmethod
    def join(cls, parts: Iterable[Rows]) -> Rows:
        """The parts one after the other; if only one holds rows, that one."""
        held = [part for part in parts if len(part)]
        if len(held) <= 1:
            return held[0] if held else cls.empty()
        return cls(
            np.concatenate([part.stamps for part in held]),
            np.concatenate([part.numbers for part in held], axis=1),
            np.concatenate([part.filled for part in held]),
        )

    def bars(self) -> Bars:
        """The rows as Bars that share their memory."""
        stamps = pd.DatetimeIndex(self.stamps, dtype=STAMPS, name="timestamp", copy=False)
        return framed(stamps, self.numbers, self.filled)

    def __len__(self) -> int:
        return len(self.stamps)

    def cut(self, first: int, last: int) -> Rows:
        """A view of lines ``first`` to ``last``, exclusive."""
        return Rows(self.stamps[first:last], self.numbers[:, first:last], self.filled[first:last])

    def pick(self, chosen: NDArray[np.bool_]) -> Rows:
        """A copy of the chosen rows."""
        return Rows(self.stamps[chosen], self.numbers[:, chosen], self.filled[chosen])

    def start_with(self, rows: Rows) -> Rows:
        """Its first rows, which are the same as ``rows`` from now on."""
        found = self.cut(0, len(rows))
        if found.stamps.ctypes.data != rows.stamps.ctypes.data:
            found.stamps[:], found.numbers[:], found.filled[:] = (
                rows.stamps,
                rows.numbers,
                rows.filled,
            )
        return found

    def copy(self) -> Rows:
        """The same rows in memory of their own."""
        return Rows(self.stamps.copy(), self.numbers.copy(), self.filled.copy())

    def between(self, time_range: TimeRange) -> Rows:
        """A view of what is in ``time_range``."""
        return self.cut(*np.searchsorted(self.stamps, time_range).tolist())

    def edited(self, edits: Iterable[Edit], time_range: TimeRange) -> Rows:
        """What is in ``time_range`` after the edits, which are disjoint and in order.

        Possibly a view of the rows or of an edit.
        """
        parts, start = [], time_range.start
        for edit in edits:
            if edit.time_range.overlaps(time_range):
                both = edit.time_range & time_range
                parts += [self.between(TimeRange(start, both.start)), edit.rows.between(both)]
                start = both.end
        return Rows.join([*parts, self.between(TimeRange(start, time_range.end))])

    def same(self, other: Rows) -> bool:
        """Whether both agree to the last bit."""
        return (
            np.array_equal(self.stamps, other.stamps)
            and np.array_equal(self.numbers.view(np.int64), other.numbers.view(np.int64))
            and np.array_equal(self.filled, other.filled)
        )


@dataclass(frozen=True, slots=True)
class Edit:
    """From now on ``time_range`` holds exactly ``rows``."""

    time_range: TimeRange
    rows: Rows


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
        checksum=checksum_of(content),
        filled=int(rows.filled.sum()),
        constants=_constants(rows),
        content=rows_checksum(rows),
    )
    return chunk, content


def rows_checksum(rows: Rows) -> str:
    """Hash of the rows to the last bit: stamps, numbers one column after the other, and flags."""
    parts = (rows.stamps, *rows.numbers, rows.filled)
    return checksum_of_parts(np.ascontiguousarray(each).view(np.uint8).data for each in parts)


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
