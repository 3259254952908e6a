"""What past versions cost, and what is left of datasets that are not stored any more.

It looks at names and sizes, and opens no file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ml4t_nb.errors import StoreError
from ml4t_nb.model import DatasetId
from ml4t_nb.report_parts import PastVersions
from ml4t_nb.storage.dataset_folder import removed_by_hand
from ml4t_nb.storage.disk import is_own_folder, names_in, status
from ml4t_nb.storage.manifest_file import LONGEST_REMOVAL
from ml4t_nb.storage.names import (
    GROUPS,
    gathered_numbers,
    manifest_name,
    manifest_number,
    newest_number,
    place_of,
    symbol_of,
)

__all__ = ["left_by_hand", "past_versions", "size_left"]


def past_versions(home: Path) -> dict[DatasetId, PastVersions]:
    """Past versions of each dataset that has some, stored or not, in one walk."""
    found = {}
    for dataset, folder in _folders(home, "versions"):
        names, size = _content(folder)
        if size:
            found[dataset] = PastVersions(dataset, _number_in(names), size)
    return found


def _number_in(names: Iterable[str]) -> int:
    """Versions whose manifests are in files of these names; one may be in two for a moment."""
    count = reached = 0
    for first, last in sorted(filter(None, map(_numbers_of, names))):
        count += max(last - max(first - 1, reached), 0)
        reached = max(reached, last)
    return count


def _numbers_of(name: str) -> tuple[int, int] | None:
    if not name.startswith("m."):
        return None
    single = manifest_number(name)
    return (single, single) if single else gathered_numbers(name)


def left_by_hand(home: Path) -> Iterator[DatasetId]:
    """Datasets whose data folder was deleted, in place of a removal."""
    for dataset, state in _folders(home, "state", besides="data"):
        if not removed_by_hand(f"{home}/data/{place_of(dataset)}"):
            continue
        with suppress(StoreError):
            number = newest_number(names_in(state))
            file = status(f"{state}/{manifest_name(number)}") if number else None
            if file and file.st_size > LONGEST_REMOVAL:
                yield dataset


def size_left(home: Path, dataset: DatasetId) -> int:
    """Bytes of its past versions, and of its manifest and logs."""
    place = place_of(dataset)
    return sum(_content(f"{home}/{part}/{place}")[1] for part in ("versions", "state"))


def _folders(home: Path, part: str, *, besides: str = "") -> Iterator[tuple[DatasetId, str]]:
    """Folders of datasets in a part of the store; only those that another part does not have."""
    for asset_class, frequency in GROUPS:
        group = f"{asset_class}/{frequency}"
        with suppress(StoreError):
            others = {*names_in(f"{home}/{besides}/{group}")} if besides else set[str]()
            for name in names_in(f"{home}/{part}/{group}"):
                if name not in others and (symbol := symbol_of(name)) is not None:
                    folder = f"{home}/{part}/{group}/{name}"
                    yield DatasetId(asset_class, frequency, symbol), folder


def _content(folder: str) -> tuple[list[str], int]:
    """Names in a folder and the size of its files; nothing behind a link."""
    names, size = [], 0
    if is_own_folder(folder):
        with suppress(OSError), os.scandir(folder) as entries:
            for each in entries:
                names.append(each.name)
                size += each.stat(follow_symlinks=False).st_size
    return names, size
