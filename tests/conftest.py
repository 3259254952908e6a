"""Fixtures for tests of any layer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from ml4t_nb.providers.yahoo.provider import YahooProvider
    from tests.replay import Replay


# Containers often forbid to keep what was compiled. Every program and kernel that a test starts
# would compile pandas and all else again, which takes longer than what is tested.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The tests of another package: they run where it is installed.
collect_ignore = ["providers/example_provider"]

_HERE = Path(__file__).parent
_FAST = {_HERE / name for name in ("core", "pipeline", "storage")}


def pytest_configure(config: pytest.Config) -> None:
    """Draw fewer examples where only fast tests are asked for."""
    if config.option.markexpr == "fast":
        settings.load_profile("fast")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import nothing but them where only fast tests are asked for: that alone takes seconds."""
    is_asked = config.option.markexpr == "fast"
    is_other = collection_path.parent == _HERE and collection_path not in _FAST
    return True if is_asked and is_other else None


@pytest.hookimpl(tryfirst=True)  # before they are chosen by their markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the units of the layers below the verbs as fast, but for those that say otherwise."""
    for item in items:
        others = any(map(item.get_closest_marker, ("slow", "network", "long")))
        if item.path.parent in _FAST and not others:
            item.add_marker("fast")


# A correctness test has no time limit: machines are as slow as they are busy.
settings.register_profile("ml4t", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=25)
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
