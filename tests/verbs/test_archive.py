"""Bars that are archived: smaller, left alone by updates, and read as before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId
from ml4t_nb.render.text import report_text
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Chunk
from ml4t_nb.workspace import Workspace

AAPL = DatasetId("equities", "daily", "AAPL")
MINUTES = DatasetId("equities", "1m", "DEMO")


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """Five years of AAPL, up to the Friday before its split on 2005-02-28."""
    workspace = Workspace(replace(Settings(), home=tmp_path / "store"))
    verbs.load(workspace, "AAPL", provider="sample", start="2000-03-01", as_of="2005-02-25")
    return workspace


def chunks(ws: Workspace, dataset: DatasetId = AAPL) -> list[tuple[str, str, bool]]:
    """First and last date of each, and whether it is archived."""
    found: tuple[Chunk, ...] = ws.store.snapshot(dataset).manifest.chunks
    return [(f"{each.first:%Y-%m-%d}", f"{each.last:%Y-%m-%d}", each.is_archived) for each in found]


def notes(report: Any) -> tuple[str, ...]:  # noqa: ANN401
    (result,) = report.results
    found: tuple[str, ...] = result.record.notes
    return found


def test_whole_years_before_the_date_are_archived(ws: Workspace) -> None:
    before = verbs.bars(ws, "AAPL")

    report = verbs.archive(ws, "AAPL", before="2003-07-01", as_of="2005-02-26")

    assert chunks(ws) == [
        ("2000-03-01", "2002-12-31", True),
        ("2003-01-02", "2004-12-31", False),
        ("2005-01-03", "2005-02-25", False),
    ]
    assert notes(report)[0] == "whole periods before 2003-07-01 archived"
    assert_frame_equal(verbs.bars(ws, "AAPL"), before)
    assert_frame_equal(verbs.bars(ws, "AAPL", version=1), before)
    assert len(list((ws.settings.home / "data").rglob("*.parquet"))) == 3
    found = pd.concat(map(pd.read_parquet, verbs.files(ws, "AAPL")))
    assert found["close"].tolist() == before["close"].tolist()


def test_an_update_appends_and_a_split_restates_archived_bars_that_stay_archived(
    ws: Workspace,
) -> None:
    first = verbs.bars(ws, "AAPL")
    verbs.archive(ws, "AAPL", before="2005-02-25", as_of="2005-02-26")
    assert chunks(ws)[0] == ("2000-03-01", "2004-12-31", True)

    verbs.update(ws, "AAPL", as_of="2005-02-28")

    assert chunks(ws) == [
        ("2000-03-01", "2004-12-31", True),
        ("2005-01-03", "2005-02-28", False),
    ]
    assert verbs.bars(ws, "AAPL")["close"].iloc[0] == first["close"].iloc[0] / 2
    for version in (1, 2):
        assert_frame_equal(verbs.bars(ws, "AAPL", version=version), first)
    archived = ws.store.snapshot(AAPL).manifest.chunks[0]
    verbs.update(ws, "AAPL", as_of="2005-03-10")
    assert ws.store.snapshot(AAPL).manifest.chunks[0] == archived


def test_what_is_archived_already_is_not_written_again(ws: Workspace) -> None:
    verbs.archive(ws, before="2004-01-01", as_of="2005-02-26")

    report = verbs.archive(ws, before="2004-01-01", as_of="2005-02-27")

    assert notes(report) == ("nothing that is closed before 2004-01-01 is left to archive",)
    assert ws.store.sequence(AAPL) == 2


def test_restored_bars_are_in_files_as_any_others(ws: Workspace) -> None:
    before = verbs.bars(ws, "AAPL")
    verbs.archive(ws, "AAPL", before="2004-01-01", as_of="2005-02-26")

    report = verbs.archive(ws, "AAPL", restore=True, as_of="2005-02-26")

    assert notes(report)[0] == "archived bars brought back"
    assert {kind for _, _, kind in chunks(ws)} == {False}
    for version in (None, 1, 2, 3):
        assert_frame_equal(verbs.bars(ws, "AAPL", version=version), before)
    again = verbs.archive(ws, "AAPL", restore=True, as_of="2005-02-26")
    assert notes(again) == ("nothing is archived",)


def test_another_period_keeps_archived_bars_archived(ws: Workspace) -> None:
    before = verbs.bars(ws, "AAPL")
    verbs.archive(ws, "AAPL", before="2004-01-01", as_of="2005-02-26")

    verbs.rechunk(ws, "AAPL", chunk="monthly", as_of="2005-02-26")
    verbs.recompress(ws, "AAPL", compression="none", as_of="2005-02-26")

    found = chunks(ws)
    assert found[0] == ("2000-03-01", "2003-12-31", True)
    assert [kind for _, _, kind in found[1:]] == [False] * 14
    assert_frame_equal(verbs.bars(ws, "AAPL"), before)


@pytest.mark.parametrize(
    "options",
    [{}, {"before": "2004-01-01", "restore": True}],
)
def test_either_a_date_or_the_way_back_is_named(ws: Workspace, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="--before or --restore"):
        verbs.archive(ws, "AAPL", **options)


def test_weeks_of_minutes_are_archived(tmp_path: Path) -> None:
    """2024-01-15 is a Monday, and the week of it has bars until the 18th."""
    ws = Workspace(replace(Settings(), home=tmp_path / "store"))
    verbs.load(ws, "DEMO", provider="synthetic", frequency="1m", start="2024-01-02",
               as_of="2024-01-18")  # fmt: skip
    before = verbs.bars(ws, "DEMO")

    verbs.archive(ws, before="2024-01-18", as_of="2024-01-19")

    assert chunks(ws, MINUTES) == [
        ("2024-01-02", "2024-01-12", True),
        ("2024-01-16", "2024-01-18", False),
    ]
    assert_frame_equal(verbs.bars(ws, "DEMO"), before)


def test_list_counts_what_is_archived(ws: Workspace) -> None:
    """AAPL has 212 bars from March 2000 on, 248 in 2001 and 252 in 2002."""
    verbs.archive(ws, before="2003-07-01", as_of="2005-02-26")

    report = verbs.list_(ws)

    (row,) = report.datasets
    assert row.archived == 712
    assert report.to_frame()["archived"].tolist() == [712]
    assert "712 bars archived" in report_text(report)


def test_other_tools_find_each_bar_once(ws: Workspace) -> None:
    before = verbs.bars(ws, "AAPL")
    verbs.archive(ws, before="2004-01-01", as_of="2005-02-26")
    verbs.update(ws, as_of="2005-03-10")

    glob = f"{ws.settings.home}/data/equities/daily/*/*.parquet"
    found = duckdb.read_parquet(glob).df()
    assert len(found) == found["timestamp"].nunique() == len(before) + 9
