"""Bad input gives one clear sentence with a next step, and nothing is changed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import ChunkCorrupt, DatasetNotFound, Interrupted, Ml4tError, OptionError
from ml4t_nb.events import Event, Finished
from ml4t_nb.model import NextStep
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

AS_OF = "2005-02-25"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    monkeypatch.setenv("ML4T_DATA_HOME", str(home))
    monkeypatch.setenv("ML4T_DATA_PROVIDER", "sample")
    monkeypatch.setenv("ML4T_DATA_AS_OF", AS_OF)
    return home


@pytest.fixture
def ws(home: Path) -> Workspace:
    return Workspace.open(replace(Settings.current(), home=home, lock_timeout=0.2))


def tree(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and not path.name.startswith("catalogue")
    }


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("lod AAPL", 2, "did you mean 'load'"),
        ("load AAPL --strat 2004-01-02", 2, "--start"),
        ("load AAPL -p sampel", 2, "did you mean 'sample'"),
        ("load AAPL -a equity", 2, "did you mean 'equities'"),
        ("load AAPL -f dayly", 2, "did you mean 'daily'"),
        ("load AAPL --chunk month", 2, "did you mean 'monthly'"),
        ("load AAPL --calendar XNYZ", 2, "unknown calendar 'XNYZ'"),
        ("update --accept", 2, "--accept requires a symbol"),
        ("update -a equities --accept", 2, "ml4t-data update -s AAPL --accept"),
        ("load APPL", 1, "AAPL"),
        ("load AAPL --start 2004-02-01 --end 2004-01-01", 2, "lies before"),
        ("load AAPL --start 2004-02-31", 2, "is not a valid date"),
        ("load AAPL --start tomorrow", 2, "is not a valid date"),
        ("load AAPL --start 2031-01-01", 2, "after the as-of"),
        ("load AAPL --as-of 2004-02-01T10:00", 2, "no time zone"),
        ("load AAPL -f 1m", 2, "sample has no 1m bars"),
        ("load BTC-USD -a crypto", 1, "sample"),
        ("load", 2, "needs a symbol"),
        ("load ''", 2, "is not a valid symbol"),
        ("load ..", 2, "is not a valid symbol"),
        ("load $'A\\nB'", 2, "is not a valid symbol"),
        ("load AAPL --tolerance 7", 2, "must be between 0 and 0.5"),
        ("update AAPL", 1, "ml4t-data load -s AAPL"),
        ("update AAPL --lookback-days 0", 2, "1 or more"),
        ("update AAPL --lookback-days -3", 2, "1 or more"),
        ("update AAPL --fill-method forwards", 2, "did you mean 'forward'"),
        ("update AAPL --max-fill 0", 2, "1 or more"),
        ("update AAPL --workers 0", 2, "1 or more"),
        ("health AAPL", 1, "No existing data found"),
        ("health --stale-days -1", 2, "negative"),
        ("export AAPL --out bars.xls", 2, ".csv"),
        ("remove", 2, "needs a symbol"),
    ],
)
def test_a_line_that_is_invalid_says_why_and_touches_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], line: str, code: int, says: str
) -> None:
    words = [
        "A\nB" if word == "$'A\\nB'" else "" if word == "''" else word for word in line.split()
    ]

    returned = main(words)

    captured = capsys.readouterr()
    assert says in captured.out + captured.err
    assert "Traceback" not in captured.err
    assert returned == code
    assert not (home / "data").exists()


@pytest.mark.parametrize(
    "symbol", ["BRK/B", "../x", "CON", "^GSPC", "EURUSD=X", "<b>x", "a.", "A b"]
)
def test_an_odd_symbol_stays_inside_the_store_and_reads_back(
    ws: Workspace, home: Path, symbol: str
) -> None:
    report = verbs.load(
        ws, symbol, provider="synthetic", asset_class="equities", start="2005-02-01"
    )

    assert report.results[0].record.error is None or symbol in ("^GSPC", "EURUSD=X")
    stored = [each.symbol for each in ws.store.datasets()]
    assert stored in ([symbol], [])
    inside = {path.relative_to(home.parent).parts[0] for path in home.parent.rglob("*.parquet")}
    assert inside <= {"home"}


def test_a_truncated_chunk_is_named_the_rest_is_readable_and_health_shows_it(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    verbs.load(ws, ("AAPL", "MSFT"))
    chunk = verbs.files(ws, "AAPL")[0]
    chunk.write_bytes(chunk.read_bytes()[:-100])

    with pytest.raises(ChunkCorrupt, match=chunk.name):
        verbs.bars(ws, "AAPL")

    assert len(verbs.bars(ws, "MSFT")) == 1254
    states = {each.dataset.symbol: each.state for each in verbs.health(ws).datasets}
    assert states == {"AAPL": "error", "MSFT": "healthy"}
    assert main(["health"]) == 1
    assert "AAPL" in capsys.readouterr().out


def test_a_flipped_byte_is_found_by_reading_and_by_verify(ws: Workspace) -> None:
    verbs.load(ws, "AAPL")
    chunk = verbs.files(ws, "AAPL")[0]
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)

    with pytest.raises(ChunkCorrupt):
        verbs.bars(ws, "AAPL")
    (judged,) = verbs.health(ws, verify=True).datasets
    assert (judged.state, chunk.name in judged.reason) == ("error", True)


def test_verify_asks_for_no_load_where_only_a_record_of_runs_is_damaged(ws: Workspace) -> None:
    verbs.load(ws, "AAPL")
    for minute in range(25):
        verbs.update(ws, "AAPL", as_of=datetime(2005, 2, 26, 1, minute, tzinfo=UTC))
    (path,) = (ws.store.home / "state").rglob("records.*.jsonl")
    path.write_bytes(path.read_bytes()[:-1])

    (judged,) = verbs.health(ws, verify=True).datasets
    assert judged.state == "error"
    assert path.name in judged.reason
    assert judged.step == "restore it from a backup, or leave it: bars do not need it"

    chunk = verbs.files(ws, "AAPL")[0]
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"?")
    (judged,) = verbs.health(ws, verify=True).datasets
    assert isinstance(judged.step, NextStep)
    assert judged.step.action == "reload"


def test_a_damaged_dataset_can_be_removed_and_loaded_again(ws: Workspace) -> None:
    verbs.load(ws, "AAPL")
    whole = verbs.bars(ws, "AAPL")
    for path in (ws.store.home / "state").rglob("m.*.json"):
        path.write_bytes(path.read_bytes()[:50])
    (judged,) = verbs.health(ws).datasets
    assert judged.state == "error"

    verbs.remove(ws, "AAPL", yes=True)
    verbs.load(ws, "AAPL")

    assert_frame_equal(verbs.bars(ws, "AAPL"), whole)


def test_a_lock_held_elsewhere_is_a_clear_failure_to_try_again(
    ws: Workspace, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verbs.load(ws, "AAPL")
    before = tree(home)
    (lock,) = (home / "state").rglob("lock")

    with FileLock(lock):
        report = verbs.update(ws, "AAPL")
        monkeypatch.setenv("ML4T_DATA_LOCK_TIMEOUT", "0.2")
        code = main(["update", "AAPL"])

    (result,) = report.results
    assert result.record.error is not None
    assert result.record.error.type == "LockTimeout"
    assert "equities/daily/AAPL" in result.record.error.message
    assert code == 75
    assert tree(home) == before


def test_a_home_that_cannot_be_a_folder_is_named(tmp_path: Path, ws: Workspace) -> None:
    (tmp_path / "file").write_text("in the way")

    report = verbs.load(ws, "AAPL", home=tmp_path / "file" / "home")

    (result,) = report.results
    assert result.record.error is not None
    assert result.record.error.type == "StoreNotWritable"
    assert str(tmp_path / "file") in result.record.error.message


def test_one_bad_symbol_does_not_stop_the_rest(ws: Workspace) -> None:
    report = verbs.load(ws, ("AAPL", "NOPE", "MSFT"))

    outcomes = [(r.dataset.symbol, r.record.outcome) for r in report.results]
    assert outcomes == [("AAPL", "changed"), ("NOPE", "failed"), ("MSFT", "changed")]
    error = report.results[1].record.error
    assert error is not None
    assert error.type == "SymbolUnknown"


def test_remove_without_yes_says_what_it_would_do(ws: Workspace) -> None:
    verbs.load(ws, "AAPL")

    with pytest.raises(OptionError, match="equities/daily/AAPL") as caught:
        verbs.remove(ws, "AAPL")

    assert "--yes" in caught.value.hint
    assert len(verbs.bars(ws, "AAPL")) == 1254


def test_a_missing_symbol_is_answered_with_the_nearest_stored_one(ws: Workspace) -> None:
    verbs.load(ws, "AAPL")

    with pytest.raises(DatasetNotFound) as caught:
        verbs.bars(ws, "APPL")

    assert "did you mean 'AAPL'" in caught.value.hint


def test_every_error_is_of_the_one_family_and_pickles() -> None:
    import pickle

    error = OptionError("unknown verb 'lod'", hint="did you mean 'load'?")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own error

    assert (type(copy), copy.message, copy.hint) == (OptionError, error.message, error.hint)
    assert issubclass(OptionError, Ml4tError)


def test_ctrl_c_keeps_what_is_committed_and_says_what_is_left(home: Path) -> None:
    symbols = [f"S{number:03}" for number in range(400)]
    environment = {**os.environ, "ML4T_DATA_PROVIDER": "synthetic", "ML4T_DATA_HOME": str(home)}
    program = Path(sys.executable).parent / "ml4t-data"
    with subprocess.Popen(
        [str(program), "load", *symbols, "--start", "2004-01-02", "--as-of", AS_OF],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as running:
        while not list(home.rglob("m.00000001.json")) and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate()

    assert running.returncode == 130, err
    headline, about, *_, last, step = out.splitlines()
    told = re.fullmatch(r"400 datasets: (\d+) loaded, (\d+) not reached", headline)
    assert told, headline
    done, left = map(int, told.groups())
    assert done + left == len(symbols)
    assert "stopped, interrupted" in about.split(" · ")
    assert last == f"{left} dataset{'s' * (left > 1)} not reached"
    assert step == "   → run it again to continue"
    assert "Traceback" not in err
    ws = Workspace.open(Settings(home=home, provider="synthetic"))
    report = verbs.health(ws, as_of=AS_OF)
    assert 0 < len(report.datasets) < len(symbols)
    assert len(report.datasets) == done
    assert {each.state for each in report.datasets} == {"healthy"}


def test_a_report_of_a_run_is_complete_when_nothing_went_wrong(ws: Workspace) -> None:
    report = verbs.load(ws, "AAPL")

    assert isinstance(report, RunReport)
    assert (report.left, report.stopped) == ((), "")


@pytest.mark.parametrize("symbols", [("AAPL",), ("AAPL", "MSFT")])
def test_an_interrupt_reaches_the_caller_even_if_everything_was_done(
    home: Path, symbols: tuple[str, ...]
) -> None:
    finished: list[Event] = []

    def watch(event: Event) -> None:
        finished.extend([event] if isinstance(event, Finished) else [])
        if len(finished) == len(symbols):
            raise KeyboardInterrupt

    ws = Workspace.open(replace(Settings.current(), home=home), observer=watch)

    with pytest.raises(KeyboardInterrupt) as caught:
        verbs.load(ws, symbols, start="2005-01-03")

    assert isinstance(caught.value, Interrupted)
    assert not isinstance(caught.value, Exception)
    report = caught.value.report
    assert report is not None
    assert [each.record.outcome for each in report.results] == ["changed"] * len(symbols)
    assert (report.left, report.stopped) == ((), "interrupted")
    stored = verbs.list_(Workspace.open(Settings.current())).datasets
    assert [each.dataset.symbol for each in stored] == list(symbols)
