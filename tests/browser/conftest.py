"""A real browser before real servers; nothing is asked of another host."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.hosts import Host, HostName, serving
from tests.browser.notebook_page import NotebookPage
from tests.cli.gated.installed import install_gated

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_PATIENCE_MS = 120_000
Windows: TypeAlias = Callable[[HostName], BrowserContext]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    if found is None:
        words = "no Chromium on the PATH: sudo apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=found, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[HostName, Host]]:
    """Servers that were asked for, by name; each is started once."""
    with ExitStack() as stack:
        yield _Started(stack, tmp_path_factory.mktemp("hosts"))


class _Started(dict[HostName, Host]):
    def __init__(self, stack: ExitStack, folder: Path) -> None:
        super().__init__()
        self._stack, self._folder = stack, folder

    def __missing__(self, name: HostName) -> Host:
        folder = self._folder / name
        site = install_gated(folder / "site")
        paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
        environ = {"PYTHONPATH": os.pathsep.join(paths)}
        self[name] = self._stack.enter_context(serving(name, folder, environ))
        return self[name]


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Iterator[Windows]:
    """One for each host, whose pages need not fetch the megabytes of its scripts again."""
    with ExitStack() as stack:

        @cache
        def window(name: HostName) -> BrowserContext:
            del name
            context = browser.new_context(viewport={"width": 1300, "height": 1200})
            # Long, since machines are as slow as they are busy; what is there is seen at once.
            context.set_default_timeout(_PATIENCE_MS)
            expect.set_options(timeout=_PATIENCE_MS)
            return stack.enter_context(context)

        yield window


@contextmanager
def _page(host: Host, windows: Windows, home: Path) -> Iterator[NotebookPage]:
    notebook = NotebookPage(host, windows(host.name).new_page(), home=home)
    yield notebook
    problems = [*notebook.problems]
    notebook.page.close()
    host.end_kernel(notebook.name)
    assert problems == []


@pytest.fixture
def notebook(
    request: pytest.FixtureRequest, hosts: dict[HostName, Host], windows: Windows, tmp_path: Path
) -> Iterator[NotebookPage]:
    """A page of the host that the test names, with a store of its own."""
    host = hosts[getattr(request, "param", "lab")]
    with _page(host, windows, tmp_path / "store") as notebook:
        yield notebook


@pytest.fixture(scope="module")
def lab(
    hosts: dict[HostName, Host], windows: Windows, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookPage]:
    """A page of Lab for tests of one module that change nothing in its store."""
    with _page(hosts["lab"], windows, tmp_path_factory.mktemp("shared") / "store") as notebook:
        yield notebook
