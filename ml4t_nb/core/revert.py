"""What one commit changed of the bars, by the log of revisions, and whether it is still so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import (
    NUMBERS,
    Bars,
    Flags,
    Numbers,
    as_instant,
    concat,
    make_bars,
    numbers_of,
    observed,
)
from ml4t_nb.model import CarriedAction
from ml4t_nb.records import Revision

__all__ = [
    "LoggedChange",
    "carried_again",
    "changed_since",
    "holds_filled",
    "logged_change",
    "providers_of",
    "reverted_bars",
    "value_differences",
]


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


def holds_filled(bars: Bars, rows: Bars) -> bool:
    """Whether all ``rows`` are among the filled bars, to the bit."""
    if not rows.index.isin(bars.index).all():
        return False
    found = bars.loc[rows.index]
    is_same = (numbers_of(found).view(np.int64) == numbers_of(rows).view(np.int64)).all()
    return bool(is_same and found["filled"].all())


def carried_again(
    carried: tuple[CarriedAction, ...], held: Bars, real: Bars
) -> tuple[CarriedAction, ...]:
    """What bars carry, once others bear their own actions again."""
    stamps = real.index
    found = []
    for each in carried:
        at = int(stamps.searchsorted(pd.Timestamp(each.ex_date)))
        if at == len(stamps) or as_instant(stamps[at]) != each.bar:
            continue
        was, now = (float(bars["dividend"].get(each.bar, 0.0)) for bars in (held, real))
        share = each.share if was == now else min(each.share * was / now, 1.0) if now else 0.0
        if share or each.split != 1:
            found.append(replace(each, share=share))
    return tuple(found)


def value_differences(held: Bars, real: Bars) -> tuple[pd.DatetimeIndex, tuple[Revision, ...]]:
    """Stamps of bars that are others now, and the values that are."""
    common = held.index.intersection(real.index)
    was, now = numbers_of(held.loc[common]), numbers_of(real.loc[common])
    differs = was.view(np.int64) != now.view(np.int64)
    revisions = tuple(_revisions(pd.DatetimeIndex(common), was, now, differs))
    others = held.index.symmetric_difference(real.index)
    changed = common[differs.any(axis=1)].union(others)
    return pd.DatetimeIndex(changed), revisions


def _revisions(
    stamps: pd.DatetimeIndex, was: Numbers, now: Numbers, differs: Flags
) -> Iterator[Revision]:
    for row, column in zip(*np.nonzero(differs), strict=True):
        stamp = as_instant(stamps[row])
        yield Revision(stamp, NUMBERS[column], float(was[row, column]), float(now[row, column]))
