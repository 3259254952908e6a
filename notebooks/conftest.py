"""What the notebooks' outputs depend on, when they are tested: nothing of the reader's own."""  # noqa: INP001

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, bool | None, bool | None]:
    """Start the kernel in UTC, since reports show local time, and without the reader's settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        for name in [each for each in os.environ if each.upper().startswith("ML4T_DATA_")]:
            patch.delenv(name)
        return (yield)
