"""The store: the only access to bars on disk."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from ml4t_nb.errors import StoreError
from ml4t_nb.model import AssetClass, DatasetId, Frequency
from ml4t_nb.records import FormerName, Summary
from ml4t_nb.storage.archive_folder import archive_of, look_for_archive_in, set_up_archive
from ml4t_nb.storage.archived_files import has_archived
from ml4t_nb.storage.catalogue import Catalogue, CatalogueEntry, manifest_stat
from ml4t_nb.storage.chunk_sizes import damage_of
from ml4t_nb.storage.clean_up import clean_up, named_by_older
from ml4t_nb.storage.commit_listing import ever_stored
from ml4t_nb.storage.dataset_folder import DatasetFolder, removed_by_hand
from ml4t_nb.storage.disk import names_in, status
from ml4t_nb.storage.entries import any_in, groups_in, read_entry, stored_in
from ml4t_nb.storage.known_names import KnownNames
from ml4t_nb.storage.locks import dataset_lock
from ml4t_nb.storage.names import (
    GROUPS,
    chunk_number,
    manifest_name,
    place_of,
    symbol_of,
)
from ml4t_nb.storage.sweep import sweep_home
from ml4t_nb.storage.versions import Versions
from ml4t_nb.store_settings import Retention

if TYPE_CHECKING:
    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.storage.store_state import StoreState
    from ml4t_nb.storage.transaction import Transaction

__all__ = ["Store"]

_PARTS = attrgetter("asset_class", "frequency", "symbol")

# What reads and writes bars is imported where it is needed: pandas and pyarrow take four times as
# long to start as a look at thousands of datasets. These pass here at each `list` and `health`:
# names are joined as words, since a Path costs more than the look at the disk. A place is that of a
# dataset below ``data`` and ``state``, such as ``equities/daily/AAPL``.


class Store:
    """Datasets below one folder, which the first write makes.

    Any number of stores, in threads and processes, may work on the same folder at once: readers
    take no lock, and writers one for each dataset, for which they wait ``lock_timeout_s``.
    """

    def __init__(self, home: Path, *, lock_timeout_s: float = 30.0) -> None:
        # Absolute, since the process may change its folder.
        self.home = home.absolute()
        self._root = f"{self.home}"
        self._lock_timeout_s = lock_timeout_s
        self._catalogue = Catalogue(self.home / "catalogue.db")
        self._names = KnownNames()

    def datasets(self, *, keep: bool = True) -> tuple[DatasetId, ...]:
        """What is stored, damaged or not, in order; not to ``keep``, no cache is written."""
        return tuple(
            entry.dataset
            for place, entry in self._stored(keep=keep)
            if not removed_by_hand(f"{self._root}/data/{place}")
        )

    def stored_as(
        self,
        symbol: str,
        asset_class: AssetClass | None = None,
        frequency: Frequency | None = None,
    ) -> tuple[DatasetId, ...]:
        """The datasets of that symbol, damaged or not, in order; no other one is looked at."""
        return self.stored_by_symbol((symbol,), asset_class, frequency)[symbol]

    def stored_by_symbol(
        self,
        symbols: Iterable[str],
        asset_class: AssetClass | None = None,
        frequency: Frequency | None = None,
    ) -> dict[str, tuple[DatasetId, ...]]:
        """The datasets of each symbol, none for one that is not stored."""
        groups = groups_in(self.home, asset_class, frequency)
        known = self._catalogue.read
        return {each: tuple(stored_in(self.home, groups, each, known)) for each in symbols}

    def some(self, asset_class: AssetClass, most: int) -> tuple[DatasetId, ...]:
        """At most so many datasets of a class that were stored once, whichever are found first."""
        groups = [each for each in groups_in(self.home, asset_class, None) if each[1] != "weekly"]
        return tuple(islice(any_in(self.home, groups), most))

    def former_names(self) -> dict[DatasetId, tuple[FormerName, ...]]:
        """Datasets whose earlier bars were listed under other names, with those names."""
        return {
            entry.dataset: entry.summary.former_names
            for _, entry in self._stored(keep=False)
            if entry.summary and entry.summary.former_names
        }

    def summaries(self, only: Collection[DatasetId] | None = None) -> tuple[Summary, ...]:
        """Every dataset, or ``only`` these, in one row each, in order.

        Opens no manifest that has not changed since it was last looked at; the size of every
        chunk is compared with the recorded one. The logs are not looked at: `verify` reads them.
        """
        rows = (self._checked(place, entry) for place, entry in self._stored(only=only))
        return tuple(row for row in rows if row)

    def snapshot(self, dataset: DatasetId) -> Snapshot:
        """The dataset as the newest commit left it.

        DatasetNotFound if nothing is stored, or its data folder was removed by hand; ChunkCorrupt
        if its manifest cannot be read.
        """
        from ml4t_nb.storage.snapshot import Snapshot, not_found_error

        folder = DatasetFolder(self.home, dataset)
        manifest = folder.newest().manifest
        if manifest is None or removed_by_hand(folder.data_path):
            raise not_found_error(dataset)
        return Snapshot(folder, manifest)

    def versions(self, dataset: DatasetId) -> Versions:
        """What there is of the dataset's past, stored yet or not."""
        return Versions(DatasetFolder(self.home, dataset))

    def version(self, dataset: DatasetId, number: int) -> Snapshot:
        """The dataset as commit ``number`` left it.

        VersionNotFound if there was no such commit, it removed the dataset, or what it left cannot
        be read any more; ChunkCorrupt if a file is damaged.
        """
        from ml4t_nb.storage.past_snapshot import read_version

        return read_version(self.versions(dataset), number)

    def state(self, *, at_once: bool = False) -> StoreState:
        """The store for a reader of many datasets: each as it is read first, or ``at_once``."""
        from ml4t_nb.storage.store_state import StoreState

        return StoreState(self.home, at_once=at_once)

    def sequence(self, dataset: DatasetId) -> int:
        """Number of the dataset's newest commit, 0 before the first: one look at a folder."""
        return DatasetFolder(self.home, dataset).sequence()

    def verify(self, dataset: DatasetId) -> tuple[StoreError, ...]:
        """The error of each damaged file of the dataset, after reading every one whole."""
        try:
            snapshot = self.snapshot(dataset)
        except StoreError as error:
            return (error,)
        manifest, faults = snapshot.manifest, list[StoreError]()
        looks = (
            *(partial(snapshot.check, chunk) for chunk in manifest.chunks),
            *(partial(snapshot.logged, file) for file in (*manifest.rejected, *manifest.revisions)),
            *(partial(snapshot.records, file) for file in manifest.records),
        )
        for look in looks:
            try:
                look()
            except StoreError as error:
                # Said of one file, it is said of all that are there.
                if f"{error}" not in map(str, faults):
                    faults.append(error)
        return tuple(faults)

    @contextmanager
    def transaction(
        self, dataset: DatasetId, seen: Snapshot | None = None
    ) -> Iterator[Transaction]:
        """The dataset, kept from all other writers until the block ends.

        What was ``seen`` of it before, and is still stored, is not read again.

        LockTimeout if another writer holds it for too long, StoreNotWritable if the store's folder
        cannot be written.
        """
        from ml4t_nb.storage.transaction import Transaction

        folder = DatasetFolder(self.home, dataset)
        with (
            dataset_lock(folder.state, dataset, timeout_s=self._lock_timeout_s) as lock,
            closing(Transaction(folder, self._catalogue, lock, seen)) as transaction,
        ):
            yield transaction

    def erase(self, dataset: DatasetId) -> None:
        """Delete past versions, and logged rows, of a dataset that was removed.

        StoreError if it is stored, LockTimeout if another writer holds it for too long.
        """
        from ml4t_nb.storage.erasing import erase_all

        folder = DatasetFolder(self.home, dataset)
        with dataset_lock(folder.state, dataset, timeout_s=self._lock_timeout_s) as lock:
            erase_all(folder, self._catalogue, lock)

    def look_for_archive_in(self, folder: Path | None) -> None:
        """From now on, look for the archive in that folder; None for where it was put."""
        look_for_archive_in(self.home, folder)

    def archive_folder(self) -> Path | None:
        """Where the archive is, there or not; None if there is none."""
        archive = archive_of(self.home)
        return None if archive is None else Path(archive.folder)

    def set_up_archive(self, folder: Path) -> None:
        """Let the archive be in that folder, which is made if it is missing.

        OptionError if it cannot be there, StoreNotWritable if it cannot be written.
        """

        def in_use() -> bool:
            return any(has_archived(DatasetFolder(home, each)) for each in ever_stored(home))

        home = self.home
        set_up_archive(home, folder, in_use=in_use, timeout_s=self._lock_timeout_s)

    def flush(self) -> None:
        """Write what the commits of this object changed to the catalogue, all at once.

        A scan of the store before that opens the manifests of these datasets.
        """
        self._catalogue.flush()

    def sweep(self, retention: Retention | None = None) -> None:
        """Remove what was moved to the trash more than an hour ago, of all datasets.

        Each commit does so for its own dataset; this is for those that are not written any more.
        A removal whose writer was killed before it had moved the files is ended. With a
        ``retention``, past versions are dropped that neither it nor a pin keeps.
        """
        with suppress(StoreError):
            self._end_removals()
        sweep_home(self.home, retention)

    def _end_removals(self) -> None:
        for place, entry in self._found().items():
            is_removed = entry.sequence and entry.summary is None
            if not is_removed or not os.path.lexists(f"{self._root}/data/{place}"):
                continue
            dataset, folder = entry.dataset, DatasetFolder(self.home, entry.dataset)
            # The holder of the lock does it itself.
            with suppress(StoreError, OSError), dataset_lock(folder.state, dataset, timeout_s=0):
                state = folder.newest()
                if state.manifest is None:
                    clean_up(folder, state)

    def _stored(
        self, *, keep: bool = True, only: Collection[DatasetId] | None = None
    ) -> list[tuple[str, CatalogueEntry]]:
        """Every dataset with a manifest in force, by place, in order; its data are not looked at.

        Of a damaged manifest, the summary says what was known before, and the damage.
        """
        stored = [each for each in self._found(keep=keep, only=only).items() if each[1].summary]
        # By what a DatasetId is ordered by, without its slower comparison.
        return sorted(stored, key=lambda each: _PARTS(each[1].dataset))

    def _found(
        self, *, keep: bool = True, only: Collection[DatasetId] | None = None
    ) -> dict[str, CatalogueEntry]:
        """Every dataset that is or was there; or these ``only``, there or not."""
        has_state = status(f"{self._root}/state") is not None
        if not has_state and status(f"{self._root}/data") is None:
            return {}
        # Without it, this may be a folder of something else, with a catalogue of its own.
        named = None if only is None else {place_of(each): each for each in only}
        known = self._catalogue.read(named) if has_state else {}
        # Written after the commits that it holds, it tells how late it is on its disk.
        if file := status(f"{self._root}/{self._catalogue.path.name}"):
            self._names.note_time(file)
        found = {}
        for place, dataset in self._places(known) if named is None else named.items():
            entry = known.get(place)
            if not entry or not self._is_current(place, entry):
                entry = read_entry(self.home, dataset, entry)
            found[place] = entry
        if has_state and keep:
            read = {place: entry for place, entry in found.items() if entry is not known.get(place)}
            changed = {place: entry for place, entry in read.items() if entry.sequence}
            self._catalogue.write(changed, known.keys() - found.keys())
        return found

    def _checked(self, place: str, entry: CatalogueEntry) -> Summary | None:
        """The dataset's row, every chunk's size compared; None if it is not stored (any more)."""
        while (row := entry.summary) and not row.damage:
            damage, remedy = damage_of(self.home, place, entry)
            if not damage and (entry.files or not removed_by_hand(f"{self._root}/data/{place}")):
                foreign = self._foreign(place, entry)
                return replace(row, foreign=foreign) if foreign else row
            if self._is_current(place, entry):
                row = replace(row, damage=damage, remedy=remedy)
                break
            entry = read_entry(self.home, entry.dataset, entry)  # a writer moved on
        return None if removed_by_hand(f"{self._root}/data/{place}") else row

    def _places(self, known: Mapping[str, CatalogueEntry]) -> Iterator[tuple[str, DatasetId]]:
        for asset_class, frequency in GROUPS:
            group = f"{asset_class}/{frequency}"
            # Of a dataset among the data alone, the manifests were deleted.
            names = {
                name for part in ("state", "data") for name in names_in(self.home / part / group)
            }
            for name in sorted(names):
                place = f"{group}/{name}"
                if entry := known.get(place):
                    yield place, entry.dataset
                elif (symbol := symbol_of(name)) is not None:
                    yield place, DatasetId(asset_class, frequency, symbol)

    def _is_current(self, place: str, entry: CatalogueEntry) -> bool:
        # A writer gives the next number. A backup or a copy that is laid over the folder brings
        # any, but changes the folder's own time.
        state = f"{self._root}/state/{place}"
        try:
            folder = status(state)
            if folder is None or manifest_stat(state, entry.sequence, folder) != entry.stat:
                return False
            following = f"{state}/{manifest_name(entry.sequence + 1)}"
            return self._names.are_right(
                state, entry.sequence, folder, lambda: status(following) is None
            )
        except StoreError:
            return False  # reading the manifest reports why not

    def _foreign(self, place: str, entry: CatalogueEntry) -> tuple[str, ...]:
        """Parquet files in the dataset's folder that are neither its own nor a running writer's."""
        folder_name, sequence = f"{self._root}/data/{place}", entry.sequence
        found = status(folder_name)
        if found is None or self._names.are_right(
            folder_name, sequence, found, lambda: not _others(folder_name, entry)
        ):
            return ()
        others, data = _others(folder_name, entry), Path(folder_name)
        folder = DatasetFolder(self.home, entry.dataset)
        # A manifest goes after the chunks that it names: what it does not name and is still there
        # afterwards belongs to no writer.
        replaced, newest = named_by_older(folder, sequence), folder.sequence()
        odd = [
            data / name
            for name in others
            if name not in replaced and not sequence <= chunk_number(name) <= newest + 1
        ]
        below = (str(path) for each in odd for path in each.glob("**/*.parquet"))
        return (*(str(p) for p in odd if p.suffix == ".parquet" and p.exists()), *below)


def _others(data: str, entry: CatalogueEntry) -> list[str]:
    """Names in the folder that are none of the dataset's chunks."""
    own = {name for name, _ in (*entry.files, *entry.apart)}
    return [name for name in names_in(data) if name not in own]
