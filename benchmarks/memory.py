"""How much memory a piece of work takes at its peak, above what the process held before."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from pathlib import Path

__all__ = ["peak_of"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def peak_of(work: Callable[[], object]) -> float:
    """Megabytes; -1 where the system does not tell, as outside of Linux."""
    if not _CLEAR.exists():
        work()
        return -1
    gc.collect()
    _CLEAR.write_text("5")  # the peak begins anew at what is held now
    before = _kilobytes("VmRSS")
    work()
    return (_kilobytes("VmHWM") - before) / 1000


def _kilobytes(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
    assert found
    return int(found[1])
