"""Saved outputs where no script runs: in a page with our style sheets, and in one without any."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from typing import Any, Literal, TypeAlias

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import Browser, Page

from tests.browser.hosts import write_notebook
from tests.browser.notebook_page import LOAD_DOUBTFUL, LOAD_WITH_GAP

Theme: TypeAlias = Literal["light", "dark"]

CELLS = {
    "result": LOAD_WITH_GAP,
    "update": "%ml4t update IBM --as-of 2005-01-07",
    "doubtful": LOAD_DOUBTFUL,
    "listed": "%ml4t list",
    "healthy": "%ml4t health --as-of 2005-06-03",
    "plot": "%ml4t plot LOST --as-of 2004-12-31",
    "symbols": "%ml4t plot LOST IBM --end 2004-12-31 --as-of 2005-06-03",
    "coverage": "%ml4t plot LOST --coverage --as-of 2004-12-31",
    "all": "%ml4t panel --as-of 2005-06-03",
    "update form": "%ml4t panel update --as-of 2005-06-03",
    "health": "%ml4t panel health --as-of 2005-06-03",
    "gaps": "%ml4t panel gaps --as-of 2005-06-03",
    "review": "%ml4t panel review --as-of 2005-06-03",
    "history": "%ml4t panel history --as-of 2005-06-03",
}
SEEN = {
    "result": "LOST: 3 bars missing, 2004-06-16 … 2004-06-18 (open)",
    "update": "update from sample, as of 2005-01-07",
    "doubtful": "2 datasets: 2 to look at",
    "listed": "equities/daily/AAPL",
    "healthy": "3 datasets: 1 stale, 2 suspect",
    "all": "nothing was run",
    "update form": "nothing was run",
    "health": "2 suspect",
    "gaps": "2004-06-16",
    "review": "AAPL, Thu 14 Apr 2005: the high is 85 % above the prices beside it 1 of 3",
    "history": "Version 1 of AAPL is the newest",
}
"""What is said in words; a plot is a picture alone."""

PICTURES = {"plot": 1, "symbols": 1, "coverage": 1, "gaps": 1, "review": 1, "history": 1}
PAGES: dict[Theme, str] = {
    "light": "background:#ffffff;color:#1f2328;color-scheme:light",
    "dark": "background:#0d1117;color:#e6edf3;color-scheme:dark",
}
_LIGHTNESS = """const light = colour => {
  const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b;
};"""
# Words that hardly stand out from the page behind them.
_FAINT = f"""() => {{
  {_LIGHTNESS}
  const page = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll("body *")]
    .filter(each => [...each.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .filter(each => each.checkVisibility() && !each.closest("style, script, svg"))
    .filter(each => Math.abs(light(getComputedStyle(each).color) - page) < 70)
    .map(each => each.textContent);
}}"""
# What a strict page keeps of an element, as GitHub does.
_KEPT = {"src", "alt", "href", "align", "colspan", "rowspan", "open", "scope"}
_DROPPED = {"script", "style", "svg", "template"}
_CONTROLS = {"button", "input", "select"}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """By name of the cell, its outputs as they are saved."""
    folder = tmp_path_factory.mktemp("saved")
    path = folder / "book.ipynb"
    store = (
        f"import os\nos.environ['ML4T_DATA_HOME'] = {str(folder / 'store')!r}\n%load_ext ml4t_nb"
    )
    write_notebook(path, store, *CELLS.values())
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat's
    NotebookClient(book, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    cells = json.loads(nbformat.writes(book))["cells"][1:]  # type: ignore[no-untyped-call]  # the same
    return {name: [*_data(cell)] for name, cell in zip(CELLS, cells, strict=True)}


def _data(cell: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for output in cell["outputs"]:
        data = output.get("data", {"text/plain": output.get("text", "")})
        yield {kind: "".join(v) if isinstance(v, list) else v for kind, v in data.items()}


class Strict(HTMLParser):
    """HTML without scripts, styles, drawings, controls, and nearly all attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._inside.append(tag)
        elif not self._inside and tag not in _CONTROLS:
            kept = (f' {name}="{escape(v or "")}"' for name, v in attrs if name in _KEPT)
            self.parts.append(f"<{tag}{''.join(kept)}>")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()
        elif not self._inside and tag not in _CONTROLS:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(escape(data))


def page_of(outputs: list[dict[str, Any]], theme: Theme, *, is_strict: bool) -> str:
    """The page that a reader without scripts sees."""
    body = "".join(_shown(each, is_strict=is_strict) for each in outputs)
    return f'<html lang="en"><title>saved</title><body style="{PAGES[theme]}">{body}</body></html>'


def _shown(data: dict[str, Any], *, is_strict: bool) -> str:
    """One output, in the richest of its forms that needs no script."""
    if html := data.get("text/html"):
        return "".join(Strict(html).parts) if is_strict else html
    if svg := data.get("image/svg+xml"):
        return f'<img alt="" src="data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}">'
    return f"<pre>{escape(data.get('text/plain', ''))}</pre>"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page where no script runs."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 900, "height": 700})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("theme", PAGES)
@pytest.mark.parametrize("is_strict", [False, True])
def test_words_and_pictures_are_there_and_nothing_else(
    page: Page, outputs: dict[str, list[dict[str, Any]]], theme: Theme, *, is_strict: bool
) -> None:
    for name, own in outputs.items():
        page.set_content(page_of(own, theme, is_strict=is_strict))

        words = " ".join(page.locator("body").inner_text().split())
        assert SEEN.get(name, "") in words
        # Neither a style sheet nor a script is shown as text.
        assert "{" not in words
        pictures = page.locator("img").all()
        assert len(pictures) == PICTURES.get(name, 0), name
        for each in pictures:
            assert each.evaluate("each => each.complete && each.naturalWidth > 500"), name
        assert page.evaluate(_FAINT) == [], name


def test_a_picture_says_in_words_what_is_seen(
    page: Page, outputs: dict[str, list[dict[str, Any]]]
) -> None:
    said, bars = {}, "equities/daily/LOST: 249 bars, 2004-01-02 … 2004-12-31"
    for name in ("plot", "gaps", "review"):
        page.set_content(page_of(outputs[name], "light", is_strict=True))
        said[name] = page.locator("img").get_attribute("alt")

    assert said == {
        "plot": f"{bars}; 1 gap, 3 bars missing",
        "gaps": f"{bars}; 1 gap, 3 bars missing",
        "review": "the high is 85 % above the prices beside it, and the bars around",
    }
