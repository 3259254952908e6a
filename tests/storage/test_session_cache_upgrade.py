"""Calendars that are changed or upgraded below what is kept of them, in real processes."""

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import exchange_calendars
import pytest

pytestmark = pytest.mark.long

IS_SESSION = """
import sys
from datetime import date
from pathlib import Path
from ml4t_nb.core.timestamps import to_micros
from ml4t_nb.core.calendars.exchanges import CalendarCache
from ml4t_nb.storage.session_cache import DiskSessionCache

known = CalendarCache(DiskSessionCache(Path(sys.argv[1]))).sessions("XNYS")
print(to_micros(date(2024, 3, 5)) in known.days)
"""

UPGRADED_BELOW = """
import sys
from pathlib import Path
import exchange_calendars  # by a cell, or to spell an alias
from ml4t_nb.core.calendars.exchanges import CalendarCache
from ml4t_nb.storage.session_cache import DiskSessionCache

home, folder = map(Path, sys.argv[1:])
rules = folder / "exchange_calendars" / "us_holidays.py"
closed = 'September11Closings = [ Timestamp("2024-03-05"),'
rules.write_text(rules.read_text().replace("September11Closings = [", closed))
(header,) = folder.glob("*.dist-info/METADATA")
header.write_text(header.read_text().replace("\\nVersion: ", "\\nVersion: 1!"))
CalendarCache(DiskSessionCache(home)).sessions("XNYS")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the calendars, which is found before the installed ones."""
    package = Path(exchange_calendars.__file__).parent
    header = package.parent / f"{package.name}-{metadata.version(package.name)}.dist-info"
    for each in (package, header):
        shutil.copytree(
            each, tmp_path / "packages" / each.name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path / "packages"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "state").mkdir(parents=True)
    return tmp_path / "home"


def run(program: str, home: Path, folder: Path) -> str:
    packages = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", program, str(home), str(folder)],
        env=packages, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def kept(home: Path) -> bytes:
    return (home / "cache/sessions/XNYS").read_bytes()


def test_sessions_built_by_calendars_that_were_upgraded_meanwhile_are_not_kept(
    home: Path, folder: Path
) -> None:
    run(UPGRADED_BELOW, home, folder)

    assert run(IS_SESSION, home, folder) == "False"


def test_another_copy_of_the_calendars_builds_its_own(
    home: Path, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    run(IS_SESSION, home, tmp_path / "nothing")
    installed = kept(home)
    run(IS_SESSION, home, tmp_path / "nothing")
    assert kept(home) == installed

    run(IS_SESSION, home, folder)

    assert kept(home) != installed


@pytest.mark.parametrize("file", ["us_holidays.py", "pandas_extensions/offsets.py"])
def test_a_holiday_repaired_in_any_file_of_the_calendars_counts(
    home: Path, folder: Path, file: str
) -> None:
    assert run(IS_SESSION, home, folder) == "True"
    before = kept(home)

    with (folder / "exchange_calendars" / file).open("a") as rules:
        rules.write("\n# mended\n")

    assert run(IS_SESSION, home, folder) == "True"
    assert kept(home) != before
