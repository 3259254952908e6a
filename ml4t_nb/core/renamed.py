"""Two series of one company, listed under an old name and under a new one, as one series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, as_instant, prices_of, upsert
from ml4t_nb.core.merge import unit_between
from ml4t_nb.core.overlap import Comparison, compare_overlap
from ml4t_nb.core.rebased import rebased
from ml4t_nb.core.request_spans import JOIN
from ml4t_nb.model import Basis, DatasetId

__all__ = ["JoinedNames", "join_names"]

_NAMED = 3


@dataclass(frozen=True, slots=True)
class JoinedNames:
    """Observed bars of both names on the basis of the new one, and which are of the old alone.

    ``ratio`` is the old name's price over the new one's of the oldest bars in common, and
    ``splits`` explain it.
    """

    bars: Bars
    taken: pd.DatetimeIndex
    ratio: float = 1.0
    splits: tuple[tuple[datetime, float], ...] = ()


def join_names(old: Bars, new: Bars, *, basis: Basis, dataset: DatasetId) -> JoinedNames | str:
    """The bars of the new name, and what the old one has besides; or why they are not one series.

    Both are observed bars on ``basis``, and ``dataset`` that of the new name. At least three bars
    are to be in common, and their prices equal, but for a scale or splits that explain all of them.
    Where both have a bar, that of the new name stays.
    """
    found = compare_overlap(old, new, basis=basis, need=JOIN)
    if doubt := _contradiction(old, new, found):
        return doubt
    only = old[~old.index.isin(new.index)]
    taken = pd.DatetimeIndex(only.index)
    restatement = found.restatement
    if restatement is None:
        return JoinedNames(upsert(only, new), taken)
    ratio, splits = restatement.ratio, restatement.splits
    if only.empty:
        return JoinedNames(new, taken, ratio, splits)
    common = old.index.intersection(new.index)
    ratios = prices_of(old.loc[common]) / prices_of(new.loc[common])
    moved = rebased(only, common, ratios, splits, dataset, is_explained=bool(splits))
    return JoinedNames(upsert(moved, new), taken, ratio, splits)


def _contradiction(old: Bars, new: Bars, found: Comparison) -> str:
    """Why the bars in common are not those of one share; empty if they are."""
    if found.verdict in ("insufficient", "suspicious"):
        return found.reason
    unit = unit_between(old, new)
    if unit and not (found.restatement and found.restatement.splits):
        return f"the prices of the new name are {unit}, and no split explains it"
    differing = {
        each.stamp: f"{each.column} of {_day(each.stamp)} {each.old:.6g} and {each.new:.6g}"
        for each in found.revisions
        if each.column in PRICES
    }
    for stamp in (each for run in found.outliers for each in run.index):
        closes = (bars.loc[stamp, "close"] for bars in (old, new))
        differing[as_instant(stamp)] = f"close of {_day(stamp)} {{:.6g}} and {{:.6g}}".format(
            *closes
        )
    if not differing:
        return ""
    common = len(old.index.intersection(new.index))
    shown = [words for _, words in sorted(differing.items())]
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return f"{len(shown)} of {common} bars differ: {', '.join(shown[:_NAMED])}{more}"


def _day(stamp: datetime) -> str:
    return (
        f"{stamp:%Y-%m-%d}" if (stamp.hour, stamp.minute) == (0, 0) else f"{stamp:%Y-%m-%d %H:%M}"
    )
