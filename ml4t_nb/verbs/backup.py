"""The verbs that save a whole store, and read a backup whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.backups import BackupReport, CheckBackupReport
from ml4t_nb.errors import OptionError
from ml4t_nb.options import PathName, as_folder
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import AsOfUnused, Home

if TYPE_CHECKING:
    from pathlib import Path

    from ml4t_nb.workspace import Workspace

__all__ = ["backup", "check_backup"]


@verb
def backup(
    ws: Workspace,
    /,
    folder: PathName | None = None,
    *,
    links: bool = True,
    keep: int | None = None,
    as_of: AsOfUnused = None,
    home: Home = None,
) -> BackupReport:
    """Save the whole store, while others use it: a store of its own in a new folder.

    Each dataset is as one commit left it, with its past versions. Every file is compared with its
    checksum; what is unchanged since the backup before takes no room.

    Parameters
    ----------
    folder
        Folder of the backups, outside of the store. Each gets a folder of its own in it, named by
        its time; latest is a link to the newest.
    links
        Link files of the store where it is on the same disk, which takes no room, and does not
        help against a disk that fails.
    keep
        How many backups of this store stay in the folder, the new one among them; older ones are
        removed once it is whole. The newest that was made without a fault stays in any case, and
        so does a folder with files of others.
    """
    from ml4t_nb.storage.backup import make_backup

    ws = ws.at(home)
    ws.resolve_as_of(as_of)
    into = _named(folder, "backup")
    if keep is not None and keep < 1:
        raise OptionError(f"--keep must be at least 1, not {keep}", hint="such as --keep 14")
    ws.require_home()

    def look() -> None:
        if ws.cancel.is_set():
            raise KeyboardInterrupt

    return make_backup(
        ws.store.home,  # the store knows where its archive is now
        into,
        ws.clock(),
        links=links,
        keep=keep,
        timeout_s=ws.settings.lock_timeout,
        look=look,
    )


@verb
def check_backup(
    ws: Workspace,
    /,
    folder: PathName | None = None,
    *,
    all: bool = False,  # noqa: A002  # the option's word
    as_of: AsOfUnused = None,
    home: Home = None,
) -> CheckBackupReport:
    """Read every file of a backup, or of several, and say whether it is whole.

    Parameters
    ----------
    folder
        Folder of a backup, or of backups: the newest of them is checked.
    all
        Check all backups in the folder; a file that several share is read once.
    """
    from ml4t_nb.storage.backup_check import check_files

    ws = ws.at(home)
    ws.resolve_as_of(as_of)
    return check_files(_named(folder, "check-backup"), every=all)


def _named(folder: PathName | None, verb: str) -> Path:
    if folder is None:
        raise OptionError(f"{verb} needs a folder", hint=f"such as {verb} /mnt/disk/bars")
    return as_folder(folder, option="folder")
