"""What a reader requires of bars, and the error that names those that are not so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ml4t_nb.errors import BarsDoubtful
from ml4t_nb.model import DatasetId, Frequency, NextStep, Requirement, bar_length

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from ml4t_nb.core.doubts import Doubts
    from ml4t_nb.storage.manifest import Manifest

__all__ = ["require_as_wanted"]

_NAMED = 3
_MEANT: dict[Requirement, str] = {"observed": "observed throughout", "clean": "clean"}


def require_as_wanted(
    manifest: Manifest,
    bars: pd.DataFrame,
    range_: tuple[date | None, date | None],
    require: Requirement,
) -> None:
    """Raise BarsDoubtful unless the range, whose ``bars`` these are, is as required."""
    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.bars import as_instant
    from ml4t_nb.core.doubts import absent_in, filled_in, suspect_in

    dataset, config = manifest.dataset, manifest.config
    dates = calendar(config.calendar, config.session_overrides)
    span = dates.span(*range_, dataset.frequency)
    suspect, undated = suspect_in(manifest.findings, bars, span)
    doubts: Doubts = {}
    if require == "observed":
        doubts = absent_in(manifest.gaps, span, dates, dataset.frequency)
        doubts["filled"] = filled_in(bars)
    doubts["suspect"] = suspect
    found = {why: stamps for why, stamps in doubts.items() if len(stamps)}
    if not found and not undated:
        return
    words = [_words(why, stamps, dataset.frequency) for why, stamps in found.items()]
    if undated:
        words.append(f"{undated} row{'s' * (undated > 1)} without a date")
    raise BarsDoubtful(
        f"{dataset} is not {_MEANT[require]}: {', '.join(words)}",
        doubts={why: tuple(map(as_instant, stamps)) for why, stamps in found.items()},
        hint=tuple(_next(dataset, range_, found)),
    )


def _words(why: str, stamps: pd.DatetimeIndex, frequency: Frequency) -> str:
    shown = "%Y-%m-%d" if bar_length(frequency) is None else "%Y-%m-%d %H:%M UTC"
    named = ", ".join(f"{each:{shown}}" for each in stamps[:_NAMED])
    more = ", ..." if len(stamps) > _NAMED else ""
    return f"{len(stamps)} {why} ({named}{more})"


def _next(
    dataset: DatasetId, range_: tuple[date | None, date | None], found: Doubts
) -> Iterator[str | NextStep]:
    """What shows the bars."""
    first, last = range_
    absent = found.keys() - {"suspect"}
    if absent:
        yield NextStep("all_gaps", dataset, start=first, end=last)
        yield " lists the gaps"
    if not absent or "suspect" in found:
        yield "; " if absent else ""
        # What has no date is in no range.
        step = NextStep("review", dataset)
        yield replace(step, start=first, end=last) if "suspect" in found else step
        yield " lists the findings, to be decided"
