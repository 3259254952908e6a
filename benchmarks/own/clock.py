"""What the workloads of the package share: a number, and a clock."""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import perf_counter

__all__ = ["Number", "clocked"]

Number = tuple[str, str, float, str]
"""Workload, what of it, value, unit."""


def clocked(work: Callable[[], object]) -> float:
    """Milliseconds that ``work`` takes, begun with no garbage left by others."""
    gc.collect()
    began = perf_counter()
    work()
    return (perf_counter() - began) * 1000
