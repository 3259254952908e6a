"""A page object: opens a notebook, types, chooses, clicks, reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, ElementHandle, Locator, Page, Request, Route, expect

from tests.browser.hosts import Host, write_notebook

__all__ = ["LOAD_DOUBTFUL", "LOAD_WITH_GAP", "NotebookPage"]

# A cell that loads a file of real bars without three sessions, which stays in `path`.
LOAD_WITH_GAP = """import os, tempfile, pathlib, ml4t_nb
%ml4t load IBM -p sample --start 2004-01-02 --as-of 2004-12-31
bars = ml4t_nb.bars("IBM").drop(columns="filled")
folder = tempfile.TemporaryDirectory()
path = pathlib.Path(folder.name, "LOST.csv")
whole = bars.to_csv()
bars.drop(bars.loc["2004-06-16":"2004-06-18"].index).to_csv(path)
os.environ["ML4T_DATA_FILES"] = folder.name
os.environ["ML4T_DATA_FILES_BASIS"] = "split-adjusted"
%ml4t load LOST -p files --as-of 2004-12-31"""

# A cell that loads files of real bars in which a high, a volume and a close are wrong.
LOAD_DOUBTFUL = """import os, tempfile, ml4t_nb
folder = tempfile.TemporaryDirectory()
home = os.path.join(folder.name, "true")
ml4t_nb.load(["AAPL", "IBM"], provider="sample", start="2003-01-02", as_of="2005-06-01", home=home)
tables = {name: ml4t_nb.bars(name, home=home).drop(columns="filled") for name in ("AAPL", "IBM")}
tables["AAPL"].loc["2005-04-14", "high"] = 75.92
tables["AAPL"].loc["2005-05-23", "volume"] = 0
tables["IBM"].loc["2005-03-09", "close"] *= 10
for name, table in tables.items():
    table.to_csv(os.path.join(folder.name, f"{name}.csv"))
os.environ["ML4T_DATA_FILES"] = folder.name
os.environ["ML4T_DATA_FILES_BASIS"] = "split-adjusted"
%ml4t load AAPL IBM -p files --as-of 2005-06-01"""

_IDLE = """() => {
  const panel = window.jupyterapp && jupyterapp.shell.currentWidget;
  const session = panel && panel.context && panel.context.sessionContext.session;
  const kernel = session && session.kernel;
  return !!kernel && kernel.connectionStatus === 'connected' && kernel.status === 'idle';
}"""
_BOOK = """() => {
  const { widgets, activeCellIndex, mode } = jupyterapp.shell.currentWidget.content;
  return [widgets.map(each => each.model.sharedModel.source), activeCellIndex, mode];
}"""
# In one step: an answer of the kernel may take a control away at any time.
_FOCUS = """each => {
  if (each.isConnected && each.checkVisibility() && !each.disabled) each.focus();
  return document.activeElement === each;
}"""
_FAINT = """() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(each => {
    const c = each / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }).reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = node => {
    for (let each = node; each; each = each.parentElement) {
      const colour = channels(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.5) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const panel of document.querySelectorAll('.ml4t-panel')) {
    const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode.parentElement;
      const words = walker.currentNode.textContent.trim();
      const skipped = 'svg, style, button:disabled';
      if (!words || !node.checkVisibility() || node.closest(skipped)) continue;
      const [a, b] = [light(channels(getComputedStyle(node).color)), light(behind(node))];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (contrast < 3) found.push(`${words}: ${contrast.toFixed(1)}`);
    }
  }
  return found;
}"""
_CUT_OFF = """boxes => boxes.flatMap(box => {
  const right = box.getBoundingClientRect().right + 1;
  const parts = [...box.querySelectorAll('*')].filter(each => each.checkVisibility());
  return parts.filter(each => each.getBoundingClientRect().right > right)
    .map(each => each.className.baseVal ?? each.className);
})"""
_REACHED = "button, input, select, summary, [tabindex='0']"
# Voila's own template wants an icon font from there; nothing else may.
_FONTS = "cdn.jsdelivr.net"
# What the front ends say of themselves, whatever notebook they show: Voila tries to load the
# extension of Notebook, which does not fit it, and Notebook trips over a setting of Lab's.
# anywidget gives a script two seconds to begin, which a busy machine may not have; what it should
# show is waited for.
_THEIRS = (
    "favicon",
    "the server responded with a status of 404",
    "/@jupyter-notebook/lab-extension/",
    "(reading 'schema')",
    "[anywidget] Failed to initialize model",
)


class NotebookPage:
    """A notebook in a browser, with a record of its problems.

    Parameters
    ----------
    home
        The store, empty at first.

    Attributes
    ----------
    problems
        Requests to other hosts, and what the console called an error.
    forgiven
        Parts of error messages that are not from this package.
    """

    def __init__(self, host: Host, page: Page, *, home: Path) -> None:
        self.host, self.page, self.home = host, page, home
        self.problems: list[str] = []
        self.forgiven = list(_THEIRS)
        page.on("request", self._note_request)
        page.on("console", self._note_words)
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        if host.name == "voila":
            page.route(f"https://{_FONTS}/npm/@fortawesome/**", _empty)

    @property
    def name(self) -> str:
        """The file of the notebook, in the host's folder."""
        return f"{self.home.parent.name}.ipynb"

    def open(self, *cells: str) -> None:
        """Open a notebook of these cells and run them all."""
        store = f"import os\nos.environ['ML4T_DATA_HOME'] = {str(self.home)!r}\n%load_ext ml4t_nb"
        write_notebook(self.host.folder / self.name, store, *cells)
        self.page.goto(self.host.page(self.name))
        if self.host.name != "voila":
            self.wait_for_kernel()
            self.page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")

    def wait_for_kernel(self) -> None:
        """Until the notebook's kernel has nothing to do."""
        self.page.wait_for_function(_IDLE)

    def book(self) -> tuple[list[str], int, str]:
        """The notebook's cells, which is active, and whether keys are commands or text."""
        sources, active, mode = self.page.evaluate(_BOOK)
        return sources, active, mode

    def set_theme(self, name: str) -> None:
        """Show Lab in that theme."""
        change = f"jupyterapp.commands.execute('apputils:change-theme', {{theme: '{name}'}})"
        self.page.evaluate(change)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
        # Lab lays a curtain over the page meanwhile, and takes it away a moment later: twice, and
        # with an error, where another one was laid in that moment.
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def faint_words(self) -> list[str]:
        """Words of panels that hardly stand out from what is behind them."""
        found: list[str] = self.page.evaluate(_FAINT)
        return found

    def cut_off(self, name: str) -> list[str]:
        """Class names of what is further right than the visible widget of that class name."""
        found: list[str] = self.page.locator(f".{name}:visible").evaluate_all(_CUT_OFF)
        return found

    def controls(self) -> Iterator[ElementHandle]:
        """What the Tab key reaches in the panel in sight, each with the focus on it."""
        for each in self.page.locator(f".ml4t-panel :is({_REACHED}):visible").element_handles():
            if each.evaluate(_FOCUS):
                yield each

    def find(self, name: str) -> Locator:
        """The visible widget of that class name."""
        return self.page.locator(f".{name}:visible").first

    def click(self, name: str) -> None:
        """Click it."""
        self.find(name).click()

    def type_symbols(self, *symbols: str) -> None:
        """Type symbols, each followed by Enter."""
        for symbol in symbols:
            field = self.find("ml4t-symbol").locator("input")
            field.fill(symbol)
            field.press("Enter")
            expect(self.find("ml4t-tags").get_by_text(symbol, exact=True)).to_be_visible()

    def choose(self, option: str, value: str) -> None:
        """Choose from a dropdown."""
        self.find(f"ml4t-option-{option}").locator("select").select_option(value)

    def write(self, option: str, value: str) -> None:
        """Fill a field; dates as 2005-01-31."""
        field = self.find(f"ml4t-option-{option}").locator("input")
        field.fill(value)
        field.press("Tab")

    def tab(self, title: str) -> None:
        """Turn to a tab of the panel."""
        self.page.locator(".ml4t-tabs [role=tab]", has_text=title).first.click()

    def unfold(self) -> None:
        """Open the options that are folded away."""
        self.find("ml4t-more").get_by_text("more options").click()

    def load(self, *symbols: str, provider: str = "sample", start: str = "2004-01-02") -> None:
        """Load by the form in sight, and wait for the end."""
        self.fill_load(*symbols, provider=provider, start=start)
        self.click("ml4t-run")
        self.see("ml4t-result", "load")

    def fill_load(self, *symbols: str, provider: str, start: str) -> None:
        """Fill in the form in sight."""
        self.type_symbols(*symbols)
        self.choose("provider", provider)
        self.write("start", start)

    def see(self, name: str, words: str) -> None:
        """Until the widget of that name says so."""
        expect(self.find(name)).to_contain_text(words)

    def see_plot(self, name: str) -> Locator:
        """The figure in the widget of that name, when it is drawn."""
        figure = self.find(name).locator(".js-plotly-plot .main-svg").first
        expect(figure).to_be_visible()
        return figure

    def _note_request(self, request: Request) -> None:
        place = urlsplit(request.url)
        is_ours = (
            place.scheme in ("data", "blob") or place.netloc == urlsplit(self.host.root).netloc
        )
        is_font = self.host.name == "voila" and "/@fortawesome/" in place.path
        if not (is_ours or is_font):
            self.problems.append(f"asked another host: {request.url}")

    def _note_words(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console: {message.text}")

    def _note(self, words: str) -> None:
        if not any(each in words for each in self.forgiven):
            self.problems.append(words)


def _empty(route: Route) -> None:
    route.fulfill(status=200, content_type="text/css", body="")
