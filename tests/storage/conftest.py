from pathlib import Path

import pytest

from ml4t_nb.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")
