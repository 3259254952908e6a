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
    return verbs.remove(ws, "CCC", yes=True)


def left(ws: Workspace) -> list[Path]:
    return [*(ws.settings.home / "retired/equities/daily/AAA").glob("*")]


@pytest.mark.parametrize(
    ("run", "sweeps"), [(update_all, True), (update_one, False), (remove_another, True)]
)
def test_files_of_a_removed_dataset_are_swept_after_an_hour(
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
    for path in kept:
        os.utime(path, (path.stat().st_mtime - 3601,) * 2)

    run(ws)

    assert left(ws) == ([] if sweeps else kept)
