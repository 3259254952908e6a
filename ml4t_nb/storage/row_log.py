"""Rows that are not in the dataset: what a provider gave and was not stored, what was replaced."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ml4t_nb.core.bars import NUMBERS, PRICES, STAMPS
from ml4t_nb.errors import ChunkCorrupt
from ml4t_nb.storage.checksum import checksum_of
from ml4t_nb.storage.manifest import LogFile
from ml4t_nb.storage.names import RowLog, log_file_name

__all__ = [
    "MOST_LOGGED",
    "CarriedRows",
    "LogEntry",
    "LoggedTable",
    "as_logged_rows",
    "coded_words",
    "decode_row_file",
    "encode_row_file",
    "logged_table",
    "not_yet_logged",
    "regrouped",
    "rejected_table",
]

MOST_LOGGED = 2_000_000
"""Rows that a log keeps; the commits before those that it has room for are dropped."""

LoggedTable: TypeAlias = pa.Table
"""Rows of a log, in the columns of its files."""

_UTC = pa.timestamp("us", tz="UTC")
_WORDS = ("provider", "change", "rule", "detail")
_SCHEMA = pa.schema(
    [
        pa.field("timestamp", _UTC),
        *(pa.field(name, pa.float64(), nullable=False) for name in NUMBERS),
        pa.field("filled", pa.bool_(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
        pa.field("at", _UTC, nullable=False),
        *(
            pa.field(name, pa.dictionary(pa.int32(), pa.string()), nullable=False)
            for name in _WORDS
        ),
    ]
)
_SEPARATE = ("timestamp", *PRICES, "volume")  # their values seldom repeat
_PLAIN = pa.schema([pa.field(f.name, pa.string()) if f.name in _WORDS else f for f in _SCHEMA])


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What all rows that one commit logs have in common: its number, and its run's as-of."""

    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CarriedRows:
    """Logged rows of a dataset whose history goes on in another one."""

    rejected: pd.DataFrame
    revised: pd.DataFrame

    @staticmethod
    def before(
        carried: CarriedRows | None, *, rejected: LoggedTable | None, revisions: LoggedTable | None
    ) -> dict[RowLog, LoggedTable | None]:
        """What each log takes: the ``carried`` rows, if there are any, and those of a commit."""
        if carried is None:
            return {"rejected": rejected, "revisions": revisions}
        pairs: dict[RowLog, tuple[pd.DataFrame, LoggedTable | None]] = {
            "rejected": (carried.rejected, rejected),
            "revisions": (carried.revised, revisions),
        }
        return {
            log: _joined([_carried_table(rows), *([] if own is None else [own])])
            for log, (rows, own) in pairs.items()
        }


def logged_table(
    entry: LogEntry,
    stamps: object,
    numbers: Sequence[object],
    filled: object,
    words: Sequence[object],
) -> LoggedTable:
    """Rows that a commit logs.

    Parameters
    ----------
    stamps
        Microseconds since 1970, UTC, or what arrow takes for stamps.
    words
        Provider, change, rule and detail: one for all rows, or as `coded_words` makes them.
    """
    times = stamps if isinstance(stamps, pa.Array) else pa.array(stamps).view(_UTC)
    count = len(times)
    entries = (pa.scalar(entry.version, pa.int64()), pa.scalar(entry.at, _UTC))
    arrays = [
        times,
        *(pa.array(line, pa.float64(), from_pandas=False) for line in numbers),
        pa.array(filled, pa.bool_()),
        *(pa.repeat(each, count) for each in entries),
        *(
            coded_words(np.zeros(count, np.int32), [each]) if isinstance(each, str) else each
            for each in words
        ),
    ]
    return pa.Table.from_arrays(arrays, schema=_SCHEMA)


def coded_words(codes: NDArray[np.int32], words: Sequence[str]) -> pa.Array:
    """The word of each row by its place in ``words``: objects row by row take far longer."""
    places = {word: place for place, word in enumerate(dict.fromkeys(words))}
    codes = np.array([places[word] for word in words], np.int32)[codes]
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([*places], pa.string()))


def rejected_table(rows: pd.DataFrame, entry: LogEntry, provider: str) -> LoggedTable:
    """Rows that a provider gave, to be logged: stamps in a column or as the index, NaT if unread.

    ``rule`` says why it was not stored, and ``detail`` in words. What has no ``provider`` of its
    own is that of ``provider``.
    """
    rows = rows if "timestamp" in rows else rows.rename_axis("timestamp").reset_index()
    stamps = pd.Series(rows["timestamp"]).astype(STAMPS)
    words = (rows.get("provider", provider), "rejected", rows["rule"], rows.get("detail", ""))
    filled = rows["filled"].to_numpy(bool) if "filled" in rows else np.zeros(len(rows), bool)
    return logged_table(
        entry,
        pa.array(stamps, _UTC),
        [rows[name].to_numpy(np.float64) for name in NUMBERS],
        filled,
        [
            each if isinstance(each, str) else pa.array(each, pa.string()).dictionary_encode()
            for each in words
        ],
    )


def _carried_table(rows: pd.DataFrame) -> LoggedTable:
    """Rows of another dataset's log, as `as_logged_rows` gives them."""
    arrays = [
        pa.array(rows["timestamp"].astype(STAMPS), _UTC),
        *(pa.array(rows[name].to_numpy(np.float64), from_pandas=False) for name in NUMBERS),
        pa.array(rows["filled"].to_numpy(np.bool_)),
        pa.array(rows["version"].to_numpy(np.int64)),
        pa.array(rows["at"].astype(STAMPS), _UTC),
        *(pa.array(rows[name], pa.string()).dictionary_encode() for name in _WORDS),
    ]
    return pa.Table.from_arrays(arrays, schema=_SCHEMA)


def _joined(tables: Sequence[LoggedTable]) -> LoggedTable:
    """All their rows, one table after the other."""
    return pa.concat_tables([_SCHEMA.empty_table(), *tables]).unify_dictionaries()


def not_yet_logged(rows: LoggedTable, known: Sequence[LoggedTable]) -> LoggedTable:
    """Those of ``rows`` that neither ``known`` nor a row before has: NaN is equal to NaN."""
    both = _joined([*known, rows])
    stamps = both["timestamp"].cast(pa.int64()).fill_null(np.iinfo(np.int64).min)
    columns = {"timestamp": stamps.to_numpy()}
    for name in NUMBERS:
        numbers = both[name].to_numpy()
        columns[name] = np.where(np.isnan(numbers), np.nan, numbers).view(np.int64)
    for name in ("provider", "rule"):
        columns[name] = both[name].cast(pa.string()).to_numpy()
    is_new = ~pd.DataFrame(columns).duplicated().to_numpy()[len(both) - len(rows) :]
    return rows.filter(pa.array(is_new))


def encode_row_file(rows: LoggedTable, log: RowLog, sequence: int) -> tuple[LogFile, bytes]:
    """The Parquet file of ``rows`` that commit ``sequence`` writes, and what its manifest says."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows.cast(_SCHEMA),
        sink,
        compression="zstd",
        use_dictionary=[name for name in _SCHEMA.names if name not in _SEPARATE],
        column_encoding={"timestamp": "DELTA_BINARY_PACKED"},
        write_statistics=False,
        write_page_checksum=True,
        store_schema=False,
    )
    content = bytes(sink.getvalue())
    name = log_file_name(log, sequence)
    return LogFile(name, rows.num_rows, len(content), checksum_of(content)), content


def decode_row_file(file: LogFile, content: bytes) -> LoggedTable:
    """The rows of a file that has passed its checksum; ValueError if it is another's."""
    parquet = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False, read_dictionary=_WORDS)
    if parquet.metadata.num_rows != file.rows:
        raise ValueError(f"{parquet.metadata.num_rows} rows instead of {file.rows}")
    rows = parquet.read(use_threads=False)
    if rows.column_names != _SCHEMA.names:
        raise ValueError(f"it has the columns {', '.join(rows.column_names)}")
    return rows.cast(_SCHEMA)


def regrouped(
    files: Sequence[LogFile],
    new: LoggedTable,
    read: Callable[[LogFile], LoggedTable],
    *,
    kept: Collection[int],
    most: int,
) -> tuple[tuple[LogFile, ...], LoggedTable]:
    """The log's files that stay, and the rows of the one to be written after them.

    That one takes in ``new`` and the files before it that are not more than twice as long, so that
    there are few files and a row is written a few times in its life. A damaged one stays as it is:
    it may be restored from a backup. Of a log longer than ``most``, the rows of the oldest commits
    are dropped, but for those of ``kept``.
    """
    total = len(new) + sum(file.rows for file in files)
    # What cannot be dropped may be more than that: then it is not written again at every commit.
    is_full = bool(files) and total > most and 4 * (total - files[0].rows) >= files[0].rows
    staying, parts = [*files], [new]
    damaged: list[LogFile] = []
    while staying and (is_full or staying[-1].rows <= 2 * sum(map(len, parts))):
        try:
            parts.insert(0, read(staying[-1]))
        except ChunkCorrupt:
            damaged.insert(0, staying[-1])
        staying.pop()
    rows = _joined(parts)
    return (*staying, *damaged), _newest(rows, kept, most) if is_full else rows


def _newest(rows: LoggedTable, kept: Collection[int], most: int) -> LoggedTable:
    numbers = rows["version"].to_numpy()
    versions, counts = np.unique(numbers, return_counts=True)
    excess, dropped = len(rows) - most, []
    for version, count in zip(versions[:-1].tolist(), counts[:-1].tolist(), strict=True):
        if excess > 0 and version not in kept:
            dropped.append(version)
            excess -= count
    return rows.filter(pa.array(~np.isin(numbers, dropped)))


def as_logged_rows(tables: Sequence[LoggedTable]) -> pd.DataFrame:
    """The rows as a frame, in the order of the commits that logged them."""
    frame: pd.DataFrame = _joined(tables).cast(_PLAIN).to_pandas()
    order = np.argsort(frame["version"].to_numpy(), kind="stable")
    frame = frame.iloc[order].reset_index(drop=True)
    return frame.astype({"timestamp": STAMPS, "at": STAMPS})
