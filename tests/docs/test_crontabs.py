"""The crontab lines of the pages are lines that cron can run."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from ml4t_nb.cli import main
from tests.docs.pages import PAGES, ROOT, blocks, environment

SCHEDULE = r"(?:[\d*/,-]+ +){4}[\d*/,-]+"


def lines() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in blocks(page):
            if block.language == "crontab":
                name = page.relative_to(ROOT).as_posix()
                yield from ((name, line) for line in block.text.splitlines() if line)


def commands() -> list[str]:
    found = (re.fullmatch(rf"{SCHEDULE} +(.*)", line) for _, line in lines())
    return [match[1] for match in found if match]


def nightly() -> list[str]:
    """Jobs that update everything, and check it."""
    return [command for command in commands() if "--due" not in command and "update" in command]


@pytest.mark.parametrize(("page", "line"), list(lines()))
def test_a_line_of_a_crontab_is_a_setting_or_a_job(page: str, line: str) -> None:
    assert re.fullmatch(rf"[A-Z0-9_]+=\S+|{SCHEDULE} +\S.*", line), page
    # cron takes a percent sign for the end of the line.
    assert "%" not in line


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store = tmp_path / ".ml4t-data"
    words = "load AAPL -q -p sample --start 2004-12-01 --as-of 2005-03-08"
    assert main([*words.split(), "--home", str(store)]) == 0
    return tmp_path


def run(command: str, home: Path, as_of: str, **more: str) -> subprocess.CompletedProcess[str]:
    """As cron does: by sh, in the home folder, with few variables; its other disk is there too."""
    command = command.replace("/mnt/", f"{home}/")
    variables = {name: environment(home)[name] for name in ("PATH", "HOME", "TZ")}
    return subprocess.run(
        ["sh", "-c", command],
        cwd=home,
        env={**variables, "ML4T_DATA_AS_OF": as_of, "LANG": os.environ.get("LANG", "C"), **more},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_pages_show_the_same_job() -> None:
    assert len(nightly()) >= 2
    assert len({command.replace(" --home $STORE", "") for command in nightly()}) == 1


@pytest.mark.parametrize("command", commands())
def test_a_job_says_nothing_when_all_is_well(home: Path, command: str) -> None:
    done = run(command, home, "2005-03-10", STORE=str(home / ".ml4t-data"))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_a_job_proposes_acts_on_its_store_where_it_is_pasted(home: Path) -> None:
    store = (home / ".ml4t-data").rename(home / "elsewhere")
    next((store / "data").rglob("*.parquet")).unlink()
    (command,) = (each for each in nightly() if "$STORE" in each)

    done = run(command, home, "2005-03-10", STORE=str(store))

    proposed = [line for line in done.stderr.splitlines() if "ml4t-data " in line]
    assert proposed
    assert all(f"--home {store}" in line for line in proposed)


def test_a_job_says_why_when_an_update_brings_nothing_for_long(home: Path) -> None:
    # The sample ends on 2013-03-01.
    done = run(nightly()[0], home, "2013-04-02")

    assert done.returncode == 1
    assert "also stale: 21 sessions behind" in done.stderr


def test_the_script_tries_again_while_another_writer_is_at_work_and_then_says_so(
    home: Path,
) -> None:
    (script,) = (
        block.text.replace("\n./nightly\n", "\n")
        for block in blocks(ROOT / "docs" / "howto" / "cron.md")
        if "cat > nightly" in block.text
    )
    assert run(script, home, "2005-03-10").returncode == 0

    with FileLock(home / ".ml4t-data/state/equities/daily/AAPL/lock"):
        done = run("./nightly", home, "2005-03-10", ML4T_PAUSES="0", ML4T_DATA_LOCK_TIMEOUT="0.1")

    log = home / "ml4t-data.log"
    assert done.returncode == 75
    assert done.stdout == f"ml4t-data ended with 75, see {log}\n"
    assert log.read_text(encoding="utf-8").count("is still locked by another writer") == 2


@pytest.mark.parametrize(
    ("updates", "health", "code"),
    [
        ("0", 0, 0), ("1", 0, 1), ("2", 0, 2), ("75 0", 0, 0), ("75 75", 0, 75), ("0", 1, 1),
        ("1", 1, 1),
    ],
)  # fmt: skip
def test_a_job_tries_again_and_ends_with_the_code_of_what_failed(
    tmp_path: Path, updates: str, health: int, code: int
) -> None:
    """The line itself, with a program that ends as it is told in place of ours."""
    program = tmp_path / "ml4t-data"
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = health ] && exit {health}\n'
        'set -- $(cat updates)\necho "${2:-}" > updates\nexit "$1"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    (tmp_path / "updates").write_text(updates, encoding="utf-8")
    (tmp_path / "sleep").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "sleep").chmod(0o755)

    done = subprocess.run(
        ["sh", "-c", nightly()[0]],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    )

    assert done.returncode == code
