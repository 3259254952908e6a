"""The shell: real processes, real bars."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ml4t_nb import cli

LOAD = ("load", "AAPL", "-p", "sample", "--start", "2005-01-03", "--as-of", "2005-02-25")


def ml4t(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command, its streams no terminals."""
    return subprocess.run(
        [sys.executable, "-m", "ml4t_nb", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def loaded(home: Path) -> Path:
    """A store that holds AAPL up to 2005-02-25."""
    assert ml4t(*LOAD).returncode == 0
    return home


def test_a_load_reports_what_is_stored(home: Path) -> None:
    done = ml4t(*LOAD)

    assert done.returncode == 0
    assert done.stderr == ""
    # The exchange was closed on Martin Luther King day and on Presidents' day.
    assert "equities/daily/AAPL  ✅  +38" in done.stdout
    assert home.is_dir()


def test_an_update_over_the_split_says_so(loaded: Path) -> None:
    done = ml4t("update", "-s", "AAPL", "--as-of", "2005-03-01")

    assert done.returncode == 0
    assert "AAPL: restated 2:1 (split 2005-02-28): history replaced, 40 bars" in done.stdout
    assert loaded.is_dir()


@pytest.mark.usefixtures("loaded")
def test_json_is_one_document_on_standard_output() -> None:
    done = ml4t("update", "--json", "--as-of", "2005-03-01")

    document = json.loads(done.stdout)
    assert document["verb"] == "update"
    assert document["results"][0]["dataset"] == "equities/daily/AAPL"
    assert document["results"][0]["restated"] is True
    assert done.stderr == ""


@pytest.mark.usefixtures("loaded")
def test_exported_csv_equals_one_load_of_the_same_day(tmp_path: Path) -> None:
    ml4t("update", "--as-of", "2005-03-01")
    other = str(tmp_path / "other")
    ml4t(*LOAD[:-1], "2005-03-01", ML4T_DATA_HOME=other)

    updated, loaded_once = ml4t("export", "AAPL"), ml4t("export", "AAPL", ML4T_DATA_HOME=other)

    assert updated.stdout == loaded_once.stdout
    assert len(updated.stdout.splitlines()) == 41


@pytest.mark.usefixtures("loaded")
def test_quiet_says_nothing_when_all_went_well() -> None:
    done = ml4t("update", "-q", "--as-of", "2005-03-01")
    again = ml4t("update", "-q", "--as-of", "2005-03-02")

    # A restatement is told, once.
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "AAPL: restated 2:1 (split 2005-02-28): history replaced, 40 bars\n"
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.usefixtures("loaded")
def test_quiet_still_reports_a_failure() -> None:
    done = ml4t("update", "AAPL", "NOPE", "-q", "--as-of", "2005-03-01")

    assert done.returncode == 1
    assert "NOPE" not in done.stdout
    assert done.stderr == (
        "ml4t-data: equities/daily/NOPE: No existing data found for 'NOPE' "
        "(run load first: ml4t-data load -s NOPE)\n"
    )


@pytest.mark.usefixtures("loaded")
def test_a_quiet_check_that_fails_says_why() -> None:
    done = ml4t("health", "-q", "--fail-on", "stale", "--as-of", "2005-03-20")

    assert done.returncode == 1
    assert "data are stale: " in done.stderr
    assert "(ml4t-data update -s AAPL)" in done.stderr


@pytest.mark.usefixtures("loaded")
def test_a_list_can_be_cut_by_a_script() -> None:
    assert ml4t("list", "-q").stdout.split("\t")[0] == "equities/daily/AAPL"


def test_an_update_before_a_load_names_the_load() -> None:
    done = ml4t("update", "AAPL")

    assert done.returncode == 1
    assert done.stdout == ""
    assert "run load first: ml4t-data load -s AAPL" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("updat",), "unknown verb 'updat' (did you mean 'update'?)"),
        (("update", "--lokback", "3"), "did you mean '--lookback-days'?"),
        (("load", "A", "-p", "sampel"), "unknown provider 'sampel' (did you mean 'sample'?)"),
        (("load", "A", "-f", "dayly"), "unknown frequency 'dayly' (did you mean 'daily'?)"),
        (("load", "A", "-a", "equity"), "unknown asset class 'equity' (did you mean 'equities'?)"),
        (("load", "A", "-p", "sample", "--start", "soon"), "'soon' is not a valid date"),
        (("update", "-l", "0"), "lookback"),
        (("remove", "A"), "A"),
    ],
)
def test_bad_input_is_one_line_and_touches_nothing(
    words: tuple[str, ...], said: str, home: Path
) -> None:
    done = ml4t(*words)

    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("ml4t-data: ")
    assert said in done.stderr
    assert not (home / "data").exists()


def test_a_setting_that_is_invalid_is_one_line() -> None:
    done = ml4t("list", ML4T_DATA_LOCK_TIMEOUT="soon")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "ML4T_DATA_LOCK_TIMEOUT='soon'" in done.stderr


def test_an_error_is_a_document_too() -> None:
    done = ml4t("updat", "--json")

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["hint"] == "did you mean 'update'?"


def test_no_words_are_a_usage_error_with_help() -> None:
    done = ml4t()

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("usage: ml4t-data")


def test_help_and_version_are_results() -> None:
    assert ml4t("--help").stdout.startswith("usage: ml4t-data")
    assert ml4t("load", "--help").stdout.startswith("usage: ml4t-data load")
    assert ml4t("--version").stdout == "ml4t-data 0.1.0\n"


@pytest.mark.usefixtures("loaded")
def test_the_log_level_is_heard() -> None:
    assert "Started" in ml4t("update", "--as-of", "2005-03-01", ML4T_DATA_LOG_LEVEL="DEBUG").stderr


@pytest.mark.usefixtures("loaded")
def test_a_reader_that_leaves_early_is_not_an_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ml4t_nb", "export", "AAPL"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert said == ""
    assert process.returncode == 0


def test_a_user_without_a_home_folder_is_asked_to_set_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # As for a user of a container whom /etc/passwd does not know.
    monkeypatch.delenv("ML4T_DATA_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)

    assert cli.main(["list"]) == 2

    assert "ML4T_DATA_HOME" in capsys.readouterr().err


@pytest.mark.usefixtures("loaded")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_under_the_output_is_reported() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ml4t_nb", "export", "AAPL"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr == (
        "ml4t-data: standard output cannot be written: No space left on device\n"
    )


@pytest.mark.usefixtures("loaded")
def test_an_encoding_without_signs_is_not_an_error() -> None:
    done = ml4t("health", "--as-of", "2005-02-25", PYTHONIOENCODING="ascii")

    assert done.returncode == 0
    assert "1 healthy" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_what_is_done_and_says_what_is_left(
    number: signal.Signals, code: int
) -> None:
    symbols = [f"S{number}" for number in range(400)]
    words = ("load", *symbols, "-p", "synthetic", "--start", "2024-01-02", "--as-of", "2024-06-28")
    with subprocess.Popen(
        [sys.executable, "-m", "ml4t_nb", *words],
        env={**os.environ, "ML4T_DATA_LOG_LEVEL": "DEBUG"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "Finished" in line)
        process.send_signal(number)
        said, _ = process.communicate()

    assert process.returncode == code
    headline, about, *_, last, step = said.splitlines()
    told = re.fullmatch(r"400 datasets: (\d+) loaded, (\d+) not reached", headline)
    assert told, headline
    done, left = map(int, told.groups())
    assert 0 < done < 400
    assert done + left == 400
    assert "stopped, interrupted" in about.split(" · ")
    assert last == f"{left} dataset{'s' * (left > 1)} not reached"
    assert step == "   → run it again to continue"
    assert len(ml4t("list", "-q").stdout.splitlines()) == done


def completed(line: str) -> set[str]:
    """Words the shell would offer at the end of ``line``."""
    read, write = os.pipe()
    script = f"import os; os.dup2({write}, 8); from ml4t_nb.cli import main; main()"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": ",",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **asked},
        pass_fds=(write,),
        capture_output=True,
        check=False,
    )
    os.close(write)
    with os.fdopen(read) as answers:
        return {word for word in answers.read().split(",") if word}


@pytest.mark.skipif(os.name == "nt", reason="argcomplete serves POSIX shells")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ml4t-data upd", {"update"}),
        ("ml4t-data update --fill-m", {"--fill-method"}),
        ("ml4t-data update --fill-method b", {"backward"}),
        ("ml4t-data load -p sa", {"sample"}),
        ("ml4t-data update -s ", {"AAPL"}),
        ("ml4t-data update A", {"AAPL"}),
        ("ml4t-data update --home nowhere A", set()),
    ],
)
@pytest.mark.usefixtures("loaded")
def test_the_shell_completes(line: str, words: set[str]) -> None:
    assert completed(line) == words


def in_shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script of bash, in which ``ml4t`` is the program."""
    program = f'ml4t() {{ "{sys.executable}" -m ml4t_nb "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", program + script],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("streams", ["2>&-", ">&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_closed_or_full_stream_does_not_stop_the_work(home: Path, streams: str) -> None:
    done = in_shell(f"ml4t {' '.join(LOAD)} {streams}", ML4T_DATA_LOG_LEVEL="DEBUG")

    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert ml4t("list", "-q").stdout.startswith("equities/daily/AAPL\tsample\t38\t")
    # Nothing that was printed has got into a file of the store.
    for path in home.rglob("*"):
        assert b"Started(" not in (path.read_bytes() if path.is_file() else b"")


@pytest.mark.usefixtures("loaded")
def test_the_exit_code_is_that_of_the_work_where_nothing_can_be_said(home: Path) -> None:
    (lock,) = (home / "state").rglob("lock")
    codes = f"""
        ml4t nosuchverb 2>/dev/full; echo $?
        ml4t update NOPE 2>/dev/full; echo $?
        ml4t export AAPL >/dev/full 2>/dev/full; echo $?
        exec 9>>"{lock}"; flock 9
        ML4T_DATA_LOCK_TIMEOUT=0.2 ml4t update AAPL --as-of 2005-03-02 2>/dev/full; echo $?
    """

    done = in_shell(codes)

    assert done.stdout.split() == ["2", "1", "1", "75"]
    assert done.stderr == ""


@pytest.mark.usefixtures("loaded")
def test_a_current_folder_that_is_gone_is_not_an_obstacle() -> None:
    done = in_shell("mkdir gone; cd gone; rmdir ../gone; ml4t list -q; ml4t list --home here")

    assert done.stdout.startswith("equities/daily/AAPL\t")
    assert done.returncode == 2
    assert done.stderr == (
        "ml4t-data: here is relative to the current folder, which no longer exists (write the "
        "full path)\n"
    )


@pytest.mark.usefixtures("loaded")
def test_a_python_without_docstrings_has_help_all_the_same() -> None:
    done = in_shell(
        "ml4t update --as-of 2005-03-01 && ml4t update --help && ml4t list -q", PYTHONOPTIMIZE="2"
    )

    assert done.returncode == 0, done.stderr
    assert "Fetch what is new, check the overlap, and close the gaps." in done.stdout
    assert "Datasets that are worked on at the same time." in done.stdout
    assert "equities/daily/AAPL\tsample\t40\t" in done.stdout


@pytest.mark.usefixtures("loaded")
def test_a_setting_of_a_neighbour_is_reported_once_and_left_alone() -> None:
    told = ml4t("list", "-q", ML4T_DATA_PATH="/data"), ml4t("list", ML4T_DATA_PATH="/data")

    assert [done.returncode for done in told] == [0, 0]
    assert told[0].stderr == ""
    assert told[1].stderr == (
        "ml4t-data: ML4T_DATA_PATH is not a setting of ml4t_nb and is ignored\n"
    )


@pytest.mark.usefixtures("loaded")
def test_the_line_of_the_old_documentation_works_and_the_better_spelling_is_reported() -> None:
    Path(".env").write_text("# debugging\nML4T Data_LOG_LEVEL=DEBUG\n", encoding="utf-8")

    done = ml4t("update", "--as-of", "2005-03-01")

    assert done.returncode == 0
    assert "ML4T Data_LOG_LEVEL is read as ML4T_DATA_LOG_LEVEL" in done.stderr.splitlines()[0]
    assert "DEBUG ml4t_nb" in done.stderr
