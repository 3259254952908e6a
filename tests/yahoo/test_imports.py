"""Who does not ask Yahoo does not wait for yfinance to be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

from tests.yahoo.client import Client, evening

PROGRAM = """
import contextlib, io, sys
from ml4t_nb.cli import main
for line in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()):
        code = main(line.split())
    print(code, *(name for name in ("yfinance", "curl_cffi", "peewee") if name in sys.modules))
"""
LINES = [
    "load -p sample -s IBM --start 2012-01-01",
    "load -p synthetic -s X -f weekly --start 2012-02-20",
    "load -p files -s MINE",
    "update",
    "update IBM -p sample --show-status",
    "health -v --verify",
    "list",
    "gaps --all",
    "export IBM --adjust all",
    "providers",
    "remove IBM --yes",
    "--help",
    "load --help",
]


LOOKING = [
    "health --verify",
    "list",
    "gaps",
    "export IBM",
    "export IBM --adjust all",
    "remove IBM --yes",
]


def run(home: Path, *lines: str) -> list[str]:
    """Exit code of each command line, and which modules were imported by then."""
    environ = {
        **os.environ,
        "ML4T_DATA_HOME": str(home / "home"),
        "ML4T_DATA_FILES": str(home / "files"),
        "ML4T_DATA_AS_OF": "2013-03-01",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *lines],
        env=environ,
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_no_verb_without_yahoo_imports_yfinance(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    rows = "".join(f"2013-02-{day},1,1,1,1,5\n" for day in (25, 26, 27, 28))
    (tmp_path / "files" / "MINE.csv").write_text(f"date,open,high,low,close,volume\n{rows}")

    assert dict(zip(LINES, run(tmp_path, *LINES), strict=True)) == dict.fromkeys(LINES, "0")


def test_looking_at_yahoo_s_bars_does_not_import_it_either(client: Client) -> None:
    client.loaded("IBM", at=evening(date(2013, 3, 1)), start="2013-01-02")

    assert dict(zip(LOOKING, run(client.home.parent, *LOOKING), strict=True)) == dict.fromkeys(
        LOOKING, "0"
    )


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = (
        "import sys, ml4t_nb\n"
        "print([n for n in ('yfinance', 'pandas', 'exchange_calendars') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
