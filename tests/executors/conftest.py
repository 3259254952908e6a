"""Fixtures for runs whose works are done elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import sleep

import pytest

from tests.cli.gated.installed import install_gated


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for stores, with the gated provider installed, here and for processes."""
    site = str(install_gated(tmp_path / "site"))
    monkeypatch.syspath_prepend(site)
    places = [site, *filter(None, [os.getenv("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    monkeypatch.setenv("GATED_FOLDER", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(folder: Path) -> Callable[[str], int]:
    """Gives the process that is asked for a symbol and held, once it is."""

    def of(symbol: str) -> int:
        while not (sign := folder / symbol).is_file() or not sign.read_text():
            sleep(0.02)
        return int(sign.read_text())

    return of
