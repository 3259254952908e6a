"""The verb that holds stored bars against those of another provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.events import Finished, Started
from ml4t_nb.model import Span
from ml4t_nb.options import as_symbols
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.reports import CompareReport, Difference, PriceScale
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.bars import snapshot_of
from ml4t_nb.verbs.look_ahead import LookAhead
from ml4t_nb.verbs.parameters import (
    AsOf,
    Class,
    End,
    Freq,
    Home,
    KnownOn,
    OneSymbol,
    PinName,
    Start,
    Version,
)
from ml4t_nb.verbs.past import as_known
from ml4t_nb.verbs.runs import ask_one
from ml4t_nb.verbs.select import days, latest

if TYPE_CHECKING:
    import pandas as pd

    from ml4t_nb.core.two_series import TwoSeries
    from ml4t_nb.workspace import Workspace

__all__ = ["compare"]

# Volumes of two providers count other venues, but in much the same proportion every day.
_VOLUMES_APART = 2.0


@served("job")
@verb
def compare(
    ws: Workspace,
    /,
    symbol: OneSymbol = (),
    *,
    with_: str | None = None,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Start = None,
    end: End = None,
    tolerance: float = 0.001,
    known_on: KnownOn = None,
    version: Version = None,
    pin: PinName = None,
    as_of: AsOf = None,
    home: Home = None,
) -> CompareReport:
    """Compare one dataset's bars with those of another provider; nothing is stored.

    Parameters
    ----------
    with_
        The other provider.
    tolerance
        Share by which two prices may differ and still agree.
    """
    from ml4t_nb.core.bars import PRICES, as_instant, observed
    from ml4t_nb.core.two_series import side_by_side
    from ml4t_nb.pipeline.compare import fetch_other
    from ml4t_nb.reading.one import view

    names = as_symbols(symbol)
    if len(names) != 1:
        raise OptionError("compare takes exactly one symbol", hint="name it, such as AAPL")
    if not with_:
        raise OptionError("compare needs another provider", hint="name it: --with PROVIDER")
    if not 0 <= tolerance < 1:
        raise OptionError(
            f"--tolerance {tolerance:g} must be at least 0 and below 1", hint="such as 0.001"
        )
    ws = as_known(ws.at(home), known_on, version, pin)
    moment = ws.resolve_as_of(as_of)
    snapshot = snapshot_of(ws, names[0], asset_class, frequency)
    manifest = snapshot.manifest
    ahead = LookAhead(ws, as_of)
    ahead.take(manifest)
    ours = observed(view(snapshot, BarsRequest(*days(start, end))))
    if ours.empty:
        raise OptionError(
            f"{manifest.dataset} has no bars in this range", hint="choose another --start and --end"
        )
    ws.observer(Started("compare", (manifest.dataset,)))
    wanted = _span_of(ours)
    other = ask_one(ws, moment, lambda context: fetch_other(context, manifest, with_, wanted))
    ws.observer(Finished(manifest.dataset, "unchanged"))
    ahead.told()
    both = side_by_side(ours, other.bars)
    differences = tuple(_differences(both, tolerance))
    agrees = both.agrees(tolerance).sum(axis=0).tolist()
    ratio, apart = _volumes(both)
    return CompareReport(
        dataset=manifest.dataset,
        provider=manifest.config.provider,
        other=with_,
        as_of=latest(moment, ()),
        tolerance=tolerance,
        common=len(both.one),
        agreeing=tuple(zip(PRICES, agrees, strict=True)),
        differences=differences,
        only_stored=tuple(map(as_instant, both.only_one)),
        only_other=tuple(map(as_instant, both.only_other)),
        scales=tuple(
            PriceScale(as_instant(both.one.index[first]), as_instant(both.one.index[last]), factor)
            for first, last, factor in both.stretches
        ),
        volume_ratio=ratio,
        volumes_apart=apart,
        notes=other.notes,
        stored_bars=ours,
        other_bars=other.bars,
        version=manifest.sequence,
        is_past=snapshot.is_past,
    )


def _span_of(bars: pd.DataFrame) -> Span:
    from ml4t_nb.core.bars import as_instant
    from ml4t_nb.core.timestamps import TICK

    return Span(as_instant(bars.index[0]), as_instant(bars.index[-1]) + TICK)


def _differences(both: TwoSeries, tolerance: float) -> Iterator[Difference]:
    """Prices that do not agree, the furthest apart first."""
    import numpy as np

    from ml4t_nb.core.bars import PRICES, as_instant, prices_of

    rows, columns = np.nonzero(~both.agrees(tolerance))
    shares = both.differences[rows, columns]
    stored, other = prices_of(both.one), prices_of(both.other)
    for at in np.argsort(-np.abs(shares), kind="stable").tolist():
        row, column = int(rows[at]), int(columns[at])
        yield Difference(
            stamp=as_instant(both.one.index[row]),
            column=PRICES[column],
            stored=float(stored[row, column]),
            other=float(other[row, column] / both.scale[row]),
            share=float(shares[at]),
        )


def _volumes(both: TwoSeries) -> tuple[float | None, int]:
    """The median ratio of volumes, and how many bars are far from it."""
    import numpy as np

    ratios = both.volume_ratios[np.isfinite(both.volume_ratios)]
    if not len(ratios):
        return None, 0
    usual = float(np.median(ratios))
    apart = np.maximum(ratios / usual, usual / ratios) > _VOLUMES_APART
    return usual, int(apart.sum())
