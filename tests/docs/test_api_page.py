"""The page of public names says what their docstrings say, and leaves none out."""

from __future__ import annotations

import inspect
import re

import pytest

import ml4t_nb
from ml4t_nb import errors, model, options, providers, records, reports, testing
from ml4t_nb.testing import strategies
from tests.docs.api_page import PAGE, page

WORDS = PAGE.read_text(encoding="utf-8")
MODULES = (ml4t_nb, errors, reports, records, model, options, providers, testing, strategies)
# Of a provider's or a face's business, and no word that one passes.
LEFT_OUT = {
    ("ml4t_nb.model", "DEFAULT_CALENDARS"),
    ("ml4t_nb.model", "MINOR_UNITS"),
    ("ml4t_nb.model", "TICK"),
    ("ml4t_nb.model", "bar_length"),
    ("ml4t_nb.records", "last_runs"),
    ("ml4t_nb.errors", "OUTAGES"),
    ("ml4t_nb.errors", "PASSING"),
    ("ml4t_nb.options", "Doc"),
    ("ml4t_nb.options", "KeepsOne"),
    ("ml4t_nb.options", "Short"),
    ("ml4t_nb.options", "Unserved"),
    ("ml4t_nb.options", "Writes"),
}


def test_the_page_is_what_the_docstrings_make_it() -> None:
    assert page() == WORDS, (
        "docs/api.md is not current; write it anew: python -m tests.docs.api_page"
    )


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_name_has_a_place(module: object) -> None:
    names = {
        name
        for name in module.__all__  # type: ignore[attr-defined]  # a module that has one
        if (module.__name__, name) not in LEFT_OUT  # type: ignore[attr-defined]  # likewise
        and not (module is options and inspect.isfunction(getattr(options, name)))
    }

    assert {
        name for name in names if f"\n### {name}\n" not in WORDS and f"\n| `{name}` |" not in WORDS
    } == set()


def test_a_function_is_shown_as_it_is_called_with_each_of_its_parameters() -> None:
    section = WORDS.partition("\n### load\n")[2].partition("\n### ")[0]

    assert "load(\n    symbol=(), *, asset_class=None, " in section
    shown = set(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE))
    assert shown == set(inspect.signature(ml4t_nb.load).parameters)
    assert "Returns [`RunReport`](#runreport)." in section
    assert "| `frequency` | `Frequency \\| None` |" in section
    assert "Annotated" not in WORDS


def test_an_error_is_shown_with_what_it_is_in_the_standard_library() -> None:
    assert "\n| `LockTimeout` | `StoreError`, `TimeoutError` | Another writer held " in WORDS
    assert "`report`: What the run did." in WORDS
