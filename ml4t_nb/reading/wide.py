"""Bars of many datasets side by side: a row for each stamp, NaN where one has none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import NUMBERS, STAMPS
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.timestamps import TICK, Instants, from_micros, index_micros
from ml4t_nb.errors import OptionError
from ml4t_nb.model import BarsFrequency, Column, Span, bar_length
from ml4t_nb.reading.axis import joined_axis, rows_on
from ml4t_nb.reading.batch import BarsBatch
from ml4t_nb.reading.symbol_bars import TEXT, symbols_index
from ml4t_nb.storage.manifest import Manifest

__all__ = ["widened"]

_EVERY_DAY = "24/7"


def widened(batch: BarsBatch, names: Sequence[Column], frequency: BarsFrequency) -> pd.DataFrame:
    """Columns of the symbols; of several names, below each name.

    OptionError if their calendars have no common days.
    """
    stamps = batch.stamps_of_each
    axis = _axis(stamps, _calendars(batch.manifests, frequency), frequency)
    rows = [rows_on(axis, each) for each in stamps]
    index = pd.DatetimeIndex(axis, dtype=STAMPS, name="timestamp")
    symbols = symbols_index([manifest.dataset.symbol for manifest in batch.manifests])
    frames = [_column(batch, name, rows, index, symbols) for name in names]
    if len(names) == 1:
        return frames[0]
    return pd.concat(dict(zip(names, frames, strict=True)), axis=1, names=["column"])


def _calendars(manifests: Sequence[Manifest], frequency: BarsFrequency) -> list[Calendar]:
    """Those that the datasets follow, each once.

    A daily or weekly stamp is a date, whatever the exchange's hours, so sessions of several stand
    in one row. Those of 24/7 are no sessions but days: beside an exchange's, most weekends would
    have no prices, and from one row to the next would be one day for one and three for the other.
    An intraday row would hold instants at which one exchange trades and the other does not.
    """
    first: dict[str, Manifest] = {}
    for each in manifests:
        first.setdefault(each.config.calendar, each)
    is_mixed = len(first) > 1 and (
        bar_length(frequency) is not None or (frequency == "daily" and _EVERY_DAY in first)
    )
    if is_mixed:
        named = ", ".join(f"{each.dataset.symbol} {name}" for name, each in first.items())
        raise OptionError(
            f"{frequency} bars of different calendars do not stand side by side: {named}",
            hint="read them one below the other, or those of each calendar by themselves",
        )
    configs = [each.config for each in manifests]
    distinct = {(config.calendar, config.session_overrides) for config in configs}
    return [calendar(*each) for each in sorted(distinct, key=repr)]


def _axis(
    stamps: Sequence[Instants], calendars: Sequence[Calendar], frequency: BarsFrequency
) -> Instants:
    """Stamps that are expected or stored, from the first to the last stored one."""
    held = [each for each in stamps if len(each)]
    if not held:
        return np.empty(0, np.int64)
    first, last = min(each[0] for each in held), max(each[-1] for each in held)
    span = Span(from_micros(int(first)), from_micros(int(last)) + TICK)
    expected = [index_micros(each.known_stamps(span, frequency)) for each in calendars]
    return joined_axis([*expected, *held])


def _column(
    batch: BarsBatch,
    name: Column,
    rows: Sequence[slice | npt.NDArray[np.intp]],
    index: pd.DatetimeIndex,
    symbols: pd.Index,
) -> pd.DataFrame:
    """One column of all symbols."""
    # A line for each symbol, as pandas keeps it.
    kind = np.float64 if name in NUMBERS else object
    lines = np.full((len(rows), len(index)), np.nan, dtype=kind)
    for line, part, at in zip(lines, batch.parts(batch.column(name)), rows, strict=True):
        line[at] = part
    frame = pd.DataFrame(lines.T, index=index, columns=symbols, copy=False)
    if name in NUMBERS:
        return frame
    # Flags with a third state for what is not there.
    return frame.astype(TEXT if name == "provider" else "boolean")
