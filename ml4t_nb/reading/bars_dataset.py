"""Bars of many datasets as one Arrow dataset, with columns that say which of them a bar is of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs

from ml4t_nb.calendars import calendar
from ml4t_nb.model import DatasetId, Frequency, Span
from ml4t_nb.reading.lazy_dataset import LazyDataset, Tables
from ml4t_nb.reading.origin import Origin
from ml4t_nb.reading.pieces import (
    BARS_SCHEMA,
    STAMP,
    Asked,
    BarsPiece,
    PieceReader,
    is_of,
    pieces_of,
)
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.session_reads import noter
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store_state import StoreState

__all__ = ["BarsDataset"]

_PARQUET = ds.ParquetFileFormat()
_LOCAL = fs.LocalFileSystem()
# Files of a group are read in parallel, and are in memory at once. The first rows come soon.
_FIRST_BYTES = 1 << 20
_MOST_BYTES = 1 << 24
# An index of so many is made at each scan.
_FEW = 64


class BarsDataset(LazyDataset):
    """Bars of datasets of one frequency, as `read_bars` gives them.

    A scan opens those datasets alone that its filter does not rule out by what they are called,
    and those chunks that it does not rule out by their range. Bars of one dataset are in order. A
    dataset that is not stored has no bars; one that cannot be read is an error.

    Parameters
    ----------
    request
        Range and adjustment.
    only
        Which datasets; None for all of the frequency.
    seen
        Called with each snapshot before its bars are read.
    """

    def __init__(
        self,
        state: StoreState,
        frequency: Frequency,
        request: BarsRequest,
        only: Sequence[DatasetId] | None = None,
        seen: Callable[[Snapshot], None] | None = None,
    ) -> None:
        super().__init__(BARS_SCHEMA)
        self._state = state
        self._frequency = frequency
        self._request = request
        self._only = only
        self._seen = seen
        self._note = noter()
        self._reader = PieceReader(request.adjust)
        self._indexes: dict[tuple[DatasetId, ...], ds.Dataset] = {}

    def parts(self, options: dict[str, Any]) -> Tables:
        """The rows and columns of a scan, a few datasets at a time."""
        asked, read = Asked.of(options), dict[DatasetId, Manifest]()
        try:
            for pieces in _grouped(self._pieces(asked, read)):
                range_ = self._range(each.dataset for each in pieces)
                yield from self._reader.tables(pieces, asked.within(range_))
        finally:
            # Who wants the first rows alone has read these datasets, too.
            if self._note is not None:
                self._note(Origin.of(self._request, read.values(), self._frequency))

    def _pieces(self, asked: Asked, read: dict[DatasetId, Manifest]) -> Iterator[BarsPiece]:
        for each in self._left(asked):
            snapshot = self._state.snapshot(each)
            if snapshot is not None:
                if self._seen is not None:
                    self._seen(snapshot)
                read[each] = snapshot.manifest
                yield from pieces_of(snapshot, self._request.adjust)

    def _left(self, asked: Asked) -> Iterator[DatasetId]:
        """Datasets that the filter does not rule out by what they are called."""
        groups = defaultdict(list)
        for each in self._possible(asked):
            groups[each.asset_class].append(each)
        for asset_class, members in groups.items():
            group = is_of(asset_class, self._frequency)
            is_ruled_out = asked.filters("asset_class") or asked.filters("frequency")
            if not is_ruled_out or [*_index([group]).get_fragments(asked.kept)]:
                yield from self._named(tuple(members), asked)

    def _possible(self, asked: Asked) -> Sequence[DatasetId]:
        known = {} if asked.kept is None else ds.get_partition_keys(asked.kept)
        symbol = known.get("symbol")
        if isinstance(symbol, str):
            # Of all bars it keeps: the others need not even be listed.
            found = self._state.called(symbol, self._frequency)
            return [each for each in found if self._only is None or each in self._only]
        return self._state.datasets(self._frequency) if self._only is None else self._only

    def _named(self, members: tuple[DatasetId, ...], asked: Asked) -> Iterable[DatasetId]:
        """Those of the members, which are of one class, that it does not rule out by symbol."""
        if not asked.filters("symbol"):
            return members
        index = self._indexes.get(members)
        if index is None:
            index = _index([pc.field("symbol") == each.symbol for each in members])
            if len(members) > _FEW:
                self._indexes[members] = index
        return [members[int(each.path)] for each in index.get_fragments(asked.kept)]

    def _range(self, datasets: Iterable[DatasetId]) -> ds.Expression | None:
        """What keeps the bars of the request's dates: they begin when the exchange's day does."""
        if self._request.is_whole:
            return None
        spans: dict[Span, set[DatasetId]] = defaultdict(set)
        for each in datasets:
            snapshot = self._state.snapshot(each)
            assert snapshot is not None
            dates = calendar(snapshot.manifest.config.calendar)
            span = dates.span(self._request.start, self._request.end, each.frequency)
            spans[span].add(each)
        if len(spans) == 1:
            return _inside(*spans)
        return reduce(
            lambda one, other: one | other,
            (_inside(span) & _is_one_of(several) for span, several in spans.items()),
        )


def _grouped(pieces: Iterable[BarsPiece]) -> Iterator[list[BarsPiece]]:
    """The pieces in their order, in groups of a few megabytes; one piece may have more."""
    group: list[BarsPiece] = []
    most, held = _FIRST_BYTES, 0
    for each in pieces:
        group.append(each)
        held += each.bytes
        if held >= most:
            yield group
            group, held, most = [], 0, min(2 * most, _MOST_BYTES)
    if group:
        yield group


def _index(guarantees: Sequence[ds.Expression]) -> ds.Dataset:
    """A dataset of numbers in place of files: pyarrow says which of them a filter leaves."""
    fragments = [
        _PARQUET.make_fragment(str(number), _LOCAL, partition_expression=each)
        for number, each in enumerate(guarantees)
    ]
    return ds.FileSystemDataset(fragments, BARS_SCHEMA, _PARQUET, _LOCAL)


def _inside(span: Span) -> ds.Expression:
    stamp = pc.field("timestamp")
    return (stamp >= pa.scalar(span.start, STAMP)) & (stamp < pa.scalar(span.end, STAMP))


def _is_one_of(datasets: Iterable[DatasetId]) -> ds.Expression:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in datasets:
        groups[each.asset_class, each.frequency].append(each.symbol)
    return reduce(
        lambda one, other: one | other,
        (is_of(*group) & pc.field("symbol").isin(names) for group, names in groups.items()),
    )
