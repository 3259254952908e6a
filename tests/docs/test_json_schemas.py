"""The published schemas are those of the code, and hold for what the shell prints and stores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ml4t_nb.cli import main
from ml4t_nb.render.to_json import report_json
from ml4t_nb.storage.manifest_file import encode_manifest
from tests.docs.json_schemas import FOLDER, schemas, written
from tests.render.test_output import REPORTS
from tests.storage.test_manifest import FULL

NAMES = {"load": "run", "update": "run", "end": "run", "rename": "run"}


@cache
def validator(name: str) -> Draft202012Validator:
    """Of the published schema of that name."""
    return Draft202012Validator(json.loads((FOLDER / f"{name}.json").read_text("utf-8")))


def faults(name: str, document: object) -> list[str]:
    return [error.message for error in validator(name).iter_errors(document)]


def test_the_schemas_are_those_of_the_code() -> None:
    published = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.json")}

    assert published == {name: written(schema) for name, schema in schemas().items()}, (
        "docs/schema is not current; write it anew: python -m tests.docs.json_schemas"
    )


@pytest.mark.parametrize("name", schemas())
def test_each_is_a_schema_and_listed(name: str) -> None:
    Draft202012Validator.check_schema(validator(name).schema)
    assert f"({name}.json)" in (FOLDER / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", REPORTS)
def test_reports_are_as_published(name: str) -> None:
    assert faults(name, json.loads(report_json(REPORTS[name]))) == []


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a gap, and a split ahead."""
    home = tmp_path_factory.mktemp("loaded")
    loads = (
        ("load", "DEMO", "-p", "synthetic", "--start", "2024-01-02", "--as-of", "2024-01-20"),
        ("load", "AAPL", "-p", "sample", "--start", "2004-01-02", "--as-of", "2005-02-25"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ML4T_DATA_SYNTHETIC_HOLES", "2024-01-10/2024-01-12")
        for words in loads:
            assert main([*words, "-q", "--home", str(home)]) == 0
    (home / "ml4t.toml").write_text(
        '[[universe]]\nname = "core"\nsymbols = ["AAPL", "IBM"]\nprovider = "sample"\n'
    )
    return home


@pytest.fixture
def home(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it."""
    home = tmp_path / "home"
    shutil.copytree(loaded, home)
    monkeypatch.setenv("ML4T_DATA_HOME", str(home))
    return home


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "words",
    [
        ("load", "NOPE", "-p", "sample"),
        ("update", "AAPL", "--as-of", "2005-03-10"),  # a split is restated meanwhile
        ("update", "--show-status", "--as-of", "2024-01-22"),
        ("sync", "--as-of", "2005-02-28"),
        ("health", "--as-of", "2024-01-22"),
        ("health", "--sessions", "3", "--as-of", "2024-01-22"),
        ("list",),
        ("gaps", "--as-of", "2024-01-22"),
        ("gaps", "DEMO", "--refill", "forward", "--as-of", "2024-01-22"),
        ("export", "DEMO"),
        ("export", "DEMO", "--out", "bars.csv"),
        ("plot", "DEMO"),
        ("plot", "DEMO", "--coverage"),
        ("compare", "AAPL", "--with", "synthetic", "--as-of", "2005-02-25"),
        ("end", "DEMO", "--as-of", "2024-01-22"),
        ("remove", "DEMO", "--yes"),
        ("providers",),
    ],
    ids=" ".join,
)
def test_what_the_shell_prints_is_as_published(
    words: Sequence[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    main([*words, "--json"])

    document = json.loads(capsys.readouterr().out)
    name = NAMES.get(words[0], words[0])
    assert faults(name, document) == []
    for key in document:
        assert faults(name, {**document, key: b""}), key
        assert faults(name, {each: document[each] for each in document if each != key}) or (
            key in ("bars", "sessions")  # there with an option only
        ), key


@pytest.mark.parametrize("words", [("updat",), ("load",), ("export", "NOPE")], ids=" ".join)
@pytest.mark.usefixtures("home")
def test_errors_are_as_published(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--json"]) != 0

    assert faults("error", json.loads(capsys.readouterr().out)) == []


def test_what_is_stored_is_as_published(home: Path) -> None:
    main(["remove", "AAPL", "--yes", "-q"])

    stored = [json.loads(path.read_bytes()) for path in home.glob("state/**/m.*.json")]

    assert ["removed_at" in each["manifest"] for each in stored].count(True) == 1
    for manifest in (*stored, json.loads(encode_manifest(FULL))):
        assert faults("manifest", manifest) == []


def test_a_manifest_with_another_field_is_not() -> None:
    full: dict[str, Any] = json.loads(encode_manifest(FULL))
    full["manifest"]["chunks"][0]["place"] = 1

    assert faults("manifest", full) != []
