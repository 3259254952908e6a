"""Fixtures for tests of the verbs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.disk_events import looked_at
from tests.unprivileged import open_folder
from tests.verbs.fallback import Both, both_in
from tests.verbs.own_files import OwnFiles

__all__ = ["both", "looked_at", "open_folder", "own"]


@pytest.fixture
def own(tmp_path: Path) -> OwnFiles:
    """A store of a file that holds a good year of bars; nothing is written or loaded yet."""
    return OwnFiles(tmp_path)


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Both:
    """A store whose own provider fails from now on, and another that may stand in for it."""
    monkeypatch.chdir(tmp_path)
    return both_in(tmp_path)
