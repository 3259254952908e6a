"""Which versions of which datasets bars were read from, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import Any, get_args

from ml4t_nb.errors import OptionError
from ml4t_nb.frequencies import as_frequency
from ml4t_nb.model import Adjustment, AssetClass, DatasetId, Frequency

__all__ = ["Citation", "citation_of", "dataset_named", "trusted_citation"]

_NAMED = 3
_LISTS = ("datasets", "versions", "checksums")
_WORDS = ("as_of", "frequency", "start", "end", "home")


@dataclass(frozen=True, slots=True)
class Citation:
    """Which versions of which datasets a frame was read from, and how they are shown.

    Parameters
    ----------
    datasets, versions, checksums
        One each, in the order of the frame.
    as_of
        As-of of the newest of their runs, ISO 8601 in UTC; empty if none reached a provider.
    frequency
        That of the bars.
    adjust, filled
        As they were asked for.
    start, end
        First and last date that was asked for, ISO 8601; empty for no bound.
    home
        Folder of the store; empty for the reader's own.
    """

    datasets: tuple[str, ...]
    versions: tuple[int, ...]
    checksums: tuple[str, ...]
    as_of: str
    frequency: str
    adjust: Adjustment
    filled: bool
    start: str = ""
    end: str = ""
    home: str = ""

    def __str__(self) -> str:
        pairs = zip(self.datasets, self.versions, strict=True)
        named = [f"{name} v{number}" for name, number in pairs]
        more = len(named) - _NAMED
        names = ", ".join(named[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        shown = f"adjust={self.adjust}{'' if self.filled else ', without filled bars'}"
        bounds = (("from", self.start), ("to", self.end))
        range_ = "".join(f", {word} {day}" for word, day in bounds if day)
        when = f", as of {self.as_of[:16].replace('T', ' ')} UTC" if self.as_of else ""
        return f"{names}, {self.frequency} bars{range_}, {shown}{when}"

    @property
    def plain(self) -> dict[str, Any]:
        """Its fields as JSON values; without the folder of the store if that is the reader's."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        if not self.home:
            del fields["home"]
        return {name: [*each] if name in _LISTS else each for name, each in fields.items()}

    def to_json(self) -> str:
        """All of it, as a JSON object."""
        return json.dumps(self.plain)


def citation_of(facts: object) -> Citation:
    """The citation whose fields are these JSON values; those it does not know are ignored.

    A ValueError that says what is wrong if they are none.
    """
    if not isinstance(facts, Mapping):
        raise ValueError(f"{facts!r} is not an object")  # noqa: TRY004  # as all others
    if missing := [name for name in (*_LISTS, "adjust", "filled") if name not in facts]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    datasets, versions, checksums = (_listed(facts, name) for name in _LISTS)
    if not len(datasets) == len(versions) == len(checksums):
        raise ValueError("it does not have one version and one checksum of each dataset")
    if any(not isinstance(each, int) or isinstance(each, bool) for each in versions):
        raise ValueError(f"the versions {versions!r} are not numbers")
    for each in datasets:
        dataset_named(each)
    if facts["adjust"] not in get_args(Adjustment) or not isinstance(facts["filled"], bool):
        raise ValueError(f"adjust {facts['adjust']!r}, or filled {facts['filled']!r}, is unknown")
    words = {name: facts.get(name) or "" for name in _WORDS}
    for name, word in (*words.items(), *(("checksum", each) for each in checksums)):
        if not isinstance(word, str):
            raise ValueError(f"{name} {word!r} is not a string")  # noqa: TRY004  # as all others
    _require_known(words)
    return trusted_citation(facts)


def trusted_citation(facts: Mapping[str, Any], *, home: str = "") -> Citation:
    """The citation of what a frame says of itself, of a store in that folder."""
    words = {name: facts.get(name) or "" for name in _WORDS}
    lists = {name: tuple(facts[name]) for name in _LISTS}
    shown = {"adjust": facts["adjust"], "filled": facts["filled"]}
    fields: dict[str, Any] = {**lists, **words, **shown, "home": home or words["home"]}
    return Citation(**fields)


def dataset_named(name: object) -> DatasetId:
    """The dataset that `str` gives as ``name``; a ValueError if it is no such name."""
    parts = name.split("/", 2) if isinstance(name, str) else []
    groups = product(get_args(AssetClass), get_args(Frequency))
    group = next((each for each in groups if [*each] == parts[:2]), None)
    if group is not None and len(parts) > len(group) and parts[-1]:
        return DatasetId(*group, parts[-1])
    raise ValueError(f"{name!r} is not a dataset, such as equities/daily/AAPL")


def _listed(facts: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    if not isinstance(facts[name], list | tuple):
        raise ValueError(f"its {name} are not a list")  # noqa: TRY004  # as all others
    return tuple(facts[name])


def _require_known(words: Mapping[str, str]) -> None:
    """Raise ValueError unless the frequency, the dates and the as-of can be read."""
    try:
        if words["frequency"]:
            as_frequency(words["frequency"], option="frequency")
    except OptionError as error:
        raise ValueError(error.message) from error
    for name in ("start", "end"):
        if words[name]:
            date.fromisoformat(words[name])
    if words["as_of"]:
        datetime.fromisoformat(words["as_of"])
