"""The catalogue: a cache of every manifest's summary, which may be lost at any time."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Lock
from typing import TypeVar

from ml4t_nb.codec import Codec
from ml4t_nb.model import DatasetId
from ml4t_nb.records import Summary
from ml4t_nb.storage.disk import status
from ml4t_nb.storage.manifest import Manifest, summarize
from ml4t_nb.storage.manifest_file import VERSION
from ml4t_nb.storage.names import manifest_name

__all__ = ["Catalogue", "CatalogueEntry", "ManifestStat", "manifest_stat"]

_WAIT_S = 1.0
_TABLE = """CREATE TABLE IF NOT EXISTS entries
(place TEXT PRIMARY KEY, crc INTEGER NOT NULL, content TEXT NOT NULL) WITHOUT ROWID"""
# Another process writes, or writing is not permitted: the cache is left as it is. Any other failure
# means that the file is not a catalogue of ours, and it is created again.
_LEFT_ALONE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
}

_CODEC = Codec(omit_defaults=True)
_T = TypeVar("_T")
_FileStat = tuple[int, int, int, int]

ManifestStat = tuple[int, int, int, int]
"""A manifest's time in ns, size and inode, and when a name in its folder last came or went.

One that has the same was not written since, and none was put beside it.
"""


def manifest_stat(
    state: str, sequence: int, folder: os.stat_result | None = None
) -> ManifestStat | None:
    """Of that commit's manifest in the folder ``state``, of which this is the stat, if it is known.

    None if it is not there.
    """
    folder, file = folder or status(state), status(f"{state}/{manifest_name(sequence)}")
    if folder is None or file is None:
        return None
    # Copies bring their time of modification along.
    return file.st_mtime_ns, file.st_size, file.st_ino, folder.st_ctime_ns


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A dataset as its manifest describes it.

    Its summary is None if it was removed or never loaded; its files are name and size of chunks
    among the data, those ``apart`` of chunks in the archive.
    """

    dataset: DatasetId
    sequence: int
    stat: ManifestStat
    summary: Summary | None
    files: tuple[tuple[str, int], ...]
    apart: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(
        cls, dataset: DatasetId, sequence: int, stat: ManifestStat, manifest: Manifest | None
    ) -> CatalogueEntry:
        """What a commit left."""
        if manifest is None:
            return cls(dataset, sequence, stat, None, ())
        files, apart = (
            tuple((each.file, each.bytes) for each in manifest.chunks if each.is_apart == is_apart)
            for is_apart in (False, True)
        )
        return cls(dataset, sequence, stat, summarize(manifest), files, apart)


_FORM = 5
"""Raised with every change of what a field means, or of how it is counted."""

# Another program's entries lack or have a field, or say that a manifest is read which this one
# refuses: its file is not a catalogue of ours.
_FIELDS = " ".join(each.name for kind in (CatalogueEntry, Summary) for each in fields(kind))
_VERSION = zlib.crc32(f"{_FORM} {VERSION} {_FIELDS}".encode()) & 0x7FFF_FFFF


class Catalogue:
    """Entries by place (``equities/daily/AAPL``) in one SQLite file.

    No method fails for the file's sake: what cannot be read is not known, and what cannot be
    written is read from the manifests again. Writing costs a sixth of a small commit, so commits
    are noted, and written together.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._decoded: dict[str, tuple[str, CatalogueEntry]] = {}
        self._whole: tuple[_FileStat, dict[str, CatalogueEntry]] | None = None
        self._noted: dict[str, CatalogueEntry] = {}
        self._noting = Lock()

    def note(self, place: str, entry: CatalogueEntry) -> None:
        """Keep what a commit left, to be written with the next ``flush`` or ``read``."""
        with self._noting:
            self._noted[place] = entry

    def flush(self) -> None:
        """Write what was noted."""
        with self._noting:
            noted, self._noted = self._noted, {}
        self.write(noted)

    def read(self, places: Collection[str] | None = None) -> dict[str, CatalogueEntry]:
        """Entries whose checksum is right, all or those of ``places``; who asks compares marks."""
        self.flush()
        file = status(f"{self.path}")
        if file is None:
            return {}
        stat = file.st_mtime_ns, file.st_size, file.st_ino, file.st_ctime_ns
        if self._whole and self._whole[0] == stat:
            whole = self._whole[1]
            return whole if places is None else {at: whole[at] for at in places if at in whole}
        rows = self._run(lambda file: _rows(file, places))
        if rows is None:
            return {}
        entries = {}
        for place, crc, content in rows:
            known = self._decoded.get(place)
            # What has been compared with its checksum once needs no second look.
            if known and known[0] == content:
                entries[place] = known[1]
            elif crc == _checksum(place, content):
                # A newer program may know asset classes that this one does not.
                with suppress(ValueError, TypeError, KeyError):
                    entries[place] = _CODEC.load(CatalogueEntry, json.loads(content))
                    self._decoded[place] = (content, entries[place])
        if places is None:
            self._whole = stat, entries
        return entries

    def write(self, entries: Mapping[str, CatalogueEntry], gone: Iterable[str] = ()) -> None:
        """Replace these entries and forget those that are gone."""
        rows = [
            (place, _checksum(place, content), content)
            for place, entry in entries.items()
            for content in [json.dumps(_CODEC.dump(entry))]
        ]
        names = [(place,) for place in gone]
        if not rows and not names:
            return

        def work(file: sqlite3.Connection) -> None:
            file.executemany("DELETE FROM entries WHERE place = ?", names)
            file.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", rows)

        self._run(work)

    def _run(self, work: Callable[[sqlite3.Connection], _T]) -> _T | None:
        for _ in range(2):
            try:
                with closing(sqlite3.connect(self.path, timeout=_WAIT_S)) as file, file:
                    return work(file) if _is_ours(file) else None
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF in _LEFT_ALONE:
                    return None
            self._discard()
        return None

    def _discard(self) -> None:
        # The journal first: one that outlived its file would be played back into the next.
        for path in (self.path.with_name(f"{self.path.name}-journal"), self.path):
            with suppress(OSError):
                path.unlink()


def _rows(file: sqlite3.Connection, places: Collection[str] | None) -> list[tuple[str, int, str]]:
    if places is None:
        return file.execute("SELECT * FROM entries").fetchall()
    one = "SELECT * FROM entries WHERE place = ?"
    return [row for place in places for row in file.execute(one, (place,))]


def _is_ours(file: sqlite3.Connection) -> bool:
    """Whether it is no other program's database of that name; a new one gets its table."""
    file.execute("PRAGMA synchronous = OFF")
    (version,) = file.execute("PRAGMA user_version").fetchone()
    if version == _VERSION:
        return True
    tables = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    if {name for (name,) in tables} - {"entries"}:
        return False
    if version != 0:
        raise sqlite3.DatabaseError(f"catalogue of version {version}")
    file.execute(_TABLE)
    file.execute(f"PRAGMA user_version = {_VERSION}")
    return True


def _checksum(place: str, content: str) -> int:
    return zlib.crc32(f"{place} {content}".encode())
