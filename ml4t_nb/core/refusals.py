"""Rows that a decision took out of a dataset, found again among those that a provider gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import (
    NUMBERS,
    PRICES,
    Bars,
    Flags,
    Numbers,
    Split,
    concat,
    numbers_of,
    splits_in,
    with_numbers,
)
from ml4t_nb.finding import Refusal

__all__ = ["RefusedRows", "after_restatement", "find_refused", "with_stored"]

_SAME = 1e-6
_ROUNDED = 1e-5
_BY_PRICE = len(PRICES) + 1  # open, high, low, close and volume
_VOLUME, _DIVIDEND, _SPLIT = range(len(PRICES), len(NUMBERS))


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """Rows of a fetch that are refused.

    Parameters
    ----------
    rows
        Places in the fetched bars.
    ratio, volumes
        How much finer than the stored ones the fetched prices of each are, and by what its volume
        has been multiplied: a split moves both, a spin-off prices alone.
    news
        Which of them report a split or a dividend that the refused row did not have.
    """

    rows: np.ndarray[tuple[int], np.dtype[np.intp]]
    ratio: Numbers
    volumes: Numbers
    news: Flags


def find_refused(
    fetched: Bars,
    stored: Bars,
    logged: pd.DataFrame,
    refusals: Sequence[Refusal],
    *,
    later: Iterable[Split] = (),
) -> RefusedRows:
    """Fetched rows that are those that decisions took out, whatever has been split since.

    Parameters
    ----------
    logged
        Observed rows that these decisions replaced or removed, as they were stored.
    later
        Splits after the fetched bars, by which the provider has restated them.
    """
    rows = pd.DatetimeIndex(fetched.index).get_indexer(pd.DatetimeIndex(logged["timestamp"]))
    is_there = rows >= 0
    rows, out = rows[is_there], logged[is_there]
    at = pd.DatetimeIndex(out["timestamp"])
    was, now = out[list(NUMBERS)].to_numpy(dtype="float64"), numbers_of(fetched)[rows]
    since = _since(at, out["version"].to_numpy(), refusals)
    known = {at for at, _ in splits_in(stored)}
    new = [each for each in (*splits_in(fetched), *later) if each[0] not in known]
    one = np.ones(len(at))
    named, shared = _later(at, new), one * _shared_ratio(stored, fetched)
    found: dict[int, tuple[float, float, bool]] = {}
    # That of no split comes last: a restatement may have been undone.
    for before, traded in ((since, since), (since, one), (one, one)):
        held = _has_same_prices(stored, at, _moved(was, before, traded))
        for ratio, volumes in ((named, named), (shared, shared), (shared, one), (one, one)):
            moved = _moved(was, before * ratio, traded * volumes)
            is_same, acts = _is_same(now, moved, before * ratio != 1)
            # Where the decision was about a dividend or a split alone, another is another row.
            for place in np.flatnonzero(is_same & (acts | ~held)).tolist():
                row = int(rows[place])
                is_news = (row not in found or found[row][2]) and not acts[place]
                found[row] = float(ratio[place]), float(volumes[place]), is_news
    places = sorted(found)
    ratios, volumes, news = np.array([found[each] for each in places]).reshape(-1, 3).T
    return RefusedRows(np.array(places, dtype=np.intp), ratios, volumes, news.astype(bool))


def with_stored(fetched: Bars, stored: Bars, refused: RefusedRows) -> Bars:
    """Fetched bars with the stored ones in the place of those refused, on the basis fetched.

    What is not stored is left out.
    """
    stamps = pd.DatetimeIndex(fetched.index[refused.rows])
    parts = [fetched[~fetched.index.isin(stamps)]]
    places = pd.DatetimeIndex(stored.index).get_indexer(stamps)
    if (is_held := places >= 0).any():
        held = stored.iloc[places[is_held]]
        numbers = _moved(numbers_of(held), refused.ratio[is_held], refused.volumes[is_held])
        parts.append(with_numbers(held, numbers))
    return concat(parts).sort_index()


def after_restatement(
    refusals: Iterable[Refusal], splits: Sequence[tuple[datetime, float]]
) -> tuple[Refusal, ...]:
    """Refusals once these splits have restated the stored bars."""
    return tuple(replace(each, splits=(*each.splits, *splits)) for each in refusals)


def _since(at: pd.DatetimeIndex, versions: Numbers, refusals: Sequence[Refusal]) -> Numbers:
    """Product of the splits that have restated each row since it was logged."""
    ratios = np.ones(len(at))
    splits: Mapping[int, Sequence[tuple[datetime, float]]] = {
        each.version: each.splits for each in refusals if each.splits
    }
    for version, since in splits.items():
        chosen = versions == version
        ratios[chosen] = _later(at[chosen], [(pd.Timestamp(on), ratio) for on, ratio in since])
    return ratios


def _later(at: pd.DatetimeIndex, splits: Iterable[Split]) -> Numbers:
    """Product of the splits after each stamp."""
    ratios = np.ones(len(at))
    for on, ratio in splits:
        ratios[np.asarray(at < on)] *= ratio
    return ratios


def _moved(rows: Numbers, ratio: Numbers, volumes: Numbers) -> Numbers:
    """Rows on a basis finer by a ratio of each, with volumes multiplied."""
    moved = rows / ratio[:, np.newaxis]
    moved[:, _VOLUME] = rows[:, _VOLUME] * volumes
    moved[:, _SPLIT] = rows[:, _SPLIT]
    return moved


def _shared_ratio(stored: Bars, fetched: Bars) -> float:
    """The ratio by which most stored prices are above those fetched: of no split that is named."""
    common = stored.index.intersection(fetched.index)
    if common.empty:
        return 1.0
    return float(np.median(stored.loc[common, "close"] / fetched.loc[common, "close"]))


def _is_same(now: Numbers, was: Numbers, is_moved: Flags) -> tuple[Flags, Flags]:
    """Which rows have the same prices and volume, and which the same dividend and split.

    What a split has moved is rounded once more, volumes to whole shares.
    """
    slack = np.where(is_moved, _ROUNDED, _SAME)[:, np.newaxis] * np.abs(was)
    slack[is_moved, _VOLUME] = np.maximum(was[is_moved, _VOLUME] * _ROUNDED, 1.0)
    same = np.abs(now - was) <= slack
    bars = np.asarray(same[:, :_BY_PRICE].all(axis=1))
    return bars, np.asarray(same[:, _DIVIDEND] & same[:, _SPLIT])


def _has_same_prices(stored: Bars, at: pd.DatetimeIndex, rows: Numbers) -> Flags:
    """Which of ``rows`` differ from the stored bar of their stamp in a dividend or split alone."""
    places = pd.DatetimeIndex(stored.index).get_indexer(at)
    same = np.zeros(len(at), dtype=bool)
    held = places >= 0
    now = numbers_of(stored)[places[held], :_BY_PRICE]
    same[held] = np.isclose(now, rows[held, :_BY_PRICE], rtol=_SAME, atol=0).all(axis=1)
    return same
