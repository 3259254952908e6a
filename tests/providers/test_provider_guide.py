"""The guide to writing a provider shows the example that is tested."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "howto" / "write-a-provider.md"
GUIDE = PAGE.read_text(encoding="utf-8")
EXAMPLE = HERE / "example_provider"


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, flags=re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_guide_shows_the_whole_example() -> None:
    assert block("python") == (EXAMPLE / "ml4t_steady.py").read_text(encoding="utf-8")


def test_the_guide_shows_how_the_example_is_declared() -> None:
    assert block("toml") in (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")


def test_the_guide_names_every_member_of_the_protocol() -> None:
    from ml4t_nb.providers.plugins import _MEMBERS

    assert [member for member in _MEMBERS if f"`{member}" not in GUIDE] == []
