"""A hint acts on the store it is about, and is written as its reader types it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import ml4t_nb
from ml4t_nb.codec import Codec
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import ChunkCorrupt, DatasetNotFound
from ml4t_nb.hints import in_words
from ml4t_nb.model import DatasetId, LoadArguments, NextStep
from ml4t_nb.notebook.panels.repair import remedies_of, remedy_of
from ml4t_nb.records import ErrorNote
from tests.render.reports import health

AAPL = DatasetId("equities", "daily", "AAPL")
AS_OF = "2005-02-25"


def sh(line: str) -> subprocess.CompletedProcess[str]:
    """A line typed in a shell."""
    bin_ = Path(sys.executable).parent
    return subprocess.run(
        ["/bin/sh", "-c", line],
        env={**os.environ, "PATH": f"{bin_}:/usr/bin:/bin", "ML4T_DATA_AS_OF": AS_OF},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def bars_in(home: Path) -> int:
    return len(ml4t_nb.bars("AAPL", home=home))


@pytest.fixture
def backup(home: Path, tmp_path: Path) -> Path:
    """A copy of a good store, its one file cut short; the folder's name needs quotes."""
    ml4t_nb.load("AAPL", provider="sample", start="2005-01-03", as_of=AS_OF)
    copy = tmp_path / "old 'backup'"
    shutil.copytree(home, copy)
    (chunk,) = copy.glob("data/equities/daily/AAPL/*.parquet")
    chunk.write_bytes(chunk.read_bytes()[:-1])
    return copy


def test_the_step_of_a_check_of_a_copy_repairs_the_copy(home: Path, backup: Path) -> None:
    checked = sh(f"ml4t-data health --verify --home {shlex.quote(str(backup))}")
    assert checked.returncode == 1
    (step,) = (line[5:] for line in checked.stdout.splitlines() if line.startswith("   → "))

    remove, load = step.split(" && ")
    assert sh(remove).returncode == 0
    assert not list(backup.glob("data/equities/daily/AAPL/*.parquet"))
    assert bars_in(home) == 38
    assert sh(load).returncode == 0
    assert bars_in(backup) == 38


@pytest.mark.parametrize(
    "line",
    ["update", "export AAPL", "load AAPL -p sample --start 2004-12-01", "health -q --verify"],
)
def test_every_verb_names_the_copy_in_its_hint(backup: Path, line: str) -> None:
    done = sh(f"ml4t-data {line} --home {shlex.quote(str(backup))}")

    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert f"ml4t-data remove -s AAPL --home {shlex.quote(str(backup))} --yes" in said


def test_json_has_the_step_as_a_shell_takes_it(home: Path, backup: Path) -> None:
    done = sh(f"ml4t-data health --verify --json --home {shlex.quote(str(backup))}")

    (judged,) = json.loads(done.stdout)["datasets"]
    assert sh(judged["step"].partition(" && ")[0]).returncode == 0
    assert bars_in(home) == 38


def test_the_own_store_is_not_named_however_it_is_spelled(home: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(home)

    for words in ("", f"--home {home}", f"--home {tmp_path}/link"):
        done = sh(f"ml4t-data list AAPL {words}")
        assert done.stderr.endswith("(run load first: ml4t-data load -s AAPL)\n")


def test_a_cell_is_reported_what_to_type_in_a_cell(
    notebook: InteractiveShell, home: Path, backup: Path
) -> None:
    notebook.user_ns["copy"] = str(backup)
    with capture_output(display=False):
        notebook.run_cell(f"r = %ml4t health --verify --home {{copy}} --as-of {AS_OF}")  # type: ignore[no-untyped-call]  # IPython's
    assert notebook.display_formatter is not None
    shown, _ = notebook.display_formatter.format(notebook.user_ns["r"])  # type: ignore[no-untyped-call]  # IPython's

    (step,) = (line[5:] for line in shown["text/plain"].splitlines() if line[3:4] == "→")
    remove, load = step.split(", then ")
    assert remove.startswith("%ml4t remove AAPL --home ")
    assert "%ml4t remove AAPL --home" in shown["text/html"]
    for line in (remove, f"{load} --as-of {AS_OF}"):
        assert notebook.run_cell(line).success  # type: ignore[no-untyped-call]  # IPython's
    assert bars_in(home) == bars_in(backup) == 38


def test_an_error_in_a_cell_is_reported_what_to_type_in_a_cell(
    notebook: InteractiveShell, backup: Path
) -> None:
    notebook.user_ns["copy"] = str(backup)
    with capture_output(display=False):
        done = notebook.run_cell("%ml4t export AAPL --home {copy}")  # type: ignore[no-untyped-call]  # IPython's

    assert isinstance(done.error_in_exec, ChunkCorrupt)
    assert ": %ml4t remove AAPL --home " in done.error_in_exec.hint


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("switch", ["", " --switch"])
def test_the_step_after_a_refusal_asks_whom_the_run_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    for symbol in ("MSFT", "IBM"):
        ml4t_nb.load(symbol, provider="sample", start="2005-01-03", as_of="2005-02-24")
    (tmp_path / "files").mkdir()
    ml4t_nb.export("MSFT", out=tmp_path / "files" / "IBM.csv")
    monkeypatch.setenv("ML4T_DATA_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("ML4T_DATA_FILES_BASIS", "split-adjusted")

    refused = sh(f"ml4t-data update IBM -p files{switch}")

    assert refused.returncode == 1
    line = f"ml4t-data update -s IBM -p files{switch} --accept"
    assert f"`{line}`" in refused.stderr.replace("--provider", "-p")
    assert sh(line).returncode == 0
    (summary,) = ml4t_nb.list_("IBM").datasets
    assert summary.provider == ("files" if switch else "sample")
    assert ml4t_nb.bars("IBM")["close"].equals(ml4t_nb.bars("MSFT")["close"])


@pytest.mark.usefixtures("home")
def test_the_load_that_is_named_is_of_the_frequency_that_was_asked_for() -> None:
    ml4t_nb.load("AAPL", provider="sample", start="2005-01-03", as_of=AS_OF)

    done = sh("ml4t-data export AAPL -f hourly")

    assert "ml4t-data load -s AAPL -f hourly" in done.stderr


def test_an_error_in_python_names_the_call(home: Path, backup: Path) -> None:
    with pytest.raises(ChunkCorrupt) as caught:
        ml4t_nb.bars("AAPL", home=backup)
    with pytest.raises(DatasetNotFound) as other:
        ml4t_nb.bars("IBM")

    remove, load = caught.value.hint.partition(": ")[2].split("; ")
    assert remove == f'ml4t_nb.remove("AAPL", home="{backup}", yes=True)'
    assert other.value.hint == 'run load first: ml4t_nb.load("IBM")'
    eval(remove, {"ml4t_nb": ml4t_nb})  # noqa: S307  # as a person would
    eval(load.replace(")", f', as_of="{AS_OF}")'), {"ml4t_nb": ml4t_nb})  # noqa: S307  # likewise
    assert bars_in(home) == bars_in(backup) == 38


def test_a_report_in_python_holds_the_step(backup: Path) -> None:
    (judged,) = ml4t_nb.health(home=backup, verify=True, as_of=AS_OF).datasets

    origin = LoadArguments("sample", start=date(2005, 1, 3))
    assert judged.step == NextStep("reload", AAPL, backup, origin)
    assert in_words(judged.step).startswith(f'ml4t_nb.remove("AAPL", home="{backup}", yes=True)')


@pytest.mark.parametrize(
    ("step", "shell", "cell", "python"),
    [
        (
            NextStep("update", DatasetId("crypto", "1m", "BTC-USD")),
            "ml4t-data update -s BTC-USD -a crypto -f 1m",
            "%ml4t update BTC-USD -a crypto -f 1m",
            'ml4t_nb.update("BTC-USD", asset_class="crypto", frequency="1m")',
        ),
        (
            NextStep("accept", DatasetId("equities", "daily", "-X $1")),
            "ml4t-data update '--symbol=-X $1' --accept",
            "%ml4t update '--symbol=-X $1' --accept",
            'ml4t_nb.update("-X $1", accept=True)',
        ),
        (
            NextStep("remove", DatasetId("equities", "daily", "a'b c"), end=date(2024, 3, 1)),
            """ml4t-data remove -s 'a'"'"'b c' --end 2024-03-01 --yes""",
            """%ml4t remove 'a'"'"'b c' --end 2024-03-01 --yes""",
            """ml4t_nb.remove("a'b c", end="2024-03-01", yes=True)""",
        ),
        (
            NextStep("reload", AAPL),
            "ml4t-data remove -s AAPL --yes, then load it again from its provider",
            "%ml4t remove AAPL --yes, then load it again from its provider",
            'ml4t_nb.remove("AAPL", yes=True), then load it again from its provider',
        ),
        (
            NextStep("load", AAPL, source=LoadArguments("files", "XLON", date(2024, 3, 1))),
            "ml4t-data load -s AAPL -p files --calendar XLON --start 2024-03-01",
            "%ml4t load AAPL -p files --calendar XLON --start 2024-03-01",
            'ml4t_nb.load("AAPL", provider="files", calendar="XLON", start="2024-03-01")',
        ),
        (
            NextStep("export", DatasetId("indices", "daily", "^A/B")),
            "ml4t-data export -s '^A/B' -a indices --out _A_B.csv",
            "%ml4t export ^A/B -a indices --out _A_B.csv",
            'ml4t_nb.export("^A/B", asset_class="indices", out="_A_B.csv")',
        ),
        (
            NextStep("review", AAPL, start=date(2005, 2, 28), end=date(2005, 3, 1)),
            "ml4t-data review -s AAPL --start 2005-02-28 --end 2005-03-01",
            "%ml4t review AAPL --start 2005-02-28 --end 2005-03-01",
            'ml4t_nb.review("AAPL", start="2005-02-28", end="2005-03-01")',
        ),
        (
            NextStep("undo", AAPL, version=17),
            "ml4t-data undo -s AAPL --run 17",
            "%ml4t undo AAPL --run 17",
            'ml4t_nb.undo("AAPL", run=17)',
        ),
        (
            NextStep("history", AAPL),
            "ml4t-data history -s AAPL",
            "%ml4t history AAPL",
            'ml4t_nb.history("AAPL")',
        ),
        (
            NextStep("compare", AAPL, provider="files"),
            "ml4t-data compare -s AAPL --with files",
            "%ml4t compare AAPL --with files",
            'ml4t_nb.compare("AAPL", with_="files")',
        ),
        (
            NextStep("end", AAPL, end=date(2024, 3, 1)),
            "ml4t-data end -s AAPL --on 2024-03-01",
            "%ml4t end AAPL --on 2024-03-01",
            'ml4t_nb.end("AAPL", on="2024-03-01")',
        ),
        (
            NextStep("reopen", DatasetId("crypto", "1m", "BTC-USD")),
            "ml4t-data end -s BTC-USD -a crypto -f 1m --reopen",
            "%ml4t end BTC-USD -a crypto -f 1m --reopen",
            'ml4t_nb.end("BTC-USD", asset_class="crypto", frequency="1m", reopen=True)',
        ),
        (
            NextStep("rename", AAPL, end=date(2024, 3, 1), other="APPL"),
            "ml4t-data rename -s AAPL -s APPL --on 2024-03-01",
            "%ml4t rename AAPL APPL --on 2024-03-01",
            'ml4t_nb.rename(symbol=["AAPL", "APPL"], on="2024-03-01")',
        ),
        (
            NextStep("reconcile", AAPL, provider="files", other="missing"),
            "ml4t-data reconcile -s AAPL --with files --take missing",
            "%ml4t reconcile AAPL --with files --take missing",
            'ml4t_nb.reconcile("AAPL", with_="files", take="missing")',
        ),
        (
            NextStep("all_gaps", AAPL),
            "ml4t-data gaps -s AAPL --all",
            "%ml4t gaps AAPL --all",
            'ml4t_nb.gaps("AAPL", all=True)',
        ),
    ],
)
def test_every_step_is_spelled_for_its_reader(
    step: NextStep, shell: str, cell: str, python: str
) -> None:
    assert spell(step, "ml4t-data") == shell
    assert spell(step, "%ml4t") == cell
    assert spell(step, "ml4t_nb") == in_words(step) == python


def test_a_history_keeps_a_step(home: Path) -> None:
    step = NextStep("reload", AAPL, home, LoadArguments("files", start=date(2024, 3, 1)))

    codec = Codec(omit_defaults=True)
    for hint in ("words", step, ("words: ", step, ", and so on")):
        note = ErrorNote("Suspicious", "no", hint)
        assert codec.load(ErrorNote, json.loads(json.dumps(codec.dump(note)))) == note


def test_what_only_a_person_can_repair_has_no_button() -> None:
    judged = health("AAPL", "error", step="mount its disk")

    assert remedy_of(judged) is None
    assert remedies_of(judged) == frozenset()
