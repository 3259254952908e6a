"""A fetch beside what is stored now: what it may rewrite, and what it shows of basis and splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from ml4t_nb.core.adjust import traded_bars
from ml4t_nb.core.bars import (
    Bars,
    Split,
    as_instant,
    concat,
    observed,
    prices_of,
    splits_in,
    within,
)
from ml4t_nb.core.basis import as_words, is_same_split, split_evidence, without_repeats
from ml4t_nb.core.overlap import compare_overlap
from ml4t_nb.core.split_blocks import SplitBlock, find_unapplied, may_have_blocks
from ml4t_nb.core.timestamps import TICK, from_micros, index_micros
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.errors import Suspicious
from ml4t_nb.finding import Finding
from ml4t_nb.model import Basis, DatasetConfig, Frequency, Hint, Span, bar_length
from ml4t_nb.pipeline.context import DatasetRun, fetch_step
from ml4t_nb.pipeline.fetch import FetchResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.transaction import Transaction

__all__ = ["Rewrite", "find_missed_splits", "with_basis", "without_repeated_splits"]

_WEEK = timedelta(days=7)
_WEEKEND = timedelta(days=4)
_USUAL = 60


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A fetch, and what it may change of the dataset as it is under the lock.

    That is the dataset's end, from an observed bar on that the run did not ask for: ``start`` is
    its stamp, None for the whole dataset, and ``bars`` are those stored from there on. With
    ``is_whole``, the fetch was of all there is.

    ``preceding`` are the observed bars of some weeks before ``start``. ``refused`` are stamps for
    which the provider gave a row that a decision took out: in its place stands what is stored.
    ``taken_out`` are all stamps for which a decision left no bar.
    """

    tx: Transaction
    run: DatasetRun
    got: FetchResult
    is_whole: bool
    before: Manifest
    start: datetime | None
    bars: Bars
    preceding: Bars | None = None
    refused: pd.DatetimeIndex | None = None
    taken_out: pd.DatetimeIndex | None = None

    @classmethod
    def of(
        cls, tx: Transaction, run: DatasetRun, got: FetchResult, before: Manifest, *, is_whole: bool
    ) -> Rewrite:
        """What ``got`` may change of ``before``."""
        start = min(span.start for span in got.judged)
        first, last = before.first, before.last
        is_end = not is_whole and _gap_terms(run.config) == _gap_terms(before.config)
        if first is None or last is None or start <= first or not is_end:
            return cls(tx, run, got, is_whole, before, None, tx.bars())
        usual = _usual_reach(run.dataset.frequency)
        for reach in (usual, usual + timedelta(days=100), start - first):
            bars = tx.bars(Span(start - reach, last + TICK))
            earlier = observed(within(bars, Span(start - reach, start)))
            if len(earlier):
                break
        floor = index_micros(earlier.index)[-1]
        place = int(np.searchsorted(index_micros(bars.index), floor))
        rewritten, earlier = bars.iloc[place:], earlier.iloc[:-1]
        return cls(tx, run, got, is_whole, before, from_micros(floor), rewritten, earlier)

    def last_before(self, count: int) -> Bars:
        """So many of the observed bars before ``start``, or more; all if they are fewer."""
        first, start = self.before.first, self.start
        if first is None or start is None:
            return self.bars[:0]
        bars, reach = self.preceding, _usual_reach(self.run.dataset.frequency)
        while bars is None or (len(bars) < count and start - reach > first):
            reach *= 4
            bars = observed(self.tx.bars(Span(max(start - reach, first), start)))
        return bars

    @property
    def stored(self) -> Bars:
        """The observed bars among ``bars``."""
        return observed(self.bars)

    @property
    def is_overtaken(self) -> bool:
        """Whether another run, as of a later instant, has been committed since this one began."""
        return self.before.updated is not None and self.before.updated > self.run.as_of

    def put(self, bars: Bars) -> None:
        """Let ``bars`` take the place of those that may change."""
        span = None
        if self.start is not None:
            ends = [part.index[-1] for part in (self.bars, bars) if len(part)]
            span = Span(self.start, as_instant(max(ends)) + TICK)
        self.tx.put(bars, span)


def _usual_reach(frequency: Frequency) -> timedelta:
    """How far back there are sixty bars, which show what is usual."""
    if frequency == "weekly":
        return timedelta(weeks=_USUAL)
    return _WEEKEND + _USUAL * (bar_length(frequency) or timedelta(days=1.5))


def _gap_terms(config: DatasetConfig) -> tuple[object, ...]:
    """What decides which gaps the same bars have."""
    return config.calendar, config.session_overrides, config.tolerance


def with_basis(rewrite: Rewrite) -> Rewrite | None:
    """``rewrite`` on the basis that the bars show; None if all bars are needed to change to it.

    Without a split, prices are the same on either basis, so what was assumed then can be changed;
    Suspicious, if the stored bars are on the other one by what they show at their own splits.
    """
    run, held = rewrite.run, rewrite.before.config
    basis = rewrite.got.basis or _restated_basis(rewrite) or run.config.basis
    changed = replace(rewrite, run=replace(run, config=replace(run.config, basis=basis)))
    if basis == held.basis:
        return changed
    if not rewrite.is_whole:
        return None
    if split_evidence(rewrite.tx.bars()).basis != held.basis:
        return changed
    quoted = replace(held, provider=run.config.provider)
    raise Suspicious(
        f"{run.dataset} holds {held.basis} prices, and {quoted.provider} now quotes {basis} ones",
        hint=(
            "nothing was written; to accept them: ",
            fetch_step("reload", run.dataset, quoted, rewrite.before.first),
        ),
    )


def _restated_basis(rewrite: Rewrite) -> Basis | None:
    """The basis of a provider that states none, but restated the stored bars by a reported split.

    Splits too small to show in prices by themselves show in this: only split-adjusted prices move.
    """
    fetched = rewrite.got.final
    if rewrite.run.config.basis != "as-traded" or (fetched["split"] == 1).all():
        return None
    stored = observed(rewrite.tx.bars())
    if stored.empty or split_evidence(stored).basis is not None:
        return None
    moved = compare_overlap(stored, fetched, basis="split-adjusted").restatement
    return "split-adjusted" if moved is not None and moved.splits else None


def without_repeated_splits(rewrite: Rewrite) -> Rewrite:
    """The fetch without splits reported a second time within a week, and a finding for each."""
    answered = (rewrite.got.final, rewrite.got.rejected, rewrite.got.pending)
    if not any(map(splits_in, answered)):
        return rewrite
    got = _drop_unpriced_repeats(rewrite.got)
    later = got.pending
    if len(got.final):
        later = later[later.index > got.final.index[-1]]
    rows = concat([got.final, reject_invalid(later)[0]])
    if rows.empty or (rows["split"] == 1).all():
        return replace(rewrite, got=got)
    start = as_instant(rows.index[0])
    known = observed(concat([rewrite.tx.bars(Span(start - _WEEK, start)), rewrite.bars]))
    known = known[~known.index.duplicated(keep="last")].sort_index()
    once, repeats = without_repeats(rows, known)
    if not repeats:
        return replace(rewrite, got=got)
    findings = tuple(
        Finding(
            as_instant(kept[0]),
            "basis",
            f"the split {as_words((kept,))} is reported again on {gone[0]:%Y-%m-%d}: "
            "it counts once",
            evidence=(("ratio", kept[1]), ("days", float((gone[0] - kept[0]).days))),
        )
        for kept, gone in repeats
    )
    dropped = got.pending.index.isin([gone[0] for _, gone in repeats])
    got = replace(
        got,
        final=once.iloc[: len(got.final)],
        pending=got.pending.assign(split=got.pending["split"].mask(dropped, 1.0)),
        findings=(*got.findings, *findings),
    )
    return replace(rewrite, got=got)


def _drop_unpriced_repeats(got: FetchResult) -> FetchResult:
    """``got`` without splits of rows that lack prices, if a bar of the same week has them."""
    splits = splits_in(got.final)
    ratios = got.rejected["split"].to_numpy(copy=True)
    for row, stamp in enumerate(got.rejected.index):
        if any(is_same_split(each, (stamp, ratios[row])) for each in splits):
            ratios[row] = 1.0
    return replace(got, rejected=got.rejected.assign(split=ratios))


def find_missed_splits(rewrite: Rewrite, real: Bars) -> tuple[Finding, ...]:
    """Findings for each block of observed bars, about to be stored, that missed a split.

    Suspicious, if there are any that were not stored before, and are off by too much for chance.
    """
    run = rewrite.run
    splits = {*splits_in(real), *_sound_splits(rewrite.got.pending)}
    if rewrite.start is not None and may_have_blocks(real):
        splits.update(splits_in(rewrite.tx.bars()))
    blocks = find_unapplied(real, sorted(splits), run.config.basis) if splits else ()
    if not blocks:
        return ()
    changed = real["close"] != rewrite.stored["close"].reindex(real.index)
    fresh = [
        block
        for block in blocks
        if block.is_certain and changed.iloc[block.start : block.stop].any()
    ]
    if fresh and not run.accept:
        raise _refused(run, real, fresh)
    traded = traded_bars(real, run.config.basis)
    return tuple(_finding(real, traded, block) for block in blocks)


def _sound_splits(rows: Bars) -> tuple[Split, ...]:
    """Splits of rows that may be stored."""
    return splits_in(reject_invalid(rows)[0]) if splits_in(rows) else ()


def _finding(bars: Bars, traded: Bars, block: SplitBlock) -> Finding:
    first, last = block.start, block.stop - 1
    before, inside = bars["close"].iloc[[first - 1, first]].tolist()
    return Finding(
        as_instant(bars.index[first]),
        "basis",
        _words(bars, block),
        end=None if first == last else as_instant(bars.index[last]),
        evidence=(("close", inside), ("beside", before), ("factor", block.factor)),
        values=tuple(prices_of(traded)[sorted({first, last})].ravel().tolist()),
    )


def _refused(run: DatasetRun, bars: Bars, blocks: Sequence[SplitBlock]) -> Suspicious:
    after = as_instant(bars.index[blocks[-1].stop])
    what = "; ".join(_words(bars, block) for block in blocks)
    hint: Hint = (
        "nothing was written; load again in a day or two, or load only the bars after them: `",
        fetch_step("load", run.dataset, run.config, after),
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
