"""What must hold of any two series, and of any splits between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml4t_nb.core.bars import Bars
from ml4t_nb.core.overlap import compare_overlap
from tests.core.overlap_bars import bars_of, day, verdict


def series(seed: int, count: int) -> npt.NDArray[np.float64]:
    """A walk of bars as traded on one basis: open, high, low, close, volume; cents."""
    draw = np.random.default_rng(seed)
    close = 50 * np.exp(np.cumsum(0.02 * draw.standard_normal(count)))
    opens = np.append(50.0, close[:-1]) * np.exp(0.005 * draw.standard_normal(count))
    high = np.maximum(opens, close) * (1 + 0.01 * draw.random(count))
    low = np.minimum(opens, close) * (1 - 0.01 * draw.random(count))
    prices = np.round(np.column_stack([opens, high, low, close]), 2)
    return np.column_stack([prices, draw.integers(1000, 100000, count)])


def quoted(
    traded: npt.NDArray[np.float64],
    splits: dict[int, float],
    *,
    restated_by: tuple[int, ...],
    last: int,
    decimals: int,
) -> Bars:
    """Bars 0 to ``last`` as quoted when the given splits restate what lies before them."""
    by_bar = np.array(
        [np.prod([splits[at] for at in restated_by if at > row]) for row in range(last + 1)]
    )
    prices = np.round(traded[: last + 1, :4] / by_bar[:, np.newaxis], decimals)
    named = {at: ratio for at, ratio in splits.items() if at <= last}
    return bars_of(
        *(tuple(row) for row in np.column_stack([prices, traded[: last + 1, 4] * by_bar])),
        splits=named,
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    stored_last=st.integers(4, 18),
    more=st.integers(1, 6),
    where=st.sets(st.integers(1, 24), max_size=3),
    ratio=st.sampled_from([2.0, 3.0, 7.0, 1.5, 20.0, 0.1, 0.5, 1.05]),
    window=st.integers(3, 10),
    decimals=st.sampled_from([4, 6, 12]),
)
def test_an_honest_provider_is_believed_and_its_ratio_is_right(
    *,
    seed: int,
    stored_last: int,
    more: int,
    where: set[int],
    ratio: float,
    window: int,
    decimals: int,
) -> None:
    # As traded on the first basis; each split divides what trades from its day on.
    last = stored_last + more
    splits = dict.fromkeys(sorted(at for at in where if at <= last), ratio)
    cumulative = np.array(
        [np.prod([r for at, r in splits.items() if at <= row]) for row in range(last + 1)]
    )
    walk = series(seed, last + 1)
    traded = np.column_stack([walk[:, :4] / cumulative[:, np.newaxis], walk[:, 4]])
    known = tuple(at for at in splits if at <= stored_last)
    stored = quoted(traded, splits, restated_by=known, last=stored_last, decimals=decimals)
    fetched = quoted(traded, splits, restated_by=tuple(splits), last=last, decimals=decimals)

    found = compare_overlap(
        stored, fetched.iloc[stored_last + 1 - window :] if window <= stored_last else fetched
    )

    new = len(splits) - len(known)
    if new:
        assert found.verdict == "restated"
        assert found.restatement is not None
        assert found.restatement.ratio == pytest.approx(ratio**new, rel=2e-3)
        assert found.restatement.splits == tuple(
            (day(at), ratio) for at in splits if at > stored_last
        )
    else:
        assert found.verdict == "same"


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    stored_last=st.integers(4, 18),
    more=st.integers(1, 6),
    after=st.integers(1, 6),
    ratio=st.sampled_from([2.0, 3.0, 7.0, 1.5, 20.0, 0.1, 0.5, 1.05, 1.02]),
    window=st.integers(3, 10),
)
def test_a_provider_that_names_a_split_and_has_not_restated_is_never_believed(
    *, seed: int, stored_last: int, more: int, after: int, ratio: float, window: int
) -> None:
    last = stored_last + more
    ex_date = min(stored_last + after, last)
    walk = series(seed, last + 1)
    fell = np.where(np.arange(last + 1) >= ex_date, ratio, 1.0)
    traded = np.column_stack([walk[:, :4] / fell[:, np.newaxis], walk[:, 4]])
    splits = {ex_date: ratio}
    stored = quoted(traded, splits, restated_by=(), last=stored_last, decimals=6)
    fetched = quoted(traded, splits, restated_by=(), last=last, decimals=6)

    found = compare_overlap(stored, fetched.iloc[max(stored_last + 1 - window, 0) :])

    assert found.verdict == "suspicious"


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(3, 20),
    cut=st.integers(1, 19),
    ratio=st.sampled_from([2.0, 3.0, 7.0, 1.5, 20.0, 0.1, 0.5, 1.05]),
)
def test_two_bases_in_one_answer_are_never_taken_for_good(
    seed: int, count: int, cut: int, ratio: float
) -> None:
    """The provider has moved the bars before some day to another basis and names no split."""
    cut = min(cut, count - 1)
    walk = series(seed, count)
    stored = bars_of(*(tuple(row) for row in walk))
    moved = walk.copy()
    moved[:cut, :4] = np.round(moved[:cut, :4] / ratio, 6)
    fetched = bars_of(*(tuple(row) for row in moved))

    assert verdict(stored, fetched) == "suspicious"
