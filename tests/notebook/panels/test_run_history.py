"""The panel of runs by hand: choose one, see what it changed, undo it."""

from __future__ import annotations

import re
import shlex
from base64 import b64decode
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.parser import parse
from ml4t_nb.execution.jobs import Job
from ml4t_nb.notebook.panel_verbs import NOTEBOOK
from ml4t_nb.notebook.panels.run_history import RunHistory
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace


@pytest.fixture(autouse=True)
def _as_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del home
    monkeypatch.setenv("ML4T_DATA_AS_OF", "2005-03-10")


@pytest.fixture
def ws(home: Path) -> Workspace:
    """AAPL, restated by run 2 for its split of 28 February 2005; AA, whose run changed nothing."""
    del home
    ws = Workspace.open(Settings.current())
    verbs.load(ws, "AA", provider="synthetic", start="2005-01-03", as_of="2005-02-25")
    verbs.load(ws, "AAPL", provider="sample", start="2004-12-01", as_of="2005-02-25")
    verbs.update(ws, "AAPL", as_of="2005-03-10")
    return ws


def shown(panel: RunHistory) -> list[str]:
    return [str(each) for each in panel.list.options]


def jobs_of(panel: RunHistory) -> list[Job]:
    return [] if panel.job is None else [panel.job]


def test_a_dataset_with_a_changed_value_comes_first_and_its_run_is_drawn(ws: Workspace) -> None:
    del ws

    panel = RunHistory()

    assert str(panel.dataset.value) == "equities/daily/AAPL"
    assert [line.partition(" of ")[0] for line in shown(panel)] == ["run 2: update"]
    assert "restated 2:1" in shown(panel)[0]
    words = "AAPL split 2:1 on 28 Feb 2005: its 60 earlier bars were halved"
    assert words in panel.picture.value
    assert words in panel.static_html()
    (picture,) = re.findall(r"base64,([^\"]+)", panel.static_html())
    assert words in b64decode(picture).decode()
    assert not panel.undo.disabled


def test_a_dataset_without_a_changed_value_says_so(ws: Workspace) -> None:
    del ws
    panel = RunHistory()

    panel.dataset.value = panel.dataset.options[0][1]

    assert str(panel.dataset.value) == "equities/daily/AA"
    assert shown(panel) == []
    assert "no run of this dataset changed a stored value" in panel.message.value
    assert panel.undo.disabled
    assert panel.picture.value == ""


def test_undo_asks_once_and_then_every_value_is_what_it_was(ws: Workspace) -> None:
    before = verbs.plot(ws, "AAPL", run=2).before
    assert before is not None
    panel = RunHistory(("AAPL",))
    line = panel.undo.tooltip.removeprefix("Asks once. ")
    command = parse(shlex.split(line.removeprefix("%ml4t ")), program=NOTEBOOK)
    assert panel.asking.layout.display == "none"

    panel.confirm.click()
    assert jobs_of(panel) == []
    panel.undo.click()

    assert panel.asking.layout.display == ""
    assert panel.undo.layout.display == "none"
    assert "Undo run 2, update of" in panel.question.value
    panel.confirm.click()
    panel.confirm.click()
    (job,) = jobs_of(panel)
    assert job.command == command
    assert job.join(120)
    assert job.error is None
    assert [line[:6] for line in shown(panel)] == ["run 3:", "run 2:"]
    assert shown(panel)[1].endswith("(undone by run 3)")
    assert len(panel.outcome.children) == 1
    assert "done · 1 changed" in panel.static_html()
    bars = verbs.plot(ws, "AAPL").bars
    assert bars["close"].equals(before["close"])


def test_a_question_is_taken_back_by_keeping_or_by_choosing_another_run(ws: Workspace) -> None:
    verbs.undo(ws, "AAPL", run=2)
    panel = RunHistory()
    assert panel.list.index == 0

    panel.undo.click()
    panel.keep.click()
    assert panel.asking.layout.display == "none"
    panel.undo.click()
    panel.list.index = 1

    assert panel.asking.layout.display == "none"
    assert panel.run is not None
    assert panel.run.version == 2
    panel.confirm.click()
    assert panel.job is None


def test_what_cannot_be_undone_says_why(ws: Workspace) -> None:
    verbs.undo(ws, "AAPL", run=2)
    panel = RunHistory()
    panel.list.index = 1

    panel.undo.click()
    panel.confirm.click()

    assert panel.job is not None
    assert panel.job.join(120)
    assert "is undone already, by run 3" in panel.static_html()


def test_an_empty_store_and_a_symbol_that_is_not_stored_are_sentences(home: Path) -> None:
    home.mkdir(exist_ok=True)

    assert "nothing is stored" in RunHistory().message.value
    assert 'role="alert"' in RunHistory(("NOPE",)).message.value


def test_a_refresh_keeps_the_run_that_is_chosen(ws: Workspace) -> None:
    panel = RunHistory()
    verbs.undo(ws, "AAPL", run=2)

    panel.refresh()

    assert panel.list.index == 1
    assert panel.run is not None
    assert panel.run.version == 2
