import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml4t_nb.model import DatasetId
from ml4t_nb.records import Summary
from ml4t_nb.storage.catalogue import Catalogue
from ml4t_nb.storage.dataset_folder import CommittedState, DatasetFolder
from ml4t_nb.storage.store import Store
from tests.storage.builders import AAPL, append, commit, daily


def named(looked_at: list[str]) -> list[str]:
    """Names of the manifests and chunks among what was looked at."""
    return [Path(path).name for path in looked_at if path.endswith((".json", ".parquet"))]


SYMBOLS = [f"S{number}" for number in range(40)]


@pytest.fixture
def many(store: Store) -> Store:
    for number, symbol in enumerate(SYMBOLS):
        bars = daily("2024-01-01", f"2024-01-{number % 20 + 2:02}")
        commit(store, DatasetId("equities", "daily", symbol), bars)
    store.flush()
    return store


@pytest.fixture
def truth(many: Store) -> tuple[Summary, ...]:
    """What the manifests say, read without a catalogue."""
    (many.home / "catalogue.db").unlink()
    rows = many.summaries()
    assert len(rows) == 40
    return rows


def test_no_manifest_is_opened_that_has_not_changed(many: Store, looked_at: list[str]) -> None:
    fresh = Store(many.home)

    assert len(fresh.summaries()) == 40
    assert len(fresh.datasets()) == 40

    assert named(looked_at) == []


def test_a_manifest_that_changed_behind_the_catalogue_is_opened_alone(
    many: Store, looked_at: list[str]
) -> None:
    catalogue = many.home / "catalogue.db"
    shutil.copy(catalogue, many.home / "kept")
    append(many, DatasetId("equities", "daily", "S7"), daily("2024-02-01", "2024-02-02"))
    many.flush()
    shutil.move(many.home / "kept", catalogue)
    looked_at.clear()

    rows = {row.dataset.symbol: row.rows for row in Store(many.home).summaries()}

    assert rows["S7"] == 9
    assert named(looked_at) == ["m.00000002.json"]
    looked_at.clear()
    assert len(many.summaries()) == 40
    assert named(looked_at) == []


def test_commits_reach_the_catalogue_together(many: Store, looked_at: list[str]) -> None:
    for symbol in ("S1", "S2"):
        append(many, DatasetId("equities", "daily", symbol), daily("2024-02-01", "2024-02-02"))
    shutil.copy(many.home / "catalogue.db", many.home / "kept")
    looked_at.clear()

    many.flush()

    assert {row.rows for row in Store(many.home).summaries() if row.dataset.symbol == "S1"} == {5}
    assert named(looked_at) == []
    shutil.move(many.home / "kept", many.home / "catalogue.db")
    assert {row.rows for row in Store(many.home).summaries() if row.dataset.symbol == "S2"} == {6}
    assert named(looked_at) == ["m.00000002.json", "m.00000002.json"]


def test_a_commit_followed_by_another_writers_is_read_again(many: Store) -> None:
    append(many, DatasetId("equities", "daily", "S1"), daily("2024-02-01", "2024-02-02"))
    append(
        Store(many.home), DatasetId("equities", "daily", "S1"), daily("2024-02-05", "2024-02-05")
    )

    many.flush()

    assert [row.rows for row in many.summaries() if row.dataset.symbol == "S1"] == [6]


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
def test_no_note_is_lost_while_others_are_written(many: Store) -> None:
    entry = next(iter(Catalogue(many.home / "catalogue.db").read().values()))
    places = [f"equities/daily/N{number}" for number in range(4000)]
    fresh = Catalogue(many.home / "noted.db")

    def note(own: list[str]) -> None:
        for place in own:
            fresh.note(place, entry)

    with ThreadPoolExecutor(4) as pool:
        noting = [pool.submit(note, places[first::3]) for first in range(3)]
        while not all(each.done() for each in noting):
            fresh.flush()
    [each.result() for each in noting]

    assert fresh.read().keys() == set(places)


def test_a_chunks_size_is_compared_without_opening_it(many: Store, looked_at: list[str]) -> None:
    (path,) = (many.home / "data/equities/daily/S3").iterdir()
    os.truncate(path, path.stat().st_size - 1)
    looked_at.clear()

    damaged = [row for row in many.summaries() if row.damage]

    assert [row.dataset.symbol for row in damaged] == ["S3"]
    assert named(looked_at) == []


def test_a_deleted_catalogue_is_made_again(many: Store, truth: tuple[Summary, ...]) -> None:
    assert (many.home / "catalogue.db").exists()
    assert many.summaries() == truth


def older_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 99")


def other_columns(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DROP TABLE entries")
        file.execute("CREATE TABLE entries (place TEXT)")


def no_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DROP TABLE entries")


def altered_rows(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE entries SET content = replace(content, '\"rows\": ', '\"rows\": 9')")


def swapped_rows(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE entries SET place = place || 'X'")


def nonsense(path: Path) -> None:
    path.write_bytes(b"nonsense" * 1000)


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize(
    "spoil",
    [
        older_version,
        other_columns,
        no_table,
        altered_rows,
        swapped_rows,
        nonsense,
        truncated,
        emptied,
    ],
)
def test_a_damaged_catalogue_is_made_again(
    many: Store, truth: tuple[Summary, ...], spoil: object, looked_at: list[str]
) -> None:
    spoil(many.home / "catalogue.db")  # type: ignore[operator]  # one of the functions above

    assert many.summaries() == truth
    looked_at.clear()
    assert many.summaries() == truth
    assert named(looked_at) == []


def test_flipped_bytes_of_the_catalogue_never_give_wrong_rows(
    many: Store, truth: tuple[Summary, ...]
) -> None:
    path = many.home / "catalogue.db"
    content = path.read_bytes()
    for place in range(0, len(content), len(content) // 60):
        altered = bytearray(content)
        altered[place] ^= 0x10
        path.write_bytes(altered)
        assert many.summaries() == truth


def test_a_catalogue_that_cannot_be_written_is_done_without(many: Store) -> None:
    path = many.home / "catalogue.db"
    path.unlink()
    path.mkdir()

    append(many, DatasetId("equities", "daily", "S0"), daily("2024-02-01", "2024-02-02"))

    assert many.summaries()[0].rows == 4
    assert len(many.datasets()) == 40


@pytest.mark.parametrize("version", [0, 7])
def test_another_programs_database_of_that_name_is_left_alone(
    many: Store, truth: tuple[Summary, ...], version: int
) -> None:
    path = many.home / "catalogue.db"
    path.unlink()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE photographs (name TEXT)")
        file.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()

    assert many.summaries() == truth
    assert path.read_bytes() == before


def test_a_locked_catalogue_is_not_used(many: Store, truth: tuple[Summary, ...]) -> None:
    with closing(sqlite3.connect(many.home / "catalogue.db", isolation_level=None)) as file:
        file.execute("BEGIN EXCLUSIVE")

        assert many.summaries() == truth


def test_a_dataset_that_left_is_forgotten(many: Store) -> None:
    shutil.rmtree(many.home / "state/equities/daily/S5")
    shutil.rmtree(many.home / "data/equities/daily/S5")

    assert len(many.summaries()) == 39
    with closing(sqlite3.connect(many.home / "catalogue.db")) as file:
        (count,) = file.execute("SELECT count(*) FROM entries").fetchone()
    assert count == 39


def test_a_folder_without_a_manifest_is_not_a_dataset(store: Store) -> None:
    with store.transaction(AAPL):
        pass
    (store.home / "state/equities/daily/lost+found").mkdir()
    (store.home / "state/equities/daily/file").write_text("")

    assert store.datasets() == ()
    assert store.summaries() == ()
    assert len(commit(store, AAPL, daily("2024-01-01", "2024-01-05")).chunks) == 1
    assert store.datasets() == (AAPL,)


def test_a_listing_before_the_first_commit_hides_none_of_those_that_follow(store: Store) -> None:
    with store.transaction(AAPL):
        assert store.summaries() == ()

    killed = Store(store.home)  # it never settles
    commit(killed, AAPL, daily("2024-01-01", "2024-01-05"))
    commit(killed, AAPL, daily("2024-01-01", "2024-01-08"))

    assert [row.rows for row in store.summaries()] == [6]
    assert store.datasets() == (AAPL,)


def laid_over(source: Path, target: Path) -> None:
    """As a backup, or the store of another machine, is copied back by hand."""
    state, probe = target / "state/equities/daily/AAPL", target.with_name("probe")
    probe.touch()
    # No hand is as quick as the clock of an older system ticks.
    while probe.stat().st_ctime_ns <= state.stat().st_ctime_ns:
        probe.touch()
    for part in ("data", "state"):
        shutil.copytree(source / part, target / part, dirs_exist_ok=True)


@pytest.fixture
def further(store: Store, tmp_path: Path) -> Path:
    """A store of one dataset with five bars; this one has a copy that is three commits further."""
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    shutil.copytree(store.home, tmp_path / "further")
    for last in ("08", "09", "10"):
        commit(Store(tmp_path / "further"), AAPL, daily("2024-01-01", f"2024-01-{last}"))
    return tmp_path / "further"


def test_a_copy_that_is_further_is_listed_when_it_was_laid_over_the_store(
    store: Store, further: Path
) -> None:
    assert [row.rows for row in store.summaries()] == [5]

    laid_over(further, store.home)

    assert store.snapshot(AAPL).manifest.rows == 8
    assert [row.rows for row in store.summaries()] == [8]


def test_a_dataset_that_was_removed_and_comes_back_with_a_copy_is_listed(
    store: Store, further: Path
) -> None:
    with store.transaction(AAPL) as tx:
        tx.remove()
    assert store.summaries() == ()

    laid_over(further, store.home)

    assert store.snapshot(AAPL).manifest.rows == 8
    assert store.datasets() == (AAPL,)
    assert [row.rows for row in store.summaries()] == [8]


def test_a_backup_laid_over_what_was_loaded_afterwards_is_listed(
    store: Store, further: Path
) -> None:
    for part in ("data", "state", "trash"):
        shutil.rmtree(store.home / part, ignore_errors=True)
    commit(store, AAPL, daily("2024-01-01", "2024-01-02"))
    assert [row.rows for row in store.summaries()] == [2]

    laid_over(further, store.home)

    assert store.snapshot(AAPL).manifest.rows == 8
    assert [row.rows for row in store.summaries()] == [8]


def test_a_dataset_replaced_by_hand_while_its_manifest_is_read_is_read_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    others = Store(store.home.with_name("others"))
    commit(others, AAPL, daily("2024-01-01", "2024-01-09"))
    newest = DatasetFolder.newest

    def replaced(folder: DatasetFolder, seen: int | None = None) -> CommittedState:
        """As the listing has read the manifest, others are put in the place of the dataset."""
        state = newest(folder, seen)
        laid_over(others.home, store.home)
        return state

    with monkeypatch.context() as patch:
        patch.setattr(DatasetFolder, "newest", replaced)
        assert [row.rows for row in Store(store.home).summaries()] == [5]

    assert [row.rows for row in Store(store.home).summaries()] == [7]


def test_a_row_that_a_newer_program_wrote_is_not_known_here(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    store.flush()
    catalogue = Catalogue(store.home / "catalogue.db")
    ((place, entry),) = catalogue.read().items()
    bond: Any = ("bonds", "daily", "AAPL")
    catalogue.write({place: replace(entry, dataset=DatasetId(*bond))})

    assert [row.rows for row in Store(store.home).summaries()] == [5]


def test_a_dataset_that_leaves_between_the_listing_and_the_look_at_the_chunks_is_not_listed(
    store: Store,
) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    (listed,) = store._stored()
    shutil.rmtree(store.home / "state/equities/daily/AAPL")
    shutil.rmtree(store.home / "data/equities/daily/AAPL")

    assert store._checked(*listed) is None


def test_a_commit_between_the_listing_and_the_look_at_the_chunks_is_no_damage(
    store: Store,
) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    (listed,) = store._stored()

    commit(store, AAPL, daily("2024-01-01", "2024-01-10", 20.0))
    commit(store, AAPL, daily("2024-01-01", "2024-01-09", 30.0))
    seen = store._checked(*listed)

    assert seen is not None
    assert (seen.damage, seen.rows) == ("", 7)
    with store.transaction(AAPL) as tx:
        tx.remove()
    assert store._checked(*listed) is None
