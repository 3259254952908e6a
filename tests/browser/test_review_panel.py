"""The findings inbox in JupyterLab and Notebook, by keyboard alone, in any width and theme."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.notebook_page import LOAD_DOUBTFUL, NotebookPage

on_jupyter = pytest.mark.parametrize(
    "notebook", ["lab", pytest.param("notebook", marks=pytest.mark.slow)], indirect=True
)


def _open(notebook: NotebookPage) -> None:
    notebook.open(LOAD_DOUBTFUL, "%ml4t panel review", "'the last cell'")
    notebook.see("ml4t-inbox-count", "3 to decide")


@pytest.fixture(scope="module")
def inbox(lab: NotebookPage) -> NotebookPage:
    """An inbox of which nothing is decided before the last test."""
    _open(lab)
    return lab


def _press(notebook: NotebookPage, key: str) -> None:
    notebook.page.wait_for_timeout(500)  # as who reads before
    notebook.page.keyboard.press(key)


def _see_sentence(notebook: NotebookPage, words: str) -> None:
    expect(notebook.find("ml4t-inbox-sentence")).to_contain_text(words)


@on_jupyter
def test_findings_are_asked_about_and_decided_by_keyboard_alone(notebook: NotebookPage) -> None:
    _open(notebook)
    _see_sentence(notebook, "AAPL, Thu 14 Apr 2005: the high")
    notebook.find("ml4t-provider").locator("select").focus()
    notebook.page.keyboard.type("sample")
    notebook.find("ml4t-ask").focus()
    book = notebook.book()

    _press(notebook, "t")
    expect(notebook.find("ml4t-take")).to_contain_text("Take from sample")
    expect(notebook.find("ml4t-take")).to_be_focused()
    notebook.see("ml4t-inbox-evidence", "sample says 39.98")
    _press(notebook, "a")
    _see_sentence(notebook, "AAPL, Mon 23 May 2005: the volume is 0")
    _press(notebook, "j")
    _see_sentence(notebook, "IBM, Wed 9 Mar 2005: the close is 10 times")
    _press(notebook, "r")
    notebook.see("ml4t-decided", "rejected: looks wrong")
    _see_sentence(notebook, "AAPL, Mon 23 May 2005")
    _press(notebook, "u")
    _see_sentence(notebook, "IBM, Wed 9 Mar 2005")
    _press(notebook, "k")
    _see_sentence(notebook, "AAPL, Mon 23 May 2005")
    _press(notebook, "a")
    _see_sentence(notebook, "IBM, Wed 9 Mar 2005")
    _press(notebook, "t")
    notebook.see("ml4t-inbox-evidence", "sample says 92.35")
    _press(notebook, "t")

    notebook.see("ml4t-inbox-count", "Nothing to decide")
    notebook.see("ml4t-decided", "taken from sample")
    # Though every button that had the focus is gone, the keys are the panel's still.
    notebook.page.wait_for_function("document.activeElement.closest('.ml4t-panel') !== null")
    assert notebook.book() == book


def test_a_word_typed_in_a_field_is_no_command_and_a_key_elsewhere_neither(
    notebook: NotebookPage,
) -> None:
    _open(notebook)
    reason = notebook.find("ml4t-inbox-reason").locator("input")

    reason.focus()
    notebook.page.keyboard.type("just a rut")
    expect(reason).to_have_value("just a rut")
    notebook.see("ml4t-inbox-count", "3 to decide")
    # Not by a blur alone: a focus that is nowhere goes back into the panel when it is drawn anew.
    notebook.page.evaluate("""() => {
      const elsewhere = document.body.appendChild(document.createElement('button'));
      elsewhere.focus();
    }""")
    for key in ("j", "Control+a", "Alt+a"):
        notebook.page.keyboard.press(key)
    _see_sentence(notebook, "AAPL, Thu 14 Apr 2005")

    notebook.find("ml4t-accept").focus()
    _press(notebook, "a")
    notebook.see("ml4t-decided", "accepted: just a rut")


def test_a_second_tap_is_not_meant_for_the_finding_that_has_just_opened(
    notebook: NotebookPage,
) -> None:
    _open(notebook)
    notebook.find("ml4t-accept").focus()
    _press(notebook, "a")
    # At once, when the next sentence is there.
    notebook.page.evaluate("""() => new Promise(done => {
      const press = () => {
        if (!document.querySelector('.ml4t-inbox-sentence').textContent.includes('23 May')) {
          return setTimeout(press, 1);
        }
        const made = new KeyboardEvent('keydown', { key: 'a', bubbles: true });
        document.activeElement.dispatchEvent(made);
        done();
      };
      press();
    })""")

    _press(notebook, "j")
    _see_sentence(notebook, "IBM, Wed 9 Mar 2005")
    notebook.see("ml4t-inbox-count", "2 to decide")


def test_the_list_is_a_list_for_the_mouse_and_the_arrows(inbox: NotebookPage) -> None:
    items = inbox.page.locator(".ml4t-inbox-item")

    items.nth(1).click()
    _see_sentence(inbox, "AAPL, Mon 23 May 2005")
    expect(items.nth(1)).to_be_focused()
    inbox.page.keyboard.press("ArrowDown")
    _see_sentence(inbox, "IBM, Wed 9 Mar 2005")
    expect(items.nth(2)).to_be_focused()
    inbox.page.keyboard.press("ArrowUp")
    _see_sentence(inbox, "AAPL, Mon 23 May 2005")


def test_in_a_narrow_cell_the_list_is_one_line_and_nothing_is_cut_off(inbox: NotebookPage) -> None:
    inbox.page.locator(".ml4t-inbox-item").first.click()
    _see_sentence(inbox, "AAPL, Thu 14 Apr 2005")
    inbox.page.evaluate("document.querySelector('.ml4t-review').style.width = '600px'")
    expect(inbox.page.locator(".ml4t-inbox-item").first).to_be_hidden()
    inbox.see("ml4t-inbox-count", "1 of 3 to decide")
    assert inbox.cut_off("ml4t-inbox") == []
    # The same at 150 %.
    inbox.page.evaluate("document.querySelector('.ml4t-review').style.width = '400px'")
    assert inbox.cut_off("ml4t-inbox") == []

    inbox.page.evaluate("document.querySelector('.ml4t-review').style.width = '926px'")
    expect(inbox.page.locator(".ml4t-inbox-item").first).to_be_visible()
    assert inbox.cut_off("ml4t-inbox") == []


def test_its_words_stand_out_from_their_background(inbox: NotebookPage) -> None:
    inbox.find("ml4t-accept").focus()
    _press(inbox, "a")
    inbox.see("ml4t-inbox-count", "2 to decide")

    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        inbox.set_theme(theme)
        assert inbox.faint_words() == [], theme
