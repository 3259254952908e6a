"""Which stored dataset gives bars of a frequency, itself or by what is derived from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from ml4t_nb.core.derive import can_give
from ml4t_nb.errors import DatasetNotFound, OptionError
from ml4t_nb.frequencies import source_frequency
from ml4t_nb.model import (
    AssetClass,
    BarsFrequency,
    DatasetId,
    DerivedPeriod,
    Frequency,
    NextStep,
    bar_length,
)

__all__ = ["source_of_bars"]

_FINEST_FIRST: tuple[Frequency, ...] = get_args(Frequency)


def source_of_bars(
    found: Sequence[DatasetId], symbol: str, frequency: BarsFrequency, *, derive: bool = False
) -> DatasetId:
    """Of the datasets of a symbol the one of that frequency, else one that can give it.

    To ``derive``, the one of that frequency is passed over. Days are made of the finest stored
    minutes. Weeks and longer are made of days where these are stored: a provider's minutes reach
    back a month or two, and their last one is not always the official close.

    OptionError if classes are to choose from, DatasetNotFound if none can give it.
    """
    chosen = [each for each in found if each.frequency == frequency and not derive]
    if not chosen:
        able = [each for each in found if can_give(each.frequency, frequency)]
        best = min((_rank(each.frequency, frequency) for each in able), default=None)
        has_one_class = len({each.asset_class for each in able}) == 1
        chosen = [
            each for each in able if not has_one_class or _rank(each.frequency, frequency) == best
        ]
    if not chosen:
        raise _not_derivable(found, symbol, frequency)
    if len(chosen) > 1:
        raise OptionError(
            f"{symbol!r} is stored as {', '.join(map(str, chosen))}", hint="choose one with -a"
        )
    return chosen[0]


def _rank(source: Frequency, wanted: BarsFrequency) -> int:
    """The lower, the better bars of ``wanted`` are made of that source."""
    is_official = source == "daily" and can_give("daily", wanted)
    return -1 if is_official else _FINEST_FIRST.index(source)


def _not_derivable(
    found: Sequence[DatasetId], symbol: str, frequency: BarsFrequency
) -> DatasetNotFound:
    """What is stored, and what that gives."""
    stored = sorted({each.frequency for each in found}, key=_FINEST_FIRST.index)
    sentence = (
        f"{symbol} is stored as {', '.join(stored)}, from which {frequency} bars cannot be derived"
    )
    loaded = source_frequency(frequency) or "daily"
    if loaded in stored:
        return DatasetNotFound(sentence, hint="leave out derive: these are stored")
    classes: list[AssetClass] = sorted({each.asset_class for each in found})
    step = NextStep("load", DatasetId(classes[0], loaded, found[0].symbol))
    given = ", ".join(_given(stored))
    choose = f"choose {given}, or " if given else ""
    return DatasetNotFound(sentence, hint=(f"{choose}load {loaded} bars: ", step))


def _given(stored: Iterable[Frequency]) -> list[str]:
    """What can be derived from bars of those frequencies, in words."""
    intraday = [each for each in stored if bar_length(each) is not None]
    words = [f"a multiple of {intraday[0]} up to 1440m, daily"] if intraday else []
    longer = ["weekly", *get_args(DerivedPeriod)]
    return [*words, *longer] if any(can_give(each, "weekly") for each in stored) else words
