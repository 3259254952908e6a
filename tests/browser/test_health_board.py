"""The health board in a browser: groups, one job for many, keys, widths, thousands of rows."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ml4t_nb import verbs
from ml4t_nb.notebook.panels.board_script import board_script
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.browser.notebook_page import NotebookPage
from tests.notebook.panels.board_messages import propose_to_end
from tests.notebook.panels.many_datasets import store_many

on_jupyter = pytest.mark.parametrize("notebook", ["lab", "notebook"], indirect=True)

# Eight that end on the 12th, one that lacks two sessions, and one that is whole.
_TEN = """import os
%ml4t load L0 L1 L2 L3 L4 L5 L6 L7 -p synthetic --start 2024-01-02 --as-of 2024-01-12
os.environ["ML4T_DATA_SYNTHETIC_HOLES"] = "2024-01-10/2024-01-12"
%ml4t load HOLE -p synthetic --start 2024-01-02 --as-of 2024-01-31
del os.environ["ML4T_DATA_SYNTHETIC_HOLES"]
%ml4t load FINE -p synthetic --start 2024-01-02 --as-of 2024-01-31"""
_BOARD = "%ml4t panel health --as-of 2024-01-31"
# What turns the sign of a job that runs.
_TURNING = """() => {
  const job = document.querySelector('.ml4t-board-jobs').appendChild(document.createElement('div'));
  job.className = 'ml4t-job';
  job.innerHTML = '<svg class="ml4t-icon-running"></svg>';
  return getComputedStyle(job.firstChild).animationName;
}"""


def _open(notebook: NotebookPage) -> None:
    notebook.open(_TEN, _BOARD, "'the last cell'")
    notebook.see("ml4t-board-count", "10 datasets")


def _focused(notebook: NotebookPage) -> str:
    found: str = notebook.page.evaluate(
        "document.activeElement.closest('[data-key]')?.dataset.key ?? 'none of the lines'"
    )
    return found


def test_one_button_mends_all_of_a_group_by_one_job(notebook: NotebookPage) -> None:
    _open(notebook)
    page = notebook.page
    groups = page.locator(".ml4t-board-group .ml4t-board-title")
    expect(groups).to_have_text(
        [
            "8 stale12 sessions behind, ready since Tue 16 Jan 16:00",
            "1 incomplete1 gap, 2 bars missing",
            "1 healthynothing to do",
        ]
    )
    names = page.locator(".ml4t-board-row .ml4t-board-name")
    expect(names).to_have_text(["L0", "L1", "L2", "L3", "L4", "HOLE"])
    page.get_by_role("button", name="Show 3 more").click()
    expect(names).to_have_text([*(f"L{at}" for at in range(8)), "HOLE"])
    # One primary button, and it is of the largest group.
    expect(page.locator(".ml4t-board-primary")).to_have_text(["Update all 8"])

    page.get_by_role("checkbox", name="Select L1").click()
    page.get_by_role("checkbox", name="Select L3").click(modifiers=["Shift"])
    notebook.see("ml4t-board-selection", "3 selected")
    notebook.see("ml4t-board-names", "L1, L2, L3")
    page.get_by_role("button", name="Update 3").click()
    expect(groups.first).to_contain_text("5 stale")
    expect(page.locator(".ml4t-job")).to_have_count(1)
    notebook.see("ml4t-job", "%ml4t update L1 L2 L3 -a equities -f daily")

    page.get_by_role("button", name="Update all 5").click()
    expect(groups.first).to_contain_text("1 incomplete")
    expect(page.locator(".ml4t-job")).to_have_count(2)
    notebook.see("ml4t-job", "%ml4t update L0 L4 L5 L6 L7 -a equities -f daily")
    page.get_by_role("button", name="Ask again").first.click()
    expect(groups).to_have_text(["10 healthynothing to do"])

    # Another process is at work in the same store.
    settings = Settings(home=notebook.home, provider="synthetic")
    verbs.load(Workspace.open(settings), "MORE", start="2024-01-02", as_of="2024-01-12")
    expect(groups.first).to_contain_text("1 stale")
    notebook.see("ml4t-board-count", "11 datasets")

    # Its provider does not know the symbol any more; from here on by keyboard.
    propose_to_end(Workspace.open(settings), "MORE")
    page.get_by_role("button", name="End…").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep as it is")).to_be_focused()
    notebook.see("ml4t-board-question", "equities/daily/MORE (synthetic) on 2024-01-12")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(groups).to_have_text(["11 healthynothing to do"])
    assert _focused(notebook).startswith("group healthy")


@on_jupyter
def test_the_keys_of_the_board_are_its_own(notebook: NotebookPage) -> None:
    _open(notebook)
    page, press = notebook.page, notebook.page.keyboard.press
    notebook.find("ml4t-board-count").click()
    before = notebook.book()

    press("/")
    expect(notebook.find("ml4t-board-filter")).to_be_focused()
    page.keyboard.type("l3")
    names = page.locator(".ml4t-board-row .ml4t-board-name")
    expect(names).to_have_text(["L3"])
    notebook.see("ml4t-board-group", "1 of 8 stale")
    press("Escape")
    expect(names).to_have_count(6)

    press("Escape")  # to the table, whose first line is that of the group
    assert _focused(notebook).startswith("group stale")
    press("ArrowDown")
    press("Space")
    notebook.see("ml4t-board-selection", "1 selected")
    press("ArrowDown")
    press("ArrowDown")
    press("Shift+Space")
    notebook.see("ml4t-board-names", "L0, L1, L2")
    assert _focused(notebook) == "equities/daily/L2"
    box = page.locator(".ml4t-board-group .ml4t-board-check").first
    assert box.evaluate("each => each.indeterminate")

    press("Home")
    press("ArrowLeft")
    expect(names).to_have_text(["HOLE"])
    press("ArrowRight")
    press("Space")
    notebook.see("ml4t-board-selection", "8 selected")
    press("Space")
    expect(page.locator(".ml4t-board-selection")).to_be_hidden()

    press("End")
    assert _focused(notebook).startswith("group healthy")
    press("ArrowUp")
    press("Enter")
    notebook.see("ml4t-gaps", "HOLE")
    for key in ("a", "b", "d", "d", "m", "j", "x"):
        press(key)
    assert notebook.book() == before


def test_what_is_being_typed_stays_when_the_board_is_drawn_again(notebook: NotebookPage) -> None:
    notebook.open(
        "%ml4t load AAPL IBM -p sample --start 2005-01-03 --as-of 2005-02-25",
        "%ml4t panel health --as-of 2005-03-11",
    )
    notebook.see("ml4t-board-chips", "2 stale")
    days = notebook.find("ml4t-board-days")
    days.fill("30")
    ws = Workspace.open(Settings(home=notebook.home, provider="sample"))
    verbs.load(ws, "MSFT", start="2004-01-02", as_of="2005-03-11")
    notebook.see("ml4t-board-chips", "1 healthy")

    days.press("Enter")

    notebook.see("ml4t-board-chips", "3 healthy")
    days.fill("-1")
    days.press("Enter")
    notebook.see("ml4t-board-chips", "2 stale")
    expect(days).to_have_value("0")


def test_the_board_fits_a_narrow_page(notebook: NotebookPage) -> None:
    page = notebook.page
    page.set_viewport_size({"width": 760, "height": 1000})
    _open(notebook)
    page.evaluate("jupyterapp.commands.execute('application:toggle-left-area')")

    expect(page.locator(".ml4t-board-row .ml4t-board-last").first).to_be_hidden()
    cause = page.locator(".ml4t-board-cause").first.bounding_box()
    title = page.locator(".ml4t-board-title b").first.bounding_box()
    assert cause is not None
    assert title is not None
    assert cause["y"] >= title["y"] + title["height"] - 1
    page.get_by_role("checkbox", name="Select L1").click()
    notebook.see("ml4t-board-selection", "1 selected")
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        notebook.set_theme(theme)
        assert notebook.cut_off("ml4t-board-main") == [], theme
        assert notebook.faint_words() == [], theme

    # Who enlarges the page by half has as many pixels in a window of 720.
    page.set_viewport_size({"width": 480, "height": 700})
    expect(page.locator(".ml4t-board-row .ml4t-board-due").first).to_be_hidden()
    assert notebook.cut_off("ml4t-board-main") == []
    assert page.evaluate(_TURNING) == "ml4t-turn"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(_TURNING) == "none"


def test_of_thousands_only_the_rows_in_sight_are_drawn(notebook: NotebookPage) -> None:
    store_many(notebook.home, 2000)
    notebook.open("%ml4t panel health --as-of 2024-03-01")
    page = notebook.page
    notebook.see("ml4t-board-count", "2,000 datasets")
    page.locator(".ml4t-board-group", has_text="1,400 healthy").click()
    page.get_by_role("button", name="Show 1,395 more").click()

    grid, scroll = page.get_by_role("treegrid"), page.locator(".ml4t-board-scroll")
    # A head, four groups, three times five rows and one to show more, and 1,400 rows.
    expect(grid).to_have_attribute("aria-rowcount", str(1 + 4 + 3 * 6 + 1400))
    assert page.locator(".ml4t-board-row").count() < 200
    scroll.evaluate("each => each.scrollTo(0, each.scrollHeight)")
    last = page.locator(".ml4t-board-row").last
    expect(last).to_contain_text("S1998")
    # Of January 21 sessions, of February 20, of March one.
    expect(last.get_by_role("img")).to_have_attribute(
        "aria-label", "42 bars from 2024-01-02 to 2024-03-01"
    )
    assert page.locator(".ml4t-board-row").count() < 200
    page.get_by_role("checkbox", name="Select all", exact=True).click()
    notebook.see("ml4t-board-selection", "2,000 selected")

    page.keyboard.press("/")
    page.keyboard.type("s0003")
    expect(page.locator(".ml4t-board-row .ml4t-board-name")).to_have_text(["S0003"])
    strip = page.locator(".ml4t-board-row").get_by_role("img")
    expect(strip).to_have_attribute(
        "aria-label", "41 bars from 2024-01-02 to 2024-03-01; 1 bar missing in 1 gap"
    )
    expect(strip.locator(".ml4t-strip-gap")).to_have_count(1)


_STORED = {"first": 0, "last": 999, "behind": 0, "isEnded": False}


def _page_of_script(browser: Browser) -> Page:
    """A page that has the functions of the board and nothing else."""
    page = browser.new_page()
    page.add_script_tag(content=str(board_script()._esm).replace("export default", "0,"))
    return page


def test_days_without_a_session_take_no_room_and_buttons_name_their_number(
    browser: Browser,
) -> None:
    page = _page_of_script(browser)
    # Two weeks of five sessions, days 0 to 4 and 7 to 11.
    shares = page.evaluate("[-1, 0, 4, 5, 6, 7, 9, 12, Infinity].map(placesOf([0, 5, 7, 12]))")
    ends = page.evaluate(
        "[[1, true], [2, true], [5, true], [2, false]].map(each => labelOf('end', ...each))"
    )
    page.close()

    assert shares == [0, 0, 0.4, 0.5, 0.5, 0.5, 0.7, 1, 1]
    assert ends == ["End…", "End both…", "End all 5…", "End 2…"]


@pytest.mark.parametrize(
    ("row", "spans", "parts"),
    [
        # A thousand days on a hundred pixels.
        ({}, {}, {"stored": [[0, 100]]}),
        ({"first": 250}, {}, {"before": [[0, 25]], "stored": [[25, 100]]}),
        # Nothing is due: the days since the last bar had no session.
        ({"last": 990}, {}, {"stored": [[0, 100]]}),
        ({"last": 499, "isEnded": True}, {}, {"stored": [[0, 50]]}),
        ({"last": 899, "behind": 70}, {}, {"stored": [[0, 90]], "due": [[90, 100]]}),
        # One day is a tenth of a pixel, and seen all the same: 50.05 in the middle of five.
        ({"last": 998, "behind": 1}, {}, {"stored": [[0, 95]], "due": [[95, 100]]}),
        ({}, {"gap": [[500, 501]]}, {"gap": [[47, 54]], "stored": [[0, 47], [54, 100]]}),
        ({}, {"gap": [[0, 1]]}, {"gap": [[0, 7]], "stored": [[7, 100]]}),
        ({}, {"gap": [[300, 500]]}, {"gap": [[30, 50]], "stored": [[0, 30], [50, 100]]}),
        # The worst of those that meet in one place is drawn.
        (
            {},
            {"filled": [[200, 600]], "gap": [[400, 500]]},
            {
                "filled": [[20, 40], [50, 60]],
                "gap": [[40, 50]],
                "stored": [[0, 20], [60, 100]],
            },
        ),
        (
            {},
            {"gap": [[500, 501]], "suspect": [[500, 501]]},
            {"suspect": [[45, 56]], "stored": [[0, 45], [56, 100]]},
        ),
    ],
)
def test_a_strip_shows_each_state_at_its_place(
    browser: Browser, row: dict[str, Any], spans: dict[str, Any], parts: dict[str, Any]
) -> None:
    page = _page_of_script(browser)
    asked = [{**_STORED, **row}, {"spans": list(spans.items()), "words": "so"}, 100]
    scaled = "([row, ...rest]) => [{ ...row, toShare: placesOf([0, 1000]) }, ...rest]"

    drawn = page.evaluate(f"asked => stripParts(...({scaled})(asked))", asked)
    label = page.evaluate(
        f"asked => drawStrip(...({scaled})(asked)).getAttribute('aria-label')", asked
    )
    page.close()

    assert {kind: held for kind, held in drawn.items() if held} == parts
    assert label == "so"
