"""Dividends of bars that are taken out: the next bar bears them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ml4t_nb.core.action_dates import ByDate
from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import Bars, as_instant
from ml4t_nb.core.timestamps import from_micros, index_micros, to_micros
from ml4t_nb.model import Basis, CarriedAction

__all__ = ["carry_dividends"]

_NOTHING = 1e-9


def carry_dividends(
    left: Bars, whole: Bars, carried: Sequence[CarriedAction], basis: Basis
) -> tuple[Bars, tuple[CarriedAction, ...]]:
    """``left`` with the dividends of bars that were taken out from between, on the next bars.

    As much as leaves the total return over the hole as it was: a dividend counts as a share of
    the close before it, and on as-traded bars a split after it counts too. One that is not less
    than that close has no such share, and goes with its bar.

    Parameters
    ----------
    left, whole
        Observed bars; ``whole`` before any was taken out.
    carried
        Of ``whole``.

    Returns
    -------
    tuple
        The bars, and what they carry.
    """
    bears = dict(zip(index_micros(left.index).tolist(), left["dividend"].tolist(), strict=True))
    stay = [each for each in carried if to_micros(each.bar) in bears]
    on_splits = adjusted(whole, "splits", basis=basis)
    before = on_splits["close"].shift().to_numpy()
    taken = on_splits["dividend"].to_numpy() / before
    taken = np.where(np.isfinite(taken) & (taken < 1), taken, 0.0)
    scale = (whole["close"] / on_splits["close"]).to_numpy()
    rows = whole.index.get_indexer(left.index)
    dividend = left["dividend"].to_numpy(copy=True)
    for place in np.flatnonzero(np.diff(rows) > 1).tolist():
        first, after = int(rows[place]) + 1, int(rows[place + 1])
        gone = {
            date: share
            for row in range(first, after)
            for date, share in _shares_of(whole, carried, row, float(taken[row])).items()
        }
        if not gone:
            continue
        own = float(dividend[place + 1])
        kept = float(np.prod(1 - taken[first:after]))
        is_sound = own == 0 or taken[after] > 0
        through = (
            float(before[first]) * (1 - kept * (1 - float(taken[after]))) * float(scale[after])
        )
        total = through if is_sound else through + own
        bar = to_micros(as_instant(left.index[place + 1]))
        dividend[place + 1] = total
        stay = [
            replace(each, share=each.share * own / total) if to_micros(each.bar) == bar else each
            for each in stay
        ]
        part = (total - own) / total / sum(gone.values())
        stay += [
            CarriedAction(from_micros(date), from_micros(bar), share=share * part)
            for date, share in gone.items()
        ]
    return left.assign(dividend=dividend), tuple(sorted(stay, key=lambda each: each.ex_date))


def _shares_of(whole: Bars, carried: Sequence[CarriedAction], row: int, taken: float) -> ByDate:
    """By ex-date, the shares of a close that the dividends on one bar take, ``taken`` in all."""
    if not taken:
        return {}
    bar = as_instant(whole.index[row])
    parts = {
        to_micros(each.ex_date): each.share for each in carried if each.bar == bar and each.share
    }
    rest = 1 - sum(parts.values())
    if rest > _NOTHING:
        parts[to_micros(bar)] = rest
    return {date: taken * part for date, part in parts.items()}
