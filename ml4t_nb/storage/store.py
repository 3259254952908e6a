"""The store: the only access to bars on disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ml4t_nb.errors import StoreError
from ml4t_nb.model import DatasetId
from ml4t_nb.records import Summary
from ml4t_nb.storage.catalogue import Catalogue
from ml4t_nb.storage.dataset_folder import DatasetFolder, removed_by_hand
from ml4t_nb.storage.disk import dataset_lock
from ml4t_nb.storage.scan import check_sizes, half_removed_datasets, scan
from ml4t_nb.storage.trash import sweep_all

if TYPE_CHECKING:
    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.storage.transaction import Transaction

__all__ = ["Store"]

# What reads and writes bars is imported where it is needed: pandas and pyarrow take four times as
# long to start as a look at thousands of datasets.


class Store:
    """Datasets below one folder, which the first write makes.

    Any number of stores, in threads and processes, may work on the same folder at once: readers
    take no lock, and writers one for each dataset, for which they wait ``lock_timeout_s``.
    """

    def __init__(self, home: Path, *, lock_timeout_s: float = 30.0) -> None:
        # Absolute, since the process may change its folder.
        self.home = home.absolute()
        self._lock_timeout_s = lock_timeout_s
        self._catalogue = Catalogue(self.home / "catalogue.db")

    def datasets(self) -> tuple[DatasetId, ...]:
        """What is stored, damaged or not, in order."""
        return tuple(
            entry.dataset
            for place, entry in scan(self.home, self._catalogue).items()
            if not removed_by_hand(f"{self.home}/data/{place}")
        )

    def summaries(self) -> tuple[Summary, ...]:
        """Every dataset in one row, in order.

        Opens no manifest that has not changed since it was last looked at; the size of every
        chunk is compared with the recorded one.
        """
        found = scan(self.home, self._catalogue).items()
        rows = (check_sizes(self.home, place, entry) for place, entry in found)
        return tuple(row for row in rows if row)

    def snapshot(self, dataset: DatasetId) -> Snapshot:
        """The dataset as the newest commit left it.

        DatasetNotFound if nothing is stored, or its data folder was removed by hand; ChunkCorrupt
        if its manifest cannot be read.
        """
        from ml4t_nb.storage.snapshot import Snapshot, not_found_error

        folder = DatasetFolder(self.home, dataset)
        manifest = folder.newest().manifest
        if manifest is None or removed_by_hand(folder.data):
            raise not_found_error(dataset)
        return Snapshot(folder, manifest)

    def verify(self, dataset: DatasetId) -> tuple[str, ...]:
        """A sentence for each damaged file of the dataset, after reading every one whole."""
        try:
            snapshot = self.snapshot(dataset)
        except StoreError as error:
            return (error.message,)
        faults = []
        for chunk in snapshot.manifest.chunks:
            try:
                snapshot.rows([chunk])
            except StoreError as error:
                faults.append(error.message)
        return tuple(faults)

    @contextmanager
    def transaction(self, dataset: DatasetId) -> Iterator[Transaction]:
        """The dataset, kept from all other writers until the block ends.

        LockTimeout if another writer holds it for too long, StoreNotWritable if the store's folder
        cannot be written.
        """
        from ml4t_nb.storage.transaction import Transaction

        folder = DatasetFolder(self.home, dataset)
        with dataset_lock(folder.state, dataset, timeout_s=self._lock_timeout_s) as lock:
            transaction = Transaction(folder, self._catalogue, lock)
            try:
                yield transaction
            finally:
                transaction.close()

    def flush(self) -> None:
        """Write what the commits of this object changed to the catalogue, all at once.

        A scan of the store before that opens the manifests of these datasets.
        """
        self._catalogue.flush()

    def sweep(self) -> None:
        """Remove what was moved to the trash more than an hour ago, of all datasets.

        Each commit does so for its own dataset; this is for those that are not written any more.
        A removal whose writer was killed before it had moved the files is ended.
        """
        with suppress(StoreError):
            self._end_removals()
        sweep_all(self.home)

    def _end_removals(self) -> None:
        for dataset in half_removed_datasets(self.home, self._catalogue):
            folder = DatasetFolder(self.home, dataset)
            # The holder of the lock does it itself.
            with suppress(StoreError, OSError), dataset_lock(folder.state, dataset, timeout_s=0):
                state = folder.newest()
                if state.manifest is None:
                    folder.clean_up(state)
