"""Currencies that prices are quoted in, and the units of them that are not whole ones."""

from __future__ import annotations

from ml4t_nb.model import MINOR_UNITS

__all__ = ["factor_between", "requoted_words"]


def factor_between(was: str, now: str) -> float | None:
    """By what a price in ``was`` is multiplied to be in ``now``.

    None of two currencies that are no units of one: that changes from day to day.
    """
    whole, parts = MINOR_UNITS.get(was, (was, 1))
    other, others = MINOR_UNITS.get(now, (now, 1))
    return others / parts if whole == other else None


def requoted_words(was: str, now: str, provider: str, *, is_own: bool = True) -> str:
    """What a provider quotes, and what it did, or what is stored of another."""
    before = f"where it quoted {was}" if is_own else f"where the stored prices are in {was}"
    factor = factor_between(was, now)
    if factor is None or factor == 1:
        unit = ""
    elif factor > 1:
        unit = f": {factor:g} {now} are 1 {was}"
    else:
        unit = f": {1 / factor:g} {was} are 1 {now}"
    return f"{provider} quotes {now}{' now' if is_own else ''}, {before}{unit}"
