"""One workload of the package, in this process: its numbers as JSON on standard output."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

NAME, FOLDER, ROUNDS, SHARE = sys.argv[1:]

if __name__ == "__main__":
    measured = import_module(f"benchmarks.own.{NAME}").measured
    numbers = measured(Path(FOLDER), rounds=int(ROUNDS), share=float(SHARE))
    json.dump(list(numbers), sys.stdout)
