"""Files that were truncated, altered, moved or deleted, and disks that are full or gone."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.commands.spelling import spell
from ml4t_nb.core.bars import Bars, empty_bars, within
from ml4t_nb.errors import ChunkCorrupt, DatasetNotFound, StoreError, StoreNotWritable
from ml4t_nb.hints import in_words
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.storage.manifest_file import encode_manifest
from ml4t_nb.storage.store import Store
from tests.storage.builders import AAPL, append, bars_at, commit, daily, publish, utc

MSFT = DatasetId("equities", "daily", "MSFT")
MARCH = Span(utc(2023, 3), utc(2023, 4))


def chunk_of(store: Store, place: int = 0) -> Path:
    return store.snapshot(AAPL).files()[place]


def manifest_of(store: Store) -> Path:
    return max((store.home / "state/equities/daily/AAPL").glob("m.*.json"))


@pytest.fixture
def bars() -> Bars:
    days = pd.bdate_range("2022-11-01", "2023-06-30")
    rng = np.random.default_rng(3)
    return bars_at(days, np.round(100 + rng.standard_normal(len(days)), 2).tolist())


def assert_noticed(store: Store, expected: Bars) -> None:
    """Every way to the bars raises, or gives the right ones."""
    for span in (None, MARCH):
        with suppress(ChunkCorrupt):
            read = store.snapshot(AAPL).bars(span)
            assert_frame_equal(read, within(expected, span) if span else expected, check_freq=False)


def test_a_flipped_byte_of_a_chunk_never_gives_wrong_bars(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    path = chunk_of(store, -1)
    content = path.read_bytes()
    for place in range(0, len(content), 23):
        altered = bytearray(content)
        altered[place] ^= 1 << (place % 8)
        path.write_bytes(altered)
        assert_noticed(store, bars)
        with pytest.raises(ChunkCorrupt, match=path.name) as caught:
            store.snapshot(AAPL).bars()
        said = spell(caught.value.advice, "ml4t-data")
        assert "ml4t-data remove -s AAPL --yes && ml4t-data load -s AAPL" in said


def test_a_truncated_chunk_never_gives_wrong_bars(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    path = chunk_of(store, -1)
    content = path.read_bytes()
    for length in range(0, len(content), 61):
        path.write_bytes(content[:length])
        assert_noticed(store, bars)
        assert path.name in store.summaries()[0].damage
        assert len(store.verify(AAPL)) == 1


def test_a_flipped_byte_of_a_manifest_never_gives_wrong_bars(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    path = manifest_of(store)
    content = path.read_bytes()
    for place in range(0, len(content), 3):
        altered = bytearray(content)
        altered[place] ^= 1 << (place % 8)
        path.write_bytes(altered)
        with pytest.raises(ChunkCorrupt, match=path.name):
            store.snapshot(AAPL)


def test_an_older_manifest_is_never_taken_for_a_damaged_one(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    older = manifest_of(store).read_bytes()
    commit(store, AAPL, bars.iloc[:50])
    newest = manifest_of(store)
    newest.with_name("m.00000001.json").write_bytes(older)
    newest.write_bytes(newest.read_bytes()[:-10])

    with pytest.raises(ChunkCorrupt, match=r"m\.00000002\.json"):
        store.snapshot(AAPL)


def test_the_rest_of_a_damaged_dataset_stays_readable(store: Store) -> None:
    bars = daily("2020-01-01", "2024-03-01")
    commit(store, AAPL, bars)
    commit(store, MSFT, bars)
    chunk_of(store).write_bytes(b"")

    this_year = store.snapshot(AAPL).bars(Span(utc(2024), utc(2025)))

    assert len(this_year) == 45
    assert len(store.snapshot(MSFT).bars()) == len(bars)
    with pytest.raises(ChunkCorrupt):
        store.snapshot(AAPL).bars(Span(utc(2021), utc(2022)))
    assert [bool(row.damage) for row in store.summaries()] == [True, False]


def test_an_append_works_beside_a_damaged_chunk_and_does_not_hide_it(store: Store) -> None:
    commit(store, AAPL, daily("2020-01-01", "2024-03-01"))
    path = chunk_of(store)
    path.write_bytes(path.read_bytes()[:-1])

    append(store, AAPL, daily("2024-03-04", "2024-03-05"))

    assert path.name in store.summaries()[0].damage
    assert [each.message for each in store.verify(AAPL)] == [
        f"the chunk {path} has {path.stat().st_size} bytes instead of {path.stat().st_size + 1}",
    ]


def test_a_check_of_the_files_counts_their_rows(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-02", "2024-03-01"))
    state = store.snapshot(AAPL).manifest
    (chunk,) = state.chunks
    told = replace(state, chunks=(replace(chunk, rows=chunk.rows + 1),))
    manifest_of(store).write_bytes(encode_manifest(told))

    (fault,) = store.verify(AAPL)

    assert f"{chunk.rows} rows instead of {chunk.rows + 1}" in fault.message


def test_an_update_of_a_damaged_chunk_fails_and_changes_nothing(store: Store) -> None:
    commit(store, AAPL, daily("2020-01-01", "2024-03-01"))
    chunk_of(store).write_bytes(b"nonsense")

    with pytest.raises(ChunkCorrupt):
        append(store, AAPL, daily("2021-03-01", "2021-03-02"))

    assert manifest_of(store).name == "m.00000001.json"


def test_bars_that_replace_the_whole_dataset_repair_it(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    chunk_of(store).write_bytes(b"nonsense")
    chunk_of(store, -1).unlink()

    commit(store, AAPL, bars)

    assert_frame_equal(store.snapshot(AAPL).bars(), bars, check_freq=False)
    assert store.verify(AAPL) == ()
    assert store.summaries()[0].damage == ""


def test_a_chunk_that_is_gone_is_named(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    path = chunk_of(store)
    path.unlink()

    with pytest.raises(ChunkCorrupt, match=f"{path.name} is missing"):
        store.snapshot(AAPL).bars()
    with pytest.raises(ChunkCorrupt, match=f"{path.name} is missing"):
        store.snapshot(AAPL).files()
    assert store.summaries()[0].damage == f"{path.name} is missing"


def test_a_chunk_of_another_dataset_is_noticed(store: Store, bars: Bars) -> None:
    """Same size, same stamps, a valid Parquet file: only the checksum tells."""
    commit(store, AAPL, bars)
    commit(store, MSFT, bars)
    ours, theirs = chunk_of(store), store.snapshot(MSFT).files()[0]
    ours.write_bytes(theirs.read_bytes())

    with pytest.raises(ChunkCorrupt):
        store.snapshot(AAPL).bars()


def test_a_damaged_manifest_is_listed_with_what_was_known(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    manifest_of(store).write_bytes(b"{}")

    (row,) = store.summaries()

    assert store.datasets() == (AAPL,)
    assert row.rows == len(bars)
    assert "m.00000001.json" in row.damage
    (store.home / "catalogue.db").unlink()
    (row,) = store.summaries()
    assert row.rows == 0
    assert "m.00000001.json" in row.damage
    assert len(store.verify(AAPL)) == 1


@pytest.mark.parametrize("tree", ["state", "data"])
@pytest.mark.parametrize("is_known", [True, False], ids=["catalogue", "no-catalogue"])
def test_a_folder_that_cannot_be_looked_into_damages_its_dataset_alone(
    store: Store, bars: Bars, tree: str, *, is_known: bool
) -> None:
    commit(store, AAPL, bars)
    commit(store, MSFT, bars)
    if is_known:
        store.flush()
    # A link to itself is refused by the system to every user, root too.
    folder = store.home / tree / "equities/daily/AAPL"
    shutil.rmtree(folder)
    folder.symlink_to(folder)

    damaged, sound = Store(store.home).summaries()

    assert (damaged.dataset, sound.dataset) == (AAPL, MSFT)
    assert "Too many levels" in damaged.damage
    assert "check the permissions" in in_words(damaged.remedy)
    assert not sound.damage
    assert store.datasets() == (AAPL, MSFT)


def test_a_store_that_cannot_be_looked_into_is_said_to_be(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    shutil.rmtree(store.home / "state")
    (store.home / "state").symlink_to(store.home / "state")

    with pytest.raises(StoreError, match="Too many levels"):
        store.datasets()


def test_a_link_to_a_disk_that_is_gone_is_not_a_removal(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    folder, disk = store.home / "data/equities/daily/AAPL", store.home.parent / "disk"
    disk.mkdir()
    folder.rename(disk / "AAPL")
    folder.symlink_to(disk / "AAPL")
    assert len(store.snapshot(AAPL).bars()) == len(bars)

    disk.rename(store.home.parent / "unmounted")

    (row,) = store.summaries()
    assert f"{folder} is missing" in row.damage
    assert "mount its disk" in in_words(row.remedy)
    assert store.datasets() == (AAPL,)
    with pytest.raises(ChunkCorrupt, match="is missing"):
        store.snapshot(AAPL).bars()
    with pytest.raises(ChunkCorrupt, match="is missing"):
        append(store, AAPL, bars)
    (store.home.parent / "unmounted").rename(disk)
    assert_frame_equal(store.snapshot(AAPL).bars(), bars, check_freq=False)


def test_a_damaged_manifest_stops_writers_but_not_a_removal(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    manifest_of(store).write_bytes(b"")
    with store.transaction(AAPL) as tx, pytest.raises(ChunkCorrupt, match="damaged"):
        _ = tx.manifest
    with pytest.raises(ChunkCorrupt, match="damaged"):
        commit(store, AAPL, bars)

    with store.transaction(AAPL) as tx:
        tx.remove()

    assert store.datasets() == ()
    assert commit(store, AAPL, bars).rows == len(bars)


def test_a_data_folder_removed_by_hand_is_a_dataset_removed(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    commit(store, MSFT, bars)
    snapshot = store.snapshot(AAPL)
    shutil.rmtree(store.home / "data/equities/daily/AAPL")

    assert store.datasets() == (MSFT,)
    assert [row.dataset for row in store.summaries()] == [MSFT]
    with pytest.raises(DatasetNotFound, match="AAPL is not stored"):
        store.snapshot(AAPL)
    with pytest.raises(DatasetNotFound):
        snapshot.bars()
    with pytest.raises(DatasetNotFound):
        store.verify(AAPL)
    with store.transaction(AAPL) as tx:
        assert tx.manifest is None
        assert tx.bars().empty


def test_a_dataset_removed_by_hand_can_be_loaded_again(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    shutil.rmtree(store.home / "data/equities/daily/AAPL")

    manifest = commit(store, AAPL, bars.iloc[:10])

    assert (manifest.rows, len(manifest.recent)) == (10, 1)
    assert_frame_equal(store.snapshot(AAPL).bars(), bars.iloc[:10], check_freq=False)
    versions = store.home / "versions/equities/daily/AAPL"
    assert [path.name for path in versions.iterdir()] == ["m.00000001.json"]


@pytest.mark.parametrize("missing", ["data", "data/equities", "data/equities/daily"])
def test_a_disk_that_is_not_mounted_is_not_a_removal(
    store: Store, bars: Bars, missing: str
) -> None:
    commit(store, AAPL, bars)
    commit(store, MSFT, bars)
    away = store.home.parent / "away"
    (store.home / missing).rename(away)

    assert store.datasets() == (AAPL, MSFT)
    assert all("is missing" in row.damage for row in store.summaries())
    with pytest.raises(ChunkCorrupt, match="is missing") as caught:
        store.snapshot(AAPL).bars()
    assert "mount" in caught.value.hint
    with pytest.raises(ChunkCorrupt):
        commit(store, AAPL, bars)
    with pytest.raises(StoreNotWritable, match="is missing"):
        commit(store, DatasetId("equities", "daily", "IBM"), bars)
    assert not (store.home / missing).exists()

    away.rename(store.home / missing)

    assert_frame_equal(store.snapshot(AAPL).bars(), bars, check_freq=False)
    assert [row.damage for row in store.summaries()] == ["", ""]


def test_an_empty_mount_point_is_not_a_removal(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    shutil.rmtree(store.home / "data")
    (store.home / "data").mkdir()

    assert store.datasets() == (AAPL,)
    with pytest.raises(ChunkCorrupt):
        commit(store, AAPL, bars)
    with store.transaction(AAPL) as tx:
        tx.remove()
    assert commit(store, AAPL, bars).rows == len(bars)


def test_leftovers_of_a_killed_writer_are_swept_by_the_next_one(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    data, state = chunk_of(store).parent, manifest_of(store).parent
    (data / "2023-01-02.00000002.abcdef.parquet").write_bytes(b"half a chu")
    (state / "m.00000002.json.abcdef").write_bytes(b"half a mani")

    assert len(store.snapshot(AAPL).bars()) == len(bars)
    commit(store, AAPL, bars)

    assert sorted(data.iterdir()) == sorted(store.snapshot(AAPL).files())
    assert sorted(path.name for path in state.iterdir()) == ["lock", "m.00000002.json"]


def test_a_chunk_that_was_put_back_by_hand_is_named_and_stays_where_it_is(
    store: Store, bars: Bars
) -> None:
    """Its name is one of ours, and its number long past; whoever put it there has a reason."""
    for length in (5, 6, 7):
        commit(store, AAPL, bars.iloc[:length])
    put_back = chunk_of(store).with_name("2023-01-02.00000001.abcdef.parquet")
    shutil.copy(chunk_of(store), put_back)

    assert store.summaries()[0].foreign == (str(put_back),)
    commit(store, AAPL, bars.iloc[:8])
    assert put_back.exists()
    assert store.summaries()[0].foreign == (str(put_back),)


def test_a_writer_killed_before_it_tidied_is_not_a_fault_and_tidied_by_the_next(
    store: Store, bars: Bars
) -> None:
    """Twice in a row, and with a first attempt that never counted."""
    commit(store, AAPL, bars.iloc[:5])
    data = chunk_of(store).parent
    kept: dict[Path, bytes] = {}
    for length in (6, 7, 8):
        kept |= {path: path.read_bytes() for path in (chunk_of(store), manifest_of(store))}
        commit(store, AAPL, bars.iloc[:length])
    for path, content in kept.items():
        path.write_bytes(content)
    (data / "2023-01-02.00000002.abcdef.parquet").write_bytes(b"half a chu")

    assert not [path for path in store.summaries()[0].foreign if "abcdef" not in path]
    commit(store, AAPL, bars.iloc[:9])
    assert sorted(data.iterdir()) == sorted(store.snapshot(AAPL).files())
    assert store.summaries()[0].foreign == ()


def test_a_writer_killed_after_it_published_has_committed(store: Store, bars: Bars) -> None:
    commit(store, AAPL, bars)
    old_chunk, old_manifest = chunk_of(store, -1), manifest_of(store)
    kept = [(path, path.read_bytes()) for path in (old_chunk, old_manifest)]
    commit(store, AAPL, bars.iloc[:-1])
    for path, content in kept:
        path.write_bytes(content)

    assert len(store.snapshot(AAPL).bars()) == len(bars) - 1
    assert store.summaries()[0].rows == len(bars) - 1
    commit(store, AAPL, bars.iloc[:-1])
    assert not old_chunk.exists()
    assert not old_manifest.exists()


@pytest.mark.parametrize("blocked", ["home", "home/state", "home/data", "home/data/equities/daily"])
def test_a_file_in_the_way_is_said_to_be_in_the_way(tmp_path: Path, blocked: str) -> None:
    path = tmp_path / blocked
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    store = Store(tmp_path / "home")

    with pytest.raises(StoreNotWritable, match="cannot be written") as caught:
        commit(store, AAPL, daily("2024-01-01", "2024-01-05"))

    assert caught.value.hint
    assert path.read_text() == "mine"
    assert store.datasets() == ()
    assert store.summaries() == ()
    with pytest.raises(DatasetNotFound):
        store.snapshot(AAPL)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.name != "posix" or not mount:
        pytest.skip("only POSIX systems with mount can give the test a full disk")
    options = [mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if subprocess.run(options, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system takes root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_changes_nothing(small_disk: Path) -> None:
    store = Store(small_disk)
    rng = np.random.default_rng(5)
    minutes = pd.date_range("2024-01-01", periods=100_000, freq="min")
    commit(store, AAPL, daily("2023-01-02", "2024-03-01"))
    before = store.snapshot(AAPL).bars()
    files = sorted(path for path in (small_disk / "data").rglob("*") if path.is_file())

    with pytest.raises(StoreNotWritable, match="No space left") as caught:
        commit(store, AAPL, bars_at(minutes, rng.uniform(1, 2, len(minutes)).tolist()))

    assert "free space" in caught.value.hint
    assert_frame_equal(store.snapshot(AAPL).bars(), before)
    assert sorted(path for path in (small_disk / "data").rglob("*") if path.is_file()) == files
    assert append(store, AAPL, daily("2024-03-04", "2024-03-05")).sequence == 2


def test_every_place_where_the_disk_gets_full_leaves_a_committed_state(small_disk: Path) -> None:
    """The disk is filled but for a few pages more each time."""
    store = Store(small_disk)
    commit(store, AAPL, daily("2020-01-01", "2024-01-01", 1.0))
    ballast = small_disk / "ballast"
    refused = 0
    for pages in range(14):
        held = store.snapshot(AAPL).bars()
        with ballast.open("wb") as file:
            shutil.rmtree(small_disk / "trash", ignore_errors=True)
            free = os.statvfs(small_disk).f_bavail - pages
            file.write(bytes(max(free, 0) * os.statvfs(small_disk).f_frsize))
        after = daily("2020-01-01", "2024-01-01", held["open"].iloc[0] + 1)
        try:
            commit(store, AAPL, after)
        except StoreNotWritable:
            refused += 1
            after = held
        assert_frame_equal(store.snapshot(AAPL).bars(), after, check_freq=False)
        assert store.verify(AAPL) == ()
        ballast.unlink()
    assert 0 < refused < 14


def test_a_read_only_disk_can_be_read_but_not_written(small_disk: Path) -> None:
    store = Store(small_disk)
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(remount, check=True)

    assert len(store.snapshot(AAPL).bars()) == 5
    assert store.summaries()[0].rows == 5
    with pytest.raises(StoreNotWritable, match="Read-only"):
        append(store, AAPL, daily("2024-01-08", "2024-01-09"))


LIMITED = """
import resource, sys
from pathlib import Path
from typing import Any
sys.path.insert(0, sys.argv[2])
from tests.storage.builders import AAPL, bars_at, commit, daily
import numpy, pandas
from ml4t_nb.errors import StoreNotWritable
from ml4t_nb.storage.store import Store
store = Store(Path(sys.argv[1]))
commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
sys.dont_write_bytecode = True  # what is compiled from now on would be cut off too
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
prices = numpy.random.default_rng(1).uniform(1, 2, 9000).tolist()
try:
    commit(store, AAPL, bars_at(pandas.date_range("2000-01-01", periods=9000), prices))
except StoreNotWritable as error:
    print(error.message, "|", error.hint)
print(len(store.snapshot(AAPL).bars()), len(list(store.home.glob("data/*/*/*/*"))))
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX")
def test_a_file_over_the_limit_of_the_process_is_a_full_disk(tmp_path: Path) -> None:
    words = [sys.executable, "-c", LIMITED, str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)

    said, state = done.stdout.splitlines()
    assert "File too large | free space" in said
    assert state == "5 1"


def test_a_store_without_hard_links_commits_by_renaming(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on exFAT, where os.link gives EPERM."""

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(source), None, str(target))

    monkeypatch.setattr(os, "link", refuse)
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    append(store, AAPL, daily("2024-01-08", "2024-01-09"))

    assert len(store.snapshot(AAPL).bars()) == 7
    state = store.home / "state/equities/daily/AAPL"
    assert sorted(path.name for path in state.iterdir()) == ["lock", "m.00000002.json"]


def test_a_writer_that_another_one_overtook_despite_the_lock_gives_up(store: Store) -> None:
    """As on a network folder whose locks do nothing."""
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    lock = store.home / "state/equities/daily/AAPL/lock"

    def overtaken() -> None:
        with store.transaction(AAPL) as tx:
            tx.put(empty_bars())
            assert tx.manifest
            lock.rename(lock.with_name("elsewhere"))
            append(store, AAPL, daily("2024-01-08", "2024-01-09"))
            publish(tx)

    with pytest.raises(StoreError, match="another writer"):
        overtaken()

    assert len(store.snapshot(AAPL).bars()) == 7
    assert store.verify(AAPL) == ()


def test_data_on_a_disk_of_their_own_are_replaced_across_disks(
    store: Store, small_disk: Path
) -> None:
    store.home.mkdir()
    (store.home / "data").symlink_to(small_disk)
    commit(store, AAPL, daily("2024-01-01", "2024-01-05", 1.0))
    snapshot = store.snapshot(AAPL)
    commit(store, AAPL, daily("2024-01-01", "2024-01-05", 2.0))

    assert len(list(small_disk.rglob("*.parquet"))) == 1
    assert set(snapshot.bars()["open"]) == {1.0}


def test_columns_of_one_value_are_known_and_bars_come_back_to_the_last_bit(store: Store) -> None:
    bars = daily("2023-01-02", "2024-03-29")
    bars["dividend"] = -0.0
    bars.loc["2023-06-01", "split"] = 2.0
    bars.loc["2023-01-09", "filled"] = True
    commit(store, AAPL, bars)

    older, newer = store.snapshot(AAPL).manifest.chunks

    # Prices of the builder are alike in all bars.
    assert dict(older.constants) == {
        "open": 10.0, "high": 11.0, "low": 9.5, "close": 10.25, "volume": 1000.0, "dividend": 0.0,
    }  # fmt: skip
    assert str(dict(older.constants)["dividend"]) == "-0.0"
    assert "filled" not in older.known_columns
    assert newer.known_columns["split"] == 1.0
    assert newer.known_columns["filled"] == 0.0
    read = store.snapshot(AAPL).bars()
    assert_frame_equal(read, bars, check_freq=False, check_exact=True)
    assert np.signbit(read["dividend"]).all()
    assert store.verify(AAPL) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"constants": (("split", 1.0), ("dividend", 0.5))}, "dividend is not 0.5 in all bars"),
        ({"constants": (("dividend", -0.0),)}, "dividend is not -0.0 in all bars"),
        ({"constants": (("open", 10.0),)}, "open is not 10.0 in all bars"),
        ({"filled": 5}, "does not have 5 filled bars"),
    ],
)
def test_a_check_of_the_files_compares_the_columns_that_are_said_to_hold_one_value(
    store: Store, changes: dict[str, Any], words: str
) -> None:
    commit(store, AAPL, bars_at(pd.bdate_range("2024-01-01", "2024-01-05"), [10, 11, 12, 11, 10]))
    manifest = store.snapshot(AAPL).manifest
    (chunk,) = manifest.chunks
    altered = replace(manifest, chunks=(replace(chunk, **changes),))
    manifest_of(store).write_bytes(encode_manifest(altered))

    (fault,) = store.verify(AAPL)

    assert words in fault.message
