"""A desk at the replayed market."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.replay import Replay
    from tests.yahoo.desk import Desk


@pytest.fixture
def desk(replay: Replay, tmp_path: Path) -> Desk:
    """A desk without a bar yet."""
    from tests.yahoo.desk import Desk

    return Desk(replay, tmp_path / "home")
