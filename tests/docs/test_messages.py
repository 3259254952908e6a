"""The messages that the pages cannot produce by themselves are those of the program too."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ml4t_nb.errors import StoreNotWritable
from ml4t_nb.model import DatasetId
from ml4t_nb.storage import locks
from tests.docs.pages import ROOT, blocks
from tests.replay import Fault, Replay
from tests.storage.test_many_writers import Unheeded
from tests.yahoo.client import Client, evening

PAGE = ROOT / "docs" / "troubleshooting.md"
MESSAGES = [block.text.splitlines() for block in blocks(PAGE) if block.language == "message"]


def test_a_rate_limit_is_reported_as_on_the_page(replay: Replay, tmp_path: Path) -> None:
    client = Client(replay, tmp_path / "home")
    replay.faults.append(Fault("status", match="chart/AAPL", code=429, times=-1))

    report = client.load("AAPL", at=evening(date(2013, 3, 1)), start="2013-01-02")

    error = report.results[0].record.error
    assert error is not None
    assert [error.message, error.hint] in MESSAGES
    waits = [seconds for seconds in client.waited.seconds if seconds]
    least = (30, 60, 120)
    assert all(few <= wait <= 1.25 * few for few, wait in zip(least, waits, strict=True))


def test_a_folder_without_locks_is_reported_as_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file system whose locks keep nobody out.
    monkeypatch.setattr(locks, "FileLock", Unheeded)

    with (
        pytest.raises(StoreNotWritable) as caught,
        locks.dataset_lock(tmp_path, DatasetId("equities", "daily", "AAPL"), timeout_s=1),
    ):
        pass

    assert any(
        caught.value.message.startswith(beginning) and caught.value.hint == hint
        for beginning, hint in MESSAGES
    )


def test_every_message_on_the_page_is_one_of_these() -> None:
    assert len(MESSAGES) == 2
