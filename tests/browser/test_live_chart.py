"""The chart of ``%ml4t plot`` in JupyterLab, as a person uses it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.notebook_page import LOAD_WITH_GAP, NotebookPage

DAILY = "%ml4t load AAPL -p sample --start 2003-01-02 --as-of 2005-06-01"
MINUTES = "%ml4t load DEMO -p synthetic -f 1m --start 2024-01-03 --as-of 2024-03-01"
_AXES = """graph => {
  const { xaxis, yaxis2, yaxis3 } = graph.layout;
  return [xaxis.range, yaxis2.range, yaxis3.range];
}"""
_UP = "graph => graph.data.find(each => each.type === 'candlestick').increasing.fillcolor"


@pytest.fixture(scope="module")
def daily(lab: NotebookPage) -> NotebookPage:
    """AAPL from 2003-01-02 to 2005-06-01, drawn, and a cell below; each test chooses its range."""
    lab.open(DAILY, "%ml4t plot AAPL", "'the last cell'")
    lab.see_plot("ml4t-live")
    return lab


def graph_of(notebook: NotebookPage) -> Locator:
    return notebook.find("ml4t-live-figure")


def axes_of(notebook: NotebookPage) -> list[list[float]]:
    axes: list[list[float]] = graph_of(notebook).evaluate(_AXES)
    return axes


def place(notebook: NotebookPage, row: float) -> tuple[float, float]:
    """Where that row is on the screen, in the upper third of the figure."""
    box = graph_of(notebook).bounding_box()
    assert box is not None
    left, right = axes_of(notebook)[0]
    margin = graph_of(notebook).evaluate("graph => graph.layout.margin")
    inner = box["width"] - margin["l"] - margin["r"]
    share = (row - left) / (right - left)
    return box["x"] + margin["l"] + share * inner, box["y"] + box["height"] / 3


def drag(notebook: NotebookPage, first: float, last: float) -> None:
    """Drag over the rows between."""
    mouse = notebook.page.mouse
    ends = place(notebook, first), place(notebook, last)
    mouse.move(*ends[0])
    mouse.down()
    mouse.move(*ends[1], steps=5)
    mouse.up()


def test_prices_and_volumes_fill_their_panes_whatever_is_in_view(daily: NotebookPage) -> None:
    ranges = daily.find("ml4t-live-ranges")
    ranges.get_by_text("1M", exact=True).click()
    # From 2005-05-02: lowest 33.11 and highest 40.94, with a twentieth of air; most volume.
    daily.see("ml4t-live-count", "22 of 608 sessions")
    rows, prices, volumes = axes_of(daily)
    assert rows[0] == pytest.approx(585.5, abs=1)
    assert prices == pytest.approx([33.11 - 0.3915, 40.94 + 0.3915], abs=1e-6)
    assert volumes[1] / 72_927_900 == pytest.approx(1, abs=0.1)

    ranges.get_by_text("All", exact=True).click()
    daily.see("ml4t-live-count", "608 of 608 sessions")
    # Ten bars from row 500 on, that of 2004-12-28: lowest 31.025, highest 35.35.
    drag(daily, 499.6, 509.4)
    daily.see("ml4t-live-count", "10 of 608 sessions")
    low, high = axes_of(daily)[1]
    assert (low + 0.05 / 1.1 * (high - low), high - 0.05 / 1.1 * (high - low)) == pytest.approx(
        (31.025, 35.35), abs=0.01
    )

    daily.page.mouse.dblclick(*place(daily, 505))
    daily.see("ml4t-live-count", "608 of 608 sessions")


def test_what_is_pointed_at_is_said_in_words_and_never_covered(daily: NotebookPage) -> None:
    daily.find("ml4t-live-ranges").get_by_text("6M", exact=True).click()
    daily.see("ml4t-live-count", "126 of 608")
    # 2005-04-14 is 33 sessions before the last one, whose row is 607.
    at = place(daily, 574)
    daily.page.mouse.move(*at)

    tip = daily.find("ml4t-live-tip")
    expect(tip).to_contain_text("Thu 14 Apr 2005")
    expect(tip).to_contain_text("\u22129.21\u00a0%")
    expect(tip).to_contain_text("O 38.81  H 39.98  L 36.84  C 37.26")
    expect(tip).to_contain_text("Volume 98.3\u00a0M")
    daily.see("ml4t-live-bar", "Thu 14 Apr 2005")
    for row in (482, 574, 607):
        x, y = place(daily, row)
        daily.page.mouse.move(x, y)
        box = tip.bounding_box()
        assert box is not None
        assert not box["x"] <= x <= box["x"] + box["width"]
    daily.page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    daily.see("ml4t-live-bar", "Wed 1 Jun 2005")


def test_keys_move_and_zoom_the_chart_and_do_nothing_to_the_notebook(daily: NotebookPage) -> None:
    stage = daily.find("ml4t-live-stage")
    stage.click(position={"x": 200, "y": 100})
    book = daily.book()
    keyboard = daily.page.keyboard

    keyboard.press("0")
    daily.see("ml4t-live-count", "608 of 608")
    for _ in range(3):
        keyboard.press("+")
    # 608 rows by 1.5, three times.
    daily.page.wait_for_function(
        "graph => Math.abs(graph.layout.xaxis.range[1] - graph.layout.xaxis.range[0] - 180.15) < 1",
        arg=graph_of(daily).element_handle(),
    )
    before = axes_of(daily)[0]
    keyboard.press("ArrowLeft")
    daily.page.wait_for_function(
        "([graph, left]) => graph.layout.xaxis.range[0] < left - 5",
        arg=[graph_of(daily).element_handle(), before[0]],
    )
    for key in ("Shift+ArrowLeft", "Shift+ArrowLeft", "b", "a", "d", "d", "Home", "End", "-"):
        keyboard.press(key)
    expect(stage).to_be_focused()
    expect(daily.find("ml4t-live-spoken")).not_to_be_empty()
    assert stage.get_attribute("aria-label")
    assert daily.book() == book


def test_the_chart_takes_the_colours_of_a_page_that_turns_dark(daily: NotebookPage) -> None:
    daily.set_theme("JupyterLab Light")
    daily.find("ml4t-live-ranges").get_by_text("6M", exact=True).click()
    daily.see("ml4t-live-count", "126 of 608")
    daily.page.wait_for_function(
        f"graph => ({_UP})(graph) === 'rgb(11, 124, 140)'", arg=graph_of(daily).element_handle()
    )

    daily.set_theme("JupyterLab Dark")

    daily.page.wait_for_function(
        f"graph => ({_UP})(graph) === 'rgb(65, 185, 198)'", arg=graph_of(daily).element_handle()
    )
    assert daily.faint_words() == []


def test_a_narrow_range_of_many_minutes_gets_every_bar(notebook: NotebookPage) -> None:
    notebook.open(MINUTES, "%ml4t plot DEMO")
    notebook.see_plot("ml4t-live")
    # 41 sessions of 390 minutes, at first more of them to a step than one.
    notebook.see("ml4t-live-count", "15,990 of 15,990")

    drag(notebook, 7800, 8000)

    notebook.page.wait_for_function(
        "graph => graph.data.some(each => each.type === 'candlestick' && each.visible !== false)",
        arg=graph_of(notebook).element_handle(),
    )
    count = notebook.find("ml4t-live-count")
    expect(count).not_to_contain_text("about")
    left, right = axes_of(notebook)[0]
    expect(count).to_contain_text(f"{int(right + 0.5) - int(left + 0.5)} of 15,990")


def test_what_a_panel_in_a_cell_below_mends_is_mended_in_the_chart(notebook: NotebookPage) -> None:
    notebook.open(LOAD_WITH_GAP, "%ml4t plot LOST", "%ml4t panel gaps --as-of 2004-12-31")
    notebook.see_plot("ml4t-live")
    notebook.see("ml4t-live-legend", "open gap, 1")
    notebook.see("ml4t-gap-list", "2004-06-16")
    notebook.find("ml4t-live-ranges").get_by_text("6M", exact=True).click()

    notebook.find("ml4t-gap-list").locator("select").select_option(index=0)
    notebook.click("ml4t-refill")

    # Both are there: the first is that of the plot.
    notebook.see("ml4t-live-legend", "filled, 1 (hollow bars)")
    expect(notebook.find("ml4t-live-legend")).not_to_contain_text("open gap")
