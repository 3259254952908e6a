"""What a removed dataset leaves behind is gone in time, though nobody writes that dataset again."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

Run = Callable[[Workspace], object]


def update_all(ws: Workspace) -> object:
    return verbs.update(ws, as_of="2024-01-16")


def update_one(ws: Workspace) -> object:
    return verbs.update(ws, "BBB", as_of="2024-01-16")


def remove_another(ws: Workspace) -> object:
    return verbs.remove(ws, ws.store.datasets()[-1].symbol, yes=True)


def left(ws: Workspace) -> list[Path]:
    return [
        path
        for part in ("versions", "trash")
        for path in (ws.settings.home / part / "equities/daily/AAA").glob("*")
    ]


@pytest.mark.parametrize(
    ("run", "sweeps"), [(update_all, True), (update_one, False), (remove_another, True)]
)
def test_files_of_a_removed_dataset_are_swept_after_ninety_days_and_an_hour(
    tmp_path: Path,
    run: Run,
    sweeps: bool,  # noqa: FBT001  # by its name
) -> None:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="synthetic"))
    verbs.load(ws, ("AAA", "BBB", "CCC"), start="2024-01-02", as_of="2024-01-12")
    verbs.remove(ws, "AAA", yes=True)
    update_all(ws)
    kept = left(ws)
    assert [path.suffix for path in kept].count(".parquet") == 1
    for _ in range(2):
        for path in left(ws):
            os.utime(path, (path.stat().st_mtime - 91 * 86_400,) * 2)
        run(ws)

    assert left(ws) == ([] if sweeps else kept)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """AAA, BBB and CCC, each with a file long in the trash."""
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="synthetic"))
    verbs.load(ws, ("AAA", "BBB", "CCC"), start="2024-01-02", as_of="2024-01-12")
    update_all(ws)
    return ws


def aged(folder: Path) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (0, 0), follow_symlinks=False)


def trash_of(ws: Workspace, symbol: str) -> Path:
    return ws.settings.home / "trash/equities/daily" / symbol


def test_a_sweep_leaves_files_whose_names_are_not_its_own(ws: Workspace) -> None:
    folder = trash_of(ws, "BBB")
    own = {path.name for path in folder.iterdir()}
    others = {
        "thesis.docx", "bars.parquet", "2024-01-02.parquet", "m.json", "m.00000001.json.bak",
        "m.\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661.json",
    }  # fmt: skip
    for name in others:
        (folder / name).write_text("mine")
    aged(folder)

    verbs.update(ws, as_of="2024-01-17")

    left = {path.name for path in folder.iterdir()}
    assert others <= left
    assert not own & left


@pytest.mark.parametrize(
    ("level", "below"),
    [
        ("trash", "equities/daily/DDD"),
        ("trash/equities", "daily/DDD"),
        ("trash/equities/daily/DDD", "."),
    ],
)
def test_a_sweep_does_not_follow_a_link_out_of_the_store(
    ws: Workspace, tmp_path: Path, level: str, below: str
) -> None:
    outside, link = tmp_path / "outside", ws.settings.home / level
    place = outside / below
    place.mkdir(parents=True)
    victims = [place / name for name in ("portfolio.csv", "m.00000001.json")]
    for victim in victims:
        victim.write_text("mine")
    if link.exists():
        link.rename(tmp_path / "before")
    link.symlink_to(outside)
    aged(outside)

    ws.store.sweep()

    assert all(victim.exists() for victim in victims)


def test_a_sweep_leaves_folders_that_are_not_datasets(ws: Workspace) -> None:
    victims = [
        ws.settings.home / "trash" / place / "m.00000001.json"
        for place in ("my/old/papers", "equities/daily/lower", "equities/2024/AAA", "equities")
    ]
    for victim in victims:
        victim.parent.mkdir(parents=True, exist_ok=True)
        victim.write_text("mine")
        os.utime(victim, (0, 0))

    ws.store.sweep()

    assert all(victim.exists() for victim in victims)


def test_an_odd_folder_keeps_no_other_dataset_from_being_swept(ws: Workspace) -> None:
    (trash_of(ws, "AAA") / "copies").mkdir()
    (trash_of(ws, "AAA") / "m.00000099.json").mkdir()
    trash_of(ws, "AAB").write_text("a file where a folder is expected")
    for symbol in ("AAA", "BBB", "CCC"):
        aged(trash_of(ws, symbol))

    ws.store.sweep()

    assert {path.name for path in trash_of(ws, "AAA").iterdir()} == {"copies", "m.00000099.json"}
    assert not trash_of(ws, "BBB").exists()
    assert not trash_of(ws, "CCC").exists()


def test_a_commit_takes_no_others_files_out_of_a_linked_folder(
    ws: Workspace, tmp_path: Path
) -> None:
    data = ws.settings.home / "data/equities/daily/BBB"
    outside = data.rename(tmp_path / "disk")
    data.symlink_to(outside)
    other = outside / "2020-01-02.00000001.abcdef.parquet"
    other.write_bytes(b"another store's")

    verbs.update(ws, as_of="2024-01-17")

    assert other.exists()
    assert len([*outside.glob("*.parquet")]) == 2
