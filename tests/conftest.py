"""Fixtures for tests of any layer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from ml4t_nb.providers.yahoo.provider import YahooProvider
    from tests.replay import Replay


# The tests of another package: they run where it is installed.
collect_ignore = ["providers/example_provider"]

# A correctness test has no time limit: machines are as slow as they are busy.
settings.register_profile("ml4t", deadline=None)
settings.load_profile("ml4t")


@pytest.fixture(scope="session")
def running_replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    """All of yahoo.com, on the loopback, for the rest of the session."""
    from tests.replay import Replay, index_of_minutes, sampled

    listings = [sampled("AAPL"), sampled("IBM"), sampled("FB"), index_of_minutes()]
    folder = tmp_path_factory.mktemp("replay")
    with Replay(listings, folder) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environ.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture
def replay(running_replay: Replay) -> Iterator[Replay]:
    """Yahoo as of the evening of 2013-03-01, without a fault."""
    running_replay.forget()
    yield running_replay
    running_replay.forget()


@pytest.fixture
def yahoo(replay: Replay, tmp_path: Path) -> YahooProvider:
    """The provider, that talks to the replay and need not wait between requests."""
    from ml4t_nb.providers.yahoo.provider import YahooProvider
    from ml4t_nb.settings import Settings

    del replay
    settings = Settings(home=tmp_path, yahoo_per_minute=1_000_000)
    return YahooProvider(settings, timeout_s=1.5, deadline_s=4.0)
