"""What a store holds, without opening a manifest that has not changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

from ml4t_nb.errors import ChunkCorrupt, StoreError, StoreOutdated
from ml4t_nb.model import DatasetId, Hint
from ml4t_nb.records import Summary
from ml4t_nb.storage.catalogue import Catalogue, CatalogueEntry, manifest_stat
from ml4t_nb.storage.dataset_folder import DatasetFolder, removed_by_hand
from ml4t_nb.storage.disk import names_in, status
from ml4t_nb.storage.manifest import unknown_summary
from ml4t_nb.storage.names import GROUPS, chunk_number, manifest_name, symbol_of

__all__ = ["check_sizes", "half_removed_datasets", "scan"]

_PARTS = attrgetter("asset_class", "frequency", "symbol")

# Thousands of datasets pass here at each `list` and `health`: names are joined as words, since a
# Path costs more than the look at the disk. A place is that of a dataset below ``data`` and
# ``state``, such as ``equities/daily/AAPL``.


def scan(home: Path, catalogue: Catalogue) -> dict[str, CatalogueEntry]:
    """Every dataset with a manifest in force, by place, in order; its data are not looked at.

    Of a damaged manifest, the summary says what was known before, and the damage.
    """
    stored = [each for each in _found(home, catalogue).items() if each[1].summary]
    # By what a DatasetId is ordered by, without its slower comparison.
    return dict(sorted(stored, key=lambda each: _PARTS(each[1].dataset)))


def half_removed_datasets(home: Path, catalogue: Catalogue) -> list[DatasetId]:
    """Removed datasets with files among the data: their removal was interrupted."""
    return [
        entry.dataset
        for place, entry in _found(home, catalogue).items()
        if entry.sequence and entry.summary is None and os.path.lexists(f"{home}/data/{place}")
    ]


def _found(home: Path, catalogue: Catalogue) -> dict[str, CatalogueEntry]:
    """Every dataset that is or was there."""
    has_state = status(f"{home}/state") is not None
    if not has_state and status(f"{home}/data") is None:
        return {}
    # Without it, this may be a folder of something else, with a catalogue of its own.
    known = catalogue.read() if has_state else {}
    found: dict[str, CatalogueEntry] = {}
    changed: dict[str, CatalogueEntry] = {}
    for place, dataset in _places(home, known):
        entry = known.get(place)
        if entry and _is_current(home, place, entry):
            found[place] = entry
            continue
        found[place] = _read(home, dataset, entry)
        if found[place].sequence:
            changed[place] = found[place]
    if has_state:
        catalogue.write(changed, known.keys() - found.keys())
    return found


def check_sizes(home: Path, place: str, entry: CatalogueEntry) -> Summary | None:
    """The dataset's row, every chunk's size compared; None if it is not stored (any more)."""
    while (row := entry.summary) and not row.damage:
        damage, remedy = _damage(home, place, entry)
        if not damage and (entry.files or not removed_by_hand(f"{home}/data/{place}")):
            foreign = _foreign(home, place, entry)
            return replace(row, foreign=foreign) if foreign else row
        if _is_current(home, place, entry):
            row = replace(row, damage=damage, remedy=remedy)
            break
        entry = _read(home, entry.dataset, entry)  # a writer moved on
    return None if removed_by_hand(f"{home}/data/{place}") else row


def _places(home: Path, known: Mapping[str, CatalogueEntry]) -> Iterator[tuple[str, DatasetId]]:
    for asset_class, frequency in GROUPS:
        group = f"{asset_class}/{frequency}"
        # Of a dataset among the data alone, the manifests were deleted.
        for name in sorted({*names_in(home / "state" / group), *names_in(home / "data" / group)}):
            place = f"{group}/{name}"
            if entry := known.get(place):
                yield place, entry.dataset
            elif (symbol := symbol_of(name)) is not None:
                yield place, DatasetId(asset_class, frequency, symbol)


def _read(home: Path, dataset: DatasetId, known: CatalogueEntry | None) -> CatalogueEntry:
    """The newest manifest's entry; number 0 where none was read, since one may come and go."""
    folder = DatasetFolder(home, dataset)
    summary = known.summary if known else None
    unread = CatalogueEntry(dataset, 0, (0, 0, 0, 0), None, ())
    while True:
        try:
            # Its stat before it is read: if it is replaced meanwhile, this one is old.
            sequence = folder.sequence()
            stat = manifest_stat(f"{folder.state}", sequence)
            now = folder.newest()
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


def _is_current(home: Path, place: str, entry: CatalogueEntry) -> bool:
    # A writer gives the next number. A backup or a copy that is laid over the folder brings any,
    # but changes the folder's own time.
    state = f"{home}/state/{place}"
    try:
        if manifest_stat(state, entry.sequence) != entry.stat:
            return False
        return status(f"{state}/{manifest_name(entry.sequence + 1)}") is None
    except StoreError:
        return False  # reading the manifest reports why not


def _damage(home: Path, place: str, entry: CatalogueEntry) -> tuple[str, Hint]:
    """What is wrong with the chunks' sizes, and what mends it but a load; empty if nothing is."""
    faults = []
    for name, size in entry.files:
        try:
            file = status(f"{home}/data/{place}/{name}")
        except StoreError as error:
            return error.message, error.advice
        if file is None:
            faults.append(f"{name} is missing")
        elif file.st_size != size:
            faults.append(f"{name} has {file.st_size} bytes instead of {size}")
    if not faults:
        return "", ""
    folder = DatasetFolder(home, entry.dataset)
    if not folder.data.exists():
        unmounted = folder.unmounted_error()
        return unmounted.message, unmounted.advice
    return faults[0] + (f", and {len(faults) - 1} more" if len(faults) > 1 else ""), ""


def _foreign(home: Path, place: str, entry: CatalogueEntry) -> tuple[str, ...]:
    """Parquet files below the dataset's that are none of its own, nor those of a running work."""
    own = {name for name, _ in entry.files}
    data, sequence = home / "data" / place, entry.sequence
    others = [name for name in names_in(data) if name not in own]
    if not others:
        return ()
    folder = DatasetFolder(home, entry.dataset)
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
