"""Views of stored bars: as traded, on one split basis, as total return; and changes of basis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from ml4t_nb.core.bars import (
    NUMBERS,
    PRICES,
    Bars,
    Flags,
    Numbers,
    as_instant,
    number_lines,
    with_numbers,
)
from ml4t_nb.core.timestamps import Instants, from_micros, index_micros
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.model import Adjustment, Basis

__all__ = [
    "adjust_lines",
    "adjusted",
    "inexact_weeks",
    "is_as_stored",
    "rescale",
    "traded_bars",
    "undo_splits",
]

_CASH = (*PRICES, "dividend")


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
    held, flags = number_lines(bars)
    lines = np.array(held, order="C")
    adjust_lines(index_micros(bars.index), lines, flags, how, basis=basis)
    return with_numbers(bars, lines.T)


def adjust_lines(
    stamps: Instants,
    lines: Numbers,
    filled: Flags,
    how: Adjustment,
    *,
    basis: Basis,
    names: Sequence[str] = NUMBERS,
) -> None:
    """As `adjusted`, of a line for each of ``names``, in place.

    Split is among them, and for ``all`` close and dividend. A number that is lost is told only of
    a line that is there.
    """
    if is_as_stored(how, basis):
        return
    line = dict(zip(names, lines, strict=True))
    later = _later(line["split"])
    if basis == "as-traded" or how == "raw":
        _move(stamps, line, later, is_finer=how != "raw")
    if how != "all":
        return
    kept = _later(_kept_of_close(stamps, line["close"], line["dividend"], filled))
    for name in PRICES:
        if name in line:
            line[name] *= kept


def is_as_stored(how: Adjustment, basis: Basis) -> bool:
    """Whether the view is the bars as they are stored on that basis."""
    return how == ("splits" if basis == "split-adjusted" else "raw")


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
    bad = np.zeros(len(weekly), dtype=bool) if is_as_stored(how, basis) else splits
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
    lines = np.array(number_lines(bars)[0], order="C")
    line = dict(zip(NUMBERS, lines, strict=True))
    _move(index_micros(bars.index), line, ratio, is_finer=is_finer)
    return with_numbers(bars, lines.T)


def _move(stamps: Instants, line: Mapping[str, Numbers], ratio: Numbers, *, is_finer: bool) -> None:
    """The same of lines by name, in place."""
    # Not by 1 / ratio: the inverse of 7 is rounded, and 7 * (x / 7) should be x where it can.
    on_cash, on_volume = (np.divide, np.multiply) if is_finer else (np.multiply, np.divide)
    # Some may leave what a float can hold.
    lost = np.zeros(len(stamps), np.bool_)
    with np.errstate(all="ignore"):
        for name, own in line.items():
            if name == "volume":
                on_volume(own, ratio, out=own)
            elif name in _CASH:
                on_cash(own, ratio, out=own)
            lost |= ~np.isfinite(own)
            if name in PRICES:
                lost |= own <= 0
    for at in np.flatnonzero(lost)[:1]:
        raise BarsInvalid(
            f"the splits after {from_micros(int(stamps[at])):%Y-%m-%d} have a product too large "
            "for a price",
            hint="check the splits, and load wrong ones again",
        )


def _kept_of_close(stamps: Instants, close: Numbers, dividend: Numbers, filled: Flags) -> Numbers:
    """Share of the close before that a bar's dividend leaves, 1 where it pays none."""
    kept: Numbers = np.ones(len(close))
    paid = np.flatnonzero(dividend != 0)
    if not paid.size:
        return kept
    # The last bar before each that a provider served: a filled close prices no dividend.
    priced = np.flatnonzero(~filled & ~np.isnan(close))
    at = np.searchsorted(priced, paid) - 1
    paid, at = paid[at >= 0], at[at >= 0]
    before = close[priced[at]]
    paid, before = paid[np.isfinite(before)], before[np.isfinite(before)]
    kept[paid] = 1 - dividend[paid] / before
    for row in np.flatnonzero(kept <= 0)[:1]:
        was = before[np.searchsorted(paid, row)]
        raise BarsInvalid(
            f"the dividend of {dividend[row]:g} on {from_micros(int(stamps[row])):%Y-%m-%d} is no "
            f"less than the close of {was:g} before it",
            hint="read the bars adjusted for splits only",
        )
    return kept
