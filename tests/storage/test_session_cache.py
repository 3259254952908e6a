"""Sessions kept beside the store: the same as built, or built again."""

import json
import os
from dataclasses import fields
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ml4t_nb.calendars import calendar
from ml4t_nb.core.calendars.exchanges import CalendarCache
from ml4t_nb.core.timestamps import Sessions
from ml4t_nb.storage.session_cache import DiskSessionCache

NEW_YORK = ZoneInfo("America/New_York")
HOUR = 3_600_000_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path


@pytest.fixture
def known() -> Sessions:
    """Two days of a week of which all is known."""
    days = np.array([19_000, 19_001], dtype=np.int64) * 24 * HOUR
    closes = days + 21 * HOUR
    return Sessions(
        date(2022, 1, 8), date(2022, 1, 14), days, days + 14 * HOUR, closes, closes, closes
    )


def same(one: Sessions, other: Sessions) -> bool:
    ends = (one.first, one.last) == (other.first, other.last)
    pairs = zip(one.columns(), other.columns(), strict=True)
    return ends and all(np.array_equal(mine, yours) for mine, yours in pairs)


def path_of(home: Path, name: str = "XNYS") -> Path:
    return home / "cache" / "sessions" / name


@pytest.mark.parametrize("name", ["XNYS", "XTKS", "fx"])
def test_what_was_built_is_taken_as_it_was(home: Path, name: str) -> None:
    built, zone = calendar(name).sessions, calendar(name).zone

    DiskSessionCache(home).save(name, built, zone)
    found = DiskSessionCache(home).load(name)

    assert found is not None
    assert same(found[0], built)
    assert found[1].key == zone.key
    assert len(fields(Sessions)) == 2 + len(built.columns())


def test_a_name_with_a_slash_is_kept_too(home: Path, known: Sessions) -> None:
    DiskSessionCache(home).save("24/5", known, ZoneInfo("UTC"))

    assert DiskSessionCache(home).load("24/5") is not None
    assert [path.name for path in path_of(home).parent.iterdir()] == ["24%2F5"]


def test_what_is_not_there_is_not_taken(home: Path, known: Sessions) -> None:
    cache = DiskSessionCache(home)

    assert cache.load("XNYS") is None
    cache.save("XNYS", known, NEW_YORK)
    assert cache.load("XTKS") is None


def test_a_file_under_another_name_is_not_taken(home: Path, known: Sessions) -> None:
    # As on a disk for which XNYS and xnys are one name: xnys is an alias, to be looked up.
    cache = DiskSessionCache(home)
    cache.save("XNYS", known, NEW_YORK)

    path_of(home).rename(path_of(home, "xnys"))

    assert cache.load("xnys") is None


def test_a_damaged_file_is_never_taken(home: Path, known: Sessions) -> None:
    cache = DiskSessionCache(home)
    cache.save("XNYS", known, NEW_YORK)
    whole = path_of(home).read_bytes()

    for at in range(len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        path_of(home).write_bytes(flipped)
        found = cache.load("XNYS")
        # A bit of the white space in the first line may change nothing.
        assert found is None or same(found[0], known)
        path_of(home).write_bytes(whole[:at])
        assert cache.load("XNYS") is None


@pytest.mark.parametrize(
    "change",
    [
        {"built by": ["4.12", "3.0.0", "0.3.1", ""]},
        {"rules": 1},
        {"form": 0},
        {"zone": "Europe/London"},
        {"zone": "../../etc/passwd"},
        {"first": "1999-01-01"},
        {"first": 7},
    ],
)
def test_what_other_packages_or_rules_have_built_is_not_taken(
    home: Path, known: Sessions, change: dict[str, object]
) -> None:
    cache = DiskSessionCache(home)
    cache.save("XNYS", known, NEW_YORK)
    head, _, body = path_of(home).read_bytes().partition(b"\n")

    path_of(home).write_bytes(json.dumps(json.loads(head) | change).encode() + b"\n" + body)

    assert cache.load("XNYS") is None


def test_what_nests_too_deep_is_not_taken(home: Path) -> None:
    path_of(home).parent.mkdir(parents=True)
    path_of(home).write_bytes(b"[" * 200_000)

    assert DiskSessionCache(home).load("XNYS") is None


def test_temporary_files_of_killed_writers_are_removed_in_time(home: Path, known: Sessions) -> None:
    DiskSessionCache(home).save("XNYS", known, NEW_YORK)
    young, old = path_of(home, "XNYS.0a1b2c"), path_of(home, "XNYS.0d1e2f")
    for staged in (young, old):
        staged.write_bytes(b"half")
    before = path_of(home).stat().st_mtime - 3700
    os.utime(old, (before, before))

    DiskSessionCache(home).save("XTKS", known, ZoneInfo("Asia/Tokyo"))

    assert sorted(path.name for path in path_of(home).parent.iterdir()) == [
        "XNYS", "XNYS.0a1b2c", "XTKS",
    ]  # fmt: skip


def test_files_that_are_not_temporary_are_kept(home: Path, known: Sessions, tmp_path: Path) -> None:
    DiskSessionCache(home).save("XNYS", known, NEW_YORK)
    folder = path_of(home).parent
    (tmp_path / "outside").write_text("mine")
    mine = [folder / name for name in ("notes.txt", "XNYS.backup", "XNYS.old.0a1b2c")]
    for path in mine:
        path.write_text("mine")
        os.utime(path, (0, 0))
    (folder / "XNYS.abcdef").symlink_to(tmp_path / "outside")
    (folder / "XTKS.abcdef").mkdir()

    DiskSessionCache(home).save("XTKS", known, ZoneInfo("Asia/Tokyo"))

    assert all(path.exists() for path in (*mine, folder / "XNYS.abcdef", folder / "XTKS.abcdef"))


def test_nothing_is_written_where_nothing_is_stored(tmp_path: Path, known: Sessions) -> None:
    DiskSessionCache(tmp_path).save("XNYS", known, NEW_YORK)
    DiskSessionCache(tmp_path / "none").save("XNYS", known, NEW_YORK)

    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_done_without(home: Path, known: Sessions) -> None:
    (home / "cache").write_text("somebody's file")

    DiskSessionCache(home).save("XNYS", known, NEW_YORK)

    assert DiskSessionCache(home).load("XNYS") is None
    assert sorted(os.listdir(home)) == ["cache", "state"]  # noqa: PTH208


def test_no_temporary_file_is_left(home: Path, known: Sessions) -> None:
    path_of(home).mkdir(parents=True)  # a folder of that name: the staged cannot take its place

    DiskSessionCache(home).save("XNYS", known, NEW_YORK)

    assert [path.name for path in path_of(home).parent.iterdir()] == ["XNYS"]


def test_what_is_built_is_kept_without_what_users_declare(home: Path) -> None:
    declared = CalendarCache(DiskSessionCache(home)).sessions(
        "XLON", extra=frozenset({date(2024, 1, 6)})
    )

    kept = DiskSessionCache(home).load("XLON")
    assert kept is not None
    assert len(declared) == len(kept[0]) + 1


def test_what_was_built_before_the_first_dataset_is_kept_after_it(tmp_path: Path) -> None:
    cache = CalendarCache(DiskSessionCache(tmp_path))
    cache.sessions("XLON")
    assert DiskSessionCache(tmp_path).load("XLON") is None

    (tmp_path / "state").mkdir()
    cache.save()

    kept = DiskSessionCache(tmp_path).load("XLON")
    assert kept is not None
    assert same(kept[0], cache.sessions("XLON"))


def test_what_is_kept_is_not_built(home: Path, known: Sessions) -> None:
    DiskSessionCache(home).save("XLON", known, NEW_YORK)
    cache = CalendarCache(DiskSessionCache(home))

    assert cache.canonical("XLON") == "XLON"
    assert cache.zone_of("XLON").key == "America/New_York"
    assert same(cache.sessions("XLON"), known)
    # Another spelling is looked up.
    assert cache.canonical("xlon") == "XLON"
