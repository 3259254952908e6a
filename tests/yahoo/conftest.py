"""A client of the replayed market."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.replay import Listing, Replay
    from tests.yahoo.client import Client


@pytest.fixture
def client(replay: Replay, tmp_path: Path) -> Client:
    """A client with an empty store."""
    from tests.yahoo.client import Client

    return Client(replay, tmp_path / "home")


@pytest.fixture
def share(client: Client) -> Listing:
    """A share that is listed, with some months of days."""
    from tests.replay import sampled
    from tests.yahoo.client import shares

    listing = shares(sampled("IBM"), "2005-12-01", "2006-03-15")
    client.replay.add(listing)
    return listing


@pytest.fixture(scope="module")
def minutes() -> Listing:
    """A share with a month of minutes, which is not listed yet."""
    from tests.yahoo.minutes import month_of_minutes

    return month_of_minutes()
