"""The pictures of the README, taken in Chromium from real bars with some left out.

``python -m tests.docs.images`` takes all of them anew; look at each before it is committed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from playwright.sync_api import Browser, Page, sync_playwright

import ml4t_nb
from tests.browser.hosts import Host, serving
from tests.browser.notebook_page import LOAD_DOUBTFUL, LOAD_WITH_GAP, NotebookPage

__all__ = ["IMAGES"]

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"

Scheme: TypeAlias = Literal["light", "dark"]

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_WIDTH = 880

# Sessions of AAPL that its file lacks: what an update fills, what it confirms, what is closed by
# hand, and what has been requested once only.
_FILLED = ("2004-01-20", "2004-01-21")
_CONFIRMED = ("2004-02-09", "2004-02-20")
_CLOSED = ("2004-06-08", "2004-06-08")
_OPEN = ("2004-05-17", "2004-05-20")
_FIRST_LOAD, _BEFORE_OPEN, _AS_OF = "2004-05-06", "2004-05-07", "2004-06-30"


def main() -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory() as made, sync_playwright() as play:
        folder = Path(made)
        found = next(path for path in map(shutil.which, _CHROMIUM) if path)
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        _plots(browser, folder)
        with serving("lab", folder / "lab", {}) as lab:
            for scheme in ("light", "dark"):
                _panels(browser, lab, folder / f"panels-{scheme}", scheme)
        browser.close()


def _plots(browser: Browser, folder: Path) -> None:
    candles, minutes, coverage = (folder / f"{name}.html" for name in ("a", "b", "c"))
    _store_with_gaps(folder)
    ml4t_nb.plot("AAPL", home=folder / "daily", out=candles, start="2003-12-01", as_of=_AS_OF)
    _store_of_minutes(folder)
    ml4t_nb.plot("DEMO", home=folder / "minutes", out=minutes, as_of="2024-02-01")
    ml4t_nb.plot("DEMO", home=folder / "minutes", out=coverage, coverage=True, as_of="2024-02-01")
    for scheme in ("light", "dark"):
        with _page(browser, candles, scheme, 480) as page:
            page.mouse.move(335, 160)
            _take(page, "candles", scheme)
    with _page(browser, minutes, "dark", 500) as page:  # its axis has a title
        _take(page, "minutes", "dark")
    with _page(browser, coverage, "light", 310) as page:
        _take(page, "coverage", "light")


def _store_with_gaps(folder: Path) -> None:
    """A store whose AAPL has a gap of each state."""
    home, source = folder / "daily", folder / "files"
    source.mkdir()
    ml4t_nb.load("AAPL", provider="sample", start="2003-12-01", as_of=_AS_OF, home=folder / "whole")
    bars = ml4t_nb.bars("AAPL", home=folder / "whole").drop(columns="filled")
    for first, last in (_FILLED, _CONFIRMED, _CLOSED, _OPEN):
        bars = bars.drop(bars.loc[first:last].index)
    os.environ["ML4T_DATA_FILES"] = str(source)
    os.environ["ML4T_DATA_FILES_BASIS"] = "split-adjusted"
    # The second update confirms what the first load found; the last finds the open gap.
    bars.to_csv(source / "AAPL.csv")
    ml4t_nb.load("AAPL", provider="files", start="2003-12-01", as_of=_FIRST_LOAD, home=home)
    for as_of in (_BEFORE_OPEN, _AS_OF):
        ml4t_nb.update("AAPL", as_of=as_of, home=home)
    ml4t_nb.gaps("AAPL", start=_CLOSED[0], close="trading halted", as_of=_AS_OF, home=home)


def _store_of_minutes(folder: Path) -> None:
    """A store with five years of generated minutes, of which some weeks are missing."""
    home, source = folder / "minutes", folder / "files"
    whole = folder / "whole-minutes"
    ml4t_nb.load(
        "DEMO",
        provider="synthetic",
        frequency="1m",
        start="2019-01-02",
        as_of="2024-01-31",
        home=whole,
    )
    bars = ml4t_nb.bars("DEMO", home=whole).drop(columns="filled")
    for first, last in (
        ("2022-03-01", "2022-03-31"),
        ("2023-05-24 14:00", "2023-05-24 16:59"),
        ("2024-01-10 15:00", "2024-01-10 15:29"),
    ):
        bars = bars.drop(bars.loc[first:last].index)
    bars.to_parquet(source / "DEMO.parquet")
    ml4t_nb.load(
        "DEMO", provider="files", frequency="1m", start="2019-01-02", as_of="2024-01-31", home=home
    )


@contextmanager
def _page(browser: Browser, path: Path, scheme: Scheme, height: int) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": _WIDTH, "height": height}, color_scheme=scheme)
    page.goto(path.as_uri())
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    yield page
    page.close()


def _take(page: Page, name: str, scheme: Scheme) -> None:
    page.wait_for_timeout(800)  # the hover fades in
    page.screenshot(path=IMAGES / _named(name, scheme))


def _named(name: str, scheme: Scheme) -> str:
    return f"{name}{'_dark' if scheme == 'dark' else ''}.png"


_HELD = "%ml4t load AAPL MSFT IBM -p sample --start 2004-01-02 --as-of 2005-02-25"


def _panels(browser: Browser, lab: Host, folder: Path, scheme: Scheme) -> None:
    folder.mkdir()
    for name, cells in (
        ("panel_gaps", (LOAD_WITH_GAP, "%ml4t panel gaps --as-of 2004-12-31")),
        ("panel_health", (_HELD, "%ml4t panel health --as-of 2005-03-11")),
        ("panel_review", (LOAD_DOUBTFUL, "%ml4t panel review --as-of 2005-06-03")),
    ):
        context = browser.new_context(viewport={"width": 1300, "height": 1400}, color_scheme=scheme)
        page = context.new_page()
        notebook = NotebookPage(lab, page, home=folder / name / "store")
        (folder / name).mkdir()
        notebook.open(*cells)
        if scheme == "dark":
            page.evaluate(
                "jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
            )
        if name == "panel_gaps":
            notebook.see_plot("ml4t-chart")
            notebook.find("ml4t-gap-list").locator("select").select_option(index=0)
            notebook.see("ml4t-live-count", "43 of ")
        elif name == "panel_review":
            notebook.find("ml4t-ask").focus()
            page.wait_for_timeout(500)  # what has just appeared is not decided by a key
            page.keyboard.press("t")
            notebook.see("ml4t-inbox-evidence", "sample says")
        else:
            notebook.see("ml4t-panel", "sessions from")
        page.wait_for_timeout(2500)  # the theme is applied, the plot drawn again
        page.locator(".ml4t-panel").first.screenshot(path=IMAGES / _named(name, scheme))
        context.close()


if __name__ == "__main__":
    main()
