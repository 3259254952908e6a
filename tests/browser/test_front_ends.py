"""All that is shown, in JupyterLab, Notebook and Voila: light and dark, narrow and wide."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.notebook_page import LOAD_WITH_GAP, NotebookPage

_CELLS = (
    LOAD_WITH_GAP,
    "%ml4t health --as-of 2005-01-31",
    "%ml4t plot LOST --as-of 2005-01-31",
    "%ml4t panel load --as-of 2005-01-31",
    "%ml4t panel health --as-of 2005-01-31",
    "%ml4t panel gaps --as-of 2005-01-31",
    "%ml4t panel history --as-of 2005-01-31",
)
_THEMES = ("JupyterLab Light", "JupyterLab Dark")
_REACHED = "button, input, select, [tabindex='0']"
_WIDTHS = (600, 867, 1300)
# An output is as wide as its cell; what it cannot show there would be out of reach.
_TOO_WIDE = """() => [...document.querySelectorAll('.ml4t')]
  .filter(each => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
  .map(each => `${each.className}: ${each.scrollWidth} in ${each.clientWidth}`)"""


@pytest.mark.parametrize(
    "notebook",
    ["lab", *(pytest.param(name, marks=pytest.mark.slow) for name in ("notebook", "voila"))],
    indirect=True,
)
def test_outputs_fit_and_are_accessible(notebook: NotebookPage) -> None:
    notebook.open(*_CELLS)
    page = notebook.page
    expect(page.locator(".ml4t-panel")).to_have_count(5)
    notebook.see("ml4t-gap-list", "2004-06-16")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()

    found: dict[str, list[str]] = {}
    for theme in ("JupyterLab Light",) if notebook.host.name == "voila" else _THEMES:
        if notebook.host.name != "voila":
            notebook.set_theme(theme)
        for width in _WIDTHS:
            page.set_viewport_size({"width": width, "height": 1000})
            page.wait_for_timeout(1000)
            found[f"{theme} {width}"] = page.evaluate(_TOO_WIDE)
        found[theme] = violations(page)

    assert {where: what for where, what in found.items() if what} == {}
    if notebook.host.name != "voila":
        before = notebook.book()
        for panel in page.locator(".ml4t-panel").all():
            panel.locator(f":is({_REACHED}):visible").first.focus()
            for key in ("b", "d", "d"):  # where the notebook has them: a new cell, one cell less
                page.keyboard.press(key)
        assert notebook.book()[0] == before[0]
