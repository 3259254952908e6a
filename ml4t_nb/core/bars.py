"""The Bars schema: what a frame of bars is, how one is made, merged and cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.timestamps import Instants, index_micros, to_micros
from ml4t_nb.errors import BarsInvalid
from ml4t_nb.model import Span

__all__ = [
    "COLUMNS",
    "NUMBERS",
    "PRICES",
    "STAMPS",
    "Bars",
    "Flags",
    "Numbers",
    "Places",
    "Split",
    "as_instant",
    "as_slice",
    "as_stamps",
    "concat",
    "empty_bars",
    "framed",
    "make_bars",
    "number_lines",
    "numbers_of",
    "observed",
    "prices_of",
    "require_bars",
    "rows_in_common",
    "splits_in",
    "upsert",
    "with_numbers",
    "within",
]

Bars: TypeAlias = pd.DataFrame
"""A frame that `require_bars` lets pass."""

Numbers: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Places: TypeAlias = npt.NDArray[np.intp]
Split: TypeAlias = tuple[pd.Timestamp, float]

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume", "dividend", "split")
COLUMNS = (*NUMBERS, "filled")
STAMPS = pd.DatetimeTZDtype(unit="us", tz="UTC")

_NAMES = pd.Index(COLUMNS)
_KINDS = [np.dtype("float64")] * len(NUMBERS) + [np.dtype(bool)]
# Before 3 a shallow copy in pandas shares what is written to it later.
_COPIES_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3  # noqa: PLR2004
# From so many rows on, leaving a column out takes pandas less time than copying the others.
_LONG = 10_000
_DEFAULTS = {"volume": 0.0, "dividend": 0.0, "split": 1.0}


def as_stamps(stamps: Any) -> pd.DatetimeIndex:  # noqa: ANN401  # whatever pandas reads as stamps
    """``stamps`` as the index ``timestamp`` in UTC microseconds; naive ones are UTC."""
    index = pd.DatetimeIndex(stamps)
    # By way of numpy: with what pandas inferred of a regular index equal bars would differ.
    # Integers are instants in UTC, which need not be localized.
    instants = index.asi8 if index.unit == "us" else index.to_numpy("M8[us]").view(np.int64)
    return pd.DatetimeIndex(instants, dtype=STAMPS, name="timestamp", copy=True)


def make_bars(stamps: Any, columns: Mapping[str, Any], *, filled: Any = False) -> Bars:  # noqa: ANN401
    """Bars of the given stamps, in their order and with their faults, ready for validation.

    Parameters
    ----------
    stamps
        Anything pandas reads as stamps; naive ones are UTC.
    columns
        Array-likes by name; the four prices are required, ``volume``, ``dividend`` and ``split``
        default to 0, 0 and 1, others are left out.

    Raises
    ------
    BarsInvalid
        If a price is missing, or a column holds something other than numbers.
    """
    index = as_stamps(stamps)
    numbers = np.empty((len(NUMBERS), len(index)))
    flags = np.empty(len(index), dtype=bool)
    try:
        for line, name in zip(numbers, NUMBERS, strict=True):
            _lay(columns[name] if name in columns or name in PRICES else _DEFAULTS[name], line)
        _lay(filled, flags)
    except KeyError as error:
        raise BarsInvalid(f"bars need a column {error.args[0]!r}") from error
    except (TypeError, ValueError) as error:
        raise BarsInvalid(f"the columns of bars must be numeric:  {error}") from error
    return framed(index, numbers, flags)


def _lay(given: Any, line: npt.NDArray[Any]) -> None:  # noqa: ANN401
    values = np.asarray(given, dtype=line.dtype)
    # Numpy would repeat a single value of a list, too.
    if values.shape not in ((), line.shape):
        raise ValueError(f"{values.size} values for {line.size} stamps")
    line[:] = values


def framed(stamps: pd.DatetimeIndex, numbers: Numbers, filled: Flags) -> Bars:
    """Bars that share the memory of ``numbers``, a line for each of ``NUMBERS``."""
    # The names last: pandas looks each one up in an index of Arrow strings, at 30 us a name.
    bars = pd.DataFrame(numbers.T, index=stamps, copy=False)
    bars.insert(len(NUMBERS), len(NUMBERS), filled)
    bars.columns = _NAMES
    return bars


def number_lines(bars: Bars) -> tuple[Numbers, Flags]:
    """A line for each of ``NUMBERS``, and the flags, of which nothing may be written to."""
    if len(bars) < _LONG:
        # The flags come along as 0 and 1: leaving them out first takes pandas ten times as long.
        lines = bars.to_numpy(dtype="float64").T
        return _unwritable(lines[:-1]), _unwritable(lines[-1].astype(bool))
    # Without a copy, unless the columns lie in several blocks.
    lines = bars.iloc[:, : len(NUMBERS)].to_numpy(dtype="float64").T
    return _unwritable(lines), _unwritable(bars["filled"].to_numpy())


def _unwritable(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = values[:]
    view.flags.writeable = False
    return view


def numbers_of(bars: Bars) -> Numbers:
    """The columns of ``NUMBERS``, a row a bar, which may not be written to."""
    return number_lines(bars)[0].T


def with_numbers(bars: Bars, numbers: Numbers) -> Bars:
    """``bars`` with other numbers, a row a bar; the stamps and the flags stay as they are."""
    flags = bars["filled"].to_numpy(copy=True)
    return framed(pd.DatetimeIndex(bars.index), numbers.T, flags)


def prices_of(bars: Bars) -> Numbers:
    """Open, high, low and close, a row a bar, which may not be written to."""
    return numbers_of(bars)[:, : len(PRICES)]


def empty_bars() -> Bars:
    """No bars."""
    return make_bars([], dict.fromkeys(PRICES, ()))


def require_bars(frame: pd.DataFrame) -> Bars:
    """``frame`` itself, if it is Bars.

    The index ``timestamp`` is datetime64[us, UTC], unique and increasing; the columns are those
    of ``COLUMNS``, in that order, float64 but for the boolean ``filled``.

    Raises
    ------
    BarsInvalid
        If it is not.
    """
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex) or index.dtype != STAMPS:
        raise BarsInvalid(f"bars must be indexed by {STAMPS}, not {index.dtype}")
    if index.name != "timestamp":
        raise BarsInvalid(f"the index of bars must be named 'timestamp', not {index.name!r}")
    if not frame.columns.is_(_NAMES) and not frame.columns.equals(_NAMES):
        raise BarsInvalid(f"bars must have the columns {', '.join(COLUMNS)}")
    kinds = frame.dtypes.tolist()
    for name, kind, wanted in zip(COLUMNS, kinds, _KINDS, strict=True):
        if kind != wanted:
            raise BarsInvalid(f"the column {name!r} of bars is {wanted}, not {kind}")
    stamps = index.asi8
    # By numpy: pandas builds a table of all stamps to see whether they are unique.
    if not (stamps[:-1] < stamps[1:]).all() or index.hasnans:
        raise BarsInvalid("the stamps of bars must be strictly increasing")
    return frame


def as_instant(stamp: Any) -> datetime:  # noqa: ANN401  # a stamp as pandas or numpy hands it out
    """``stamp`` as a plain datetime, aware, UTC; a naive one is UTC."""
    instant = pd.Timestamp(stamp)
    instant = instant.tz_localize("UTC") if instant.tzinfo is None else instant
    return instant.to_pydatetime().astimezone(UTC)


def within(bars: Bars, span: Span) -> Bars:
    """Bars whose stamps are in ``span``."""
    ends = [to_micros(span.start), to_micros(span.end)]
    first, stop = np.searchsorted(index_micros(bars.index), ends).tolist()
    return bars.iloc[first:stop]


def rows_in_common(stamps: Instants, others: Instants) -> tuple[Places, Places]:
    """Rows of the stamps that both have, on either side; both are increasing."""
    places = np.searchsorted(stamps, others)
    is_held = places < len(stamps)
    is_held[is_held] = stamps[places[is_held]] == others[is_held]
    return places[is_held], np.flatnonzero(is_held)


def as_slice(places: Places) -> Places | slice:
    """The same rows, increasing, as a slice if they adjoin: what it takes is no copy."""
    if len(places) and places[-1] - places[0] == len(places) - 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def upsert(stored: Bars, fetched: Bars) -> Bars:
    """Stored bars with the fetched ones laid over them; a filled never replaces an observed.

    Idempotent: fetching the same bars again changes nothing.
    """
    if stored.empty or fetched.empty:
        return stored if fetched.empty else fetched
    # As plain arrays: joining and sorting frames takes a millisecond, and sorting millions of
    # stamps, which are in order on either side, a second.
    held = index_micros(require_bars(stored).index)
    stamps = index_micros(require_bars(fetched).index)
    (lines, flags), (laid, made) = number_lines(stored), number_lines(fetched)
    places = np.searchsorted(held, stamps)
    is_held = places < len(held)
    is_held[is_held] = held[places[is_held]] == stamps[is_held]
    if made.any():
        wins = ~(made & is_held)
        wins[~wins] = flags[places[~wins]]
        stamps, laid, made = stamps[wins], laid[:, wins], made[wins]
        places, is_held = places[wins], is_held[wins]
    # Each stored row moves down by the new ones before it.
    rows = places + np.cumsum(~is_held) - ~is_held
    count = len(held) + int((~is_held).sum())
    is_kept = np.ones(count, dtype=bool)
    is_kept[rows[~is_held]] = False
    index, numbers = np.empty(count, dtype=np.int64), np.empty((len(NUMBERS), count))
    filled = np.empty(count, dtype=bool)
    for line, old, new in (
        (index, held, stamps),
        (filled, flags, made),
        *zip(numbers, lines, laid, strict=True),
    ):
        line[is_kept] = old
        line[rows] = new
    return framed(pd.DatetimeIndex(index, dtype=STAMPS, name="timestamp"), numbers, filled)


def observed(bars: Bars) -> Bars:
    """Bars that a provider served, without those made by filling."""
    filled = bars["filled"].to_numpy()
    return bars[~filled] if filled.any() else bars.copy(deep=not _COPIES_ON_WRITE)


def splits_in(bars: Bars) -> tuple[Split, ...]:
    """Ex-date and ratio of the splits that bars report, oldest first."""
    ratios: Numbers = bars["split"].to_numpy()
    rows = np.flatnonzero(ratios != 1)
    if not rows.size:
        return ()
    stamps = pd.DatetimeIndex(bars.index[rows])
    return tuple(zip(stamps, ratios[rows].tolist(), strict=True))


def concat(parts: Sequence[Bars]) -> Bars:
    """Parts one after the other, as they are; no bars if there are no parts."""
    held = [part for part in parts if len(part)] or [*parts[:1]]
    if len(held) == 1:
        return held[0]
    return pd.concat(held) if held else empty_bars()
