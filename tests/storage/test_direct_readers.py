"""Any Parquet reader sees over the data tree what the store reads."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from ml4t_nb.core.bars import COLUMNS, NUMBERS
from ml4t_nb.model import DatasetId
from ml4t_nb.storage.names import folder_name
from ml4t_nb.storage.store import Store
from tests.storage.builders import append, bars_at, commit, daily, publish

SYMBOLS = ["AAPL", "EURUSD=X", "BRK/B", "^GSPC", "btc-usd", "50%", "<b>x", "year=2024"]


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Eight datasets of two years, twelve updates each, one interior revision, one removal."""
    store = Store(tmp_path_factory.mktemp("home"))
    rng = np.random.default_rng(7)
    for number, symbol in enumerate([*SYMBOLS, "GONE"]):
        dataset = DatasetId("fx", "daily", symbol)
        days = pd.bdate_range("2022-11-01", "2024-02-20")
        bars = bars_at(days, (100 * (number + 1) + rng.standard_normal(len(days))).tolist())
        bars.iloc[5, 5:] = [0.22, 2.0, True]
        commit(store, dataset, bars.iloc[:300])
        for first in range(295, 340, 4):
            append(store, dataset, bars.iloc[first : first + 8])
        append(store, dataset, bars.iloc[10:13].assign(close=number / 3 + 1))
    with store.transaction(DatasetId("fx", "daily", "GONE")) as tx:
        tx.remove()
    return store


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.assign(symbol=rows["symbol"].astype(str), timestamp=as_utc(rows["timestamp"]))
    rows = rows.sort_values(["symbol", "timestamp"], ignore_index=True)
    return rows[["symbol", "timestamp", *COLUMNS]]


def as_utc(stamps: "pd.Series[pd.Timestamp]") -> pd.DatetimeIndex:
    return pd.DatetimeIndex(stamps).tz_convert("UTC").as_unit("us")


def by_duckdb(glob: str) -> pd.DataFrame:
    table: pa.Table = duckdb.connect().read_parquet(glob).to_arrow_table()
    rows: pd.DataFrame = table.to_pandas()
    return rows


def by_the_store(store: Store, symbols: list[str]) -> pd.DataFrame:
    frames = [
        store.snapshot(DatasetId("fx", "daily", symbol)).bars().reset_index().assign(symbol=symbol)
        for symbol in symbols
    ]
    return in_order(pd.concat(frames))


def assert_same(rows: pd.DataFrame, expected: pd.DataFrame) -> None:
    rows = in_order(rows)
    assert rows["symbol"].tolist() == expected["symbol"].tolist()
    assert rows["timestamp"].tolist() == expected["timestamp"].tolist()
    for name in NUMBERS:
        bits = rows[name].to_numpy(dtype="float64").view("int64")
        assert np.array_equal(bits, expected[name].to_numpy().view("int64"))
    assert rows["filled"].astype(bool).tolist() == expected["filled"].tolist()


def test_a_glob_over_all_symbols_gives_the_same_rows(updated: Store) -> None:
    expected = by_the_store(updated, SYMBOLS)
    glob = str(updated.home / "data/fx/daily/*/*.parquet")

    assert len(expected) == 8 * 341
    assert_same(by_duckdb(glob), expected)
    assert_same(pl.read_parquet(glob).to_pandas(), expected)
    assert_same(pl.scan_parquet(glob).collect().to_pandas(), expected)


def test_the_folder_of_all_symbols_gives_the_same_rows(updated: Store) -> None:
    expected = by_the_store(updated, SYMBOLS)
    folder = str(updated.home / "data/fx/daily")

    assert_same(pd.read_parquet(folder), expected)
    assert_same(pq.read_table(folder).to_pandas(), expected)
    assert_same(ds.dataset(folder).to_table().to_pandas(), expected)
    assert_same(pl.read_parquet(folder).to_pandas(), expected)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_one_symbols_folder_gives_the_same_rows(updated: Store, symbol: str) -> None:
    expected = by_the_store(updated, [symbol])
    folder = str(updated.home / "data/fx/daily" / folder_name(symbol))

    assert_same(by_duckdb(f"{folder}/*.parquet"), expected)
    assert_same(pl.read_parquet(folder).to_pandas(), expected)
    assert_same(pl.read_parquet(f"{folder}/*.parquet").to_pandas(), expected)
    assert_same(pd.read_parquet(folder), expected)
    assert_same(pq.read_table(folder).to_pandas(), expected)
    assert_same(ds.dataset(folder).to_table().to_pandas(), expected)


def test_the_files_of_a_snapshot_give_the_same_rows(updated: Store) -> None:
    files = [
        path
        for symbol in SYMBOLS
        for path in updated.snapshot(DatasetId("fx", "daily", symbol)).files()
    ]
    expected = by_the_store(updated, SYMBOLS)

    assert_same(pl.read_parquet(files).to_pandas(), expected)
    assert_same(ds.dataset([str(path) for path in files]).to_table().to_pandas(), expected)


def test_a_chunk_is_plain_parquet(store: Store) -> None:
    commit(store, DatasetId("equities", "daily", "AAPL"), daily("2024-01-01", "2024-01-31"))
    (path,) = store.snapshot(DatasetId("equities", "daily", "AAPL")).files()

    metadata = pq.read_metadata(path)
    columns = {
        column.path_in_schema: column
        for column in (metadata.row_group(0).column(n) for n in range(metadata.num_columns))
    }
    assert list(columns) == ["timestamp", *COLUMNS, "symbol"]
    assert {columns[name].physical_type for name in NUMBERS} == {"DOUBLE"}
    assert "isAdjustedToUTC=true" in str(metadata.schema.column(0).logical_type)
    assert columns["timestamp"].encodings == ("RLE", "DELTA_BINARY_PACKED")
    assert [name for name, column in columns.items() if column.statistics] == ["timestamp"]
    assert metadata.metadata is None


def test_numbers_that_repeat_get_a_dictionary_and_others_are_packed_by_their_bytes(
    store: Store,
) -> None:
    days = pd.bdate_range("2014-01-01", periods=2000)
    rising = np.arange(2000) * 0.37 + 12.5
    bars = bars_at(days).assign(close=rising.round(2), volume=np.arange(2000.0) * 7)
    repeating = bars.assign(volume=(np.arange(2000) % 20) * 100.0)
    off_the_grid = bars.assign(close=rising / 3)

    plain, split, coded = {"PLAIN"}, {"BYTE_STREAM_SPLIT"}, {"PLAIN", "RLE_DICTIONARY"}
    assert encodings(store, bars) == {"close": plain, "volume": split, "dividend": coded}
    assert encodings(store, repeating) == {"close": plain, "volume": coded, "dividend": coded}
    assert encodings(store, off_the_grid) == {"close": split, "volume": split, "dividend": coded}
    # Of a few, what saves a page is not worth a look.
    few = off_the_grid.iloc[:1000]
    assert encodings(store, few) == {"close": coded, "volume": coded, "dividend": coded}


def encodings(store: Store, bars: pd.DataFrame) -> dict[str, set[str]]:
    dataset = DatasetId("equities", "daily", "AAPL")
    with store.transaction(dataset) as tx:
        tx.put(bars)
        publish(tx, period="yearly")
    path = store.snapshot(dataset).files()[0]
    group = pq.read_metadata(path).row_group(0)
    columns = (group.column(n) for n in range(group.num_columns))
    return {
        column.path_in_schema: set(column.encodings) - {"RLE"}
        for column in columns
        if column.path_in_schema in ("close", "volume", "dividend")
    }
