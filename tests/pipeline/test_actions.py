"""Splits and dividends whose own day has no bar: none is lost and none counts twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars
from ml4t_nb.model import Adjustment, Basis
from ml4t_nb.pipeline import close
from ml4t_nb.reading.one import view
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.storage.store import Store
from tests.pipeline.runner import FORWARD, Runner
from tests.pipeline.scripted import Scripted, bars_at, evening, sessions

DAYS = sessions("2024-01-22", "2024-03-12").drop(
    [pd.Timestamp(day, tz="UTC") for day in ("2024-02-19",)]
)
EX = "2024-02-07"


def first_close(runner: Runner, how: Adjustment) -> float:
    seen = view(runner.store.snapshot(runner.dataset), BarsRequest(adjust=how))
    return float(seen["close"].iloc[0])


def actions(runner: Runner) -> dict[str, tuple[float, float]]:
    """Split and dividend by day."""
    held = runner.stored()
    some = held[(held["split"] != 1) | (held["dividend"] != 0)]
    days = [f"{stamp:%m-%d}" for stamp in pd.DatetimeIndex(some.index)]
    pairs = zip(some["split"].tolist(), some["dividend"].round(6).tolist(), strict=True)
    return dict(zip(days, pairs, strict=True))


def halted(until: str, *, blank: float = np.nan, ratio: float = 2.0) -> Bars:
    """A hundred, then fifty after a split of two and a dividend of one on a day without a price."""
    days = DAYS[pd.Timestamp(until, tz="UTC") >= DAYS]
    happened = until >= EX
    bars = bars_at(days, [100.0] * len(days))
    if happened:
        bars[["open", "high", "low", "close"]] /= ratio
        bars["volume"] *= ratio
        bars.loc[EX, ["open", "high", "low", "close"]] = blank
        bars.loc[EX, ["split", "dividend"]] = [ratio, 1.0]
    return bars


@pytest.mark.parametrize(("blank", "days"), [(np.nan, 0), (np.nan, 7), (0.0, 21)])
def test_what_is_reported_on_a_day_without_a_price_stays_at_every_later_update(
    runner: Runner, blank: float, days: int
) -> None:
    runner.provider.bars = halted("2024-02-05")
    runner.load(evening("2024-02-05"))

    for day in DAYS[pd.Timestamp("2024-02-05", tz="UTC") < DAYS]:
        runner.provider.bars = halted(f"{day:%Y-%m-%d}", blank=blank)
        record = runner.update(evening(f"{day:%Y-%m-%d}"), days=days).record
        assert record.revisions == ()
        assert record.verdict == ("restated" if f"{day:%m-%d}" == "02-08" else "same")

    assert actions(runner) == {"02-08": (2.0, 1.0)}
    assert first_close(runner, "raw") == pytest.approx(100.0)
    # One of fifty was paid: 50 * 0.98.
    assert first_close(runner, "all") == pytest.approx(49.0)


def test_what_is_reported_on_a_rejected_row_goes_to_its_own_day_once_that_has_a_price(
    runner: Runner,
) -> None:
    runner.provider.bars = halted("2024-02-09")
    runner.load(evening("2024-02-09"))
    assert actions(runner) == {"02-08": (2.0, 1.0)}
    healed = halted("2024-02-12")
    healed.loc[EX, ["open", "high", "low", "close"]] = 50.0
    runner.provider.bars = healed

    runner.update(evening("2024-02-12"))

    assert actions(runner) == {"02-07": (2.0, 1.0)}
    assert first_close(runner, "raw") == pytest.approx(100.0)


def test_an_action_is_not_reported_twice_when_its_stored_day_loses_its_price(
    runner: Runner,
) -> None:
    whole = halted("2024-02-09")
    whole.loc[EX, ["open", "high", "low", "close"]] = 50.0
    runner.provider.bars = whole
    runner.load(evening("2024-02-09"))
    assert actions(runner) == {"02-07": (2.0, 1.0)}

    runner.provider.bars = halted("2024-02-12")
    runner.update(evening("2024-02-12"))
    without = halted("2024-02-13").drop(pd.Timestamp(EX, tz="UTC"))
    without.loc["2024-02-08", ["split", "dividend"]] = [2.0, 1.0]
    runner.provider.bars = without
    runner.update(evening("2024-02-13"))

    assert actions(runner) == {"02-07": (2.0, 1.0)}
    assert first_close(runner, "raw") == pytest.approx(100.0)


def test_an_action_that_a_provider_takes_back_is_gone(runner: Runner) -> None:
    paying = bars_at(DAYS, [100.0] * len(DAYS))
    paying.loc[EX, "dividend"] = 1.0
    runner.provider.bars = paying[:"2024-02-09"]
    runner.load(evening("2024-02-09"))
    paying.loc[EX, "dividend"] = 0.0
    runner.provider.bars = paying[:"2024-02-12"]

    record = runner.update(evening("2024-02-12")).record

    assert actions(runner) == {}
    assert [(each.column, each.old, each.new) for each in record.revisions] == [
        ("dividend", 1.0, 0.0)
    ]


def test_a_late_dividend_on_a_stored_day_whose_row_is_blank_by_now_is_stored(
    runner: Runner,
) -> None:
    paying = bars_at(DAYS, [100.0] * len(DAYS))
    runner.provider.bars = paying[:"2024-02-09"]
    runner.load(evening("2024-02-09"))
    paying.loc[EX, ["open", "high", "low", "close"]] = np.nan
    paying.loc[EX, "dividend"] = 1.0
    runner.provider.bars = paying[:"2024-02-12"]

    record = runner.update(evening("2024-02-12")).record

    assert actions(runner) == {"02-07": (1.0, 1.0)}
    assert (record.verdict, record.revised) == ("corrected", 1)
    assert [(each.column, each.old, each.new) for each in record.revisions] == [
        ("dividend", 0.0, 1.0)
    ]


@pytest.mark.parametrize(
    ("basis", "fills", "is_there"),
    [
        ("split-adjusted", True, True),
        ("split-adjusted", False, False),
        ("as-traded", True, False),
    ],
)
def test_a_dividend_that_a_removal_moved_stays_at_every_later_update(
    store: Store, basis: Basis, *, fills: bool, is_there: bool
) -> None:
    """Whether or not the provider has the removed bar still, and asks for it."""
    paying = bars_at(DAYS, [100.0] * len(DAYS))
    paying.loc[EX, "dividend"] = 5.0
    runner = Runner(store, Scripted(basis=basis))
    runner.provider.bars = paying[:"2024-02-09"]
    runner.load(evening("2024-02-09"))
    runner.remove(evening("2024-02-09"), start=EX, end=EX)
    runner.act_on_gap(evening("2024-02-09"), close("a bad bar"), start=EX, end=EX)
    served = paying if is_there else paying.drop(pd.Timestamp(EX, tz="UTC"))

    for day in DAYS[pd.Timestamp("2024-02-09", tz="UTC") < DAYS]:
        runner.provider.bars = served[: f"{day:%Y-%m-%d}"]
        runner.update(evening(f"{day:%Y-%m-%d}"), fill=FORWARD if fills else None)
        # A hundred, of which five was paid: 100 * 0.95.
        assert first_close(runner, "all") == pytest.approx(95.0)

    assert actions(runner) == {"02-07" if is_there else "02-08": (1.0, 5.0)}


def test_a_load_that_begins_on_a_bar_with_a_removed_dividend_leaves_it(runner: Runner) -> None:
    paying = bars_at(DAYS, [100.0] * len(DAYS))
    paying.loc[EX, "dividend"] = 5.0
    runner.provider.bars = paying.drop(pd.Timestamp(EX, tz="UTC"))
    runner.provider.bars = paying[:"2024-02-16"]
    runner.load(evening("2024-02-16"))
    runner.remove(evening("2024-02-16"), start=EX, end=EX)

    # Three stored bars are asked for before the start: the first of them is the one after the hole.
    for start in ("2024-02-08", "2024-02-12", "2024-02-13", "2024-02-14"):
        runner.load(evening("2024-02-16"), start=start)
        assert first_close(runner, "all") == pytest.approx(95.0)


def test_removed_dividends_survive_a_restatement_on_the_new_basis(runner: Runner) -> None:
    paying = bars_at(DAYS, [100.0] * len(DAYS))
    paying.loc[EX, "dividend"] = 5.0
    runner.provider.bars = paying[:"2024-02-16"]
    runner.load(evening("2024-02-16"))
    runner.remove(evening("2024-02-16"), start=EX, end=EX)
    halves = paying.drop(pd.Timestamp(EX, tz="UTC"))
    halves[["open", "high", "low", "close"]] /= 2
    halves.loc["2024-02-20", "split"] = 2.0
    runner.provider.bars = halves[:"2024-02-20"]

    runner.update(evening("2024-02-20"), fill=None)

    assert actions(runner) == {"02-08": (1.0, 2.5), "02-20": (2.0, 0.0)}
    assert first_close(runner, "all") == pytest.approx(47.5)


def test_other_dividends_of_a_removed_range_count_beside_one_above_its_price(
    runner: Runner,
) -> None:
    paying = bars_at(DAYS, [100.0] * len(DAYS))
    paying.loc["2024-02-07", "dividend"] = 5.0
    paying.loc["2024-02-08", "dividend"] = 500.0
    runner.provider.bars = paying[:"2024-02-16"]
    runner.load(evening("2024-02-16"))

    runner.remove(evening("2024-02-16"), start="2024-02-07", end="2024-02-08")

    assert actions(runner) == {"02-09": (1.0, 5.0)}
    assert first_close(runner, "all") == pytest.approx(95.0)


def test_a_dividend_above_its_price_elsewhere_does_not_cost_a_removed_one(runner: Runner) -> None:
    paying = bars_at(DAYS, [100.0] * len(DAYS))
    paying.loc["2024-01-30", "dividend"] = 500.0
    paying.loc["2024-02-07", "dividend"] = 5.0
    runner.provider.bars = paying[:"2024-02-16"]
    runner.load(evening("2024-02-16"))

    runner.remove(evening("2024-02-16"), start="2024-02-07", end="2024-02-07")
    runner.remove(evening("2024-02-16"), start="2024-01-30", end="2024-01-30")

    assert actions(runner) == {"02-08": (1.0, 5.0)}
    assert first_close(runner, "all") == pytest.approx(95.0)


def test_two_removed_dividends_come_back_one_after_the_other(runner: Runner) -> None:
    """Of prices that double on each day of the hole, and a dividend of the next bar itself."""
    days = calendar("XNYS").stamps(calendar("XNYS").span(None, None, "daily"), "daily")
    days = days[(days >= DAYS[0]) & (days <= pd.Timestamp("2024-02-16", tz="UTC"))]
    closes = [100.0 if f"{day:%m-%d}" < "02-07" else 200.0 for day in days]
    paying = bars_at(days, closes)
    for day, cash in (("2024-02-06", 10.0), ("2024-02-07", 5.0), ("2024-02-08", 20.0)):
        paying.loc[day, "dividend"] = cash
    runner.provider.bars = paying
    runner.load(evening("2024-02-16"))
    # 200 * (1 - 10/100) * (1 - 5/100) * (1 - 20/200), in hundreds before the rise.
    before = 100 * 0.9 * 0.95 * 0.9
    assert first_close(runner, "all") == pytest.approx(before)

    runner.remove(evening("2024-02-16"), start="2024-02-06", end="2024-02-07")
    assert first_close(runner, "all") == pytest.approx(before)

    runner.provider.bars = paying.drop(pd.Timestamp("2024-02-07", tz="UTC"))
    runner.update(evening("2024-02-16"), days=1)
    runner.provider.bars = paying
    runner.update(evening("2024-02-16"))
    assert first_close(runner, "all") == pytest.approx(before)
    assert actions(runner) == {"02-06": (1.0, 10.0), "02-07": (1.0, 5.0), "02-08": (1.0, 20.0)}


def test_a_split_reported_by_a_blank_row_and_by_the_next_bar_counts_once(runner: Runner) -> None:
    twice = halted("2024-02-09")
    twice.loc["2024-02-08", "split"] = 2.0
    runner.provider.bars = halted("2024-02-05")
    runner.load(evening("2024-02-05"))
    runner.provider.bars = twice

    runner.update(evening("2024-02-09"))

    assert actions(runner) == {"02-08": (2.0, 1.0)}
    assert first_close(runner, "raw") == pytest.approx(100.0)


def test_a_late_dividend_beside_a_carried_one_is_not_part_of_it_once_that_goes_home(
    runner: Runner,
) -> None:
    paying = bars_at(DAYS, [100.0] * len(DAYS))
    paying.loc["2024-02-07", "dividend"] = 1.0
    blank = paying.copy()
    blank.loc["2024-02-07", ["open", "high", "low", "close"]] = np.nan
    runner.provider.bars = blank[:"2024-02-09"]
    runner.load(evening("2024-02-09"))
    blank.loc["2024-02-08", "dividend"] = paying.loc["2024-02-08", "dividend"] = 5.0
    runner.provider.bars = blank[:"2024-02-12"]
    runner.update(evening("2024-02-12"))
    assert actions(runner) == {"02-08": (1.0, 6.0)}

    runner.provider.bars = paying[:"2024-02-13"]
    runner.update(evening("2024-02-13"))

    assert actions(runner) == {"02-07": (1.0, 1.0), "02-08": (1.0, 5.0)}


@pytest.mark.parametrize("is_late", [True, False])
def test_a_dividend_as_traded_of_a_blank_day_before_a_split_counts_in_new_shares(
    store: Store, *, is_late: bool
) -> None:
    """Five of a hundred is paid on a blank day; the next bar is in shares a tenth as many."""
    traded = bars_at(DAYS, [100.0 if f"{day:%m-%d}" < "02-08" else 1000.0 for day in DAYS])
    traded.loc[EX, ["open", "high", "low", "close"]] = np.nan
    traded.loc[EX, "dividend"] = 5.0
    traded.loc["2024-02-08", "split"] = 0.1
    runner = Runner(store, Scripted(basis="as-traded"))
    runner.provider.bars = traded[:"2024-02-09"]
    if is_late:
        runner.provider.bars = traded[:"2024-02-09"].assign(split=1.0)
    runner.load(evening("2024-02-09"))
    runner.provider.bars = traded[:"2024-02-12"]

    runner.update(evening("2024-02-12"))

    assert actions(runner) == {"02-08": (0.1, 50.0)}
    # A hundred is a thousand in new shares, of which fifty was paid.
    assert first_close(runner, "all") == pytest.approx(950.0)

    healed = traded[:"2024-02-13"].copy()
    healed.loc[EX, ["open", "high", "low", "close"]] = 100.0
    runner.provider.bars = healed
    runner.update(evening("2024-02-13"))
    assert actions(runner) == {"02-07": (1.0, 5.0), "02-08": (0.1, 0.0)}
    assert first_close(runner, "all") == pytest.approx(950.0)


def test_a_dividend_is_restated_once_by_a_split_of_a_blank_day_that_is_reported_late(
    runner: Runner,
) -> None:
    """Both ex-dates have no price any more; the split's is named two sessions after the fall."""
    split_day, paid = "2024-02-07", "2024-01-30"

    def served(until: str, *, is_named: bool) -> Bars:
        days = DAYS[pd.Timestamp(until, tz="UTC") >= DAYS]
        bars = bars_at(days, [100.0 if f"{day:%Y-%m-%d}" < split_day else 50.0 for day in days])
        bars.loc[paid, "dividend"] = 1.0
        if is_named:
            bars.loc[:"2024-02-06", ["open", "high", "low", "close", "dividend"]] /= 2
            bars.loc[split_day, "split"] = 2.0
        blank = [day for day in (paid, split_day) if until >= "2024-02-01" and day <= until]
        bars.loc[blank, ["open", "high", "low", "close"]] = np.nan
        return bars

    for until in ("2024-01-30", "2024-01-31", "2024-02-01", "2024-02-06", "2024-02-08"):
        runner.provider.bars = served(until, is_named=False)
        (runner.load if until == "2024-01-30" else runner.update)(evening(until))
    runner.provider.bars = served("2024-02-12", is_named=True)
    runner.update(evening("2024-02-12"), days=4000)

    assert actions(runner) == {"01-30": (1.0, 0.5), "02-08": (2.0, 0.0)}
    assert first_close(runner, "raw") == pytest.approx(100.0)
    assert first_close(runner, "all") == pytest.approx(49.5)


def test_a_bar_of_the_ex_date_is_not_restated_by_a_split_that_is_reported_once_its_row_is_blank(
    runner: Runner,
) -> None:
    """The last stored bar is that of the ex-date: traded in new shares, and no split named yet."""

    def served(until: str, *, is_named: bool) -> Bars:
        days = DAYS[pd.Timestamp(until, tz="UTC") >= DAYS]
        bars = bars_at(days, [100.0 if f"{day:%Y-%m-%d}" < EX else 50.0 for day in days])
        if is_named:
            bars.loc[:"2024-02-06", ["open", "high", "low", "close"]] /= 2
            bars.loc[EX, "split"] = 2.0
            bars.loc[EX, ["open", "high", "low", "close"]] = np.nan
        return bars

    runner.provider.bars = served("2024-02-06", is_named=False)
    runner.load(evening("2024-02-06"))
    runner.provider.bars = served(EX, is_named=False)
    runner.update(evening(EX))
    runner.provider.bars = served("2024-02-14", is_named=True)

    record = runner.update(evening("2024-02-14")).record

    assert record.verdict == "restated"
    assert actions(runner) == {"02-07": (2.0, 0.0)}
    raw = view(runner.store.snapshot(runner.dataset), BarsRequest(adjust="raw"))["close"]
    assert raw[:"2024-02-06"].round(9).eq(100.0).all()
    assert raw[EX:].round(9).eq(50.0).all()


def test_bars_before_a_split_that_is_applied_already_are_not_restated_by_it_again(
    runner: Runner,
) -> None:
    """The provider serves neither of them any more, and the one bar in common is as it was."""
    days = DAYS[:6]
    bars = bars_at(days, [50.0] * len(days))
    bars.loc[days[3], "split"] = 2.0
    runner.provider.bars = bars.iloc[[0, 1, 3]]
    runner.load(evening(f"{days[3]:%Y-%m-%d}"))
    runner.provider.bars = bars.iloc[3:]

    record = runner.update(evening(f"{days[5]:%Y-%m-%d}"), days=1, accept=True).record

    assert record.outcome == "failed"
    assert record.error is not None
    assert "cannot be" in record.error.message
    assert runner.stored()["close"].round(9).eq(50.0).all()
    assert len(runner.stored()) == 3
