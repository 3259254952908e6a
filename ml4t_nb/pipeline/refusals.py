"""Rows that a person has decided against: a provider that gives them again is not believed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, as_stamps, concat, numbers_of, splits_in
from ml4t_nb.core.basis import TELLING
from ml4t_nb.core.price_ratio import find_scale
from ml4t_nb.core.refusals import RefusedRows, find_refused, with_stored
from ml4t_nb.core.request_spans import JOIN
from ml4t_nb.core.timestamps import index_micros
from ml4t_nb.core.validation import reject_invalid, rejected_actions
from ml4t_nb.errors import Suspicious
from ml4t_nb.model import Basis
from ml4t_nb.pipeline.checks import Rewrite

__all__ = ["without_refused"]


def without_refused(rewrite: Rewrite) -> Rewrite:
    """The fetch without rows that a decision took out: they say nothing of what is stored.

    In the place of one stands what is stored of its stamp, if anything is. Suspicious is raised if
    new bars would be joined on the basis of such rows.
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
    _require_one_basis(rewrite, refused, logged)
    reporting = final.iloc[refused.rows[refused.news]]
    actions = rejected_actions(reporting, reporting[:0])
    got = replace(
        got,
        final=with_stored(final, stored, refused),
        rejected=concat([got.rejected, actions]).sort_index(),
    )
    return replace(rewrite, got=got, refused=as_stamps(final.index[refused.rows]))


def _require_one_basis(rewrite: Rewrite, refused: RefusedRows, logged: pd.DataFrame) -> None:
    """Raise Suspicious if new bars would be joined to stored ones on the basis of refused rows.

    A refused row is no evidence that the provider's prices are on the stored basis: where several,
    between two bars that agree, are off by one ratio, the new bars beside them may be as well.
    """
    stored, final = rewrite.stored, rewrite.got.final
    is_refused = np.zeros(len(final), dtype=bool)
    is_refused[refused.rows] = True
    is_held = np.asarray(final.index.isin(stored.index))
    is_new = ~is_held & ~is_refused
    stretches = np.cumsum(is_held & ~is_refused)
    for number in np.unique(stretches[is_new]).tolist():
        inside = stretches == number
        doubted = final[inside & is_held & is_refused]
        rows = final[inside & (is_new | (is_held & is_refused))]
        if len(doubted) < JOIN:
            continue
        if _may_go_on(stored, rows, doubted, rewrite.run.config.basis):
            raise _refused_basis(rewrite, doubted, logged)


def _may_go_on(stored: Bars, rows: Bars, doubted: Bars, basis: Basis) -> bool:
    """Whether new bars among ``rows`` may be on the basis of the doubted ones beside them.

    A ratio that prices do not move by themselves shows in the price from one to the next.
    """
    held = stored.loc[doubted.index]
    stamps = index_micros(doubted.index)
    scale = find_scale(stamps, numbers_of(held), numbers_of(doubted), ())
    if scale is None:
        return False
    ratio = 1 / float(scale.ratio[-1])  # of the provider's prices over the stored ones
    if max(ratio, 1 / ratio) < TELLING:
        return True
    # A bar on the stored basis is nearer to the stored price than to the provider's.
    nearest = math.log(max(ratio, 1 / ratio)) / 2
    is_doubted = np.asarray(rows.index.isin(doubted.index))
    closes, opens = rows["close"].to_numpy(copy=True), rows["open"].to_numpy(copy=True)
    closes[is_doubted], opens[is_doubted] = held["close"], held["open"]
    edges = np.flatnonzero(is_doubted[1:] != is_doubted[:-1])
    after = opens[edges + 1]
    if basis == "as-traded":
        after = after * rows["split"].to_numpy()[edges + 1]
    moves = np.abs(np.log(after / closes[edges]))
    return bool((moves > nearest).any())


def _refused_basis(rewrite: Rewrite, doubted: Bars, logged: pd.DataFrame) -> Suspicious:
    run, name = rewrite.run, rewrite.run.provider.name
    ends = f"{doubted.index[0]:%Y-%m-%d} to {doubted.index[-1]:%Y-%m-%d}"
    what = (
        f"{name} has the {len(doubted)} bars of {ends} on another basis, which was decided "
        "against: its new bars would be on that one"
    )
    # A decision about most of what is stored was about a restatement.
    if logged["version"].value_counts().max() * 2 > rewrite.before.rows:
        what = f"{name} restates the history as the restatement that was undone"
    return Suspicious(
        what, hint=("nothing was written; `", run.acceptance, "` accepts the provider's history")
    )
