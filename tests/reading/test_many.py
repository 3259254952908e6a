"""Bars of many symbols in one frame: the same numbers as those of each by itself."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.core.bars import COLUMNS, Bars, make_bars
from ml4t_nb.errors import BarsDoubtful, ChunkCorrupt, DatasetNotFound, Ml4tError, OptionError
from ml4t_nb.model import Adjustment, AssetClass, Basis, DatasetConfig, DatasetId, Frequency
from ml4t_nb.reading.many import read_many
from ml4t_nb.reading.one import read_bars
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.records import FormerName, UpdateRecord
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store
from ml4t_nb.workspace import Workspace

AT = datetime(2024, 6, 28, 21, tzinfo=UTC)


def store_bars(
    store: Store,
    symbol: str,
    bars: Bars,
    *,
    asset_class: AssetClass = "equities",
    frequency: Frequency = "daily",
    calendar: str = "XNYS",
    basis: Basis = "split-adjusted",
) -> None:
    dataset = DatasetId(asset_class, frequency, symbol)
    config = DatasetConfig("sample", calendar, basis, 0.1, "yearly", "lz4")
    with store.transaction(dataset) as tx:
        tx.put(bars)
        tx.commit(Manifest.empty(dataset, config), UpdateRecord(AT, "load", "sample", "changed"))


def series(
    days: list[str] | pd.DatetimeIndex,
    first: float,
    *,
    events: dict[int, tuple[float, float]] | None = None,
    filled: tuple[int, ...] = (),
) -> Bars:
    """Bars that rise by one a day; events are dividend and split by row."""
    close = first + np.arange(len(days), dtype="float64")
    dividend, split = np.zeros(len(days)), np.ones(len(days))
    for row, (cash, ratio) in (events or {}).items():
        dividend[row], split[row] = cash, ratio
    prices = {"open": close, "high": close + 0.5, "low": close - 0.5, "close": close + 0.25}
    flags = np.isin(np.arange(len(days)), filled)
    columns = {**prices, "volume": close * 100, "dividend": dividend, "split": split}
    return make_bars(days, columns, filled=flags)


def read(ws: Workspace, symbol: str | list[str], **options: Any) -> Any:  # noqa: ANN401  # pandas' stubs take no dates as words
    return verbs.bars(ws, symbol, **options)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="sample"))
    # Thursday 2024-07-04 is a holiday of XNYS; MSFT lacks the 3rd, IBM begins on the 5th.
    store_bars(ws.store, "MSFT", series(["2024-07-01", "2024-07-02", "2024-07-05"], 100.0))
    store_bars(
        ws.store,
        "AAPL",
        series(["2024-07-01", "2024-07-02", "2024-07-03"], 10.0, events={2: (0.5, 2.0)}),
        asset_class="etfs",
    )
    store_bars(ws.store, "IBM", series(["2024-07-05", "2024-07-08"], 50.0, filled=(1,)))
    return ws


def test_a_list_gives_one_frame_by_symbol_and_stamp_in_the_order_given(ws: Workspace) -> None:
    bars = read(ws, ["MSFT", "AAPL"])

    assert bars.index.names == ["symbol", "timestamp"]
    assert bars.index.get_level_values("symbol").tolist() == ["MSFT"] * 3 + ["AAPL"] * 3
    assert tuple(bars.columns) == COLUMNS
    assert bars["open"].tolist() == [100, 101, 102, 10, 11, 12]
    assert bars.loc[("AAPL", "2024-07-03"), "split"] == 2.0
    assert bars.dtypes.equals(read(ws, "AAPL").dtypes)


def test_a_list_of_one_is_a_list(ws: Workspace) -> None:
    assert read(ws, "MSFT").index.names == ["timestamp"]
    assert read(ws, ["MSFT"]).index.names == ["symbol", "timestamp"]
    assert list(read(ws, ["MSFT"], columns="close", wide=True).columns) == ["MSFT"]
    assert list(read(ws, "MSFT", columns="close", wide=True).columns) == ["MSFT"]


def test_columns_are_those_named_in_their_order(ws: Workspace) -> None:
    for symbol in ("AAPL", ["AAPL", "MSFT"]):
        whole = read(ws, symbol, provenance=True)
        named = read(ws, symbol, columns=["filled", "close", "provider", "open"])
        assert list(named.columns) == ["filled", "close", "provider", "open"]
        assert_frame_equal(named, whole[["filled", "close", "provider", "open"]])
        last = read(ws, symbol, columns="close,low", provenance=True)
        assert list(last.columns) == ["close", "low", "provider"]


def test_an_unknown_column_is_refused_with_the_nearest(ws: Workspace) -> None:
    with pytest.raises(OptionError, match="unknown column 'closes'") as caught:
        read(ws, "AAPL", columns=["open", "closes"])

    assert caught.value.hint == "did you mean 'close'?"
    with pytest.raises(OptionError, match="'complete' is one of derived bars"):
        read(ws, ["AAPL"], columns="complete")


def test_side_by_side_is_a_row_for_each_session_and_nan_where_there_is_no_bar(
    ws: Workspace,
) -> None:
    closes = read(ws, ["MSFT", "AAPL", "IBM"], columns="close", wide=True)

    days = ["2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05", "2024-07-08"]
    wanted = pd.DataFrame(
        {
            "MSFT": [100.25, 101.25, np.nan, 102.25, np.nan],
            "AAPL": [10.25, 11.25, 12.25, np.nan, np.nan],
            "IBM": [np.nan, np.nan, np.nan, 50.25, 51.25],
        },
        index=pd.DatetimeIndex(days, tz="UTC", name="timestamp").as_unit("us"),
    ).rename_axis(columns="symbol")
    assert_frame_equal(closes, wanted)


def test_a_session_that_none_of_them_has_is_a_row_all_the_same(ws: Workspace) -> None:
    closes = read(ws, ["MSFT"], columns="close", wide=True)

    assert closes.index.strftime("%m-%d").tolist() == ["07-01", "07-02", "07-03", "07-05"]
    assert closes["MSFT"].isna().tolist() == [False, False, True, False]


def test_a_bar_outside_the_calendar_has_its_row(ws: Workspace) -> None:
    store_bars(ws.store, "ODD", series(["2024-07-03", "2024-07-04"], 5.0))

    closes = read(ws, ["ODD", "MSFT"], columns="close", wide=True, start="2024-07-03")

    assert closes.index.strftime("%m-%d").tolist() == ["07-03", "07-04", "07-05"]
    assert closes["MSFT"].isna().tolist() == [True, True, False]


def test_several_columns_side_by_side_stand_below_their_names(ws: Workspace) -> None:
    wide = read(ws, ["MSFT", "IBM"], columns=["filled", "close"], wide=True)

    assert wide.columns.names == ["column", "symbol"]
    assert [*wide.columns] == [
        ("filled", "MSFT"),
        ("filled", "IBM"),
        ("close", "MSFT"),
        ("close", "IBM"),
    ]
    # A flag that is not there is neither true nor false.
    assert wide[("filled", "IBM")].tolist() == [pd.NA, pd.NA, pd.NA, False, True]
    whole = read(ws, ["MSFT", "IBM"], wide=True, provenance=True)
    assert [*whole.columns.unique("column")] == [*COLUMNS, "provider"]
    assert whole[("provider", "IBM")].isna().tolist() == [True, True, True, False, False]
    assert whole[("provider", "IBM")].tolist()[3:] == ["sample", ""]


def test_bars_that_were_filled_may_be_left_out_side_by_side_too(ws: Workspace) -> None:
    closes = read(ws, ["MSFT", "IBM"], columns="close", wide=True, filled=False)

    assert closes["IBM"].dropna().tolist() == [50.25]


def test_what_is_asked_twice_is_there_once(ws: Workspace) -> None:
    assert len(read(ws, ["MSFT", "MSFT"])) == 3


def test_the_first_error_names_its_symbol(ws: Workspace) -> None:
    with pytest.raises(DatasetNotFound, match="No existing data found for 'APPL'"):
        read(ws, ["AAPL", "APPL"])


def test_skipping_returns_the_rest_and_says_what_was_left_out(ws: Workspace) -> None:
    chunk = ws.store.snapshot(DatasetId("equities", "daily", "MSFT")).files()[0]
    content = bytearray(chunk.read_bytes())
    content[60] ^= 1
    chunk.write_bytes(content)

    with pytest.raises(ChunkCorrupt, match="MSFT"):
        read(ws, ["AAPL", "MSFT"])
    bars = read(ws, ["MSFT", "APPL", "AAPL"], errors="skip")

    assert_frame_equal(bars, read(ws, ["AAPL"]))
    skipped = bars.attrs["ml4t_nb"]["skipped"]
    assert [*skipped] == ["APPL", "MSFT"]
    assert "its checksum does not match" in skipped["MSFT"]
    assert skipped["APPL"] == "No existing data found for 'APPL'"
    none = read(ws, ["MSFT", "APPL"], errors="skip")
    assert (len(none), tuple(none.columns)) == (0, COLUMNS)
    assert none.dtypes.equals(bars.dtypes)


def test_an_error_about_numbers_names_its_dataset(ws: Workspace) -> None:
    """An adjustment that cannot be shown says a date alone."""
    days = ["2024-07-01", "2024-07-02"]
    store_bars(ws.store, "PAYS", series(days, 10.0, events={1: (11.0, 1.0)}))

    with pytest.raises(Ml4tError, match=r"equities/daily/PAYS: the dividend of 11 on 2024-07-02"):
        read(ws, ["MSFT", "PAYS"], adjust="all")
    with pytest.raises(BarsDoubtful, match="equities/daily/IBM is not observed throughout"):
        read(ws, ["MSFT", "IBM"], require="observed")


def test_a_symbol_that_is_stored_twice_is_to_be_chosen(ws: Workspace) -> None:
    store_bars(ws.store, "MSFT", series(["2024-07-01"], 1.0), asset_class="etfs")

    with pytest.raises(OptionError, match="'MSFT' is stored as equities/daily/MSFT, etfs/daily"):
        read(ws, ["AAPL", "MSFT"])
    chosen = read(ws, ["MSFT", "IBM"], asset_class="equities")
    assert chosen.loc["MSFT", "open"].tolist() == [100, 101, 102]


def test_two_frequencies_do_not_stand_in_one_frame(ws: Workspace) -> None:
    hours = pd.date_range("2024-07-01 13:30", periods=3, freq="h")
    store_bars(ws.store, "BTC", series(hours, 1.0), frequency="hourly")

    with pytest.raises(OptionError, match=r"not stored at one frequency: .*MSFT daily"):
        read(ws, ["MSFT", "BTC"])


def test_calendars_without_common_days_do_not_stand_side_by_side(ws: Workspace) -> None:
    days = pd.date_range("2024-07-01", "2024-07-08")
    store_bars(ws.store, "BTC", series(days, 1.0), asset_class="crypto", calendar="24/7")
    store_bars(ws.store, "VOD", series(["2024-07-03", "2024-07-04"], 7.0), calendar="XLON")
    hours = pd.date_range("2024-07-01 13:30", periods=3, freq="h")
    for symbol, calendar in (("A", "XNYS"), ("B", "XLON")):
        store_bars(ws.store, symbol, series(hours, 1.0), frequency="hourly", calendar=calendar)

    with pytest.raises(OptionError, match=r"daily bars of different calendars .*: MSFT XNYS, BTC"):
        read(ws, ["MSFT", "BTC"], columns="close", wide=True)
    with pytest.raises(OptionError, match="hourly bars of different calendars"):
        read(ws, ["A", "B"], columns="close", wide=True)
    # Dates of two exchanges: London is open on the holiday of New York.
    both = read(ws, ["MSFT", "VOD"], columns="close", wide=True)
    assert both.loc["2024-07-04"].isna().tolist() == [True, False]
    # One below the other they are what they are.
    assert len(read(ws, ["MSFT", "BTC"])) == 3 + 8


def test_a_frame_says_what_it_is_of_and_keeps_it_in_a_file(ws: Workspace, tmp_path: Path) -> None:
    one = {
        "frequency": "daily",
        "derived_from": None,
        "adjust": "all",
        "filled": True,
        "start": None,
        "end": None,
        "as_of": None,
        "versions": [1],
    }
    datasets = ["equities/daily/MSFT", "etfs/daily/AAPL"]

    single = read(ws, "MSFT", adjust="all")
    many = read(ws, ["MSFT", "AAPL"], adjust="all", errors="skip")

    sums = many.attrs["ml4t_nb"]["checksums"]
    assert len({*sums}) == 2
    alone = {**one, "datasets": datasets[:1], "checksums": sums[:1]}
    assert single.attrs == {"ml4t_nb": alone}
    both = {**one, "datasets": datasets, "versions": [1, 1], "checksums": sums, "skipped": {}}
    assert many.attrs == {"ml4t_nb": both}
    many.to_parquet(tmp_path / "many.parquet")
    again = pd.read_parquet(tmp_path / "many.parquet")
    assert again.attrs == many.attrs
    assert_frame_equal(again, many)
    assert many.copy().attrs == many.attrs


def test_a_changed_frame_changes_neither_the_store_nor_what_another_frame_says(
    ws: Workspace,
) -> None:
    before = read(ws, ["MSFT", "AAPL"])
    bars = read(ws, ["MSFT", "AAPL"])
    copied = bars.copy()
    copied.attrs["ml4t_nb"]["adjust"] = "raw"
    bars["close"] = 0.0
    bars.iloc[0, 0] = -1.0

    assert bars.attrs["ml4t_nb"]["adjust"] == "splits"
    assert_frame_equal(read(ws, ["MSFT", "AAPL"]), before)


def test_a_former_name_gives_the_bars_of_the_new_one(ws: Workspace) -> None:
    dataset = DatasetId("equities", "daily", "IBM")
    with ws.store.transaction(dataset) as tx:
        assert tx.manifest is not None
        formerly = (FormerName("CTR", date(2024, 7, 4)),)
        record = UpdateRecord(AT, "update", "sample", "changed")
        tx.commit(replace(tx.manifest, former_names=formerly), record)

    bars = read(ws, ["CTR", "MSFT", "IBM"])

    assert [*bars.index.unique("symbol")] == ["IBM", "MSFT"]


def test_the_function_takes_a_list(ws: Workspace) -> None:
    bars = ml4t_nb.bars(["MSFT", "IBM"], home=ws.settings.home, columns=["close"])

    assert bars["close"].tolist() == [100.25, 101.25, 102.25, 50.25, 51.25]


CALENDAR = pd.DatetimeIndex(pd.bdate_range("2024-01-02", "2024-03-28"))


@st.composite
def some_series(draw: st.DrawFn) -> tuple[Bars, Basis, Frequency]:
    chosen = draw(st.lists(st.sampled_from(range(len(CALENDAR))), max_size=30, unique=True))
    rows = sorted(chosen)
    events = {}
    for row in range(1, len(rows)):
        if draw(st.integers(0, 5)) == 0:
            events[row] = (draw(st.sampled_from([0, 0.3])), draw(st.sampled_from([1, 2, 0.1])))
    within = range(1, max(len(rows) - 1, 1))
    filled = draw(st.lists(st.sampled_from(within), max_size=3)) if within else []
    bars = series(
        CALENDAR[rows], draw(st.sampled_from([10.0, 33.3])), events=events, filled=tuple(filled)
    )
    return bars, draw(st.sampled_from(get_args(Basis))), "daily"


DAYS = st.sampled_from([None, "2024-01-20", "2024-02-29"])


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    some=st.lists(some_series(), min_size=1, max_size=3),
    adjust=st.sampled_from(get_args(Adjustment)),
    filled=st.booleans(),
    start=DAYS,
    columns=st.sampled_from([None, ["close"], ["volume", "filled", "split"], ["open", "provider"]]),
)
def test_many_are_the_single_ones_and_wide_is_many_by_hand(
    tmp_path_factory: pytest.TempPathFactory,
    some: list[tuple[Bars, Basis, Frequency]],
    adjust: Adjustment,
    *,
    filled: bool,
    start: str | None,
    columns: list[str] | None,
) -> None:
    home = tmp_path_factory.mktemp("many")
    ws = Workspace.open(Settings(home=home, provider="sample"))
    symbols = [f"S{number}" for number in range(len(some))][::-1]
    for symbol, (bars, basis, frequency) in zip(symbols, some, strict=True):
        store_bars(ws.store, symbol, bars, basis=basis, frequency=frequency)
    options: dict[str, Any] = {"adjust": adjust, "filled": filled, "start": start}

    singles = {each: read(ws, each, columns=columns, **options) for each in symbols}
    many = read(ws, symbols, columns=columns, **options)

    for symbol, single in singles.items():
        rows = many[many.index.get_level_values("symbol") == symbol].droplevel("symbol")
        assert_frame_equal(rows, single, check_exact=True, check_freq=False)
    assert len(many) == sum(map(len, singles.values()))
    whole = {each: read(ws, each, **options, provenance=True) for each in symbols}
    for name in columns or COLUMNS:
        wide = read(ws, symbols, columns=name, wide=True, **options)
        assert [*wide.columns] == symbols
        for symbol, single in whole.items():
            held = wide[symbol][wide.index.isin(single.index)]
            assert held.tolist() == single[name].tolist()
            assert wide[symbol][~wide.index.isin(single.index)].isna().all()


def write_until(home: Path, is_over: threading.Event) -> None:
    """Replace all bars of two datasets for ever, each time by others that are all alike."""
    store = Store(home)
    days = pd.bdate_range("2015-01-02", "2020-12-31")
    number = 0
    while not is_over.is_set():
        number += 1
        for symbol in ("A", "B"):
            bars = series(days[: 200 + number % 3 * 400], 10.0)
            for name in ("open", "high", "low", "close"):
                bars[name] = float(number)
            store_bars(store, symbol, bars)


def test_each_dataset_is_of_one_commit_while_another_writes(tmp_path: Path) -> None:
    home, is_over = tmp_path / "home", threading.Event()
    days = pd.bdate_range("2015-01-02", periods=200)
    ws = Workspace.open(Settings(home=home, provider="sample"))
    for symbol in ("A", "B", "C"):
        store_bars(ws.store, symbol, series(days, 10.0))
    writer = threading.Thread(target=write_until, args=(home, is_over))
    writer.start()
    try:
        seen = set()
        for _ in range(60):
            closes = read(ws, ["A", "C", "B"], columns=["close", "open"])
            for symbol in ("A", "B"):
                one = closes.loc[symbol, "close"]
                number = one.iloc[0]
                seen.add(number)
                if number == 10.25 and one.iloc[-1] != number:
                    continue  # before the first commit of the writer
                assert (one == number).all()
                assert len(one) == 200 + number % 3 * 400
            assert closes.loc["C", "open"].tolist() == [*np.arange(10.0, 210.0)]
    finally:
        is_over.set()
        writer.join()
    assert len(seen) > 2


def test_bars_that_were_replaced_while_they_are_read_are_read_again(ws: Workspace) -> None:
    """The files of a snapshot are removed an hour after; who is slower takes a new one."""
    dataset = DatasetId("equities", "daily", "MSFT")
    old = ws.store.snapshot(dataset)
    store_bars(ws.store, "MSFT", series(["2024-07-01", "2024-07-02"], 7.0))
    shutil.rmtree(old.folder.versions_path)

    class Late(Store):
        """Gives the old snapshot once, as to a reader that was held up."""

        given: ClassVar[list[DatasetId]] = []

        def snapshot(self, dataset: DatasetId) -> Snapshot:
            if dataset == old.manifest.dataset and dataset not in self.given:
                self.given.append(dataset)
                return old
            return super().snapshot(dataset)

    bars = read_many(Late(ws.store.home), [("MSFT", dataset)], BarsRequest())

    assert bars["open"].tolist() == [7.0, 8.0]


def test_a_manifest_that_states_more_rows_than_there_is_memory_for_is_damaged(
    ws: Workspace,
) -> None:
    """So many bars would need as many bytes, which the file does not have."""
    dataset = DatasetId("equities", "daily", "MSFT")
    snapshot = ws.store.snapshot(dataset)
    (chunk,) = snapshot.manifest.chunks
    many = replace(
        chunk, rows=10**13, bytes=10**13, last=chunk.first + timedelta(microseconds=10**13)
    )
    told = replace(snapshot, manifest=replace(snapshot.manifest, chunks=(many,)))

    class Told(Store):
        def snapshot(self, dataset: DatasetId) -> Snapshot:
            del dataset
            return told

    with pytest.raises(ChunkCorrupt, match="bytes instead of 10000000000000"):
        read_many(Told(ws.store.home), [("MSFT", dataset)], BarsRequest())
    with pytest.raises(ChunkCorrupt, match="bytes instead of 10000000000000"):
        read_bars(told, BarsRequest(columns=("close",)))
