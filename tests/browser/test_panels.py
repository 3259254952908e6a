"""The panels in JupyterLab, Notebook and Voila, as a person uses them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.notebook_page import LOAD_WITH_GAP, NotebookPage

PANEL = "%ml4t panel --as-of 2005-02-25"
# By default Lab shows what the others show too, but for a job in Voila; in Notebook, the keys of
# the health board.
slow_notebook, slow_voila = (
    pytest.param(name, marks=pytest.mark.slow) for name in ("notebook", "voila")
)
on_each = pytest.mark.parametrize("notebook", ["lab", slow_notebook, slow_voila], indirect=True)
on_jupyter = pytest.mark.parametrize("notebook", ["lab", slow_notebook], indirect=True)
on_two = pytest.mark.parametrize("notebook", ["lab", slow_voila], indirect=True)


@on_each
def test_history_is_loaded_and_updated_through_a_split(notebook: NotebookPage) -> None:
    notebook.open(PANEL)

    notebook.load("AAPL", "IBM")
    notebook.see("ml4t-result", "equities/daily/IBM")
    notebook.see_plot("ml4t-picture")

    notebook.tab("Update")
    notebook.unfold()
    notebook.write("as_of", "2005-03-04")
    notebook.see("ml4t-line", "%ml4t update --as-of 2005-03-04")
    notebook.click("ml4t-run")

    notebook.see("ml4t-result", "restated 2:1 (split 2005-02-28)")
    notebook.see_plot("ml4t-picture")


@pytest.mark.parametrize("notebook", ["lab", "voila"], indirect=True)
def test_a_slow_job_is_cancelled_and_the_notebook_stays_free(notebook: NotebookPage) -> None:
    notebook.open("%ml4t panel load --as-of 2006-01-31")

    notebook.fill_load("SLOW", provider="gated", start="1990-01-02")
    notebook.click("ml4t-run")
    notebook.see("ml4t-current", "SLOW")
    notebook.click("ml4t-cancel")

    notebook.see("ml4t-result", "not reached: SLOW")
    expect(notebook.find("ml4t-job")).to_contain_text("cancelled")


def test_a_job_is_found_again_after_the_page_is_loaded_again(notebook: NotebookPage) -> None:
    notebook.open("%ml4t panel load --as-of 2006-01-31", "%ml4t jobs")
    notebook.fill_load("SLOW", provider="gated", start="2000-01-03")
    notebook.click("ml4t-run")
    notebook.see("ml4t-current", "SLOW")

    notebook.page.reload()
    notebook.wait_for_kernel()
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    notebook.page.evaluate(
        "jupyterapp.shell.currentWidget.content.activeCellIndex = 2;"
        "jupyterapp.commands.execute('notebook:run-cell')"
    )
    notebook.click("ml4t-job-open")

    expect(notebook.find("ml4t-job")).to_contain_text("SLOW")
    notebook.click("ml4t-cancel")
    notebook.see("ml4t-result", "not reached: SLOW")


@on_two
def test_a_gap_is_found_filled_and_marked_closed(notebook: NotebookPage) -> None:
    notebook.open(LOAD_WITH_GAP, "%ml4t panel gaps --as-of 2004-12-31")
    notebook.see("ml4t-gap-list", "2004-06-16")
    notebook.see_plot("ml4t-chart")

    notebook.find("ml4t-gap-list").locator("select").select_option(index=0)
    notebook.see("ml4t-live-count", "43 of ")
    notebook.click("ml4t-refill")
    notebook.see("ml4t-gap-list", "forward")
    notebook.click("ml4t-unfill")
    notebook.see("ml4t-gap-line", "--unfill")
    notebook.find("ml4t-reason").locator("input").fill("a day of mourning")
    notebook.click("ml4t-close")

    notebook.see("ml4t-gap-list", "closed")
    notebook.see("ml4t-gap-story", "a day of mourning")


def test_a_gap_is_asked_for_again_and_gone(notebook: NotebookPage) -> None:
    notebook.open(
        LOAD_WITH_GAP, "_ = path.write_text(whole)", "%ml4t panel gaps --as-of 2004-12-31"
    )
    notebook.see("ml4t-gap-list", "2004-06-16")

    notebook.find("ml4t-gap-list").locator("select").select_option(index=0)
    notebook.click("ml4t-refetch")

    notebook.see("ml4t-gaps", "LOST: no gaps")


@on_two
def test_the_health_board_is_sorted_and_repairs(notebook: NotebookPage) -> None:
    notebook.open(
        "%ml4t load AAPL IBM -p sample --start 2005-01-03 --as-of 2005-02-25",
        "%ml4t load MSFT -p sample --start 2004-01-02 --as-of 2005-03-11",
        "%ml4t panel health --as-of 2005-03-11",
    )
    names = notebook.find("ml4t-health").locator(".ml4t-board-row .ml4t-board-name")
    expect(names).to_have_text(["AAPL", "IBM"])  # MSFT is healthy, and folded
    notebook.page.locator(".ml4t-board-head").get_by_text("1 healthy").click()
    expect(names).to_have_text(["AAPL", "IBM", "MSFT"])

    notebook.page.locator(".ml4t-board-sort", has_text="Dataset").click()
    notebook.page.locator(".ml4t-board-sort", has_text="Dataset").click()
    expect(names).to_have_text(["IBM", "AAPL", "MSFT"])
    days = notebook.find("ml4t-board-days")
    days.fill("30")
    days.press("Enter")
    notebook.see("ml4t-board-chips", "3 healthy")
    days.fill("7")
    days.press("Enter")
    notebook.see("ml4t-board-chips", "2 stale")

    notebook.page.locator(".ml4t-board-row").get_by_text("Update").first.click()
    notebook.see("ml4t-board-chips", "1 stale")


def test_a_panel_is_used_by_keyboard_alone(notebook: NotebookPage) -> None:
    notebook.open("%ml4t panel load --as-of 2005-02-25")
    field = notebook.find("ml4t-symbol").locator("input")
    field.focus()
    notebook.page.keyboard.type("AAPL")
    notebook.page.keyboard.press("Enter")
    expect(notebook.find("ml4t-tags").get_by_text("AAPL", exact=True)).to_be_visible()

    provider = notebook.find("ml4t-option-provider").locator("select")
    _tab_to(notebook, provider)
    notebook.page.keyboard.type("sample")
    notebook.see("ml4t-line", "-p sample")
    _tab_to(notebook, notebook.find("ml4t-more").locator("button"))
    tolerance = notebook.page.locator(".ml4t-option-tolerance")
    notebook.page.keyboard.press("Enter")
    expect(tolerance).to_be_visible()
    notebook.page.keyboard.press("Space")
    expect(tolerance).to_be_hidden()
    _tab_to(notebook, notebook.find("ml4t-run"))
    notebook.page.keyboard.press("Space")

    notebook.see("ml4t-result", "equities/daily/AAPL")


# As commands these would insert, delete and merge cells, undo, and go to another.
_KEYS = ("b", "d", "d", "ArrowUp", "Control+Backspace")
_OTHERS = (
    "a",
    "x",
    "y",
    "m",
    "Shift+M",
    "Control+Shift+M",
    "Control+z",
    "z",
    "ArrowDown",
    "Escape",
)
# A busy page comes late to what was put off for a moment.
_BUSY = """() => {
  const wait = window.setTimeout;
  window.setTimeout = (act, ms, ...more) => wait(act, ms || 1500, ...more);
}"""
_SEEN = {
    "Load": ("ml4t-load", "more options"),
    "Update": ("ml4t-update", "more options"),
    "Health": ("ml4t-board-count", "2 datasets"),
    "Gaps": ("ml4t-gaps", "no gaps"),
}


@on_jupyter
def test_keys_pressed_in_a_panel_do_nothing_to_the_notebook(notebook: NotebookPage) -> None:
    notebook.open(LOAD_WITH_GAP, PANEL, "'the last cell'")
    reached = 0
    notebook.page.evaluate(_BUSY)
    for title, (name, words) in _SEEN.items():
        notebook.tab(title)
        notebook.see(name, words)
        book = notebook.book()
        # After the click on the tab alone keys are the panel's too.
        _press(notebook, *_KEYS, *_OTHERS)
        if title == "Update":
            notebook.unfold()
            notebook.click("ml4t-run")
            notebook.see("ml4t-result", "update")
        for _ in notebook.controls():
            _press(notebook, *_KEYS)
            reached += 1
        assert notebook.book() == book

    assert reached > 30
    notebook.find("ml4t-gap-dataset").locator("select").focus()
    _press(notebook, "Control+s")
    notebook.page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    _press(notebook, "Shift+Enter")
    notebook.page.wait_for_function("jupyterapp.shell.currentWidget.content.activeCellIndex === 3")


def test_a_double_click_or_a_key_held_down_is_one_press_and_a_date_runs_as_typed(
    notebook: NotebookPage,
) -> None:
    notebook.open("%ml4t jobs", "%ml4t panel load --as-of 2005-02-25")
    notebook.fill_load("AAPL", provider="sample", start="20055-01-03")
    notebook.click("ml4t-run")
    notebook.see("ml4t-message", "'20055-01-03' is not a valid date")

    notebook.write("start", "2005-01-03")
    notebook.find("ml4t-run").dblclick()
    notebook.see("ml4t-result", "+38")
    shown = notebook.page.locator(".ml4t-jobs .ml4t-job-dismiss:visible")
    expect(shown).to_have_count(1)
    notebook.see("ml4t-jobs", "Load AAPL")

    notebook.find("ml4t-run").focus()
    for _ in range(4):  # the first is a press, the others say that it is held
        notebook.page.keyboard.down("Enter")
    notebook.page.keyboard.up("Enter")
    expect(shown).to_have_count(2)
    expect(notebook.page.locator(".ml4t-job:visible").first).to_contain_text("done")
    expect(shown).to_have_count(2)


def _press(notebook: NotebookPage, *keys: str) -> None:
    for key in keys:
        notebook.page.keyboard.press(key)


def _tab_to(notebook: NotebookPage, wanted: Locator) -> None:
    for _ in range(40):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        notebook.page.keyboard.press("Tab")
    pytest.fail(f"the Tab key does not lead to {wanted}")


def test_words_stand_out_from_their_background(notebook: NotebookPage) -> None:
    notebook.open(
        "%ml4t load AAPL -p sample --start 2005-01-03 --as-of 2005-02-25",
        "%ml4t panel health --as-of 2005-03-11",
        "%ml4t panel gaps --as-of 2005-03-11",
    )
    notebook.see("ml4t-board-chips", "1 stale")
    notebook.see_plot("ml4t-chart")
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        notebook.set_theme(theme)
        assert notebook.faint_words() == [], theme


@pytest.mark.slow  # test_saved_notebook.py shows it of a panel that has a picture, too
def test_a_saved_notebook_keeps_what_a_panel_showed(notebook: NotebookPage) -> None:
    notebook.open("%ml4t panel load --as-of 2005-02-25")
    notebook.load("AAPL")
    notebook.see_plot("ml4t-picture")
    still = notebook.page.locator(".ml4t-still").first
    expect(still).to_be_hidden()
    notebook.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    notebook.page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")

    notebook.page.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
    notebook.forgiven.append("widget model not found")
    notebook.page.reload()

    expect(notebook.page.locator(".ml4t-still").first).to_contain_text("+290")
    expect(notebook.page.locator(".ml4t-still").first).to_be_visible()
