"""A settings file: the line of everything in it, however TOML lets it be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.settings_file import SettingsTable

TEXT = '''\
# comment
[rules]
off = [
    "spike", # [not.a.table]
    "jump",
]
spike_factor = 2

[rules."equities/daily/GME"]
jump_factor = 8
note = """
[universe]
name = "not this one"
"""

[[universe]]
name = "core"
symbols = ["AAPL"]

[[universe]]
"name" = "more"
quota.daily = 3

[universe.own]
deep = 1

[closures]
"24/7" = ["2024-01-09"]
XNYS = [
  "2024-01-10",
]
'''


def read(tmp_path: Path, text: str | bytes) -> SettingsTable:
    path = tmp_path / "f.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return SettingsTable.read(path)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_each_table_and_key_has_its_line(tmp_path: Path, newline: str) -> None:
    file = read(tmp_path, TEXT.replace("\n", newline))
    rules, gme = file.table("rules"), file.table("rules").table("equities/daily/GME")
    core, more = file.tables("universe")

    assert (rules.line(), rules.line("off"), rules.line("spike_factor")) == (2, 3, 7)
    assert (gme.line(), gme.line("jump_factor"), gme.line("note")) == (9, 10, 11)
    assert (core.line(), core.line("name"), core.line("symbols")) == (16, 17, 18)
    assert (more.line(), more.line("name"), more.line("quota")) == (20, 21, 22)
    assert more.table("quota").line("daily") == 22
    assert more.table("own").line("deep") == 25
    assert file.line("universe") == 16
    assert [file.table("closures").line(each) for each in ("24/7", "XNYS")] == [28, 29]
    # What a table lacks is said of the table.
    assert core.line("start") == 16


def test_lists_and_tables_in_one_line_are_read_as_those_in_many(tmp_path: Path) -> None:
    file = read(tmp_path, '\nuniverse = [{name = "core"}, {name = "more"}]\nrules = {off = []}')

    assert [each.line("name") for each in file.tables("universe")] == [2, 2]
    assert file.table("rules").line("off") == 3


def test_an_error_names_file_line_and_table(tmp_path: Path) -> None:
    file = read(tmp_path, TEXT)
    gme, (_, more) = file.table("rules").table("equities/daily/GME"), file.tables("universe")

    assert [
        gme.error("jump_factor", "wrong", "right").message,
        more.error("name", "wrong").message,
        more.error(None, "wrong").message,
        file.error("rules", "wrong").message,
        SettingsTable(Path("g.toml"), {"a": 1}, ("rules",)).error("a", "wrong").message,
    ] == [
        f'{file.path}, line 10, [rules."equities/daily/GME"]: wrong',
        f"{file.path}, line 21, [[universe]]: wrong",
        f"{file.path}, line 20, [[universe]]: wrong",
        f"{file.path}, line 2: wrong",
        "g.toml, [rules]: wrong",
    ]


def test_a_value_may_be_one_of_the_environment_and_no_error_repeats_it(tmp_path: Path) -> None:
    text = 'plain = "a"\nnamed = "$URL"\nbraced = "${URL}"\nunset = "$NONE"\nnumber = 3'
    table = read(tmp_path, text)
    environ = {"URL": "mailtos://user:secret@host"}

    assert table.resolved("plain", environ) == "a"
    assert table.resolved("named", environ) == table.resolved("braced", environ) == environ["URL"]
    for key, message, hint in (
        ("unset", "line 4: unset: $NONE is not set", "set NONE in the environment"),
        ("number", "line 5: number: 3 is not a string", 'write it as number = "..."'),
    ):
        with pytest.raises(SettingsInvalid) as refused:
            table.resolved(key, environ)
        assert refused.value.message == f"{table.path}, {message}"
        assert refused.value.hint == hint
