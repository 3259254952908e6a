"""What a backup of a store holds, and what came of making or of checking one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ml4t_nb.model import DatasetId

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BackupReport",
    "CheckBackupReport",
    "CheckedBackup",
    "FaultKind",
    "FileFault",
    "LeftBackup",
    "SavedDataset",
    "SavedFile",
]

FaultKind: TypeAlias = Literal["missing", "damaged", "added", "not saved"]
"""Of a file of a backup: it is not there, it is not as it was, it was put there later, or it could
not be read in the store and is in no backup before."""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file of a backup, by its path below the backup's folder, and what its content hashes to.

    Parameters
    ----------
    modified
        When the file in the store was written or moved, in nanoseconds since 1970.
    """

    path: str
    bytes: int
    checksum: str
    modified: int = 0

    def has_content_of(self, other: SavedFile) -> bool:
        """Whether both are of the same bytes."""
        return (self.bytes, self.checksum) == (other.bytes, other.checksum)


@dataclass(frozen=True, slots=True)
class SavedDataset:
    """A dataset as one commit left it.

    Parameters
    ----------
    version
        Number of the commit; 0 if nothing is known of it.
    fault
        What is wrong with it in the store; empty if nothing.
    lost
        Files that it ought to have, and that are not in the backup.
    """

    dataset: DatasetId
    version: int
    files: tuple[SavedFile, ...]
    fault: str = ""
    lost: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Of its files together."""
        return sum(each.bytes for each in self.files)


@dataclass(frozen=True, slots=True)
class FileFault:
    """What is wrong with one file of a backup."""

    path: str
    kind: FaultKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LeftBackup:
    """An old backup that was not removed, and why.

    Parameters
    ----------
    is_failed
        Whether it was to be removed, and could not.
    """

    path: Path
    reason: str
    is_failed: bool = False


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was made of the store in ``home``.

    Parameters
    ----------
    path
        Its folder, a store by itself.
    files
        What belongs to no dataset: settings, pins, what targets were told.
    faults
        What could not be read of those.
    copied, copied_bytes
        Files whose content was written anew; all others are hard links.
    removed, left
        Old backups that were removed, and those that ought to have been, or that are none of this
        store that can be read.
    """

    path: Path
    at: datetime
    home: Path
    datasets: tuple[SavedDataset, ...]
    files: tuple[SavedFile, ...] = ()
    faults: tuple[FileFault, ...] = ()
    copied: int = 0
    copied_bytes: int = 0
    removed: tuple[Path, ...] = ()
    left: tuple[LeftBackup, ...] = ()

    @property
    def total(self) -> int:
        """Number of its files."""
        return len(self.files) + sum(len(each.files) for each in self.datasets)

    @property
    def bytes(self) -> int:
        """Of all of its files."""
        own = sum(each.bytes for each in self.files)
        return own + sum(each.bytes for each in self.datasets)

    @property
    def is_whole(self) -> bool:
        """Whether all of the store could be read."""
        return not self.faults and not any(each.fault for each in self.datasets)

    def to_frame(self) -> pd.DataFrame:
        """A row for each dataset: the version, its files, and what is wrong with it."""
        import pandas as pd

        words = ("symbol", "asset_class", "frequency")
        columns: dict[str, pd.Series] = {
            name: pd.Series([getattr(each.dataset, name) for each in self.datasets], dtype="str")
            for name in words
        }
        for name in ("version", "bytes"):
            numbers = [getattr(each, name) for each in self.datasets]
            columns[name] = pd.Series(numbers, dtype="int64")
        for name in ("files", "lost"):
            counts = [len(getattr(each, name)) for each in self.datasets]
            columns[name] = pd.Series(counts, dtype="int64")
        columns["fault"] = pd.Series([each.fault for each in self.datasets], dtype="str")
        return pd.DataFrame(columns)


@dataclass(frozen=True, slots=True)
class CheckedBackup:
    """One backup of several that were read.

    Parameters
    ----------
    at
        When it was made; None if that cannot be read.
    files, bytes
        What it consists of.
    faults
        What is wrong; none if it is whole.
    error
        Why it is not known what is in it; empty if it is.
    """

    path: Path
    at: datetime | None
    datasets: int = 0
    files: int = 0
    bytes: int = 0
    faults: tuple[FileFault, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class CheckBackupReport:
    """Whether a backup is whole: every file of it was read.

    Parameters
    ----------
    at
        When it was made.
    home
        Of which store.
    files, bytes
        What it consists of.
    faults
        What is wrong; none if it is whole.
    others
        The other backups in the folder, the newest first, if all of them were read.
    """

    path: Path
    at: datetime
    home: Path
    datasets: int
    files: int
    bytes: int
    faults: tuple[FileFault, ...] = ()
    others: tuple[CheckedBackup, ...] = ()

    @property
    def checked(self) -> tuple[CheckedBackup, ...]:
        """All that were read, the newest first."""
        own = CheckedBackup(self.path, self.at, self.datasets, self.files, self.bytes, self.faults)
        return tuple(sorted((own, *self.others), key=lambda each: each.path.name, reverse=True))

    @property
    def is_whole(self) -> bool:
        """Whether all that were read are whole."""
        return not any(each.faults or each.error for each in self.checked)

    def to_frame(self) -> pd.DataFrame:
        """A row for each file with which something is wrong, by the folder of its ``backup``."""
        import pandas as pd

        found = [(each.path.name, fault) for each in self.checked for fault in each.faults]
        found += [
            (each.path.name, FileFault("backup.json", "damaged", each.error))
            for each in self.checked
            if each.error
        ]
        columns = {"backup": pd.Series([name for name, _ in found], dtype="str")}
        for name in ("path", "kind", "detail"):
            values = [getattr(fault, name) for _, fault in found]
            columns[name] = pd.Series(values, dtype="str")
        return pd.DataFrame(columns)
