"""Bars of a frequency that is not stored: from which dataset, by what rule, and what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.core.bars import as_stamps
from ml4t_nb.errors import BarsDoubtful, DatasetNotFound, OptionError
from ml4t_nb.model import Adjustment, AssetClass, DatasetId, Frequency, NextStep, Span
from ml4t_nb.records import FormerName, Source
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

AS_OF = "2024-04-12"
RULES = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum",
         "dividend": "sum", "split": "prod", "filled": "any"}  # fmt: skip


@pytest.fixture
def daily(tmp_path: Path) -> Workspace:
    """AAPL with its split of 2005-02-28, IBM with its dividends."""
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="sample"))
    verbs.load(ws, ("AAPL", "IBM"), start="2004-01-02", as_of="2005-03-04")
    return ws


def loaded(home: Path, *frequencies: Frequency, **settings: Any) -> Workspace:  # noqa: ANN401
    ws = Workspace.open(Settings(home=home, provider="synthetic", **settings))
    for frequency in frequencies:
        verbs.load(ws, "DEMO", frequency=frequency, start="2024-03-01", as_of=AS_OF)
    return ws


def grouped(bars: pd.DataFrame, keys: Any) -> pd.DataFrame:  # noqa: ANN401
    """What pandas makes of single bars."""
    longer = bars.groupby(keys).agg(RULES)
    longer.index = pd.DatetimeIndex(longer.index, tz="UTC").as_unit("us").rename("timestamp")
    return longer


def plain(bars: pd.DataFrame) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(bars.index).tz_localize(None)


@pytest.mark.parametrize("adjust", get_args(Adjustment))
@pytest.mark.parametrize(
    ("frequency", "letter"),
    [("weekly", "W-SUN"), ("monthly", "M"), ("quarterly", "Q"), ("yearly", "Y")],
)
@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
def test_periods_are_made_of_adjusted_days(
    daily: Workspace, symbol: str, frequency: str, letter: str, adjust: Adjustment
) -> None:
    days = verbs.bars(daily, symbol, adjust=adjust)

    found = verbs.bars(daily, symbol, frequency=frequency, adjust=adjust)

    periods = plain(days).to_period(letter).start_time
    assert_frame_equal(found.drop(columns="complete"), grouped(days, periods), check_freq=False)


def test_a_month_with_a_split_is_on_one_basis_or_as_traded(daily: Workspace) -> None:
    raw = verbs.bars(daily, "AAPL", frequency="monthly", adjust="raw")
    now = verbs.bars(daily, "AAPL", frequency="monthly")

    # Two for one on Monday, the last day of February: from 88.99 on Friday to 44.86.
    month, before = as_stamps(["2005-02-01", "2005-01-01"])
    traded, shown = raw.loc[[month]], now.loc[[month]]
    assert traded["close"].tolist() == shown["close"].tolist() == [44.86]
    assert traded["split"].tolist() == shown["split"].tolist() == [2]
    assert (traded["high"] > 80).all()
    assert (shown["high"] < 50).all()
    assert (raw.loc[[before], "close"] == 2 * now.loc[[before], "close"]).all()


def test_dividends_of_a_quarter_are_summed(daily: Workspace) -> None:
    quarters = verbs.bars(daily, "IBM", frequency="quarterly", adjust="raw")

    days = verbs.bars(daily, "IBM", adjust="raw")
    assert quarters["dividend"].tolist() == pytest.approx([0.16, 0.18, 0.18, 0.18, 0.18])
    assert quarters["dividend"].sum() == pytest.approx(days["dividend"].sum())


def test_the_first_and_the_last_period_may_be_cut_and_say_so(daily: Workspace) -> None:
    months = verbs.bars(daily, "AAPL", frequency="monthly")
    years = verbs.bars(daily, "AAPL", frequency="yearly")

    # January 2004 has its first session on the 2nd; March 2005 is not over.
    assert months["complete"].tolist() == [True] * 14 + [False]
    assert months["complete"].dtype == bool
    assert years["complete"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2004-02-10", "2004-04-01", ["2004-02", "2004-03", "2004-04"]),
        ("2004-02-29", "2004-02-29", ["2004-02"]),
        (None, "2004-02-01", ["2004-01", "2004-02"]),
        ("2005-02-15", None, ["2005-02", "2005-03"]),
        ("2003-01-01", "2003-12-31", []),
    ],
)
@pytest.mark.parametrize("adjust", ["splits", "all"])
def test_a_range_selects_whole_periods(
    daily: Workspace, start: str | None, end: str | None, months: list[str], adjust: Adjustment
) -> None:
    whole = verbs.bars(daily, "IBM", frequency="monthly", adjust=adjust)

    some = verbs.bars(daily, "IBM", frequency="monthly", start=start, end=end, adjust=adjust)

    assert [f"{stamp:%Y-%m}" for stamp in some.index] == months
    assert_frame_equal(some, whole.loc[some.index], check_freq=False)


@pytest.mark.parametrize("wanted", ["5m", "45m", "hourly", "daily", "weekly", "monthly"])
@pytest.mark.parametrize("asset_class", ["equities", "fx", "crypto"])
def test_a_range_gives_the_same_bars_as_the_whole(
    tmp_path: Path, wanted: str, asset_class: AssetClass
) -> None:
    ws = Workspace.open(Settings(home=tmp_path, provider="synthetic"))
    verbs.load(
        ws, "DEMO", asset_class=asset_class, frequency="1m", start="2024-03-07", as_of="2024-03-19"
    )
    whole = verbs.bars(ws, "DEMO", frequency=wanted)

    some = verbs.bars(ws, "DEMO", frequency=wanted, start="2024-03-10", end="2024-03-12")

    assert_frame_equal(some, whole.loc[some.index], check_freq=False)
    stored = {"daily": (2, 3), "weekly": (2, 2), "monthly": (1, 1)}
    assert wanted not in stored or len(some) in stored[wanted]
    assert len(some)


def test_a_derived_frequency_has_the_stamps_of_a_stored_one(tmp_path: Path) -> None:
    ws = loaded(tmp_path, "1m", "30m", "hourly", "daily")

    for frequency in ("30m", "hourly", "daily"):
        stored = verbs.bars(ws, "DEMO", frequency=frequency)
        made = verbs.bars(ws, "DEMO", frequency=frequency, derive=True)
        assert made.index.equals(stored.index)
        assert made["complete"].all()
        assert "complete" not in stored


def test_a_stored_frequency_is_given_as_it_is(daily: Workspace) -> None:
    verbs.load(daily, "AAPL", frequency="weekly", start="2004-01-02", as_of="2005-03-04")

    stored = verbs.bars(daily, "AAPL", frequency="weekly")
    made = verbs.bars(daily, "AAPL", frequency="weekly", derive=True)

    assert "complete" not in stored
    # The days begin within the first week.
    same = made.drop(columns="complete")
    assert_frame_equal(same.iloc[1:], stored.iloc[1:], check_freq=False)
    # Of stored weeks nobody knows the days; those that are derived have every view.
    with pytest.raises(OptionError, match="cannot be shown"):
        verbs.bars(daily, "AAPL", frequency="weekly", adjust="raw")
    assert (
        verbs.bars(daily, "AAPL", frequency="weekly", adjust="raw", derive=True)["high"].max() > 80
    )


def test_minutes_give_days_and_days_give_what_is_longer(tmp_path: Path) -> None:
    ws = loaded(tmp_path, "5m", "hourly")
    of_minutes = verbs.bars(ws, "DEMO", frequency="weekly")

    verbs.load(ws, "DEMO", frequency="daily", start="2023-01-03", as_of=AS_OF)
    of_days = verbs.bars(ws, "DEMO", frequency="weekly")

    # The days reach back further, and their close is the official one.
    assert of_minutes.index[0] == pd.Timestamp("2024-02-26", tz="UTC")
    assert of_days.index[0] == pd.Timestamp("2023-01-02", tz="UTC")
    # The finest: only five minutes give quarters of an hour.
    assert len(verbs.bars(ws, "DEMO", frequency="15m")) == 26 * len(
        verbs.bars(ws, "DEMO", frequency="daily", start="2024-03-01")
    )


def test_filled_parts_make_a_bar_filled_and_incomplete(tmp_path: Path) -> None:
    ws = loaded(tmp_path, "daily", synthetic_holes="2024-03-12/2024-03-13,2024-03-20/2024-03-21")
    verbs.gaps(ws, "DEMO", start="2024-03-12", end="2024-03-12", refill="forward", as_of=AS_OF)

    weeks = verbs.bars(ws, "DEMO", frequency="weekly", start="2024-03-04", end="2024-03-31")
    bare = verbs.bars(
        ws, "DEMO", frequency="weekly", start="2024-03-04", end="2024-03-31", filled=False
    )

    # One week is whole, of one a day is filled, of one a day is missing, one has a holiday.
    assert weeks["filled"].tolist() == [False, True, False, False]
    assert weeks["complete"].tolist() == [True, False, False, True]
    assert bare["filled"].tolist() == [False] * 4
    assert bare["complete"].tolist() == [True, False, False, True]


def test_what_is_required_of_a_period_is_required_of_all_its_days(tmp_path: Path) -> None:
    ws = loaded(tmp_path, "daily", synthetic_holes="2024-03-20/2024-03-21")

    days: Any = {"start": "2024-03-05", "end": "2024-03-06", "require": "observed"}

    with pytest.raises(BarsDoubtful, match="1 missing \\(2024-03-20\\)") as caught:
        verbs.bars(ws, "DEMO", frequency="monthly", **days)
    verbs.bars(ws, "DEMO", frequency="weekly", **days)

    assert caught.value.doubts == {"missing": (datetime(2024, 3, 20, tzinfo=UTC),)}


def test_the_provider_of_a_period_is_the_one_of_its_days_or_several(daily: Workspace) -> None:
    dataset = DatasetId("equities", "daily", "IBM")
    others = (
        Source(Span(datetime(2004, 2, 5, tzinfo=UTC), datetime(2004, 2, 7, tzinfo=UTC)), "yahoo"),
        Source(Span(datetime(2004, 4, 1, tzinfo=UTC), datetime(2004, 5, 1, tzinfo=UTC)), "files"),
    )
    with daily.store.transaction(dataset) as tx:
        assert tx.manifest is not None
        tx.commit(replace(tx.manifest, sources=others), tx.manifest.recent[-1])

    months = verbs.bars(daily, "IBM", frequency="monthly", provenance=True, end="2004-05-31")

    assert months["provider"].tolist() == ["sample", "sample+yahoo", "sample", "files", "sample"]
    days = verbs.bars(daily, "IBM", frequency="monthly", provenance=True, start="2006-01-01")
    assert days["provider"].tolist() == []


def test_the_last_month_of_a_symbol_that_ended_is_complete(daily: Workspace) -> None:
    before = verbs.bars(daily, "IBM", frequency="monthly")
    verbs.end(daily, "IBM", on="2005-03-04", as_of="2005-04-01")

    after = verbs.bars(daily, "IBM", frequency="monthly")

    assert not before["complete"].iloc[-1]
    assert after["complete"].all()


def test_a_former_name_gives_derived_bars_too(daily: Workspace) -> None:
    with daily.store.transaction(DatasetId("equities", "daily", "IBM")) as tx:
        assert tx.manifest is not None
        former = (FormerName("OLD", date(2004, 6, 1)),)
        tx.commit(replace(tx.manifest, former_names=former), tx.manifest.recent[-1])

    found = verbs.bars(daily, "OLD", frequency="monthly")

    assert_frame_equal(found, verbs.bars(daily, "IBM", frequency="monthly"))


def test_what_cannot_be_derived_says_what_can(tmp_path: Path) -> None:
    ws = loaded(tmp_path / "a", "5m")
    weekly = loaded(tmp_path / "b", "weekly")
    for frequency in ("7m", "1m"):
        sentence = f"stored as 5m, from which {frequency} bars cannot be derived"
        with pytest.raises(DatasetNotFound, match=sentence) as caught:
            verbs.bars(ws, "DEMO", frequency=frequency)
        words = "choose a multiple of 5m up to 1440m, daily, weekly, monthly, quarterly, yearly"
        step = NextStep("load", DatasetId("equities", "1m", "DEMO"))
        assert caught.value.advice == (f"{words}, or load 1m bars: ", step)
    for wanted in ("daily", "monthly"):
        with pytest.raises(DatasetNotFound, match=f"as weekly, from which {wanted} bars") as caught:
            verbs.bars(weekly, "DEMO", frequency=wanted)
        step = NextStep("load", DatasetId("equities", "daily", "DEMO"))
        assert caught.value.advice == ("load daily bars: ", step)
    with pytest.raises(DatasetNotFound, match="as weekly, from which weekly") as caught:
        verbs.bars(weekly, "DEMO", frequency="weekly", derive=True)
    assert caught.value.hint == "leave out derive: these are stored"


def test_a_symbol_that_is_not_stored_is_to_be_loaded_as_what_can_give_it(tmp_path: Path) -> None:
    ws = loaded(tmp_path, "daily")

    sources: tuple[tuple[str, Frequency], ...] = (
        ("monthly", "daily"),
        ("45m", "15m"),
        ("7m", "1m"),
        ("90m", "30m"),
    )
    for wanted, loaded_as in sources:
        with pytest.raises(DatasetNotFound, match="No existing data found for 'NONE'") as caught:
            verbs.bars(ws, "NONE", frequency=wanted)
        assert isinstance(caught.value.advice, tuple)
        assert caught.value.advice[-1] == NextStep("load", DatasetId("equities", loaded_as, "NONE"))


def test_of_several_classes_one_is_chosen(tmp_path: Path) -> None:
    ws = loaded(tmp_path, "daily")
    verbs.load(ws, "DEMO", asset_class="etfs", frequency="5m", start="2024-04-01", as_of=AS_OF)

    with pytest.raises(OptionError, match="equities/daily/DEMO, etfs/5m/DEMO") as caught:
        verbs.bars(ws, "DEMO", frequency="monthly")
    assert caught.value.hint == "choose one with -a"
    assert len(verbs.bars(ws, "DEMO", frequency="monthly", asset_class="etfs")) == 1
    assert len(verbs.bars(ws, "DEMO", frequency="monthly", asset_class="equities")) == 2
    # Only one of them can give it.
    assert len(verbs.bars(ws, "DEMO", frequency="45m")) > 1


def test_to_derive_a_frequency_is_needed(daily: Workspace) -> None:
    with pytest.raises(OptionError, match="--derive needs a frequency"):
        verbs.bars(daily, "AAPL", derive=True)


def test_load_says_what_to_load_for_derived_bars(tmp_path: Path) -> None:
    ws = Workspace.open(Settings(home=tmp_path, provider="synthetic"))

    for wanted, loaded_as in (("monthly", "daily"), ("45m", "15m"), ("120m", "hourly")):
        with pytest.raises(OptionError, match=f"unknown frequency '{wanted}'") as caught:
            verbs.load(ws, "DEMO", frequency=wanted)  # type: ignore[arg-type]  # meant
        assert caught.value.hint == (
            f"bars and export derive {wanted} bars from stored ones: choose {loaded_as} here"
        )


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_derived_bars_are_exported(daily: Workspace, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"aapl.{ending}"

    report = verbs.export(daily, "AAPL", frequency="monthly", out=out)

    expected = verbs.bars(daily, "AAPL", frequency="monthly")
    (done,) = report.datasets
    assert (done.frequency, done.derived_from) == ("monthly", "daily")
    if ending == "parquet":
        read = pd.read_parquet(out)
        told = pq.read_schema(out).metadata
        assert told[b"ml4t_nb.frequency"] == b"monthly"
        assert told[b"ml4t_nb.derived_from"] == b"daily"
    elif ending == "csv":
        read = pd.read_csv(out, index_col="timestamp")
    else:
        read = pd.DataFrame(json.loads(out.read_text())).set_index("timestamp")
    assert np.array_equal(read["close"], expected["close"])
    assert read["complete"].tolist() == expected["complete"].tolist()


def test_an_export_as_stored_is_derived_from_nothing(daily: Workspace, tmp_path: Path) -> None:
    verbs.export(daily, "AAPL", frequency="daily", out=tmp_path / "a.parquet")

    told = pq.read_schema(tmp_path / "a.parquet").metadata
    assert told[b"ml4t_nb.frequency"] == b"daily"
    assert b"ml4t_nb.derived_from" not in told


def test_a_shell_exports_months(
    daily: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(daily.settings.home)]
    capsys.readouterr()

    main(["export", "AAPL", "-f", "quarterly", "--out", str(tmp_path / "a.csv"), *home])
    assert "5 quarterly bars derived from equities/daily/AAPL" in capsys.readouterr().out
    main(["export", "AAPL", "-f", "quarterly", "--json", *home])
    document = json.loads(capsys.readouterr().out)
    assert document["datasets"][0]["frequency"] == "quarterly"
    assert [bar["complete"] for bar in document["bars"]] == [True, True, True, True, False]
    assert document["bars"][1]["timestamp"] == "2004-04-01T00:00:00+00:00"


def test_a_frame_without_that_column_says_how_many_bars_are_incomplete(tmp_path: Path) -> None:
    ws = loaded(tmp_path, "daily")
    verbs.remove(ws, "DEMO", start="2024-03-12", end="2024-03-13", yes=True)

    weeks: dict[str, Any] = {"frequency": "weekly", "start": "2024-03-04", "columns": "close"}
    whole = verbs.bars(ws, "DEMO", end="2024-03-08", **weeks)
    one = verbs.bars(ws, "DEMO", end="2024-03-15", **weeks)
    wide = verbs.bars(ws, ["DEMO"], wide=True, end="2024-03-15", **weeks)
    stored = verbs.bars(ws, "DEMO")

    found = [each.attrs["ml4t_nb"].get("incomplete") for each in (whole, one, wide, stored)]
    assert found == [0, 1, 1, None]


def test_several_symbols_are_derived_in_one_frame(daily: Workspace) -> None:
    found = verbs.bars(daily, ["IBM", "AAPL"], frequency="monthly", adjust="all")
    closes = verbs.bars(daily, ["IBM", "AAPL"], frequency="monthly", columns="close", wide=True)

    for symbol in ("IBM", "AAPL"):
        one = verbs.bars(daily, symbol, frequency="monthly", adjust="all")
        assert_frame_equal(found.loc[[symbol]].droplevel("symbol"), one, check_freq=False)
        own = verbs.bars(daily, symbol, frequency="monthly")["close"]
        assert closes[symbol].tolist() == own.tolist()
    assert closes.index.equals(own.index)
    told = found.attrs["ml4t_nb"]
    assert (told["frequency"], told["derived_from"]) == ("monthly", "daily")
    assert told["datasets"] == ["equities/daily/IBM", "equities/daily/AAPL"]
    assert closes.attrs["ml4t_nb"]["derived_from"] == "daily"


def test_one_symbol_may_be_stored_and_another_derived(tmp_path: Path) -> None:
    ws = loaded(tmp_path, "hourly")
    verbs.load(ws, "OTHER", frequency="5m", start="2024-04-01", as_of=AS_OF)

    found = verbs.bars(ws, ["DEMO", "OTHER"], frequency="hourly", provenance=True)

    assert [*found.columns[-3:]] == ["filled", "complete", "provider"]
    assert found["complete"].all()
    told = found.attrs["ml4t_nb"]
    assert (told["frequency"], told["derived_from"]) == ("hourly", "5m")
    stored = verbs.bars(ws, ["DEMO"], frequency="hourly")
    assert "complete" not in stored
    assert stored.attrs["ml4t_nb"]["derived_from"] is None
    side = verbs.bars(ws, ["DEMO", "OTHER"], frequency="hourly", wide=True)
    assert side["complete"]["OTHER"].isna().sum() == (side["close"]["OTHER"].isna()).sum() > 0


def test_columns_of_derived_bars_are_chosen(daily: Workspace) -> None:
    whole = verbs.bars(daily, "AAPL", frequency="weekly")

    some = verbs.bars(daily, "AAPL", frequency="weekly", columns=["complete", "close"])

    assert_frame_equal(some, whole[["complete", "close"]])
    with pytest.raises(OptionError, match="'complete' is one of derived bars"):
        verbs.bars(daily, "AAPL", columns=["complete"])


def test_what_cannot_be_derived_is_skipped_where_that_is_wanted(daily: Workspace) -> None:
    verbs.load(
        daily,
        "GE",
        provider="synthetic",
        frequency="weekly",
        start="2004-01-02",
        as_of="2005-03-04",
    )

    found = verbs.bars(daily, ["AAPL", "GE"], frequency="monthly", errors="skip")

    assert found.index.get_level_values("symbol").unique().tolist() == ["AAPL"]
    assert "GE is stored as weekly" in found.attrs["ml4t_nb"]["skipped"]["GE"]
