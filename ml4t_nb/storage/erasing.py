"""All that is left of a dataset that is not stored any more, deleted."""

from __future__ import annotations

from ml4t_nb.errors import StoreError
from ml4t_nb.storage.catalogue import Catalogue
from ml4t_nb.storage.dataset_folder import DatasetFolder, removed_by_hand
from ml4t_nb.storage.locks import HeldLock
from ml4t_nb.storage.retention import erase
from ml4t_nb.storage.transaction import Transaction

__all__ = ["erase_all"]


def erase_all(folder: DatasetFolder, catalogue: Catalogue, lock: HeldLock) -> None:
    """Delete all that is left of a dataset that is not stored any more; StoreError if it is."""
    if folder.newest().manifest is not None:
        if not removed_by_hand(folder.data_path):
            raise StoreError(f"{folder.dataset} is stored", hint="remove it first")
        # Without the mark of a removal, its last manifest would be all that is left.
        Transaction(folder, catalogue, lock).remove()
    else:
        Transaction(folder, catalogue, lock).forget_removal()
    erase(folder)
