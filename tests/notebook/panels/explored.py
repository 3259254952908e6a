"""The gap explorer as the tests use it: its rows, its buttons, and files of the user's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.notebook.panels.gap_explorer import GapExplorer
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

__all__ = [
    "AS_OF",
    "HOLES",
    "button",
    "enabled",
    "own_files",
    "press",
    "rows",
    "stored",
    "words",
    "workspace",
]

HOLES = "ML4T_DATA_SYNTHETIC_HOLES"
AS_OF = "2024-01-31"


def workspace() -> Workspace:
    return Workspace.open(Settings.current())


def rows(panel: GapExplorer) -> list[list[str]]:
    """The list's rows, cell by cell."""
    return [row.replace("\u00a0", " ").split() for row in panel.list.options]


def stored(symbol: str = "DEMO", **more: Any) -> list[tuple[str, str, str | None]]:  # noqa: ANN401
    """First stamp, state and fill of all gaps, as the verb tells them."""
    (listed,) = verbs.gaps(workspace(), symbol, all=True, **more).datasets
    return [(f"{gap.start:%m-%d}", gap.state, gap.filled_by) for gap in listed.gaps]


def press(panel: GapExplorer, name: str) -> None:
    """Press the button of that option, and wait for its job."""
    before = panel.repairs.job
    button(panel, name).click()
    job = panel.repairs.job
    assert job is not None
    assert job is not before
    assert job.join(120)


def button(panel: GapExplorer, name: str) -> Any:  # noqa: ANN401  # ipywidgets has no types
    return panel.repairs._buttons[name]


def enabled(panel: GapExplorer) -> set[str]:
    return {name for name, each in panel.repairs._buttons.items() if not each.disabled}


def words(html: str) -> str:
    """The text of some HTML."""
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, without: tuple[str, ...] = ()
) -> Path:
    """A folder with MINE.csv: every weekday of January 2024 but its holidays."""
    folder = tmp_path / "mine"
    folder.mkdir()
    first = datetime(2024, 1, 2, tzinfo=UTC)
    days = [first + timedelta(days=at) for at in range(30)]
    held = [
        f"{each:%Y-%m-%d}"
        for each in days
        if each.weekday() < 5 and each.day != 15 and f"{each:%Y-%m-%d}" not in without
    ]
    lines = ["Date,Open,High,Low,Close,Volume", *(f"{each},10,11,9,10,100" for each in held)]
    (folder / "MINE.csv").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("ML4T_DATA_FILES", str(folder))
    return folder
