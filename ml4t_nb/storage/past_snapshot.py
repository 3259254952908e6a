"""A dataset as a commit left it that others have followed, read bit for bit as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ml4t_nb.core.bars import NUMBERS
from ml4t_nb.errors import StoreError, VersionNotFound
from ml4t_nb.storage import disk
from ml4t_nb.storage.file_places import is_out_of_reach
from ml4t_nb.storage.manifest import Chunk, LogFile
from ml4t_nb.storage.rows import Rows, TimeRange, rows_checksum
from ml4t_nb.storage.snapshot import Snapshot, chunks_in
from ml4t_nb.storage.versions import Versions

__all__ = ["Holder", "PastSnapshot", "read_version"]

_TRIES = 100


class Holder(NamedTuple):
    """A chunk that holds rows of another one, those in ``time_range``."""

    chunk: Chunk
    time_range: TimeRange


@dataclass(frozen=True, slots=True)
class PastSnapshot(Snapshot):
    """A past version.

    Parameters
    ----------
    holders
        For each chunk whose file is gone, who holds its rows, in order of time. They are compared
        with the hash that its manifest has of them.
    """

    holders: Mapping[Chunk, tuple[Holder, ...]] = field(default_factory=dict, repr=False)

    @property
    def is_past(self) -> bool:
        """That it is."""
        return True

    def files(self) -> tuple[Path, ...]:
        """As of a `Snapshot`, where each chunk has its file yet; StoreError else."""
        if self.holders:
            raise StoreError(
                f"version {self.manifest.sequence} of {self.manifest.dataset} does not lie in "
                "files of its own",
                hint="have them written: files(..., to=FOLDER)",
            )
        return super(PastSnapshot, self).files()

    def _decoded(
        self, chunk: Chunk, place: Rows, time_range: TimeRange, names: Sequence[str] = NUMBERS
    ) -> Rows:
        holders = self.holders.get(chunk)
        if holders is None:
            return super(PastSnapshot, self)._decoded(chunk, place, time_range, names)
        rows = Rows.join(
            super(PastSnapshot, self)._decoded(each, Rows.empty(each.rows), within).between(within)
            for each, within in holders
        )
        if len(rows) != chunk.rows or rows_checksum(rows) != chunk.content:
            raise self._lost(chunk)
        found = place.cut(0, len(rows))
        lines = rows.numbers[[NUMBERS.index(name) for name in names]]
        found.stamps[:], found.numbers[:], found.filled[:] = rows.stamps, lines, rows.filled
        return found

    def _gone(self, file: Chunk | LogFile) -> Exception:
        if is_out_of_reach(self.folder, file):
            return self.folder.archive_missing_error()
        return self._lost(None)

    def _lost(self, chunk: Chunk | None) -> VersionNotFound:
        manifest = self.manifest
        what = f"its bars from {chunk.first:%Y-%m-%d} on" if chunk else "some of its bars"
        return VersionNotFound(
            f"version {manifest.sequence} of {manifest.dataset} cannot be read any more: "
            f"{what} are not there",
            hint="read it from a backup, or read another version",
        )


def read_version(versions: Versions, number: int) -> Snapshot:
    """That version; for each chunk without a file, it is looked for who holds its rows.

    VersionNotFound if there is none.
    """
    for _ in range(_TRIES):
        try:
            found = _read(versions, number)
        except KeyError:
            pass  # a manifest that was listed was dropped just now
        except StoreError:
            if versions.is_current:
                raise
        else:
            # Who holds rows is known of one moment: from then on files only move.
            if versions.is_current:
                return found
        versions = Versions(versions.folder)
    return _read(versions, number)


def _read(versions: Versions, number: int) -> Snapshot:
    folder = versions.folder
    try:
        manifest = versions.manifest(number)
    except KeyError:
        manifest = None
    if manifest is None:
        raise _none_such(versions, number)
    if folder.sequence() == number:
        return Snapshot(folder, manifest)
    kept = {until: {*names} for until, names in versions.chunks.items()}
    present = {*disk.names_in(folder.data_path)}.union(*kept.values(), _apart(versions))
    for until, names in versions.untidied.items():
        kept[until] = kept.get(until, set()) | (names & present)
    files = _Files(versions, dict(sorted(kept.items())), present)
    holders = {
        each: tuple(_holders(files, TimeRange.through(each.first, each.last), number))
        for each in manifest.chunks
        if each.file not in present
    }
    return PastSnapshot(folder, manifest, holders=holders)


def _apart(versions: Versions) -> set[str]:
    """Chunks in the archive, its disk there or not, as far as they are not tidied away yet."""
    newest = versions.folder.newest().manifest
    manifests = [newest, *(versions.before(number) for number in versions.untidied)]
    chunks = (each.chunks for each in manifests if each)
    return {chunk.file for some in chunks for chunk in some if chunk.is_apart}


def _none_such(versions: Versions, number: int) -> VersionNotFound:
    """The error that names the nearest version there is."""
    dataset, numbers = versions.folder.dataset, versions.numbers
    there = [each for each in numbers if each != number and versions.manifest(each)]
    if not there:
        return VersionNotFound(f"{dataset} has no versions", hint="load it first")
    nearest = min(there, key=lambda each: (abs(each - number), each))
    what = "removed the dataset" if number in numbers else "is not there"
    return VersionNotFound(
        f"version {number} of {dataset} {what}",
        hint=f"the nearest is {nearest}; there are {len(there)}, from {there[0]} to {there[-1]}",
    )


class _Files(NamedTuple):
    """Chunks that are kept, by the commit that changed their rows; and all that are there."""

    versions: Versions
    kept: dict[int, set[str]]
    present: set[str]


def _holders(files: _Files, time_range: TimeRange, number: int) -> Iterator[Holder]:
    """Chunks that hold the rows that were in ``time_range`` after commit ``number``.

    The first commit afterwards that changed one of these rows has kept the chunks that it replaced,
    and all others of the commit before it are alike; where no commit did, the newest has them.
    """
    versions = files.versions
    for until, kept in files.kept.items():
        if until <= number:
            continue
        before = versions.before(until)
        chunks = chunks_in(before.chunks, time_range) if before else []
        if any(each.file in kept for each in chunks):
            at = before.sequence if before else 0
            break
    else:
        newest = versions.folder.newest().manifest
        chunks, at = chunks_in(newest.chunks, time_range) if newest else [], 0
    for each in chunks:
        both = TimeRange.through(each.first, each.last) & time_range
        if at == 0 or each.file in files.present:
            yield Holder(each, both)
        else:
            yield from _holders(files, both, at)
