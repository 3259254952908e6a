"""Every way to read bars gives the same numbers, and they are those of plain arithmetic."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias, get_args

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.core.bars import as_stamps
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Adjustment, BarsFrequency, Column, FileFormat
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.sql import ScanEngine
from ml4t_nb.workspace import Workspace
from tests.reading.random_store import Made, expected, frame_of, made_stores, store_made

NUMBERS: tuple[Column, ...] = get_args(Column)[:7]

Frames: TypeAlias = Mapping[str, pd.DataFrame]
"""The bars of each symbol."""

Options: TypeAlias = Mapping[str, Any]
"""What is asked of each path alike."""


def many(ws: Workspace, symbols: list[str], options: Options) -> Frames:
    return by_symbol(verbs.bars(ws, symbols, **options), symbols)


def columns(ws: Workspace, symbols: list[str], options: Options) -> Frames:
    names = columns_of(options)
    read = [verbs.bars(ws, symbols, columns=[name], **options) for name in reversed(names)]
    return by_symbol(pd.concat(read, axis=1)[[*names]], symbols)


def wide(ws: Workspace, symbols: list[str], options: Options) -> Frames:
    whole = verbs.bars(ws, symbols, wide=True, **options)
    frames = {}
    for symbol in symbols:
        held: Any = whole.xs(symbol, axis=1, level=1)
        there = held["filled"].notna()
        assert held[~there].isna().to_numpy().all()
        flags = {name: "bool" for name in ("filled", "complete") if name in held}
        frames[symbol] = held[there].astype(flags).rename_axis(columns=None)
    return frames


def exported(ending: str) -> Callable[..., Frames]:
    def read(ws: Workspace, symbols: list[str], options: Options) -> Frames:
        out = ws.store.home / f"all.{ending}"
        verbs.export(ws, symbols, out=out, **options)
        whole = from_file(out)
        if not len(whole):
            return dict.fromkeys(symbols, whole)  # JSON names columns in its rows
        return {symbols[0]: whole} if len(symbols) == 1 else by_symbol(whole, symbols)

    return read


def exported_each(ending: FileFormat) -> Callable[..., Frames]:
    def read(ws: Workspace, symbols: list[str], options: Options) -> Frames:
        report = verbs.export(ws, symbols, out=ws.store.home / "own", format_=ending, **options)
        return {each.dataset.symbol: from_file(each.out) for each in report.datasets if each.out}

    return read


def exported_wide(ws: Workspace, symbols: list[str], options: Options) -> Frames:
    out = ws.store.home / "wide.csv"
    read = {}
    for name in NUMBERS:
        verbs.export(ws, symbols, out=out, wide=True, columns=name, **options)
        read[name] = from_file(out)
    return {
        symbol: pd.DataFrame({name: frame[symbol].dropna() for name, frame in read.items()})
        for symbol in symbols
    }


def sql(ws: Workspace, symbols: list[str], options: Options) -> Frames:
    (frequency,) = {each.frequency for symbol in symbols for each in ws.store.stored_as(symbol)}
    adjust = options["adjust"]
    view = f"bars_{frequency}" if adjust == "splits" else f"bars_{frequency}_{adjust}"
    names = ", ".join("'" + each.replace("'", "''") + "'" for each in symbols)
    conditions = [f"symbol IN ({names})"]
    if not options.get("filled", True):
        conditions.append("NOT filled")
    if options.get("start"):
        conditions.append(f"timestamp >= DATE '{options['start']}'")
    if options.get("end"):
        conditions.append(f"timestamp < DATE '{options['end']}' + 1")
    table = verbs.sql(ws, f"SELECT * FROM {view} WHERE {' AND '.join(conditions)}").table
    return of_each(table.to_pandas(), symbols)


def scan(engine: ScanEngine) -> Callable[..., Frames]:
    def read(ws: Workspace, symbols: list[str], options: Options) -> Frames:
        (frequency,) = {each.frequency for name in symbols for each in ws.store.stored_as(name)}
        asked = {name: options.get(name) for name in ("start", "end")}
        scanned = verbs.scan(
            ws,
            symbols,
            frequency=frequency,
            adjust=options["adjust"],
            engine=engine,
            **asked,
        )
        whole = (
            scanned.collect().to_pandas() if engine == "polars" else scanned.to_table().to_pandas()
        )
        kept = whole if options.get("filled", True) else whole[~whole["filled"]]
        return of_each(kept, symbols)

    return read


def of_each(rows: pd.DataFrame, symbols: list[str]) -> Frames:
    """Bars of each symbol out of rows in any order."""
    stamps = as_stamps(pd.DatetimeIndex(rows["timestamp"]))
    whole = rows.assign(timestamp=stamps).set_index("timestamp").sort_index()
    return {each: whole.loc[whole["symbol"] == each, [*NUMBERS, "filled"]] for each in symbols}


PATHS: dict[str, Callable[..., Frames]] = {
    "many": many,
    "columns": columns,
    "wide": wide,
    "csv": exported("csv"),
    "parquet": exported("parquet"),
    "json": exported("json"),
    "arrow": exported("arrow"),
    "csv each": exported_each("csv"),
    "parquet each": exported_each("parquet"),
    "wide csv": exported_wide,
    "sql": sql,
    "scan by polars": scan("polars"),
    "scan by pyarrow": scan("arrow"),
}
STORED_ALONE = ("sql", "scan by polars", "scan by pyarrow")
"""Those that read no derived bars."""


def columns_of(options: Options) -> tuple[Column, ...]:
    is_derived = options.get("frequency") is not None
    return (*NUMBERS, "filled", "complete") if is_derived else (*NUMBERS, "filled")


def by_symbol(whole: pd.DataFrame, symbols: list[str]) -> Frames:
    held = whole.index.get_level_values("symbol")
    assert held.unique().tolist() == [each for each in symbols if each in set(held)]
    return {each: whole[held == each].droplevel("symbol") for each in symbols}


def from_file(path: Path) -> pd.DataFrame:
    """Bars of an export: of text, each number by itself, as Python reads it."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".arrow":
        with pa.ipc.open_file(path) as opened:
            return pd.DataFrame(opened.read_pandas())
    if path.suffix == ".json":
        rows = json.loads(path.read_text())
        names = [*rows[0]] if rows else ["timestamp"]
    else:
        with path.open(newline="") as opened:
            names, *lines = csv.reader(opened)
        rows = [dict(zip(names, map(number_of, line), strict=True)) for line in lines]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
    columns["timestamp"] = as_stamps(pd.DatetimeIndex(pd.to_datetime(columns["timestamp"])))
    index = [each for each in ("symbol", "timestamp") if each in names]
    return pd.DataFrame(columns).set_index(index)


def number_of(word: str) -> float | bool | str:
    if word in ("True", "False"):
        return word == "True"
    try:
        return float(word or "nan")
    except ValueError:
        return word


def is_refused(made: tuple[Made, ...], wanted: BarsFrequency | None) -> bool:
    """Whether the bars of these calendars have no common rows."""
    calendars = {each.calendar for each in made}
    frequency = wanted or made[0].dataset.frequency
    return len(calendars) > 1 and (
        frequency == "hourly" or (frequency == "daily" and "24/7" in calendars)
    )


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """To the last bit, whatever the types of empty columns."""
    right = right[list(left.columns)]
    assert len(left) == len(right)
    if len(left):
        assert_frame_equal(left, right, check_exact=True, check_freq=False)


def agree(
    home: Path,
    made: tuple[Made, ...],
    adjust: Adjustment,
    *,
    filled: bool,
    wanted: BarsFrequency | None,
    start: date | None,
    end: date | None,
) -> None:
    ws = Workspace.open(Settings(home=home, provider="sample"))
    for each in made:
        store_made(ws.store, each)
    symbols = [each.dataset.symbol for each in made]
    stored = made[0].dataset.frequency
    wanted = None if wanted == stored else wanted
    # Those of hours are instants, and not dates.
    has_dates = stored == "daily" or wanted is not None
    bounds = {"start": start, "end": end} if has_dates else {}
    how: dict[str, Any] = {"filled": filled, "frequency": wanted, **bounds}
    options = {"adjust": adjust, **how}

    singles = {each: verbs.bars(ws, each, **options) for each in symbols}

    for each in made:
        by_hand = expected(each, adjust, **how)
        single = singles[each.dataset.symbol]
        assert len(single) == len(by_hand)
        if by_hand:
            held = single[[*NUMBERS, "filled"]]
            assert_frame_equal(frame_of(by_hand), held, rtol=1e-12, check_freq=False)
    for name, read in PATHS.items():
        if name.startswith("wide") and is_refused(made, wanted):
            with pytest.raises(OptionError, match="do not stand side by side"):
                read(ws, symbols, options)
            continue
        if wanted is not None and name in STORED_ALONE:
            continue
        found = read(ws, symbols, options)
        for symbol, single in singles.items():
            same(found[symbol], single)


CASES = st.fixed_dictionaries(
    {
        "made": made_stores(),
        "adjust": st.sampled_from(get_args(Adjustment)),
        "filled": st.booleans(),
        "wanted": st.sampled_from([None, None, "daily", "weekly", "monthly", "quarterly"]),
        "start": st.none() | st.dates(date(2023, 12, 1), date(2024, 1, 5)),
        "end": st.none() | st.dates(date(2024, 1, 5), date(2024, 2, 10)),
    }
)


@settings(max_examples=6)
@given(case=CASES)
def test_every_path_gives_the_same_numbers(
    tmp_path_factory: pytest.TempPathFactory, case: dict[str, Any]
) -> None:
    agree(tmp_path_factory.mktemp("store"), **case)


@pytest.mark.slow
@settings(max_examples=1000)
@given(case=CASES)
def test_every_path_gives_the_same_numbers_over_many_stores(
    tmp_path_factory: pytest.TempPathFactory, case: dict[str, Any]
) -> None:
    agree(tmp_path_factory.mktemp("store"), **case)
