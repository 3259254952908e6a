"""The runs that changed values, in JupyterLab: the picture of one, and its undo."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.notebook_page import NotebookPage

_RESTATED = """%ml4t load AAPL -p sample --start 2004-01-02 --as-of 2005-02-25
%ml4t update --as-of 2005-03-10"""


def test_a_restatement_is_seen_and_undone_after_one_question(notebook: NotebookPage) -> None:
    notebook.open(_RESTATED, "%ml4t panel history AAPL --as-of 2005-03-10")
    notebook.see_plot("ml4t-run-picture")
    notebook.see("ml4t-run-list", "run 2: update")
    expect(notebook.page.locator(".ml4t-run-confirm:visible")).to_have_count(0)

    notebook.find("ml4t-run-undo").focus()
    notebook.page.keyboard.press("Enter")
    notebook.see("ml4t-run-question", "Undo run 2, update of")
    notebook.click("ml4t-run-confirm")

    notebook.see("ml4t-job", "done")
    notebook.see("ml4t-run-list", "undone by run 3")
    notebook.see_plot("ml4t-run-picture")
    assert notebook.faint_words() == []
