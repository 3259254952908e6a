"""Past versions: what stays of them, what it costs, and that each is read as it was."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import ChunkCorrupt, VersionNotFound
from ml4t_nb.records import Pin, PinnedVersion
from ml4t_nb.storage import disk, transaction
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.manifest_file import encode_manifest
from ml4t_nb.storage.past_snapshot import read_version
from ml4t_nb.storage.pins import changing_pins, read_pins
from ml4t_nb.storage.store import Store
from ml4t_nb.storage.versions import Versions
from ml4t_nb.store_settings import Retention
from tests.storage.builders import AAPL, AT, bars_at, commit, daily, whole

MSFT = replace(AAPL, symbol="MSFT")

DAYS = pd.bdate_range("2020-01-01", periods=400)


def versions_of(store: Store) -> Path:
    return store.home / "versions/equities/daily/AAPL"


def read(store: Store, number: int) -> Bars:
    return store.version(AAPL, number).bars()


def older(folder: Path, days: int) -> None:
    for path in folder.rglob("*.*"):
        age = path.stat().st_mtime - days * 86_400
        os.utime(path, (age, age))


def test_appends_leave_manifests_alone_which_are_gathered(store: Store) -> None:
    for count in range(200, 400):
        commit(store, AAPL, bars_at(DAYS[:count]))

    names = sorted(path.name for path in versions_of(store).iterdir())
    assert [name for name in names if name.endswith(".parquet")] == []
    assert len(names) < 75
    gathered = [path for path in versions_of(store).iterdir() if path.suffix == ".zst"]
    numbers = sum(int(name[11:19]) - int(name[2:10]) + 1 for name in map(_name, gathered))
    assert sum(path.stat().st_size for path in gathered) < 300 * numbers
    for number in (1, 2, 64, 65, 130, 199, 200):
        assert len(read(store, number)) == 199 + number


def _name(path: Path) -> str:
    return path.name


def test_a_changed_row_keeps_the_chunk_that_had_it_and_no_other(store: Store) -> None:
    first = bars_at(pd.bdate_range("2019-01-01", "2021-06-30"), 10.0)
    commit(store, AAPL, first)
    bar = bars_at(["2021-03-01"], 77.0)
    commit(store, AAPL, bar, whole(bar))

    kept = [path.name for path in versions_of(store).glob("*.parquet")]
    assert [name[:20] for name in kept] == ["00000002.2021-01-01."]
    assert_frame_equal(read(store, 1), first, check_freq=False)
    assert read(store, 2).loc["2021-03-01", "open"] == 77.0


def test_rows_that_lie_in_chunks_of_several_later_versions_are_put_together(store: Store) -> None:
    """A year grows, is packed with the next one, corrected at one end, and grows on."""
    known: dict[int, Bars] = {}

    def note(bars: Bars, only: Bars | None = None) -> None:
        manifest = commit(store, AAPL, *((bars,) if only is None else (only, whole(only))))
        known[manifest.sequence] = bars

    bars = bars_at(pd.bdate_range("2019-06-03", "2019-12-20"), 10.0)
    note(bars)
    for last in ("2019-12-31", "2020-02-14", "2021-02-12"):
        bars = bars_at(pd.bdate_range("2019-06-03", last), 10.0)
        note(bars)
    for day, price in (("2019-06-04", 5.0), ("2021-02-11", 6.0), ("2019-12-31", 7.0)):
        bars = bars.copy()
        only = bars_at([day], price)
        bars.loc[only.index] = only
        note(bars, only)
    note(pd.concat([bars, bars_at(["2021-02-15"], 8.0)]))

    for number, expected in known.items():
        assert_frame_equal(read(store, number), expected, check_freq=False)


def test_a_writer_that_was_killed_before_it_tidied_leaves_every_version(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(store, AAPL, bars_at(DAYS[:100], 1.0))
    with monkeypatch.context() as killed:
        killed.setattr(transaction, "clean_up", lambda *_: None)
        commit(store, AAPL, bars_at(DAYS[:101], 1.0))  # an append
        commit(store, AAPL, bars_at(DAYS[:101], 2.0))  # all is changed
        commit(store, AAPL, bars_at(DAYS[:102], 2.0))
    commit(store, AAPL, bars_at(DAYS[:103], 2.0))

    for number, (count, price) in enumerate(
        [(100, 1.0), (101, 1.0), (101, 2.0), (102, 2.0), (103, 2.0)], start=1
    ):
        found = read(store, number)
        assert (len(found), set(found["open"])) == (count, {price})
    kept = sorted(path.name[:9] for path in versions_of(store).glob("*.parquet"))
    assert kept == ["00000003."]
    assert len([*(store.home / "data").rglob("*.parquet")]) == 1


def test_a_removed_dataset_has_its_versions(store: Store) -> None:
    bars = daily("2024-01-01", "2024-03-01")
    commit(store, AAPL, bars)
    with store.transaction(AAPL) as tx:
        tx.remove()

    assert_frame_equal(read(store, 1), bars, check_freq=False)
    with pytest.raises(VersionNotFound, match="version 2 of equities/daily/AAPL removed"):
        read(store, 2)
    commit(store, AAPL, bars_at(DAYS[:5]))
    assert len(read(store, 3)) == 5
    assert_frame_equal(read(store, 1), bars, check_freq=False)


def test_rows_that_are_not_those_of_the_version_are_never_given(store: Store) -> None:
    """As where a folder was restored from a backup, and numbers were given a second time."""
    commit(store, AAPL, bars_at(DAYS[:10], 1.0))
    away = store.home.parent / "backup"
    shutil.copytree(store.home, away)
    commit(store, AAPL, bars_at(DAYS[:11], 1.0))
    manifest = (versions_of(store) / "m.00000001.json").read_bytes()
    shutil.rmtree(store.home)
    away.rename(store.home)
    # The manifest of a version whose rows are nowhere, among files of another history.
    commit(store, AAPL, bars_at(DAYS[:12], 3.0))
    shutil.rmtree(versions_of(store))
    versions_of(store).mkdir(parents=True)
    (versions_of(store) / "m.00000001.json").write_bytes(manifest)

    with pytest.raises(VersionNotFound, match="cannot be read any more: its bars from 2020-01-01"):
        read(store, 1)


def test_numbers_of_commits_before_a_restore_are_not_given_again(store: Store) -> None:
    """The state and the data are restored, the past versions stay: two histories share some."""
    for count in range(1, 31):
        commit(store, AAPL, bars_at(DAYS[:count]))
    away = store.home.parent / "backup"
    for part in ("state", "data"):
        shutil.copytree(store.home / part, away / part)
    for count in range(31, 41):
        commit(store, AAPL, bars_at(DAYS[:count], 2.0))
    for part in ("state", "data"):
        shutil.rmtree(store.home / part)
        (away / part).rename(store.home / part)

    for count in range(31, 101):
        commit(store, AAPL, bars_at(DAYS[:count], 3.0))

    newest = store.snapshot(AAPL).manifest.sequence
    assert newest == 109  # the manifest of the fortieth had been in the state alone
    for number, price in ((30, 10.0), (40, 3.0), (41, 3.0), (72, 3.0), (109, 3.0)):
        assert set(read(store, number)["open"]) == {price}, number
    for number in (31, 39):  # their rows had been in the data alone
        with pytest.raises(VersionNotFound, match=f"version {number} of .* cannot be read"):
            read(store, number)


def test_a_damaged_file_of_manifests_is_named(store: Store) -> None:
    for count in range(1, 75):
        commit(store, AAPL, bars_at(DAYS[:count]))
    (path,) = versions_of(store).glob("*.zst")
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(ChunkCorrupt, match=path.name):
        read(store, 3)
    assert len(read(store, 73)) == 73
    commit(store, AAPL, bars_at(DAYS[:75]))
    assert len(read(store, 75)) == 75


def test_a_damaged_manifest_of_the_past_does_not_end_a_run(store: Store) -> None:
    """Gathering met it with every eighth commit: the commit was made, and its run had failed."""
    for count in range(1, 4):
        commit(store, AAPL, bars_at(DAYS[:count]))
    path = versions_of(store) / "m.00000002.json"
    path.write_bytes(path.read_bytes()[:-9])

    for count in range(4, 75):
        commit(store, AAPL, bars_at(DAYS[:count]))

    assert path.exists()
    assert len(list(versions_of(store).glob("*.zst"))) >= 1
    assert [len(read(store, number)) for number in (1, 3, 70)] == [1, 3, 70]
    for look in (lambda: read(store, 2), lambda: store.versions(AAPL).times):
        with pytest.raises(ChunkCorrupt, match=r"m\.00000002\.json") as e:
            look()
        assert e.value.hint == "restore it from a backup; the bars in force do not need it"


def test_old_versions_go_and_what_a_pin_needs_stays(store: Store) -> None:
    for count, price in ((10, 1.0), (11, 1.0), (11, 2.0), (12, 2.0), (12, 3.0), (13, 3.0)):
        commit(store, AAPL, bars_at(DAYS[:count], price))
    commit(store, MSFT, bars_at(DAYS[:5]))
    with changing_pins(store.home, timeout_s=1) as pins:
        pins["paper"] = Pin("paper", AT, (PinnedVersion(AAPL, 1, "xxh3:0"),))
    older(store.home / "versions", days=91)

    store.sweep(Retention())

    assert len(read(store, 1)) == 10
    assert set(read(store, 1)["open"]) == {1.0}
    with pytest.raises(VersionNotFound):
        read(store, 4)
    assert set(read(store, 5)["open"]) == {3.0}
    assert len(store.snapshot(MSFT).bars()) == 5

    with changing_pins(store.home, timeout_s=1) as pins:
        del pins["paper"]
    store.sweep(Retention())
    with pytest.raises(VersionNotFound, match="nearest is 5"):
        read(store, 1)
    assert [path.suffix for path in versions_of(store).iterdir()] == [".json"]
    assert read_pins(store.home) == {}


def test_who_reads_a_version_when_it_is_dropped_reads_on(store: Store) -> None:
    for price in (1.0, 2.0):
        commit(store, AAPL, bars_at(DAYS[:10], price))
    opened = store.version(AAPL, 1)

    store.sweep(Retention(None, 1))

    assert [*versions_of(store).glob("*.parquet")] == []
    assert set(opened.bars()["open"]) == {1.0}


def test_a_version_that_is_dropped_while_it_is_looked_for_is_not_there(store: Store) -> None:
    class Dropped(Versions):
        """Of which another process drops what is old, in the middle of a look."""

        def before(self, number: int) -> Manifest | None:
            store.sweep(Retention(None, 1))
            return super().before(number)

    for count, price in ((10, 1.0), (11, 1.0), (11, 2.0)):
        commit(store, AAPL, bars_at(DAYS[:count], price))
    versions = Dropped(DatasetFolder(store.home, AAPL))
    assert versions.numbers == (1, 2, 3)

    with pytest.raises(VersionNotFound, match="version 1 of equities/daily/AAPL is not there"):
        read_version(versions, 1)


def test_a_manifest_that_moves_while_the_folders_are_looked_at_is_not_missed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day would be answered with the version before its own."""
    for count in (10, 11, 12):
        commit(store, AAPL, bars_at(DAYS[:count]))
    look, looks = disk.names_in, list[object]()

    def look_and_commit(folder: Path | str) -> list[str]:
        names = look(folder)
        looks.append(folder)
        if len(looks) == 1:
            commit(Store(store.home), AAPL, bars_at(DAYS[:13]))
        return names

    monkeypatch.setattr(disk, "names_in", look_and_commit)
    assert {*store.versions(AAPL).numbers} >= {1, 2, 3}
    assert len(looks) > 2


@pytest.mark.parametrize(
    ("retention", "first"), [(Retention(None, 3), 98), (Retention(None, None), 1)]
)
def test_the_last_versions_stay(store: Store, retention: Retention, first: int) -> None:
    for count in range(1, 101):
        commit(store, AAPL, bars_at(DAYS[:count], float(count)))

    store.sweep(retention)

    assert store.versions(AAPL).numbers == tuple(range(first, 101))
    for number in range(first, 101):
        assert set(read(store, number)["open"]) == {float(number)}


def test_what_a_later_program_cannot_know_is_not_taken_for_unchanged(store: Store) -> None:
    """A chunk that has no hash of its rows is kept when it is replaced."""
    commit(store, AAPL, bars_at(DAYS[:10]))
    folder = store.home / "state/equities/daily/AAPL"
    snapshot = store.snapshot(AAPL)
    old = replace(
        snapshot.manifest,
        chunks=tuple(replace(each, content="") for each in snapshot.manifest.chunks),
    )
    (folder / "m.00000001.json").write_bytes(encode_manifest(old))
    commit(store, AAPL, bars_at(DAYS[:11]))

    assert len([*versions_of(store).glob("00000002.*.parquet")]) == 1
    assert len(read(store, 1)) == 10
