"""What runs without anybody looking tells a change once, and its end once: watch, sync, a job."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ml4t_nb.cli import main
from ml4t_nb.workspace import utc_now
from tests.receivers import Webhook, webhook
from tests.server.client import serving

Run = Callable[[datetime], object]
"""Whatever updates what is due at an instant, or says that nothing is."""


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture
def file(tmp_path: Path, home: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a coin that is stored up to twelve days ago, and declared; with a target."""
    file = tmp_path / "files" / "COIN.csv"
    file.parent.mkdir()
    home.mkdir()
    monkeypatch.setenv("ML4T_DATA_FILES", str(file.parent))
    (home / "ml4t.toml").write_text(
        f'[notify]\nhook = "{hook.url}"\n[[universe]]\nname = "coins"\nsymbols = ["COIN"]\n'
        'provider = "files"\nasset_class = "crypto"\n'
    )
    write(file)
    before = (utc_now() - timedelta(days=12)).date()
    assert main(["sync", "-q", "--as-of", f"{before}"]) == 0
    return file


def write(file: Path) -> None:
    """A bar of each of the last sixty days, and of the next five."""
    today = utc_now().date()
    days = [today - timedelta(days=back) for back in range(60, -6, -1)]
    rows = "".join(f"{day},10,11,9,{10 + day.day % 2 / 2},100\n" for day in days)
    file.write_text(f"date,open,high,low,close,volume\n{rows}", encoding="utf-8")


def watch(at: datetime) -> None:
    """As a service that is ended after its first run."""
    words = ["watch", "--as-of", at.isoformat()]
    with subprocess.Popen(
        [sys.executable, "-m", "ml4t_nb", *words],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        while not re.search("COIN|none of 1", line := process.stdout.readline()):
            assert line
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 0


def sync(at: datetime) -> None:
    main(["sync", "--due", "-q", "--as-of", at.isoformat()])


@pytest.fixture
def job(file: Path, home: Path) -> Iterator[Run]:
    with serving(home, ML4T_DATA_FILES=str(file.parent)) as server:
        client = server.client

        def run(at: datetime) -> None:
            answer = client.post("sync", due=True, as_of=at.isoformat())
            assert answer.status == 202, answer.body
            client.ended(answer.json)

        yield run


@pytest.mark.parametrize("how", ["watch", "sync", "job"])
def test_a_failure_is_told_once_and_its_end_once(
    how: str, file: Path, hook: Webhook, request: pytest.FixtureRequest
) -> None:
    run: Run = {"watch": watch, "sync": sync}.get(how) or request.getfixturevalue("job")
    began, step = utc_now(), timedelta(minutes=40)
    file.unlink()

    run(began)
    run(began + step)
    assert hook.titles == ["ml4t-data: COIN failed"]

    write(file)
    run(began + 4 * step)
    run(began + 5 * step)
    assert hook.titles[1:] == ["ml4t-data: COIN recovered"]


def test_a_symbol_that_is_declared_and_unknown_is_told_once_and_once_that_it_is_there(
    file: Path, home: Path, hook: Webhook
) -> None:
    settings = home / "ml4t.toml"
    settings.write_text(settings.read_text().replace('["COIN"]', '["COIN", "NEW"]'))
    began, day = utc_now(), timedelta(days=1)

    for step in range(3):
        sync(began + step * day)
    assert hook.titles == ["ml4t-data: NEW failed"]

    write(file.with_name("NEW.csv"))
    sync(began + 3 * day)
    sync(began + 4 * day)
    assert [each for each in hook.titles if "NEW" in each] == [
        "ml4t-data: NEW failed",
        "ml4t-data: NEW recovered",
    ]
