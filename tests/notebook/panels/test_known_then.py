"""Panels that were opened as of an earlier time, once later bars are stored."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.gap_explorer import GapExplorer
from ml4t_nb.notebook.panels.live_chart import LiveChart
from ml4t_nb.notebook.panels.run_history import RunHistory
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

AAPL = DatasetId("equities", "daily", "AAPL")
ALERT = 'role="alert"'
SHARED: dict[str, object] = {"as_of": date(2005, 2, 25)}
SAID = (
    "Bars later than 2005-02-25 are stored; what was known then is shown. "
    "To see all, open it without --as-of."
)


@pytest.fixture
def ws(home: Path) -> Workspace:
    """AAPL up to the Friday before its split."""
    del home
    ws = Workspace.open(Settings.current())
    verbs.load(ws, "AAPL", provider="sample", start="2004-12-01", as_of="2005-02-18")
    verbs.update(ws, "AAPL", as_of="2005-02-25")
    return ws


def last_of(chart: LiveChart) -> tuple[str, float]:
    assert chart.report is not None
    bars = chart.report.bars
    return f"{bars.index[-1]:%Y-%m-%d}", float(bars["close"].iloc[-1])


def test_the_gap_explorer_shows_what_was_known_then_and_says_so(ws: Workspace) -> None:
    panel = GapExplorer(shared=SHARED)
    message = panel.chart.widget.children[0]
    assert message.value == ""
    verbs.update(ws, "AAPL", as_of="2005-03-10")

    panel.refresh()

    assert last_of(panel.chart) == ("2005-02-25", 88.99)  # before the split of 2:1
    assert SAID in message.value
    assert ALERT not in message.value
    assert "later than" not in panel.message.value
    assert "later than" not in panel.revisions.revisions.value
    # Nothing is newer than what was known then, however often a page asks.
    assert not panel.chart._is_outdated()
    verbs.update(ws, "AAPL", as_of="2005-03-11")
    assert panel.chart._is_outdated()
    panel.chart.redraw()
    assert not panel.chart._is_outdated()


def test_the_history_shows_versions_over_what_was_known_then(ws: Workspace) -> None:
    panel = RunHistory(shared=SHARED)
    verbs.update(ws, "AAPL", as_of="2005-03-10")
    panel.refresh()
    versions = panel.versions
    numbers = [int(str(each).split()[0]) for each in versions.list.options]
    assert numbers == [3, 2, 1]

    later = "Version 3 was made later than as of 2005-02-25"
    for number, said in ((1, SAID), (2, SAID), (3, later)):
        versions.list.index = numbers.index(number)
        versions.of.value = "now"
        assert said in versions.picture.value, number
        assert ALERT not in versions.picture.value, number
        assert "Mar 2005" not in versions.picture.value, number
    # Of the run that the split was found by, too; of the others no value is kept, as of any panel.
    versions.of.value = "run"
    assert later in versions.picture.value
    versions.list.index = numbers.index(1)
    assert "no value is kept that run 1 of equities/daily/AAPL changed" in versions.picture.value


def test_a_dataset_of_which_nothing_was_known_then_is_one_quiet_sentence(ws: Workspace) -> None:
    verbs.load(ws, "IBM", provider="sample", start="2004-12-01", as_of="2005-03-10")
    chart = LiveChart(shared=SHARED)

    chart.show(DatasetId("equities", "daily", "IBM"))

    message = chart.widget.children[0]
    assert chart.report is None
    assert "nothing of it was known then, its first version is of 2005-03-10" in message.value
    assert ALERT not in message.value
