"""The guide to writing a provider shows the example that is tested."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.providers.test_plugins import example, unpack

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "howto" / "write-a-provider.md"
GUIDE = PAGE.read_text(encoding="utf-8")
EXAMPLE = HERE / "example_provider"


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, flags=re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_guide_shows_the_whole_example() -> None:
    assert block("python") == (EXAMPLE / "ml4t_steady.py").read_text(encoding="utf-8")


def test_the_guide_shows_how_the_example_is_tested() -> None:
    assert block("py") == (EXAMPLE / "test_steady.py").read_text(encoding="utf-8")


def test_the_example_passes_its_tests_where_it_is_installed(tmp_path: Path) -> None:
    site, tests = tmp_path / "site", tmp_path / "tests"
    unpack(site, example(tmp_path))
    tests.mkdir()
    shutil.copy(EXAMPLE / "test_steady.py", tests)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", str(tests), "-p", "no:cacheprovider"],
        cwd=tests,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^17 passed in", done.stdout, flags=re.MULTILINE), done.stdout


def test_the_guide_names_every_strategy() -> None:
    from ml4t_nb.testing import strategies

    named = {name for name in strategies.__all__ if f"`{name}" in GUIDE}
    assert named == set(strategies.__all__) - {"prices"}


def test_the_guide_shows_how_the_example_is_declared() -> None:
    assert block("toml") in (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")


def test_the_guide_names_every_member_of_the_protocol() -> None:
    from ml4t_nb.providers.registry import _MEMBERS

    assert [member for member in _MEMBERS if f"`{member}" not in GUIDE] == []


@pytest.mark.parametrize(
    ("lacking", "module"), [("pytest", "testing"), ("hypothesis", "testing.strategies")]
)
def test_what_the_tests_of_others_need_is_named_where_it_is_not_installed(
    lacking: str, module: str
) -> None:
    script = (
        f"import sys; sys.modules[{lacking!r}] = None\n"
        f"try:\n    import ml4t_nb.{module}\n"
        "except ImportError as error:\n    print(type(error).__name__, error)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout == (
        f"MissingExtra ml4t_nb.{module} needs {lacking}\npip install 'ml4t-nb[testing]'\n"
    )
