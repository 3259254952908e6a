"""A notebook that was saved with a panel in it, opened again beside a kernel that never ran it."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.notebook_page import LOAD_WITH_GAP, NotebookPage

_SAVE = "jupyterapp.commands.execute('docmanager:save')"
_END = "jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"


@pytest.mark.parametrize(
    "notebook", ["lab", pytest.param("notebook", marks=pytest.mark.slow)], indirect=True
)
def test_what_was_seen_is_kept_and_no_lost_widget_complained_of(notebook: NotebookPage) -> None:
    # What the log of the front end says of a kernel that has ended, and of its widgets.
    notebook.forgiven += ["widget model not found", "Canceled future"]
    notebook.open(LOAD_WITH_GAP, "%ml4t panel gaps --as-of 2004-12-31")
    expect(notebook.find("ml4t-chart")).to_be_visible()
    notebook.see("ml4t-gap-list", "2004-06-16")
    expect(notebook.page.locator(".ml4t-still")).to_be_hidden()
    notebook.page.evaluate(_SAVE)

    _reopened(notebook)
    # Changed beside the front end, so that it is signed no more, as if somebody else had sent it.
    book = notebook.host.folder / notebook.name
    saved = json.loads(book.read_text(encoding="utf-8"))
    saved["cells"][-1]["outputs"][-1]["data"]["text/html"] += "<p>from elsewhere</p>"
    book.write_text(json.dumps(saved), encoding="utf-8")
    _reopened(notebook)

    expect(notebook.page.get_by_text("from elsewhere")).to_be_visible()


def _reopened(notebook: NotebookPage) -> None:
    page, still = notebook.page, notebook.page.locator(".ml4t-still")
    page.evaluate(_END)
    page.goto(notebook.host.page(notebook.name))
    notebook.wait_for_kernel()

    expect(still).to_contain_text("2004-06-16")
    picture = still.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("each => each.naturalWidth > 500")
    expect(page.get_by_text("Loading widget")).to_be_hidden()
    words = page.locator(".jp-OutputArea").all_inner_texts()
    assert not any(bad in each for each in words for bad in ("rror displaying", "Box("))
