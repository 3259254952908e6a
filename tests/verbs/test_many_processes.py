"""Many processes on one dataset: every acknowledged bar is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

WORDS = ("load", "IBM", "-p", "sample", "--json", "--as-of", "2013-03-01")


@pytest.mark.parametrize("writers", [2, 8])
def test_loads_of_different_years_at_once_lose_nothing(tmp_path: Path, writers: int) -> None:
    years = range(2004, 2004 + writers)
    program = str(Path(sys.executable).parent / "ml4t-data")
    environment = {**os.environ, "ML4T_DATA_HOME": str(tmp_path / "home")}
    running = [
        subprocess.Popen(
            [program, *WORDS, "--start", f"{year}-01-02", "--end", f"{year}-12-31"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for year in years
    ]
    answers = [process.communicate() for process in running]

    assert [process.returncode for process in running] == [0] * writers, answers
    added = [json.loads(out)["results"][0]["added"] for out, _ in answers]
    together = Workspace.open(Settings(home=tmp_path / "home"))
    alone = Workspace.open(Settings(home=tmp_path / "alone"))
    verbs.load(
        alone,
        "IBM",
        provider="sample",
        start="2004-01-02",
        end=f"{years[-1]}-12-31",
        as_of="2013-03-01",
    )
    expected = verbs.bars(alone, "IBM")
    held = verbs.bars(together, "IBM")
    assert sum(added) == len(held)
    assert held.equals(expected)
    (dataset,) = together.store.datasets()
    assert len(together.store.snapshot(dataset).history()) == writers
