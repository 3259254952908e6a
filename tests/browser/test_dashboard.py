"""``ml4t-data panel``: a process as a person starts it, its page in a browser, its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

import ml4t_nb
from tests.browser.hosts import free_port

_PATIENCE_MS = 240_000  # a kernel starts meanwhile


def test_the_panels_are_a_page_of_this_machine_until_ctrl_c(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what is relative is so to where the line was typed
    ml4t_nb.load(["AAPL", "IBM"], provider="sample", home="store", start="2005-01-03",
                 as_of="2005-02-25")  # fmt: skip
    port = free_port()
    words = ["panel", "--no-browser", "--port", str(port), "--home", "store"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ml4t_nb", *words, "--as-of", "2005-03-11"],
        env={**os.environ, "ML4T_DATA_PROVIDER": "sample"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = re.search(rf"http://127\.0\.0\.1:{port}/\S+", process.stdout.readline())
        assert found is not None
        _used(browser, found[0])
        _refused(found[0])
        kernels = _children(process.pid)
        assert kernels
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait()
        process.stdout.close()

    assert code == 0
    assert [each for each in kernels if Path(f"/proc/{each}").exists()] == []


def _used(browser: Browser, address: str) -> None:
    """Open the page, turn to a tab of it, read it; light and dark as the browser is."""
    context = browser.new_context(viewport={"width": 1000, "height": 900}, color_scheme="dark")
    page = context.new_page()
    context.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    asked: set[str] = set()
    said: list[str] = []
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.on("console", lambda each: said.append(each.text) if each.type == "error" else None)
    page.goto(address, wait_until="commit")

    page.locator(".ml4t-tabs [role=tab]", has_text="Gaps").click()
    expect(page.locator(".ml4t-gaps")).to_contain_text("no gaps")
    assert page.title() == "ml4t-data: panels"
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.emulate_media(color_scheme="light")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "true")
    light = page.evaluate(ground)
    assert (dark, light) == ("rgb(17, 17, 17)", "rgb(255, 255, 255)")

    assert asked <= {urlsplit(address).netloc, ""}
    assert said == []
    context.close()


def _refused(address: str) -> None:
    """Who does not know the token, and who calls this machine by another name."""
    page = urlsplit(address)
    without = f"http://{page.netloc}/"
    with urllib.request.urlopen(without) as answer:  # our own
        assert urlsplit(answer.url).path == "/login"
    renamed = urllib.request.Request(address, headers={"Host": f"other.example:{page.port}"})  # noqa: S310  # our own
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(renamed)  # noqa: S310  # our own
    with refused.value as error:
        assert error.code == 403


def _children(parent: int) -> list[int]:
    """Processes that it started, Linux's word."""
    return [
        int(each)
        for task in Path(f"/proc/{parent}/task").iterdir()
        for each in (task / "children").read_text().split()
    ]
