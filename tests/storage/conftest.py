"""Fixtures for tests of the store."""

from pathlib import Path

import pytest

from ml4t_nb.storage.store import Store
from tests.disk_events import looked_at
from tests.unprivileged import open_folder

__all__ = ["looked_at", "open_folder", "store"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")
