"""Universes as ``ml4t.toml`` declares them, and what cannot be meant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.universes import Universe, read_universes

CORE = '[[universe]]\nname = "core"\n'
AAPL = CORE + 'symbols = ["AAPL"]\n'


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ml4t.toml"
    path.write_text(text)
    return path


def test_a_universe_is_its_own_settings_and_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "coins.txt").write_text(
        "\ufeff# two coins\nBTC-USD  # the first\n\nETH-USD\nBTC-USD\n", encoding="utf-8"
    )
    path = write(
        tmp_path,
        """
[defaults]
start = 2010-01-04
fallback = ["files"]

[[universe]]
name = "core"
symbols = ["AAPL", "MSFT", "AAPL"]
provider = "yahoo"

[[universe]]
name = "coins.1m"
file = "lists/coins.txt"
start = "2024-01-01"
end = 2024-06-30
frequency = "1m"
asset_class = "crypto"
calendar = "24/7"
fallback = []
""",
    )
    found = read_universes(None, tmp_path)

    assert found.path == path
    assert found.universes == (
        Universe(
            "core",
            ("AAPL", "MSFT"),
            start=date(2010, 1, 4),
            provider="yahoo",
            fallback=("files",),
        ),
        Universe(
            "coins.1m",
            ("BTC-USD", "ETH-USD"),
            start=date(2024, 1, 1),
            end=date(2024, 6, 30),
            frequency="1m",
            asset_class="crypto",
            calendar="24/7",
        ),
    )
    core, coins = found.universes
    assert core.place() == f"{path}, line 6"
    assert core.place("start") == f"{path}, line 3"
    assert coins.place("start") == f"{path}, line 14"
    assert core.error("start", "too early").message == f"{path}, line 3, [defaults]: too early"


def test_a_symbol_may_be_in_two_universes_that_agree_or_mean_other_datasets(
    tmp_path: Path,
) -> None:
    minutes = '[[universe]]\nname = "b"\nsymbols = ["AAPL"]\nfrequency = "5m"\n'
    again = '[[universe]]\nname = "c"\nsymbols = ["MSFT", "AAPL"]\n'
    write(tmp_path, AAPL + minutes + again)

    assert [each.symbols for each in read_universes(None, tmp_path).universes] == [
        ("AAPL",),
        ("AAPL",),
        ("MSFT", "AAPL"),
    ]


def test_the_folder_comes_before_the_store_if_it_declares_anything(tmp_path: Path) -> None:
    folder, home = tmp_path / "folder", tmp_path / "home"
    at_home = write(home, AAPL + "[rules]\nspike_factor = 2\n")
    folder.mkdir()

    assert read_universes(folder, home).path == at_home
    here = write(folder, "")
    assert read_universes(folder, home).path == at_home
    write(folder, AAPL.replace("core", "here"))
    found = read_universes(folder, home)
    assert (found.path, [each.name for each in found.universes]) == (here, ["here"])
    assert read_universes(None, home).path == at_home
    assert read_universes(home, home).path == at_home
    nothing = read_universes(tmp_path, tmp_path)
    assert (nothing.path, nothing.universes) == (tmp_path / "ml4t.toml", ())


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[[univers]]\n", "1: unknown table [[univers]]", "did you mean 'universe'?"),
        ("[universe]\n", "1: universe must be a list of tables, not one table", "[[universe]]"),
        ("universe = 3", "1: universe must be a list of tables, not 3", "[[universe]]"),
        ("[default]", "1: unknown table [default]", "did you mean 'defaults'?"),
        ("[zz]", "1: unknown table [zz]", "choose from"),
        ("defaults = 1", "1: defaults must be a table, not 1", "write it below [defaults]"),
        (
            '[defaults]\nsymbols = ["A"]',
            "2, [defaults]: symbols is each universe's own",
            "write it below [[universe]]",
        ),
        ("[defaults]\nstrat = 1", "2, [defaults]: unknown default 'strat'", "mean 'start'?"),
        ('[[universe]]\nsymbols = ["A"]', "1, [[universe]]: a universe needs a name", "add name"),
        (
            '[[universe]]\nname = "my core"\nsymbols = ["A"]',
            "2, [[universe]]: name must be one word, not 'my core'",
            'name = "core"',
        ),
        (
            AAPL + AAPL,
            "5, [[universe]]: the name 'core' is that of the universe of line 1",
            "another name",
        ),
        (CORE, "1, [[universe]]: a universe needs symbols", 'symbols = ["AAPL", "MSFT"]'),
        (
            AAPL + 'file = "a.txt"',
            "4, [[universe]]: a universe needs symbols or file, not both",
            "one symbol a line",
        ),
        (
            CORE + 'symbols = "AAPL"',
            "3, [[universe]]: symbols must be a list, not 'AAPL'",
            'symbols = ["AAPL", "MSFT"]',
        ),
        (CORE + "symbols = []", "3, [[universe]]: symbols is empty", 'symbols = ["AAPL", "MSFT"]'),
        (
            CORE + 'symbols = [\n"A",\n1]',
            "3, [[universe]]: a symbol must be a string, not 1",
            'write it as "AAPL"',
        ),
        (
            CORE + 'file = "none.txt"',
            "3, [[universe]]: {folder}/none.txt cannot be read: No such file or directory",
            "from the folder of the settings file",
        ),
        (CORE + "file = 3", "3, [[universe]]: file: 3 is not a string", 'file = "..."'),
        (
            CORE + 'file = "empty.txt"',
            "3, [[universe]]: {folder}/empty.txt lists no symbol",
            "write one a line",
        ),
        (
            CORE + 'file = "two.txt"',
            "3, [[universe]]: {folder}/two.txt, line 2: 'A,B' is not one symbol",
            "write one a line",
        ),
        (
            CORE + 'file = "latin.txt"',
            "3, [[universe]]: {folder}/latin.txt is not UTF-8",
            "save it as UTF-8",
        ),
        (
            AAPL + 'start = "2024-13-01"',
            "4, [[universe]]: start must be a date, not '2024-13-01'",
            "start = 2010-01-04",
        ),
        (
            AAPL + "start = 2024-01-01T09:30:00",
            "4, [[universe]]: start must be a date, not 2024-01-01 09:30:00",
            "start = 2010-01-04",
        ),
        (
            AAPL + "\nstart = 2024-01-02\nend = 2024-01-01",
            "6, [[universe]]: end 2024-01-01 lies before start 2024-01-02",
            "swap them",
        ),
        (
            AAPL + 'frequency = "dialy"',
            "4, [[universe]]: unknown frequency 'dialy'",
            "did you mean 'daily'?",
        ),
        (
            AAPL + 'asset_class = "equity"',
            "4, [[universe]]: unknown asset class 'equity'",
            "did you mean 'equities'?",
        ),
        (AAPL + 'calendar = ""', "4, [[universe]]: calendar: '' is empty", 'calendar = "..."'),
        (AAPL + "provider = 3", "4, [[universe]]: provider: 3 is not a string", 'provider = "'),
        (
            AAPL + 'fallback = "files"',
            "4, [[universe]]: fallback must be a list of providers, not 'files'",
            'fallback = ["files"]',
        ),
        (
            '[defaults]\nprovider = "files"\n' + AAPL + 'fallback = ["yahoo", "files"]',
            "6, [[universe]]: fallback names 'files', which is asked first",
            "name only providers to ask after it",
        ),
        (
            "[defaults]\nstart = 2010-01-04\n"
            + AAPL
            + '[[universe]]\nname = "b"\nstart = 2015-01-02\nsymbols = ["MSFT", "AAPL"]',
            "9, [[universe]]: AAPL is in core (line 3) and in b with another start: {dates}",
            "declare it once",
        ),
        (
            AAPL + '[[universe]]\nname = "b"\nsymbols = ["AAPL"]\nfallback = ["files", "sample"]',
            "6, [[universe]]: AAPL is in core (line 1) and in b with another fallback: {others}",
            "in both alike",
        ),
        (AAPL + "workers = 3", "4, [[universe]]: unknown setting of a universe 'workers'", "from"),
        (
            AAPL + "[rules]\nspike_factor = 2",
            "4, [rules]: [rules] has no effect here, since it is a setting of a store",
            "move it to {home}/ml4t.toml",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_by_file_line_and_key(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    folder, home = tmp_path / "folder", tmp_path / "home"
    path = write(folder, text)
    (folder / "empty.txt").write_text("# nothing\n")
    (folder / "two.txt").write_text("A\nA,B\n")
    (folder / "latin.txt").write_bytes(b"\xe9\n")

    with pytest.raises(SettingsInvalid) as refused:
        read_universes(folder, home)

    words = {
        "folder": folder,
        "home": home,
        "dates": "2010-01-04 and 2015-01-02",
        "others": "none and files, sample",
    }
    assert refused.value.message == f"{path}, line {message.format(**words)}"
    assert hint.format(**words) in refused.value.hint
