"""Views of stored bars: as traded, on one split basis, as total return; and changes of basis."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from ml4t_nb.core.bars import NUMBERS, PRICES, Bars, Numbers, as_instant, numbers_of, with_numbers
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.model import Adjustment, Basis

__all__ = ["adjusted", "inexact_weeks", "rescale", "traded_bars", "undo_splits"]

_CASH = [NUMBERS.index(name) for name in (*PRICES, "dividend")]
_VOLUME = NUMBERS.index("volume")


def adjusted(bars: Bars, how: Adjustment, *, basis: Basis) -> Bars:
    """A view of stored bars; the flags, the stamps and the split column stay as they are.

    A view depends on the splits and dividends of later bars: ``bars`` are the whole series, stored
    on that ``basis``, and are cut afterwards. ``raw`` is as traded on the day; ``splits`` on the
    basis of the last bar; ``all`` as ``splits``, with the prices before an ex-date lowered by the
    dividend's share of the last close before it. Volume and dividends of ``all`` are those of
    ``splits``. BarsInvalid is raised for ``all`` if a dividend is not less than the previous close,
    and if the splits multiply to more than a number can hold.

    ``Adj = Close * prod(1 - D / Close_before)`` over later ex-dates is Yahoo's own formula. A
    filled bar is adjusted like its neighbours, but its close never prices a dividend.
    """
    later = _later(bars["split"].to_numpy())
    if how == "raw":
        return bars.copy() if basis == "as-traded" else _moved(bars, later, is_finer=False)
    one_basis = _moved(bars, later, is_finer=True) if basis == "as-traded" else bars.copy()
    if how == "splits":
        return one_basis
    numbers = numbers_of(one_basis)
    numbers[:, : len(PRICES)] *= _later(_kept_of_close(one_basis))[:, np.newaxis]
    return with_numbers(one_basis, numbers)


def traded_bars(bars: Bars, basis: Basis) -> Bars:
    """``raw``, or the bars as they are where the splits leave none that a float holds."""
    try:
        return adjusted(bars, "raw", basis=basis)
    except BarsInvalid:
        return bars


def inexact_weeks(weekly: Bars, how: Adjustment, *, basis: Basis) -> tuple[datetime, ...]:
    """Stamps of the weeks of which a view cannot be distinguished from weekly bars.

    A split or a dividend in mid-week moves some of the week's days and not others: ``raw`` and
    an as-traded ``splits`` are undefined in a split's week. ``all`` is undefined in a dividend's
    week, and approximate in all weeks before it, since the close before the ex-date is not
    there. Daily bars have every view.
    """
    splits = (weekly["split"] != 1).to_numpy()
    dividends = (weekly["dividend"] != 0).to_numpy()
    as_stored = how == ("splits" if basis == "split-adjusted" else "raw")
    bad = np.zeros(len(weekly), dtype=bool) if as_stored else splits
    if how == "all":
        bad = dividends if basis == "split-adjusted" else dividends | splits
    return tuple(as_instant(stamp) for stamp in weekly.index[bad])


def rescale(bars: Bars, k: float) -> Bars:
    """Bars on a basis ``k`` times finer: prices and dividends by ``1/k``, volume by ``k``.

    A 2:1 split makes 2.0 of ``k``, a reverse one of 1:10 makes 0.1.
    """
    return _moved(bars, _constant(k, bars), is_finer=True)


def undo_splits(bars: Bars, ratio: float) -> Bars:
    """Bars as they were quoted before splits of that product restated them."""
    return _moved(bars, _constant(ratio, bars), is_finer=False)


def _constant(ratio: float, bars: Bars) -> Numbers:
    if not (np.isfinite(ratio) and ratio > 0):
        raise BarsInvalid(f"a split ratio must be a positive number, not {ratio!r}")
    return np.full(len(bars), float(ratio))


def _later(factors: Numbers) -> Numbers:
    """Product of the factors of all later bars, by bar."""
    with np.errstate(all="ignore"):
        products: Numbers = np.cumprod(np.append(factors[1:], 1.0)[::-1])[::-1][: len(factors)]
    return products


def _moved(bars: Bars, ratio: Numbers, *, is_finer: bool) -> Bars:
    """Bars on a basis that is finer, or coarser, by a ratio of each; BarsInvalid if one is lost."""
    # Not by 1 / ratio: the inverse of 7 is rounded, and 7 * (x / 7) should be x where it can.
    on_cash, on_volume = (np.divide, np.multiply) if is_finer else (np.multiply, np.divide)
    numbers = numbers_of(bars)
    with np.errstate(all="ignore"):
        numbers[:, _CASH] = on_cash(numbers[:, _CASH], ratio[:, np.newaxis])
        numbers[:, _VOLUME] = on_volume(numbers[:, _VOLUME], ratio)
    # Some may have left what a float can hold.
    prices = numbers[:, : len(PRICES)]
    lost = ~np.isfinite(numbers).all(axis=1) | (prices <= 0).any(axis=1)
    for at in np.flatnonzero(lost)[:1]:
        raise BarsInvalid(
            f"the splits after {bars.index[at]:%Y-%m-%d} have a product too large for a price",
            hint="check the splits, and load wrong ones again",
        )
    return with_numbers(bars, numbers)


def _kept_of_close(bars: Bars) -> Numbers:
    """Share of the close before that a bar's dividend leaves, 1 where it pays none."""
    close = bars["close"].where(~bars["filled"]).ffill().shift().to_numpy()
    dividend = bars["dividend"].to_numpy()
    paid = (dividend != 0) & np.isfinite(close)
    kept: Numbers = np.ones(len(bars))
    kept[paid] = 1 - dividend[paid] / close[paid]
    for at in np.flatnonzero(kept <= 0)[:1]:
        raise BarsInvalid(
            f"the dividend of {dividend[at]:g} on {bars.index[at]:%Y-%m-%d} is no less than the "
            f"close of {close[at]:g} before it",
            hint="read the bars adjusted for splits only",
        )
    return kept
