"""What the bars of a run show of themselves, before they are placed beside stored ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ml4t_nb.core.bars import as_instant, concat, observed
from ml4t_nb.core.basis import are_one, evidence, in_words, without_repeats
from ml4t_nb.core.overlap import compare
from ml4t_nb.core.restatement import splits_in
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.errors import Suspicious
from ml4t_nb.model import Basis, Finding, NextStep, Span
from ml4t_nb.options import source
from ml4t_nb.pipeline.fetch import Haul
from ml4t_nb.pipeline.record import Entry
from ml4t_nb.pipeline.rewrite_window import Region
from ml4t_nb.storage.transaction import Transaction

__all__ = ["on_basis", "told_once"]

_WEEK = timedelta(days=7)


def on_basis(tx: Transaction, entry: Entry, got: Haul, *, is_whole: bool) -> Entry | None:
    """``entry`` with the basis that the haul shows; None if all bars are needed to change to it.

    Without a split, prices are the same on either basis, so what was assumed then can be changed.

    Raises
    ------
    Suspicious
        If the stored bars are on the other basis, by what they show at their own splits.
    """
    state = tx.manifest
    basis = got.basis or _restated_basis(tx, entry, got) or entry.config.basis
    changed = replace(entry, config=replace(entry.config, basis=basis))
    if state is None or state.config.basis == basis:
        return changed
    if not is_whole:
        return None
    held = state.config
    if evidence(tx.bars()).basis == held.basis:
        origin = source(entry.dataset, entry.config.provider, held.calendar, state.first, held.zone)
        raise Suspicious(
            f"{entry.dataset} holds {held.basis} prices, and {entry.config.provider} now quotes "
            f"{basis} ones",
            hint=(
                "nothing was written; to take them: ",
                NextStep("reload", entry.dataset, source=origin),
            ),
        )
    return changed


def _restated_basis(tx: Transaction, entry: Entry, got: Haul) -> Basis | None:
    """The basis of a provider that tells none and has restated what is stored by a split it names.

    Splits too small to show in prices by themselves show in this: only split-adjusted prices move.
    """
    splits = got.final["split"].to_numpy()
    if tx.manifest is None or entry.config.basis != "as-traded" or (splits == 1).all():
        return None
    stored = observed(tx.bars())
    if stored.empty or evidence(stored).basis is not None:
        return None
    moved = compare(stored, got.final, basis="split-adjusted").restatement
    return "split-adjusted" if moved is not None and moved.splits else None


def told_once(tx: Transaction, region: Region, got: Haul) -> Haul:
    """``got`` without splits that are told a second time within a week, and a finding for each."""
    got = _unpriced_once(got)
    later = got.pending
    if len(got.final):
        later = later[later.index > got.final.index[-1]]
    rows = concat([got.final, reject_invalid(later)[0]])
    if rows.empty or (rows["split"] == 1).all():
        return got
    start = as_instant(rows.index[0])
    known = observed(concat([tx.bars(Span(start - _WEEK, start)), region.bars]))
    known = known[~known.index.duplicated(keep="last")].sort_index()
    once, repeats = without_repeats(rows, known)
    if not repeats:
        return got
    findings = tuple(
        Finding(
            as_instant(kept[0]),
            "basis",
            f"the split {in_words((kept,))} is told again on {gone[0]:%Y-%m-%d}: it counts once",
        )
        for kept, gone in repeats
    )
    dropped = got.pending.index.isin([gone[0] for _, gone in repeats])
    split = got.pending["split"].mask(dropped, 1.0)
    return replace(
        got,
        final=once.iloc[: len(got.final)],
        pending=got.pending.assign(split=split),
        findings=(*got.findings, *findings),
    )


def _unpriced_once(got: Haul) -> Haul:
    """``got`` without splits of rows that lack prices, where a bar of the same week tells them."""
    splits = splits_in(got.final)
    told = got.told["split"].to_numpy(copy=True)
    for row, stamp in enumerate(got.told.index):
        told[row] = 1.0 if any(are_one(each, (stamp, told[row])) for each in splits) else told[row]
    return replace(got, told=got.told.assign(split=told))
