"""The gap explorer in JupyterLab and Notebook by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.notebook_page import NotebookPage

_THREE_GAPS = """import os
os.environ["ML4T_DATA_SYNTHETIC_HOLES"] = (
    "2023-06-12/2023-06-14,2023-06-20/2023-06-21,2023-09-11/2023-09-26"
)
%ml4t load DEMO -p synthetic --start 2023-05-01 --as-of 2024-01-31"""


def _press(notebook: NotebookPage, key: str) -> None:
    notebook.page.wait_for_timeout(500)  # as who reads before
    notebook.page.keyboard.press(key)


def _see_place(notebook: NotebookPage, words: str) -> None:
    expect(notebook.find("ml4t-gap-place")).to_contain_text(words)


@pytest.mark.parametrize(
    "notebook", ["lab", pytest.param("notebook", marks=pytest.mark.slow)], indirect=True
)
def test_gaps_are_decided_and_taken_back_by_keyboard_alone(notebook: NotebookPage) -> None:
    notebook.open(_THREE_GAPS, "%ml4t panel gaps --as-of 2024-01-31", "'the last cell'")
    _see_place(notebook, "3 gaps")
    notebook.find("ml4t-gap-next").focus()
    book = notebook.book()

    _press(notebook, "j")
    _see_place(notebook, "1 of 3")
    _press(notebook, "f")
    notebook.see("ml4t-gap-list", "forward")
    _see_place(notebook, "2 of 3")
    # Without a reason nothing is closed: its field is where the next keys go, and they are words.
    _press(notebook, "c")
    reason = notebook.find("ml4t-reason").locator("input")
    expect(reason).to_be_focused()
    notebook.page.keyboard.type("a fault of jack")
    notebook.page.keyboard.press("Enter")
    notebook.see("ml4t-gap-list", "closed")
    notebook.see("ml4t-gap-list", "a fault of jack".replace(" ", "\u00a0"))
    _see_place(notebook, "3 of 3")
    _press(notebook, "f")
    notebook.see("ml4t-gap-line", "11 bars exceed the limit of five")
    _press(notebook, "k")
    _see_place(notebook, "2 of 3")
    _press(notebook, "u")
    expect(notebook.find("ml4t-gap-list")).not_to_contain_text("closed")
    _see_place(notebook, "2 of 3")
    _press(notebook, "u")
    expect(notebook.find("ml4t-gap-list")).not_to_contain_text("forward")
    _see_place(notebook, "1 of 3")
    _press(notebook, "a")
    notebook.see("ml4t-gap-line", "the provider returned no bars")

    notebook.page.wait_for_function("document.activeElement.closest('.ml4t-panel') !== null")
    assert notebook.book() == book
    assert notebook.faint_words() == []
