"""Findings: recognised again, closed by better bars, and never raised anew once decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.findings import as_findings, is_same_finding, judged_again, most_needed
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.finding import Finding, FindingState, Rule
from tests.core.rules.series import calm

FIRST = datetime(2024, 3, 1, tzinfo=UTC)
LATER = datetime(2024, 3, 2, tzinfo=UTC)
SPIKE = Finding(
    datetime(2024, 2, 5, tzinfo=UTC), "spike", "too high", values=(10.0, 99.0, 9.0, 11.0)
)


def everything(_: Finding) -> bool:
    return True


def nothing(_: Finding) -> bool:
    return False


def test_a_finding_is_opened_by_the_run_that_finds_it() -> None:
    opened = (replace(SPIKE, seen=FIRST),)

    assert judged_again((), (SPIKE,), is_judged=everything, as_of=FIRST) == (opened, opened)


@pytest.mark.parametrize("state", ["open", "accepted"])
def test_what_is_found_again_stays_as_it_was(state: FindingState) -> None:
    known = replace(SPIKE, seen=FIRST, state=state)
    blurred = replace(SPIKE, values=(10.0, 99.0 * (1 + 1e-9), 9.0, 11.0), detail="other words")

    assert judged_again((known,), (blurred,), is_judged=everything, as_of=LATER) == ((known,), ())


def test_an_open_finding_is_corrected_when_its_bars_pass_and_only_then() -> None:
    known = replace(SPIKE, seen=FIRST)

    passed, _ = judged_again((known,), (), is_judged=everything, as_of=LATER)
    unseen, _ = judged_again((known,), (), is_judged=nothing, as_of=LATER)

    assert passed == (replace(known, state="corrected"),)
    assert unseen == (known,)


def test_a_changed_value_is_a_new_finding_beside_the_accepted_one() -> None:
    accepted = replace(SPIKE, seen=FIRST, state="accepted")
    changed = replace(SPIKE, values=(10.0, 120.0, 9.0, 11.0))

    after, _ = judged_again((accepted,), (changed,), is_judged=everything, as_of=LATER)

    assert set(after) == {accepted, replace(changed, seen=LATER)}


def test_what_was_corrected_and_comes_back_is_open_again() -> None:
    corrected = replace(SPIKE, seen=FIRST, state="corrected")

    after, _ = judged_again((corrected,), (SPIKE,), is_judged=everything, as_of=LATER)

    assert after == (corrected, replace(SPIKE, seen=LATER))


def test_what_was_rejected_and_is_stored_again_is_open_again() -> None:
    rejected = replace(SPIKE, seen=FIRST, state="rejected")

    assert judged_again((rejected,), (SPIKE,), is_judged=everything, as_of=LATER, number=7) == (
        (rejected, replace(SPIKE, seen=LATER, opened=7)),
        (replace(SPIKE, seen=LATER, opened=7),),
    )


def test_a_row_that_was_kept_out_anyway_stays_rejected() -> None:
    rejected = replace(SPIKE, rule="price", seen=FIRST, state="rejected")
    again = replace(SPIKE, rule="price")

    assert judged_again((rejected,), (again,), is_judged=everything, as_of=LATER) == (
        (rejected,),
        (),
    )


def test_a_split_after_a_finding_does_not_change_it() -> None:
    bars = calm()
    high = bars["high"].to_numpy(copy=True)
    high[60] *= 1.5
    ratios = bars["split"].to_numpy(copy=True)
    before = bars.assign(high=high)
    ratios[90] = 2.0
    halved = before.assign(split=ratios)
    for name in ("open", "high", "low", "close"):
        prices = halved[name].to_numpy(copy=True)
        prices[:90] /= 2
        prices[90:] /= 1
        halved[name] = prices

    (one,), (other,) = (
        [
            each
            for each in as_findings(
                suspects(
                    series,
                    basis="split-adjusted",
                    asset_class="equities",
                    allowed=Thresholds(off=frozenset({"jump"})),
                ),
                adjusted(series, "raw", basis="split-adjusted"),
            )
            if each.rule == "spike" and each.stamp == series.index[60]
        ]
        for series in (before, halved)
    )

    assert one.evidence != other.evidence
    assert is_same_finding(one, other)


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ("price", "error"),
        ("nan", "error"),
        ("spike", "warning"),
        ("unit", "warning"),
        ("no volume", "warning"),
        ("extra", "note"),
        ("partial", "note"),
    ],
)
def test_a_row_that_is_not_stored_is_an_error_and_a_bar_out_of_hours_a_note(
    rule: Rule, severity: str
) -> None:
    assert replace(SPIKE, rule=rule).severity == severity


@pytest.mark.parametrize("state", ["open", "accepted"])
@pytest.mark.parametrize(("seemed", "proved"), [("jump", "spike"), ("jump", "unit")])
def test_a_jump_that_the_next_bar_proves_to_be_a_spike_is_no_news(
    state: FindingState, seemed: Rule, proved: Rule
) -> None:
    known = replace(SPIKE, rule=seemed, seen=FIRST, opened=3, state=state)
    sharper = replace(SPIKE, rule=proved)

    after, opened = judged_again((known,), (sharper,), is_judged=everything, as_of=LATER)

    assert after == (replace(known, rule=proved),)
    assert opened == ()


def test_what_was_accepted_is_not_opened_by_a_finding_that_it_explains() -> None:
    jump = replace(SPIKE, rule="jump", seen=FIRST)
    accepted = replace(SPIKE, seen=FIRST, state="accepted")

    after, opened = judged_again((jump, accepted), (SPIKE,), is_judged=everything, as_of=LATER)

    assert after == (replace(jump, state="corrected"), accepted)
    assert opened == ()


FINDINGS = st.builds(
    Finding,
    stamp=st.sampled_from([datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3)]),
    rule=st.sampled_from(["spike", "high volume"]),
    detail=st.just(""),
    values=st.sampled_from([(1.0,), (2.0,)]),
)
RUNS = st.lists(st.tuples(st.lists(FINDINGS, unique=True), st.sampled_from([1, 2, 3])), max_size=6)


@given(runs=RUNS, decide=st.sets(st.integers(0, 5)))
def test_no_sequence_of_runs_and_decisions_loses_a_finding_or_opens_one_twice(
    runs: list[tuple[list[Finding], int]], decide: set[int]
) -> None:
    known: tuple[Finding, ...] = ()
    for number, (found, from_day) in enumerate(runs):

        def is_judged(each: Finding, day: int = from_day) -> bool:
            return each.stamp is not None and each.stamp.day >= day

        seen = [each for each in found if is_judged(each)]
        before = known
        known, _ = judged_again(known, seen, is_judged=is_judged, as_of=FIRST)

        kept = [(each.stamp, each.rule, each.values) for each in known]
        assert all((each.stamp, each.rule, each.values) in kept for each in (*before, *seen))
        standing = [each for each in known if each.state != "corrected"]
        keys = [(each.stamp, each.rule, each.values) for each in standing]
        assert len(set(keys)) == len(keys)
        assert {each for each in known if each.is_open and is_judged(each)} == {
            each for each in known if each.is_open and any(is_same_finding(each, s) for s in seen)
        }
        if number in decide:
            known = tuple(
                replace(each, state="accepted") if each.is_open else each for each in known
            )


def test_what_is_to_be_decided_outlasts_what_was_decided_and_that_what_is_over() -> None:
    accepted = replace(SPIKE, state="accepted")
    over = [replace(SPIKE, state="corrected", detail=detail) for detail in ("old", "new")]
    several = (SPIKE, accepted, *over)

    assert most_needed(several, 4) == several
    assert most_needed(several, 3) == (SPIKE, accepted, over[1])
    assert most_needed(several, 1) == (SPIKE,)
