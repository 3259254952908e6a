"""Queries in a real IPython: on a line, in a cell, with variables, completed."""

import re

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from ml4t_nb.errors import OptionError
from ml4t_nb.reports import SqlReport
from tests.notebook.test_magics import run


@pytest.fixture
def loaded(notebook: InteractiveShell) -> InteractiveShell:
    """A shell whose store holds 38 bars each of AAPL and IBM."""
    load = "%ml4t load AAPL IBM -p sample --start 2005-01-03 --as-of 2005-02-25 -q"
    result, said = run(notebook, load)
    assert result.success, said
    return notebook


def rows(shell: InteractiveShell, cell: str) -> list[dict[str, object]]:
    """Rows that the query in the cell gives, which sets ``r``."""
    result, said = run(shell, cell)
    assert result.success, said
    report = shell.user_ns["r"]
    assert isinstance(report, SqlReport)
    return report.table.to_pylist()  # type: ignore[no-any-return]  # pyarrow is untyped


def test_a_query_stands_on_the_line_as_it_is(loaded: InteractiveShell) -> None:
    line = (
        "r = %ml4t sql SELECT symbol, count(*) AS bars FROM bars_daily GROUP BY symbol ORDER BY 1"
    )

    assert rows(loaded, line) == [{"symbol": "AAPL", "bars": 38}, {"symbol": "IBM", "bars": 38}]


def test_a_cell_is_one_query_whose_result_is_shown(loaded: InteractiveShell) -> None:
    cell = (
        "%%ml4t sql --limit 1\nSELECT symbol, last\nFROM datasets -- all of them\nORDER BY symbol"
    )

    result, said = run(loaded, cell)

    assert result.success
    assert "AAPL" in said
    assert "IBM" not in said
    assert "1 of 2 rows shown" in said


def test_variables_are_values_of_the_query_and_never_its_text(loaded: InteractiveShell) -> None:
    loaded.user_ns["names"] = ["IBM", "x') OR ('a' = 'a"]
    loaded.user_ns["least"] = 90.5

    query = "SELECT DISTINCT symbol FROM bars_daily WHERE symbol IN $names AND close > $least"
    assert rows(loaded, f"r = %ml4t sql {query}") == [{"symbol": "IBM"}]
    # In a text it is the text.
    assert rows(loaded, "r = %ml4t sql SELECT '$names' AS words") == [{"words": "$names"}]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("%ml4t sql", "the query is empty"),
        ("%ml4t sql SELECT $nothing", "unknown variable 'nothing'"),
        ("%ml4t sql SELECT 1; SELECT 2", "one statement at a time"),
        ("%ml4t sql DROP VIEW bars_daily", "it takes a SELECT, and this is DROP"),
        ("%ml4t sql SELECT * FROM bars_dialy", "bars_dialy does not exist"),
        ("%ml4t sql SELECT * FROM names", "names does not exist"),
        ("%ml4t sql SELECT 1 --out", "needs a value|expected one argument|has no option"),
    ],
)
def test_what_is_no_query_is_one_sentence(loaded: InteractiveShell, line: str, error: str) -> None:
    loaded.user_ns["names"] = loaded.user_ns.get("names", [1])

    result, said = run(loaded, line)

    assert isinstance(result.error_in_exec, OptionError), said
    assert re.search(error, str(result.error_in_exec))


def test_views_and_columns_are_completed(loaded: InteractiveShell) -> None:
    def completed(text: str) -> list[str]:
        """Texts that the completions would make."""
        with provisionalcompleter():
            found = list(loaded.Completer.completions(text, len(text)))
        return [text[: each.start] + each.text for each in found]

    view, cell = "%ml4t sql SELECT close FROM bars_daily_a", "%%ml4t sql\nSELECT max(divid"
    assert completed(view) == ["%ml4t sql SELECT close FROM bars_daily_all"]
    assert completed(cell) == ["%%ml4t sql\nSELECT max(dividend"]
