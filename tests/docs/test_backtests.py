"""The libraries that a page hands bars to, each in an environment of its own, end where it says."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmarks.environments import default_cache, python_with
from tests.docs.pages import ROOT, Block, blocks, differences, reading

PAGE = ROOT / "docs" / "howto" / "backtest.md"
BLOCKS = blocks(PAGE)
INSTALLED = {each.section: each for each in BLOCKS if each.text.startswith("pip install ")}
# Those that this interpreter may be too old for.
OLDEST = {"ml4t-backtest": (3, 12)}


@pytest.mark.slow
@pytest.mark.parametrize("section", INSTALLED)
def test_a_library_ends_with_what_is_worked_out_by_hand(
    section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = environment(section)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # NautilusTrader calls what pandas 3.1 warns of; IPython shows it as if the page did.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:Timestamp.utcnow is deprecated")

    shown = ""
    with reading(tmp_path, python) as reader:
        for block in [*common(), *(each for each in BLOCKS if each.section == section)]:
            where = f"{PAGE.name}:{block.line}"
            if block.language == "text":
                assert differences(block.text, shown) == "", where
            elif block != INSTALLED[section]:
                shown, went_well = reader.does(block)
                assert went_well, f"{where}\n{block.text}\n{shown}"


def test_a_block_of_each_library_shows_a_value_and_the_next_works_it_out() -> None:
    for section in INSTALLED:
        languages = [each.language for each in BLOCKS if each.section == section]
        assert languages[-4:] == ["python", "text", "python", "text"]


def common() -> list[Block]:
    """What stands above the first library."""
    return [each for each in BLOCKS if each.line < min(each.line for each in INSTALLED.values())]


def environment(section: str) -> Path:
    """An interpreter with what the package depends on, which is itself on the path, and more."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    _, _, *wanted = shlex.split(INSTALLED[section].text)
    needs = [*project["dependencies"], *wanted]
    return python_with(section, needs, default_cache(), interpreter(OLDEST.get(section, (3, 11))))


def interpreter(oldest: tuple[int, int]) -> str:
    """One that is at least that old: this one, or one on the path."""
    if sys.version_info >= oldest:
        return sys.executable
    for minor in range(oldest[1], 20):
        found = shutil.which(f"python3.{minor}")
        # One that pyenv has and does not offer is on the path, and ends with an error.
        if (
            found
            and not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode
        ):
            return found
    pytest.skip(f"the library needs Python 3.{oldest[1]}, and there is none on the PATH")
