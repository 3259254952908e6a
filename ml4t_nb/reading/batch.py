"""Bars of many datasets in arrays: read one after the other into one place, and never copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.adjust import adjust_lines, is_as_stored
from ml4t_nb.core.bars import COLUMNS, NUMBERS, STAMPS, Numbers
from ml4t_nb.core.sources import source_of
from ml4t_nb.core.timestamps import Instants, index_micros
from ml4t_nb.model import Adjustment, Column
from ml4t_nb.reading.origin import ATTRIBUTE
from ml4t_nb.reading.request import BarsRequest, is_derived_of
from ml4t_nb.reading.symbol_bars import TEXT, SymbolBars
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.rows import ALL_TIME, Rows, TimeRange
from ml4t_nb.storage.snapshot import Snapshot, chunks_in

__all__ = ["BarsBatch", "BatchReader", "batch_of", "framed_batch", "is_in_arrays"]

_DEFAULT = pd.Index(COLUMNS)

_NEEDED: dict[Adjustment, tuple[Column, ...]] = {
    "raw": ("split",),
    "splits": ("split",),
    "all": ("split", "close", "dividend"),
}
"""Columns that an adjustment takes, shown or not."""


@dataclass(frozen=True, slots=True, eq=False)
class BarsBatch:
    """Bars of several datasets, one after the other.

    Parameters
    ----------
    ends
        Where each dataset's rows end, after a 0.
    names, numbers
        Columns of numbers, and a line for each.
    others
        The other columns.
    incomplete
        How many are derived bars without all of their parts; None if none is derived.
    """

    manifests: Sequence[Manifest]
    ends: Sequence[int]
    stamps: Instants
    names: Sequence[Column]
    numbers: Numbers
    others: Mapping[Column, npt.NDArray[np.generic]]
    incomplete: int | None = None

    def column(self, name: Column) -> npt.NDArray[np.generic]:
        """One column of all."""
        return self.others[name] if name in self.others else self.numbers[self.names.index(name)]

    def parts(self, column: npt.NDArray[np.generic]) -> Iterator[npt.NDArray[np.generic]]:
        """What of a column belongs to each dataset."""
        return (column[first:last] for first, last in pairwise(self.ends))

    @property
    def stamps_of_each(self) -> list[Instants]:
        """Stamps of each dataset."""
        return [self.stamps[first:last] for first, last in pairwise(self.ends)]


def is_in_arrays(snapshot: Snapshot, request: BarsRequest) -> bool:
    """Whether they can be shown without a frame: all but the required, derived, and odd weeks."""
    manifest = snapshot.manifest
    if request.require is not None or is_derived_of(manifest.dataset, request):
        return False
    is_stored = is_as_stored(request.adjust, manifest.config.basis)
    is_shown = is_stored or manifest.dataset.frequency != "weekly"
    return "complete" not in request.names and is_shown


class BatchReader:
    """Takes in snapshots, whose bars have a place each in arrays that are made once.

    Of a range of adjusted bars only the end is kept, so that each has arrays of its own until then.
    """

    def __init__(self, snapshots: Sequence[Snapshot], request: BarsRequest) -> None:
        bases = {each.manifest.config.basis for each in snapshots}
        is_stored = all(is_as_stored(request.adjust, basis) for basis in bases)
        needed = () if is_stored else _NEEDED[request.adjust]
        self._request = request
        self._shown: tuple[Column, ...] = tuple(name for name in request.names if name in NUMBERS)
        self._names = tuple(dict.fromkeys((*self._shown, *needed)))
        self._has_common_room = request.is_whole or is_stored
        room = sum(map(self._most_rows, snapshots)) if self._has_common_room else 0
        self._room = Rows.empty(room, len(self._names))
        self._parts: list[Rows] = []
        self._ends = [0]
        self._manifests: list[Manifest] = []

    def take(self, snapshot: Snapshot) -> None:
        """Read the bars of one; after an error nothing of it is there."""
        manifest, end, most = snapshot.manifest, self._ends[-1], self._most_rows(snapshot)
        if self._has_common_room:
            place = self._room.cut(end, end + most)
            found = place.start_with(self._shown_of(snapshot, place))
        else:
            found = self._shown_of(snapshot, Rows.empty(most, len(self._names))).copy()
            self._parts.append(found)
        self._ends.append(end + len(found))
        self._manifests.append(manifest)

    def batch(self) -> BarsBatch:
        """What was taken in."""
        rows = self._room.cut(0, self._ends[-1]) if self._has_common_room else self._joined()
        numbers = rows.numbers[: len(self._shown)]
        if len(rows) < len(self._room) // 2 or len(numbers) < len(self._names):
            # A copy of a part lets go of the rest's memory.
            rows, numbers = rows.copy(), numbers.copy()
        others: dict[Column, npt.NDArray[np.generic]] = {"filled": rows.filled}
        batch = BarsBatch(self._manifests, self._ends, rows.stamps, self._shown, numbers, others)
        if "provider" in self._request.names:
            others["provider"] = _providers(batch)
        return batch

    def _most_rows(self, snapshot: Snapshot) -> int:
        """How many rows are read of it at most."""
        manifest, request = snapshot.manifest, self._request
        if request.is_whole or not is_as_stored(request.adjust, manifest.config.basis):
            return manifest.rows
        return sum(chunk.rows for chunk in chunks_in(manifest.chunks, _span(manifest, request)))

    def _shown_of(self, snapshot: Snapshot, place: Rows) -> Rows:
        """Its bars as they are shown: a view of the place, or rows picked of it."""
        manifest, request = snapshot.manifest, self._request
        basis, span = manifest.config.basis, _span(manifest, request)
        if is_as_stored(request.adjust, basis):
            found = snapshot.lay(place, self._names, span)
        else:
            whole = snapshot.lay(place, self._names)
            adjust_lines(
                whole.stamps,
                whole.numbers,
                whole.filled,
                request.adjust,
                basis=basis,
                names=self._names,
            )
            found = whole.between(span)
        has_filled = not request.filled and found.filled.any()
        return found.pick(~found.filled) if has_filled else found

    def _joined(self) -> Rows:
        none = Rows.empty(0, len(self._names))
        return Rows.join(self._parts) if self._ends[-1] else none


def framed_batch(batch: BarsBatch, index: pd.Index, names: Sequence[Column]) -> pd.DataFrame:
    """The columns of those names in a frame that shares their memory."""
    frame = pd.DataFrame(batch.numbers.T, index=index, copy=False)
    # The names last: pandas looks each one up in an index of Arrow strings, at 30 us a name.
    for place, name in enumerate(names):
        if name in batch.others:
            column = batch.others[name]
            shown = pd.Series(column, index, dtype=TEXT) if name == "provider" else column
            frame.insert(place, len(names) + place, shown)
    frame.columns = _DEFAULT if tuple(names) == COLUMNS else pd.Index(names)
    return frame


def batch_of(parts: Iterable[SymbolBars], columns: Sequence[Column]) -> BarsBatch:
    """The same of frames, which have those columns."""
    held = [*parts]
    stamps = [index_micros(pd.DatetimeIndex(part.bars.index)) for part in held]
    names = tuple(name for name in columns if name in NUMBERS)
    others = tuple(name for name in columns if name not in NUMBERS)
    ends = [0, *accumulate(map(len, stamps))]
    return BarsBatch(
        [part.manifest for part in held],
        ends,
        np.concatenate([np.empty(0, np.int64), *stamps]),
        names,
        np.array([_whole(held, name) for name in names]).reshape(len(names), ends[-1]),
        {name: _whole(held, name) for name in others},
        _incomplete(held),
    )


def _incomplete(parts: Sequence[SymbolBars]) -> int | None:
    said = [part.bars.attrs[ATTRIBUTE].get("incomplete") for part in parts]
    counts = [each for each in said if each is not None]
    return sum(counts) if counts else None


def _whole(parts: Sequence[SymbolBars], name: Column) -> npt.NDArray[np.generic]:
    kind = np.float64 if name in NUMBERS else object if name == "provider" else np.bool_
    columns = [part.bars[name].to_numpy(dtype=kind) for part in parts]
    return np.concatenate([np.empty(0, kind), *columns])


def _span(manifest: Manifest, request: BarsRequest) -> TimeRange:
    if request.is_whole:
        return ALL_TIME
    dates = calendar(manifest.config.calendar)
    return TimeRange.of(dates.span(request.start, request.end, manifest.dataset.frequency))


def _providers(batch: BarsBatch) -> npt.NDArray[np.generic]:
    """The provider of each bar; a filled one has none."""
    names = [
        source_of(pd.DatetimeIndex(stamps, dtype=STAMPS), each.sources, each.config.provider)
        for each, stamps in zip(batch.manifests, batch.stamps_of_each, strict=True)
    ]
    whole = np.concatenate([*names, np.empty(0, object)])
    whole[batch.others["filled"]] = ""
    return whole
