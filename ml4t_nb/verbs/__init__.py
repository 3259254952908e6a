"""The verbs: typed functions whose signatures are the only declaration of their options."""

from ml4t_nb.verbs.archive import archive
from ml4t_nb.verbs.backup import backup, check_backup
from ml4t_nb.verbs.bars import bars, files
from ml4t_nb.verbs.check import check
from ml4t_nb.verbs.compare import compare
from ml4t_nb.verbs.end import end
from ml4t_nb.verbs.export import export
from ml4t_nb.verbs.gaps import gaps
from ml4t_nb.verbs.health import health
from ml4t_nb.verbs.history import history
from ml4t_nb.verbs.list import list_, providers
from ml4t_nb.verbs.load import load
from ml4t_nb.verbs.notify import notify
from ml4t_nb.verbs.pins import pin, pins
from ml4t_nb.verbs.plot import plot
from ml4t_nb.verbs.reconcile import reconcile
from ml4t_nb.verbs.remove import remove
from ml4t_nb.verbs.rename import rename
from ml4t_nb.verbs.review import review
from ml4t_nb.verbs.rewrite import rechunk, recompress
from ml4t_nb.verbs.sql import connect, scan, sql
from ml4t_nb.verbs.sync import sync
from ml4t_nb.verbs.undo import undo
from ml4t_nb.verbs.update import update

__all__ = [
    "archive",
    "backup",
    "bars",
    "check",
    "check_backup",
    "compare",
    "connect",
    "end",
    "export",
    "files",
    "gaps",
    "health",
    "history",
    "list_",
    "load",
    "notify",
    "pin",
    "pins",
    "plot",
    "providers",
    "rechunk",
    "recompress",
    "reconcile",
    "remove",
    "rename",
    "review",
    "scan",
    "sql",
    "sync",
    "undo",
    "update",
]
