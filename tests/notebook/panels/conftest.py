"""A slow provider, and jobs that no test leaves running."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from threading import Semaphore

import pytest

from ml4t_nb.execution.jobs import JOBS
from tests.cli.gated.installed import install_gated


class Gate:
    """Lets requests of the gated provider through, one by one."""

    def __init__(self) -> None:
        self._open = Semaphore(0)
        self._waiting = Semaphore(0)

    def __call__(self, symbol: str) -> None:
        """Wait, as a request for ``symbol`` does."""
        if symbol.startswith("SLOW"):
            self._waiting.release()
            assert self._open.acquire(timeout=120)

    def let(self, number: int) -> None:
        """Let so many requests through."""
        self._open.release(number)

    def wait(self) -> None:
        """Until one more request waits."""
        assert self._waiting.acquire(timeout=120)


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """The provider ``gated``, installed; its slow symbols wait for the test."""
    monkeypatch.syspath_prepend(str(install_gated(tmp_path / "site")))
    monkeypatch.delitem(sys.modules, "ml4t_gated", raising=False)
    gate = Gate()
    monkeypatch.setattr(import_module("ml4t_gated"), "step", gate)
    yield gate
    gate.let(10_000)


@pytest.fixture(autouse=True)
def _no_job_left() -> Iterator[None]:
    """Every job of the test has ended when the test has."""
    yield
    for job in JOBS:
        job.cancel()
        assert job.join(120)
