"""Frequencies as people write them: those that are stored, and those that are derived."""

from __future__ import annotations

import re
from typing import get_args

from ml4t_nb.errors import OptionError
from ml4t_nb.model import BarsFrequency, DerivedPeriod, Frequency, bar_length
from ml4t_nb.options import as_word, did_you_mean

__all__ = ["as_frequency", "as_stored", "source_frequency"]


def as_frequency(value: object, *, option: str) -> BarsFrequency:
    """One that bars can be read at; ``60m`` and ``hourly`` are the same, so they are one word."""
    word = as_word(value, option=option)
    stored = get_args(Frequency)
    if word in (*stored, *get_args(DerivedPeriod)):
        return word
    length = bar_length(word)
    if length is not None:
        return next((each for each in stored if bar_length(each) == length), word)
    hint = "write minutes as 45m, up to 1440m"
    if not re.fullmatch(r"\s*\d.*", word):
        hint = f"{did_you_mean(word, (*stored, *get_args(DerivedPeriod)))}; {hint}"
    raise OptionError(f"unknown frequency {word!r}", hint=hint)


def as_stored(frequency: BarsFrequency) -> Frequency | None:
    """``frequency``, if bars can be stored at it; else None."""
    return next((each for each in get_args(Frequency) if each == frequency), None)


def source_frequency(word: object) -> Frequency | None:
    """The longest frequency that can be stored and bars of that one derived from; None if none.

    That is itself, if it is one that can be stored.
    """
    if not isinstance(word, str):
        return None
    if word in get_args(DerivedPeriod):
        return "daily"
    length = bar_length(word)
    if length is None:
        return as_stored(word)
    short = ((each, bar_length(each)) for each in reversed(get_args(Frequency)))
    return next((each for each, step in short if step and not length % step), None)
