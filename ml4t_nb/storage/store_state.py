"""The store as one reader sees it: each dataset at one commit, however long it reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId, Frequency
from ml4t_nb.storage.dataset_folder import DatasetFolder, removed_by_hand
from ml4t_nb.storage.disk import names_in, status
from ml4t_nb.storage.names import GROUPS, folder_name, newest_number, symbol_of
from ml4t_nb.storage.versions import Versions

if TYPE_CHECKING:
    from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["StoreState", "stored_frequencies"]

_symbol_of = lru_cache(maxsize=100_000)(symbol_of)


class StoreState:
    """Datasets of a store, each as its newest commit left it: when it was read first, or before.

    Parameters
    ----------
    at_once
        Each as it is now. Names and numbers of commits are looked up, and no file is opened: a
        manifest is read when it is asked for, among the past versions if it was replaced meanwhile.
        What it names is kept for an hour.
    """

    def __init__(self, home: Path, *, at_once: bool = False) -> None:
        self.home = home
        self._numbers: dict[DatasetId, int] | None = None
        self._read: dict[DatasetId, Snapshot | None] = {}
        self._listed: dict[Frequency, tuple[DatasetId, ...]] = {}
        if at_once:
            found = {each: self.number_now(each) for each in self._found(None)}
            self._numbers = found
            for each in found:
                self._listed[each.frequency] = (*self._listed.get(each.frequency, ()), each)

    @property
    def parts(self) -> tuple[str, ...]:
        """Folders of the store in which what may be stored has a folder of its own."""
        return ("data",)

    @property
    def is_fixed(self) -> bool:
        """Whether all are as they were when this was made."""
        return self._numbers is not None

    def datasets(self, frequency: Frequency) -> tuple[DatasetId, ...]:
        """All that may be stored: what was removed is among them."""
        if frequency not in self._listed:
            found = () if self._numbers is not None else tuple(self._found(frequency))
            self._listed[frequency] = found
        return self._listed[frequency]

    def called(self, symbol: str, frequency: Frequency) -> tuple[DatasetId, ...]:
        """Those of that symbol, of each class; no other one is looked at."""
        possible = [
            DatasetId(asset_class, each, symbol)
            for asset_class, each in GROUPS
            if each == frequency
        ]
        if self._numbers is not None:
            return tuple(each for each in possible if each in self._numbers)
        try:
            name = folder_name(symbol)
        except OptionError:
            return ()  # nothing can be stored under it
        return tuple(
            each
            for each in possible
            if any(
                status(f"{self.home}/{part}/{each.asset_class}/{frequency}/{name}")
                for part in ("state", "data")
            )
        )

    def snapshot(self, dataset: DatasetId) -> Snapshot | None:
        """The dataset at its commit; None if it is not stored.

        ChunkCorrupt if its manifest cannot be read, StoreError if that was removed since.
        """
        if dataset not in self._read:
            self._read[dataset] = self._opened(dataset)
        return self._read[dataset]

    def number_now(self, dataset: DatasetId) -> int:
        """Number of its newest commit; 0 before the first."""
        name = folder_name(dataset.symbol)
        place = f"{self.home}/state/{dataset.asset_class}/{dataset.frequency}/{name}"
        return newest_number(names_in(place))

    def is_current(self, dataset: DatasetId) -> bool:
        """Whether it was committed no more since."""
        return self._numbers is None or self._numbers.get(dataset) == self.number_now(dataset)

    def _opened(self, dataset: DatasetId) -> Snapshot | None:
        from ml4t_nb.storage.snapshot import Snapshot

        folder = DatasetFolder(self.home, dataset)
        number = None if self._numbers is None else self._numbers.get(dataset, 0)
        if not number:
            manifest = folder.newest().manifest  # raises if there are bars, and no manifest
            manifest = manifest if number is None else None
        else:
            try:
                manifest = Versions(folder).manifest(number)
            except KeyError:
                raise folder.outdated_error() from None
        if manifest is None:
            return None
        if removed_by_hand(folder.data_path) and folder.sequence() == manifest.sequence:
            return None
        return Snapshot(folder, manifest)

    def _found(self, frequency: Frequency | None) -> Iterator[DatasetId]:
        for asset_class, each in GROUPS:
            if frequency in (None, each):
                group = f"{asset_class}/{each}"
                # Of a dataset among the data alone, the manifests were deleted.
                parts = (names_in(f"{self.home}/{part}/{group}") for part in ("state", "data"))
                symbols = map(_symbol_of, sorted({name for names in parts for name in names}))
                yield from (DatasetId(asset_class, each, s) for s in symbols if s is not None)


def stored_frequencies(state: StoreState) -> tuple[Frequency, ...]:
    """Frequencies of which there may be a dataset, the shortest first."""
    found = {
        frequency
        for asset_class, frequency in GROUPS
        if any(names_in(f"{state.home}/{part}/{asset_class}/{frequency}") for part in state.parts)
    }
    return tuple(dict.fromkeys(each for _, each in GROUPS if each in found))
