"""Where it was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.contenders import PEERS
from benchmarks.environments import installed_for
from benchmarks.side_by_side import Scale

__all__ = ["described"]

_OURS = ("ml4t-nb", "numpy", "pandas", "pyarrow")


def described(scale: Scale, work: Path) -> dict[str, str]:
    """Processors, system, disk, and the versions of everything that was measured."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else -1
    return {
        "machine": f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "file system": _file_system(work),
        "load average": f"{load:.1f}",
        "rounds": f"{scale.rounds}, sizes x {scale.share:g}",
        "package": ", ".join(f"{name} {_version(name)}" for name in _OURS),
        **({} if scale.alone else {"peers": ", ".join(_peers(scale.cache))}),
    }


def _file_system(folder: Path) -> str:
    try:
        asked = ["findmnt", "-n", "-o", "FSTYPE", "-T", str(folder)]
        done = subprocess.run(asked, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    kind = done.stdout.strip()
    return f"{kind}, whose syncs cost nothing" if kind == "tmpfs" else kind


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _peers(cache: Path) -> list[str]:
    """What pip installed for them, by their first requirement."""
    found = []
    for party in PEERS:
        name = installed_for(party)
        for note in sorted(cache.glob(f"{name}-*/installed.txt")):
            lines = note.read_text(encoding="utf-8").splitlines()
            found += [line.replace("==", " ") for line in lines if line.startswith(f"{name}==")]
    return list(dict.fromkeys(found))
