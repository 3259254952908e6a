"""What a store does not need any more: replaced files after an hour, and old versions."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ml4t_nb.errors import StoreError
from ml4t_nb.model import DatasetId
from ml4t_nb.storage.archive_folder import archive_of
from ml4t_nb.storage.archived_files import sweep_archived
from ml4t_nb.storage.clean_up import sweep_staged, sweep_trash
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.disk import is_own_folder, names_in, remove_old
from ml4t_nb.storage.locks import dataset_lock
from ml4t_nb.storage.names import GROUPS, symbol_of
from ml4t_nb.storage.pins import unchanging_pins
from ml4t_nb.storage.retention import drop_old_versions, has_old_versions
from ml4t_nb.store_settings import Retention

__all__ = ["sweep_home"]

_PROBE = re.compile(r"sweep\.[0-9a-f]{6}")


def sweep_home(home: Path, retention: Retention | None) -> None:
    """Remove what lies in the trash for more than an hour, of all datasets.

    So is what writers that were killed left among the past versions. With a ``retention``, move
    old versions to the trash before that, but for those that are pinned. What cannot be swept keeps
    nothing else from it.
    """
    if now := _file_time(home / "versions"):
        for dataset in _datasets(home / "versions"):
            with suppress(StoreError):
                sweep_staged(DatasetFolder(home, dataset), now)
        with suppress(StoreError):
            if retention is not None:
                _drop_versions(home, retention, now)
    if now := _file_time(home / "trash"):
        for dataset in _datasets(home / "trash"):
            sweep_trash(DatasetFolder(home, dataset), now)
    archive = archive_of(home)
    if (
        archive
        and archive.is_of(home)
        and (now := _file_time(trash := Path(archive.folder, "trash")))
    ):
        for dataset in _datasets(trash):
            sweep_archived(DatasetFolder(home, dataset), archive, now)


def _drop_versions(home: Path, retention: Retention, now: os.stat_result) -> None:
    for dataset in _datasets(home / "versions"):
        folder = DatasetFolder(home, dataset)
        # Who holds a lock is about to commit, or to pin; there will be another sweep.
        with suppress(StoreError, OSError):
            if has_old_versions(folder, retention, now):
                with (
                    dataset_lock(folder.state, dataset, timeout_s=0),
                    unchanging_pins(home, timeout_s=0) as pins,
                ):
                    found = (each for pin in pins.values() for each in pin.versions)
                    pinned = {each.version for each in found if each.dataset == dataset}
                    drop_old_versions(folder, retention, pinned, now)


def _file_time(folder: Path) -> os.stat_result | None:
    """Of a file that was just written there: the file system's own clock; None without a folder."""
    if not is_own_folder(folder):
        return None
    probe = folder / f"sweep.{secrets.token_hex(3)}"
    try:
        probe.touch()
        now = probe.stat()
        probe.unlink()
    except OSError:
        return None
    for name in filter(_PROBE.fullmatch, names_in(folder)):  # of those that were killed
        remove_old(folder / name, now)
    return now


def _datasets(folder: Path) -> Iterator[DatasetId]:
    for asset_class, frequency in GROUPS:
        with suppress(StoreError):
            for name in names_in(folder / asset_class / frequency):
                if (symbol := symbol_of(name)) is not None:
                    yield DatasetId(asset_class, frequency, symbol)
