"""Longer bars made of shorter ones: the one rule for what becomes of their numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import (
    NUMBERS,
    PRICES,
    Bars,
    Numbers,
    as_stamps,
    framed,
    require_bars,
)
from ml4t_nb.core.timestamps import Instants, index_micros, week_start

__all__ = ["joined_at", "joined_bars", "mondays_of", "run_starts", "weekly_bars"]


def run_starts(values: Instants) -> Instants:
    """Rows at which a value begins that the row before does not have."""
    return np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])


def joined_at(bars: Bars, firsts: Instants, stamps: Instants) -> Bars:
    """Longer bars that begin with the rows ``firsts``, of ``stamps``.

    Open of the first bar, highest high, lowest low, close of the last; volumes and dividends are
    summed, split ratios multiplied. One is filled if any of its parts is. What is NaN is passed
    over.
    """
    if not len(firsts):
        return bars.iloc[:0]
    numbers = np.empty((len(NUMBERS), len(firsts)))
    for line, name in zip(numbers, NUMBERS, strict=True):
        _join(name, bars[name].to_numpy(), firsts, line)
    filled = np.logical_or.reduceat(bars["filled"].to_numpy(), firsts)
    return require_bars(framed(as_stamps(stamps.view("M8[us]")), numbers, filled))


def _join(name: str, column: Numbers, firsts: Instants, line: Numbers) -> None:
    """Lay into ``line`` what becomes of a column."""
    match name:
        case "open":
            line[:] = column[_priced(column, firsts)]
        case "close":
            # Backwards the last one is the first.
            turned = (len(column) - np.append(firsts[1:], len(column)))[::-1]
            line[:] = column[::-1][_priced(column[::-1], turned)][::-1]
        case "high":
            np.fmax.reduceat(column, firsts, out=line)
        case "low":
            np.fmin.reduceat(column, firsts, out=line)
        case "split":
            line[:] = 1.0
            # Nearly all are 1, and multiplying takes longer than to look.
            if (column != 1).any():
                np.multiply.reduceat(np.where(np.isnan(column), 1.0, column), firsts, out=line)
        case _:
            hollow = np.isnan(column)
            summed = np.where(hollow, 0.0, column) if hollow.any() else column
            np.add.reduceat(summed, firsts, out=line)


def _priced(column: Numbers, firsts: Instants) -> Instants:
    """The first row from each of ``firsts`` on that has a number; itself where none has."""
    if not np.isnan(column[firsts]).any():
        return firsts
    rows = np.where(np.isnan(column), len(column), np.arange(len(column)))
    found: Instants = np.minimum.reduceat(rows, firsts)
    return np.where(found < len(column), found, firsts)


def joined_bars(bars: Bars, starts: pd.DatetimeIndex, *, whole: bool = False) -> Bars:
    """Longer bars, each of those in a row that have the same start, and stamped by it.

    Where they are to be ``whole``, one with a part that lacks a price has no prices.
    """
    at = index_micros(starts)
    if (at[1:] < at[:-1]).any():  # a provider may serve its rows in any order
        order = np.argsort(at, kind="stable")
        bars, at = bars.iloc[order], at[order]
    firsts = run_starts(at)
    longer = joined_at(bars, firsts, at[firsts])
    if whole and len(longer):
        lacking = bars[list(PRICES)].isna().any(axis=1).to_numpy()
        longer.loc[np.logical_or.reduceat(lacking, firsts), list(PRICES)] = np.nan
    return longer


def mondays_of(stamps: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The Monday of each stamp's week."""
    return as_stamps(week_start(index_micros(stamps)).view("M8[us]"))


def weekly_bars(daily: Bars) -> Bars:
    """Weeks of ``daily``, each stamped by the Monday of its ISO week."""
    return joined_bars(daily, mondays_of(pd.DatetimeIndex(daily.index)))
