"""On which basis the prices of a file are: by the setting, and by what they show at its splits."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from ml4t_nb.core.actions import with_actions_of
from ml4t_nb.core.bars import PRICES, Bars, as_instant, empty_bars
from ml4t_nb.core.basis import SplitEvidence, as_words, split_evidence, without_repeats
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.finding import Finding
from ml4t_nb.model import Basis, bar_length
from ml4t_nb.providers.base import Request

__all__ = ["as_of_then", "basis_of"]

_SETTING = "ML4T_DATA_FILES_BASIS"
_DAY = timedelta(days=1)


def basis_of(name: str, bars: Bars, said: Basis | None) -> tuple[Basis | None, tuple[Finding, ...]]:
    """The basis of all bars of a file, and what cannot be determined; None if it shows none.

    Raises BarsInvalid if prices contradict what the setting said, or each other.
    """
    sound = with_actions_of(bars, reject_invalid(bars)[0])
    found = split_evidence(without_repeats(sound, empty_bars())[0])
    if found.is_contradictory:
        raise BarsInvalid(
            f"{name}: {_disagreement(found)}", hint="correct the file, or download it again"
        )
    if said is not None and found.basis not in (None, said):
        splits = as_words(found.jumping or found.restated)
        moves = "move" if found.jumping else "do not move"
        raise BarsInvalid(
            f"{name}: {_SETTING} is {said}, but prices {moves} at the split {splits}",
            hint=f"set {_SETTING} to {found.basis}, or leave it out",
        )
    if said is not None or found.basis is not None or not found.unclear:
        return said or found.basis, ()
    # One finding, at the last of them: it is reported once, and stands until something shows more.
    undecided = Finding(
        as_instant(found.unclear[-1][0]),
        "basis",
        f"prices at the split {as_words(found.unclear)} do not show whether they are as traded or "
        f"split-adjusted; they are taken as traded unless {_SETTING} is set",
    )
    return None, (undecided,)


def as_of_then(bars: Bars, request: Request) -> Bars:
    """Split-adjusted bars as they were quoted at the as-of, before the splits after it."""
    is_intraday = bar_length(request.dataset.frequency) is not None
    # The running day's rows are given, and may name its split.
    ends = request.as_of + (timedelta(0) if is_intraday else _DAY)
    later = bars[bars.index > pd.Timestamp(ends)]
    if later.empty:
        return bars
    # Of those rows only the splits count, whatever their prices are.
    sound = reject_invalid(
        later.assign(open=1.0, high=1.0, low=1.0, close=1.0, volume=0.0, dividend=0.0)
    )[0]
    once = without_repeats(sound, bars[bars.index <= pd.Timestamp(ends)])[0]
    ratio = float(once["split"].to_numpy().prod())
    if ratio == 1:
        return bars
    cash = [*PRICES, "dividend"]
    return bars.assign(**(bars[cash] * ratio), volume=bars["volume"] / ratio)


def _disagreement(found: SplitEvidence) -> str:
    for day, split in found.misdated:
        return f"it lists the split {as_words((split,))}, but prices move by it on {day:%Y-%m-%d}"
    return (
        f"prices move at the split {as_words(found.jumping)}, as if as traded, "
        f"but not at the split {as_words(found.restated)}, as if split-adjusted"
    )
