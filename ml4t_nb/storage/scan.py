"""What a store holds, without opening a manifest that has not changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import get_args

from ml4t_nb.errors import ChunkCorrupt, StoreError, StoreOutdated
from ml4t_nb.model import AssetClass, DatasetId, Frequency, Hint
from ml4t_nb.storage.atomic_io import names_in, status
from ml4t_nb.storage.catalogue import Catalogue, CatalogueEntry, ManifestStat
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.manifest import Manifest, summarize
from ml4t_nb.storage.names import chunk_number, manifest_name, symbol_of

__all__ = [
    "ScannedDataset",
    "catalogue_entry",
    "check_sizes",
    "half_removed_datasets",
    "is_present",
    "scan",
]

_NO_STAT: ManifestStat = (0, 0, 0, 0)
_PARTS = attrgetter("asset_class", "frequency", "symbol")


@dataclass(frozen=True, slots=True)
class ScannedDataset:
    """A dataset on disk, and what is wrong with it; empty if nothing is known to be.

    Parameters
    ----------
    entry
        Of a damaged manifest, what was known before.
    remedy
        What mends the damage, if not a removal and a load.
    foreign
        Parquet files among its own that this package did not write.
    """

    place: str
    entry: CatalogueEntry
    damage: str = ""
    remedy: Hint = ""
    foreign: tuple[str, ...] = ()


# Thousands of datasets pass here at each `list` and `health`: names are joined as words, since a
# Path costs more than the look at the disk.


def scan(home: Path, catalogue: Catalogue) -> list[ScannedDataset]:
    """Every dataset with a manifest in force, in order; its data are not looked at."""
    stored = (each for each in _found(home, catalogue) if each.damage or each.entry.summary)
    # By what a DatasetId is ordered by, without its slower comparison.
    return sorted(stored, key=lambda each: _PARTS(each.entry.dataset))


def half_removed_datasets(home: Path, catalogue: Catalogue) -> list[DatasetId]:
    """Removed datasets with files among the data: their removal was interrupted."""
    return [
        each.entry.dataset
        for each in _found(home, catalogue)
        if not each.damage and each.entry.sequence and each.entry.summary is None
        if os.path.lexists(f"{home}/data/{each.place}")
    ]


def _found(home: Path, catalogue: Catalogue) -> list[ScannedDataset]:
    """Every dataset that is or was there."""
    has_state = status(f"{home}/state") is not None
    if not has_state and status(f"{home}/data") is None:
        return []
    # Without it, this may be a folder of something else, with a catalogue of its own.
    known = catalogue.read() if has_state else {}
    found: list[ScannedDataset] = []
    changed: dict[str, CatalogueEntry] = {}
    seen = set()
    for place, entry, dataset in _places(home, known):
        seen.add(place)
        if entry and _is_current(home, place, entry):
            found.append(ScannedDataset(place, entry))
            continue
        each = _read(home, place, dataset, entry)
        found.append(each)
        if not each.damage and each.entry.sequence:
            changed[place] = each.entry
    if has_state:
        catalogue.write(changed, known.keys() - seen)
    return found


def is_present(home: Path, found: ScannedDataset) -> bool:
    """Whether the data folder was not removed by hand; a missing disk is not a removal."""
    data = f"{home}/data/{found.place}"
    # A link to a disk that is not there is not a removal either.
    return os.path.lexists(data) or not os.path.exists(os.path.dirname(data))  # noqa: PTH110, PTH120


def check_sizes(home: Path, found: ScannedDataset) -> ScannedDataset | None:
    """The dataset, every chunk's size compared; None if it is not stored (any more)."""
    while not found.damage:
        if found.entry.summary is None:
            return None
        damage, remedy = _damage(home, found)
        if not damage and (found.entry.files or is_present(home, found)):
            return replace(found, foreign=_foreign(home, found))
        if _is_current(home, found.place, found.entry):
            damaged = ScannedDataset(found.place, found.entry, damage, remedy)
            return damaged if is_present(home, found) else None
        found = _read(home, found.place, found.entry.dataset, found.entry)  # a writer moved on
    return found if is_present(home, found) else None


def catalogue_entry(
    folder: DatasetFolder, sequence: int, manifest: Manifest | None
) -> CatalogueEntry | None:
    """What the catalogue keeps of a commit that was just made; None if a newer one replaced it."""
    stat = _manifest_stat(str(folder.state), sequence)
    return None if stat is None else _entry(folder.dataset, sequence, stat, manifest)


def _entry(
    dataset: DatasetId, sequence: int, stat: ManifestStat, manifest: Manifest | None
) -> CatalogueEntry:
    return CatalogueEntry(
        dataset,
        sequence,
        stat,
        summarize(manifest) if manifest else None,
        tuple((chunk.file, chunk.bytes) for chunk in manifest.chunks) if manifest else (),
    )


def _places(
    home: Path, known: Mapping[str, CatalogueEntry]
) -> Iterator[tuple[str, CatalogueEntry | None, DatasetId]]:
    for asset_class in get_args(AssetClass):
        for frequency in get_args(Frequency):
            below = f"{asset_class}/{frequency}"
            # Of a dataset among the data alone, the manifests were deleted.
            names = {*names_in(home / "state" / below), *names_in(home / "data" / below)}
            for name in sorted(names):
                place = f"{below}/{name}"
                if entry := known.get(place):
                    yield place, entry, entry.dataset
                elif (symbol := symbol_of(name)) is not None:
                    yield place, None, DatasetId(asset_class, frequency, symbol)


def _read(
    home: Path, place: str, dataset: DatasetId, known: CatalogueEntry | None
) -> ScannedDataset:
    """The newest manifest; of a damaged one, what was known before."""
    folder = DatasetFolder(home, dataset)
    while True:
        try:
            # Its stat before it is read: if it is replaced meanwhile, this one is old.
            sequence = folder.sequence()
            stat = _manifest_stat(str(folder.state), sequence)
            now = folder.newest()
            if now.sequence == 0:
                if known and known.summary and folder.has_chunks():
                    raise folder.lost_manifest_error()
                return ScannedDataset(place, _unread(dataset))
            if stat is not None and now.sequence == sequence:
                return ScannedDataset(place, _entry(dataset, sequence, stat, now.manifest))
        except StoreOutdated as error:
            return ScannedDataset(
                place, replace(_unread(dataset), summary=error.summary), error.message
            )
        except StoreError as error:
            # Only what is damaged for good may be removed: not what a newer program wrote, nor
            # what this user may not read.
            remedy = "" if isinstance(error, ChunkCorrupt) else error.advice
            return ScannedDataset(place, known or _unread(dataset), error.message, remedy)


def _unread(dataset: DatasetId) -> CatalogueEntry:
    """For a folder of which no manifest was read; never current, since one may come and go."""
    return CatalogueEntry(dataset, 0, _NO_STAT, None, ())


def _is_current(home: Path, place: str, entry: CatalogueEntry) -> bool:
    # A writer gives the next number. A backup or a copy that is laid over the folder brings any,
    # but changes the folder's own time.
    state = f"{home}/state/{place}"
    try:
        if _manifest_stat(state, entry.sequence) != entry.stat:
            return False
        return status(f"{state}/{manifest_name(entry.sequence + 1)}") is None
    except StoreError:
        return False  # reading the manifest reports why not


def _manifest_stat(state: str, sequence: int) -> ManifestStat | None:
    folder, file = status(state), status(f"{state}/{manifest_name(sequence)}")
    if folder is None or file is None:
        return None
    # Copies bring their time of modification along.
    return file.st_mtime_ns, file.st_size, file.st_ino, folder.st_ctime_ns


def _damage(home: Path, found: ScannedDataset) -> tuple[str, Hint]:
    """What is wrong with the chunks' sizes, and what mends it but a load; empty if nothing is."""
    faults = []
    data = f"{home}/data/{found.place}/"
    for name, size in found.entry.files:
        try:
            file = status(data + name)
        except StoreError as error:
            return error.message, error.advice
        if file is None:
            faults.append(f"{name} is missing")
        elif file.st_size != size:
            faults.append(f"{name} has {file.st_size} bytes instead of {size}")
    if not faults:
        return "", ""
    folder = DatasetFolder(home, found.entry.dataset)
    if not folder.data.exists():
        unmounted = folder.unmounted_error()
        return unmounted.message, unmounted.advice
    return faults[0] + (f", and {len(faults) - 1} more" if len(faults) > 1 else ""), ""


def _foreign(home: Path, found: ScannedDataset) -> tuple[str, ...]:
    """Parquet files below the dataset's that are none of its own, nor those of a running work."""
    own = {name for name, _ in found.entry.files}
    data, sequence = Path(home, "data", found.place), found.entry.sequence
    others = [name for name in names_in(data) if name not in own]
    if not others:
        return ()
    folder = DatasetFolder(home, found.entry.dataset)
    # A manifest goes after the chunks that it names: what it does not name and is still there
    # afterwards belongs to no writer.
    replaced, newest = folder.replaced(sequence), folder.sequence()
    odd = [
        data / name
        for name in others
        if name not in replaced and not sequence <= chunk_number(name) <= newest + 1
    ]
    below = (str(path) for each in odd for path in each.glob("**/*.parquet"))
    return (*(str(p) for p in odd if p.suffix == ".parquet" and p.exists()), *below)
