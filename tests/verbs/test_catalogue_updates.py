"""A run over many datasets tells the catalogue of them all, so that the next look opens none."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import StoreNotFound
from ml4t_nb.settings import Settings
from ml4t_nb.storage.store import Store
from ml4t_nb.workspace import Workspace


def places(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "catalogue.db")) as file:
        return [place for (place,) in file.execute("SELECT place FROM entries ORDER BY place")]


def test_a_load_and_an_update_are_in_the_catalogue_when_they_return(tmp_path: Path) -> None:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="synthetic"))

    verbs.load(ws, ("AAA", "BBB"), start="2024-01-02", as_of="2024-01-12")

    assert places(ws.settings.home) == ["equities/daily/AAA", "equities/daily/BBB"]
    (ws.settings.home / "catalogue.db").unlink()
    verbs.update(ws, "AAA", as_of="2024-01-16")
    assert "equities/daily/AAA" in places(ws.settings.home)


def test_what_one_call_has_looked_at_serves_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Workspace.open(Settings(home=tmp_path / "home")) for _ in range(2))
    patient = Workspace.open(Settings(home=tmp_path / "home", lock_timeout=60))

    assert first.store is second.store
    assert first.store is not patient.store
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        store = Workspace.open(Settings(home=Path("home"))).store
        assert store.home == tmp_path / name / "home"


def test_a_backup_that_is_put_in_a_store_s_place_is_what_the_next_call_tells(
    tmp_path: Path,
) -> None:
    home, backup = tmp_path / "home", tmp_path / "backup"

    def rows() -> dict[str, int]:
        listed = verbs.list_(Workspace.open(Settings(home=home))).datasets
        fresh = Store(home).summaries()
        assert listed == fresh
        return {each.dataset.symbol: each.rows for each in listed}

    def load(symbol: str, as_of: str) -> None:
        ws = Workspace.open(Settings(home=home, provider="synthetic"))
        verbs.load(ws, symbol, start="2024-01-02", as_of=as_of)

    load("AAA", "2024-01-05")
    assert rows() == {"AAA": 4}
    shutil.copytree(home, backup)
    load("AAA", "2024-01-12")
    load("BBB", "2024-01-12")
    assert rows() == {"AAA": 9, "BBB": 9}
    shutil.rmtree(home)
    with pytest.raises(StoreNotFound):
        rows()
    backup.rename(home)

    assert rows() == {"AAA": 4}
