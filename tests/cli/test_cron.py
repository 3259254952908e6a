"""What cron hears: nothing of a good evening, each failure once, and never success of nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import ml4t_nb
from ml4t_nb.errors import StoreNotFound

HEAD = "timestamp,Open,High,Low,Close,Volume\n"


def shell(folder: Path, words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One command line as cron starts it: in the home folder, with few variables."""
    kept = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "ml4t_nb", *words.split()],
        cwd=folder,
        env={**kept, **{f"ML4T_DATA_{name.upper()}": word for name, word in settings.items()}},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    "verb", ["update -q", "update -q --due", "health -q", "update", "update --due", "health"]
)
@pytest.mark.parametrize(
    ("home", "told"),
    [
        ("empty", "found no dataset in"),
        ("missing", "there is no store at"),
        ("$HOME/missing", "there is no store at"),
        ("dangling", "it is a broken link"),
        ("a-file", "it is not a folder"),
    ],
)
def test_a_store_that_is_not_there_is_no_success(
    tmp_path: Path, verb: str, home: str, told: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a-file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "unmounted")

    done = shell(tmp_path, verb, home=home)

    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert str(tmp_path / home.removeprefix("$HOME/")) in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("home", ["empty", "missing"])
def test_an_empty_store_can_be_allowed(tmp_path: Path, home: str) -> None:
    (tmp_path / "empty").mkdir()

    for verb in (
        "update -q --allow-empty",
        "update -q --due --allow-empty",
        "health -q --allow-empty",
    ):
        done = shell(tmp_path, verb, home=home)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_unset_variable_is_refused(tmp_path: Path) -> None:
    done = shell(tmp_path, "health -q", home="$DATA_DISK/store")

    assert done.returncode == 2
    assert "$DATA_DISK is not set" in done.stderr
    assert not [*tmp_path.glob("*DATA_DISK*")]


def test_an_option_expands_what_a_setting_does(tmp_path: Path) -> None:
    words = "load IBM -q -p sample --start 2004-12-01 --as-of 2005-02-25 --home"

    assert shell(tmp_path, f"{words} $HOME/store").returncode == 0
    assert (tmp_path / "store" / "data").is_dir()
    refused = shell(tmp_path, f"{words} $DATA_DISK/store")
    assert refused.returncode == 2
    assert "$DATA_DISK is not set" in refused.stderr
    assert not [*tmp_path.glob("*$*")]


@pytest.mark.parametrize("verb", [ml4t_nb.list_, ml4t_nb.gaps])
def test_a_list_of_a_folder_that_is_not_there_is_an_error(
    tmp_path: Path, verb: Callable[..., object]
) -> None:
    with pytest.raises(StoreNotFound, match="does not exist"):
        verb(home=tmp_path / "missing")


def test_python_gets_an_empty_report_but_of_a_folder_that_was_named_an_error(
    tmp_path: Path,
) -> None:
    assert ml4t_nb.health(home=tmp_path).datasets == ()
    assert ml4t_nb.update(home=tmp_path).results == ()
    for verb in (ml4t_nb.health, ml4t_nb.update):
        with pytest.raises(StoreNotFound, match="does not exist"):
            verb(home=tmp_path / "missing")


def test_a_failure_is_reported_once_and_a_good_dataset_not_at_all(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    for symbol in ("AAPL", "IBM"):
        words = f"load {symbol} -q -p sample --start 2004-12-01 --as-of 2005-02-25"
        assert shell(tmp_path, words, home=store).returncode == 0

    done = shell(tmp_path, "update AAPL IBM NOPE -q --as-of 2005-02-28", home=store)

    assert done.returncode == 1
    assert done.stderr.count("equities/daily/NOPE: ") == done.stderr.count("\n") == 1
    assert "IBM" not in done.stdout + done.stderr


def test_a_run_with_nothing_due_is_one_line_and_none_when_quiet(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    shell(tmp_path, "load IBM -q -p sample --start 2004-12-01 --as-of 2005-02-25", home=store)

    loud, quiet, due = (
        shell(tmp_path, f"update --due {words}", home=store)
        for words in (
            "--as-of 2005-02-27T12:00Z", "-q --as-of 2005-02-27T12:00Z", "-q --as-of 2005-02-28"
        )
    )  # fmt: skip

    assert (loud.returncode, loud.stderr) == (0, "")
    assert loud.stdout == "none of 1 dataset is due, the next is on 2005-02-28 21:30 UTC\n"
    for each in (quiet, due):
        assert (each.returncode, each.stdout, each.stderr) == (0, "", "")
    assert "2005-02-28" in shell(tmp_path, "list", home=store).stdout


def test_a_restatement_is_reported_when_quiet_and_once(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    shell(tmp_path, "load AAPL -q -p sample --start 2004-12-01 --as-of 2005-02-25", home=store)

    first, second = (
        shell(tmp_path, f"update -q --as-of {day}", home=store)
        for day in ("2005-03-01", "2005-03-02")
    )
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("AAPL: restated 2:1 (split 2005-02-28)")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


def test_a_fill_and_an_error_by_a_hundred_are_reported_by_the_quiet_run_that_meets_them(
    tmp_path: Path,
) -> None:
    closes = {day: 10.0 + day / 10 for day in range(2, 13)}
    rows = [
        f"2024-01-{day:02},{c},{c},{c},{c},100\n"
        for day, c in closes.items()
        if day not in (6, 7, 9)
    ]
    files = tmp_path / "files"
    files.mkdir()
    (files / "ACME.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    settings = {"home": str(tmp_path / "store"), "files": str(files), "provider": "files"}
    assert shell(tmp_path, "load ACME -q --as-of 2024-01-12", **settings).returncode == 0
    wrong = "2024-01-16,1130,1130,1130,1130,100\n2024-01-17,11.4,11.4,11.4,11.4,100\n"
    (files / "ACME.csv").write_text(HEAD + "".join(rows) + wrong, encoding="utf-8")

    done, again = (
        shell(tmp_path, f"update -q --as-of {day}", **settings)
        for day in ("2024-01-17", "2024-01-17")
    )

    assert "ACME: 1 bar filled\n" in done.stdout
    assert "2024-01-16 this bar is 100 times the prices beside, 1130 beside 11.2" in done.stdout
    assert again.stdout == ""


def test_a_good_quiet_run_does_not_mind_a_full_disk_below_its_output(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    shell(tmp_path, "load IBM -q -p sample --start 2004-12-01 --as-of 2005-02-25", home=store)

    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m ml4t_nb health -q --as-of 2005-02-25 > /dev/full"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "ML4T_DATA_HOME": store,
            # Without a buffer Python writes even nothing, which a full device refuses.
            "PYTHONUNBUFFERED": "1",
        },
        check=False,
    )

    assert done.returncode == 0


def test_a_calendar_that_is_not_there_is_an_error_of_its_dataset_alone(tmp_path: Path) -> None:
    from ml4t_nb.model import DatasetId
    from ml4t_nb.storage.dataset_folder import DatasetFolder
    from ml4t_nb.storage.manifest_file import encode_manifest

    for symbol in ("AAPL", "IBM"):
        ml4t_nb.load(
            symbol, provider="sample", start="2004-12-01", as_of="2005-02-25", home=tmp_path
        )
    folder = DatasetFolder(tmp_path, DatasetId("equities", "daily", "AAPL"))
    state = folder.newest().manifest
    assert state is not None
    path = max(folder.state.glob("m.*.json"))
    path.write_bytes(encode_manifest(replace(state, config=replace(state.config, calendar="NOPE"))))

    report = ml4t_nb.health(home=tmp_path, as_of="2005-02-25")

    assert [(each.dataset.symbol, each.state) for each in report.datasets] == [
        ("AAPL", "error"),
        ("IBM", "healthy"),
    ]
    assert "unknown calendar 'NOPE'" in report.datasets[0].reason
