"""Ctrl-C while a provider does not answer: the command ends before the answer would have come."""

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
from tests.replay import Fault, Replay
from tests.replay.faults import FaultKind

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")

GATED = "-p gated --start 2024-01-02 --as-of 2024-06-28"
YAHOO = "-p yahoo --start 2012-01-03 --as-of 2013-03-01"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the test's own, and the gated provider installed."""
    monkeypatch.setenv("ML4T_DATA_HOME", str(tmp_path / "home"))
    places = [str(install_gated(tmp_path / "site")), *filter(None, [os.getenv("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    return tmp_path / "home"


def interrupted(*words: str, once: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """What Python does with the words, with Ctrl-C once its log has had all of these lines."""
    with subprocess.Popen(
        [sys.executable, *words],
        env={**os.environ, "ML4T_DATA_LOG_LEVEL": "DEBUG"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        heard, awaited = [], set(once)
        for line in process.stderr:
            heard.append(line)
            awaited = {each for each in awaited if not re.search(each, line)}
            if not awaited:
                break
        process.send_signal(signal.SIGINT)
        said, more = process.communicate()
    return subprocess.CompletedProcess(words, process.returncode, said, "".join(heard) + more)


def command(line: str, *once: str) -> subprocess.CompletedProcess[str]:
    """A command that is interrupted."""
    return interrupted("-m", "ml4t_nb", *line.split(), once=once)


def told(done: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    """How many became what, and who was not reached, of a load that says it was interrupted."""
    headline, about, *_, left, step = done.stdout.splitlines()
    assert "stopped, interrupted" in about.split(" · ")
    assert step == "   → run it again to continue"
    return headline, left


def asking(symbol: str) -> str:
    return f"FetchStarted.*symbol='{symbol}'"


def committed(symbol: str) -> str:
    return f"Committed.*symbol='{symbol}'"


def test_a_provider_that_blocks_is_not_waited_for() -> None:
    done = command(f"load A B STUCK1 C STUCK2 {GATED}", asking("STUCK1"), asking("STUCK2"))

    assert done.returncode == 130
    # It sleeps for a minute in a call that hears of no signal.
    assert "answered at last" not in done.stderr
    headline, left = told(done)
    assert re.fullmatch(r"5 datasets: (\d loaded, )?\d not reached", headline), headline
    assert sum(map(int, re.findall(r"(\d) (?:loaded|not)", headline))) == 5
    assert re.fullmatch(r"not reached: .*STUCK1, STUCK2", left), left
    assert "Traceback" not in done.stderr


def test_what_is_committed_is_kept_and_nothing_is_left_half_done(home: Path) -> None:
    done = command(f"load A STUCK {GATED}", committed("A"), asking("STUCK"))

    assert done.returncode == 130
    assert told(done) == ("2 datasets: 1 loaded, 1 not reached", "not reached: STUCK")
    assert len(ml4t_nb.bars("A")) == 124
    assert list(home.rglob("*STUCK*")) == []
    # No lock is held: another run writes.
    subprocess.run([sys.executable, "-m", "ml4t_nb", "update", "--as-of", "2024-07-05"], check=True)
    assert len(ml4t_nb.bars("A")) > 124


@pytest.mark.parametrize(
    "line", ["compare STUCK --with gated", "reconcile STUCK --take different --with gated"]
)
def test_a_single_question_is_not_waited_for_either(line: str) -> None:
    ml4t_nb.load("STUCK", provider="synthetic", start="2024-01-02", as_of="2024-06-28")
    dates = " --start 2024-02-01" if line.startswith("reconcile") else ""

    done = command(f"{line}{dates} --as-of 2024-06-28", asking("STUCK"))

    assert done.returncode == 130
    assert "answered at last" not in done.stderr
    assert "interrupted" in done.stderr


@pytest.mark.parametrize(("kind", "seconds"), [("hang", 600.0), ("drip", 1.0)])
def test_a_server_that_does_not_come_to_an_end_is_not_waited_for(
    replay: Replay, kind: FaultKind, seconds: float
) -> None:
    chart = r"/v8/finance/chart/AAPL.*period1"
    replay.faults.append(Fault(kind, match=chart, times=-1, seconds=seconds))

    # What AAPL is, its bars are to say: it is asked for them before it is known what to fetch.
    done = command(f"load AAPL IBM {YAHOO}", committed("IBM"))

    assert done.returncode == 130
    assert told(done) == ("2 datasets: 1 loaded, 1 not reached", "not reached: AAPL")
    # A reply that does not come is given up after ten seconds, and asked for again.
    assert "RetryScheduled" not in done.stderr
    assert len([each for each in replay.asked if re.search(chart, each)]) <= 1


def test_a_pause_before_the_next_attempt_ends_at_once(replay: Replay) -> None:
    replay.faults.append(Fault("status", code=429, times=-1))

    done = command(f"load AAPL {YAHOO}", "RetryScheduled")

    assert done.returncode == 130
    # It would have come after half a minute.
    assert "attempt 2\n" not in done.stderr
    assert told(done) == ("1 dataset: 1 not reached", "not reached: AAPL")


SCRIPT = """
import ml4t_nb
dates = {"start": "2024-01-02", "as_of": "2024-06-28"}
ml4t_nb.load("A", provider="gated", **dates)
try:
    ml4t_nb.load("STUCK", provider="gated", **dates)
except KeyboardInterrupt as error:
    print(error)
print(len(ml4t_nb.bars("A")))
"""


def test_a_script_that_was_interrupted_goes_on_and_ends_without_waiting() -> None:
    done = interrupted("-c", SCRIPT, once=("asked for STUCK",))

    assert done.returncode == 0, done.stderr
    assert done.stdout == "load was interrupted: 0 of 1 done\n124\n"
    assert "answered at last" not in done.stderr
