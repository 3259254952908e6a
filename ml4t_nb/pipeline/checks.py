"""What fetched bars show of their basis and their splits, checked before they are committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pandas as pd

from ml4t_nb.core.bars import Bars, as_instant, concat, observed
from ml4t_nb.core.basis import as_words, is_same_split, split_evidence, without_repeats
from ml4t_nb.core.overlap import compare
from ml4t_nb.core.restatement import splits_in
from ml4t_nb.core.split_blocks import SplitBlock, find_unapplied, may_have_blocks
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.errors import Suspicious
from ml4t_nb.model import Basis, Finding, Hint, NextStep, Span
from ml4t_nb.options import load_arguments
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.fetch import FetchResult
from ml4t_nb.pipeline.record import RewriteWindow
from ml4t_nb.storage.transaction import Transaction

__all__ = ["drop_repeated_splits", "find_missed_splits", "with_basis"]

_WEEK = timedelta(days=7)


def with_basis(
    tx: Transaction, run: DatasetRun, got: FetchResult, *, is_whole: bool
) -> DatasetRun | None:
    """``run`` on the basis that the bars show; None if all bars are needed to change to it.

    Without a split, prices are the same on either basis, so what was assumed then can be changed.

    Raises
    ------
    Suspicious
        If the stored bars are on the other basis, by what they show at their own splits.
    """
    state = tx.manifest
    basis = got.basis or _restated_basis(tx, run, got) or run.config.basis
    changed = replace(run, config=replace(run.config, basis=basis))
    if state is None or state.config.basis == basis:
        return changed
    if not is_whole:
        return None
    held = state.config
    if split_evidence(tx.bars()).basis == held.basis:
        origin = load_arguments(
            run.dataset, run.config.provider, held.calendar, state.first, held.zone
        )
        raise Suspicious(
            f"{run.dataset} holds {held.basis} prices, and {run.config.provider} now quotes "
            f"{basis} ones",
            hint=(
                "nothing was written; to accept them: ",
                NextStep("reload", run.dataset, source=origin),
            ),
        )
    return changed


def _restated_basis(tx: Transaction, run: DatasetRun, got: FetchResult) -> Basis | None:
    """The basis of a provider that states none, but restated the stored bars by a reported split.

    Splits too small to show in prices by themselves show in this: only split-adjusted prices move.
    """
    splits = got.final["split"].to_numpy()
    if tx.manifest is None or run.config.basis != "as-traded" or (splits == 1).all():
        return None
    stored = observed(tx.bars())
    if stored.empty or split_evidence(stored).basis is not None:
        return None
    moved = compare(stored, got.final, basis="split-adjusted").restatement
    return "split-adjusted" if moved is not None and moved.splits else None


def drop_repeated_splits(tx: Transaction, window: RewriteWindow, got: FetchResult) -> FetchResult:
    """``got`` without splits reported a second time within a week, and a finding for each."""
    got = _drop_unpriced_repeats(got)
    later = got.pending
    if len(got.final):
        later = later[later.index > got.final.index[-1]]
    rows = concat([got.final, reject_invalid(later)[0]])
    if rows.empty or (rows["split"] == 1).all():
        return got
    start = as_instant(rows.index[0])
    known = observed(concat([tx.bars(Span(start - _WEEK, start)), window.bars]))
    known = known[~known.index.duplicated(keep="last")].sort_index()
    once, repeats = without_repeats(rows, known)
    if not repeats:
        return got
    findings = tuple(
        Finding(
            as_instant(kept[0]),
            "basis",
            f"the split {as_words((kept,))} is reported again on {gone[0]:%Y-%m-%d}: "
            "it counts once",
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


def _drop_unpriced_repeats(got: FetchResult) -> FetchResult:
    """``got`` without splits of rows that lack prices, if a bar of the same week has them."""
    splits = splits_in(got.final)
    ratios = got.rejected["split"].to_numpy(copy=True)
    for row, stamp in enumerate(got.rejected.index):
        if any(is_same_split(each, (stamp, ratios[row])) for each in splits):
            ratios[row] = 1.0
    return replace(got, rejected=got.rejected.assign(split=ratios))


def find_missed_splits(
    tx: Transaction, run: DatasetRun, window: RewriteWindow, got: FetchResult, *, bars: Bars
) -> tuple[Finding, ...]:
    """Findings for each block of ``bars``, about to be stored, that missed a split.

    Raises
    ------
    Suspicious
        If there are any that were not stored before, and are off by too much for chance.
    """
    real = observed(bars)
    splits = {*splits_in(real), *splits_in(reject_invalid(got.pending)[0])}
    if window.start is not None and may_have_blocks(real):
        splits.update(splits_in(tx.bars()))
    blocks = find_unapplied(real, sorted(splits), run.config.basis)
    known = observed(window.bars)["close"]
    fresh = [
        block
        for block in blocks
        if block.is_certain and not _are_stored(real.iloc[block.start : block.stop], known)
    ]
    if fresh and not run.accept:
        raise _refused(run, real, fresh)
    return tuple(
        Finding(as_instant(real.index[block.start]), "basis", _words(real, block))
        for block in blocks
    )


def _are_stored(block: Bars, known: pd.Series[float]) -> bool:
    return bool(known.reindex(block.index).eq(block["close"]).all())


def _refused(run: DatasetRun, bars: Bars, blocks: Sequence[SplitBlock]) -> Suspicious:
    config, dataset = run.config, run.dataset
    after = as_instant(bars.index[blocks[-1].stop])
    origin = load_arguments(dataset, config.provider, config.calendar, after, config.zone)
    what = "; ".join(_words(bars, block) for block in blocks)
    hint: Hint = (
        "nothing was written; load again in a day or two, or load only the bars after them: `",
        NextStep("load", dataset, source=origin),
        "`",
    )
    if run.verb != "load":
        hint = (
            "nothing was written; the next run tries again, and `",
            run.acceptance,
            "` accepts it as it is",
        )
    return Suspicious(f"{run.provider.name} has a mixture of bases: {what}", hint=hint)


def _words(bars: Bars, block: SplitBlock) -> str:
    first, last = (f"{bars.index[at]:%Y-%m-%d}" for at in (block.start, block.stop - 1))
    when = f"the bars of {first} to {last} are" if first != last else f"the bar of {first} is"
    before, inside, after = bars["close"].iloc[[block.start - 1, block.start, block.stop]]
    return (
        f"{when} {block.factor:.6g} times the others, as if without the split "
        f"{as_words(block.splits)}: close {inside:g} between {before:g} and {after:g}"
    )
