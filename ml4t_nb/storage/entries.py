"""What a look at one dataset says: the entry of its newest manifest, and whether it is stored."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from ml4t_nb.errors import ChunkCorrupt, OptionError, StoreError, StoreOutdated
from ml4t_nb.model import AssetClass, DatasetId, Frequency
from ml4t_nb.storage.catalogue import CatalogueEntry, manifest_stat
from ml4t_nb.storage.dataset_folder import DatasetFolder, removed_by_hand
from ml4t_nb.storage.disk import names_in, status
from ml4t_nb.storage.manifest import unknown_summary
from ml4t_nb.storage.manifest_file import LONGEST_REMOVAL
from ml4t_nb.storage.names import (
    GROUPS,
    folder_name,
    manifest_name,
    newest_number,
    symbol_of,
)

__all__ = ["any_in", "groups_in", "read_entry", "stored_in"]

KnownEntries: TypeAlias = Callable[[Collection[str]], Mapping[str, CatalogueEntry]]
"""Gives what the catalogue knows of these places."""


def read_entry(home: Path, dataset: DatasetId, known: CatalogueEntry | None) -> CatalogueEntry:
    """The newest manifest's entry; number 0 where none was read, since one may come and go."""
    folder = DatasetFolder(home, dataset)
    summary = known.summary if known else None
    unread = CatalogueEntry(dataset, 0, (0, 0, 0, 0), None, ())
    while True:
        try:
            # Its stat before it is read: if it is replaced meanwhile, this one is old.
            sequence = folder.sequence()
            stat = manifest_stat(folder.state_path, sequence)
            now = folder.newest(sequence)
            if now.sequence == 0:
                if summary and folder.has_chunks():
                    raise folder.lost_manifest_error()
                return unread
            if stat and now.sequence == sequence:
                return CatalogueEntry.of(dataset, sequence, stat, now.manifest)
        except StoreError as error:
            if isinstance(error, StoreOutdated):
                summary = error.summary
            # Only what is damaged for good may be removed: not what a newer program wrote, nor
            # what this user may not read.
            remedy = "" if isinstance(error, ChunkCorrupt | StoreOutdated) else error.advice
            row = replace(summary or unknown_summary(dataset), damage=error.message, remedy=remedy)
            return replace(unread, summary=row)


def groups_in(
    home: Path, asset_class: AssetClass | None, frequency: Frequency | None
) -> list[tuple[AssetClass, Frequency]]:
    """Classes and frequencies, of those that may be meant, of which there is a folder."""
    classes = {each for each, _ in GROUPS if asset_class in (None, each)}
    there = {
        f"{each}/{name}"
        for each in classes
        for part in ("state", "data")
        for name in names_in(f"{home}/{part}/{each}")
    }
    fitting = [each for each in GROUPS if frequency in (None, each[1])]
    return sorted(each for each in fitting if "/".join(each) in there)


def any_in(home: Path, groups: Iterable[tuple[AssetClass, Frequency]]) -> Iterator[DatasetId]:
    """Datasets in these groups that were stored once, in the order in which the disk has them."""
    for asset_class, frequency in groups:
        try:
            with os.scandir(home / "state" / asset_class / frequency) as folders:
                for folder in folders:
                    if (symbol := symbol_of(folder.name)) is not None:
                        yield DatasetId(asset_class, frequency, symbol)
        except OSError:
            continue  # whoever needs its datasets says why it cannot be read


def stored_in(
    home: Path, groups: Iterable[tuple[AssetClass, Frequency]], symbol: str, known: KnownEntries
) -> Iterator[DatasetId]:
    """Datasets of that symbol in these groups; ``known`` is asked where the manifests are gone."""
    try:
        folder = folder_name(symbol)
    except OptionError:
        return  # nothing can be stored under it
    for asset_class, frequency in groups:
        place = f"{asset_class}/{frequency}/{folder}"
        state, data = f"{home}/state/{place}", f"{home}/data/{place}"
        # Of a dataset among the data alone, the manifests were deleted.
        if status(state) is None and not os.path.lexists(data):
            continue
        dataset = DatasetId(asset_class, frequency, symbol)
        if not removed_by_hand(data) and _has_manifest(home, place, state, dataset, known):
            yield dataset


def _has_manifest(
    home: Path, place: str, state: str, dataset: DatasetId, known: KnownEntries
) -> bool:
    """Whether its newest manifest is in force or damaged: not before a load, nor removed."""
    with suppress(StoreError):  # reading the manifest reports it
        sequence = newest_number(names_in(state))
        manifest = status(f"{state}/{manifest_name(sequence)}") if sequence else None
        if manifest and manifest.st_size > LONGEST_REMOVAL:
            return True
        if not sequence and not DatasetFolder(home, dataset).has_chunks():
            return False
    return read_entry(home, dataset, known([place]).get(place)).summary is not None
