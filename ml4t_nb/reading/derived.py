"""Bars of a frequency that is not stored, made of the bars of a dataset."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars, observed, within
from ml4t_nb.core.calendars.calendar import Calendar, as_period
from ml4t_nb.core.derive import derived
from ml4t_nb.core.gapfill import ExpectedGrid
from ml4t_nb.core.sources import source_of
from ml4t_nb.core.timestamps import TICK, Instants
from ml4t_nb.model import BarsFrequency
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.reading.requirements import require_as_wanted
from ml4t_nb.reading.symbol_bars import TEXT
from ml4t_nb.storage.manifest import Manifest

__all__ = ["derived_frame", "parts_request"]

_DAY = timedelta(days=1)


def parts_request(manifest: Manifest, request: BarsRequest) -> BarsRequest:
    """What is to be read for longer bars: all parts of each period that has one of the dates.

    And those of a day before and after, since a stamp may be off by the dataset's tolerance.
    """
    dates = _dates(manifest)
    first, last = _whole_periods(dates, request)
    known = dates.sessions
    return replace(
        request,
        start=first and max(first - _DAY, known.first),
        end=last and min(last + _DAY, known.last),
        columns=None,
        frequency=None,
    )


def derived_frame(manifest: Manifest, parts: Bars, request: BarsRequest) -> pd.DataFrame:
    """Bars of the request's frequency made of its ``parts``, which are adjusted, and all there.

    BarsDoubtful if the parts are not as required.
    """
    config, frequency = manifest.config, request.frequency
    assert frequency is not None, "nothing is to be derived"
    dates = _dates(manifest)
    if request.require is not None:
        range_ = _whole_periods(dates, request)
        span = dates.span(*range_, manifest.dataset.frequency)
        require_as_wanted(manifest, within(parts, span), range_, request.require)
    parts = parts if request.filled else observed(parts)
    longer = derived(
        parts,
        frequency,
        ExpectedGrid.of(manifest.dataset, config, dates),
        closed=[gap for gap in manifest.gaps if gap.state == "closed"],
        until=manifest.ended.on if manifest.ended else None,
    )
    frame = longer.bars.assign(complete=longer.is_complete)
    if "provider" in request.names:
        names = _providers(manifest, parts, longer.firsts)
        frame["provider"] = pd.Series(names, frame.index, dtype=TEXT)
    return within(frame, dates.span(request.start, request.end, frequency))


def _dates(manifest: Manifest) -> Calendar:
    return calendar(manifest.config.calendar, manifest.config.session_overrides)


def _whole_periods(dates: Calendar, request: BarsRequest) -> tuple[date | None, date | None]:
    """First and last date of the periods that the request's dates are in."""
    frequency: BarsFrequency = request.frequency or "daily"
    span = dates.span(request.start, request.end, frequency)
    if as_period(frequency) is None:
        return request.start, request.end
    first, last = span.start.date(), (span.end - TICK).date()
    known = dates.sessions
    return (
        None if request.start is None else max(first, known.first),
        None if request.end is None else min(last, known.last),
    )


def _providers(manifest: Manifest, parts: Bars, firsts: Instants) -> npt.NDArray[np.object_]:
    """The provider of each longer bar's parts, several joined by a plus; none of filled ones."""
    names = source_of(pd.DatetimeIndex(parts.index), manifest.sources, manifest.config.provider)
    names = np.where(parts["filled"], "", names)
    codes, known = pd.factorize(names)
    lowest, highest = np.minimum.reduceat(codes, firsts), np.maximum.reduceat(codes, firsts)
    found = np.asarray(known, dtype=object)[lowest]
    ends = np.append(firsts[1:], len(codes))
    for row in np.flatnonzero(lowest != highest):
        several = dict.fromkeys(names[firsts[row] : ends[row]].tolist())
        found[row] = "+".join(filter(None, several))
    return found
