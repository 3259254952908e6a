"""Rows that a person has decided against: a provider that gives them again is not believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, as_stamps, concat, splits_in
from ml4t_nb.core.overlap import compare_overlap
from ml4t_nb.core.refusals import find_refused, with_stored
from ml4t_nb.core.validation import reject_invalid, rejected_actions
from ml4t_nb.errors import Suspicious
from ml4t_nb.pipeline.checks import Rewrite

__all__ = ["without_refused"]


def without_refused(rewrite: Rewrite) -> Rewrite:
    """The fetch without rows that a decision took out: they say nothing of what is stored.

    In the place of one stands what is stored of its stamp, if anything is. Suspicious is raised if
    they are those of a restatement that was undone, and others follow them, which would be on its
    basis.
    """
    before, got, run = rewrite.before, rewrite.got, rewrite.run
    if not before.refusals or run.accept:
        return rewrite
    numbers = [each.version for each in before.refusals]
    logged = rewrite.tx.revised_rows()
    is_out = logged["version"].isin(numbers) & ~logged["filled"]
    logged = logged[is_out & logged["change"].isin(["replaced", "removed"])]
    if logged.empty:
        return rewrite
    stored, final = rewrite.stored, got.final
    removed = logged.loc[logged["change"] == "removed", "timestamp"].drop_duplicates()
    rewrite = replace(rewrite, taken_out=as_stamps(removed.sort_values()))
    later = splits_in(reject_invalid(got.pending)[0])
    refused = find_refused(final, stored, logged, before.refusals, later=later)
    if not len(refused.rows):
        return rewrite
    _require_no_undone_basis(rewrite, final.iloc[refused.rows], logged)
    reporting = final.iloc[refused.rows[refused.news]]
    actions = rejected_actions(reporting, reporting[:0])
    got = replace(
        got,
        final=with_stored(final, stored, refused),
        rejected=concat([got.rejected, actions]).sort_index(),
    )
    return replace(rewrite, got=got, refused=as_stamps(final.index[refused.rows]))


def _require_no_undone_basis(rewrite: Rewrite, rows: Bars, logged: pd.DataFrame) -> None:
    """Raise Suspicious if refused ``rows`` are on another basis than the stored, and bars follow.

    The provider's new bars would be on a basis that a person has taken back.
    """
    run, stored, final = rewrite.run, rewrite.stored, rewrite.got.final
    # A decision about most of what is stored was about its basis; another was about some bars.
    counts = logged["version"].value_counts()
    whole = counts.index[counts.to_numpy() * 2 > rewrite.before.rows]
    undone = logged.loc[logged["version"].isin(whole), "timestamp"]
    rows = rows[rows.index.isin(undone) & rows.index.isin(stored.index)]
    if compare_overlap(stored, rows, basis=run.config.basis, need=1).verdict != "restated":
        return
    known = np.asarray(final.index.isin(stored.index) | final.index.isin(undone))
    if known.all():
        return
    raise Suspicious(
        f"{run.provider.name} restates the history as the restatement that was undone",
        hint=("nothing was written; `", run.acceptance, "` accepts the provider's history"),
    )
