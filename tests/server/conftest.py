"""One server for all tests that only ask it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml4t_nb.cli import main
from tests.cli.gated.installed import install_gated
from tests.server.client import Client, Running, environment, serving

AS_OF = "2024-01-20"


def loaded(home: Path) -> Path:
    """A store with a synthetic symbol, and a real one with a split; beside it a slow provider."""
    install_gated(home.parent / "site")
    synthetic = ("load", "DEMO", "-p", "synthetic", "--start", "2024-01-02", "--as-of", AS_OF)
    real = ("load", "AAPL", "-p", "sample", "--start", "2004-01-02", "--as-of", "2005-02-25")
    for words in (synthetic, real):
        assert main([*words, "-q", "--home", str(home)]) == 0
    return home


def shell(home: Path, *words: str) -> str:
    """What the shell prints of the same store, as of the same time."""
    command = [sys.executable, "-m", "ml4t_nb", *words]
    own = environment(home, ML4T_DATA_AS_OF=AS_OF)
    return subprocess.run(command, env=own, check=False, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loaded(tmp_path_factory.mktemp("served") / "store")


@pytest.fixture(scope="session")
def running(home: Path) -> Iterator[Running]:
    with serving(home, "--as-of", AS_OF) as server:
        yield server


@pytest.fixture
def client(running: Running) -> Client:
    return running.client
