"""What a symbol is stored as is found where it would lie, and is what a look at all would find."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ml4t_nb.model import AssetClass, DatasetId, Frequency
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.store import Store
from tests.storage.builders import append, commit, daily
from tests.unprivileged import unprivileged


def removed(store: Store, dataset: DatasetId) -> None:
    with store.transaction(dataset) as tx:
        tx.remove()


def newest(store: Store, dataset: DatasetId) -> Path:
    return max(DatasetFolder(store.home, dataset).state.glob("m.*.json"))


def damaged(store: Store, dataset: DatasetId) -> None:
    content = newest(store, dataset).read_bytes()
    newest(store, dataset).write_bytes(content[:-40] + b"#" + content[-39:])


def cut_short(store: Store, dataset: DatasetId) -> None:
    newest(store, dataset).write_bytes(b'{"version":4')


def mark_damaged(store: Store, dataset: DatasetId) -> None:
    removed(store, dataset)
    newest(store, dataset).write_bytes(newest(store, dataset).read_bytes().replace(b"4", b"5", 1))


def manifests_deleted(store: Store, dataset: DatasetId) -> None:
    for path in DatasetFolder(store.home, dataset).state.glob("m.*.json"):
        path.unlink()


def manifests_deleted_after_two_commits(store: Store, dataset: DatasetId) -> None:
    append(store, dataset, daily("2024-02-01", "2024-02-02"))
    manifests_deleted(store, dataset)


def state_deleted(store: Store, dataset: DatasetId) -> None:
    shutil.rmtree(DatasetFolder(store.home, dataset).state)


def data_deleted(store: Store, dataset: DatasetId) -> None:
    shutil.rmtree(DatasetFolder(store.home, dataset).data)


def disk_missing(store: Store, dataset: DatasetId) -> None:
    shutil.rmtree(DatasetFolder(store.home, dataset).data.parent)


def all_deleted_but_a_lock(store: Store, dataset: DatasetId) -> None:
    removed(store, dataset)
    manifests_deleted(store, dataset)


def loaded_again(store: Store, dataset: DatasetId) -> None:
    removed(store, dataset)
    commit(store, dataset, daily("2024-01-01", "2024-01-05"))


def as_it_is(store: Store, dataset: DatasetId) -> None:
    """Nothing happens to it."""


EVENTS: tuple[tuple[Callable[[Store, DatasetId], None], bool], ...] = (
    (as_it_is, True),
    (loaded_again, True),
    (damaged, True),
    (cut_short, True),
    (manifests_deleted_after_two_commits, True),
    (state_deleted, True),
    (disk_missing, True),
    (removed, False),
    (mark_damaged, False),  # there are no data either
    (data_deleted, False),
    (all_deleted_but_a_lock, False),
)


@pytest.mark.parametrize(("happens", "is_stored"), EVENTS)
def test_what_a_symbol_is_stored_as_is_what_a_look_at_all_finds(
    store: Store, *, happens: Callable[[Store, DatasetId], None], is_stored: bool
) -> None:
    symbol = "btc/usd"
    hourly, coin = DatasetId("equities", "hourly", symbol), DatasetId("crypto", "daily", symbol)
    for each in (hourly, coin):
        commit(store, each, daily("2024-01-01", "2024-01-05"))

    happens(store, coin)

    assert store.stored_as(symbol) == ((coin, hourly) if is_stored else (hourly,))
    assert store.stored_as(symbol) == Store(store.home).datasets()
    assert store.stored_as(symbol, "crypto") == ((coin,) if is_stored else ())


@pytest.mark.parametrize("has_catalogue", [True, False])
def test_bars_whose_only_manifest_was_deleted_count_as_the_catalogue_remembers_them(
    store: Store, *, has_catalogue: bool
) -> None:
    """A lock and files of a first commit alone may be those of a load that was killed."""
    coin = DatasetId("crypto", "daily", "BTC-USD")
    commit(store, coin, daily("2024-01-01", "2024-01-05"))
    store.flush()
    manifests_deleted(store, coin)
    if not has_catalogue:
        (store.home / "catalogue.db").unlink()

    fresh = Store(store.home)
    assert fresh.stored_as("BTC-USD") == ((coin,) if has_catalogue else ())
    assert Store(store.home).datasets() == ((coin,) if has_catalogue else ())


def test_class_and_frequency_narrow_what_a_symbol_means(store: Store) -> None:
    kinds: list[tuple[AssetClass, Frequency]] = [
        ("crypto", "1m"),
        ("crypto", "daily"),
        ("equities", "daily"),
    ]
    all_ = tuple(DatasetId(*kind, "A") for kind in kinds)
    for each in all_:
        commit(store, each, daily("2024-01-01", "2024-01-05"))

    assert store.stored_as("A") == all_
    assert store.stored_as("A", "crypto") == all_[:2]
    assert store.stored_as("A", frequency="daily") == all_[1:]
    assert store.stored_as("A", "fx", "daily") == ()
    assert store.stored_by_symbol(["B", "A"], "crypto", "1m") == {"B": (), "A": all_[:1]}


@pytest.mark.parametrize("symbol", ["", "..", "A\nB", "A" * 201, "a", "(A)"])
def test_a_symbol_that_none_has_is_not_stored(store: Store, symbol: str) -> None:
    commit(store, DatasetId("equities", "daily", "A"), daily("2024-01-01", "2024-01-05"))

    assert store.stored_as(symbol) == ()


def test_only_the_folders_of_the_symbol_are_looked_into(store: Store, looked_at: list[str]) -> None:
    for symbol in ("AAPL", "MSFT"):
        commit(store, DatasetId("equities", "daily", symbol), daily("2024-01-01", "2024-01-05"))
    looked_at.clear()

    (found,) = store.stored_as("AAPL")
    (row,) = store.summaries([found])

    assert row.dataset == found
    assert any("/AAPL" in each for each in looked_at)
    assert not [each for each in looked_at if "MSFT" in each]
    groups = {f"{store.home}/{part}/equities/daily" for part in ("state", "data")}
    assert not groups & {*looked_at}


@pytest.mark.skipif(os.name != "posix", reason="permissions of users are POSIX")
def test_a_dataset_that_may_not_be_read_counts_as_stored(open_folder: Path) -> None:
    store, coin = Store(open_folder), DatasetId("crypto", "daily", "BTC-USD")
    commit(store, coin, daily("2024-01-01", "2024-01-05"))
    state = DatasetFolder(store.home, coin).state
    state.chmod(0)
    try:
        with unprivileged():
            assert store.stored_as("BTC-USD") == (coin,)
    finally:
        state.chmod(0o755)
