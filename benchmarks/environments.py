"""An environment for each peer, made once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from benchmarks.contenders import Party

__all__ = ["default_cache", "installed_for", "python_of", "python_with"]


def default_cache() -> Path:
    """Where the user keeps what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ml4t-benchmarks"


def installed_for(party: Party) -> str:
    """The package that the party is about; its parties share an environment."""
    return party.needs[0].partition(">")[0]


@cache
def python_of(party: Party, cache: Path) -> Path:
    """The interpreter of the party's environment; a party that needs nothing runs in this one."""
    if not party.needs:
        return Path(sys.executable)
    return python_with(installed_for(party), party.needs, cache)


def python_with(name: str, needs: Sequence[str], cache: Path, base: str = sys.executable) -> Path:
    """The interpreter of an environment with what is needed; made, with pip, if it is not there.

    Parameters
    ----------
    base
        The interpreter that makes it.
    """
    asked = [base, "-c", "import sys; print(sys.version)"]
    version = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    tag = hashlib.sha256(" ".join((version, *needs)).encode()).hexdigest()[:8]
    folder = cache / f"{name}-{tag}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # The note is the last thing written: what was broken off is made anew.
    note = folder / "installed.txt"
    if not note.exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making an environment for {name}: {', '.join(needs)}", file=sys.stderr)
        subprocess.run([base, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip"]
        subprocess.run([*pip, "install", "-q", *needs], check=True)
        listed = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True)
        note.write_text(listed.stdout, encoding="utf-8")
    return python
