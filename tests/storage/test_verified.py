"""A version of a file is compared with its checksum once in a process; another version again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ml4t_nb.errors import ChunkCorrupt
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store
from ml4t_nb.storage.verified import VERIFIED, FileVersion, Verified, read_file
from tests.storage.builders import AAPL, commit, daily


@pytest.fixture
def snapshot(store: Store) -> Snapshot:
    commit(store, AAPL, daily("2023-01-02", "2023-12-29"))
    return store.snapshot(AAPL)


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_damage_after_a_read_is_found_by_the_next_though_size_and_time_are_as_they_were(
    snapshot: Snapshot,
) -> None:
    (path,) = snapshot.files()
    before = path.stat()
    time.sleep(2.1)  # only what has settled is taken as verified
    snapshot.bars()
    checksum = snapshot.manifest.chunks[0].checksum
    assert VERIFIED.has(read_file(str(path))[1], checksum)

    damaged(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert path.stat().st_mtime_ns == before.st_mtime_ns
    with pytest.raises(ChunkCorrupt, match="its checksum does not match"):
        snapshot.bars()


def test_what_is_taken_as_verified_is_read_anew_by_a_verification(
    store: Store, snapshot: Snapshot
) -> None:
    """As if the disk had lost a bit without a word: no time and no size has changed."""
    (path,) = snapshot.files()
    content = bytearray(path.read_bytes())
    content[60] ^= 1  # in the pages of the prices
    path.write_bytes(content)
    time.sleep(2.1)
    VERIFIED.note(read_file(str(path))[1], snapshot.manifest.chunks[0].checksum)

    (fault,) = store.verify(AAPL)

    assert "its checksum does not match" in fault.message


def test_a_file_that_has_just_changed_is_not_taken_as_verified(snapshot: Snapshot) -> None:
    """Within a tick of the clock it could change again, and bear the same time."""
    (path,) = snapshot.files()
    snapshot.bars()

    assert not VERIFIED.has(read_file(str(path))[1], snapshot.manifest.chunks[0].checksum)


def test_another_checksum_or_version_is_not_verified() -> None:
    seen = Verified()
    version: FileVersion = ("a", 1, 2, 3, 4, 5)
    others: list[FileVersion] = [
        ("b", 1, 2, 3, 4, 5),
        ("a", 0, 2, 3, 4, 5),
        ("a", 1, 0, 3, 4, 5),
        ("a", 1, 2, 0, 4, 5),
        ("a", 1, 2, 3, 0, 5),
        ("a", 1, 2, 3, 4, 0),
    ]

    seen.note(version, "crc32:00000000")

    assert seen.has(version, "crc32:00000000")
    assert not seen.has(version, "crc32:00000001")
    assert not [each for each in others if seen.has(each, "crc32:00000000")]


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_file_is_read_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))

    content, version = read_file(str(path))

    assert content == path.read_bytes()
    assert version[0] == str(path)
    assert version[3] == size
