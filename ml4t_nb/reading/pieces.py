"""Pieces of bars that a scan reads: chunks as they lie on the disk, and views that are computed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs

from ml4t_nb.core.bars import COLUMNS, NUMBERS
from ml4t_nb.errors import StoreError
from ml4t_nb.model import Adjustment, DatasetId
from ml4t_nb.reading.lazy_dataset import Tables, scanned
from ml4t_nb.reading.one import view
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.storage.manifest import Chunk
from ml4t_nb.storage.parallel import parallel_map
from ml4t_nb.storage.past_snapshot import PastSnapshot
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.verified import VERIFIED, version_of

__all__ = ["BARS_SCHEMA", "STAMP", "Asked", "BarsPiece", "PieceReader", "is_of", "pieces_of"]

STAMP = pa.timestamp("us", tz="UTC")
BARS_SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("timestamp", STAMP),
        *((name, pa.float64()) for name in NUMBERS),
        ("filled", pa.bool_()),
        ("asset_class", pa.string()),
        ("frequency", pa.string()),
    ]
)
"""Columns of bars of many datasets."""

_PARQUET = ds.ParquetFileFormat()
_LOCAL = fs.LocalFileSystem()
_READERS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What a scan asks for, in the options of pyarrow.

    ``words`` are what its filter says: it may name a column too many there, and none too few.
    """

    options: dict[str, Any]
    words: str

    @classmethod
    def of(cls, options: dict[str, Any]) -> Asked:
        """What these options ask for."""
        kept = options.get("filter")
        return cls(options, "" if kept is None else str(kept))

    @property
    def kept(self) -> ds.Expression | None:
        """Which rows; None for all."""
        return self.options.get("filter")

    def within(self, range_: ds.Expression | None) -> Asked:
        """The same of a range alone."""
        if range_ is None:
            return self
        kept = range_ if self.kept is None else self.kept & range_
        return Asked.of({**self.options, "filter": kept})

    def filters(self, name: str) -> bool:
        """Whether its filter may look at that column."""
        return name in self.words

    def needs(self, name: str) -> bool:
        """Whether it may look at that column at all."""
        columns = self.options.get("columns")
        return self.filters(name) or not isinstance(columns, list | tuple) or name in columns


@dataclass(frozen=True, slots=True)
class BarsPiece:
    """One chunk of a dataset; or, where ``chunk`` is None, a view of all of its bars."""

    snapshot: Snapshot
    chunk: Chunk | None

    @property
    def dataset(self) -> DatasetId:
        """What it is of."""
        return self.snapshot.manifest.dataset

    @property
    def bytes(self) -> int:
        """Size of what is read for it."""
        return self.snapshot.manifest.bytes if self.chunk is None else self.chunk.bytes


def pieces_of(snapshot: Snapshot, adjust: Adjustment) -> Iterator[BarsPiece]:
    """The chunks, if they hold what is to be seen; else one view."""
    if isinstance(snapshot, PastSnapshot) and snapshot.holders:
        # Not all of its chunks have files.
        yield BarsPiece(snapshot, None)
        return
    manifest = snapshot.manifest
    stored_as = "splits" if manifest.config.basis == "split-adjusted" else "raw"
    if adjust == stored_as or not _has_events(manifest.chunks, adjust):
        yield from (BarsPiece(snapshot, chunk) for chunk in manifest.chunks)
    elif manifest.chunks:
        yield BarsPiece(snapshot, None)


def _has_events(chunks: Sequence[Chunk], adjust: Adjustment) -> bool:
    """Whether there may be splits, or dividends that matter: without any, all views are equal."""
    neutral = {"split": 1.0, "dividend": 0.0} if adjust == "all" else {"split": 1.0}
    return not all(neutral.items() <= dict(each.constants).items() for each in chunks)


class PieceReader:
    """Reads pieces; a version of a file is verified before it is read first."""

    def __init__(self, adjust: Adjustment) -> None:
        self._request = BarsRequest(adjust=adjust)

    def tables(self, pieces: Sequence[BarsPiece], asked: Asked) -> Tables:
        """What is asked for of these pieces."""
        chunks = [each for each in pieces if each.chunk is not None]
        if chunks:
            yield self._of_chunks(chunks, asked)
        for each in pieces:
            if each.chunk is None:
                yield scanned(self._view(each), asked.options)

    def _of_chunks(self, pieces: Sequence[BarsPiece], asked: Asked) -> pa.Table:
        left = [*_overlapping(pieces, asked)]
        # A file moves to the trash once and never back, so that each try finds one more at its end.
        for _ in range(len(left) + 1):
            try:
                paths = parallel_map(self._verified, left, threads=min(_READERS, len(left) or 1))
                fragments = [
                    _fragment(piece, path, asked) for piece, path in zip(left, paths, strict=True)
                ]
                return _dataset(fragments).scanner(**asked.options).to_table()
            except FileNotFoundError:
                continue  # a writer has just moved one to the trash
            except (OSError, pa.ArrowException) as error:
                raise _fault(left, error) from error
        raise StoreError(f"the files of {left[0].dataset} come and go", hint="run it again")

    def _verified(self, piece: BarsPiece) -> str:
        """Where the chunk's file is, whose checksum was compared."""
        assert piece.chunk is not None
        path = os.fspath(piece.snapshot.path(piece.chunk))
        version = version_of(path, os.stat(path))  # noqa: PTH116  # thousands in one query
        if not VERIFIED.has(version, piece.chunk.checksum):
            piece.snapshot.content(piece.chunk)
        return path

    def _view(self, piece: BarsPiece) -> pa.Table:
        """A dataset's bars as they are to be seen, with what they are of."""
        bars, dataset = view(piece.snapshot, self._request), piece.dataset
        stamps = pa.array(bars.index.asi8).view(STAMP)  # type: ignore[attr-defined]  # a DatetimeIndex
        columns = {
            "symbol": pa.repeat(dataset.symbol, len(bars)),
            "timestamp": stamps,
            **{name: pa.array(bars[name].to_numpy()) for name in COLUMNS},
            "asset_class": pa.repeat(dataset.asset_class, len(bars)),
            "frequency": pa.repeat(dataset.frequency, len(bars)),
        }
        return pa.table(columns, schema=BARS_SCHEMA)


def _fault(pieces: Sequence[BarsPiece], error: Exception) -> StoreError:
    """What is wrong with the piece that pyarrow could not read."""
    for each in pieces:
        assert each.chunk is not None
        try:
            each.snapshot.content(each.chunk)
        except StoreError as found:
            return found
    return StoreError(f"the bars of {pieces[0].dataset} cannot be read: {error}")


def _overlapping(pieces: Sequence[BarsPiece], asked: Asked) -> Iterator[BarsPiece]:
    """Those that the filter does not rule out by their first and last stamp."""
    if not asked.filters("timestamp"):
        yield from pieces
        return
    fragments = [_fragment(each, str(number), asked) for number, each in enumerate(pieces)]
    for each in _dataset(fragments).get_fragments(asked.kept):
        yield pieces[int(each.path)]


def _dataset(fragments: Sequence[ds.Fragment]) -> ds.Dataset:
    return ds.FileSystemDataset(fragments, BARS_SCHEMA, _PARQUET, _LOCAL)


def _fragment(piece: BarsPiece, path: str, asked: Asked) -> ds.Fragment:
    """A chunk's file, with what is known of its rows, as far as the scan looks at that."""
    assert piece.chunk is not None
    dataset, chunk, known = piece.dataset, piece.chunk, None
    if asked.needs("asset_class") or asked.needs("frequency"):
        known = is_of(dataset.asset_class, dataset.frequency)
    if asked.filters("symbol"):
        named = pc.field("symbol") == dataset.symbol
        known = named if known is None else known & named
    if asked.filters("timestamp"):
        within = _between(chunk.first, chunk.last)
        known = within if known is None else known & within
    return _PARQUET.make_fragment(path, _LOCAL, partition_expression=known)


@lru_cache(maxsize=64)
def is_of(asset_class: str, frequency: str) -> ds.Expression:
    """That a bar is of that class and frequency."""
    return (pc.field("asset_class") == asset_class) & (pc.field("frequency") == frequency)


# Most datasets of a store begin and end their chunks on the same days.
@lru_cache(maxsize=4_096)
def _between(first: Any, last: Any) -> ds.Expression:  # noqa: ANN401  # stamps
    stamp = pc.field("timestamp")
    return (stamp >= pa.scalar(first, STAMP)) & (stamp <= pa.scalar(last, STAMP))
