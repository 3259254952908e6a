"""A share that was renamed is found by its old name, and nothing is taken away by that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.completion import stored
from ml4t_nb.commands.exit_codes import code_of
from ml4t_nb.errors import DatasetNotFound, Ml4tError, OptionError
from ml4t_nb.model import LoadArguments, NextStep
from ml4t_nb.render.text import report_text
from ml4t_nb.workspace import Workspace
from tests.verbs.two_names import Listed, bars_of, manifest, symbols, two_names

AS_OF = "2022-04-14"
OLD_NAME = "FB was renamed to META after 2022-03-31"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    workspace = two_names(tmp_path / "home")
    verbs.rename(workspace, ("FB", "META"), as_of=AS_OF)
    listed(workspace).bars = {"META": bars_of()}
    return workspace


def listed(ws: Workspace) -> Listed:
    provider = ws.provider("listed")
    assert isinstance(provider, Listed)
    provider.asked.clear()
    return provider


READERS: tuple[Callable[[Workspace, str], Any], ...] = (
    verbs.list_,
    lambda ws, name: verbs.health(ws, name, as_of=AS_OF),
    verbs.gaps,
    verbs.review,
    verbs.history,
)


@pytest.mark.parametrize("read", READERS)
def test_the_old_name_selects_the_dataset_of_the_new_one(
    ws: Workspace, read: Callable[[Workspace, str], Any]
) -> None:
    (found,) = read(ws, "FB").datasets
    assert found.dataset.symbol == "META"
    assert len(read(ws, ["FB", "META"]).datasets) == 1  # type: ignore[arg-type]


def test_the_old_name_reads_exports_and_plots_the_bars(ws: Workspace) -> None:
    assert verbs.bars(ws, "FB").equals(verbs.bars(ws, "META"))
    assert verbs.files(ws, "FB") == verbs.files(ws, "META")
    assert verbs.export(ws, "FB").datasets[0].dataset.symbol == "META"
    assert verbs.plot(ws, "FB").dataset.symbol == "META"


def test_an_update_by_the_old_name_says_what_the_share_is_called_now(ws: Workspace) -> None:
    report = verbs.update(ws, "FB", as_of=AS_OF)

    assert code_of(report) == 0
    assert listed(ws).asked == []
    assert f"META: {OLD_NAME}" in report_text(report)
    (result,) = report.results
    assert OLD_NAME in result.record.notes
    assert OLD_NAME not in manifest(ws, "META").recent[-1].notes
    assert OLD_NAME not in report_text(verbs.update(ws, as_of=AS_OF))


@pytest.mark.parametrize(
    "take",
    [
        lambda ws: verbs.remove(ws, "FB", yes=True, as_of=AS_OF),
        lambda ws: verbs.end(ws, "FB", as_of=AS_OF),
        lambda ws: verbs.rename(ws, ("FB", "XYZ"), as_of=AS_OF),
    ],
)
def test_nothing_is_taken_away_by_the_old_name(
    ws: Workspace, take: Callable[[Workspace], Any]
) -> None:
    before = manifest(ws, "META")

    with pytest.raises(DatasetNotFound, match=OLD_NAME) as refused:
        take(ws)

    assert refused.value.hint == "name META if you mean all of them"
    assert manifest(ws, "META") == before


def test_a_load_of_the_old_name_is_refused_with_both_that_may_be_meant(ws: Workspace) -> None:
    dataset = manifest(ws, "META").dataset

    (result,) = verbs.load(ws, "FB", as_of=AS_OF).results

    error = result.record.error
    assert error is not None
    assert error.message == OLD_NAME
    home = ws.settings.home
    assert isinstance(error.hint, tuple)
    assert error.hint[1] == NextStep("load", dataset, home)
    step = error.hint[3]
    assert isinstance(step, NextStep)
    assert (step.dataset.symbol, step.source) == ("FB", LoadArguments(start=date(2022, 4, 1)))
    assert listed(ws).asked == []


def test_another_company_under_the_old_name_is_loaded_by_its_own_days(ws: Workspace) -> None:
    other = bars_of("2022-04-01") * [3, 3, 3, 3, 1, 1, 1, 1]
    listed(ws).bars["FB"] = other.astype(bars_of().dtypes.to_dict())

    verbs.load(ws, "FB", start="2022-04-01", as_of=AS_OF)

    # What is stored under the very name wins.
    assert symbols(ws) == ["FB", "META"]
    assert verbs.bars(ws, "FB")["close"].iloc[0] == 3 * bars_of("2022-04-01")["close"].iloc[0]
    (found,) = verbs.list_(ws, "FB").datasets
    assert found.dataset.symbol == "FB"
    report = verbs.update(ws, "FB", as_of=AS_OF)
    assert "renamed" not in report_text(report)
    assert verbs.load(ws, "FB", as_of=AS_OF).results[0].record.outcome == "unchanged"


def test_an_old_name_of_two_companies_has_to_be_chosen(ws: Workspace) -> None:
    listed(ws).bars |= {"FB": bars_of("2022-04-01"), "XYZ": bars_of("2022-04-01")}
    verbs.load(ws, ("FB", "XYZ"), start="2022-04-01", as_of=AS_OF)
    verbs.rename(ws, ("FB", "XYZ"), as_of=AS_OF)

    with pytest.raises(OptionError, match="'FB' is a former name of META and XYZ"):
        verbs.bars(ws, "FB")
    with pytest.raises(Ml4tError, match="'FB' is a former name of META and XYZ"):
        verbs.gaps(ws, "FB")


def test_completion_offers_the_old_name_too(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML4T_DATA_HOME", str(ws.settings.home))

    assert stored() == ("FB", "META")


def test_a_symbol_that_was_never_stored_is_not_found_as_ever(ws: Workspace) -> None:
    with pytest.raises(DatasetNotFound, match="No existing data found for 'NOPE'"):
        verbs.bars(ws, "NOPE")
