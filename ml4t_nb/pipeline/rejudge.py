"""Findings of a dataset once a person has taken bars out, or has put bars back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from ml4t_nb.core.adjust import traded_bars
from ml4t_nb.core.bars import Bars, as_instant
from ml4t_nb.core.findings import as_findings, judged_again
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.finding import Finding, Rule
from ml4t_nb.model import Span
from ml4t_nb.pipeline.context import RunContext
from ml4t_nb.storage.manifest import Manifest

__all__ = ["OF_ANSWERS", "judged_around"]

# So many bars before and after those that changed may be judged otherwise than before.
_REACH = 60

OF_ANSWERS: frozenset[Rule] = frozenset(
    {
        "no volume",
        "partial",
        "dividend",
        "dividend unit",
        "kept",
        "basis",
        "intraday range",
        "unknown symbol",
        "currency",
    }
)
"""Rules whose findings come with an answer of a provider, or with other datasets: bars alone do not
end them."""


def judged_around(
    context: RunContext,
    state: Manifest,
    real: Bars,
    changed: pd.DatetimeIndex,
    *,
    extra: Sequence[Finding],
    as_of: datetime,
    number: int,
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """All findings, and those that are new, once bars around ``changed`` stamps are others.

    Parameters
    ----------
    state
        The dataset with the findings that are known.
    real
        All observed bars as they are to be stored.
    extra
        Of bars outside the calendar.
    number
        Of the commit.
    """
    if real.empty or changed.empty:
        return state.findings, ()
    near = _around(pd.DatetimeIndex(real.index), changed)
    basis, allowed = state.config.basis, context.rules.of_dataset(state.dataset)
    asset_class = state.dataset.asset_class
    found = suspects(real, basis=basis, asset_class=asset_class, allowed=allowed)
    known = as_findings(found, traded_bars(real, basis)) if found else ()
    return judged_again(
        state.findings,
        [each for each in (*known, *extra) if each.meets(near)],
        is_judged=lambda each: (
            each.meets(near) and not each.is_hard and each.rule not in OF_ANSWERS
        ),
        as_of=as_of,
        number=number,
    )


def _around(stamps: pd.DatetimeIndex, changed: pd.DatetimeIndex) -> Span:
    first = max(int(stamps.searchsorted(changed[0])) - _REACH, 0)
    last = min(int(stamps.searchsorted(changed[-1])) + _REACH, len(stamps) - 1)
    start, end = min(stamps[first], changed[0]), max(stamps[last], changed[-1])
    return Span(as_instant(start), as_instant(end) + TICK)
