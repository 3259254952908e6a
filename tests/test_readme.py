"""Every block of the README runs as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|python|ipython)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)

CELLS = """
import sys
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
for line in sys.argv[1].splitlines():
    shell.run_cell(line).raise_error()
"""


def run(kind: str, block: str, home: Path) -> subprocess.CompletedProcess[str]:
    programs = {
        "sh": ["bash", "-e", "-c", block],
        "python": [sys.executable, "-c", block],
        "ipython": [sys.executable, "-c", CELLS, block],
    }
    environment = {
        **{name: word for name, word in os.environ.items() if not name.startswith("ML4T_DATA")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
    }
    return subprocess.run(
        programs[kind], cwd=home, env=environment, capture_output=True, text=True, check=False
    )


def test_the_blocks_run_one_after_the_other(tmp_path: Path) -> None:
    # Those that make an environment are what the continuous integration itself runs.
    blocks = [(kind, block) for kind, block in BLOCKS if "python3 -m venv" not in block]

    done = [run(kind, block, tmp_path) for kind, block in blocks]

    assert len(done) >= 4
    for (_, block), each in zip(blocks, done, strict=True):
        assert each.returncode == 0, f"{block}\n{each.stdout}\n{each.stderr}"
    assert "restated 2:1 (split 2005-02-28): history replaced, 292 bars" in done[0].stdout


@pytest.mark.parametrize("needle", ["ml4t-data load AAPL -p sample", "-m pytest"])
def test_the_two_lines_for_a_fresh_clone_are_one_line_each(needle: str) -> None:
    lines = [block for kind, block in BLOCKS if kind == "sh" and "python3 -m venv" in block]

    (line,) = [each for each in lines if needle in each]
    assert line.count("\n") == 1
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
