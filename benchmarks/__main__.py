"""The command: ``python -m benchmarks [--quick] [--rounds N] [--only WORKLOAD] [--out FILE]``."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.bars import DAILY, MINUTE
from benchmarks.door.workload import door
from benchmarks.environments import default_cache
from benchmarks.machine import described
from benchmarks.report import as_json, as_text
from benchmarks.series import Book
from benchmarks.side_by_side import Scale, footprint, series, symbols
from benchmarks.workers import ROOT, environment

__all__ = ["WORKLOADS", "main"]

_ROUNDS, _QUICK_ROUNDS, _QUICK_SHARE = 7, 2, 0.02


def _own(name: str, scale: Scale, folder: Path, book: Book) -> None:
    """One of the package's own workloads, in a fresh process of this environment."""
    command = [sys.executable, "-m", "benchmarks.own", name, str(folder)]
    done = subprocess.run(
        [*command, str(scale.rounds), str(scale.share)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
    )
    for workload, what, value, unit in json.loads(done.stdout):
        book.enter(workload, what, [value], unit)


WORKLOADS: Mapping[str, Callable[[Scale, Path, Book], None]] = {
    "daily": partial(series, DAILY),
    "minute": partial(series, MINUTE),
    "footprint": footprint,
    "symbols": symbols,
    "door": door,
    **{
        name: partial(_own, name)
        for name in (
            "flat",
            "health",
            "gaps",
            "starts",
            "lock",
            "incremental",
            "notebook",
            "executors",
        )
    },
}
"""What ``--only`` may name; each in a folder of its own, removed afterwards."""


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and write the JSON if a file was named; 0 when all ran.

    A missed target is told, and is no failure: on a busy machine one may be missed by chance.
    """
    given = _parser().parse_args(words)
    scale = Scale(
        cache=given.cache,
        rounds=given.rounds or (_QUICK_ROUNDS if given.quick else _ROUNDS),
        share=_QUICK_SHARE if given.quick else 1.0,
        alone=given.alone,
    )
    book = Book()
    for name in given.only or WORKLOADS:
        print(f"measuring {name}", file=sys.stderr)
        folder = Path(tempfile.mkdtemp(prefix=f"ml4t-{name}-", dir=given.work))
        try:
            WORKLOADS[name](scale, folder, book)
        finally:
            shutil.rmtree(folder)
        if given.out:
            told = json.dumps(as_json(book, described(scale, given.work)), indent=1)
            given.out.write_text(told + "\n", encoding="utf-8")
    print(as_text(book, described(scale, given.work)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, two rounds: a trial run")
    parser.add_argument("--rounds", type=int, help=f"rounds counted (default {_ROUNDS})")
    parser.add_argument(
        "--only", action="append", choices=WORKLOADS, help="one workload; may be repeated"
    )
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--out", type=Path, help="file for the numbers as JSON")
    parser.add_argument(
        "--cache", type=Path, default=default_cache(), help="where the peers' environments are kept"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()),
        help="folder on the disk to measure",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
