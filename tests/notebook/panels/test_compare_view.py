"""The panel that holds two providers side by side: see where they differ, take a bar, undo it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.commands.parser import parse
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Command, DatasetId
from ml4t_nb.notebook.panel_verbs import NOTEBOOK
from ml4t_nb.notebook.panels.compare_view import CompareView
from ml4t_nb.records import UpdateRecord
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

AS_OF = "2005-03-10"
Change = Callable[[Any], Any]


@pytest.fixture(scope="module")
def true(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """A hundred and some bars of AAPL, on the basis of today."""
    home = tmp_path_factory.mktemp("true")
    ws = Workspace.open(replace(Settings(), home=home))
    verbs.load(ws, "AAPL", provider="sample", start="2004-09-01", as_of=AS_OF)
    bars: pd.DataFrame = verbs.bars(ws, "AAPL").drop(columns="filled")
    return bars


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    folder = tmp_path / "vendor"
    folder.mkdir()
    return folder


@pytest.fixture
def ws(
    true: pd.DataFrame, vendor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """Stored files with a high three times too high and a day that is missing; a true vendor."""
    mine = tmp_path / "mine"
    mine.mkdir()
    planted: Any = true.copy()
    planted.loc["2004-11-15", "high"] *= 3
    planted.drop(planted.loc["2004-09-21":"2004-09-21"].index).to_csv(mine / "AAPL.csv")
    true.to_csv(vendor / "AAPL.csv")
    monkeypatch.setenv("ML4T_DATA_FILES", str(mine))
    monkeypatch.setenv("ML4T_DATA_FILES_BASIS", "split-adjusted")
    monkeypatch.setenv("ML4T_DATA_AS_OF", AS_OF)
    ws = Workspace.open()
    verbs.load(ws, "AAPL", provider="files")
    return ws


def opened(vendor: Path, *symbols: str) -> CompareView:
    """The panel after it has compared."""
    panel = CompareView(symbols or ("AAPL",), other=f"files:{vendor}")
    wait(panel)
    return panel


def wait(panel: CompareView) -> None:
    """Until the job in sight has ended, and the comparison that follows it."""
    before = None
    while panel.job is not None and panel.job is not before:
        before = panel.job
        assert before.join(120)


def shown(panel: CompareView) -> list[str]:
    return [str(each) for each in panel.list.options]


def figure(panel: CompareView) -> dict[str, Any]:
    (output,) = panel.chart._figure.outputs
    drawn: dict[str, Any] = output["data"]["application/vnd.plotly.v1+json"]
    return drawn


def high(ws: Workspace) -> float:
    (value,) = verbs.bars(ws, "AAPL", start="2004-11-15", end="2004-11-15")["high"]
    return float(value)


def test_what_differs_and_what_is_missing_is_listed_and_drawn(
    ws: Workspace, true: pd.DataFrame, vendor: Path
) -> None:
    del ws
    panel = opened(vendor)

    right = true["high"].to_dict()[pd.Timestamp("2004-11-15", tz="UTC")]
    first, second = shown(panel)
    apart = f"high {3 * right:.6g} here, {right:.6g} there, \N{MINUS SIGN}66.67 %"
    assert first == f"2004-11-15: {apart}"
    assert second.startswith("2004-09-21: missing here, close ")
    assert panel.bar is None
    stored, other, apart, lacking = figure(panel)["data"]
    assert stored["name"] == "files, stored"
    assert other["name"] == f"files:{vendor}"
    shares = dict(zip(apart["x"], apart["y"], strict=True))
    assert shares["2004-11-15"] == pytest.approx(-200 / 3)
    assert shares["2004-11-16"] == 0
    assert shares["2004-09-21"] is None
    assert lacking["x"] == ["2004-09-21"]
    assert f"{len(true) - 1} bars in common; 1 differ" in panel.chart._words.value
    assert "data:image/svg+xml" in panel.static_html()
    assert panel.take.layout.display == "none"
    assert panel.undo.layout.display == "none"


def test_lines_are_on_the_stored_scale(ws: Workspace, true: pd.DataFrame, vendor: Path) -> None:
    del ws
    cents = true.copy()
    cents[["open", "high", "low", "close"]] *= 100
    cents.to_csv(vendor / "AAPL.csv")

    panel = opened(vendor)

    both = panel.chart._compared
    assert both is not None
    row = int(both.stamps.searchsorted(pd.Timestamp("2005-01-03", tz="UTC")))
    assert both.other[row] == pytest.approx(both.stored[row])
    assert [each.kind for each in panel.bars] == ["different", "missing"]


def test_a_bar_that_differs_is_taken_by_its_line_and_given_back(
    ws: Workspace, vendor: Path
) -> None:
    wrong = high(ws)
    panel = opened(vendor)

    panel.list.index = 0
    line = panel.take.tooltip
    assert "--take different --start 2004-11-15 --end 2004-11-15" in line
    assert "--take different --start 2004-11-15 --end 2004-11-15" in panel.line.value
    assert len(figure(panel)["layout"]["shapes"]) == 1
    command = parse(shlex.split(line.removeprefix("%ml4t ")), program=NOTEBOOK)
    panel.take.click()
    job = panel.job
    assert job is not None
    assert isinstance(command, Command)
    assert command.verb == job.command.verb == "reconcile"
    assert job.line == line
    wait(panel)

    assert high(ws) == pytest.approx(wrong / 3)
    bars = verbs.bars(ws, "AAPL", start="2004-11-15", end="2004-11-16", provenance=True)
    assert list(bars["provider"]) == [f"files:{vendor}", "files"]
    assert [each.kind for each in panel.bars] == ["missing"]
    assert panel.list.index == 0
    assert "done" in panel.static_html()

    assert panel.undo.description == "Undo run 2"
    assert panel.undo.tooltip.endswith("--run 2")
    panel.undo.click()
    wait(panel)

    assert high(ws) == wrong
    assert [each.kind for each in panel.bars] == ["different", "missing"]
    assert panel.undo.layout.display == "none"


def test_a_missing_bar_is_chosen_by_a_click_and_taken(ws: Workspace, vendor: Path) -> None:
    panel = opened(vendor)
    number = figure(panel)["layout"]["meta"]["drawn"]

    panel.chart.hear({"what": "click", "drawing": number - 1, "labels": ["2004-09-21"]})
    assert panel.take.layout.display == "none"
    panel.chart.hear({"what": "click", "drawing": number, "labels": ["2005-01-03"]})
    assert panel.take.layout.display == "none"
    panel.chart.hear({"what": "click", "drawing": number, "labels": ["2004-09-21"]})
    assert panel.list.index == 1
    assert "--take missing" in panel.take.tooltip
    panel.take.click()
    wait(panel)

    bars = verbs.bars(ws, "AAPL", start="2004-09-21", end="2004-09-21", provenance=True)
    assert list(bars["provider"]) == [f"files:{vendor}"]
    assert [each.kind for each in panel.bars] == ["different"]


def test_a_rejected_bar_is_taken_as_such(ws: Workspace, vendor: Path) -> None:
    verbs.review(ws, "AAPL", start="2004-11-15", end="2004-11-15", reject="a slip")
    panel = opened(vendor)

    assert [each.kind for each in panel.bars] == ["missing", "rejected"]
    panel.list.index = 1
    panel.take.click()
    wait(panel)

    assert high(ws) < 100
    assert [each.kind for each in panel.bars] == ["missing"]


def test_the_whole_range_is_drawn_again_on_request(ws: Workspace, vendor: Path) -> None:
    del ws
    panel = opened(vendor)
    many = len(figure(panel)["data"][0]["x"])
    panel.list.index = 1
    assert len(figure(panel)["data"][0]["x"]) < many

    panel.chart.back.click()

    assert panel.bar is not None
    assert len(figure(panel)["data"][0]["x"]) == many
    assert len(figure(panel)["layout"]["shapes"]) == 1
    assert panel.chart.back.disabled


@pytest.mark.parametrize(
    ("other", "sentence"),
    [("nobody", "nobody"), ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;")],
)
def test_a_provider_that_cannot_be_asked_is_one_sentence(
    ws: Workspace, other: str, sentence: str
) -> None:
    del ws
    panel = CompareView(("AAPL",), other=other)
    wait(panel)

    assert panel.message.value.count('role="alert"') == 1
    assert sentence in panel.static_html()
    assert "<b>x</b>" not in panel.static_html()


def test_no_bar_in_common_is_a_sentence(ws: Workspace, true: pd.DataFrame, vendor: Path) -> None:
    del ws
    moved = true.set_axis(pd.DatetimeIndex(true.index) - pd.Timedelta(days=7 * 200), axis=0)
    moved.to_csv(vendor / "AAPL.csv")

    panel = opened(vendor)

    assert "no bar in common" in panel.message.value
    assert shown(panel) == []


def test_another_currency_is_said_and_nothing_is_taken(ws: Workspace) -> None:
    dataset = DatasetId("equities", "daily", "AAPL")
    with ws.store.transaction(dataset) as tx:
        assert tx.manifest is not None
        config = replace(tx.manifest.config, currency="EUR")
        at = tx.manifest.recent[-1].at
        record = UpdateRecord(at, "review", "files", "changed")
        tx.commit(replace(tx.manifest, config=config), record)
    wrong = high(ws)
    panel = CompareView(("AAPL",), other="sample")
    wait(panel)

    assert "sample quotes USD, where the stored prices are in EUR" in panel.message.value
    panel.list.index = 0
    panel.take.click()
    wait(panel)

    assert "a price in another currency is not taken" in panel.static_html()
    assert panel.undo.layout.display == "none"
    assert high(ws) == wrong


def test_another_provider_or_dataset_clears_what_was_compared(ws: Workspace, vendor: Path) -> None:
    del ws
    panel = opened(vendor)

    panel.provider.value = "sample"

    assert shown(panel) == []
    assert panel.body.layout.display == "none"
    panel.start.click()
    wait(panel)
    assert panel.report is not None
    assert panel.report.other == "sample"
    assert shown(panel)[0].startswith("2004-11-15: high")


def test_an_empty_store_and_a_symbol_that_is_not_stored_are_sentences(home: Path) -> None:
    home.mkdir(exist_ok=True)

    assert "nothing is stored" in CompareView().message.value
    assert 'role="alert"' in CompareView(("NOPE",), other="sample").message.value


def test_the_panel_is_opened_by_the_magic_with_its_provider(ws: Workspace, vendor: Path) -> None:
    del ws
    panel = ml4t_nb.panel("compare", "AAPL", with_=f"files:{vendor}").content
    assert isinstance(panel, CompareView)
    wait(panel)

    assert len(shown(panel)) == 2
    with pytest.raises(OptionError, match="takes no --with"):
        ml4t_nb.panel("gaps", with_="sample")
