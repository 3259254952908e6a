"""Sources: spans of bars from other providers, against one name a bar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.bars import as_stamps
from ml4t_nb.core.sources import source_of, sources_after, switched
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.model import Span
from ml4t_nb.records import Source


def day(number: int) -> datetime:
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=number)


def stamps(*days: int) -> pd.DatetimeIndex:
    return as_stamps([day(each) for each in days])


def source(first: int, last: int, provider: str = "files") -> Source:
    return Source(Span(day(first), day(last) + TICK), provider)


def test_bars_in_no_span_are_from_the_dataset_s_own_provider() -> None:
    names = source_of(stamps(1, 2, 3, 4, 5), (source(2, 3), source(5, 9, "sample")), "yahoo")

    assert names.tolist() == ["yahoo", "files", "files", "yahoo", "sample"]


def test_without_sources_all_bars_are_from_the_dataset_s_own_provider() -> None:
    assert source_of(stamps(1, 2), (), "yahoo").tolist() == ["yahoo", "yahoo"]
    assert source_of(stamps(), (source(1, 2),), "yahoo").tolist() == []


def test_taken_bars_that_follow_each_other_are_one_span() -> None:
    taken = np.array([False, True, True, False, True])

    after = sources_after((), stamps(1, 2, 5, 6, 7), taken, provider="files", own="yahoo")

    assert after == (source(2, 5), source(7, 7))


def test_a_bar_that_the_own_provider_gives_again_parts_a_span() -> None:
    taken = np.array([False, True, False])

    after = sources_after((source(1, 3),), stamps(1, 2, 3), taken, provider="yahoo", own="yahoo")

    assert after == (source(1, 1), source(3, 3))


def test_a_span_ends_with_the_bars_that_exist() -> None:
    none = np.zeros(2, dtype=bool)

    after = sources_after(
        (source(1, 4), source(8, 9)), stamps(2, 3), none, provider="yahoo", own="yahoo"
    )

    assert after == (source(2, 3),)


def test_bars_before_the_start_keep_their_source() -> None:
    known = (source(1, 2, "sample"), source(5, 12))
    taken = np.array([False, False, True])

    after = sources_after(
        known, stamps(8, 9, 10), taken, provider="yahoo", own="yahoo", start=day(8)
    )

    assert after == (source(1, 2, "sample"), source(5, 9))


def test_a_switch_gives_earlier_bars_the_name_of_the_old_provider() -> None:
    known = (source(2, 3, "files"), source(6, 7, "sample"))

    after = switched(known, Span(day(1), day(9)), old="yahoo", new="files")

    assert after == (
        Source(Span(day(1), day(2)), "yahoo"),
        Source(Span(day(3) + TICK, day(6)), "yahoo"),
        source(6, 7, "sample"),
        Source(Span(day(7) + TICK, day(9)), "yahoo"),
    )


def test_a_switch_back_leaves_no_source() -> None:
    there = switched((), Span(day(1), day(9)), old="yahoo", new="files")

    assert switched(there, Span(day(1), day(9)), old="files", new="yahoo") == ()


NAMES = ("own", "files", "sample")
DAYS = 14
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "remove", "switch"]),
        st.sets(st.integers(0, DAYS - 1), min_size=1),
        st.sampled_from(NAMES),
        st.booleans(),
    ),
    max_size=8,
)


@given(steps=STEPS)
def test_any_history_is_one_name_a_bar(steps: list[tuple[str, set[int], str, bool]]) -> None:
    own, named = "own", {0: "own"}
    sources: tuple[Source, ...] = ()
    was_switched = False
    for what, days, provider, is_end in steps:
        if what == "switch":
            was_switched = True
            whole = Span(day(min(named)), day(max(named)) + TICK)
            sources = (
                switched(sources, whole, old=own, new=provider) if provider != own else sources
            )
            own = provider
            continue
        start = min(days) if is_end and what == "take" else None
        if what == "take":
            named |= dict.fromkeys(days, provider)
        elif left := {each: named[each] for each in named if each not in days}:
            named = left
        seen = sorted(each for each in named if start is None or each >= start)
        taken = np.array([what == "take" and each in days for each in seen], dtype=bool)
        sources = sources_after(
            sources,
            stamps(*seen),
            taken,
            provider=provider,
            own=own,
            start=None if start is None else day(start),
        )

        held = sorted(named)
        assert source_of(stamps(*held), sources, own).tolist() == [named[each] for each in held]
        assert all(each.provider != own and each.span for each in sources)
        assert all(one.span.end <= two.span.start for one, two in pairwise(sources))
        if not was_switched:  # of a switch only the ends of the whole are known
            assert all(any(day(each) in source.span for each in held) for source in sources)
