"""The pictures of README and gallery, taken in JupyterLab from real bars with some left out.

``python -m tests.docs.images`` takes all of them anew, light and dark, ``... panel_gaps restated``
those named; look at each before it is committed.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from playwright.sync_api import Browser, Page, expect, sync_playwright

import ml4t_nb
from tests.browser.hosts import Host, serving
from tests.browser.notebook_page import LOAD_DOUBTFUL, LOAD_WITH_GAP, NotebookPage

__all__ = ["IMAGES", "PICTURES", "Picture", "file_of"]

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"

Scheme: TypeAlias = Literal["light", "dark"]
Act: TypeAlias = Callable[[NotebookPage], object]

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_WIDE, _TALL = 1_000, 1_100
_PROMPT = 50  # left of an output, where nothing is
_COLOURS = 160  # a picture of text and lines looks the same, in a third of the bytes
_SETTLED_MS = 4_000  # the theme is applied, a plot drawn again
_PATIENCE_MS = 400_000  # a busy machine may take minutes to run the cells

# Sessions of AAPL that its file lacks: what an update fills, what it confirms, what is closed by
# hand, and what has been requested once only.
_FILLED = ("2004-01-20", "2004-01-21")
_CONFIRMED = ("2004-02-09", "2004-02-20")
_CLOSED = ("2004-06-08", "2004-06-08")
_OPEN = ("2004-05-17", "2004-05-20")
_FIRST_LOAD, _BEFORE_OPEN, _AS_OF = "2004-05-06", "2004-05-07", "2004-06-30"


@dataclass(frozen=True, slots=True)
class Picture:
    """The output of the last of some cells, ``seen`` when what it names is there.

    ``{stores}`` is the folder of the stores that `_make_stores` makes.
    """

    name: str
    cells: tuple[str, ...]
    seen: str
    act: Act = lambda _: None


def _fill_form(notebook: NotebookPage) -> None:
    notebook.load("AAPL", "IBM", start="2004-01-02")


def _choose_gap(notebook: NotebookPage) -> None:
    notebook.find("ml4t-gap-list").locator("select").select_option(index=0)


def _plan(notebook: NotebookPage) -> None:
    notebook.page.get_by_role("button", name="Plan all").click()
    notebook.see("ml4t-universe-plan", "Plan of all universes")


def _ask(notebook: NotebookPage) -> None:
    # No key: what has just appeared is not decided by one, and when that was nobody knows here.
    notebook.click("ml4t-ask")
    notebook.see("ml4t-inbox-evidence", "sample says")


_THREE = "%ml4t load AAPL MSFT IBM -q -p sample --start 2003-01-02 --as-of 2005-02-25"
_SPLIT = "%ml4t update -q --as-of 2005-03-10"
_UNIVERSES = """import os, pathlib
pathlib.Path(os.environ["ML4T_DATA_HOME"]).mkdir(exist_ok=True)
pathlib.Path(os.environ["ML4T_DATA_HOME"], "ml4t.toml").write_text('''[defaults]
provider = "sample"
start = 2003-01-02

[[universe]]
name = "core"
symbols = ["AAPL", "GOOG", "MSFT"]

[[universe]]
name = "weeks"
symbols = ["AAPL", "IBM"]
frequency = "weekly"
''')
%ml4t load MSFT IBM -p sample -q --start 2003-01-02 --as-of 2005-02-25
%ml4t load AAPL -p sample -q --start 2003-01-02 --as-of 2005-02-22
%ml4t load AAPL -f weekly -p sample -q --start 2003-01-02 --as-of 2005-02-25"""
_TWO_STATES = f"{LOAD_WITH_GAP}\n%ml4t load AAPL MSFT -p sample -q --as-of 2004-12-23"
_MINUTES = "%ml4t plot DEMO --home {stores}/minutes --as-of 2024-02-01"
_PLOTLY = ".js-plotly-plot .main-svg"

PICTURES = (
    Picture("candles", ("%ml4t plot AAPL --home {stores}/daily --as-of 2004-06-30",), _PLOTLY),
    Picture("minutes", (_MINUTES,), _PLOTLY),
    Picture(
        "sessions",
        (f"{_MINUTES} --start 2024-01-09 --end 2024-01-11",),
        _PLOTLY,
    ),
    Picture(
        "coverage",
        (f"{_MINUTES} --coverage",),
        _PLOTLY,
    ),
    Picture("symbols", (_THREE, "%ml4t plot AAPL MSFT IBM --as-of 2005-02-25"), _PLOTLY),
    Picture("restated", (_THREE, _SPLIT, "%ml4t plot AAPL --run 2"), _PLOTLY),
    Picture("result", (_THREE, "%ml4t update --as-of 2005-03-10"), ".ml4t"),
    Picture("panel_load", ("%ml4t panel load --as-of 2005-02-25",), ".ml4t-load", _fill_form),
    Picture("panel_update", (_THREE, "%ml4t panel update --as-of 2005-03-10"), ".ml4t-update"),
    Picture(
        "panel_universe",
        (_UNIVERSES, "%ml4t panel universe --as-of 2005-02-25"),
        ".ml4t-universe",
        _plan,
    ),
    Picture("panel_health", (_TWO_STATES, "%ml4t panel health --as-of 2004-12-31"), ".ml4t-health"),
    Picture(
        "panel_gaps",
        (LOAD_WITH_GAP, "%ml4t panel gaps --as-of 2004-12-31"),
        f".ml4t-gaps {_PLOTLY}",
        _choose_gap,
    ),
    Picture(
        "panel_review",
        (LOAD_DOUBTFUL, "%ml4t panel review --as-of 2005-06-03"),
        ".ml4t-inbox-evidence svg",
        _ask,
    ),
    Picture(
        "panel_history", (_THREE, _SPLIT, "%ml4t panel history AAPL"), ".ml4t-runs .ml4t-change svg"
    ),
    Picture(
        "panel_compare",
        (LOAD_DOUBTFUL, "%ml4t panel compare AAPL --with sample --as-of 2005-06-01"),
        _PLOTLY,
    ),
)
"""In the order of the gallery."""


def file_of(name: str, scheme: Scheme) -> Path:
    """Where that picture is kept."""
    return IMAGES / f"{name}{'_dark' if scheme == 'dark' else ''}.png"


def main(names: Sequence[str]) -> None:
    """Take the pictures of these names, all if there is none."""
    expect.set_options(timeout=_PATIENCE_MS)
    with tempfile.TemporaryDirectory() as made, sync_playwright() as play:
        folder = Path(made)
        found = next(path for path in map(shutil.which, _CHROMIUM) if path)
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        if not names or {"candles", "minutes", "sessions", "coverage"} & {*names}:
            _make_stores(folder)
        with serving("lab", folder / "lab", {}) as lab:
            for picture in PICTURES:
                if not names or picture.name in names:
                    _take(picture, browser, lab, folder)
        browser.close()


def _make_stores(folder: Path) -> None:
    source = folder / "files"
    source.mkdir()
    os.environ["ML4T_DATA_FILES"] = str(source)
    os.environ["ML4T_DATA_FILES_BASIS"] = "split-adjusted"
    _store_with_gaps(folder)
    _store_of_minutes(folder)


def _store_with_gaps(folder: Path) -> None:
    """A store whose AAPL has a gap of each state."""
    home = folder / "daily"
    ml4t_nb.load("AAPL", provider="sample", start="2003-12-01", as_of=_AS_OF, home=folder / "whole")
    bars = ml4t_nb.bars("AAPL", home=folder / "whole").drop(columns="filled")
    for first, last in (_FILLED, _CONFIRMED, _CLOSED, _OPEN):
        bars = bars.drop(bars.loc[first:last].index)
    # The second update confirms what the first load found; the last finds the open gap.
    bars.to_csv(folder / "files" / "AAPL.csv")
    ml4t_nb.load("AAPL", provider="files", start="2003-12-01", as_of=_FIRST_LOAD, home=home)
    for as_of in (_BEFORE_OPEN, _AS_OF):
        ml4t_nb.update("AAPL", as_of=as_of, home=home)
    ml4t_nb.gaps("AAPL", start=_CLOSED[0], close="trading halted", as_of=_AS_OF, home=home)


def _store_of_minutes(folder: Path) -> None:
    """A store with two years of generated minutes, of which a month and two outages are missing."""
    whole = folder / "whole-minutes"
    _load_minutes("synthetic", whole)
    bars = ml4t_nb.bars("DEMO", home=whole).drop(columns="filled")
    for first, last in (
        ("2022-03-01", "2022-03-31"),
        ("2023-05-24 14:00", "2023-05-24 16:59"),
        ("2024-01-10 15:00", "2024-01-10 15:29"),
    ):
        bars = bars.drop(bars.loc[first:last].index)
    bars.to_parquet(folder / "files" / "DEMO.parquet")
    _load_minutes("files", folder / "minutes")


def _load_minutes(provider: str, home: Path) -> None:
    ml4t_nb.load(
        "DEMO", provider=provider, frequency="1m", start="2022-01-03", as_of="2024-01-31", home=home
    )


def _take(picture: Picture, browser: Browser, lab: Host, folder: Path) -> None:
    """In the light theme, then, of the same page, in the dark one."""
    print(picture.name, flush=True)  # noqa: T201  # it takes minutes
    place = folder / "books" / picture.name
    place.mkdir(parents=True)
    page = browser.new_page(viewport={"width": _WIDE, "height": _TALL})
    page.set_default_timeout(_PATIENCE_MS)
    notebook = NotebookPage(lab, page, home=place / "store")
    notebook.open(*(cell.replace("{stores}", str(folder)) for cell in picture.cells))
    page.evaluate("jupyterapp.commands.execute('application:toggle-left-area')")
    page.add_style_tag(content=".jp-OutputPrompt { visibility: hidden; }")
    page.locator(picture.seen).first.wait_for()
    picture.act(notebook)
    for scheme in ("light", "dark"):
        notebook.set_theme(f"JupyterLab {scheme.title()}")
        page.wait_for_timeout(_SETTLED_MS)
        _shoot(page, file_of(picture.name, scheme))
    page.close()


def _shoot(page: Page, path: Path) -> None:
    from PIL import Image  # of the extra dev: what tests the gallery needs none

    outputs = page.locator(".jp-Cell").last.locator(".jp-OutputArea")
    taken = Image.open(io.BytesIO(outputs.first.screenshot())).convert("RGB")
    taken = taken.crop((_PROMPT, 0, *taken.size))
    # By the colours there are: by how often each is there, the few pixels of a sign lose theirs.
    way = Image.Quantize.MAXCOVERAGE
    taken.quantize(_COLOURS, way, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
