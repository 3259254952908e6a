"""What one commit changed of the bars, by the log of revisions, and whether it is still so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import (
    NUMBERS,
    Bars,
    Flags,
    as_instant,
    concat,
    make_bars,
    numbers_of,
    observed,
)

__all__ = ["LoggedChange", "changed_since", "logged_change", "providers_of", "reverted_bars"]


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """What a commit changed.

    Parameters
    ----------
    old
        Rows that it replaced or took out, as they were, filled ones too.
    added
        Rows that it added, filled ones too, where it logged them.
    """

    old: Bars
    added: Bars


def logged_change(logged: pd.DataFrame, version: int) -> LoggedChange:
    """What the commit of that number changed, by the ``logged`` rows of a dataset."""
    own = logged[logged["version"] == version]
    is_added = own["change"] == "added"
    return LoggedChange(_bars(own[~is_added]), _bars(own[is_added]))


def providers_of(logged: pd.DataFrame, version: int) -> dict[str, pd.DatetimeIndex]:
    """By provider, the stamps of the observed rows that a commit replaced or took out."""
    own = logged[(logged["version"] == version) & (logged["change"] != "added")]
    own = own[~own["filled"].to_numpy(bool)]
    return {
        str(name): pd.DatetimeIndex(rows["timestamp"]) for name, rows in own.groupby("provider")
    }


def reverted_bars(held: Bars, change: LoggedChange) -> Bars:
    """All bars, filled ones too, with the old rows in their place and without the added ones."""
    gone = held.index.isin(change.added.index) | held.index.isin(change.old.index)
    return concat([held[~gone], change.old]).sort_index()


def changed_since(held: Bars, logged: pd.DataFrame, version: int) -> tuple[datetime, int] | None:
    """The first bar of a commit that a later one has changed again, and that one's number.

    The number is 0 where no log has it: bars that are added or removed later are not logged. A
    bar that was changed and changed back is as the commit left it. None if all bars are.
    """
    rows = logged[~logged["filled"].to_numpy(bool)]
    own = rows[rows["version"] == version].drop_duplicates("timestamp")
    later = rows[rows["version"] > version]
    # What the first later commit replaced or took out is what this one had left.
    left = later[later["change"] != "added"].drop_duplicates("timestamp")
    real, stamps = observed(held), pd.DatetimeIndex(own["timestamp"])
    place = real.index.get_indexer(stamps)
    expected = pd.DatetimeIndex(left["timestamp"]).get_indexer(stamps)
    is_there = place >= 0
    changed = is_there == (own["change"] == "removed").to_numpy()
    numbers = numbers_of(real)
    for wanted, of in ((expected, left), (np.where(_is_added(own), np.arange(len(own)), -1), own)):
        both = np.flatnonzero(is_there & (wanted >= 0) & ((expected < 0) | (of is left)))
        then = of[list(NUMBERS)].to_numpy(float)[wanted[both]]
        changed[both] |= (numbers[place[both]].view(np.int64) != then.view(np.int64)).any(axis=1)
    found = np.flatnonzero(changed)
    if not len(found):
        return None
    stamp = stamps[found[0]]
    versions = later.loc[later["timestamp"] == stamp, "version"]
    return as_instant(stamp), int(versions.iloc[0]) if len(versions) else 0


def _is_added(rows: pd.DataFrame) -> Flags:
    return (rows["change"] == "added").to_numpy()


def _bars(rows: pd.DataFrame) -> Bars:
    """Rows of one commit as bars, in order."""
    columns = {name: rows[name] for name in NUMBERS}
    return make_bars(rows["timestamp"], columns, filled=rows["filled"]).sort_index()
