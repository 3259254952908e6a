"""The result of a run in a notebook: in the place of its progress, and searched in the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.notebook_page import NotebookPage

SYMBOLS = " ".join(f"S{number:02}" for number in range(30))
LOAD = f"%ml4t load {SYMBOLS} -p synthetic --start 2024-01-02 --as-of 2024-02-02"


@pytest.mark.parametrize(
    "notebook", ["lab", pytest.param("notebook", marks=pytest.mark.slow)], indirect=True
)
def test_a_result_takes_the_place_of_its_progress_and_is_searched(notebook: NotebookPage) -> None:
    notebook.open(LOAD, "%ml4t list")
    page = notebook.page
    loaded, listed = (page.locator(".ml4t-report").nth(at) for at in (0, 1))

    expect(listed).to_contain_text("30 datasets, 690 bars")
    expect(loaded).to_contain_text("30 datasets: 30 loaded")
    expect(page.get_by_text("datasets done")).to_have_count(0)
    expect(page.locator(".ml4t-job")).to_have_count(0)
    loaded.get_by_placeholder("Find in all 30").fill("s07")
    expect(loaded.locator("details.ml4t-group:visible")).to_contain_text("S07")
    listed.get_by_placeholder("Find in all 30").fill("s29")
    expect(listed.locator("table")).to_be_hidden()
    (line,) = listed.locator("details.ml4t-rows > pre").inner_text().splitlines()[1:]
    assert line.startswith("S29 ")
    listed.get_by_placeholder("Find in all 30").fill("")
    expect(listed.locator("table")).to_be_visible()
