"""What the forge and the package index are told agrees with the tree, each thing said once."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import metadata, version
from pathlib import Path
from typing import Any

import pytest
import yaml

import ml4t_nb

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
FORGE = PROJECT["project"]["urls"]["Homepage"]


def read(path: Path) -> Any:  # noqa: ANN401  # YAML of any shape
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_version_stands_in_one_place() -> None:
    source = (ROOT / "ml4t_nb" / "__init__.py").read_text(encoding="utf-8")

    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "ml4t_nb/__init__.py"
    assert re.findall(r'^__version__ = "(.*)"$', source, flags=re.MULTILINE) == [
        ml4t_nb.__version__
    ]
    assert version("ml4t-nb") == ml4t_nb.__version__


def test_the_forge_has_one_address() -> None:
    pages = [ROOT / "README.md", ROOT / "SECURITY.md", *FORMS]
    words = "".join(page.read_text(encoding="utf-8") for page in pages)

    assert {f"https://github.com/{each}" for each in re.findall(r"github\.com/(\w+/[\w-]+)", words)
            } == {FORGE}  # fmt: skip
    assert {each.removeprefix("gh/") for each in re.findall(r"gh/\w+/[\w-]+", words)} == {
        FORGE.removeprefix("https://github.com/")
    }
    assert all(url.startswith(FORGE) for url in PROJECT["project"]["urls"].values())
    assert len(metadata("ml4t-nb").get_all("Project-URL") or []) == len(PROJECT["project"]["urls"])


def test_each_claimed_python_is_tested_on_each_system_and_another_may_fail() -> None:
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    job = read(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["test"]
    matrix = job["strategy"]["matrix"]
    more = [each for each in matrix["python"] if each not in claimed]

    assert matrix["python"] == [*claimed, *more]
    assert len(matrix["system"]) == 3
    assert job["continue-on-error"] == f"${{{{ matrix.python == '{more[0]}' }}}}"
    assert len(more) == 1


def test_what_the_workflow_checks_a_hook_checks_too() -> None:
    steps = read(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["checks"]["steps"]
    lines = [step["run"] for step in steps if "pip install" not in step.get("run", "pip install")]
    (local,) = read(ROOT / ".pre-commit-config.yaml")["repos"]

    checked = {" ".join(line.replace(" .", "").replace(" --check", "").split()) for line in lines}
    hooked = {hook["entry"].partition(" --")[0] for hook in local["hooks"]}
    assert checked == hooked


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_one_that_the_forge_takes(form: Path) -> None:
    told = read(form)
    if form.stem == "config":
        assert set(told) == {"blank_issues_enabled", "contact_links"}
        assert all(set(each) == {"name", "url", "about"} for each in told["contact_links"])
        return

    assert set(told) == {"name", "description", "labels", "body"}
    fields = [each["id"] for each in told["body"]]
    assert len(set(fields)) == len(fields)
    for each in told["body"]:
        assert each["type"] in ("input", "textarea", "dropdown")
        assert each["attributes"]["label"]
        assert ("options" in each["attributes"]) == (each["type"] == "dropdown")


def test_the_changelog_begins_with_what_is_not_released() -> None:
    words = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## \[(.*?)\]", words, flags=re.MULTILINE)
    kinds = set(re.findall(r"^### (.*)$", words, flags=re.MULTILINE))

    assert heads[0] == "Unreleased"
    assert ml4t_nb.__version__ in heads
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
