"""A verb that names its symbols looks at no other dataset of the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import DatasetNotFound
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

AS_OF = "2005-03-04"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="sample"))
    verbs.load(ws, ("AAPL", "IBM"), start="2005-01-03", as_of=AS_OF)
    return ws


NAMED: dict[str, Callable[[Workspace], Any]] = {
    "bars": lambda ws: verbs.bars(ws, "AAPL"),
    "files": lambda ws: verbs.files(ws, "AAPL"),
    "export": lambda ws: verbs.export(ws, "AAPL"),
    "plot": lambda ws: verbs.plot(ws, "AAPL"),
    "list": lambda ws: verbs.list_(ws, "AAPL"),
    "health": lambda ws: verbs.health(ws, "AAPL", as_of=AS_OF, verify=True, sessions=5),
    "review": lambda ws: verbs.review(ws, "AAPL"),
    "history": lambda ws: verbs.history(ws, "AAPL"),
    "load": lambda ws: verbs.load(ws, "AAPL", as_of=AS_OF),
    "update": lambda ws: verbs.update(ws, "AAPL", as_of=AS_OF),
    "gaps": lambda ws: verbs.gaps(ws, "AAPL", as_of=AS_OF),
}


@pytest.mark.parametrize("name", NAMED)
def test_no_other_dataset_is_looked_at(ws: Workspace, looked_at: list[str], name: str) -> None:
    looked_at.clear()

    NAMED[name](ws)

    inside = [each for each in looked_at if each.startswith(str(ws.settings.home))]
    assert any("/AAPL" in each for each in inside)
    assert not [each for each in inside if "IBM" in each]


def test_what_is_not_stored_is_told_beside_what_is(ws: Workspace) -> None:
    with pytest.raises(DatasetNotFound, match="No existing data found for 'APPL'") as caught:
        verbs.bars(ws, "APPL")

    assert "did you mean 'AAPL'?" in str(caught.value.hint)


def test_what_was_erased_is_not_offered_in_its_own_place(ws: Workspace) -> None:
    verbs.remove(ws, "AAPL", yes=True)
    verbs.remove(ws, "AAPL", forget=True, yes=True)

    for version in (None, 1):
        with pytest.raises(DatasetNotFound, match="No existing data found for 'AAPL'") as caught:
            verbs.bars(ws, "AAPL", version=version)
        assert "did you mean" not in str(caught.value.hint)


def test_an_update_tells_each_symbol_that_is_not_stored_and_updates_the_rest(
    ws: Workspace,
) -> None:
    report = verbs.update(ws, ("AAPL", "APPL", "IBN"), as_of=AS_OF)

    failed = {each.dataset.symbol: each.record.error for each in report.results}
    assert failed["AAPL"] is None
    for symbol in ("APPL", "IBN"):
        error = failed[symbol]
        assert error is not None
        assert error.message == f"No existing data found for {symbol!r}"
