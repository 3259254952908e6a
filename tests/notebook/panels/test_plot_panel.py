"""What ``plot`` shows in a notebook besides its chart."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml4t_nb import verbs
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
