"""What ``plot`` shows in a notebook besides its chart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.execution.jobs import JOBS
from ml4t_nb.model import Command
from ml4t_nb.notebook.panels.gap_explorer import GapExplorer
from ml4t_nb.notebook.panels.plot_panel import PlotPanel, is_alive, plot_output
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace


@pytest.fixture
def ws(home: Path) -> Workspace:
    """AAA, which is whole, and BBB without two days of June."""
    settings = Settings.read({"ML4T_DATA_HOME": str(home)}, folder=home.parent)
    holed = Settings.read(
        {"ML4T_DATA_HOME": str(home), "ML4T_DATA_SYNTHETIC_HOLES": "2023-06-12/2023-06-14"},
        folder=home.parent,
    )
    given = {"provider": "synthetic", "start": "2023-05-01", "as_of": "2023-09-29"}
    verbs.load(Workspace.open(settings), "AAA", **given)  # type: ignore[arg-type]
    verbs.load(Workspace.open(holed), "BBB", **given)  # type: ignore[arg-type]
    return Workspace.open(settings)


def test_what_there_is_to_decide_opens_below_and_closes_again(ws: Workspace) -> None:
    panel = PlotPanel(verbs.plot(ws, ("AAA", "BBB")))
    script = panel.chart.widget.children[1]
    (action,) = script.drawn["facts"]["footer"]["actions"]
    assert "1 open gap" in action["label"]

    script._handle_custom_msg({"what": "action", "command": action["command"]}, [])

    opened = panel.opened
    assert isinstance(opened, GapExplorer)
    assert opened.dataset.value.symbol == "BBB"
    below = panel.widget.children[1]
    assert below.children == (opened.widget,)
    assert "2023-06-12" in panel.static_html()
    script._handle_custom_msg({"what": "action", "command": None}, [])
    assert below.children == ()


@pytest.mark.parametrize("command", ["%ml4t remove BBB --yes", "", "%ml4t gaps OTHER"])
def test_only_lines_of_the_chart_open_anything(ws: Workspace, command: str) -> None:
    panel = PlotPanel(verbs.plot(ws, "BBB"))

    panel.chart.hear({"what": "action", "command": command})

    assert panel.opened is None
    verbs.plot(ws, "BBB")  # it is still there


def test_a_saved_notebook_keeps_the_picture_and_the_words(ws: Workspace) -> None:
    output = plot_output(verbs.plot(ws, "BBB"))

    assert '<img src="data:image/svg+xml;base64,' in output.content.static_html()
    assert "equities/daily/BBB" in repr(output)


def test_a_map_of_sessions_and_a_change_are_no_living_chart(ws: Workspace) -> None:
    assert is_alive(verbs.plot(ws, "BBB"))
    assert not is_alive(verbs.plot(ws, "BBB", coverage=True))


class Sent:
    """What a chart told its page."""

    def __init__(self, panel: PlotPanel) -> None:
        self.script = panel.chart.widget.children[1]
        self.script.comm.publish_msg = self._keep
        self.told: list[dict[str, Any]] = []

    def _keep(self, *_: object, data: dict[str, Any], **__: object) -> None:
        if data["method"] == "custom":
            self.told.append(data["content"])

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.script.drawn["facts"]
        return facts

    def tell(self, **message: object) -> None:
        self.script._handle_custom_msg({"drawing": self.facts["drawing"], **message}, [])


def test_a_page_that_shows_the_chart_gets_what_was_stored_since(ws: Workspace) -> None:
    panel = PlotPanel(verbs.plot(ws, ("AAA", "BBB"), start="2023-06-01"))
    sent = Sent(panel)
    before = sent.facts
    panel.chart.look_again()
    assert sent.told == []

    verbs.gaps(ws, "BBB", start="2023-06-12", close="halted", as_of="2023-09-29")
    panel.chart.look_again()

    assert sent.told == [{"what": "newer", "drawing": before["drawing"]}]
    assert sent.facts == before  # nobody may look at it any more
    sent.tell(what="redraw")
    assert "1 open gap" in before["footer"]["actions"][0]["label"]
    assert sent.facts["footer"]["actions"] == ()
    # The same range as before: from the first of June on.
    assert sent.facts["steps"]["labels"][0] == before["steps"]["labels"][0] == "Thu 1 Jun 2023"
    sent.tell(what="redraw")
    assert len(sent.told) == 1


def test_who_zooms_into_what_was_changed_meanwhile_gets_what_is_stored(ws: Workspace) -> None:
    panel = PlotPanel(verbs.plot(ws, "AAA"))
    sent = Sent(panel)
    assert sent.facts["rows"] == 106

    verbs.update(ws, "AAA", as_of="2023-10-06")
    sent.tell(what="range", left=0, right=10, asked="1")

    # Five sessions more; the page asks for its range again.
    assert sent.facts["rows"] == 111
    assert sent.told == []


def test_a_job_that_ends_is_noticed(ws: Workspace) -> None:
    panel = PlotPanel(verbs.plot(ws, "AAA"))
    sent = Sent(panel)

    given = {"symbol": ("AAA",), "as_of": "2023-10-06", "home": ws.settings.home}
    JOBS.start(Command("update", given)).join()

    assert [each["what"] for each in sent.told] == ["newer"]


def test_the_picture_of_a_run_stays_that_of_the_run(ws: Workspace) -> None:
    sent = Sent(panel := PlotPanel(verbs.plot(ws, "AAA", last_run=True)))

    verbs.update(ws, "AAA", as_of="2023-10-06")
    panel.chart.look_again()

    assert sent.told == []


def test_a_dataset_that_is_gone_leaves_the_chart_as_it_is(ws: Workspace) -> None:
    sent = Sent(panel := PlotPanel(verbs.plot(ws, "AAA")))

    verbs.remove(ws, "AAA", yes=True)
    panel.chart.look_again()

    assert sent.told == []
    assert sent.facts["rows"] == 106
