"""Exports of several symbols: a file each, or one in which a column tells them apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.core.bars import as_stamps, make_bars
from ml4t_nb.errors import ChunkCorrupt, DatasetNotFound, OptionError, StoreNotWritable
from ml4t_nb.model import DatasetConfig, DatasetId, FileFormat
from ml4t_nb.records import UpdateRecord
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.workspace import Workspace

AT = datetime(2024, 6, 28, 21, tzinfo=UTC)
# The 5th is a Friday; the share has a 2:1 split on it, the other pays 0.5 on the 3rd.
CLOSES = {"brk/b": [100.0, 101.0, 51.0], "VOD.L": [71.5, 72.25]}


def opened(home: Path) -> Workspace:
    return Workspace.open(Settings(home=home, provider="sample"))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = opened(tmp_path / "home")
    put(ws, "brk/b", ["2024-07-02", "2024-07-03", "2024-07-05"], split=[1.0, 1.0, 2.0])
    put(ws, "VOD.L", ["2024-07-02", "2024-07-03"], dividend=[0.0, 0.5], currency="GBp")
    return ws


def put(
    ws: Workspace, symbol: str, days: list[str], currency: str = "USD", **events: list[float]
) -> None:
    close = CLOSES[symbol]
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    bars = make_bars(days, {**prices, "volume": [10.0] * len(days), **events})
    dataset = DatasetId("equities", "daily", symbol)
    config = DatasetConfig("sample", "XNYS", "as-traded", 0.1, "yearly", "lz4", currency=currency)
    with ws.store.transaction(dataset) as tx:
        tx.put(bars)
        tx.commit(Manifest.empty(dataset, config), UpdateRecord(AT, "load", "sample", "changed"))


def read(path: Path) -> Any:  # noqa: ANN401  # a frame, as its kind of file has it
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".arrow":
        with pa.ipc.open_file(path) as opened:
            return opened.read_pandas()
    named = ["symbol", "timestamp"] if "symbol" in path.read_text()[:200] else ["timestamp"]
    words: Any = pd.DataFrame(json.loads(path.read_text())) if path.suffix == ".json" else None
    frame = pd.read_csv(path) if words is None else words
    frame["timestamp"] = as_stamps(pd.to_datetime(frame["timestamp"]))
    return frame.set_index(named)


@pytest.mark.parametrize("ending", ["csv", "parquet", "json", "arrow"])
def test_one_file_of_several_symbols_reads_back_to_their_bars(
    ws: Workspace, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"all.{ending}"

    report = verbs.export(ws, ["VOD.L", "brk/b"], out=out)

    assert_frame_equal(read(out), verbs.bars(ws, ["VOD.L", "brk/b"]))
    assert read(out)["close"].tolist() == [71.5, 72.25, 50.0, 50.5, 51.0]
    assert [(each.dataset.symbol, each.rows, each.out) for each in report.datasets] == [
        ("VOD.L", 2, out),
        ("brk/b", 3, out),
    ]
    assert report.bars is None
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [out.name]


@pytest.mark.parametrize("ending", ["csv", "parquet", "json", "arrow"])
def test_a_folder_gets_a_file_of_each_symbol_by_the_name_that_the_store_gives_it(
    ws: Workspace, tmp_path: Path, ending: FileFormat
) -> None:
    folder = tmp_path / "new"

    report = verbs.export(ws, ["VOD.L", "brk/b"], out=f"{folder}/", format_=ending, adjust="raw")

    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"(brk)%2F(b).{ending}", f"VOD.L.{ending}"]
    for each in report.datasets:
        assert each.out is not None
        assert_frame_equal(read(each.out), verbs.bars(ws, each.dataset.symbol, adjust="raw"))


def test_a_folder_that_is_there_gets_parquet_files_and_keeps_others(
    ws: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "2024.07").mkdir()
    (tmp_path / "2024.07" / "kept.txt").write_text("before")

    verbs.export(ws, "VOD.L", out=tmp_path / "2024.07")

    assert sorted(path.name for path in (tmp_path / "2024.07").iterdir()) == [
        "VOD.L.parquet",
        "kept.txt",
    ]


def test_the_metadata_say_what_each_symbol_is(ws: Workspace, tmp_path: Path) -> None:
    verbs.export(ws, ["VOD.L", "brk/b"], out=tmp_path / "all.parquet", adjust="raw")
    written = verbs.export(ws, "VOD.L", out=tmp_path / "one.parquet", adjust="all")

    several = pq.read_metadata(tmp_path / "all.parquet").metadata
    assert several[b"ml4t_nb.adjust"] == b"raw"
    first, second = json.loads(several[b"ml4t_nb.datasets"])
    assert (first["dataset"], first["provider"]) == ("equities/daily/VOD.L", "sample")
    assert [first["currency"], second["currency"]] == ["GBp", "USD"]
    one = pq.read_metadata(tmp_path / "one.parquet").metadata
    assert one[b"ml4t_nb.dataset"] == b"equities/daily/VOD.L"
    assert one[b"ml4t_nb.adjust"] == b"all"
    assert one[b"ml4t_nb.currency"] == b"GBp"
    assert written.bars is not None
    assert_frame_equal(written.bars, pd.read_parquet(tmp_path / "one.parquet"))


def test_columns_are_those_named(ws: Workspace, tmp_path: Path) -> None:
    verbs.export(ws, ["VOD.L", "brk/b"], out=tmp_path / "a.csv", columns=["volume", "close"])

    assert (tmp_path / "a.csv").read_text().splitlines()[:2] == [
        "symbol,timestamp,volume,close",
        "VOD.L,2024-07-02T00:00:00+00:00,10.0,71.5",
    ]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_wide_file_has_a_column_for_each_symbol(
    ws: Workspace, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"closes.{ending}"

    verbs.export(ws, ["VOD.L", "brk/b"], out=out, columns="close", wide=True)

    closes = read(out)
    assert list(closes.columns) == ["VOD.L", "brk/b"]
    assert closes["brk/b"].tolist() == [50.0, 50.5, 51.0]
    assert closes["VOD.L"].tolist()[:2] == [71.5, 72.25]
    assert closes["VOD.L"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wide": True, "out": "a.csv"}, "--wide writes one column"),
        ({"wide": True, "columns": "close", "out": "a.json"}, "--wide writes one column"),
        ({"wide": True, "columns": "close"}, "--wide writes one column"),
        ({"wide": True, "columns": "close", "out": "folder"}, "--wide writes one column"),
        ({"out": "a.csv", "format_": "csv"}, "--format says which files a folder gets"),
        ({"format_": "csv"}, "--format says which files a folder gets"),
        ({"out": "a.xlsx"}, "unknown file extension"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    ws: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(OptionError, match=message):
        verbs.export(ws, ["VOD.L", "brk/b"], **options)

    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_standard_output_has_a_column_for_the_symbol(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", "VOD.L", "brk/b", "--home", str(ws.store.home)]

    assert main(words) == 0
    printed = pd.read_csv(StringIO(capsys.readouterr().out))
    assert printed["symbol"].tolist() == ["VOD.L"] * 2 + ["brk/b"] * 3
    assert printed["close"].tolist() == [71.5, 72.25, 50.0, 50.5, 51.0]
    assert main([*words, "--json", "--columns", "close"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["bars"][-1] == {
        "symbol": "brk/b",
        "timestamp": "2024-07-05T00:00:00+00:00",
        "close": 51.0,
    }
    assert [each["rows"] for each in document["datasets"]] == [2, 3]


@pytest.mark.parametrize("out", ["all.parquet", "folder"])
def test_one_symbol_that_fails_is_named_and_nothing_is_written(
    ws: Workspace, tmp_path: Path, out: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "VOD.L.parquet").write_text("before")
    (path,) = (ws.store.home / "data" / "equities" / "daily").glob("(brk)*/*.parquet")
    path.write_bytes(b"x" + path.read_bytes()[1:])

    with pytest.raises(ChunkCorrupt, match="equities/daily/brk/b"):
        verbs.export(opened(ws.store.home), ["VOD.L", "brk/b"], out=tmp_path / out)

    assert not (tmp_path / "all.parquet").exists()
    assert [each.name for each in (tmp_path / "folder").iterdir()] == ["VOD.L.parquet"]
    assert (tmp_path / "folder" / "VOD.L.parquet").read_text() == "before"


def test_symbols_that_fail_are_left_out_where_that_is_asked_for(
    ws: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "all.csv"
    words = ["export", "NOPE", "VOD.L", "--errors", "skip", "--home", str(ws.store.home)]

    assert main([*words, "--out", str(out)]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"✅ 2 bars of equities/daily/VOD.L written to {out}"
    assert shown[-1].startswith("⚠️ NOPE left out: No existing data found for 'NOPE'")
    assert read(out).index.get_level_values("symbol").tolist() == ["VOD.L"] * 2
    assert main([*words, "--columns", "close"]) == 1
    assert capsys.readouterr().err.startswith("ml4t-data: NOPE left out: No existing data found")
    with pytest.raises(DatasetNotFound, match=r"none of the symbols can be exported: .*NOPE"):
        verbs.export(ws, ["NOPE"], errors="skip", out=tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


def test_a_file_in_the_way_is_known_before_any_other_is_replaced(
    ws: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    first = verbs.export(ws, ["VOD.L", "brk/b"], out=folder).datasets[1].out
    assert first is not None
    first.unlink()
    first.mkdir()
    (folder / "VOD.L.parquet").write_text("before")

    with pytest.raises(StoreNotWritable, match=r"\(brk\)%2F\(b\)\.parquet cannot be written"):
        verbs.export(ws, ["VOD.L", "brk/b"], out=folder)

    assert (folder / "VOD.L.parquet").read_text() == "before"
    assert len([*folder.iterdir()]) == 2
