"""Fixtures for tests of providers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml4t_nb.providers.yahoo import YahooProvider
from ml4t_nb.settings import Settings
from replay import Replay


@pytest.fixture
def yahoo(replay: Replay, tmp_path: Path) -> YahooProvider:
    """Yahoo, as played back, without a wait between requests."""
    assert replay.environ
    settings = Settings(home=tmp_path, yahoo_per_minute=1_000_000)
    return YahooProvider(settings, timeout_s=1.5, deadline_s=4.0)
