"""What a run changed, in JupyterLab: in its own result and in the panel of runs, and its undo."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.notebook_page import NotebookPage

_LOAD = "%ml4t load AAPL -p sample --start 2004-01-02 --as-of 2005-02-25"
_UPDATE = "%ml4t update --as-of 2005-03-10"
_HALVED = "AAPL split 2:1 on 28 Feb 2005: its 290 earlier bars were halved"
_OUTSIDE = """svg => {
  const box = svg.closest('.ml4t-change').getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(each => {
    const { left, right } = each.getBoundingClientRect();
    return left < box.left - 1 || right > box.right + 1;
  }).map(each => each.textContent);
}"""


def _picture(notebook: NotebookPage, place: str) -> Locator:
    return notebook.page.locator(f"{place} .ml4t-change-picture:visible").first


def test_a_restatement_is_seen_and_undone_after_one_question(notebook: NotebookPage) -> None:
    notebook.open(_LOAD, _UPDATE, "%ml4t panel history AAPL --as-of 2005-03-10")
    # In the result of the update itself, without a widget.
    result = _picture(notebook, ".jp-Cell:nth-child(3)")
    expect(result).to_have_attribute("aria-label", f"{_HALVED}, so the history stays one line.")
    expect(notebook.page.locator(".ml4t-change-image:visible")).to_have_count(0)
    panel = _picture(notebook, ".ml4t-run-picture")
    expect(panel).to_be_visible()
    notebook.see("ml4t-run-list", "run 2: update")
    for width in (1300, 800):
        notebook.page.set_viewport_size({"width": width, "height": 1200})
        for drawn in (result, panel):
            drawn.scroll_into_view_if_needed()
            assert drawn.evaluate(_OUTSIDE) == []
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        notebook.set_theme(theme)
        assert notebook.faint_words() == []
    expect(notebook.page.locator(".ml4t-run-confirm:visible")).to_have_count(0)

    notebook.find("ml4t-run-undo").focus()
    notebook.page.keyboard.press("Enter")
    notebook.see("ml4t-run-question", "Undo run 2, update of")
    notebook.click("ml4t-run-confirm")

    notebook.see("ml4t-job", "done")
    notebook.see("ml4t-run-list", "undone by run 3")
    notebook.see("ml4t-run-picture", _HALVED)
