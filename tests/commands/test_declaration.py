"""Options as they are read from a verb."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import pytest

from ml4t_nb.commands.declaration import VERBS, Option, options, summary
from ml4t_nb.options import Day, Moment, Short, Symbols

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

Colour = Literal["red", "green"]


def paint(
    ws: Workspace,
    /,
    symbol: Annotated[Symbols, Short("-s")] = (),
    *,
    coats: Annotated[int, Short("-c")] = 2,
    share: float | None = None,
    dry: bool = True,
    loud: bool = False,
    colour: Colour | None = None,
    start: Day | None = None,
    as_of: Moment | None = None,
    out: Path | None = None,
    all_: bool = False,
) -> None:
    """Paint it, and say so.

    More words.

    Parameters
    ----------
    symbol
        What to paint.
    coats
        How often; a long
        line goes on.
    share, dry
        Two at once.
    loud
        Loud.
    colour
        Which.
    start
        From when.
    as_of
        Then.
    out
        Where.
    all_
        Everything.

    Raises
    ------
    OSError
        Never.
    """


def option(name: str) -> Option:
    return next(each for each in options(paint) if each.name == name)


def test_the_workspace_is_not_an_option() -> None:
    names = [each.name for each in options(paint)]

    assert names == [
        "symbol", "coats", "share", "dry", "loud", "colour", "start", "as_of", "out", "all_"
    ]  # fmt: skip


def test_the_type_decides_the_kind() -> None:
    kinds = {each.name: each.kind for each in options(paint)}

    assert kinds == {
        "symbol": "word",
        "coats": "whole",
        "share": "number",
        "dry": "switch",
        "loud": "switch",
        "colour": "choice",
        "start": "day",
        "as_of": "moment",
        "out": "path",
        "all_": "switch",
    }


def test_only_symbols_are_repeated() -> None:
    assert [each.name for each in options(paint) if each.is_repeated] == ["symbol"]


def test_a_short_spelling_stands_before_the_long_one() -> None:
    assert option("coats").flags == ("-c", "--coats")


def test_an_underscore_is_a_dash_in_the_shell() -> None:
    assert option("as_of").flags == ("--as-of",)


def test_a_trailing_underscore_is_left_out() -> None:
    assert option("all_").flags == ("--all",)


def test_a_switch_that_is_on_can_be_switched_off() -> None:
    assert option("dry").off_flags == ("--no-dry",)
    assert option("loud").off_flags == ()


def test_a_literal_gives_its_choices_in_order() -> None:
    assert option("colour").choices == ("red", "green")


def test_a_paragraph_of_the_docstring_is_the_help() -> None:
    assert option("coats").help == "How often; a long line goes on."


def test_names_that_share_a_paragraph_share_the_help() -> None:
    assert option("share").help == option("dry").help == "Two at once."


def test_sections_after_the_parameters_are_not_options() -> None:
    assert option("all_").help == "Everything."


def test_the_summary_is_the_first_line() -> None:
    assert summary(paint) == "Paint it, and say so."


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_every_option(verb: str) -> None:
    assert all(each.help for each in options(VERBS[verb]))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_an_as_of_and_a_home(verb: str) -> None:
    assert {"as_of", "home"} <= {each.name for each in options(VERBS[verb])}


@pytest.mark.parametrize("verb", VERBS)
def test_no_spelling_means_two_things(verb: str) -> None:
    spelled = [flag for each in options(VERBS[verb]) for flag in (*each.flags, *each.off_flags)]
    own = ["-q", "--quiet", "--json", "-h", "--help"]

    assert len({*spelled, *own}) == len(spelled) + len(own)


def test_dates_are_words_until_the_verb_reads_them() -> None:
    assert date not in {type(each.default) for verb in VERBS.values() for each in options(verb)}
