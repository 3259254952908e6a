"""A run over many datasets tells the catalogue of them all, so that the next look opens none."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ml4t_nb import verbs
from ml4t_nb.settings import Settings
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
