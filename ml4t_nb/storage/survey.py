"""What a store holds, without opening a manifest that has not changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from ml4t_nb.errors import StoreError
from ml4t_nb.model import AssetClass, DatasetId, Frequency, Summary
from ml4t_nb.storage.catalogue import Catalogue, Entry, Mark
from ml4t_nb.storage.disk import names_in, size_of
from ml4t_nb.storage.folder import Folder, manifest_name
from ml4t_nb.storage.manifest import Manifest, summary
from ml4t_nb.storage.names import folder_of, symbol_of

__all__ = ["Found", "entry_of", "survey", "with_damage"]


@dataclass(frozen=True, slots=True)
class Found:
    """A dataset on disk, and what is wrong with its manifest; empty if nothing is."""

    folder: Folder
    entry: Entry
    damage: str = ""


def survey(home: Path, catalogue: Catalogue) -> tuple[Found, ...]:
    """Every dataset that was loaded and not removed, in order."""
    if not (home / "state").exists():
        return ()
    known = catalogue.read()
    found: list[Found] = []
    changed: dict[str, Entry] = {}
    seen = set()
    for place, entry, dataset in _places(home, known):
        seen.add(place)
        folder = Folder(home, dataset)
        if entry and _is_current(folder, entry):
            found.append(Found(folder, entry))
            continue
        each = _read(folder, entry)
        found.append(each)
        if not each.damage:
            changed[place] = each.entry
    catalogue.write(changed, known.keys() - seen)
    stored = (each for each in found if each.damage or each.entry.summary)
    present = (each for each in stored if not each.folder.removed_by_hand())
    return tuple(sorted(present, key=lambda each: each.entry.dataset))


def entry_of(folder: Folder, sequence: int, manifest: Manifest | None) -> Entry | None:
    """What the catalogue keeps of a commit; None if a newer one has retired it."""
    mark = _mark(folder, sequence)
    if mark is None:
        return None
    return Entry(
        folder.dataset,
        sequence,
        mark,
        summary(manifest) if manifest else None,
        tuple((chunk.file, chunk.bytes) for chunk in manifest.chunks) if manifest else (),
    )


def with_damage(found: Found) -> Summary | None:
    """The dataset in one row, every chunk's size compared; None if it was removed meanwhile."""
    while not found.damage:
        damage = _damage(found.folder, found.entry.files)
        if not damage or _is_current(found.folder, found.entry):
            found = replace(found, damage=damage)
            break
        found = _read(found.folder, found.entry)  # a writer has just moved on
    row = found.entry.summary or Summary(found.entry.dataset, "", "", "", 0, 0, 0, None, None, None)
    return replace(row, damage=found.damage) if found.damage else row


def _places(home: Path, known: dict[str, Entry]) -> Iterator[tuple[str, Entry | None, DatasetId]]:
    for asset_class in get_args(AssetClass):
        for frequency in get_args(Frequency):
            for name in names_in(home / "state" / asset_class / frequency):
                place = f"{asset_class}/{frequency}/{name}"
                if entry := known.get(place):
                    yield place, entry, entry.dataset
                elif (symbol := symbol_of(name)) is not None:
                    yield place, None, DatasetId(asset_class, frequency, symbol)


def _read(folder: Folder, known: Entry | None) -> Found:
    """The newest manifest; of a damaged one, what was known before."""
    entry = None
    while entry is None:
        try:
            sequence, manifest = folder.newest()
        except StoreError as error:
            empty = Entry(folder.dataset, 0, _NO_MARK, None, ())
            return Found(folder, known or empty, error.message)
        entry = entry_of(folder, sequence, manifest)
    return Found(folder, entry)


_NO_MARK: Mark = (0, 0, 0)


def _is_current(folder: Folder, entry: Entry) -> bool:
    # Numbers are given without a hole and retired from the lowest, so that two looks suffice.
    return (
        _mark(folder, entry.sequence) == entry.mark
        and size_of(folder.state / manifest_name(entry.sequence + 1)) is None
    )


def _mark(folder: Folder, sequence: int) -> Mark | None:
    if sequence == 0:
        return _NO_MARK
    try:
        status = (folder.state / manifest_name(sequence)).stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _damage(folder: Folder, files: tuple[tuple[str, int], ...]) -> str:
    """What is wrong with the chunks' sizes, in a sentence; empty if nothing is."""
    faults = []
    for name, size in files:
        actual = size_of(folder.data / name)
        if actual is None:
            faults.append(f"{name} is gone")
        elif actual != size:
            faults.append(f"{name} has {actual} bytes instead of {size}")
    if faults and not folder.data.parent.exists():
        return folder.unmounted().message
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return faults[0] + more if faults else ""


def place_of(dataset: DatasetId) -> str:
    """The dataset's key in the catalogue."""
    return str(folder_of(dataset))
