"""Bars of one dataset's snapshot, adjusted and checked as a reader asked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.adjust import adjusted, inexact_weeks
from ml4t_nb.core.bars import STAMPS, Bars, observed, within
from ml4t_nb.core.sources import source_of
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Adjustment
from ml4t_nb.reading.batch import BatchReader, framed_batch, is_in_arrays
from ml4t_nb.reading.derived import derived_frame, parts_request
from ml4t_nb.reading.origin import Origin, described
from ml4t_nb.reading.request import BarsRequest, is_derived_of
from ml4t_nb.reading.requirements import require_as_wanted
from ml4t_nb.reading.symbol_bars import TEXT
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["read_bars", "view"]


def read_bars(snapshot: Snapshot, request: BarsRequest) -> pd.DataFrame:
    """The bars that a reader asked for, if they are as required.

    OptionError if the adjustment cannot be shown, BarsDoubtful if the bars are not as required,
    ChunkCorrupt if a file is damaged.
    """
    manifest = snapshot.manifest
    dataset, frequency = manifest.dataset, request.frequency
    if is_derived_of(dataset, request):
        parts = view(snapshot, parts_request(manifest, request))
        made = derived_frame(manifest, parts, request)
        origin = Origin.of(
            request,
            [manifest],
            frequency,
            derived_from=dataset.frequency,
            incomplete=int((~made["complete"]).sum()),
        )
        return described(made[[*request.names]], origin)
    if "complete" in request.names and frequency is None:
        raise OptionError(
            "the column 'complete' is one of derived bars", hint="leave it out of the columns"
        )
    read = _in_arrays if is_in_arrays(snapshot, request) else _in_a_frame
    return described(read(snapshot, request), Origin.of(request, [manifest], dataset.frequency))


def _in_arrays(snapshot: Snapshot, request: BarsRequest) -> pd.DataFrame:
    """Only what is shown is read."""
    snapshot.require_sizes(snapshot.manifest.chunks)
    reader = BatchReader([snapshot], request)
    reader.take(snapshot)
    batch = reader.batch()
    stamps = pd.DatetimeIndex(batch.stamps, dtype=STAMPS, name="timestamp", copy=False)
    return framed_batch(batch, stamps, request.names)


def _in_a_frame(snapshot: Snapshot, request: BarsRequest) -> pd.DataFrame:
    seen = view(snapshot, request)
    if request.require is not None:
        range_ = (request.start, request.end)
        require_as_wanted(snapshot.manifest, seen, range_, request.require)
    seen = seen if request.filled else observed(seen)
    if "complete" in request.names:
        # Beside derived ones of other datasets.
        seen = seen.assign(complete=~seen["filled"])
    if "provider" in request.names:
        seen = _with_providers(seen, snapshot.manifest)
    return seen if request.columns is None else seen[[*request.names]]


def view(snapshot: Snapshot, request: BarsRequest) -> Bars:
    """Bars of the request's dates, adjusted; filled ones too."""
    manifest, adjust = snapshot.manifest, request.adjust
    dates = calendar(manifest.config.calendar)
    span = dates.span(request.start, request.end, manifest.dataset.frequency)
    if adjust == "splits" and manifest.config.basis == "split-adjusted":
        return snapshot.bars(None if request.is_whole else span)
    # A view depends on the splits and dividends of later bars, so it is cut afterwards.
    return within(_adjusted(snapshot, adjust), span)


def _adjusted(snapshot: Snapshot, adjust: Adjustment) -> Bars:
    """The whole series; of weeks, a split or dividend in one needs the days around it."""
    config, dataset = snapshot.manifest.config, snapshot.manifest.dataset
    whole = snapshot.bars()
    is_weekly = dataset.frequency == "weekly"
    if is_weekly and (weeks := inexact_weeks(whole, adjust, basis=config.basis)):
        raise OptionError(
            f"the week of {weeks[-1]:%Y-%m-%d} cannot be shown as {adjust!r}: "
            "its split or dividend fell between days",
            hint=f"load daily bars of {dataset.symbol} and adjust those",
        )
    return adjusted(whole, adjust, basis=config.basis)


def _with_providers(seen: Bars, manifest: Manifest) -> pd.DataFrame:
    """Bars with the name of each one's provider; a filled one has none."""
    stamps = pd.DatetimeIndex(seen.index)
    names = source_of(stamps, manifest.sources, manifest.config.provider)
    shown = np.where(seen["filled"], "", names)
    return seen.assign(provider=pd.Series(shown, seen.index, dtype=TEXT))
