"""Panels as cells show them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output

import ml4t_nb
from ml4t_nb.cli import main
from ml4t_nb.commands.completion import candidates
from ml4t_nb.commands.declaration import SHELL, Program
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Command
from ml4t_nb.notebook.panel_verbs import NOTEBOOK
from ml4t_nb.notebook.panels.panel_output import PanelOutput
from tests.notebook.panels.start import start_job

LOAD = "load AAPL -p sample --start 2005-01-03 --as-of 2005-02-25"
VIEW = "application/vnd.jupyter.widget-view+json"


def shown(notebook: InteractiveShell, cell: str) -> list[RichOutput]:
    with capture_output() as captured:
        result = notebook.run_cell(cell)  # type: ignore[no-untyped-call]  # IPython's
    assert result.success, result.error_in_exec
    return list(captured.outputs)


@pytest.mark.parametrize(
    "part", ["", "load", "update", "universe", "health", "gaps", "review", "history", "compare"]
)
def test_a_panel_is_a_widget_and_something_that_stays_readable(
    notebook: InteractiveShell, part: str
) -> None:
    widget, static_html = shown(notebook, f"%ml4t panel {part} --as-of 2005-02-25")

    assert VIEW in widget.data
    name = f"ml4t_nb: {part}" if part else "ml4t_nb"
    # Where no widget is shown, its place is empty, and the still alone is seen.
    assert (widget.data["text/html"], widget.data["text/plain"]) == ("<span></span>", "")
    assert static_html.data["text/plain"] == f"{name} (a panel; run its cell to use it)"
    assert "ml4t-still" in static_html.data["text/html"]
    assert "<script" not in static_html.data["text/html"]
    assert VIEW not in static_html.data


def test_the_live_widget_hides_the_still() -> None:
    frame = ml4t_nb.panel("load")

    style = frame.widget.children[0].value

    assert f".{frame._key} {{ display: none; }}" in style


def test_the_whole_panel_has_eight_tabs_of_which_each_is_made_when_looked_at() -> None:
    frame = ml4t_nb.panel()
    tabs = frame.widget.children[1]

    assert tabs.titles == (
        "Load", "Update", "Universe", "Health", "Gaps", "Review", "History", "Compare",
    )  # fmt: skip
    assert [len(box.children) for box in tabs.children] == [1, 0, 0, 0, 0, 0, 0, 0]
    tabs.selected_index = 2
    assert [len(box.children) for box in tabs.children] == [1, 0, 1, 0, 0, 0, 0, 0]


def test_a_panel_begins_with_the_as_of_and_the_home_it_was_given(
    notebook: InteractiveShell,
) -> None:
    result = notebook.run_cell("p = %ml4t panel load --as-of 2005-02-25 --home elsewhere\np")  # type: ignore[no-untyped-call]  # IPython's

    assert isinstance(result.result, PanelOutput)
    command = result.result.content.form.checked()  # type: ignore[attr-defined]  # a load panel's
    assert command == Command("load", {"as_of": date(2005, 2, 25), "home": Path("elsewhere")})


@pytest.mark.parametrize("part", ["review", "history", "compare"])
def test_symbols_follow_the_name_of_a_panel_that_takes_them(
    notebook: InteractiveShell, part: str
) -> None:
    notebook.run_cell(f"%ml4t {LOAD}")  # type: ignore[no-untyped-call]  # IPython's

    shown(notebook, f"%ml4t panel {part} AAPL --as-of 2005-02-25")
    with capture_output():
        result = notebook.run_cell("%ml4t panel health AAPL")  # type: ignore[no-untyped-call]  # IPython's

    assert isinstance(result.error_in_exec, OptionError)
    assert "panel health takes no symbol, but got 'AAPL'" in str(result.error_in_exec)


def test_there_is_no_other_panel(notebook: InteractiveShell) -> None:
    with capture_output():
        result = notebook.run_cell("%ml4t panel laod")  # type: ignore[no-untyped-call]  # IPython's

    assert isinstance(result.error_in_exec, OptionError)
    assert result.error_in_exec.hint == "did you mean 'load'?"


def test_a_shell_says_where_jobs_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs"]) == 2

    said = capsys.readouterr().err
    assert "jobs is available only in a notebook" in said
    assert "%load_ext ml4t_nb" in said


@pytest.mark.parametrize("program", [NOTEBOOK, SHELL])
def test_panels_are_completed(program: Program) -> None:
    assert candidates((), "pa", program=program) == ("panel",)
    assert candidates(("panel",), "h", program=program) == ("health", "history")
    found = candidates(("panel",), "--por", program=program)
    assert found == (("--port",) if program is SHELL else ())


def test_the_jobs_are_listed_and_each_is_shown_again(notebook: InteractiveShell) -> None:
    job = start_job(LOAD)
    job.join(120)

    listed = shown(notebook, "%ml4t jobs")
    (_, static_html) = shown(notebook, f"%ml4t jobs {job.number}")

    assert f"<code>%ml4t {LOAD}</code>" in listed[1].data["text/html"]
    assert "1 changed, 38 bars added" in listed[1].data["text/html"]
    assert "+38" in static_html.data["text/html"]


def test_a_job_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OptionError, match="there is no job 987654"):
        ml4t_nb.jobs(987654)
