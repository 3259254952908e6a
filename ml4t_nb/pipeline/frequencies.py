"""Daily bars beside the intraday bars of their symbol, where these are stored too."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from ml4t_nb.core.adjust import adjusted, traded_bars
from ml4t_nb.core.bars import Bars, observed, prices_of
from ml4t_nb.core.findings import as_findings
from ml4t_nb.core.rules.intraday import outside_of_days
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.core.timestamps import TICK, from_micros, index_micros
from ml4t_nb.errors import Ml4tError
from ml4t_nb.finding import Finding
from ml4t_nb.model import Frequency, Span
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["beyond_their_days"]

# The longer the bars, the fewer are to be read.
_INTRADAY: tuple[Frequency, ...] = ("hourly", "30m", "15m", "5m", "1m")


def beyond_their_days(run: DatasetRun, real: Bars, allowed: Thresholds) -> tuple[Finding, ...]:
    """Findings of daily bars that do not hold the range of stored intraday bars.

    The finding is the daily dataset's: an intraday run finds nothing, and the next daily one does.
    """
    if run.dataset.frequency != "daily" or "intraday range" in allowed.off or real.empty:
        return ()
    known, days = run.calendar.sessions, index_micros(pd.DatetimeIndex(real.index))
    first, last = (int(np.searchsorted(known.days, day)) for day in (days[0], days[-1]))
    if last >= len(known):
        return ()
    span = Span(from_micros(int(known.opens[first])), from_micros(int(known.closes[last])))
    held = _held(run)
    stored = (_stored(run, each, span) for each in _INTRADAY if each in held)
    bars = next((each for each in stored if each is not None), None)
    if bars is None:
        return ()
    traded = traded_bars(real, run.config.basis)
    stamps = index_micros(pd.DatetimeIndex(bars.index))
    sessions = np.searchsorted(known.closes, stamps, side="right")
    # Before the open and after the close others trade, at other prices.
    inside = stamps >= known.opens[np.minimum(sessions, len(known) - 1)]
    found = outside_of_days(
        days, prices_of(traded), known.days[sessions[inside]], prices_of(bars)[inside], allowed
    )
    return as_findings(found, traded)


def _held(run: DatasetRun) -> Collection[Frequency]:
    """Frequencies in which the symbol may be stored."""
    dataset = run.dataset
    try:
        held = run.context.store.stored_as(dataset.symbol, dataset.asset_class)
    except Ml4tError:
        return _INTRADAY
    return {each.frequency for each in held}


def _stored(run: DatasetRun, frequency: Frequency, span: Span) -> Bars | None:
    """Observed bars of another frequency as they were traded; none if they cannot be read."""
    try:
        snapshot = run.context.store.snapshot(replace(run.dataset, frequency=frequency))
        return _in_span(snapshot, span)
    except Ml4tError:
        # What is wrong with another dataset is for that one to say.
        return None


def _in_span(snapshot: Snapshot, span: Span) -> Bars | None:
    manifest = snapshot.manifest
    if manifest.first is None or manifest.last is None:
        return None
    if not Span(manifest.first, manifest.last + TICK).meets(span):
        return None
    # Splits after the span are in the prices within it.
    real = observed(snapshot.bars(Span(span.start, manifest.last + TICK)))
    traded = adjusted(real, "raw", basis=manifest.config.basis)
    inside = traded[traded.index < pd.Timestamp(span.end)]
    return inside if len(inside) else None
