from __future__ import annotations

from pathlib import Path

import pytest

from ml4t_nb.storage.store import Store
from tests.pipeline.runner import Runner
from tests.pipeline.scripted import Scripted


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def runner(store: Store) -> Runner:
    return Runner(store, Scripted())
