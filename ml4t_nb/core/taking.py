"""Which bars of another provider are to be taken into a dataset, and what they are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import (
    PRICES,
    Bars,
    Flags,
    Numbers,
    as_stamps,
    observed,
    prices_of,
    upsert,
    within,
)
from ml4t_nb.core.borne import borne_again
from ml4t_nb.core.gap_detection import StampMatch
from ml4t_nb.core.gapfill import ExpectedGrid
from ml4t_nb.core.joins import JoinFault, joins_of
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.core.two_series import side_by_side
from ml4t_nb.finding import Finding, Rule
from ml4t_nb.model import Basis, CarriedAction, Gap, Span, TakenKind

__all__ = ["OF_VOLUMES", "Taking", "Wanted", "taking_of", "wanted_of"]

OF_VOLUMES: frozenset[Rule] = frozenset({"no volume", "zero volume", "high volume"})
_OF_DIVIDENDS: frozenset[Rule] = frozenset(
    {"large dividend", "repeated dividend", "dividend unit", "unknown symbol"}
)
_ABSENT: tuple[TakenKind, ...] = ("missing", "rejected")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Stamps that a person asked for: of whole bars by kind, and of volumes alone."""

    bars: Mapping[TakenKind, pd.DatetimeIndex]
    volumes: pd.DatetimeIndex

    @property
    def stamps(self) -> pd.DatetimeIndex:
        """All of them."""
        return _joined((*self.bars.values(), self.volumes))


@dataclass(frozen=True, slots=True)
class Taking:
    """A dataset's observed bars with what is taken from another provider.

    Parameters
    ----------
    bars
        On the stored basis; what is not taken is as it was, bit for bit.
    chosen
        What is taken, by kind.
    agreed
        Suspect bars that both have alike: they are not taken.
    events
        Taken bars for which the other reports a split or a dividend that is not stored: neither is
        taken.
    scale
        By stamp chosen, what the other's prices are divided by; exactly one of `joins.UNITS` where
        it is that but for rounding.
    """

    bars: Bars
    carried: tuple[CarriedAction, ...]
    chosen: Wanted
    agreed: pd.DatetimeIndex
    events: pd.DatetimeIndex
    scale: Numbers


def wanted_of(
    kinds: Collection[TakenKind],
    bars: Bars,
    gaps: Collection[Gap],
    findings: Iterable[Finding],
    *,
    grid: ExpectedGrid,
    span: Span,
) -> Wanted:
    """What of a dataset in ``span`` is of the ``kinds``: of those that differ, all bars.

    Of a finding about dividends nothing is, since another provider's are not taken.
    """
    real = within(observed(bars), span)
    held = pd.DatetimeIndex(real.index)
    suspect = [
        each
        for each in findings
        if each.is_open and each.severity == "warning" and each.rule not in _OF_DIVIDENDS
    ]
    whole = {
        "missing": _absent(gaps, grid, span, is_rejected=False),
        "rejected": _absent(gaps, grid, span, is_rejected=True),
        "suspect": _bars_of((each for each in suspect if each.rule not in OF_VOLUMES), real),
        "different": held,
    }
    volumes = []
    if "suspect" in kinds:
        volumes.append(_bars_of((each for each in suspect if each.rule in OF_VOLUMES), real))
    if "volume" in kinds:
        volumes.append(held[(real["volume"] == 0).to_numpy()])
    return Wanted({kind: whole[kind] for kind in kinds if kind in whole}, _joined(volumes))


def taking_of(
    wanted: Wanted,
    bars: Bars,
    other: Bars,
    *,
    carried: tuple[CarriedAction, ...],
    grid: ExpectedGrid,
    tolerance: float,
) -> Taking | JoinFault:
    """The bars with what ``other`` has of what is wanted; or the bar that cannot be joined.

    Splits and dividends stay as they are stored.

    Parameters
    ----------
    other
        Observed bars on one split basis, whichever.
    """
    real, basis = observed(bars), grid.basis
    ours = adjusted(real, "splits", basis=basis)
    chosen = _chosen(wanted, ours, other, grid, tolerance)
    joins = joins_of(ours, other, _joined(chosen.bars.values()), chosen.stamps)
    if joins.fault is not None:
        return joins.fault
    theirs = other.loc[chosen.stamps]
    rows = theirs.assign(volume=theirs["volume"] * joins.volume_factor)
    rows[list(PRICES)] = prices_of(rows) / joins.scale[:, np.newaxis]
    suspect = chosen.bars.get("suspect", as_stamps([]))
    agreed = suspect[_are_near(ours.loc[suspect], rows.loc[suspect], tolerance)]
    kept = chosen.stamps.difference(agreed)
    chosen = Wanted(
        {kind: each.intersection(kept) for kind, each in chosen.bars.items()}, chosen.volumes
    )
    rows = _laid_over(ours, rows.loc[kept], chosen.volumes)
    merged, carried = _merged(real, ours, rows, carried, basis)
    here, there = merged.loc[kept], other.loc[kept]
    is_event = ((there["split"] != 1) & (here["split"] == 1)) | (
        (there["dividend"] != 0) & (here["dividend"] == 0)
    )
    scale = joins.scale[theirs.index.isin(kept)]
    return Taking(merged, carried, chosen, agreed, kept[is_event.to_numpy()], scale)


def _chosen(
    wanted: Wanted, ours: Bars, other: Bars, grid: ExpectedGrid, tolerance: float
) -> Wanted:
    """What of the wanted the other provider has, each stamp once."""
    found: dict[TakenKind, pd.DatetimeIndex] = {}
    for kind, stamps in wanted.bars.items():
        if kind in _ABSENT:
            found[kind] = _served(
                stamps, pd.DatetimeIndex(other.index.difference(ours.index)), grid
            )
        else:
            found[kind] = stamps[stamps.isin(other.index)]
    if "different" in found:
        before = found["different"].difference(found.get("suspect", as_stamps([])))
        left = ours if "suspect" not in found else ours.drop(found["suspect"])
        both = side_by_side(left, other)
        alike = both.agrees(tolerance).all(axis=1)
        found["different"] = before[before.isin(both.one.index[np.flatnonzero(~alike)])]
    traded = other.index[(other["volume"] > 0).to_numpy()]
    volumes = wanted.volumes[wanted.volumes.isin(traded)]
    return Wanted(found, volumes.difference(_joined(found.values())))


def _absent(
    gaps: Iterable[Gap], grid: ExpectedGrid, span: Span, *, is_rejected: bool
) -> pd.DatetimeIndex:
    """Stamps of gaps in ``span``, filled ones too; of a closed one nothing is missing."""
    return _joined(
        grid.calendar.stamps(part, grid.frequency)
        for gap in gaps
        if gap.state != "closed" and (gap.state == "rejected") == is_rejected
        for part in [Span(max(gap.start, span.start), min(gap.span.end, span.end))]
        if part
    )


def _served(
    expected: pd.DatetimeIndex, stamps: pd.DatetimeIndex, grid: ExpectedGrid
) -> pd.DatetimeIndex:
    """Stamps of bars that are those expected."""
    if expected.empty or stamps.empty:
        return stamps[:0]
    match = StampMatch(stamps, expected, grid.slack)
    return pd.DatetimeIndex(stamps.difference(match.extra).difference(match.doubled))


def _bars_of(findings: Iterable[Finding], bars: Bars) -> pd.DatetimeIndex:
    """Stamps of the bars that findings are of."""
    return _joined(
        pd.DatetimeIndex(within(bars, Span(each.stamp, (each.end or each.stamp) + TICK)).index)
        for each in findings
        if each.stamp is not None
    )


def _are_near(one: Bars, other: Bars, tolerance: float) -> Flags:
    apart = np.abs(prices_of(other) / prices_of(one) - 1)
    return np.asarray((apart <= tolerance).all(axis=1))


def _laid_over(ours: Bars, rows: Bars, volumes: pd.DatetimeIndex) -> Bars:
    """Rows as they are to be stored: a volume that only one side has is kept.

    Of ``volumes`` alone, prices stay.
    """
    rows = rows.copy()
    stored = ours.loc[rows.index.intersection(ours.index)]
    lost = stored.index[(rows.loc[stored.index, "volume"] == 0).to_numpy()]
    rows.loc[lost, "volume"] = stored.loc[lost, "volume"]
    rows.loc[volumes, list(PRICES)] = stored.loc[volumes, list(PRICES)]
    return rows


def _merged(
    real: Bars, ours: Bars, rows: Bars, carried: tuple[CarriedAction, ...], basis: Basis
) -> tuple[Bars, tuple[CarriedAction, ...]]:
    """Stored bars with ``rows``, which are on one split basis, and what they carry then.

    A split or a dividend of a day that was missing moves back to its bar.
    """
    if rows.empty:
        return real, carried
    held = real.reindex(rows.index)
    new = rows.assign(dividend=held["dividend"].fillna(0.0), split=held["split"].fillna(1.0))
    merged, carried = borne_again(upsert(real, new), carried, basis)
    if basis == "split-adjusted":
        return merged, carried
    steps = upsert(ours, rows).assign(split=merged["split"], dividend=0.0)
    raw = adjusted(steps, "raw", basis="split-adjusted").loc[rows.index]
    # What is not moved is not to be rounded.
    alike = (rows[list(PRICES)] == ours[list(PRICES)].reindex(rows.index)).all(axis=1)
    same = rows.index[alike.to_numpy()]
    raw.loc[same, list(PRICES)] = real.loc[same, list(PRICES)]
    return upsert(merged, raw.assign(dividend=merged.loc[rows.index, "dividend"])), carried


def _joined(parts: Iterable[pd.Index[pd.Timestamp]]) -> pd.DatetimeIndex:
    instants = [pd.DatetimeIndex(part).to_numpy("M8[us]") for part in parts]
    return as_stamps(np.unique(np.concatenate(instants)) if instants else [])
