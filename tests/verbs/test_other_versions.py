"""Datasets that an earlier or a later version of the package wrote, as the shell tells of them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import DatasetNotFound, VersionNotFound
from ml4t_nb.model import DatasetId, LoadArguments, NextStep
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest_file import OLDEST_READ, VERSION
from ml4t_nb.workspace import Workspace

# In each, AAPL with 62 bars of sample, and MSFT removed, as the package of that manifest version
# left them.
STORES = Path(__file__).parents[1] / "storage"
AS_OF = "2004-04-15"
LOAD_AGAIN = "ml4t-data remove -s AAPL --yes && ml4t-data load -s AAPL -p sample --start 2004-01-02"


@pytest.fixture(
    params=[
        pytest.param(version, marks=[] if version == OLDEST_READ - 1 else pytest.mark.slow)
        for version in range(1, OLDEST_READ)
    ],
    ids="version {}".format,
)
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A store of an earlier version."""
    home = tmp_path / "home"
    shutil.copytree(STORES / f"version_{request.param}", home)
    return home


def sh(line: str, home: Path) -> subprocess.CompletedProcess[str]:
    """A line pasted to a shell."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    mine = {"PATH": path, "ML4T_DATA_HOME": str(home), "ML4T_DATA_AS_OF": AS_OF}
    return subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, **mine},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_store_of_an_earlier_version_is_refused_with_the_line_that_loads_it_again(
    home: Path,
) -> None:
    before = {path: path.read_bytes() for path in home.rglob("*.*") if path.is_file()}

    for verb in ("export AAPL", "update", "gaps AAPL", "load AAPL -p sample"):
        done = sh(f"ml4t-data {verb}", home)
        assert done.returncode == 1, verb
        assert "was stored in the format of an earlier ml4t_nb" in done.stdout + done.stderr
        assert LOAD_AGAIN in done.stdout + done.stderr, verb
        assert "Traceback" not in done.stderr
    judged = sh("ml4t-data health", home)
    assert judged.returncode == 1
    assert f"→ {LOAD_AGAIN}" in judged.stdout
    assert "MSFT" not in judged.stdout
    assert "AAPL" in sh("ml4t-data list", home).stdout
    assert {path: path.read_bytes() for path in before} == before

    pasted = sh(LOAD_AGAIN, home)

    assert pasted.returncode == 0
    assert "equities/daily/AAPL removed: 62 bars" in pasted.stdout
    # 62 sessions of XNYS to the end of March 2004, and ten to April 15: Good Friday was the 9th.
    assert re.search(r"AAPL +✅ +\+72 +72 +2004-01-02 +2004-04-15", pasted.stdout)
    assert sh("ml4t-data health", home).returncode == 0


def test_a_dataset_of_an_earlier_version_beside_others_keeps_to_itself(home: Path) -> None:
    assert sh("ml4t-data load IBM MSFT -p sample --start 2004-03-01 -q", home).returncode == 0

    done = sh("ml4t-data update --json", home)

    assert done.returncode == 1
    assert done.stdout.count("in the format of an earlier") == 1
    ws = Workspace.open(Settings(home=home))
    judged = {each.dataset.symbol: each for each in verbs.health(ws, as_of=AS_OF).datasets}
    assert {symbol: each.state for symbol, each in judged.items()} == {
        "AAPL": "error", "IBM": "healthy", "MSFT": "healthy",
    }  # fmt: skip
    assert judged["AAPL"].rows == 62
    origin = LoadArguments("sample", start=date(2004, 1, 2))
    assert judged["AAPL"].step == NextStep(
        "reload", DatasetId("equities", "daily", "AAPL"), home, origin
    )


def test_a_store_of_the_version_before_is_read_and_written_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(STORES / "version_3", home)
    ws = Workspace.open(Settings(home=home))

    assert len(verbs.bars(ws, "AAPL")) == 62
    (judged,) = verbs.health(ws, verify=True, as_of="2004-03-31").datasets
    assert judged.state == "healthy"
    snapshot = ws.store.snapshot(judged.dataset)
    assert snapshot.revised_rows().empty
    assert snapshot.rejected_rows().empty

    (result,) = verbs.update(ws, as_of=AS_OF).results

    assert (result.record.outcome, result.record.added, result.rows) == ("changed", 10, 72)
    (path,) = (home / "state/equities/daily/AAPL").glob("m.*.json")
    assert path.name == "m.00000002.json"
    assert path.read_bytes().startswith(b'{"version":%d,' % VERSION)
    assert [run.version for run in ws.store.snapshot(judged.dataset).manifest.recent] == [0, 2]
    with pytest.raises(DatasetNotFound):
        verbs.bars(ws, "MSFT")


def test_a_store_of_before_there_were_versions_has_them_from_then_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(STORES / "version_5", home)
    ws = Workspace.open(Settings(home=home))
    before = verbs.bars(ws, "AAPL")
    assert (len(before), before.loc["2004-03-31", "close"]) == (62, 27.04)
    (judged,) = verbs.health(ws, verify=True, as_of="2004-03-31").datasets
    assert judged.state == "healthy"
    assert verbs.bars(ws, "AAPL", version=2).equals(before)
    with pytest.raises(VersionNotFound, match="version 1 of equities/daily/AAPL is not there") as e:
        verbs.bars(ws, "AAPL", version=1)
    assert e.value.hint == "the nearest is 2; there are 1, from 2 to 2"

    (result,) = verbs.update(ws, as_of=AS_OF).results
    verbs.remove(ws, "AAPL", end="2004-01-31", yes=True, as_of=AS_OF)

    assert (result.record.outcome, result.record.added) == ("changed", 10)
    assert verbs.bars(ws, "AAPL", version=2).equals(before)
    assert verbs.bars(ws, "AAPL", known_on="2004-03-31").equals(before)
    assert len(verbs.bars(ws, "AAPL", version=3)) == 72
    assert len(verbs.bars(ws, "AAPL")) == 52  # without the twenty sessions of January
    assert [run.version for run in ws.store.snapshot(judged.dataset).history()] == [1, 2, 3, 4]
    assert sh(f"ml4t-data backup {tmp_path}/away -q", home).returncode == 0
    copy = Workspace.open(Settings(home=tmp_path / "away" / "latest"))
    assert verbs.bars(copy, "AAPL", version=2).equals(before)


def test_versions_and_pins_of_a_program_before_are_read_on(tmp_path: Path) -> None:
    """AAPL of 61 bars, of 62, of 61 and of 62 again; the first is pinned, as all of MSFT was."""
    home = tmp_path / "home"
    shutil.copytree(STORES / "version_6", home)
    ws = Workspace.open(Settings(home=home))

    def lengths() -> list[int]:
        return [len(verbs.bars(ws, "AAPL", version=number)) for number in (1, 2, 3, 4)]

    pinned = verbs.bars(ws, "AAPL", pin="thesis")
    assert (len(pinned), lengths()) == (61, [61, 62, 61, 62])
    assert len(verbs.bars(ws, "MSFT", version=1)) == 61

    (result,) = verbs.update(ws, as_of=AS_OF).results

    assert (result.record.outcome, result.record.added) == ("changed", 10)
    assert lengths() == [61, 62, 61, 62]
    assert len(verbs.bars(ws, "AAPL", version=5)) == 72
    assert verbs.bars(ws, "AAPL", pin="thesis").equals(pinned)
    assert verbs.bars(ws, "AAPL", known_on="2004-03-30").equals(pinned)


def written_by_a_newer_program(home: Path) -> None:
    """IBM, whose manifest is of the next version."""
    assert sh("ml4t-data load IBM -p sample --start 2004-03-01 -q", home).returncode == 0
    (path,) = (home / "state/equities/daily/IBM").glob("m.*.json")
    body = path.read_bytes().partition(b'"manifest":')[2].removesuffix(b"}\n")
    newer = VERSION + 1
    total = hashlib.sha256(b"%d " % newer + body).hexdigest().encode()
    path.write_bytes(b'{"version":%d,"sha256":"%s","manifest":%s}\n' % (newer, total, body))


def test_what_a_newer_program_wrote_is_refused_with_the_line_that_upgrades(tmp_path: Path) -> None:
    home = tmp_path / "home"
    written_by_a_newer_program(home)
    assert sh("ml4t-data load AAPL -p sample --start 2004-03-01 -q", home).returncode == 0
    before = {path: path.read_bytes() for path in home.rglob("IBM/*.*")}

    for line in (
        "export IBM", "export IBM --version 1", "update", "load IBM -p sample", "gaps IBM",
        "health", "undo IBM", "pin x", f"backup {tmp_path}/away", "rename IBM ABC",
        "recompress IBM --compression zstd",
    ):  # fmt: skip
        done = sh(f"ml4t-data {line}", home)
        said = done.stdout + done.stderr
        assert done.returncode == 1, line
        assert "was written by a newer ml4t_nb" in said, line
        assert "pip install --upgrade ml4t-nb" in said or "backup" in line, line
        assert "Traceback" not in said, line
    assert {path: path.read_bytes() for path in before} == before
    assert sh("ml4t-data export AAPL -q", home).returncode == 0
    assert sh(f"ml4t-data export AAPL -q --home {tmp_path}/away/latest", home).returncode == 0


def test_what_a_newer_program_wrote_is_not_removed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    written_by_a_newer_program(home)
    files = {each for each in home.rglob("IBM/*") if each.name != "lock"}

    done = sh("ml4t-data remove IBM --yes", home)

    assert done.returncode == 1
    assert "was written by a newer ml4t_nb" in done.stderr
    assert "pip install --upgrade ml4t-nb" in done.stderr
    assert "removed" not in done.stdout
    assert {each for each in home.rglob("IBM/*") if each.name != "lock"} == files


def test_a_removal_does_not_make_up_how_many_bars_a_damaged_manifest_had(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert sh("ml4t-data load IBM -p sample --start 2004-03-01 -q", home).returncode == 0
    (path,) = (home / "state/equities/daily/IBM").glob("m.*.json")
    path.write_bytes(path.read_bytes()[:-9])

    done = sh("ml4t-data remove IBM --yes", home)

    assert done.returncode == 0
    assert "equities/daily/IBM removed: number of bars unknown" in done.stdout
