"""What became of bars that were read once: of each dataset, and of what a session reads today."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ml4t_nb import report_frames
from ml4t_nb.model import Adjustment, DatasetId

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CheckReport", "CheckState", "ReadCheck", "TodayRead"]

CheckState: TypeAlias = Literal["same", "added", "changed", "removed", "lost", "damaged"]
"""Today the same bars are read; or these and later ones; or others; or none, since the dataset was
removed; or others, and those of then cannot be read any more; or nothing, since a file is damaged,
or the archive's disk is missing."""

TodayRead: TypeAlias = Literal["same", "other", "unread"]
"""Cells have read the same bars today; or others of that dataset; or none of it."""

_COLUMNS = (
    "symbol", "asset_class", "frequency", "adjust", "start", "end", "version", "state", "added",
    "revised", "removed", "restated", "newest", "readable", "today", "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReadCheck:
    """Bars of one dataset that were read from one version, compared with the one in force.

    Parameters
    ----------
    frequency
        Of the bars.
    start, end
        First and last date that was asked for; empty for no bound.
    version, checksum
        What they were read from.
    added, revised, removed
        Bars that are read today and were not then; that differ; that are not read any more.
        Zero where they cannot be compared.
    restated
        By what the prices were divided since, if all revised ones were by the same: 2 of a 2:1
        split.
    share
        Of the other revised prices, the largest change over the price of then.
    newest, newest_checksum
        Number of the version in force, and the hash of what it is read from; None, and empty, if
        nothing is stored.
    readable
        Number of a version that gives the bars of then; None if there is none.
    reason
        Why they cannot be read, or compared.
    now_named
        The symbol by which the dataset is stored now, if it was renamed.
    today
        What cells have read of it in this session; None where there is no session.
    otherwise
        How they read it otherwise today, in words.
    home
        Folder of the store; empty for the reader's own.
    """

    dataset: DatasetId
    frequency: str
    adjust: Adjustment
    filled: bool
    start: str
    end: str
    version: int
    checksum: str
    state: CheckState
    added: int = 0
    revised: int = 0
    removed: int = 0
    restated: float | None = None
    share: float | None = None
    newest: int | None = None
    newest_checksum: str = ""
    readable: int | None = None
    reason: str = ""
    now_named: str = ""
    today: TodayRead | None = None
    otherwise: str = ""
    home: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was read once, and is recorded in ``file``, compared with the store in ``home``.

    Parameters
    ----------
    checks
        One for each dataset that was read, and for each way in which it was.
    unrecorded
        What cells have read in this session that the file does not have, in words.
    recorded
        Reads that were recorded just now in place of those that were compared; None if that was
        not asked for.
    unnoted
        What cells have read in this session that can be neither recorded nor compared, in words.
    allow_added
        Whether ``--allow-added`` was given.
    """

    file: Path
    checks: tuple[ReadCheck, ...]
    unrecorded: tuple[str, ...] = ()
    recorded: int | None = None
    allow_added: bool = False
    home: Path | None = None
    unnoted: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[ReadCheck, ...]:
        """Those that do not give the same bars today; without longer ones, if that is allowed."""
        fine = {"same", "added"} if self.allow_added else {"same"}
        return tuple(each for each in self.checks if each.state not in fine)

    @property
    def is_damaged(self) -> bool:
        """Whether of some it cannot be said, since files are damaged, or a disk is missing."""
        return any(each.state == "damaged" for each in self.checks)

    def to_frame(self) -> pd.DataFrame:
        """A row for each check."""
        rows = (({"frequency": each.frequency}, each, each.dataset) for each in self.checks)
        return report_frames.rows_frame(_COLUMNS, rows)
