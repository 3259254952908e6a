"""How a version of a dataset is named: by its number, or by when it was known."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeAlias

from ml4t_nb.errors import OptionError
from ml4t_nb.options import Moment, as_moment, as_whole, is_several

__all__ = ["KnownVersion", "VersionName", "as_pair", "as_version"]

VersionName: TypeAlias = int | Moment
"""A version of a dataset: its number, or the date or instant at which it was known."""

KnownVersion: TypeAlias = int | datetime | date
"""The same, once it is read."""


def as_version(value: object, *, option: str) -> KnownVersion:
    """The number of a version, or the date or instant at which it was known."""
    try:
        number = as_whole(value, option=option)
    except OptionError:
        return _moment(value, option)
    if number < 1:
        raise OptionError(f"{option}: {value!r} is not a version", hint="the first one is 1")
    return number


def _moment(value: object, option: str) -> datetime | date:
    try:
        moment = as_moment(value, option=option)
    except OptionError as error:
        if "time zone" in error.message:
            raise
        moment = None
    if moment is None:
        raise OptionError(
            f"{option}: {value!r} is neither a version nor a date",
            hint="write it as 17, or as 2024-01-31",
        )
    return moment


def as_pair(value: object, *, option: str) -> tuple[KnownVersion, KnownVersion]:
    """Two versions, or a word with a comma between them."""
    each = value.split(",") if isinstance(value, str) else value
    two = [*each] if is_several(each) else []
    if len(two) != 2:  # noqa: PLR2004  # a pair
        word = " ".join(map(str, two)) if two else value
        raise OptionError(f"{option}: {word!r} is not two versions", hint="write it as 17 23")
    return as_version(two[0], option=option), as_version(two[1], option=option)
