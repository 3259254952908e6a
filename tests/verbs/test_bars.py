"""Views of the stored bars, and the files they are in."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.core.bars import as_stamps
from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.records import Source
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="sample"))
    verbs.load(ws, ("AAPL", "IBM"), start="2004-01-02", as_of="2005-03-04")
    return ws


def test_a_range_is_inclusive_at_both_ends(ws: Workspace) -> None:
    bars = verbs.bars(ws, "AAPL", start="2005-02-24", end="2005-03-01")

    days = [stamp.date().isoformat() for stamp in bars.index]
    assert days == ["2005-02-24", "2005-02-25", "2005-02-28", "2005-03-01"]


def test_raw_bars_are_as_traded_and_split_bars_on_the_last_basis(ws: Workspace) -> None:
    raw = verbs.bars(ws, "AAPL", start="2005-02-25", end="2005-02-28", adjust="raw")
    now = verbs.bars(ws, "AAPL", start="2005-02-25", end="2005-02-28")

    # Closes of the source: 88.99 on Friday, 44.86 on Monday, the ex-date of the 2:1 split.
    assert list(raw["close"]) == [88.99, 44.86]
    assert list(now["close"]) == [44.495, 44.86]
    assert list(now["volume"] / raw["volume"]) == [2.0, 1.0]


def test_total_return_prices_fall_by_the_dividend_before_its_ex_date(ws: Workspace) -> None:
    splits = verbs.bars(ws, "IBM", start="2005-02-04", end="2005-02-08")
    both = verbs.bars(ws, "IBM", start="2005-02-04", end="2005-02-08", adjust="all")

    # 0.18 went ex on 2005-02-08, from a close of 94.53 on the day before.
    assert splits.loc["2005-02-07", "close"] == 94.53
    factor = 1 - 0.18 / 94.53
    assert list(both["close"] / splits["close"]) == pytest.approx([factor, factor, 1.0])


def test_weekly_bars_with_a_dividend_in_mid_week_are_not_adjusted_wrongly(ws: Workspace) -> None:
    verbs.load(ws, "IBM", frequency="weekly", start="2004-01-02", as_of="2005-03-04")

    with pytest.raises(OptionError, match="cannot be shown as 'all'"):
        verbs.bars(ws, "IBM", frequency="weekly", adjust="all")

    assert len(verbs.bars(ws, "IBM", frequency="weekly")) == 62


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_an_export_reads_back_to_the_same_bars(ws: Workspace, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"aapl.{ending}"

    verbs.export(ws, "AAPL", out=out)

    if ending == "parquet":
        read = pd.read_parquet(out)
    elif ending == "csv":
        read = pd.read_csv(out, index_col="timestamp")
    else:
        read = pd.DataFrame(json.loads(out.read_text())).set_index("timestamp")
    read.index = as_stamps(pd.to_datetime(read.index))
    assert_frame_equal(read, verbs.bars(ws, "AAPL"))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [out.name]


def test_files_hold_exactly_the_bars(ws: Workspace) -> None:
    paths = verbs.files(ws, "AAPL")

    together = pd.concat([pd.read_parquet(path) for path in paths])
    assert list(together["close"]) == list(verbs.bars(ws, "AAPL")["close"])
    assert set(together["symbol"]) == {"AAPL"}


def test_the_library_uses_the_same_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ML4T_DATA_HOME", str(tmp_path / "home"))

    report = ml4t_nb.load("AAPL", provider="sample", start="2004-01-02", as_of="2005-03-01")

    assert [result.record.added for result in report.results] == [292]
    assert len(ml4t_nb.bars("AAPL")) == 292
    assert ml4t_nb.health(as_of="2005-03-01").datasets[0].state == "healthy"
    assert ml4t_nb.bars("AAPL", home=tmp_path / "home").index[0].year == 2004


def test_provenance_names_the_provider_of_each_bar_and_none_of_a_filled_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holes = (Span(datetime(2024, 1, 9, tzinfo=UTC), datetime(2024, 1, 10, tzinfo=UTC)),)
    ws = Workspace.open(Settings(home=tmp_path, provider="synthetic", synthetic_holes=holes))
    verbs.load(ws, "DEMO", start="2024-01-05", as_of="2024-01-12")
    verbs.gaps(ws, "DEMO", refill="forward", as_of="2024-01-12")
    taken = Source(Span(datetime(2024, 1, 8, tzinfo=UTC), datetime(2024, 1, 11, tzinfo=UTC)), "b")
    with ws.store.transaction(DatasetId("equities", "daily", "DEMO")) as tx:
        assert tx.manifest is not None
        tx.commit(replace(tx.manifest, sources=(taken,)), tx.manifest.recent[-1])

    names = verbs.bars(ws, "DEMO", provenance=True)["provider"]

    assert names.tolist() == ["synthetic", "b", "", "b", "synthetic", "synthetic"]
    assert "provider" not in verbs.bars(ws, "DEMO")
    options = ["--start", "2024-01-08", "--end", "2024-01-09", "--provenance"]
    words = ["export", "DEMO", "--home", str(tmp_path), *options]
    assert main(words) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.rpartition(",")[2] for line in printed] == ["provider", "b", ""]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["provider"] for each in document["bars"]] == ["b", ""]
    assert main([*words, "--out", str(tmp_path / "a.parquet")]) == 0
    assert pd.read_parquet(tmp_path / "a.parquet")["provider"].tolist() == ["b", ""]
