"""What the notebooks' outputs depend on, when they are tested: nothing of the reader's own."""  # noqa: INP001

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from nbval.plugin import IPyNbFile

_NOT_COMPARED = {
    # What a page looks like and how its buttons work says nothing of what a cell shows.
    r"(?s)<(style|script)>.*?</\1>": "",
    r"\b\d+\.\d s ·": "0.0 s ·",
    # What the store keeps of a run has its time to the last digit; 6.3 kB stands farther right
    # than 6.31 kB.
    r" *\b\d+(\.\d+)? k?B\b": " 0 B",
}
"""What outputs are compared without, as patterns, and what takes its place."""


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Compare outputs without style sheets, scripts, run times and sizes of files."""
    if isinstance(collector, IPyNbFile):
        collector.sanitize_patterns.update(_NOT_COMPARED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, bool | None, bool | None]:
    """Start the kernel in UTC, since reports show local time, and without the reader's settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        for name in [each for each in os.environ if each.upper().startswith("ML4T_DATA_")]:
            patch.delenv(name)
        return (yield)
