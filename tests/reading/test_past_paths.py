"""The whole store as it was, by SQL and scans: bit for bit what bars gave then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.core.bars import as_stamps
from ml4t_nb.errors import OptionError, VersionNotFound
from ml4t_nb.model import Adjustment, Span
from ml4t_nb.records import UpdateRecord
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.reading.random_store import Made, frame_of, made_stores, store_made

ADJUSTMENTS: tuple[Adjustment, ...] = get_args(Adjustment)
COLUMNS = ["open", "high", "low", "close", "volume", "dividend", "split", "filled"]


def by_sql(ws: Workspace, frequency: str, adjust: str, then: Mapping[str, Any]) -> pd.DataFrame:
    view = f"bars_{frequency}" + ("" if adjust == "splits" else f"_{adjust}")
    return verbs.sql(ws, f"SELECT * FROM {view}", **then).to_frame()


def by_connection(
    ws: Workspace, frequency: str, adjust: str, then: Mapping[str, Any]
) -> pd.DataFrame:
    view = f"bars_{frequency}" + ("" if adjust == "splits" else f"_{adjust}")
    with verbs.connect(ws, **then) as connection:
        return connection.sql(f"SELECT * FROM {view}").to_arrow_table().to_pandas()  # type: ignore[no-any-return]  # pyarrow's


def by_polars(ws: Workspace, frequency: Any, adjust: Any, then: Any) -> pd.DataFrame:  # noqa: ANN401
    scanned = verbs.scan(ws, frequency=frequency, adjust=adjust, **then)
    return scanned.collect().to_pandas()  # type: ignore[no-any-return]  # polars'


def by_arrow(ws: Workspace, frequency: Any, adjust: Any, then: Any) -> pd.DataFrame:  # noqa: ANN401
    scanned = verbs.scan(ws, frequency=frequency, adjust=adjust, engine="arrow", **then)
    return scanned.to_table().to_pandas()  # type: ignore[no-any-return]  # pyarrow's


PATHS: tuple[Callable[..., pd.DataFrame], ...] = (by_sql, by_connection, by_polars, by_arrow)


def same(rows: pd.DataFrame, expected: Mapping[str, pd.DataFrame]) -> None:
    """Every symbol, and no other, with every bar to the last bit."""
    stamps = as_stamps(pd.DatetimeIndex(rows["timestamp"]))
    whole = rows.assign(timestamp=stamps).set_index("timestamp").sort_index()
    assert set(whole["symbol"]) == {name for name, bars in expected.items() if len(bars)}
    for symbol, bars in expected.items():
        found = whole.loc[whole["symbol"] == symbol, COLUMNS]
        assert_frame_equal(found, bars[COLUMNS], check_exact=True, check_freq=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AAPL over its split; IBM, loaded late; MSFT, removed; and weeks."""
    home = tmp_path_factory.mktemp("store")
    options: dict[str, Any] = {"provider": "sample", "start": "2004-10-01", "home": home}
    ml4t_nb.load(["AAPL", "MSFT"], as_of="2005-02-24", **options)
    ml4t_nb.load("AAPL", frequency="weekly", as_of="2005-02-24", **options)
    ml4t_nb.update(as_of="2005-02-25", home=home)
    ml4t_nb.pin("half", symbol=["AAPL"], frequency="daily", home=home)
    ml4t_nb.load("IBM", as_of="2005-03-01", **options)
    ml4t_nb.update(as_of="2005-03-10", home=home)
    ml4t_nb.remove("MSFT", yes=True, home=home)
    return home


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("day", "symbols"),
    [
        ("2005-02-24", ["AAPL", "MSFT"]),
        ("2005-02-25", ["AAPL", "MSFT"]),
        ("2005-03-01", ["AAPL", "IBM", "MSFT"]),
        ("2005-03-10", ["AAPL", "IBM", "MSFT"]),
    ],
)
def test_the_store_as_known_on_a_day_is_what_bars_gives_of_each(
    home: Path, path: Callable[..., pd.DataFrame], day: str, symbols: list[str]
) -> None:
    ws = Workspace.open(Settings(home=home))
    for adjust in ADJUSTMENTS:
        then = {"known_on": day}
        bars = {
            each: verbs.bars(ws, each, frequency="daily", adjust=adjust, known_on=day)
            for each in symbols
        }
        same(path(ws, "daily", adjust, then), bars)
    same(
        path(ws, "weekly", "splits", {"known_on": day}),
        {"AAPL": verbs.bars(ws, "AAPL", frequency="weekly", known_on=day)},
    )


@pytest.mark.parametrize("path", PATHS)
def test_a_pin_shows_what_it_has_and_no_more(home: Path, path: Callable[..., pd.DataFrame]) -> None:
    ws = Workspace.open(Settings(home=home))
    for adjust in ADJUSTMENTS:
        bars = verbs.bars(ws, "AAPL", frequency="daily", adjust=adjust, pin="half")
        assert f"{bars.index[-1]:%Y-%m-%d}" == "2005-02-25"
        same(path(ws, "daily", adjust, {"pin": "half"}), {"AAPL": bars})


def test_tables_are_as_they_were(home: Path) -> None:
    ws = Workspace.open(Settings(home=home))
    query = "SELECT symbol, rows, last::DATE::VARCHAR AS last FROM datasets ORDER BY symbol, rows"
    assert verbs.sql(ws, query, known_on="2005-02-24").table.to_pylist() == [
        {"symbol": "AAPL", "rows": 21, "last": "2005-02-14"},
        {"symbol": "AAPL", "rows": 101, "last": "2005-02-24"},
        {"symbol": "MSFT", "rows": 101, "last": "2005-02-24"},
    ]
    runs = "SELECT max(run) AS run FROM runs WHERE frequency = 'daily'"
    assert verbs.sql(ws, runs, pin="half").table.to_pylist() == [{"run": 2}]


def test_one_symbol_is_found_among_what_was_removed(home: Path) -> None:
    ws = Workspace.open(Settings(home=home))
    query = "SELECT count(*) AS n FROM bars_daily WHERE symbol = 'MSFT'"
    assert verbs.sql(ws, query, known_on="2005-02-24").table.to_pylist() == [{"n": 101}]
    assert verbs.sql(ws, query).table.to_pylist() == [{"n": 0}]
    scanned = verbs.scan(ws, "MSFT", engine="arrow", known_on="2005-02-24")
    assert scanned.to_table().num_rows == 101
    every = verbs.scan(ws, asset_class="equities", engine="arrow", known_on="2005-02-24")
    assert set(every.to_table()["symbol"].to_pylist()) == {"AAPL", "MSFT"}


def test_a_whole_store_is_pinned_as_it_was_known(home: Path) -> None:
    report = ml4t_nb.pin("thursday", known_on="2005-02-24", home=home)
    (pin,) = [each for each in report.pins if each.name == "thursday"]
    assert [str(each.dataset) for each in pin.versions] == [
        "equities/daily/AAPL",
        "equities/daily/MSFT",
        "equities/weekly/AAPL",
    ]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"pin": "hlf"}, OptionError, "there is no pin 'hlf'"),
        ({"known_on": "yesterday"}, OptionError, "'yesterday' is not a valid date"),
        ({"known_on": "2005-02-24", "pin": "half"}, OptionError, "each choose a version"),
    ],
)
def test_what_cannot_be_chosen_is_one_sentence(
    home: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    for call in (
        lambda: ml4t_nb.sql("SELECT 1", home=home, **options),
        lambda: ml4t_nb.connect(home=home, **options),
        lambda: ml4t_nb.scan(home=home, **options),
    ):
        with pytest.raises(error, match=message):
            call()


def test_a_version_that_is_gone_is_no_dataset_less(tmp_path: Path) -> None:
    """Retention drops what was known after the split; a pin keeps that of before."""
    home = tmp_path / "home"
    ml4t_nb.load("AAPL", provider="sample", start="2005-01-03", as_of="2005-02-24", home=home)
    ml4t_nb.pin("first", home=home)
    for day in ("2005-02-25", "2005-03-10", "2005-03-11"):
        ml4t_nb.update(as_of=day, home=home)
    (home / "ml4t.toml").write_text('[retention]\nkeep = "last 1"\n', encoding="utf-8")
    ml4t_nb.update(as_of="2005-03-14", home=home)

    gone = "what was known of equities/daily/AAPL then cannot be read any more: version 3 is gone"
    for call in (
        lambda: ml4t_nb.bars("AAPL", known_on="2005-03-10", home=home),
        lambda: ml4t_nb.sql("SELECT * FROM bars_daily", known_on="2005-03-10", home=home),
        lambda: ml4t_nb.scan(known_on="2005-03-10", home=home, engine="arrow").to_table(),
    ):
        with pytest.raises(VersionNotFound, match=gone) as raised:
            call()
        assert raised.value.hint == "the nearest versions there are: 2 and 5"
    # Of the day before, what was known is pinned.
    assert len(ml4t_nb.bars("AAPL", known_on="2005-02-24", home=home)) == 37
    with pytest.raises(VersionNotFound, match="nothing was known of equities/daily/AAPL"):
        ml4t_nb.bars("AAPL", known_on="2005-02-23", home=home)
    assert ml4t_nb.sql("SELECT * FROM bars_daily", known_on="2005-02-23", home=home).empty


def changed(made: Made, kept: set[int], factor: float) -> Made:
    """Some of its bars, at other prices."""
    bars = tuple(
        replace(each, open=each.open * factor, close=each.close * factor)
        for place, each in enumerate(made.bars)
        if place in kept
    )
    return replace(made, bars=bars)


def commits_after(draw: st.DataObject, ws: Workspace, made: tuple[Made, ...]) -> Iterator[None]:
    """Replace a stretch of each dataset, several times."""
    for _ in range(draw.draw(st.integers(1, 2))):
        for each in made:
            count = len(each.bars)
            first = draw.draw(st.integers(0, count - 1))
            end = draw.draw(st.integers(first + 1, count))
            kept = draw.draw(st.sets(st.integers(first, end - 1), min_size=1))
            part = changed(each, kept, draw.draw(st.sampled_from([1.0, 0.5, 1.01])))
            whole = Span(each.bars[first].at, each.bars[end - 1].at + timedelta(microseconds=1))
            with ws.store.transaction(each.dataset) as tx:
                tx.put(frame_of(part.bars), whole)
                assert tx.manifest is not None
                record = UpdateRecord(each.bars[-1].at, "update", "sample", "changed")
                tx.commit(tx.manifest, record)
        yield


@settings(max_examples=5)
@given(draw=st.data(), made=made_stores())
def test_pins_of_random_stores_are_read_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, draw: st.DataObject, made: tuple[Made, ...]
) -> None:
    ws = Workspace.open(Settings(home=tmp_path_factory.mktemp("store"), provider="sample"))
    for each in made:
        store_made(ws.store, each)
    frequency = made[0].dataset.frequency
    known: list[tuple[str, dict[Adjustment, dict[str, pd.DataFrame]]]] = []
    changes = commits_after(draw, ws, made)
    for number in range(sys.maxsize):
        name = f"pin-{number}"
        verbs.pin(ws, name)
        bars = {
            adjust: {
                each.dataset.symbol: verbs.bars(ws, each.dataset.symbol, adjust=adjust)
                for each in made
            }
            for adjust in ADJUSTMENTS
        }
        known.append((name, bars))
        if next(changes, sys) is sys:
            break
    for name, frames in known:
        for adjust, expected in frames.items():
            for path in PATHS:
                same(path(ws, frequency, adjust, {"pin": name}), expected)
