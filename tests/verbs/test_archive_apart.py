"""Archived bars on another disk: read as before while it is there, and named when it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.errors import (
    ArchiveMissing,
    DatasetNotFound,
    OptionError,
    StoreNotWritable,
)
from ml4t_nb.model import DatasetId
from ml4t_nb.render.text import report_text
from ml4t_nb.settings import Settings
from ml4t_nb.storage.disk import GRACE_S
from ml4t_nb.store_settings import Retention
from ml4t_nb.workspace import Workspace

AAPL = DatasetId("equities", "daily", "AAPL")
PLACE = "equities/daily/AAPL"
NEW_YEAR = pd.Timestamp("2004-01-01", tz="UTC")


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """Five years of AAPL, up to the Friday before its split on 2005-02-28."""
    workspace = Workspace(replace(Settings(), home=tmp_path / "store"))
    verbs.load(workspace, "AAPL", provider="sample", start="2000-03-01", as_of="2005-02-25")
    return workspace


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return tmp_path / "disk"


@pytest.fixture
def before(ws: Workspace) -> pd.DataFrame:
    return verbs.bars(ws, "AAPL")


@pytest.fixture
def apart(ws: Workspace, disk: Path, before: pd.DataFrame) -> Workspace:
    """The years until 2003 on the other disk, those of 2004 and 2005 among the data."""
    del before
    verbs.archive(ws, before="2004-01-01", to=disk, as_of="2005-02-26")
    return ws


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / PLACE).glob("*"))


def first_years(folder: Path) -> list[str]:
    return [name[:4] for name in names(folder)]


def unmount(disk: Path) -> Path:
    """What is left where a disk was is an empty folder; where its files are now."""
    other = disk.with_name("unmounted")
    disk.rename(other)
    disk.mkdir()
    return other


def test_archived_files_leave_the_data_and_are_read_as_before(
    apart: Workspace, disk: Path, before: pd.DataFrame
) -> None:
    home = apart.settings.home
    assert first_years(disk / "data") == ["2000"]
    assert first_years(home / "data") == ["2004", "2005"]
    assert_frame_equal(verbs.bars(apart, "AAPL"), before)
    assert_frame_equal(verbs.bars(apart, "AAPL", version=1), before)
    assert_frame_equal(verbs.bars(apart, "AAPL", adjust="all").iloc[-5:],
                       verbs.bars(apart, "AAPL", adjust="all", start="2005-02-18"))  # fmt: skip
    paths = verbs.files(apart, "AAPL")
    assert [path.is_relative_to(disk) for path in paths] == [True, False, False]
    assert pd.concat(map(pd.read_parquet, paths))["close"].tolist() == before["close"].tolist()
    table = verbs.sql(apart, "SELECT count(*) AS n FROM bars_daily").table
    assert table["n"].to_pylist() == [len(before)]
    (row,) = verbs.list_(apart).datasets
    assert (row.rows, row.damage) == (len(before), "")
    assert row.archived == row.apart == sum(before.index < NEW_YEAR)
    # From 2000-03-01 to the end of 2003 there are 964 sessions.
    assert f"964 bars archived in {disk}" in " ".join(report_text(verbs.list_(apart)).split())
    (health,) = verbs.health(apart, verify=True, as_of="2005-02-26").datasets
    assert health.state == "healthy", health


def test_bars_that_are_archived_among_the_data_are_moved_there(
    ws: Workspace, disk: Path, before: pd.DataFrame
) -> None:
    verbs.archive(ws, before="2003-01-01", as_of="2005-02-26")
    verbs.archive(ws, before="2004-01-01", to=disk, as_of="2005-02-26")

    assert first_years(disk / "data") == ["2000"]
    assert first_years(ws.settings.home / "data") == ["2004", "2005"]
    verbs.archive(ws, before="2005-01-01", as_of="2005-02-26")
    assert [(c.is_archived, c.is_apart) for c in ws.store.snapshot(AAPL).manifest.chunks] == [
        (True, True), (True, False), (False, False),
    ]  # fmt: skip
    for version in (None, 1, 2, 3, 4):
        assert_frame_equal(verbs.bars(ws, "AAPL", version=version), before)
    verbs.rechunk(ws, chunk="quarterly", as_of="2005-02-26")
    verbs.recompress(ws, compression="none", as_of="2005-02-26")
    assert [c.is_apart for c in ws.store.snapshot(AAPL).manifest.chunks][:2] == [True, False]
    for version in (None, 1, 2, 3, 4, 5):
        assert_frame_equal(verbs.bars(ws, "AAPL", version=version), before)


def test_a_split_restates_bars_there_and_the_version_before_is_kept(
    apart: Workspace, disk: Path, before: pd.DataFrame
) -> None:
    verbs.update(apart, "AAPL", as_of="2005-02-28")

    assert verbs.bars(apart, "AAPL")["close"].iloc[0] == before["close"].iloc[0] / 2
    (chunk, *_) = apart.store.snapshot(AAPL).manifest.chunks
    assert names(disk / "data") == [chunk.file]
    assert chunk.is_apart
    for version in (1, 2):
        assert_frame_equal(verbs.bars(apart, "AAPL", version=version), before)


def test_without_the_disk_later_bars_are_read_and_all_of_them_are_not(
    apart: Workspace, disk: Path, before: pd.DataFrame
) -> None:
    other = unmount(disk)
    # Its one file was divided among two, and is kept.
    assert_frame_equal(verbs.bars(apart, "AAPL", version=1), before)

    later = verbs.bars(apart, "AAPL", start="2004-01-02")
    assert_frame_equal(later, before[before.index >= NEW_YEAR])
    words = f"the folder {disk} does not hold the archive of this store"
    for read in (
        lambda: verbs.bars(apart, "AAPL"),
        lambda: verbs.bars(apart, "AAPL", version=2),
        lambda: verbs.files(apart, "AAPL"),
        lambda: verbs.sql(apart, "SELECT sum(close) FROM bars_daily"),
        lambda: verbs.export(apart, "AAPL", out=disk.with_name("out.csv")),
    ):
        with pytest.raises(ArchiveMissing, match=words) as caught:
            read()
        assert "set ML4T_DATA_ARCHIVE" in str(caught.value.hint)
    assert not disk.with_name("out.csv").exists()
    (row,) = verbs.list_(apart).datasets
    assert words in row.damage
    (health,) = verbs.health(apart, as_of="2005-02-26").datasets
    assert health.state == "error"
    text = report_text(verbs.health(apart, verify=True, as_of="2005-02-26"))
    assert words in " ".join(text.split())
    assert "mount its disk" in " ".join(text.split())

    moved = Workspace(replace(apart.settings, archive=other))
    assert_frame_equal(verbs.bars(moved, "AAPL"), before)
    (health,) = verbs.health(moved, verify=True, as_of="2005-02-26").datasets
    assert health.state == "healthy"


def test_another_archive_in_its_place_is_recognized(
    apart: Workspace, disk: Path, tmp_path: Path
) -> None:
    other = Workspace(replace(Settings(), home=tmp_path / "other"))
    verbs.load(other, "AAPL", provider="sample", start="2000-03-01", as_of="2005-02-25")
    with pytest.raises(OptionError, match=f"is the archive of the store {apart.settings.home}"):
        verbs.archive(other, before="2004-01-01", to=disk)
    shutil.rmtree(disk)
    verbs.archive(other, before="2004-01-01", to=disk)

    with pytest.raises(ArchiveMissing, match="does not hold the archive of this store"):
        verbs.bars(apart, "AAPL")
    with pytest.raises(OptionError, match="does not hold the archive of this store"):
        verbs.archive(apart, before="2005-01-01", to=disk)


def test_updates_append_without_the_disk_and_restate_nothing(ws: Workspace, disk: Path) -> None:
    verbs.remove(ws, "AAPL", yes=True)
    verbs.load(ws, "AAPL", provider="sample", start="2000-08-01", as_of="2004-11-26")
    verbs.archive(ws, before="2004-01-01", to=disk, as_of="2004-11-26")
    other = unmount(disk)

    for day in ("2004-12-10", "2005-01-28", "2005-02-25"):  # a month later all would be compared
        (result,) = verbs.update(ws, "AAPL", as_of=day).results
        assert result.record.outcome == "changed", result.record
        assert f"{verbs.bars(ws, 'AAPL', start='2004-12-01').index[-1]:%Y-%m-%d}" == day
    later = verbs.bars(ws, "AAPL", start="2004-01-02")
    number = ws.store.sequence(AAPL)
    (result,) = verbs.update(ws, "AAPL", as_of="2005-02-28").results
    assert result.record.error
    assert result.record.error.type == "ArchiveMissing"
    assert ws.store.sequence(AAPL) == number
    assert_frame_equal(verbs.bars(ws, "AAPL", start="2004-01-02"), later)

    disk.rmdir()
    other.rename(disk)
    verbs.update(ws, "AAPL", as_of="2005-02-28")
    assert verbs.bars(ws, "AAPL")["close"].iloc[-1] < 50


def test_a_dividend_is_judged_without_the_disk(ws: Workspace, disk: Path) -> None:
    """By those before it that can be read."""
    verbs.load(ws, "MSFT", provider="sample", start="2000-03-01", as_of="2004-12-31")
    verbs.archive(ws, "MSFT", before="2003-01-01", to=disk, as_of="2004-12-31")
    unmount(disk)

    (result,) = verbs.update(ws, "MSFT", as_of="2005-02-15").results
    assert result.record.outcome == "changed", result.record
    assert verbs.bars(ws, "MSFT", start="2005-02-15")["dividend"].tolist() == [0.08]


def test_restored_bars_are_among_the_data_and_leave_the_archive(
    apart: Workspace, disk: Path, before: pd.DataFrame
) -> None:
    verbs.archive(apart, restore=True, as_of="2005-02-26")

    assert names(disk / "data") == []
    assert len(names(disk / "trash")) == 1
    for version in (None, 1, 2, 3):
        assert_frame_equal(verbs.bars(apart, "AAPL", version=version), before)
    for path in (disk / "trash").rglob("*.parquet"):
        os.utime(path, (path.stat().st_mtime - 2 * GRACE_S,) * 2)
    apart.sweep()
    assert names(disk / "trash") == []
    for version in (None, 1, 2, 3):
        assert_frame_equal(verbs.bars(apart, "AAPL", version=version), before)
    another = disk.with_name("another")
    verbs.archive(apart, before="2004-01-01", to=another, as_of="2005-02-26")
    assert first_years(another / "data") == ["2000"]


def test_a_dataset_is_removed_and_its_versions_are_kept_on_the_stores_disk(
    apart: Workspace, disk: Path, before: pd.DataFrame
) -> None:
    verbs.remove(apart, "AAPL", yes=True)

    assert names(disk / "data") == []
    for version in (1, 2):
        assert_frame_equal(verbs.bars(apart, "AAPL", version=version), before)
    with pytest.raises(DatasetNotFound):
        verbs.bars(apart, "AAPL")
    verbs.remove(apart, "AAPL", forget=True, yes=True)
    with pytest.raises(DatasetNotFound):
        verbs.bars(apart, "AAPL", version=1)
    assert not list(disk.rglob("*.parquet"))


def test_what_is_removed_without_the_disk_is_tidied_up_once_it_is_back(
    apart: Workspace, disk: Path, before: pd.DataFrame
) -> None:
    other = unmount(disk)
    verbs.remove(apart, "AAPL", yes=True)
    assert verbs.list_(apart).datasets == ()
    with pytest.raises(ArchiveMissing):
        apart.store.erase(AAPL)
    with pytest.raises(ArchiveMissing):
        verbs.bars(apart, "AAPL", version=2)
    apart.store.sweep(Retention(days=None, last=1))
    verbs.load(apart, "AAPL", provider="sample", start="2004-03-01", as_of="2005-02-25")
    disk.rmdir()
    other.rename(disk)
    for version in (1, 2):
        assert_frame_equal(verbs.bars(apart, "AAPL", version=version), before)
    verbs.update(apart, "AAPL", as_of="2005-02-28")
    assert names(disk / "data") == []
    for version in (1, 2):
        assert_frame_equal(verbs.bars(apart, "AAPL", version=version), before)


def test_the_last_bars_of_a_dataset_are_never_apart(
    apart: Workspace, disk: Path, before: pd.DataFrame
) -> None:
    verbs.remove(apart, "AAPL", start="2003-06-01", yes=True, as_of="2005-02-26")

    chunks = apart.store.snapshot(AAPL).manifest.chunks
    assert not chunks[-1].is_apart
    assert names(apart.settings.home / "data")
    assert len(verbs.bars(apart, "AAPL")) == sum(
        before.index < pd.Timestamp("2003-06-01", tz="UTC")
    )
    for version in (1, 2):
        assert_frame_equal(verbs.bars(apart, "AAPL", version=version), before)
    del disk


def test_a_backup_is_whole_without_the_archive(
    apart: Workspace, disk: Path, before: pd.DataFrame, tmp_path: Path
) -> None:
    first = verbs.backup(apart, tmp_path / "backups")
    assert first.datasets[0].fault == ""
    unmount(disk)

    saved = Workspace(replace(apart.settings, home=first.path))
    for version in (None, 1, 2):
        assert_frame_equal(verbs.bars(saved, "AAPL", version=version), before)
    assert verbs.check_backup(apart, tmp_path / "backups").faults == ()
    (row,) = verbs.list_(saved).datasets
    assert (row.damage, row.foreign) == ("", ())
    (dataset,) = verbs.backup(apart, tmp_path / "backups").datasets
    assert "does not hold the archive" in dataset.fault
    assert dataset.lost == ()


def test_a_backup_looks_for_the_archive_where_the_settings_say_that_it_is_now(
    apart: Workspace, disk: Path, before: pd.DataFrame, tmp_path: Path
) -> None:
    other = unmount(disk)
    assert not verbs.backup(Workspace(apart.settings), tmp_path / "first").is_whole

    report = verbs.backup(Workspace(replace(apart.settings, archive=other)), tmp_path / "second")

    assert report.is_whole
    assert_frame_equal(verbs.bars(apart, "AAPL", home=report.path), before)


def test_a_copy_of_the_store_reads_the_archive_and_changes_nothing_there(
    apart: Workspace, disk: Path, before: pd.DataFrame, tmp_path: Path
) -> None:
    shutil.copytree(apart.settings.home, tmp_path / "copy")
    copy = Workspace(replace(apart.settings, home=tmp_path / "copy"))
    there = names(disk / "data")

    assert_frame_equal(verbs.bars(copy, "AAPL"), before)
    (result,) = verbs.update(copy, "AAPL", as_of="2005-02-28").results
    assert result.record.error
    assert result.record.error.type == "StoreNotWritable"
    verbs.archive(copy, restore=True, as_of="2005-02-26")
    verbs.remove(copy, "AAPL", yes=True)
    verbs.remove(copy, "AAPL", forget=True, yes=True)
    assert names(disk / "data") == there
    assert_frame_equal(verbs.bars(apart, "AAPL"), before)

    apart.settings.home.rename(tmp_path / "moved")
    moved = Workspace(replace(apart.settings, home=tmp_path / "moved"))
    verbs.archive(moved, before="2004-01-01", to=disk, as_of="2005-02-26")
    verbs.update(moved, "AAPL", as_of="2005-02-28")
    assert_frame_equal(verbs.bars(moved, "AAPL", version=2), before)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are POSIX")
def test_a_full_disk_leaves_nothing_there(ws: Workspace, disk: Path, before: pd.DataFrame) -> None:
    code = (
        "import resource, sys; from ml4t_nb.cli import main; import signal; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)); sys.exit(main(sys.argv[1:]))"
    )
    words = ["archive", "--before", "2004-01-01", "--to", f"{disk}", "--as-of", "2005-02-26"]
    run = subprocess.run(
        [sys.executable, "-B", "-c", code, *words, "--home", f"{ws.settings.home}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode != 0
    said = run.stdout + run.stderr
    assert f"{disk}/data/{PLACE} cannot be written: File too large" in " ".join(said.split())
    assert "Traceback" not in said
    assert names(disk / "data") == []
    assert ws.store.sequence(AAPL) == 1
    assert_frame_equal(verbs.bars(ws, "AAPL"), before)


def test_the_archive_stays_where_bars_of_a_removed_dataset_are_left(
    apart: Workspace, disk: Path, before: pd.DataFrame, tmp_path: Path
) -> None:
    other = unmount(disk)
    verbs.remove(apart, "AAPL", yes=True)
    verbs.load(apart, "IBM", provider="sample", start="2000-03-01", as_of="2005-02-25")

    with pytest.raises(OptionError, match="does not hold the archive of this store"):
        verbs.archive(apart, "IBM", before="2004-01-01", to=tmp_path / "second")

    disk.rmdir()
    other.rename(disk)
    for version in (1, 2):
        assert_frame_equal(verbs.bars(apart, "AAPL", version=version), before)


def test_a_link_into_the_store_is_no_archive(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(ws.settings.home / "data")
    for folder in (tmp_path / "link", tmp_path / "link" / "below"):
        with pytest.raises(OptionError, match="is in the store itself"):
            verbs.archive(ws, before="2004-01-01", to=folder)


def test_a_folder_in_the_store_is_no_archive(ws: Workspace, disk: Path) -> None:
    for options in ({"before": "2004-01-01", "to": ws.settings.home / "data"},
                    {"restore": True, "to": disk}):  # fmt: skip
        wrong: dict[str, Any] = options
        with pytest.raises(OptionError):
            verbs.archive(ws, **wrong)
    disk.write_text("a file")
    with pytest.raises(StoreNotWritable):
        verbs.archive(ws, before="2004-01-01", to=disk)
