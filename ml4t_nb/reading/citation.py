"""What bars a result was computed with, in words and as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml4t_nb.errors import OptionError
from ml4t_nb.reading.origin import ATTRIBUTE

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Citation", "cite"]

_NAMED = 3


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
    """

    datasets: tuple[str, ...]
    versions: tuple[int, ...]
    checksums: tuple[str, ...]
    as_of: str
    frequency: str
    adjust: str
    filled: bool

    def __str__(self) -> str:
        pairs = zip(self.datasets, self.versions, strict=True)
        named = [f"{name} v{number}" for name, number in pairs]
        more = len(named) - _NAMED
        names = ", ".join(named[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        shown = f"adjust={self.adjust}{'' if self.filled else ', without filled bars'}"
        when = f", as of {self.as_of[:16].replace('T', ' ')} UTC" if self.as_of else ""
        return f"{names}, {self.frequency} bars, {shown}{when}"

    def to_json(self) -> str:
        """All of it, as a JSON object."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(fields)


def cite(frame: pd.DataFrame) -> Citation:
    """Which versions a frame of `bars` was read from: to be printed beside a result.

    Raises
    ------
    OptionError
        If the frame does not say so: pandas drops ``attrs`` at some steps.

    Examples
    --------
    >>> frame = ml4t_nb.bars("AAPL")
    >>> print(ml4t_nb.cite(frame))
    """
    facts = getattr(frame, "attrs", {}).get(ATTRIBUTE)
    if not isinstance(facts, dict) or "versions" not in facts:
        raise OptionError(
            "the frame does not say which bars it is of",
            hint="cite what bars() returned, before it is joined or computed with",
        )
    return Citation(
        tuple(facts["datasets"]),
        tuple(facts["versions"]),
        tuple(facts["checksums"]),
        facts["as_of"] or "",
        facts["frequency"] or "",
        facts["adjust"],
        facts["filled"],
    )
