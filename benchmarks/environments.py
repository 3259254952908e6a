"""An environment for each peer, made once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.contenders import Party

__all__ = ["default_cache", "python_of"]


def default_cache() -> Path:
    """Where the user keeps what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ml4t-benchmarks"


def python_of(party: Party, cache: Path) -> Path:
    """The interpreter of the party's environment; made, with pip, if it is not there.

    A party that needs nothing runs in this one.
    """
    if not party.needs:
        return Path(sys.executable)
    wanted = " ".join((sys.version, *party.needs))
    tag = hashlib.sha256(wanted.encode()).hexdigest()[:8]
    folder = cache / f"{party.module}-{tag}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # The note is the last thing written: what was broken off is made anew.
    note = folder / "installed.txt"
    if not note.exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making an environment for {party.name}: {', '.join(party.needs)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip"]
        subprocess.run([*pip, "install", "-q", *party.needs], check=True)
        listed = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True)
        note.write_text(listed.stdout, encoding="utf-8")
    return python
