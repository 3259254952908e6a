"""Removing a stretch: never back in time, and around files that cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.commands.spelling import spell
from ml4t_nb.core.bars import Bars, make_bars
from ml4t_nb.errors import ChunkCorrupt, Ml4tError, OptionError, Overtaken, SettingsInvalid
from ml4t_nb.model import Basis, DatasetConfig, DatasetId, Span
from ml4t_nb.pipeline import run_remove
from ml4t_nb.providers import Limits
from ml4t_nb.reading.one import view
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.store import Store
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import Scripted, bars_at, evening, rising, sessions

TWO_YEARS = rising("2023-11-01", "2024-03-15")
OLD, NEW = TWO_YEARS[:"2023"], TWO_YEARS["2024":]


@pytest.fixture
def loaded(runner: Runner) -> Runner:
    """One chunk of 2023, and one of 2024."""
    runner.provider.bars = TWO_YEARS
    runner.load(evening("2024-03-15"))
    return runner


def damage(store: Store, dataset: DatasetId, *places: int) -> None:
    """Flip a bit in the middle of these chunks."""
    files = store.snapshot(dataset).files()
    for place in places:
        flip(files[place])


def gone(name: str) -> Limits:
    raise SettingsInvalid(f"unknown provider {name}")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("start", "end"), [("2024-03-01", None), (None, "2023-11-10"), ("2024-02-01", "2024-02-02")]
)
def test_a_range_is_not_removed_as_of_a_day_before_the_last_update(
    loaded: Runner, start: str | None, end: str | None
) -> None:
    with pytest.raises(Overtaken, match="updated as of 2024-03-15 23:00") as caught:
        loaded.remove(evening("2024-03-14"), start=start, end=end)

    assert "never moves backwards" in caught.value.hint
    assert_frame_equal(loaded.stored(), TWO_YEARS)


def test_a_whole_dataset_is_removed_as_of_any_day(loaded: Runner) -> None:
    assert loaded.remove(evening("2024-03-14")) == len(TWO_YEARS)

    assert loaded.store.datasets() == ()


def test_a_date_is_the_as_of_that_it_is_for_an_update(runner: Runner) -> None:
    runner.provider.bars = TWO_YEARS
    runner.load(date(2024, 3, 15))

    with pytest.raises(Overtaken):
        runner.remove(date(2024, 3, 14), start="2024-03-15")
    assert runner.remove(date(2024, 3, 15), start="2024-03-15") == 1

    (*_, record) = runner.store.snapshot(runner.dataset).manifest.recent
    # XNYS closes at 20:00 UTC, and the provider's bars are final half an hour later.
    assert record.at == datetime(2024, 3, 15, 20, 30, tzinfo=UTC)


def test_a_range_can_be_removed_when_its_provider_is_gone(loaded: Runner) -> None:
    day = date(2024, 3, 18)
    removed = run_remove(loaded.store, loaded.dataset, date(2024, 3, 15), None, day, limits=gone)

    assert removed == 1
    assert_frame_equal(loaded.stored(), TWO_YEARS[:-1])


def test_the_day_of_the_last_update_is_not_backwards_when_its_provider_is_gone(
    loaded: Runner,
) -> None:
    # As a provider leaves it whose bars are final three and a half hours after the close.
    with loaded.store.transaction(loaded.dataset) as tx:
        state = tx.manifest
        assert state is not None
        tx.commit(
            replace(state, updated=datetime(2024, 3, 18, 23, 30, tzinfo=UTC)),
            UpdateRecord(evening("2024-03-18"), "update", "scripted", "unchanged"),
        )

    day = date(2024, 3, 18)
    removed = run_remove(loaded.store, loaded.dataset, date(2024, 3, 15), None, day, limits=gone)

    assert removed == 1


def test_a_damaged_chunk_is_cut_out_from_before_the_others(loaded: Runner) -> None:
    damage(loaded.store, loaded.dataset, 0)

    removed = loaded.remove(evening("2024-03-15"), start="2023-11-01", end="2023-12-31")

    assert removed == len(OLD)
    assert_frame_equal(loaded.stored(), NEW)
    assert loaded.store.verify(loaded.dataset) == ()
    (*_, record) = loaded.store.snapshot(loaded.dataset).manifest.recent
    assert record.notes == (f"removed {len(OLD)} bars, {len(OLD)} of them in damaged files",)


def test_what_was_cut_out_is_loaded_and_compared_again(loaded: Runner) -> None:
    damage(loaded.store, loaded.dataset, 0)
    loaded.remove(evening("2024-03-15"), end="2023-12-29")

    loaded.load(evening("2024-03-15"), start="2023-11-01")

    assert_frame_equal(loaded.stored(), TWO_YEARS)


def test_bars_of_sound_chunks_in_the_range_go_with_a_damaged_one(loaded: Runner) -> None:
    damage(loaded.store, loaded.dataset, 0)

    removed = loaded.remove(evening("2024-03-15"), end="2024-01-04")

    # 2024-01-01 is a Monday, and `rising` knows no holidays.
    assert removed == len(OLD) + 4
    assert_frame_equal(loaded.stored(), TWO_YEARS["2024-01-05":])


@pytest.mark.parametrize(
    ("start", "end"),
    [("2023-11-02", "2024-01-01"), (None, "2023-12-28"), ("2024-02-01", "2024-02-02")],
)
def test_a_part_of_a_damaged_chunk_is_not_removed(
    loaded: Runner, start: str | None, end: str | None
) -> None:
    damage(loaded.store, loaded.dataset, 0)
    sequence = loaded.store.snapshot(loaded.dataset).manifest.sequence

    with pytest.raises(ChunkCorrupt, match="checksum") as caught:
        loaded.remove(evening("2024-03-15"), start=start, end=end)

    assert spell(caught.value.advice, "ml4t-data").endswith(
        "ml4t-data remove -s ACME --start 2023-11-01 --end 2023-12-29 --yes"
    )
    assert loaded.store.snapshot(loaded.dataset).manifest.sequence == sequence


@pytest.mark.parametrize(("start", "end"), [("2024-01-01", None), ("2023-12-01", "2024-12-31")])
def test_a_damaged_end_of_split_adjusted_bars_is_not_cut_off(
    loaded: Runner, start: str, end: str | None
) -> None:
    damage(loaded.store, loaded.dataset, 1)

    with pytest.raises(OptionError, match="2024-01-01 to 2024-03-15 cannot be read") as caught:
        loaded.remove(evening("2024-03-15"), start=start, end=end)

    said = spell(caught.value.advice, "ml4t-data")
    assert "ml4t-data remove -s ACME --yes && ml4t-data load -s ACME" in said
    assert_frame_equal(loaded.store.snapshot(loaded.dataset).bars(span("2023", "2024")), OLD)


def test_a_damaged_end_of_bars_as_traded_is_cut_off(runner: Runner) -> None:
    runner.provider.basis = "as-traded"
    runner.provider.bars = TWO_YEARS
    runner.load(evening("2024-03-15"))
    damage(runner.store, runner.dataset, 1)

    with pytest.raises(ChunkCorrupt) as caught:
        runner.remove(evening("2024-03-15"), start="2024-01-02")
    assert "--start 2024-01-01 --end 2024-03-15 --yes" in spell(caught.value.advice, "ml4t-data")
    removed = runner.remove(evening("2024-03-15"), start="2024-01-01")

    assert removed == len(NEW)
    assert_frame_equal(runner.stored(), OLD)


@pytest.mark.parametrize("end", [None, "2024-03-15"])
def test_a_dataset_damaged_all_over_goes_with_all_its_bars(loaded: Runner, end: str | None) -> None:
    damage(loaded.store, loaded.dataset, 0, 1)

    with pytest.raises(ChunkCorrupt) as caught:
        loaded.remove(evening("2024-03-15"), start="2024-01-01")
    said = spell(caught.value.advice, "ml4t-data")
    assert "ml4t-data remove -s ACME --yes && ml4t-data load -s ACME" in said
    assert loaded.remove(evening("2024-03-15"), start="2023-11-01", end=end) == len(TWO_YEARS)

    assert loaded.store.datasets() == ()


def test_a_lost_chunk_is_cut_out_like_a_damaged_one(loaded: Runner) -> None:
    loaded.store.snapshot(loaded.dataset).files()[0].unlink()

    assert loaded.remove(evening("2024-03-15"), end="2023-12-31") == len(OLD)

    assert_frame_equal(loaded.stored(), NEW)


ROUND_THE_CLOCK = DatasetId("crypto", "1m", "BTC-USD")
# Mondays. Three weeks share a chunk, the next has its own, and so has the last.
WEEKS = ("2024-01-01", "2024-01-22", "2024-01-29", "2024-02-05")


def minutes(first: str, last: str) -> Bars:
    """One bar a minute, each a step above the last."""
    stamps = pd.date_range(first, last, freq="min", tz="UTC", inclusive="left", unit="us")
    close = 100 + np.arange(len(stamps)) % 50
    prices = {"open": close, "high": close + 1, "low": close - 1, "close": close}
    return make_bars(stamps, prices)


def span(first: str, last: str) -> Span:
    start, end = (pd.Timestamp(each, tz="UTC").to_pydatetime() for each in (first, last))
    return Span(start, end)


def in_three_chunks(store: Store, basis: Basis, dataset: DatasetId, calendar: str) -> Bars:
    config = DatasetConfig("scripted", calendar, basis, 0.1, "weekly", "lz4")
    at = evening("2024-02-05")
    first, second, third, end = WEEKS
    for start, stop in ((first, "2024-01-23"), ("2024-01-23", end)):
        with store.transaction(dataset) as tx:
            tx.put(minutes(start, stop), span(start, stop))
            manifest = tx.commit(
                replace(Manifest.empty(dataset, config), updated=at),
                UpdateRecord(at, "load", "scripted", "changed"),
            )
    assert [chunk.first for chunk in manifest.chunks] == [
        span(each, end).start for each in (first, second, third)
    ]
    return store.snapshot(dataset).bars()


def refused(store: Store, dataset: DatasetId, start: str | None, end: str | None) -> Ml4tError:
    with pytest.raises((ChunkCorrupt, OptionError)) as caught:
        cut(store, dataset, start, end)
    error = caught.value
    assert isinstance(error, Ml4tError)
    return error


def cut(store: Store, dataset: DatasetId, start: str | None, end: str | None) -> int | None:
    first, last = (date.fromisoformat(each) if each else None for each in (start, end))
    return run_remove(store, dataset, first, last, evening("2024-02-05"), limits=gone)


@pytest.mark.parametrize("basis", ["split-adjusted", "as-traded"])
def test_a_damaged_middle_goes_with_all_that_is_before_it(store: Store, basis: Basis) -> None:
    whole = in_three_chunks(store, basis, ROUND_THE_CLOCK, "24/7")
    damage(store, ROUND_THE_CLOCK, 1)

    in_part = refused(store, ROUND_THE_CLOCK, "2024-01-22", "2024-01-27")
    alone = refused(store, ROUND_THE_CLOCK, "2024-01-22", "2024-01-28")

    command = "ml4t-data remove -s BTC-USD -a crypto -f 1m --end 2024-01-28 --yes"
    assert isinstance(in_part, ChunkCorrupt)
    assert isinstance(alone, OptionError)
    assert spell(in_part.advice, "ml4t-data").endswith(command)
    assert spell(alone.advice, "ml4t-data").endswith(command)
    assert "a split among them would be lost" in alone.message
    assert cut(store, ROUND_THE_CLOCK, None, "2024-01-28") == 28 * 24 * 60
    assert_frame_equal(store.snapshot(ROUND_THE_CLOCK).bars(), whole["2024-01-29":])


@pytest.mark.parametrize("basis", ["split-adjusted", "as-traded"])
@pytest.mark.parametrize("places", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_the_command_of_a_refusal_leaves_a_sound_dataset_or_none(
    store: Store, places: tuple[int, ...], basis: Basis
) -> None:
    whole = in_three_chunks(store, basis, ROUND_THE_CLOCK, "24/7")
    damage(store, ROUND_THE_CLOCK, *places)

    errors = [
        refused(store, ROUND_THE_CLOCK, start, end)
        for start, end in [(None, "2024-01-02"), ("2024-01-03", "2024-02-03"), ("2024-02-04", None)]
    ]

    (hint,) = {spell(error.advice, "ml4t-data") for error in errors}
    command, _, load = hint.partition(": ")[2].partition(" && ")
    words = command.removeprefix("ml4t-data remove -s BTC-USD -a crypto -f 1m").split()
    options = dict(pairwise(words))
    if load:
        assert options == {}
        return
    start, end = options.get("--start"), options.get("--end")
    removed = cut(store, ROUND_THE_CLOCK, start, end)
    left = store.snapshot(ROUND_THE_CLOCK).bars()
    kept = whole[~((whole.index >= (start or "2024")) & (whole.index < after(str(end))))]
    assert_frame_equal(left, kept)
    assert removed == len(whole) - len(kept)
    assert store.verify(ROUND_THE_CLOCK) == ()


def after(day: str) -> pd.Timestamp:
    return pd.Timestamp(day, tz="UTC") + pd.Timedelta(days=1)


def test_of_two_damaged_chunks_both_must_go(store: Store) -> None:
    whole = in_three_chunks(store, "split-adjusted", ROUND_THE_CLOCK, "24/7")
    damage(store, ROUND_THE_CLOCK, 0, 1)

    error = refused(store, ROUND_THE_CLOCK, None, "2024-01-21")

    assert "from 2024-01-01 to 2024-01-28: " in error.hint
    assert cut(store, ROUND_THE_CLOCK, "2024-01-01", "2024-01-28") == 28 * 24 * 60
    assert_frame_equal(store.snapshot(ROUND_THE_CLOCK).bars(), whole["2024-01-29":])


def test_the_dates_of_a_hint_cover_a_session_that_begins_on_the_evening_before(
    store: Store,
) -> None:
    euro = DatasetId("fx", "1m", "EURUSD=X")
    in_three_chunks(store, "split-adjusted", euro, "fx")
    damage(store, euro, 0)

    error = refused(store, euro, None, "2024-01-02")

    # Midnight UTC before 2024-01-01 is the evening of 2023-12-31 in New York; the evening of Sunday
    # 2024-01-21 belongs to Monday's session.
    assert "from 2023-12-31 to 2024-01-22" in error.hint
    assert "--start 2023-12-31 --end 2024-01-22 --yes" in spell(error.advice, "ml4t-data")
    cut(store, euro, "2023-12-31", "2024-01-22")
    assert store.snapshot(euro).bars().index[0] == pd.Timestamp("2024-01-22T22:00", tz="UTC")


def test_a_removed_dividend_still_lowers_the_prices_before_it(runner: Runner) -> None:
    paying = rising("2024-02-01", "2024-03-15")
    paying.loc["2024-02-20", "dividend"] = 5.0
    runner.provider.bars = paying
    runner.load(evening("2024-03-13"))

    def first_total_return() -> float:
        seen = view(runner.store.snapshot(runner.dataset), BarsRequest(adjust="all"))
        return float(seen["close"].iloc[0])

    def dividends() -> dict[str, float]:
        paid = runner.stored()["dividend"]
        return {f"{stamp:%m-%d}": round(cash, 9) for stamp, cash in paid[paid != 0].items()}

    # The close before the ex-date is 112: 100 * (1 - 5 / 112).
    assert first_total_return() == pytest.approx(95.5357, abs=1e-4)

    runner.remove(evening("2024-03-13"), start="2024-02-20", end="2024-02-21")
    assert dividends() == {"02-22": 5.0}
    assert first_total_return() == pytest.approx(95.5357, abs=1e-4)

    runner.update(evening("2024-03-14"))
    assert dividends() == {"02-20": 5.0}
    assert first_total_return() == pytest.approx(95.5357, abs=1e-4)


def test_a_removed_dividend_counts_in_old_shares_though_the_next_bar_is_in_new_ones(
    store: Store,
) -> None:
    """Four closes as paid: 100, 100, 90 after a dividend of 10, 45 after a split of two."""
    paid = bars_at(sessions("2024-03-11", "2024-03-14"), [100.0, 100.0, 90.0, 45.0])
    paid.loc["2024-03-13", "dividend"] = 10.0
    paid.loc["2024-03-14", "split"] = 2.0
    runner = Runner(store, Scripted(bars=paid, basis="as-traded"))
    runner.load(evening("2024-03-14"))

    runner.remove(evening("2024-03-14"), start="2024-03-13", end="2024-03-13")

    seen = view(store.snapshot(runner.dataset), BarsRequest(adjust="all"))
    # 100 old shares' dollars are 50 of the new, and 10 of 100 was paid out: 50 * 0.9.
    assert seen["close"].tolist() == pytest.approx([45.0, 45.0, 45.0])


def test_many_removed_dividends_lower_the_prices_before_them_by_their_shares(
    runner: Runner,
) -> None:
    """Doubling prices, ten dividends of a tenth of the close before: 0.9 to the tenth is left."""
    days = sessions("2024-02-01", "2024-03-15")
    closes = [100.0 * 1.05**number for number in range(len(days))]
    paying = bars_at(days, closes)
    for number in range(5, 25, 2):
        paying.loc[days[number], "dividend"] = closes[number - 1] / 10
    runner.provider.bars = paying
    runner.load(evening("2024-03-15"))

    first, last = (f"{days[number]:%Y-%m-%d}" for number in (4, 26))
    runner.remove(evening("2024-03-15"), start=first, end=last)

    seen = view(runner.store.snapshot(runner.dataset), BarsRequest(adjust="all"))
    assert float(seen["close"].iloc[0]) == pytest.approx(100 * 0.9**10)


def test_a_bar_whose_dividend_is_above_its_price_can_be_removed(runner: Runner) -> None:
    wrong = rising("2024-02-01", "2024-03-15")
    wrong.loc["2024-02-20", "dividend"] = 500.0
    runner.provider.bars = wrong
    runner.load(evening("2024-03-13"))

    runner.remove(evening("2024-03-13"), start="2024-02-20", end="2024-02-20")

    assert (runner.stored()["dividend"] == 0).all()
