"""Stretches of bars that missed a split: refused where they are new, said where they are stored."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ml4t_nb.core.bars import Bars, as_instant, observed
from ml4t_nb.core.basis import in_words
from ml4t_nb.core.restatement import splits_in
from ml4t_nb.core.split_blocks import Block, might_hold_blocks, unapplied
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.errors import Suspicious
from ml4t_nb.model import Finding, Hint, NextStep
from ml4t_nb.options import source
from ml4t_nb.pipeline.fetch import Desk, Haul
from ml4t_nb.pipeline.record import Entry, acceptance_of
from ml4t_nb.pipeline.rewrite_window import Region
from ml4t_nb.storage.transaction import Transaction

__all__ = ["missed_splits"]


def missed_splits(
    tx: Transaction, entry: Entry, desk: Desk, region: Region, got: Haul, *, bars: Bars
) -> tuple[Finding, ...]:
    """What there is to say of stretches of ``bars``, about to be stored, that missed a split.

    Raises
    ------
    Suspicious
        If there are any that were not stored before, and are off by too much for chance.
    """
    real = observed(bars)
    splits = {*splits_in(real), *splits_in(reject_invalid(got.pending)[0])}
    if region.start is not None and might_hold_blocks(real):
        splits.update(splits_in(tx.bars()))
    blocks = unapplied(real, sorted(splits), entry.config.basis)
    known = observed(region.bars)["close"]
    fresh = [
        block
        for block in blocks
        if block.is_certain and not _are_stored(real.iloc[block.start : block.stop], known)
    ]
    if fresh and not entry.accept:
        raise _refused(entry, desk, real, fresh)
    return tuple(
        Finding(as_instant(real.index[block.start]), "basis", _in_words(real, block))
        for block in blocks
    )


def _are_stored(block: Bars, known: pd.Series[float]) -> bool:
    return bool(known.reindex(block.index).eq(block["close"]).all())


def _refused(entry: Entry, desk: Desk, bars: Bars, blocks: Sequence[Block]) -> Suspicious:
    config, dataset = entry.config, entry.dataset
    after = as_instant(bars.index[blocks[-1].stop])
    origin = source(dataset, config.provider, config.calendar, after, config.zone)
    what = "; ".join(_in_words(bars, block) for block in blocks)
    hint: Hint = (
        "nothing was written; load again in a day or two, or what comes after: `",
        NextStep("load", dataset, source=origin),
        "`",
    )
    if entry.verb != "load":
        hint = (
            "nothing was written; the next run asks again, and `",
            acceptance_of(entry, desk),
            "` takes it as it is",
        )
    return Suspicious(f"{desk.provider.name} has a mixture: {what}", hint=hint)


def _in_words(bars: Bars, block: Block) -> str:
    first, last = (f"{bars.index[at]:%Y-%m-%d}" for at in (block.start, block.stop - 1))
    when = f"the bars of {first} to {last} are" if first != last else f"the bar of {first} is"
    before, inside, after = bars["close"].iloc[[block.start - 1, block.start, block.stop]]
    return (
        f"{when} {block.factor:.6g} times the others, as if without the split "
        f"{in_words(block.splits)}: close {inside:g} between {before:g} and {after:g}"
    )
