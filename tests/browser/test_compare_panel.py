"""Two providers side by side, in JupyterLab: a bar is chosen, taken and given back."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.notebook_page import LOAD_DOUBTFUL, NotebookPage


def test_a_bar_is_taken_by_keyboard_given_back_and_chosen_by_a_click(
    notebook: NotebookPage,
) -> None:
    notebook.open(LOAD_DOUBTFUL, "%ml4t panel compare IBM --with sample --as-of 2005-06-01")
    notebook.see_plot("ml4t-compare-picture")
    notebook.see("ml4t-compare-list", "2005-03-09: close")
    expect(notebook.page.locator(".ml4t-compare-take:visible")).to_have_count(0)

    book = notebook.book()
    notebook.find("ml4t-compare-list").locator("select").focus()
    notebook.page.keyboard.press("ArrowDown")
    notebook.see("ml4t-compare-line", "--take different --start 2005-03-09 --end 2005-03-09")
    expect(notebook.find("ml4t-compare-whole")).to_be_enabled()
    assert notebook.faint_words() == []
    notebook.page.keyboard.press("Enter")

    notebook.see("ml4t-job", "done")
    notebook.see("ml4t-compare-words", "all agree")
    assert notebook.book() == book
    notebook.find("ml4t-compare-undo").focus()
    notebook.page.keyboard.press("Enter")
    notebook.see("ml4t-compare-list", "2005-03-09: close")
    expect(notebook.page.locator(".ml4t-compare-undo:visible")).to_have_count(0)

    # The highest bar of the lower axis: a click on it chooses it, and draws those around.
    bars = notebook.find("ml4t-compare-picture").locator(".bars .point path")
    tall = bars.evaluate_all("all => all.map(each => each.getBoundingClientRect().height)")
    _click(notebook, bars.nth(tall.index(max(tall))))
    notebook.see("ml4t-compare-line", "--take different --start 2005-03-09 --end 2005-03-09")
    notebook.click("ml4t-compare-whole")
    expect(notebook.find("ml4t-compare-whole")).to_be_disabled()
    expect(notebook.find("ml4t-compare-take")).to_be_visible()


def _click(notebook: NotebookPage, bar: Locator) -> None:
    """Click the bar as a hand does: plotly clicks on what the pointer was last seen over."""
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    notebook.page.mouse.move(x - 3, y)
    notebook.page.mouse.move(x, y, steps=5)
    expect(notebook.find("ml4t-compare-picture").locator(".hoverlayer text").first).to_be_visible()
    notebook.page.mouse.click(x, y)
