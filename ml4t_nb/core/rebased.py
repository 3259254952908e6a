"""Bars that a provider no longer serves, on the basis of those that it does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from math import prod

import numpy as np
import pandas as pd

from ml4t_nb.core.adjust import rescale
from ml4t_nb.core.bars import Bars, Numbers, as_stamps
from ml4t_nb.core.request_spans import JOIN
from ml4t_nb.errors import Suspicious
from ml4t_nb.model import DatasetId, NextStep

__all__ = ["rebased"]

_STEADY = 1e-3
_EXACT = 1e-6
_SIMPLE = 20


def rebased(
    kept: Bars,
    common: pd.Index,
    ratios: Numbers,
    splits: Sequence[tuple[datetime, float]],
    dataset: DatasetId,
    *,
    is_explained: bool,
) -> Bars:
    """Bars the provider no longer serves, each on the basis of the common bars nearest to it.

    Their ratios are of prices stored over fetched, and may change at a split: bars across one say
    nothing of each other. Where no bar is in common the product of the splits stands in, if they
    are those of a restatement; others may be in the stored prices already. Suspicious is raised if
    the nearest bars do not agree on one ratio, so that there is no basis to convert to.
    """
    edges = as_stamps([at for at, _ in splits])
    cuts = [0, *common.searchsorted(edges).tolist(), len(common)]
    eras = edges.searchsorted(kept.index, side="right")
    places = common.searchsorted(kept.index)
    parts = []
    for era, place in np.unique(np.column_stack([eras, places]), axis=0).tolist():
        run = kept[(eras == era) & (places == place)]
        first, stop = cuts[era], cuts[era + 1]
        # The three common bars of that era from there on, or its last where there are fewer.
        near = ratios[place : place + JOIN]
        if place + JOIN > stop:
            near = ratios[max(stop - JOIN, first) : stop]
        if not near.size and is_explained:
            near = np.array([prod(ratio for _, ratio in splits[era:])])
        if not near.size or near.max() - near.min() > _STEADY * near.min():
            days = {"start": run.index[0].date(), "end": run.index[-1].date()}
            raise Suspicious(
                f"{len(run)} stored bars that the provider no longer serves "
                "cannot be converted to its basis",
                hint=(
                    "export them: ",
                    NextStep("export", dataset, **days),
                    ", then remove them and update again",
                ),
            )
        parts.append(rescale(run, _meant(float(np.median(near)), splits)))
    return pd.concat(parts)


def _meant(ratio: float, splits: Sequence[tuple[datetime, float]]) -> float:
    """The ratio that a measured one, blurred by rounded prices, represents.

    That of the last few splits the provider names, or else a simple one if it is as good as
    measured: a spin-off moves prices by any ratio, and must not be rounded to the next split.
    """
    for start in range(len(splits)):
        candidate = prod(each for _, each in splits[start:])
        if abs(candidate / ratio - 1) < _STEADY:
            return candidate
    near = float(Fraction(ratio).limit_denominator(_SIMPLE))
    return near if abs(near / ratio - 1) < _EXACT else ratio
