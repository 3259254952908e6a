"""The page of options says what the declarations say, and leaves none out."""

from __future__ import annotations

import pytest

from ml4t_nb.commands.declaration import VERBS
from ml4t_nb.commands.parser import tree
from ml4t_nb.settings import Settings
from tests.docs.options_page import PAGE, page


def test_the_page_is_what_the_declarations_make_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "docs/options.md is not current; write it anew: python -m tests.docs.options_page"
    )


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_word_the_parser_takes_stands_in_its_section_or_the_head(verb: str) -> None:
    words = page()
    head = words.partition("\n## load")[0]
    section = words.partition(f"\n## {verb}\n")[2].partition("\n## ")[0]
    _, parsers = tree()

    spelled = {flag for action in parsers[verb]._actions for flag in action.option_strings}

    assert {flag for flag in spelled if f"`{flag}`" not in head + section} == set()


def test_every_setting_is_listed_with_its_default() -> None:
    words = page()

    for name in Settings.__dataclass_fields__:
        assert f"| `ML4T_DATA_{name.upper()}` | " in words
    assert "| `ML4T_DATA_LOCK_TIMEOUT` | `30` | " in words
    assert "| `ML4T_DATA_PROVIDER` | `yahoo` | " in words
