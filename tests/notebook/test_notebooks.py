"""The notebooks as they are committed, and what the test command sees in them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebook.run_notebooks import VIEW

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BINDER = (
    "[Run it on Binder]"
    "(https://mybinder.org/v2/gh/ml4t/ml4t-nb/main?urlpath=lab/tree/notebooks/{name})"
)
TAGS = {"nbval-check-output", "nbval-skip", "network", "raises-exception"}
OF_A_MACHINE = re.compile(r"(?<![\w.:/<])/(?:[\w.-]+/)+[\w.-]*|\b[A-Z]:\\\\|\bipykernel_\d")
"""A path from the root on, or the file that a kernel says a cell is."""


def read(path: Path) -> dict[str, Any]:
    book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return book


def code(book: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def tags(cell: dict[str, Any]) -> set[str]:
    return set(cell["metadata"].get("tags", ()))


def run_here(book: dict[str, Any]) -> list[dict[str, Any]]:
    """Cells that need no network."""
    return [cell for cell in code(book) if "network" not in tags(cell)]


def outputs(cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for cell in cells:
        yield from cell["outputs"]


@pytest.fixture(params=NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def book(path: Path) -> dict[str, Any]:
    return read(path)


def test_a_notebook_is_valid(path: Path) -> None:
    nbformat.validate(read(path))


def test_a_notebook_opens_with_a_heading_a_link_to_run_it_and_what_it_teaches(
    path: Path, book: dict[str, Any]
) -> None:
    opening = book["cells"][0]

    heading, link, words = "".join(opening["source"]).split("\n\n", maxsplit=2)
    assert re.fullmatch(r"# [^\n]+", heading)
    assert BINDER.format(name=path.name) in link
    assert re.match(r"[A-Z][^#]{40,}[.]", words, flags=re.DOTALL)
    headings = [cell for cell in book["cells"] if "".join(cell["source"]).startswith("# ")]
    assert headings == [opening]


def test_a_store_of_its_own_comes_first(book: dict[str, Any]) -> None:
    first = "".join(code(book)[0]["source"])

    assert "home = tempfile.TemporaryDirectory()\n" in first
    assert 'os.environ["ML4T_DATA_HOME"] = home.name\n' in first
    assert "%load_ext ml4t_nb" in first


def test_each_run_says_as_of_when(book: dict[str, Any]) -> None:
    for cell in run_here(book):
        for line in "".join(cell["source"]).splitlines():
            if re.search(r"%ml4t (load|update|health)\b", line):
                assert "--as-of" in line, line


def test_a_notebook_was_run_once_from_its_first_cell_to_its_last(book: dict[str, Any]) -> None:
    counts = [cell["execution_count"] for cell in run_here(book)]

    assert counts == list(range(1, len(counts) + 1))


def test_what_needs_the_network_was_not_run(book: dict[str, Any]) -> None:
    for cell in code(book):
        if "network" in tags(cell):
            assert "nbval-skip" in tags(cell)
            assert (cell["execution_count"], cell["outputs"]) == (None, [])


def test_an_error_is_shown_where_one_is_announced_and_nowhere_else(book: dict[str, Any]) -> None:
    for cell in run_here(book):
        kinds = [output["output_type"] for output in cell["outputs"]]
        assert ("error" in kinds) == ("raises-exception" in tags(cell)), cell["id"]


def test_nothing_was_complained_of(book: dict[str, Any]) -> None:
    assert [each for each in outputs(code(book)) if each.get("name") == "stderr"] == []


def test_some_outputs_are_compared(book: dict[str, Any]) -> None:
    checked = [cell for cell in code(book) if "nbval-check-output" in tags(cell)]

    assert checked
    # A bar that is drawn again is compared with the first of its pictures, which is never the last.
    assert [each for each in outputs(checked) if "ml4t-progress" in json.dumps(each)] == []
    assert [cell["id"] for cell in checked if not cell["outputs"]] == []


def test_outputs_can_be_read_where_no_program_runs(book: dict[str, Any]) -> None:
    still = {"text/plain", "text/html", "image/svg+xml"}
    for output in outputs(code(book)):
        if output["output_type"] in ("display_data", "execute_result"):
            assert VIEW not in output["data"]
            assert still & output["data"].keys()
        if "application/vnd.plotly.v1+json" in output.get("data", {}):
            assert "image/svg+xml" in output["data"]


def test_outputs_name_no_place_on_a_machine(book: dict[str, Any]) -> None:
    for output in outputs(code(book)):
        words = re.sub(r'"bdata": "[^"]*"', "", json.dumps(output))
        assert OF_A_MACHINE.search(words) is None


def test_a_notebook_keeps_no_state_and_no_times(book: dict[str, Any]) -> None:
    assert set(book["metadata"]) <= {"kernelspec", "language_info"}
    assert book["metadata"]["kernelspec"]["name"] == "python3"
    assert set(book["metadata"].get("language_info", {})) <= {"name"}
    for cell in book["cells"]:
        assert set(cell["metadata"]) <= {"tags"}
        assert tags(cell) <= TAGS


def test_cells_have_names_that_stay(book: dict[str, Any]) -> None:
    names = [cell["id"] for cell in book["cells"]]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*|cell-\d+", name) for name in names), names


def test_a_notebook_is_small(path: Path) -> None:
    assert path.stat().st_size < 500_000


def test_links_lead_somewhere(path: Path, book: dict[str, Any]) -> None:
    words = "".join("".join(cell["source"]) for cell in book["cells"])
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", words):
        assert (path.parent / target).is_file(), target


def test_they_have_been_found() -> None:
    assert len(NOTEBOOKS) >= 6


def pytest_of(notebook: Path, **environment: str) -> tuple[int, dict[int, str], str]:
    """The project's test command over one notebook: exit code, what became of each cell, words."""
    words = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(notebook.parent)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "-p", "no:cacheprovider", "-vv", notebook.name],
        cwd=notebook.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    found = re.findall(r"::Cell (\d+) (PASSED|FAILED|SKIPPED|ERROR)", done.stdout)
    return done.returncode, {int(number): word for number, word in found}, done.stdout


def written(folder: Path, *cells: tuple[str, set[str], list[dict[str, Any]]]) -> Path:
    """A notebook of these sources, tags and outputs, as if it had been run."""
    book = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{count}",
                "metadata": {"tags": sorted(marks)},
                "execution_count": count,
                "source": source,
                "outputs": shown,
            }
            for count, (source, marks, shown) in enumerate(cells, start=1)
        ],
    }
    path = folder / "written.ipynb"
    path.write_text(json.dumps(book), encoding="utf-8")
    return path


def result(text: str) -> list[dict[str, Any]]:
    output = {"output_type": "execute_result", "execution_count": 1, "metadata": {}}
    return [{**output, "data": {"text/plain": text}}]


def error(name: str, words: str) -> list[dict[str, Any]]:
    return [{"output_type": "error", "ename": name, "evalue": words, "traceback": []}]


CHECK, RAISES = "nbval-check-output", "raises-exception"
EXTENSION = ("%load_ext ml4t_nb", set[str](), list[dict[str, Any]]())
LOAD = ("%ml4t load AAPL -p sample --start 2005-01-03 --as-of 2005-02-25", set[str](), EXTENSION[2])
BROKEN = (
    "%ml4t updat",
    "%ml4t update NOPE --as-of 2005-02-25",
    "%ml4t load NOPE -p sample --as-of 2005-02-25",
    "%ml4t load NOPE IBM -p sample --as-of 2005-02-25",
    "%%ml4t\nlist\nhealth --as-of soon\nlist",
    "%ml4t update {nobody}",
    "%ml4t remove AAPL --as-of 2005-02-25",
    "r = %ml4t plot NOPE",
)


def test_a_magic_that_fails_fails_its_cell(tmp_path: Path) -> None:
    cells = [(source, set[str](), EXTENSION[2]) for source in BROKEN]

    code, became, words = pytest_of(written(tmp_path, EXTENSION, LOAD, *cells))

    assert code == 1, words
    expected = ["PASSED", "PASSED", *["FAILED"] * len(BROKEN)]
    assert list(became.values()) == expected, words


def test_an_output_that_changed_fails_its_cell(tmp_path: Path) -> None:
    length = "import ml4t_nb; len(ml4t_nb.bars('AAPL'))"
    wrong = "unknown verb 'updat'\ndid you mean 'load'?"
    right = "unknown verb 'updat'\ndid you mean 'update'?"

    code, became, words = pytest_of(
        written(
            tmp_path,
            EXTENSION,
            LOAD,
            (length, {CHECK}, result("38")),
            (length, {CHECK}, result("39")),
            (length, {CHECK}, []),
            (length, set(), result("39")),
            ("%ml4t updat", {CHECK, RAISES}, error("OptionError", right)),
            ("%ml4t updat", {CHECK, RAISES}, error("OptionError", wrong)),
            (length, {CHECK, RAISES}, error("OptionError", right)),
        )
    )

    assert code == 1, words
    expected = "PASSED PASSED PASSED FAILED FAILED PASSED PASSED FAILED FAILED"
    assert list(became.values()) == expected.split(), words


def spoiled(change: Callable[[dict[str, Any]], None], folder: Path) -> tuple[Path, list[str]]:
    """The quickstart, changed, in a folder of its own; and the names of its code cells."""
    book = read(ROOT / "notebooks" / "01_quickstart.ipynb")
    change(book)
    path = folder / "01_quickstart.ipynb"
    path.write_text(json.dumps(book), encoding="utf-8")
    shutil.copy(ROOT / "notebooks" / "conftest.py", folder)
    return path, [cell["id"] for cell in code(book)]


def test_one_digit_of_the_quickstart_is_missed_and_nothing_else(tmp_path: Path, home: Path) -> None:
    def spoil(book: dict[str, Any]) -> None:
        (cell,) = (each for each in code(book) if each["id"] == "bars")
        words = json.dumps(cell["outputs"])
        assert words.count("44.465") == 2
        cell["outputs"] = json.loads(words.replace("44.465", "44.466"))
        # Neither a style sheet of another day nor a slower machine is a difference.
        for other in (each for each in code(book) if CHECK in tags(each)):
            words = json.dumps(other["outputs"])
            words = words.replace("<style>", "<style>.of-another-day {}").replace(
                "<script>", "<script>;"
            )
            other["outputs"] = json.loads(re.sub(r"(requests?, )\d+\.\d s", r"\g<1>59.9 s", words))

    path, names = spoiled(spoil, tmp_path)

    code_, became, words = pytest_of(path, HOME=str(tmp_path))

    assert code_ == 1, words
    assert {names[at] for at, word in became.items() if word != "PASSED"} == {"bars"}, words
    assert len(became) == len(names)
    # It has a store of its own, wherever the reader keeps theirs.
    assert not home.exists()
    assert not (tmp_path / ".ml4t-data").exists()
