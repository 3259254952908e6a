"""Writes ``floors.txt``: the oldest release that ``pyproject.toml`` allows of each requirement."""

from __future__ import annotations

import tomllib
from pathlib import Path

__all__ = ["FLOORS", "NEWEST", "floors"]

FLOORS = Path(__file__).with_name("floors.txt")
NEWEST = Path(__file__).with_name("newest.txt")
PROJECT = Path(__file__).parents[2] / "pyproject.toml"

HEAD = """\
# The oldest release that pyproject.toml allows of each requirement, written from it by
#   python -m tests.constraints.floors
# pip install -c tests/constraints/floors.txt '.[test]'
# On Python 3.11 or 3.12: the oldest numpy has no wheels for a later one.
"""


def floors() -> str:
    """What the file should say."""
    wanted = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    return HEAD + "".join(f"{each.replace('>=', '==')}\n" for each in wanted)


if __name__ == "__main__":
    FLOORS.write_text(floors(), encoding="utf-8")
