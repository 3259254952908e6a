"""What a run changed, and each version over what is read now, in JupyterLab; and an undo."""

from __future__ import annotations

import subprocess
import sys

from playwright.sync_api import Locator, expect

from tests.browser.accessibility import violations
from tests.browser.notebook_page import NotebookPage

_LOAD = "%ml4t load AAPL -p sample --start 2004-01-02 --as-of 2005-02-25"
_UPDATE = "%ml4t update --as-of 2005-03-10"
_PANEL = "%ml4t panel history AAPL --as-of 2005-03-10"
_HALVED = "AAPL split 2:1 on 28 Feb 2005: its 290 earlier bars were halved"
_SINCE = "AAPL split 2:1 on 28 Feb 2005 since version 1: its 290 earlier bars were halved"
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
    notebook.open(_LOAD, _UPDATE, _PANEL)
    # In the result of the update itself, without a widget.
    result = _picture(notebook, ".jp-Cell:nth-child(3)")
    expect(result).to_have_attribute("aria-label", f"{_HALVED}, so the history stays one line.")
    expect(notebook.page.locator(".ml4t-change-image:visible")).to_have_count(0)
    panel = _picture(notebook, ".ml4t-run-picture")
    expect(panel).to_have_attribute("aria-label", f"{_SINCE}, so the history stays one line.")
    notebook.see("ml4t-run-list", "split 2:1 restated 290 bars, 9 bars added")
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

    notebook.see("ml4t-run-outcome", "took back run 2")
    notebook.see("ml4t-run-list", "undone by run 3")
    notebook.see(
        "ml4t-run-picture", "Version 3, the newest, has the same bars of AAPL as version 1."
    )


def test_versions_are_walked_through_by_keys_and_the_line_that_reads_one_is_copied(
    notebook: NotebookPage,
) -> None:
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook.open(_LOAD, _UPDATE, _PANEL)
    notebook.see("ml4t-run-picture", _SINCE)
    versions = notebook.find("ml4t-run-list").locator("select")
    named = "Versions, the newest first: the chosen one is drawn below under today's bars"
    expect(versions).to_have_attribute("aria-label", named)

    versions.focus()
    notebook.page.keyboard.press("ArrowUp")
    notebook.see("ml4t-run-picture", "Version 2 of AAPL is the newest: what is read now.")
    expect(notebook.page.locator(".ml4t-version-heard [role=status]")).to_contain_text(
        "Version 2 of"
    )
    notebook.page.keyboard.press("ArrowDown")
    notebook.see("ml4t-run-picture", _SINCE)
    copy = notebook.page.locator(".ml4t-change-read button:visible")
    copy.focus()
    notebook.page.keyboard.press("Enter")

    expect(copy).to_have_text("Copied")
    copied = notebook.page.evaluate("navigator.clipboard.readText()")
    assert copied == 'bars = ml4t_nb.bars("AAPL", version=1)'
    assert violations(notebook.page) == []


def test_the_panel_follows_the_store_and_fits_a_narrow_cell(notebook: NotebookPage) -> None:
    notebook.open(_LOAD, _UPDATE, "%ml4t panel history AAPL")
    notebook.see("ml4t-run-picture", _SINCE)
    notebook.page.evaluate("document.querySelector('.ml4t-runs').style.width = '600px'")
    assert notebook.cut_off("ml4t-runs") == []

    line = [sys.executable, "-m", "ml4t_nb", "update", "--as-of", "2005-03-11"]
    subprocess.run([*line, "--home", str(notebook.home)], check=True, capture_output=True)

    notebook.see("ml4t-run-list", "1 bar added (newest)")
    notebook.see("ml4t-run-picture", "10 bars added after them")
