"""Every join is compared: no history is ever on two price bases."""

from __future__ import annotations

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.commands.spelling import spell
from ml4t_nb.core.adjust import adjusted
from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import Overtaken, Suspicious
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import bars_at, evening, restated, rising, sessions


def test_an_update_adds_what_is_new(runner: Runner) -> None:
    runner.provider.bars = rising("2024-03-04", "2024-03-15")
    runner.load(evening("2024-03-13"))

    result = runner.update(evening("2024-03-15"))

    assert (result.record.outcome, result.record.added, result.record.verdict) == (
        "changed",
        2,
        "same",
    )
    assert_frame_equal(runner.stored(), runner.provider.bars)


def test_a_second_update_at_the_same_as_of_changes_nothing(runner: Runner) -> None:
    runner.provider.bars = rising("2024-03-04", "2024-03-15")
    runner.load(evening("2024-03-13"))
    runner.update(evening("2024-03-15"))
    files = runner.store.snapshot(runner.dataset).files()

    result = runner.update(evening("2024-03-15"))

    assert result.record.outcome == "unchanged"
    assert result.record.chunks_written == 0
    assert runner.store.snapshot(runner.dataset).files() == files
    assert len(result.history) == 3


def test_a_split_restates_the_history_in_one_commit(runner: Runner) -> None:
    before = rising("2024-01-08", "2024-03-08")
    runner.provider.bars = before
    runner.load(evening("2024-03-08"))
    after = bars_at(
        sessions("2024-01-08", "2024-03-12"),
        [*before["close"], 71.0, 72.0],
        splits={"2024-03-11": 2.0},
    )
    after.loc["2024-03-11", "open"] = 70.5
    after.loc["2024-03-11", "high"] = 71.5
    runner.provider.bars = restated(after, 2.0, ex_date="2024-03-11")

    result = runner.update(evening("2024-03-12"))

    assert result.record.verdict == "restated"
    assert result.record.restatement is not None
    assert result.record.restatement.ratio == 2.0
    assert [ratio for _, ratio in result.record.restatement.splits] == [2.0]
    assert result.version == 2
    assert_frame_equal(runner.stored(), runner.provider.bars)


@pytest.mark.parametrize("ratio", [2.0, 7.0, 0.1])
def test_a_prepend_after_an_unnoticed_split_puts_all_on_one_basis(
    runner: Runner, ratio: float
) -> None:
    original = rising("2024-01-08", "2024-03-08", start=700.0)
    runner.provider.bars = original
    runner.load(evening("2024-03-08"), start="2024-02-05")
    whole = rising("2024-01-08", "2024-03-13", start=700.0)
    whole.loc["2024-03-11":, ["open", "high", "low", "close"]] /= ratio
    whole.loc["2024-03-11", "split"] = ratio
    runner.provider.bars = restated(whole, ratio, ex_date="2024-03-11")

    runner.load(evening("2024-03-13"), start="2024-01-08", end="2024-01-31")

    # The last bar stays that of 2024-03-08, so the history stays on the basis before the split.
    assert_frame_equal(runner.stored(), original, rtol=1e-12)

    result = runner.update(evening("2024-03-13"))

    assert result.record.verdict == "restated"
    assert_frame_equal(runner.stored(), runner.provider.bars, rtol=1e-12)


def test_a_load_apart_from_what_is_stored_is_extended_until_it_meets_it(runner: Runner) -> None:
    runner.provider.bars = rising("2024-01-08", "2024-03-08")
    runner.load(evening("2024-03-08"), start="2024-03-01")

    runner.load(evening("2024-03-08"), start="2024-01-08", end="2024-01-12")

    assert_frame_equal(runner.stored(), runner.provider.bars)


def test_a_later_load_apart_from_what_is_stored_is_extended_back(runner: Runner) -> None:
    runner.provider.bars = rising("2024-01-08", "2024-03-08")
    runner.load(evening("2024-03-08"), end="2024-01-19")

    runner.load(evening("2024-03-08"), start="2024-03-04")

    assert_frame_equal(runner.stored(), runner.provider.bars)


def test_a_load_that_ends_before_a_split_stays_on_the_basis_of_its_last_bar(runner: Runner) -> None:
    as_traded = rising("2024-01-08", "2024-03-13")
    as_traded.loc["2024-03-11", "split"] = 2.0
    as_traded.loc["2024-03-11":, ["open", "high", "low", "close"]] /= 2
    runner.provider.bars = restated(as_traded, 2.0, ex_date="2024-03-11")

    runner.load(evening("2024-03-13"), end="2024-03-08")

    assert_frame_equal(runner.stored(), as_traded[:"2024-03-08"])


def test_a_split_on_an_unfinished_bar_takes_effect_with_that_bar(runner: Runner) -> None:
    before = rising("2024-02-05", "2024-03-08")
    runner.provider.bars = before
    runner.load(evening("2024-03-08"))
    whole = rising("2024-02-05", "2024-03-11")
    whole.loc["2024-03-11", "split"] = 2.0
    whole.loc["2024-03-11":, ["open", "high", "low", "close"]] /= 2
    runner.provider.bars = restated(whole, 2.0, ex_date="2024-03-11")

    morning = runner.update(evening("2024-03-11").replace(hour=15))

    assert (morning.record.outcome, morning.record.verdict) == ("unchanged", "same")
    assert_frame_equal(runner.stored(), before)

    night = runner.update(evening("2024-03-11"))

    assert night.record.verdict == "restated"
    assert_frame_equal(runner.stored(), runner.provider.bars)


def test_a_split_announced_before_the_history_is_restated_is_never_joined(runner: Runner) -> None:
    before = rising("2024-02-05", "2024-03-08")
    runner.provider.bars = before
    runner.load(evening("2024-03-08"))
    whole = rising("2024-02-05", "2024-03-12")
    whole.loc["2024-03-11":, ["open", "high", "low", "close"]] /= 2
    whole.loc["2024-03-11", "split"] = 2.0
    runner.provider.bars = whole

    refused = runner.update(evening("2024-03-11"))

    assert refused.record.outcome == "failed"
    assert refused.record.error is not None
    assert refused.record.error.type == "SplitPending"
    assert_frame_equal(runner.stored(), before)

    runner.provider.bars = restated(whole, 2.0, ex_date="2024-03-11")
    healed = runner.update(evening("2024-03-12"))

    assert healed.record.verdict == "restated"
    assert_frame_equal(runner.stored(), runner.provider.bars)


def test_a_split_named_a_day_after_the_restatement_is_healed_too(runner: Runner) -> None:
    runner.provider.bars = rising("2024-02-05", "2024-03-08")
    runner.load(evening("2024-03-08"))
    whole = rising("2024-02-05", "2024-03-12")
    whole.loc["2024-03-11":, ["open", "high", "low", "close"]] /= 2
    unnamed = restated(whole, 2.0, ex_date="2024-03-11")
    runner.provider.bars = unnamed[:"2024-03-11"]

    first = runner.update(evening("2024-03-11"))

    assert first.record.verdict == "restated"
    assert "does not yet report a split" in " ".join(first.record.notes)

    named = unnamed.copy()
    named.loc["2024-03-11", "split"] = 2.0
    runner.provider.bars = named
    second = runner.update(evening("2024-03-12"))

    assert second.record.verdict == "corrected"
    assert_frame_equal(runner.stored(), named)


def test_a_first_load_of_a_history_on_two_bases_is_refused(runner: Runner) -> None:
    whole = rising("2024-02-05", "2024-03-12")
    whole.loc["2024-03-11":, ["open", "high", "low", "close"]] /= 2
    whole.loc["2024-03-11", "split"] = 2.0
    runner.provider.bars = whole

    with pytest.raises(Suspicious, match="2024-03-11"):
        runner.load(evening("2024-03-12"))

    assert runner.store.datasets() == ()


def test_a_history_that_contradicts_the_stored_one_waits_until_it_is_accepted(
    runner: Runner,
) -> None:
    stored = rising("2024-02-05", "2024-03-08")
    runner.provider.bars = stored
    runner.load(evening("2024-03-08"))
    stamps = sessions("2024-02-05", "2024-03-12")
    other = bars_at(stamps, [50.0 + (step * 37) % 11 for step in range(len(stamps))])
    runner.provider.bars = other

    refused = runner.update(evening("2024-03-11"))

    assert refused.record.error is not None
    said = spell(refused.record.error.hint, "ml4t-data")
    assert "ml4t-data update -s ACME --accept" in said
    assert "(2024-02-05 to 2024-03-08)" in refused.record.error.message
    assert_frame_equal(runner.stored(), stored)

    accepted = runner.update(evening("2024-03-12"), accept=True)

    assert (accepted.record.outcome, accepted.record.verdict) == ("changed", "suspicious")
    assert_frame_equal(runner.stored(), other)


def test_what_is_accepted_is_compared_from_the_first_stored_bar_on(runner: Runner) -> None:
    runner.provider.bars = rising("2024-02-05", "2024-03-08")
    runner.load(evening("2024-03-08"))
    healed = rising("2024-02-05", "2024-03-11")
    healed.loc["2024-02-12", ["open", "high", "low", "close"]] += 1.5
    runner.provider.bars = healed

    assert runner.update(evening("2024-03-11"), days=3).record.revised == 0
    assert runner.update(evening("2024-03-11"), days=3, accept=True).record.revised == 1

    assert_frame_equal(runner.stored(), healed)


def test_a_correction_replaces_the_bar_and_is_logged(runner: Runner) -> None:
    runner.provider.bars = rising("2024-02-05", "2024-03-08")
    runner.load(evening("2024-03-08"))
    corrected = rising("2024-02-05", "2024-03-11")
    corrected.loc["2024-03-06", "volume"] = 1234.0
    runner.provider.bars = corrected

    result = runner.update(evening("2024-03-11"))

    assert (result.record.verdict, result.record.revised) == ("corrected", 1)
    (revision,) = result.record.revisions
    assert (revision.column, revision.old, revision.new) == ("volume", 1000.0, 1234.0)
    assert_frame_equal(runner.stored(), corrected)


def test_a_bar_the_provider_lost_stays(runner: Runner) -> None:
    full = rising("2024-02-05", "2024-03-11")
    runner.provider.bars = full[:"2024-03-08"]
    runner.load(evening("2024-03-08"))
    runner.provider.bars = full.drop(full.index[-3])

    runner.update(evening("2024-03-11"))

    assert_frame_equal(runner.stored(), full)


def test_bars_no_longer_served_are_kept_and_rescaled_by_a_restatement(runner: Runner) -> None:
    runner.provider.bars = rising("2024-01-08", "2024-03-08")
    runner.load(evening("2024-03-08"))
    whole = rising("2024-01-08", "2024-03-11")
    whole.loc["2024-03-11":, ["open", "high", "low", "close"]] /= 2
    whole.loc["2024-03-11", "split"] = 2.0
    expected = restated(whole, 2.0, ex_date="2024-03-11")
    runner.provider.bars = expected["2024-02-05":]

    result = runner.update(evening("2024-03-11"))

    assert result.record.restatement is not None
    assert result.record.restatement.kept == 20
    assert_frame_equal(runner.stored(), expected)


def test_a_listing_with_two_bars_is_replaced_whole(runner: Runner) -> None:
    runner.provider.bars = rising("2024-03-07", "2024-03-08")
    runner.load(evening("2024-03-08"))
    runner.provider.bars = rising("2024-03-07", "2024-03-11", start=50.0)

    result = runner.update(evening("2024-03-11"))

    assert result.record.outcome == "changed"
    assert_frame_equal(runner.stored(), runner.provider.bars)


def test_an_earlier_as_of_is_refused(runner: Runner) -> None:
    runner.provider.bars = rising("2024-02-05", "2024-03-08")
    runner.load(evening("2024-03-08"))

    with pytest.raises(Overtaken, match="2024-03-08"):
        runner.update(evening("2024-03-07"))


def test_an_answer_without_common_bars_is_not_placed_beside_the_stored_ones(runner: Runner) -> None:
    stored = rising("2024-01-08", "2024-01-19")
    runner.provider.bars = stored
    runner.load(evening("2024-01-19"))
    runner.provider.bars = rising("2024-03-04", "2024-03-08")

    result = runner.update(evening("2024-03-08"))

    assert result.record.outcome == "failed"
    assert_frame_equal(runner.stored(), stored)


def test_a_row_that_breaks_a_hard_rule_is_kept_out_and_reported(runner: Runner) -> None:
    bars = rising("2024-02-20", "2024-03-08")
    broken = bars.copy()
    broken.loc["2024-02-28", "close"] = float("nan")
    runner.provider.bars = broken

    result = runner.load(evening("2024-03-08"))

    assert [(f.rule, f.stamp.date().isoformat()) for f in result.findings if f.stamp] == [
        ("nan", "2024-02-28")
    ]
    assert [gap.missing for gap in result.gaps] == [1]
    assert_frame_equal(runner.stored(), bars.drop(bars.index[6]))


def test_a_late_dividend_outside_the_window_is_found_within_thirty_days(runner: Runner) -> None:
    bars = rising("2023-11-06", "2024-03-08")
    runner.provider.bars = bars[:"2024-02-02"]
    runner.load(evening("2024-02-02"))
    late = bars.copy()
    late.loc["2023-12-13", "dividend"] = 0.42
    runner.provider.bars = late
    runner.update(evening("2024-02-16"))
    assert runner.stored().loc["2023-12-13", "dividend"] == 0.0

    runner.update(evening("2024-03-08"))

    assert_frame_equal(runner.stored(), late)


def split_on_monday(last: str) -> Bars:
    """2:1 on 2024-03-11, prices as the provider showed them before it restated the history."""
    bars = rising("2024-02-20", last)
    bars.loc["2024-03-11":, ["open", "high", "low", "close"]] /= 2
    bars.loc["2024-03-11", "split"] = 2.0
    return bars


def test_a_split_named_before_it_restates_is_not_undone_by_a_first_load(runner: Runner) -> None:
    runner.provider.bars = split_on_monday("2024-03-11")

    runner.load(evening("2024-03-11").replace(hour=15))

    assert_frame_equal(runner.stored(), runner.provider.bars[:"2024-03-08"])


def test_a_listing_with_two_bars_is_not_replaced_by_a_history_on_two_bases(runner: Runner) -> None:
    listing = rising("2024-03-07", "2024-03-08")
    runner.provider.bars = listing
    runner.load(evening("2024-03-08"))
    runner.provider.bars = split_on_monday("2024-03-12")["2024-03-07":]

    result = runner.update(evening("2024-03-12"))

    assert result.record.outcome == "failed"
    assert_frame_equal(runner.stored(), listing)


@pytest.mark.parametrize("lost", [["2024-03-08"], ["2024-03-06", "2024-03-07", "2024-03-08"]])
def test_a_bar_lost_beside_a_split_is_kept_on_the_basis_of_its_own_side(
    runner: Runner, lost: list[str]
) -> None:
    unnamed = split_on_monday("2024-03-15")
    unnamed["split"] = 1.0
    runner.provider.bars = unnamed[:"2024-03-14"]
    runner.load(evening("2024-03-14"))
    truth = restated(split_on_monday("2024-03-15"), 2.0, ex_date="2024-03-11")
    runner.provider.bars = truth.drop([pd.Timestamp(day, tz="UTC") for day in lost])

    result = runner.update(evening("2024-03-15"), days=21)

    assert result.record.verdict == "restated"
    assert_frame_equal(runner.stored(), truth)


def test_looking_back_ends_at_the_first_stored_bar(runner: Runner) -> None:
    runner.provider.bars = rising("2024-02-20", "2024-03-15")
    runner.load(evening("2024-03-14"), start="2024-03-04")
    runner.update(evening("2024-03-14"), days=30)

    result = runner.update(evening("2024-03-15"), days=30)

    assert result.record.added == 1
    assert_frame_equal(runner.stored(), runner.provider.bars["2024-03-04":])


def test_a_split_on_a_row_without_a_price_takes_effect_with_the_next_bar(runner: Runner) -> None:
    as_traded = rising("2024-02-20", "2024-03-13")
    as_traded.loc["2024-03-11", "split"] = 2.0
    as_traded.loc["2024-03-11":, ["open", "high", "low", "close"]] /= 2
    whole = restated(as_traded, 2.0, ex_date="2024-03-11")
    broken = whole.copy()
    broken.loc["2024-03-11", "close"] = float("nan")
    runner.provider.bars = broken

    runner.load(evening("2024-03-12"))

    raw = adjusted(runner.stored(), "raw", basis="split-adjusted")
    assert_frame_equal(raw[:"2024-03-08"], as_traded[:"2024-03-08"])
    assert runner.stored().loc["2024-03-12", "split"] == 2.0

    runner.provider.bars = whole
    runner.update(evening("2024-03-13"))

    assert_frame_equal(runner.stored(), whole)


def test_a_split_on_the_last_row_without_a_price_waits_for_its_bar(runner: Runner) -> None:
    as_traded = rising("2024-02-20", "2024-03-12")
    as_traded.loc["2024-03-11", "split"] = 2.0
    as_traded.loc["2024-03-11":, ["open", "high", "low", "close"]] /= 2
    whole = restated(as_traded, 2.0, ex_date="2024-03-11")
    broken = whole.copy()
    broken.loc["2024-03-11", "close"] = float("nan")
    runner.provider.bars = broken[:"2024-03-11"]

    runner.load(evening("2024-03-11"))

    assert_frame_equal(runner.stored(), as_traded[:"2024-03-08"])


def test_kept_bars_follow_a_ratio_that_no_split_has(runner: Runner) -> None:
    original = rising("2024-01-08", "2024-03-08")
    runner.provider.bars = original
    runner.load(evening("2024-03-08"))
    whole = restated(rising("2024-01-08", "2024-03-11"), 1.0312, ex_date="2024-03-11")
    runner.provider.bars = whole["2024-02-05":]

    result = runner.update(evening("2024-03-11"))

    assert result.record.restatement is not None
    assert result.record.restatement.kept == 20
    assert_frame_equal(runner.stored(), whole, rtol=1e-9)
