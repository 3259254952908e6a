"""``ml4t-data watch`` as a process: it waits for what is due, and a signal ends it with 0."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ml4t_nb
from tests.cli.gated.installed import install_gated

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")

# Monday the 15th was a holiday; on the 16th the exchange closes at 21:00 UTC.
BEFORE_THE_CLOSE, WEEKEND = "2024-01-16T20:59:59Z", "2024-01-14T12:00Z"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the test's own, and the gated provider installed."""
    monkeypatch.setenv("ML4T_DATA_HOME", str(tmp_path / "home"))
    places = [str(install_gated(tmp_path / "site")), *filter(None, [os.getenv("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    return tmp_path / "home"


def load(symbol: str, provider: str = "synthetic") -> None:
    """In another process: what it loads of the gated provider is never stuck."""
    script = (
        "import ml4t_gated, ml4t_nb; ml4t_gated.step = lambda symbol: None; "
        f"ml4t_nb.load({symbol!r}, provider={provider!r}, start='2024-01-02', "
        "as_of='2024-01-13T21:00Z')"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def watched(
    words: str, until: str, number: int = signal.SIGTERM, **settings: str
) -> subprocess.CompletedProcess[str]:
    """What it prints, on either stream, until a line of it is that and the signal is sent."""
    with subprocess.Popen(
        [sys.executable, "-m", "ml4t_nb", "watch", *words.split()],
        env={**os.environ, "PYTHONUNBUFFERED": "1", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        heard = []
        for line in process.stdout:
            heard.append(line)
            if re.search(until, line):
                break
        process.send_signal(number)
        more, _ = process.communicate()
    return subprocess.CompletedProcess(words, process.returncode, "".join(heard) + more)


def refused(words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What it prints if it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "ml4t_nb", "watch", *words.split()],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_waits_until_something_is_due_updates_that_and_ends_well(number: int) -> None:
    load("DEMO")
    load("WAITS")
    ml4t_nb.end("WAITS", as_of="2024-01-14")

    done = watched(f"--as-of {BEFORE_THE_CLOSE}", r"\+1 +10 ", number)

    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith(
        "none of 2 datasets is due, the next is on 2024-01-16 21:00 UTC\n"
    )
    assert len(ml4t_nb.bars("DEMO")) == 10
    assert "Traceback" not in done.stdout
    assert "WAITS" not in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_waits_ends_it_at_once(number: int) -> None:
    load("DEMO")

    done = watched(f"--as-of {WEEKEND}", "none of 1 dataset is due", number)

    assert (done.returncode, done.stdout.count("\n")) == (0, 1)


def test_where_universes_are_declared_it_loads_what_is_missing_too(home: Path) -> None:
    load("DEMO")
    (home / "ml4t.toml").write_text(
        '[[universe]]\nname = "core"\nsymbols = ["DEMO", "NEW"]\nprovider = "synthetic"\n'
        "start = 2024-01-02\n"
    )

    done = watched(f"--as-of {BEFORE_THE_CLOSE}", r"DEMO .*\+1 +10 ")
    updated = watched(f"-f daily --as-of {WEEKEND}", "none of 2 datasets is due")

    assert (done.returncode, updated.returncode) == (0, 0)
    assert re.search(r"equities/daily/NEW +load .*\+9 ", done.stdout)
    assert len(ml4t_nb.bars("NEW")) == 10


def test_a_signal_during_a_request_ends_it_without_waiting_and_loses_nothing() -> None:
    load("A", "gated")
    load("STUCK", "gated")

    # The gated provider's bars are final half an hour after the close.
    done = watched("--workers 1 --as-of 2024-01-16T21:30:00Z", "asked for STUCK")

    assert done.returncode == 0, done.stdout
    assert "answered at last" not in done.stdout
    assert "stopped, interrupted" in done.stdout
    assert len(ml4t_nb.bars("A")) == 10
    assert len(ml4t_nb.bars("STUCK")) == 9
    # No lock is held, and what was not reached is due still.
    script = (
        "import ml4t_gated, ml4t_nb; ml4t_gated.step = lambda symbol: None; "
        "print([each.dataset.symbol for each in "
        "ml4t_nb.update(due=True, as_of='2024-01-16T21:31Z')])"
    )
    again = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert again.stdout == "['STUCK']\n"


def test_a_store_without_a_dataset_is_waited_for_only_if_that_is_allowed(home: Path) -> None:
    home.mkdir()

    done = watched(f"--allow-empty --as-of {WEEKEND}", "nothing is stored yet")
    empty = refused(f"--as-of {WEEKEND}")

    assert done.returncode == 0
    assert (empty.returncode, empty.stdout, empty.stderr.count("\n")) == (1, "", 1)
    assert "update found no dataset in" in empty.stderr


def test_a_store_that_is_not_there_ends_it_with_an_error() -> None:
    done = refused("-q")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "there is no store at" in done.stderr


def test_when_quiet_it_says_what_failed_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ML4T_DATA_FILES", str(tmp_path))
    file = tmp_path / "GONE.csv"
    file.write_text("Date,Open,High,Low,Close,Volume\n2024-01-12,1,1,1,1,1\n", encoding="utf-8")
    load("GONE", "files")
    load("DEMO")
    file.unlink()

    done = watched("-q --as-of 2024-01-16T21:30:00Z", "equities/daily/GONE: ")

    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert len(ml4t_nb.bars("DEMO")) == 10


def test_it_begins_at_an_instant() -> None:
    done = refused("--as-of 2024-01-16")
    by_setting = refused("", ML4T_DATA_AS_OF="2024-01-16")

    assert done.returncode == by_setting.returncode == 2
    assert "watch begins at an instant" in done.stderr
