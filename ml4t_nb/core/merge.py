"""Merging fetched bars with stored ones, once they have been compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import prod

import numpy as np
import pandas as pd

from ml4t_nb.core.adjust import rescale
from ml4t_nb.core.bars import (
    NUMBERS,
    PRICES,
    Bars,
    as_instant,
    as_stamps,
    concat,
    upsert,
)
from ml4t_nb.core.basis import contradiction
from ml4t_nb.core.neighbours import kept_finding
from ml4t_nb.core.overlap import PENDING, compare, unrestated_splits
from ml4t_nb.core.price_ratio import unit_between
from ml4t_nb.core.request_spans import JOIN
from ml4t_nb.core.restatement import Split, splits_in
from ml4t_nb.errors import Overtaken, SplitPending, Suspicious
from ml4t_nb.model import Basis, DatasetId, Finding, LoadArguments, NextStep
from ml4t_nb.records import Restatement, Revision, Verdict

__all__ = ["MergePolicy", "Merged", "NeedsHistory", "merge"]

_STEADY = 1e-3
_EXACT = 1e-6
_SIMPLE = 20
_UNITS = (
    "nothing was written; is it another unit, such as pence instead of pounds? convert the "
    "prices to the stored "
    "unit, or, if they are right and the stored ones are not"
)


@dataclass(frozen=True, slots=True)
class MergePolicy:
    """How fetched bars may be merged with stored ones.

    Parameters
    ----------
    dataset
        Whose bars they are: hints name it.
    basis
        An as-traded series is never restated: its splits come as events.
    is_whole
        The fetched bars are all that the provider has from the first stored bar on.
    accept
        Take the provider's view where it contradicts the stored one.
    is_overtaken
        Another writer has committed as of a later instant: only bars it lacks are added.
    unnamed
        Ratios by which the history was recently restated without a reported split.
    provider
        Whose bars are fetched, by name.
    acceptance
        The update that takes this provider's view.
    reported
        Splits that are new on stored bars of days without a sound row.
    """

    dataset: DatasetId
    basis: Basis
    is_whole: bool
    accept: bool
    is_overtaken: bool
    unnamed: tuple[float, ...]
    provider: str
    acceptance: NextStep
    reported: tuple[Split, ...] = ()


@dataclass(frozen=True, slots=True)
class NeedsHistory:
    """The fetched bars do not suffice to judge: the whole history is to be fetched."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Observed bars as they are to be stored, and how they differ from before."""

    bars: Bars
    verdict: Verdict | None
    added: int
    revised: int
    revisions: tuple[Revision, ...] = ()
    restatement: Restatement | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def merge(stored: Bars, fetched: Bars, policy: MergePolicy) -> Merged | NeedsHistory:
    """Compare every bar in common, then merge, rebase, or refuse.

    Parameters
    ----------
    stored
        Observed bars of the dataset, from before the first fetched one to the end.
    fetched
        Final bars on the split basis of the last bar that will be stored.

    Raises
    ------
    Suspicious
        If the whole history was fetched and still contradicts what is stored, or itself.
    Overtaken
        If another writer, further on, has stored a history on another basis.
    """
    if stored.empty:
        _require_one_basis(fetched, policy)
        return Merged(fetched, None, added=len(fetched), revised=0)
    found = compare(
        stored, fetched, basis=policy.basis, unnamed=policy.unnamed, reported=policy.reported
    )
    verdict = found.verdict
    if verdict in ("same", "corrected"):
        outliers = concat(found.outliers) if found.outliers else fetched[:0]
        taken = fetched if policy.accept else fetched[~fetched.index.isin(outliers.index)]
        merged = upsert(taken, stored) if policy.is_overtaken else upsert(stored, taken)
        doubt = "" if policy.accept else _contradiction(merged, stored, policy.basis)
        if doubt and not policy.is_whole and not policy.is_overtaken:
            return NeedsHistory()
        if doubt:
            raise _refused(doubt, policy)
        revisions = () if policy.is_overtaken else found.revisions
        revised = len({revision.stamp for revision in revisions})
        revised += len(outliers) if policy.accept else 0
        kept = tuple(kept_finding(stored, each, policy.acceptance) for each in found.outliers)
        added = len(merged) - len(stored)
        return Merged(
            merged, verdict, added, revised, revisions, findings=() if policy.accept else kept
        )
    if policy.is_overtaken:
        raise Overtaken(
            "another run, as of a later time, has stored this history on another basis",
            hint=("run it again: ", NextStep("update", policy.dataset)),
        )
    if not policy.is_whole:
        return NeedsHistory()
    _require_one_unit(stored, fetched, found.restatement, policy)
    if verdict == "suspicious" and not policy.accept:
        raise _refused(
            f"the provider's history contradicts the stored one: {found.reason}",
            policy,
            is_pending=found.is_pending,
        )
    if verdict == "insufficient" and not policy.accept and len(stored) >= JOIN:
        raise Suspicious(
            f"the provider's bars cannot be joined to the stored ones: {found.reason}",
            hint=(
                "nothing was written; export the stored bars: ",
                NextStep("export", policy.dataset),
                ", then remove it and load it again",
            ),
        )
    if verdict == "insufficient" and not policy.accept:
        _require_one_basis(fetched, policy)
    return _replaced(stored, fetched, policy.dataset, verdict, found.restatement)


def _require_one_unit(
    stored: Bars, fetched: Bars, restatement: Restatement | None, policy: MergePolicy
) -> None:
    """Raise Suspicious if prices are in pence where the stored ones are in pounds."""
    unit = "" if policy.accept else unit_between(stored, fetched)
    if unit and not (restatement and restatement.splits):
        raise Suspicious(
            f"the prices of {policy.provider} are {unit}, and no split explains it",
            hint=(f"{_UNITS}, `", policy.acceptance, "`"),
        )


def _refused(what: str, policy: MergePolicy, *, is_pending: bool = False) -> Suspicious:
    kind = SplitPending if is_pending else Suspicious
    return kind(
        what,
        hint=(
            "nothing was written; the next update tries again, and `",
            policy.acceptance,
            "` accepts the provider's history",
        ),
    )


def _contradiction(merged: Bars, stored: Bars, basis: Basis) -> str:
    """Which splits, reported since, prices contradict; those that were stored before are known."""
    known = {split for split in splits_in(stored) if split[0] > stored.index[0]}
    return contradiction(merged, basis, known)


def _require_one_basis(fetched: Bars, policy: MergePolicy) -> None:
    """Raise Suspicious if bars with no stored counterpart contradict their splits."""
    if policy.basis == "as-traded":
        doubt = contradiction(fetched, policy.basis, set())
        if doubt:
            raise Suspicious(
                doubt, hint="nothing was written; does the provider quote on another basis?"
            )
        return
    mixed = unrestated_splits(fetched)
    if mixed:
        stamp, ratio = mixed[-1]
        kind = SplitPending if as_instant(fetched.index[-1]) - stamp < PENDING else Suspicious
        raise kind(
            f"{policy.provider} reports the split {ratio:g}:1 of {stamp:%Y-%m-%d} "
            "but has not restated the bars before it",
            hint=(
                "load again in a day or two, or load only from that day on: ",
                NextStep("load", policy.dataset, source=LoadArguments(start=stamp.date())),
            ),
        )


def _replaced(
    stored: Bars,
    fetched: Bars,
    dataset: DatasetId,
    verdict: Verdict,
    restatement: Restatement | None,
) -> Merged:
    kept = stored[~stored.index.isin(fetched.index)]
    steps = splits_in(fetched) if restatement is None else restatement.splits
    is_explained = restatement is not None and bool(restatement.splits)
    rebased = _rebased(kept, stored, fetched, dataset, steps, is_explained=is_explained)
    merged = upsert(rebased, fetched)
    common = stored.index.intersection(fetched.index)
    differs = (stored.loc[common, list(NUMBERS)] != fetched.loc[common, list(NUMBERS)]).any(axis=1)
    notes: tuple[str, ...] = ()
    if len(kept):
        notes = (f"kept {len(kept)} bars that the provider no longer serves, on the same basis",)
    if restatement is not None:
        restatement = Restatement(restatement.ratio, restatement.splits, kept=len(kept))
        if not restatement.splits:
            notes = (
                *notes,
                "the provider does not yet report a split that explains the restatement",
            )
    return Merged(
        bars=merged,
        verdict=verdict,
        added=len(merged) - len(stored),
        revised=int(differs.sum()),
        restatement=restatement,
        notes=notes,
    )


def _rebased(
    kept: Bars,
    stored: Bars,
    fetched: Bars,
    dataset: DatasetId,
    splits: Sequence[tuple[datetime, float]],
    *,
    is_explained: bool,
) -> Bars:
    """Bars the provider no longer serves, each on the basis of the common bars nearest to it.

    Parameters
    ----------
    splits
        Ex-dates and ratios, in order. At an ex-date the ratio may change: bars across one tell
        nothing of each other.
    is_explained
        The splits are those of a restatement, so their product stands in where no bar is in
        common; other splits may be in the stored prices already.

    Raises
    ------
    Suspicious
        If those bars do not agree on one ratio, so that there is no basis to convert it to.
    """
    if kept.empty:
        return kept
    common = stored.index.intersection(fetched.index)
    ratios = (
        stored.loc[common, list(PRICES)].to_numpy() / fetched.loc[common, list(PRICES)].to_numpy()
    )
    edges = as_stamps([at for at, _ in splits])
    cuts = [0, *common.searchsorted(edges).tolist(), len(common)]
    eras = edges.searchsorted(kept.index, side="right")
    places = common.searchsorted(kept.index)
    parts = []
    for era, place in np.unique(np.column_stack([eras, places]), axis=0).tolist():
        run = kept[(eras == era) & (places == place)]
        near = ratios[_nearest(place, cuts[era], cuts[era + 1])]
        if not near.size and is_explained:
            near = np.array([prod(ratio for _, ratio in splits[era:])])
        if not near.size or near.max() - near.min() > _STEADY * near.min():
            raise Suspicious(
                f"{len(run)} stored bars that the provider no longer serves "
                "cannot be converted to its basis",
                hint=(
                    "export them: ",
                    NextStep(
                        "export", dataset, start=run.index[0].date(), end=run.index[-1].date()
                    ),
                    ", then remove them and update again",
                ),
            )
        parts.append(rescale(run, _meant(float(np.median(near)), splits)))
    return pd.concat(parts)


def _nearest(place: int, first: int, stop: int) -> slice:
    """The three common bars from ``place`` on, or the last before ``stop`` where there are fewer.

    Only those from ``first`` to ``stop`` count.
    """
    if place + JOIN <= stop:
        return slice(place, place + JOIN)
    return slice(max(stop - JOIN, first), stop)


def _meant(ratio: float, splits: Sequence[tuple[datetime, float]]) -> float:
    """The ratio that a measured one, blurred by rounded prices, represents.

    That of the last few splits the provider names, or else a simple one if it is as good as
    measured: a spin-off moves prices by any ratio, and must not be rounded to the next split.
    """
    named = [prod(each for _, each in splits[start:]) for start in range(len(splits))]
    for candidate in named:
        if abs(candidate / ratio - 1) < _STEADY:
            return candidate
    near = float(Fraction(ratio).limit_denominator(_SIMPLE))
    return near if abs(near / ratio - 1) < _EXACT else ratio
