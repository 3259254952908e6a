"""What a run that is about to commit leaves in the manifest, beside its bars and their gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ml4t_nb.core.actions import AlignedActions
from ml4t_nb.core.bars import Bars, Flags, as_instant, numbers_of
from ml4t_nb.core.gapfill import Reconciled
from ml4t_nb.core.merge import Merged
from ml4t_nb.core.refusals import after_restatement
from ml4t_nb.core.sources import sources_after, switched
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.finding import Refusal
from ml4t_nb.model import Span
from ml4t_nb.pipeline.checks import Rewrite
from ml4t_nb.records import Source
from ml4t_nb.storage.manifest import Manifest, PriorState

__all__ = ["manifest_after"]

# With these a run has replaced the whole history.
_REPLACING = ("restated", "suspicious", "insufficient")


def manifest_after(
    rewrite: Rewrite, aligned: AlignedActions, merged: Merged, reconciled: Reconciled
) -> Manifest:
    """The manifest once the ``merged`` bars are stored with their fills.

    Its findings and its log of requests are as before.
    """
    before, run, start = rewrite.before, rewrite.run, rewrite.start
    kept = (each for each in before.carried if start and each.bar < start)
    after = replace(
        before,
        config=run.config,
        gaps=reconciled.gaps,
        updated=max(run.as_of, before.updated or run.as_of),
        verified=run.as_of if rewrite.is_whole else before.verified,
        carried=(*kept, *aligned.carried),
        sources=_sources(rewrite, aligned, merged.bars),
        refusals=_refusals(rewrite, merged),
    )
    if merged.verdict in _REPLACING:
        return replace(after, prior=_prior(rewrite, reconciled.bars))
    return after if _is_as_before(rewrite, after, reconciled.bars) else replace(after, prior=None)


def _refusals(rewrite: Rewrite, merged: Merged) -> tuple[Refusal, ...]:
    """Refusals on the basis of the bars that are about to be stored; none once all is accepted."""
    if rewrite.run.accept:
        return ()
    moved = merged.restatement
    if moved is None:
        return rewrite.before.refusals
    # A restatement that no split explains has moved all that is stored up to now.
    splits = moved.splits or ((rewrite.run.as_of, moved.ratio),)
    return after_restatement(rewrite.before.refusals, splits)


def _prior(rewrite: Rewrite, bars: Bars) -> PriorState:
    """What is stored now, but for its bars, before others replace them all."""
    before, new = rewrite.before, bars.index.difference(rewrite.bars.index)
    return PriorState(
        version=rewrite.tx.number,
        config=before.config,
        added=tuple(map(as_instant, new)),
        gaps=before.gaps,
        carried=before.carried,
        sources=before.sources,
    )


def _is_as_before(rewrite: Rewrite, after: Manifest, bars: Bars) -> bool:
    """Whether a restatement before this run can still be undone."""
    before = rewrite.before
    if before.prior is None:
        return True
    # Closures come with each run's environment.
    config = replace(after.config, session_overrides=before.config.session_overrides)
    is_same = config == before.config and after.sources == before.sources
    return is_same and bars.equals(rewrite.bars)


def _sources(rewrite: Rewrite, aligned: AlignedActions, bars: Bars) -> tuple[Source, ...]:
    """Sources of the observed bars that are about to be stored."""
    before, run = rewrite.before, rewrite.run
    provider, own, old = run.provider.name, run.config.provider, before.config.provider
    known = before.sources
    if own != old and before.first is not None and before.last is not None:
        known = switched(known, Span(before.first, before.last + TICK), old=old, new=own)
    if not known and provider == own:
        return ()
    taken = _changed(rewrite.stored, bars) & np.asarray(bars.index.isin(aligned.fetched.index))
    if rewrite.refused is not None:
        taken &= ~np.asarray(bars.index.isin(rewrite.refused))
    stamps = pd.DatetimeIndex(bars.index)
    return sources_after(known, stamps, taken, provider=provider, own=own, start=rewrite.start)


def _changed(stored: Bars, bars: Bars) -> Flags:
    """Which of ``bars`` are new, or not as they were stored."""
    rows = stored.index.get_indexer(bars.index)
    is_held = rows >= 0
    same = (numbers_of(stored)[rows[is_held]] == numbers_of(bars)[is_held]).all(axis=1)
    changed = ~is_held
    changed[is_held] = ~same
    return np.asarray(changed)
