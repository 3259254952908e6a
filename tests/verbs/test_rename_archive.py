"""A share is renamed while bars of one of its names are archived on another disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import ArchiveMissing, VersionNotFound
from ml4t_nb.workspace import Workspace
from tests.verbs.two_names import bars_of, manifest, opened, symbols, two_names

RENAMED = "FB was renamed as of 2022-04-18 20:00 UTC"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return tmp_path / "disk"


@pytest.fixture
def ws(tmp_path: Path, disk: Path) -> Workspace:
    """FB and META by weeks, of which those before 2022-04-04 are on the disk."""
    ws = two_names(tmp_path / "home")
    verbs.rechunk(ws, chunk="weekly", as_of="2022-04-14")
    verbs.archive(ws, before="2022-04-04", to=disk, as_of="2022-04-14")
    return ws


def read(ws: Workspace, symbol: str, number: int) -> Bars:
    return verbs.bars(ws, symbol, version=number)


def on_disk(disk: Path, symbol: str) -> list[str]:
    return sorted(each.name[:10] for each in (disk / f"data/equities/daily/{symbol}").glob("*"))


def test_the_joined_history_is_read_and_so_is_each_version_of_both_names(
    ws: Workspace, disk: Path
) -> None:
    before = {name: verbs.bars(ws, name) for name in ("FB", "META")}
    assert [on_disk(disk, name) for name in ("FB", "META")] == [["2022-02-22"], ["2022-03-25"]]
    verbs.rename(ws, ("FB", "META"), as_of="2022-04-18")

    assert symbols(ws) == ["META"]
    assert_frame_equal(verbs.bars(ws, "META").drop(columns="filled"), expected(), check_freq=False)
    assert on_disk(disk, "FB") == []
    for number in (1, 2, 3):
        for name, bars in before.items():
            assert_frame_equal(read(ws, name, number), bars)
    assert_frame_equal(verbs.bars(ws, "FB", known_on="2022-04-15"), before["FB"])
    assert_frame_equal(verbs.bars(ws, "META", known_on="2022-04-15"), before["META"])
    with pytest.raises(VersionNotFound, match=RENAMED):
        verbs.bars(ws, "FB", known_on="2022-04-18")
    assert verbs.health(ws, verify=True, as_of="2022-04-18").datasets[0].state != "error"


def expected() -> Bars:
    return bars_of().drop(columns="filled")


def test_without_the_disk_nothing_is_renamed_and_then_it_is(ws: Workspace, disk: Path) -> None:
    before = {name: verbs.bars(ws, name) for name in ("FB", "META")}
    away = disk.rename(disk.with_name("away"))
    with pytest.raises(ArchiveMissing, match="archived bars of equities/daily/FB"):
        verbs.rename(ws, ("FB", "META"), as_of="2022-04-18")
    assert symbols(ws) == ["FB", "META"]
    away.rename(disk)
    for name, bars in before.items():
        assert_frame_equal(verbs.bars(ws, name), bars)
    verbs.rename(ws, ("FB", "META"), as_of="2022-04-18")
    assert_frame_equal(verbs.bars(ws, "META").drop(columns="filled"), expected(), check_freq=False)

    # What was joined can be archived, and read from the disk, like any other.
    verbs.archive(ws, before="2022-04-04", to=disk, as_of="2022-04-18")
    assert manifest(ws, "META").chunks[0].is_apart
    assert_frame_equal(verbs.bars(ws, "META").drop(columns="filled"), expected(), check_freq=False)
    for name, bars in before.items():
        assert_frame_equal(read(opened(ws.settings.home), name, 1), bars)
    disk.rename(disk.with_name("away"))
    for number in (3, 5):  # the rows of the new name's are in the files on the disk
        with pytest.raises(ArchiveMissing):
            read(ws, "META", number)
    # Those of the old name, which has none any more, are among the store's past versions.
    assert_frame_equal(read(ws, "FB", 3), before["FB"])
