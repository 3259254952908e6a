"""A command that is spelled for a shell or a cell is the same command when it is parsed."""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.commands.declaration import SHELL, VERBS, Option, options
from ml4t_nb.commands.magic_line import split
from ml4t_nb.commands.parser import parse
from ml4t_nb.commands.spelling import spell
from ml4t_nb.model import Command
from ml4t_nb.notebook.panel_verbs import NOTEBOOK

# Whatever a person may call something: blanks, quotes, signs, a dash in front.
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")))
SYMBOLS = NAMES.filter(lambda name: name.strip() == name != "")


VERSIONS = st.integers(1, 10**6) | st.dates(date(1900, 1, 1))
BY_KIND: dict[str, st.SearchStrategy[object]] = {
    "whole": st.integers(-(10**6), 10**6),
    "pair": st.tuples(VERSIONS, VERSIONS),
    "version": VERSIONS,
    "number": st.floats(-1e6, 1e6),
    "path": SYMBOLS.filter(lambda name: not {"~", "$"} & {*name}).map(Path),
    "day": st.dates(date(1900, 1, 1)).map(date.isoformat),
    "moment": st.dates(date(1900, 1, 1)).map(date.isoformat),
    "word": NAMES,
}


def values(option: Option) -> st.SearchStrategy[object]:
    """Values of an option as the parser gives them."""
    if option.kind == "switch":
        return st.sampled_from([True, False] if option.off_flags else [True])
    if option.kind == "choices":
        words = st.sampled_from(option.choices)
        return st.lists(words, min_size=1, unique=True).map(tuple)
    return st.sampled_from(option.choices) if option.choices else BY_KIND[option.kind]


@st.composite
def commands(draw: st.DrawFn) -> Command:
    verb = draw(st.sampled_from(sorted(VERBS)))
    arguments: dict[str, object] = {}
    for option in draw(st.permutations(options(VERBS[verb]))):
        if draw(st.booleans()):
            several = st.lists(SYMBOLS, min_size=1, max_size=4).map(tuple)
            arguments[option.name] = draw(several if option.is_repeated else values(option))
    return Command(verb, arguments, json=draw(st.booleans()), quiet=draw(st.booleans()))


@given(command=commands())
def test_what_is_spelled_parses_to_the_same_command(command: Command) -> None:
    program, *words = shlex.split(spell(command, "ml4t-data"))
    assert program == "ml4t-data"
    assert parse(words, program=SHELL) == command

    program, *words = split(spell(command, "%ml4t"), {})
    assert program == "%ml4t"
    assert parse(words, program=NOTEBOOK) == command


@pytest.mark.parametrize(
    ("command", "shell", "cell", "python"),
    [
        (
            Command("health", {"fail_on": ("stale", "error")}),
            "ml4t-data health --fail-on stale,error",
            "%ml4t health --fail-on stale,error",
            'ml4t_nb.health(fail_on=["stale", "error"])',
        ),
        (
            Command("load", {"start": date(2024, 1, 2), "symbol": ("AAPL", "S&P 500")}),
            "ml4t-data load -s AAPL -s 'S&P 500' --start 2024-01-02",
            "%ml4t load AAPL 'S&P 500' --start 2024-01-02",
            'ml4t_nb.load(start="2024-01-02", symbol=["AAPL", "S&P 500"])',
        ),
        (
            Command("update", {"symbol": ("-X",), "fill_gaps": False, "lookback_days": -3}),
            "ml4t-data update --symbol=-X --no-fill-gaps --lookback-days=-3",
            "%ml4t update --symbol=-X --no-fill-gaps --lookback-days=-3",
            'ml4t_nb.update("-X", fill_gaps=False, lookback_days=-3)',
        ),
        (
            Command("sync", {"universe": ("core", "coins"), "workers": 2}),
            "ml4t-data sync --universe core --universe coins --workers 2",
            "%ml4t sync core coins --workers 2",
            'ml4t_nb.sync(universe=["core", "coins"], workers=2)',
        ),
        (
            # The one word without a flag is the name.
            Command("pin", {"name": "paper", "symbol": ("A,B", "C")}),
            "ml4t-data pin paper -s A,B -s C",
            "%ml4t pin paper -s A,B -s C",
            'ml4t_nb.pin(name="paper", symbol=["A,B", "C"])',
        ),
        (
            Command("health", {"stale_days": 2.5}, json=True, quiet=True),
            "ml4t-data health --stale-days 2.5 --json -q",
            "%ml4t health --stale-days 2.5 --json -q",
            "ml4t_nb.health(stale_days=2.5)",
        ),
    ],
)
def test_a_command_is_spelled_for_its_reader(
    command: Command, shell: str, cell: str, python: str
) -> None:
    assert spell(command, "ml4t-data") == shell
    assert spell(command, "%ml4t") == cell
    assert spell(command, "ml4t_nb") == python
