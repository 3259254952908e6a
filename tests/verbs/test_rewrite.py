"""Datasets stored in another way by `recompress` and `rechunk`: the bars stay as they are."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

AAPL = DatasetId("equities", "daily", "AAPL")


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """AAPL before its split, and IBM."""
    workspace = Workspace(replace(Settings(), home=tmp_path / "store"))
    for symbol in ("AAPL", "IBM"):
        verbs.load(workspace, symbol, provider="sample", start="2004-01-02", as_of="2005-02-25")
    return workspace


def codecs(ws: Workspace, symbol: str = "AAPL") -> set[str]:
    found = verbs.files(ws, symbol)
    return {pq.ParquetFile(path).metadata.row_group(0).column(1).compression for path in found}


def test_recompress_takes_all_that_is_stored_and_says_what_it_did(ws: Workspace) -> None:
    before = verbs.bars(ws, "AAPL", version=1)

    report = verbs.recompress(ws, compression="zstd", as_of="2005-02-26")

    assert [str(each.dataset) for each in report.results] == [
        "equities/daily/AAPL",
        "equities/daily/IBM",
    ]
    assert [each.record.outcome for each in report.results] == ["changed", "changed"]
    assert report.results[0].record.notes[0] == (
        "stored with lz4 in yearly chunks, small closed ones packed, "
        "now with zstd in yearly chunks, small closed ones packed"
    )
    assert codecs(ws) == codecs(ws, "IBM") == {"ZSTD"}
    assert_frame_equal(verbs.bars(ws, "AAPL", version=1), before)
    assert_frame_equal(verbs.bars(ws, "AAPL"), before)


def test_what_is_stored_so_already_is_not_written(ws: Workspace) -> None:
    files = verbs.files(ws, "AAPL")

    report = verbs.recompress(ws, "AAPL", compression="lz4", as_of="2005-02-26")

    (result,) = report.results
    assert result.record.outcome == "unchanged"
    assert (verbs.files(ws, "AAPL"), ws.store.sequence(AAPL)) == (files, 1)


def test_later_runs_go_on_with_the_codec_and_the_period(ws: Workspace) -> None:
    verbs.recompress(ws, "AAPL", compression="zstd", as_of="2005-02-26")
    verbs.rechunk(ws, "AAPL", chunk="monthly", as_of="2005-02-26")

    verbs.update(ws, "AAPL", as_of="2005-03-10")

    assert len(verbs.files(ws, "AAPL")) == 15  # January 2004 to March 2005
    assert codecs(ws) == {"ZSTD"}


def test_an_undo_of_a_restatement_keeps_the_codec(ws: Workspace) -> None:
    """Apple split 2:1 on 2005-02-28."""
    before = verbs.bars(ws, "AAPL")
    verbs.update(ws, "AAPL", as_of="2005-02-28")
    verbs.recompress(ws, "AAPL", compression="zstd", as_of="2005-03-01")

    verbs.undo(ws, "AAPL", run=2, as_of="2005-03-01")

    manifest = ws.store.snapshot(AAPL).manifest
    assert manifest.config.compression == "zstd"
    assert codecs(ws) == {"ZSTD"}
    assert_frame_equal(verbs.bars(ws, "AAPL"), before, check_freq=False)


def test_an_earlier_as_of_shows_no_later_bars_to_who_asks_what_was_known(ws: Workspace) -> None:
    verbs.update(ws, "AAPL", as_of="2005-03-10")

    verbs.recompress(ws, "AAPL", compression="zstd", as_of="2005-02-25")

    known = verbs.bars(ws, "AAPL", known_on="2005-02-25")
    assert str(known.index[-1].date()) == "2005-02-25"
    assert ws.store.snapshot(AAPL).manifest.recent[-1].at.date().isoformat() == "2005-03-10"


@pytest.mark.parametrize(("verb", "option"), [("recompress", "compression"), ("rechunk", "chunk")])
def test_what_to_change_it_to_has_to_be_said(ws: Workspace, verb: str, option: str) -> None:
    with pytest.raises(OptionError, match=f"{verb} needs --{option}"):
        getattr(verbs, verb)(ws, "AAPL")
    with pytest.raises(OptionError, match="unknown"):
        getattr(verbs, verb)(ws, "AAPL", **{option: "rar"})


@pytest.mark.parametrize("version", [3, 4])
def test_a_store_of_an_earlier_format_keeps_the_files_that_its_version_needs(
    tmp_path: Path, version: int
) -> None:
    """Its manifest has no hash of rows, by which they could be known in other files."""
    stored = Path(__file__).parents[1] / "storage" / f"version_{version}"
    shutil.copytree(stored, tmp_path / "store")
    ws = Workspace(replace(Settings(), home=tmp_path / "store"))
    number, before = ws.store.sequence(AAPL), verbs.bars(ws, "AAPL")

    verbs.rechunk(ws, "AAPL", chunk="monthly")
    verbs.archive(ws, "AAPL", before="2005-02-01")

    for each in (number, number + 1, number + 2):
        assert_frame_equal(verbs.bars(ws, "AAPL", version=each), before)
    kept = list((tmp_path / "store" / "versions").rglob("*.parquet"))
    assert {path.name.split(".")[0] for path in kept} == {f"{number + 1:08d}"}
