"""A client of the replayed market."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.replay import Replay
    from tests.yahoo.client import Client


@pytest.fixture
def client(replay: Replay, tmp_path: Path) -> Client:
    """A client with an empty store."""
    from tests.yahoo.client import Client

    return Client(replay, tmp_path / "home")
