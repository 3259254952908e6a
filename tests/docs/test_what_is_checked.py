"""The page on rules: it names each of them, and each setting with its default."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields

from ml4t_nb.core.rules.configuration import SWITCHABLE, RuleSettings
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.settings_file import SettingsTable
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "what-is-checked.md"


def first_cells(*, columns: int) -> list[tuple[str, ...]]:
    """Cells of all rows that begin with a name, without the last column, which explains it."""
    rows = re.findall(r"^\| `([^|]*)` \|(.*)\|$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    split = [(name, *(cell.strip() for cell in rest.split(" |")[:-1])) for name, rest in rows]
    return [cells for cells in split if len(cells) == columns]


def test_each_setting_is_there_with_its_default() -> None:
    def shown(value: object) -> str:
        if isinstance(value, tuple | frozenset):
            return f"[{', '.join(f'{each:g}' for each in sorted(value))}]"
        return f"{value:.4g}"

    usual = Thresholds()
    declared = [(each.name, shown(getattr(usual, each.name))) for each in fields(Thresholds)]

    assert first_cells(columns=2) == declared


def test_each_rule_that_can_be_switched_off_is_there() -> None:
    text = PAGE.read_text("utf-8")
    assert [rule for rule in SWITCHABLE if f"`{rule}`" not in text] == []


def test_the_example_can_be_used() -> None:
    (example,) = (each.text for each in blocks(PAGE) if each.language == "toml")
    rules = RuleSettings.of(SettingsTable(PAGE, tomllib.loads(example)).table("rules"))

    assert rules.general.off == {"high volume"}
    assert {name: each.jump_factor for name, each in rules.single.items()} == {
        "equities/daily/GME": 8
    }
