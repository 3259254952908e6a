"""The folder of a store's archive, on another disk perhaps: known by what is written in it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ml4t_nb.errors import ArchiveMissing, OptionError, StoreError, StoreNewer
from ml4t_nb.model import DatasetId
from ml4t_nb.storage import disk
from ml4t_nb.storage.locks import dataset_lock
from ml4t_nb.storage.state_file import read_state, write_state

__all__ = ["Archive", "archive_of", "look_for_archive_in", "missing_error", "set_up_archive"]

_MARK = "ml4t-archive.json"
_FORM: Literal["archive 1"] = "archive 1"
"""Of both files, which do not say it: another with every change of one of them, which does."""

_ELSEWHERE: dict[Path, str] = {}


@dataclass(frozen=True, slots=True)
class _Mark:
    """What an archive says of itself: its own name, and the store that writes to it."""

    name: str
    home: str
    form: Literal["archive 1"] = _FORM

    def is_of(self, home: Path) -> bool:
        """Whether that store writes to it, by whatever path it is named."""
        return self.home == f"{home}" or disk.is_same(home, Path(self.home))


@dataclass(frozen=True, slots=True)
class Archive:
    """A store's archive, there or not.

    Parameters
    ----------
    name
        Drawn at random: the folder holds it too. An empty folder, where its disk is not mounted,
        or another store's archive is not taken for it.
    folder
        Where it is.
    """

    name: str
    folder: str
    form: Literal["archive 1"] = _FORM

    def data_path(self, place: str) -> str:
        """Where a dataset's chunks are."""
        return f"{self.folder}/data/{place}"

    def trash_path(self, place: str) -> str:
        """Where its chunks are for an hour after they were replaced."""
        return f"{self.folder}/trash/{place}"

    @property
    def is_there(self) -> bool:
        """Whether it can be read."""
        mark = _known_mark(Path(self.folder))
        return mark is not None and mark.name == self.name

    def is_of(self, home: Path) -> bool:
        """Whether it is there, and the store's own: a copy of a store reads it, and no more."""
        mark = _known_mark(Path(self.folder))
        return mark is not None and mark.name == self.name and mark.is_of(home)


def archive_of(home: Path) -> Archive | None:
    """The archive of the store, wherever it is now; None if it has none, or one of a later form."""
    try:
        known = _record_in(home)
    except StoreNewer:
        return None
    if known is None:
        return None
    return Archive(known.name, _ELSEWHERE.get(home, known.folder))


def look_for_archive_in(home: Path, folder: Path | None) -> None:
    """From now on, look for the store's archive in that folder; None for where it was put."""
    if folder is None:
        _ELSEWHERE.pop(home, None)
    else:
        _ELSEWHERE[home] = f"{folder}"


def missing_error(home: Path, archive: Archive | None, dataset: DatasetId) -> ArchiveMissing:
    """The error that says that archived bars are where nobody can read them now."""
    try:
        _record_in(home)
        _ = archive and _mark_in(Path(archive.folder))
    except StoreNewer as newer:
        what = f"{newer.message}: archived bars of {dataset} cannot be read"
        return ArchiveMissing(what, hint=newer.advice)
    hint = "mount its disk, or set ML4T_DATA_ARCHIVE to the folder where it is now"
    if archive is None:
        what = f"it is not known where the archive is, and with it archived bars of {dataset}"
        return ArchiveMissing(what, hint="name its folder: archive --before DATE --to DIR")
    if Path(archive.folder).is_dir():
        where = f"the folder {archive.folder} does not hold the archive of this store"
    else:
        where = f"the folder {archive.folder} of the archive is missing"
    return ArchiveMissing(f"{where}, and with it archived bars of {dataset}", hint=hint)


def set_up_archive(
    home: Path, folder: Path, *, in_use: Callable[[], bool], timeout_s: float
) -> None:
    """Let the archive of the store be in that folder, which is made if it is missing.

    Parameters
    ----------
    in_use
        Says whether there are chunks in the archive that the store has, or has to tidy away yet.

    Raises
    ------
    OptionError
        If the folder is in the store, is another store's archive, or the archive is elsewhere.
    StoreNewer
        If a later version of the package has put the archive there.
    """
    if any(disk.is_same(each, home) for each in disk.and_above(folder)):
        raise OptionError(f"{folder} is in the store itself", hint="name a folder outside of it")
    record = _record(home)
    with disk.writing(record.parent):
        disk.make_folder(record.parent)
    with dataset_lock(record.parent, f"the archive of {home}", timeout_s=timeout_s):
        _record_in(home)
        known, mark = archive_of(home), _mark_in(folder)
        is_known = mark is not None and (known is None or mark.name == known.name)
        if not is_known and in_use():
            where = known.folder if known else "another folder"
            raise OptionError(
                f"{folder} does not hold the archive of this store, which was put in {where}",
                hint="mount its disk, and name the folder where it is; or bring its bars back "
                "first: archive --restore",
            )
        # What a store that was moved had written is its own, if nobody else is where it was.
        is_moved = known and is_known and not Path(mark.home, "state").is_dir() if mark else False
        if mark and not mark.is_of(home) and not is_moved:
            raise OptionError(
                f"{folder} is the archive of the store {mark.home}",
                hint="name another folder: two stores never share an archive",
            )
        own = mark if mark and mark.is_of(home) else None
        name = mark.name if mark else secrets.token_hex(8)
        try:
            with disk.writing(folder):
                disk.make_folder(folder)
            # First there: what the store looks for in a folder is in it.
            _write(folder / _MARK, own or _Mark(name, f"{home}"), mark)
            _write(record, Archive(name, f"{folder}"), _record_in(home))
        except StoreError as error:
            if "free space" not in f"{error.advice}":
                error.advice = "check the owner of the folder, or name another one"
            raise


def _write(path: Path, content: object, known: object) -> None:
    if content != known:
        write_state(path, content)
        disk.sync_folder(path.parent)


def _record(home: Path) -> Path:
    return home / "state" / "archive" / "archive.json"


def _record_in(home: Path) -> Archive | None:
    return read_state(_record(home), Archive, _FORM)


def _mark_in(folder: Path) -> _Mark | None:
    return read_state(folder / _MARK, _Mark, _FORM)


def _known_mark(folder: Path) -> _Mark | None:
    """The mark in the folder; None if there is none, or one of a later form."""
    try:
        return _mark_in(folder)
    except StoreNewer:
        return None
