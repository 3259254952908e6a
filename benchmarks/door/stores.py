"""The stores that are read at the door: made once, and kept until what writes them changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from benchmarks.contenders import OURS, Party
from benchmarks.environments import python_of
from benchmarks.workers import ROOT, Worker

__all__ = ["copied", "door_worker", "store_of"]

# What is written differs if these do.
_COMMON = ("benchmarks/bars.py", "benchmarks/door/contents.py")
_READERS = "benchmarks/door/readers"
_WRITERS = (
    "checksum", "chunks", "commit_files", "compaction", "manifest", "manifest_file", "names",
    "record_log", "transaction",
)  # fmt: skip
_OURS = (
    *(f"ml4t_nb/storage/{name}.py" for name in _WRITERS),
    "benchmarks/door/our_store.py",
)


def store_of(party: Party, cache: Path, count: int, share: float) -> Path:
    """The party's store of so many datasets, below ``cache``; made if it is not there."""
    python = python_of(party, cache)
    home = cache / "stores" / f"{party.module}-{count}-{_tag(party, python, share)}"
    # The note is the last thing written: what was broken off is made anew.
    note = home.with_name(f"{home.name}.made")
    if not note.exists():
        for old in home.parent.glob(f"{party.module}-{count}-*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        print(f"making a store of {count:,} for {party.name}", file=sys.stderr)
        with door_worker(party, python, home) as worker:
            worker.ask("build", count=count, share=share)
        os.sync()
        note.touch()
    return home


def door_worker(party: Party, python: Path, home: Path) -> Worker:
    """A process that answers at the door of the store in ``home``."""
    return Worker(party, python, home, "benchmarks.door.worker")


def copied(store: Path, home: Path) -> Path:
    """A copy of our store that may be written: its bars and manifests are linked, not copied.

    A commit writes new files beside them, and never into one that is there.
    """
    shutil.copytree(store, home, copy_function=_linked)
    return home


def _linked(source: str, target: str) -> None:
    if source.endswith((".parquet", ".json")):
        with suppress(OSError):  # another disk
            os.link(source, target)
            return
    shutil.copy2(source, target)


def _tag(party: Party, python: Path, share: float) -> str:
    sources = (*_COMMON, *_OURS) if party is OURS else (*_COMMON, f"{_READERS}/{party.module}.py")
    digest = hashlib.sha256(f"{python.parent.parent.name} {share}".encode())
    for source in sources:
        digest.update((ROOT / source).read_bytes())
    return digest.hexdigest()[:8]
