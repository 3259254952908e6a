"""The environment that Binder builds: its Dockerfile, and the same packages without Docker."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

from tests.binder.pins import HEAD, ROOT, WANTED

BINDER = ROOT / "binder"
# As it was before any test: the replay of Yahoo leads every connection of its tests to itself.
ENVIRON = dict(os.environ)
COPIED = ("ml4t_nb", "notebooks", "binder", "pyproject.toml", "README.md", "LICENSE")


def pins() -> dict[str, str]:
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    each = (line.partition("==") for line in lines if line and not line.startswith("#"))
    return {name.lower().replace("_", "-"): version for name, _, version in each}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a clone holds, as far as Binder looks at it."""
    folder = tmp_path / "checkout"
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        folder.mkdir(exist_ok=True)
        copy(source, folder / name)
    return folder


def test_every_requirement_is_pinned_to_one_version_that_the_package_takes() -> None:
    pinned = pins()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(each) for each in (*project["dependencies"], *WANTED)]

    assert (BINDER / "requirements.txt").read_text().startswith(HEAD)
    assert all(re.fullmatch(r"[\d.]+(post\d+)?", version) for version in pinned.values())
    for each in wanted:
        if each.marker is None or each.marker.evaluate({"platform_system": "Linux"}):
            assert pinned[each.name.lower().replace("_", "-")] in each.specifier


def test_the_dockerfile_installs_the_pins_then_the_package_and_starts_offline(
    checkout: Path,
) -> None:
    drawn = subprocess.run(
        [
            *(sys.executable, "-m", "repo2docker", "--no-build", "--debug"),
            *("--user-id", "1000", "--user-name", "jovyan", str(checkout)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    lines = (drawn.stdout + drawn.stderr).splitlines()

    def at(*words: str) -> int:
        return next(n for n, line in enumerate(lines) if all(word in line for word in words))

    install = at("pip install --no-cache-dir -r", "binder/requirements.txt")
    assert install < at("COPY", "src/ ${REPO_DIR}/") < at("RUN ./binder/postBuild")
    assert at('R2D_ENTRYPOINT="${REPO_DIR}/binder/start"')
    assert any("py-3.12" in line or "py-2d3-2e12" in line for line in lines)


@pytest.mark.parametrize("script", ["postBuild", "start"])
def test_a_script_can_be_run_and_stops_at_an_error(script: str) -> None:
    path = BINDER / script

    assert path.stat().st_mode & stat.S_IXUSR
    assert path.read_text().startswith("#!/bin/bash\n")
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_the_start_script_hands_over_to_what_it_was_given() -> None:
    words = [str(BINDER / "start"), "bash", "-c", 'echo "$ML4T_DATA_PROVIDER $0 $1"', "a b", "c"]

    said = subprocess.run(words, check=True, capture_output=True, text=True)

    assert said.stdout == "sample a b c\n"


@pytest.mark.slow
def test_the_quickstart_runs_in_the_environment_that_is_pinned(
    checkout: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    path = f"{folder / 'bin'}:/usr/bin:/bin"
    environ = {"PATH": path, "HOME": str(tmp_path), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    requirements = checkout / "binder" / "requirements.txt"
    subprocess.run([*pip, "-r", str(requirements)], check=True, env=ENVIRON)
    subprocess.run(["bash", "binder/postBuild"], check=True, cwd=checkout, env=environ)

    subprocess.run(
        [
            *("binder/start", "jupyter", "nbconvert", "--execute", "--to", "notebook"),
            *("--output-dir", str(tmp_path), "notebooks/01_quickstart.ipynb"),
        ],
        check=True,
        cwd=checkout,
        env=environ,
    )

    book = nbformat.read(tmp_path / "01_quickstart.ipynb", as_version=4)  # type: ignore[no-untyped-call]  # nbformat's
    shown = str([cell["outputs"] for cell in book.cells if cell.cell_type == "code"])
    assert "restated 2:1 (split 2005-02-28)" in shown
    subprocess.run([str(python), "-m", "pip", "check"], check=True, env=environ)
