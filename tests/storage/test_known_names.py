import os
from pathlib import Path

import pytest

from ml4t_nb.model import DatasetId
from ml4t_nb.storage.known_names import KnownNames
from ml4t_nb.storage.store import Store
from tests.storage.builders import AAPL, append, commit, daily

MSFT = DatasetId("equities", "daily", "MSFT")
SECOND = 1_000_000_000


def stat_of(path: Path) -> os.stat_result:
    found = path.stat()
    assert found.st_ctime_ns
    return found


def later(found: os.stat_result, seconds: float, *, device: int = 0) -> os.stat_result:
    """The stat of another file, which changed so much later."""
    changed = found.st_ctime_ns + int(seconds * SECOND)
    parts = [found.st_mode, found.st_ino, device or found.st_dev, *found[3:10]]
    return os.stat_result(parts, {"st_ctime_ns": changed, "st_mtime_ns": found.st_mtime_ns})


def looks(
    names: KnownNames, found: os.stat_result, *, sequence: int = 1, right: bool = True
) -> int:
    """How often the folder is looked at, asked three times."""
    made: list[bool] = []

    def look() -> bool:
        made.append(right)
        return right

    for _ in range(3):
        assert names.are_right("folder", sequence, found, look) == right
    return len(made)


def test_names_are_looked_at_until_the_clock_of_the_disk_is_past_their_folders_time(
    tmp_path: Path,
) -> None:
    found, names = stat_of(tmp_path), KnownNames()

    assert looks(names, found) == 3
    names.note_time(later(found, 1))
    assert looks(names, found) == 3  # some disks tell every two seconds alone
    names.note_time(later(found, 60, device=found.st_dev + 1))
    assert looks(names, found) == 3  # the clock of another disk
    names.note_time(later(found, 60))
    assert looks(names, found) == 1
    assert looks(names, found) == 0


def test_names_that_are_wrong_are_looked_at_again(tmp_path: Path) -> None:
    found, names = stat_of(tmp_path), KnownNames()
    names.note_time(later(found, 60))

    assert looks(names, found, right=False) == 3
    assert looks(names, found) == 1


def test_names_are_looked_at_again_after_a_commit_and_after_any_change(tmp_path: Path) -> None:
    found, names = stat_of(tmp_path), KnownNames()
    names.note_time(later(found, 60))
    assert looks(names, found) == 1

    assert looks(names, found, sequence=2) == 1
    assert looks(names, later(found, 1e-9), sequence=2) == 1


@pytest.fixture
def old(store: Store) -> Store:
    """A store whose two datasets have been looked at since nothing changed any more."""
    for dataset in (AAPL, MSFT):
        commit(store, dataset, daily("2024-01-01", "2024-01-05"))
    store.flush()
    store._names.note_time(later(stat_of(store.home / "catalogue.db"), 60))
    assert [row.damage or row.foreign for row in store.summaries()] == [(), ()]
    return store


def test_folders_that_did_not_change_are_not_listed_again(old: Store, looked_at: list[str]) -> None:
    assert len(old.summaries()) == 2

    assert [path for path in looked_at if path.endswith(("AAPL", "MSFT"))] == []


def test_a_file_of_others_is_seen_beside_names_that_are_known(old: Store) -> None:
    other = old.home / "data/equities/daily/AAPL/copy.parquet"
    other.write_bytes(b"PAR1")

    assert [row.foreign for row in old.summaries()] == [(str(other),), ()]
    other.unlink()
    assert [row.foreign for row in old.summaries()] == [(), ()]


def test_a_folder_of_others_is_looked_into_each_time(old: Store) -> None:
    below = old.home / "data/equities/daily/AAPL/kept"
    below.mkdir()
    assert [row.foreign for row in old.summaries()] == [(), ()]

    (below / "copy.parquet").write_bytes(b"PAR1")

    assert [row.foreign for row in old.summaries()] == [(str(below / "copy.parquet"),), ()]


def test_a_commit_is_seen_beside_names_that_are_known(old: Store) -> None:
    append(Store(old.home), AAPL, daily("2024-01-08", "2024-01-09"))

    assert [row.rows for row in old.summaries()] == [7, 5]


def test_a_chunk_that_was_cut_or_is_gone_is_seen_beside_names_that_are_known(old: Store) -> None:
    (chunk,) = (old.home / "data/equities/daily/AAPL").iterdir()
    os.truncate(chunk, chunk.stat().st_size - 1)
    assert ["bytes instead of" in row.damage for row in old.summaries()] == [True, False]

    chunk.unlink()
    assert ["is missing" in row.damage for row in old.summaries()] == [True, False]


def test_a_manifest_that_was_written_over_is_seen_beside_names_that_are_known(old: Store) -> None:
    manifest = old.home / "state/equities/daily/AAPL/m.00000001.json"
    manifest.write_bytes(manifest.read_bytes()[:-3])

    assert ["checksum" in row.damage for row in old.summaries()] == [True, False]


def test_a_folder_that_was_removed_by_hand_is_not_listed(old: Store) -> None:
    (chunk,) = (old.home / "data/equities/daily/AAPL").iterdir()
    chunk.unlink()
    chunk.parent.rmdir()

    assert [row.dataset for row in old.summaries()] == [MSFT]
