"""Every view of SQL, and every scan, shows what ``bars`` gives, to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ml4t_nb import verbs
from ml4t_nb.core.bars import COLUMNS, NUMBERS
from ml4t_nb.model import Adjustment, DatasetId, Frequency
from ml4t_nb.storage.store import Store
from ml4t_nb.workspace import Workspace
from tests.reading.stores import drawn_store, workspace

ADJUSTMENTS: tuple[Adjustment, ...] = ("splits", "raw", "all")
FREQUENCIES: tuple[Frequency, ...] = ("daily", "1m", "hourly")
ORDERED = ("asset_class", "symbol", "timestamp")


@pytest.fixture(scope="module", params=[1, 2])
def ws(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    home = tmp_path_factory.mktemp("home")
    drawn_store(home, request.param)
    return workspace(home)


def by_bars(
    ws: Workspace,
    frequency: Frequency,
    adjust: Adjustment,
    start: str | None = None,
    end: str | None = None,
) -> pd.DataFrame:
    """The bars of all datasets of the frequency, one dataset at a time."""
    frames = []
    for dataset in ws.store.datasets():
        if dataset.frequency == frequency:
            asset_class, symbol = dataset.asset_class, dataset.symbol
            bars = verbs.bars(
                ws,
                symbol,
                asset_class=asset_class,
                frequency=frequency,
                adjust=adjust,
                start=start,
                end=end,
            )
            own = {"symbol": symbol, "asset_class": asset_class, "frequency": frequency}
            frames.append(bars[list(COLUMNS)].reset_index().assign(**own))
    return in_order(pd.concat(frames))


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values([*ORDERED], ignore_index=True)


def assert_same(rows: pd.DataFrame, expected: pd.DataFrame) -> None:
    rows = in_order(rows)
    assert len(rows) == len(expected)
    for name in ("symbol", "asset_class", "frequency", "timestamp", "filled"):
        assert rows[name].tolist() == expected[name].tolist()
    for name in NUMBERS:
        bits = rows[name].to_numpy(dtype="float64").view("int64")
        assert np.array_equal(bits, expected[name].to_numpy(dtype="float64").view("int64"))


def view(frequency: Frequency, adjust: Adjustment) -> str:
    return f"bars_{frequency}" + ("" if adjust == "splits" else f"_{adjust}")


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("adjust", ADJUSTMENTS)
def test_a_view_is_what_bars_gives(ws: Workspace, frequency: Frequency, adjust: Adjustment) -> None:
    expected = by_bars(ws, frequency, adjust)

    report = verbs.sql(ws, f"SELECT * FROM {view(frequency, adjust)}")

    assert {"GONE", "FB"}.isdisjoint(expected["symbol"])
    assert_same(report.to_frame(), expected)
    connection = verbs.connect(ws)
    table: pa.Table = connection.sql(f"FROM {view(frequency, adjust)}").to_arrow_table()
    assert_same(table.to_pandas(), expected)


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("adjust", ADJUSTMENTS)
def test_a_scan_is_what_bars_gives(ws: Workspace, frequency: Frequency, adjust: Adjustment) -> None:
    expected = by_bars(ws, frequency, adjust)

    lazy = verbs.scan(ws, frequency=frequency, adjust=adjust)
    arrow = verbs.scan(ws, frequency=frequency, adjust=adjust, engine="arrow")

    assert_same(lazy.collect().to_pandas(), expected)
    assert_same(lazy.collect(engine="streaming").to_pandas(), expected)
    assert_same(arrow.to_table().to_pandas(), expected)
    assert arrow.count_rows() == len(expected)


@pytest.mark.parametrize("adjust", ADJUSTMENTS)
def test_a_scan_of_a_range_is_what_bars_gives_of_it(ws: Workspace, adjust: Adjustment) -> None:
    ranges: tuple[tuple[Frequency, str | None, str | None], ...] = (
        ("daily", "2022-03-04", "2022-08-09"),
        ("daily", "2022-11-11", None),
        ("1m", None, "2022-01-03"),
        ("hourly", "2022-01-05", "2022-01-05"),
    )
    for frequency, start, end in ranges:
        expected = by_bars(ws, frequency, adjust, start, end)

        lazy = verbs.scan(ws, frequency=frequency, adjust=adjust, start=start, end=end)

        assert_same(lazy.collect().to_pandas(), expected)


CONDITIONS = (
    "symbol = 'AAPL'",
    "symbol = 'AAPL' AND asset_class = 'etfs'",
    "symbol IN ('btc-usd', 'BRK/B') AND close > 15",
    "symbol <> 'AAPL' AND timestamp >= '2022-05-01'",
    "timestamp BETWEEN '2022-02-01' AND '2022-02-20' OR symbol = 'O''HARA'",
    "asset_class IN ('etfs', 'crypto') AND NOT filled",
    "NOT (symbol = 'AAPL') AND dividend > 0",
    "symbol = 'AAPL' AND symbol = 'META'",
    "symbol LIKE 'A%' AND upper(asset_class) = 'EQUITIES'",
    "frequency = 'weekly' OR close < low",
    "frequency = 'daily' AND symbol > 'B' AND symbol < 'c'",
    "symbol = 'GONE' OR symbol = 'FB'",
    "symbol = 'no such' OR symbol IS NULL",
    "symbol = 'timestamp' OR timestamp = '2022-01-03'",
)


@pytest.mark.parametrize("adjust", ["splits", "all"])
def test_what_a_filter_leaves_out_is_what_it_says(ws: Workspace, adjust: Adjustment) -> None:
    name = view("daily", adjust)
    connection = verbs.connect(ws)
    connection.execute(f"CREATE TABLE everything AS FROM {name}")
    for condition in CONDITIONS:
        kept = connection.sql(f"FROM everything WHERE {condition}").to_arrow_table().to_pandas()

        found = connection.sql(f"FROM {name} WHERE {condition}").to_arrow_table().to_pandas()
        few = connection.sql(f"SELECT close FROM {name} WHERE {condition}").fetchall()

        assert_same(found, in_order(kept))
        assert sorted(close for (close,) in few) == sorted(kept["close"])


def test_filters_of_polars_and_arrow_leave_out_what_they_say(ws: Workspace) -> None:
    expected = by_bars(ws, "daily", "splits")
    stamp = pd.Timestamp("2022-06-01", tz="UTC")
    kept = expected[(expected["symbol"] == "AAPL") & (expected["timestamp"] >= stamp)]

    is_late = pl.col("timestamp") >= pl.datetime(2022, 6, 1, time_zone="UTC")
    lazy = verbs.scan(ws).filter((pl.col("symbol") == "AAPL") & is_late)
    arrow = verbs.scan(ws, engine="arrow")
    condition = (pc.field("symbol") == "AAPL") & (pc.field("timestamp") >= pa.scalar(stamp))

    assert_same(lazy.collect().to_pandas(), in_order(kept))
    assert_same(arrow.to_table(filter=condition).to_pandas(), in_order(kept))
    assert arrow.count_rows(filter=condition) == len(kept)
    assert lazy.select(pl.len()).collect().item() == len(kept)


def test_a_scan_of_symbols_has_theirs_alone_also_by_a_former_name(ws: Workspace) -> None:
    rows = verbs.scan(ws, ["BRK/B", "FB"]).select("symbol").unique().collect()

    assert sorted(rows["symbol"]) == ["BRK/B", "META"]


def test_a_query_opens_only_what_its_filter_leaves(tmp_path: Path) -> None:
    home = tmp_path / "home"
    store = drawn_store(home, 4)
    ws = workspace(home)
    expected = verbs.bars(ws, "BRK/B", adjust="all")
    damage_all_but(store, DatasetId("equities", "daily", "BRK/B"))

    for condition in ("symbol = 'BRK/B'", "symbol IN ('BRK/B', 'none')"):
        rows = verbs.sql(
            ws, f"SELECT close FROM bars_daily_all WHERE {condition} ORDER BY timestamp"
        )
        assert rows.to_frame()["close"].tolist() == expected["close"].tolist()
    assert verbs.sql(ws, "SELECT count(*) AS n FROM datasets").to_frame()["n"].tolist() == [9]
    scanned = verbs.scan(ws, adjust="all").filter(pl.col("symbol") == "BRK/B").collect()
    assert scanned["close"].to_list() == expected["close"].tolist()


def damage_all_but(store: Store, spared: DatasetId) -> None:
    for dataset in store.datasets():
        if dataset != spared:
            for path in store.snapshot(dataset).files():
                path.write_bytes(b"x" * path.stat().st_size)
