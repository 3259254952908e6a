"""The environments that the tests run in are the ends of what pyproject.toml allows."""

from __future__ import annotations

from packaging.requirements import Requirement
from packaging.version import Version

from tests.constraints.floors import FLOORS, NEWEST, floors

_STEP = "python -m tests.constraints.floors"


def test_the_floors_are_those_of_pyproject() -> None:
    assert FLOORS.read_text(encoding="utf-8") == floors(), f"write them anew: {_STEP}"


def test_the_newest_are_of_the_same_packages_and_not_below_the_floors() -> None:
    oldest, newest = (
        {
            (each := Requirement(line)).name: Version(next(iter(each.specifier)).version)
            for line in file.read_text(encoding="utf-8").splitlines()
            if not line.startswith("#")
        }
        for file in (FLOORS, NEWEST)
    )

    assert newest.keys() == oldest.keys()
    assert all(newest[name] >= floor for name, floor in oldest.items())
