"""A verb's docstring holds what its parameters share with others."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Annotated

import pytest

import ml4t_nb
from ml4t_nb.options import Doc
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.docstrings import paragraphs, with_shared


@verb
def paint(
    *,
    colour: str = "red",
    coats: Annotated[int, Doc("How often.")] = 2,
    share: Annotated[float, Doc("Of the wall,\nand so on.")] = 1.0,
    dry: Annotated[bool, Doc("Not this.")] = True,
    wet: bool = False,
) -> None:
    """Paint it.

    At length.

    Parameters
    ----------
    dry, wet
        Its own words.
    colour
        Which.

    Raises
    ------
    OSError
        Never.
    """


@verb
def wash(*, coats: Annotated[int, Doc("How often.")] = 2) -> None:
    """Wash it.

    Returns
    -------
    None
        Always.
    """


@verb
def look(*, coats: Annotated[int, Doc("How often.")] = 2) -> None:
    """Look at it.

    More words.
    """


def test_every_parameter_stands_in_the_order_of_the_signature() -> None:
    assert list(paragraphs(inspect.getdoc(paint) or "")) == [
        "colour", "coats", "share", "dry", "wet"
    ]  # fmt: skip


def test_the_verbs_own_paragraph_wins() -> None:
    own = paragraphs(inspect.getdoc(paint) or "")

    assert own["dry"] == own["wet"] == "Its own words."


def test_a_help_of_several_lines_is_indented_and_read_back_as_one() -> None:
    whole = inspect.getdoc(paint) or ""

    assert "\nshare\n    Of the wall,\n    and so on.\n" in whole
    assert paragraphs(whole)["share"] == "Of the wall, and so on."


def test_what_stands_around_the_parameters_stays() -> None:
    whole = inspect.getdoc(paint) or ""

    assert whole.startswith("Paint it.\n\nAt length.\n\nParameters\n----------\ncolour\n")
    assert whole.endswith("    Its own words.\n\nRaises\n------\nOSError\n    Never.")


def test_a_section_is_made_where_none_is() -> None:
    section = "Parameters\n----------\ncoats\n    How often."

    assert inspect.getdoc(look) == f"Look at it.\n\nMore words.\n\n{section}"
    assert inspect.getdoc(wash) == f"Wash it.\n\n{section}\n\nReturns\n-------\nNone\n    Always."


def test_a_docstring_without_anything_shared_stays_as_it_is() -> None:
    assert with_shared("Go.\n\nMore.", {"far": ""}) == "Go.\n\nMore."


@pytest.mark.parametrize(
    "name", ["bars", "export", "files", "gaps", "health", "jobs", "list_", "load", "panel", "plot"]
)
def test_a_function_of_the_package_explains_each_of_its_parameters(name: str) -> None:
    function = getattr(ml4t_nb, name)

    helps = paragraphs(inspect.getdoc(function) or "")

    assert list(helps) == list(inspect.signature(function).parameters)
    assert all(helps.values())


@pytest.mark.parametrize("verb_name", ["load", "list", "gaps"])
def test_help_is_the_same_where_docstrings_are_dropped(verb_name: str) -> None:
    line = ["-m", "ml4t_nb", verb_name, "--help"]
    usual, bare = (
        subprocess.run([sys.executable, *flags, *line], capture_output=True, check=True).stdout
        for flags in ((), ("-OO",))
    )

    assert bare == usual
