"""Merging fetched bars with stored ones, once they have been compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import (
    NUMBERS,
    Bars,
    Split,
    as_instant,
    concat,
    prices_of,
    splits_in,
    upsert,
)
from ml4t_nb.core.basis import contradiction
from ml4t_nb.core.neighbours import kept_finding
from ml4t_nb.core.overlap import PENDING, Comparison, compare_overlap, unrestated_splits
from ml4t_nb.core.rebased import rebased
from ml4t_nb.core.request_spans import JOIN
from ml4t_nb.core.validation import KeptOut, rows_kept_out
from ml4t_nb.errors import Overtaken, SplitPending, Suspicious
from ml4t_nb.finding import Finding
from ml4t_nb.model import Basis, DatasetId, LoadArguments, NextStep
from ml4t_nb.records import Restatement, Revision, Verdict

__all__ = ["MergePolicy", "Merged", "merge", "unit_between"]

_UNITS = {
    100.0: "100 times",
    1000.0: "1000 times",
    0.01: "a hundredth of",
    0.001: "a thousandth of",
}
# Two providers' closes of one day are nearer to each other than this.
_SLACK = 0.05


@dataclass(frozen=True, slots=True)
class MergePolicy:
    """How fetched bars may be merged with stored ones.

    They are whole if they are all that the provider has from the first stored bar on. If another
    writer has committed as of a later instant, only bars it lacks are added.
    """

    dataset: DatasetId
    basis: Basis
    is_whole: bool
    accept: bool  # take the provider's view where it contradicts the stored one
    is_overtaken: bool
    unnamed: tuple[float, ...]  # ratios of recent restatements without a reported split
    provider: str
    acceptance: NextStep  # the update that takes this provider's view
    reported: tuple[Split, ...] = ()  # new on stored bars of days without a sound row
    requoted: str = ""  # that the fetched prices are in another currency than the stored ones
    others: pd.DatetimeIndex | None = None  # stored bars of another provider than is asked


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
    kept_out: KeptOut | None = None  # fetched bars that were not taken


def merge(stored: Bars, fetched: Bars, policy: MergePolicy) -> Merged | None:
    """Compare every bar in common, then merge, rebase, or refuse.

    Stored are the observed bars from before the first fetched one to the end, and fetched are
    final bars on the split basis of the last bar that will be stored. None if they do not suffice
    to judge: the whole history is to be fetched. Suspicious is raised if that was, and still
    contradicts what is stored, or itself; Overtaken if another writer, further on, has stored a
    history on another basis.
    """
    if stored.empty:
        _require_one_basis(fetched, policy)
        return Merged(fetched, None, added=len(fetched), revised=0)
    found = compare_overlap(
        stored,
        fetched,
        basis=policy.basis,
        unnamed=policy.unnamed,
        reported=policy.reported,
        others=policy.others,
    )
    if found.verdict in ("same", "corrected"):
        return _updated(stored, fetched, found, policy)
    if policy.is_overtaken:
        raise Overtaken(
            "another run, as of a later time, has stored this history on another basis",
            hint=("run it again: ", NextStep("update", policy.dataset)),
        )
    if not policy.is_whole:
        return None
    if not policy.accept:
        _require_trusted(stored, fetched, found, policy)
    return _replaced(stored, fetched, found, policy.dataset)


def _updated(stored: Bars, fetched: Bars, found: Comparison, policy: MergePolicy) -> Merged | None:
    """Stored bars with what is new and corrected; None if the whole history is needed for that."""
    outliers = concat(found.outliers) if found.outliers else fetched[:0]
    taken = fetched
    if len(outliers) and not policy.accept:
        taken = fetched[~fetched.index.isin(outliers.index)]
    merged = upsert(taken, stored) if policy.is_overtaken else upsert(stored, taken)
    # Splits that were stored before are known.
    known = {split for split in splits_in(stored) if split[0] > stored.index[0]}
    doubt = "" if policy.accept else contradiction(merged, policy.basis, known)
    if doubt and not policy.is_whole and not policy.is_overtaken:
        return None
    if doubt:
        raise _refused(doubt, policy)
    revisions = () if policy.is_overtaken else found.revisions
    revised = len({revision.stamp for revision in revisions})
    kept = tuple(kept_finding(stored, each, policy.acceptance) for each in found.outliers)
    return Merged(
        merged,
        found.verdict,
        added=len(merged) - len(stored),
        revised=revised + len(outliers) if policy.accept else revised,
        revisions=revisions,
        findings=() if policy.accept else kept,
        kept_out=_not_taken(fetched, found, kept, policy),
    )


def _not_taken(
    fetched: Bars, found: Comparison, kept: Sequence[Finding], policy: MergePolicy
) -> KeptOut | None:
    """Fetched bars that differ from those that stay, and why they were not taken."""
    parts = []
    if not policy.accept:
        outliers = zip(found.outliers, kept, strict=True)
        parts = [rows_kept_out(rows, [each] * len(rows)) for rows, each in outliers]
    if policy.is_overtaken and found.revisions:
        older = fetched[fetched.index.isin([each.stamp for each in found.revisions])]
        why = Finding(None, "kept", "a run as of a later time has stored another bar")
        parts.append(rows_kept_out(older, [why] * len(older)))
    return pd.concat(parts) if parts else None


def _require_trusted(stored: Bars, fetched: Bars, found: Comparison, policy: MergePolicy) -> None:
    """Raise Suspicious unless the whole history may replace what is stored."""
    unit = unit_between(stored, fetched)
    if unit and not (found.restatement and found.restatement.splits):
        why = policy.requoted or "no split explains it"
        asked = "" if policy.requoted else "is it another unit, such as pence instead of pounds? "
        raise Suspicious(
            f"the prices of {policy.provider} are {unit}, and {why}",
            hint=(
                (
                    f"nothing was written; {asked}"
                    "convert the prices to the stored unit, or, if they are right and the stored "
                    "ones are not, `"
                ),
                policy.acceptance,
                "`",
            ),
        )
    if found.verdict == "suspicious":
        why = f"; {policy.requoted}" if policy.requoted else ""
        raise _refused(
            f"the provider's history contradicts the stored one: {found.reason}{why}",
            policy,
            is_pending=found.is_pending,
        )
    if found.verdict != "insufficient":
        return
    if len(stored) >= JOIN:
        raise Suspicious(
            f"the provider's bars cannot be joined to the stored ones: {found.reason}",
            hint=(
                "nothing was written; export the stored bars: ",
                NextStep("export", policy.dataset),
                ", then remove it and load it again",
            ),
        )
    _require_one_basis(fetched, policy)


def unit_between(stored: Bars, fetched: Bars) -> str:
    """How most fetched closes are a hundred or a thousand times the stored ones; empty if not."""
    common = stored.index.intersection(fetched.index)
    ratio = fetched.loc[common, "close"].to_numpy() / stored.loc[common, "close"].to_numpy()
    for unit, words in _UNITS.items():
        alike = common[np.abs(ratio / unit - 1) < _SLACK]
        if 2 * len(alike) > len(common):
            bars = f"{len(alike)} of {len(common)} bars in common"
            return f"{words} the stored ones ({bars}, {alike[0]:%Y-%m-%d} to {alike[-1]:%Y-%m-%d})"
    return ""


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


def _replaced(stored: Bars, fetched: Bars, found: Comparison, dataset: DatasetId) -> Merged:
    """The provider's whole history, and before it on its basis what it no longer serves."""
    kept = stored[~stored.index.isin(fetched.index)]
    common = stored.index.intersection(fetched.index)
    was, now = stored.loc[common], fetched.loc[common]
    restatement, notes = found.restatement, []
    merged = fetched
    if len(kept):
        notes = [f"kept {len(kept)} bars that the provider no longer serves, on the same basis"]
        ratios = prices_of(was) / prices_of(now)
        steps = splits_in(fetched) if restatement is None else restatement.splits
        is_explained = restatement is not None and bool(restatement.splits)
        moved = rebased(kept, common, ratios, steps, dataset, is_explained=is_explained)
        merged = upsert(moved, fetched)
    if restatement is not None:
        restatement = replace(restatement, kept=len(kept))
        if not restatement.splits:
            notes += ["the provider does not yet report a split that explains the restatement"]
    return Merged(
        bars=merged,
        verdict=found.verdict,
        added=len(merged) - len(stored),
        revised=int((was[list(NUMBERS)] != now[list(NUMBERS)]).any(axis=1).sum()),
        restatement=restatement,
        notes=tuple(notes),
    )
