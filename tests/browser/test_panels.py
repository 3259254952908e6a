"""The panels in JupyterLab, Notebook and Voila, as a person uses them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk

PANEL = "%ml4t panel --as-of 2005-02-25"
on_each = pytest.mark.parametrize("desk", ["lab", "notebook", "voila"], indirect=True)
on_two = pytest.mark.parametrize("desk", ["lab", "voila"], indirect=True)


@on_each
def test_history_is_loaded_and_updated_through_a_split(desk: Desk) -> None:
    desk.open(PANEL)

    desk.load("AAPL", "IBM")
    desk.see("ml4t-result", "equities/daily/IBM")
    desk.see_plot("ml4t-picture")

    desk.tab("Update")
    desk.unfold()
    desk.write("as_of", "2005-03-04")
    desk.see("ml4t-line", "%ml4t update --as-of 2005-03-04")
    desk.click("ml4t-run")

    desk.see("ml4t-result", "restated 2:1 (split 2005-02-28)")
    desk.see_plot("ml4t-picture")


@on_two
def test_a_slow_job_is_cancelled_and_the_notebook_stays_free(desk: Desk) -> None:
    desk.open("%ml4t panel load --as-of 2006-01-31")

    desk.fill_load("SLOW", provider="gated", start="1990-01-02")
    desk.click("ml4t-run")
    desk.see("ml4t-lines", "SLOW")
    desk.click("ml4t-cancel")

    desk.see("ml4t-result", "1 left: SLOW")
    expect(desk.find("ml4t-job")).to_contain_text("cancelled")


def test_a_job_is_found_again_after_the_page_is_loaded_anew(desk: Desk) -> None:
    desk.open("%ml4t panel load --as-of 2006-01-31", "%ml4t jobs")
    desk.fill_load("SLOW", provider="gated", start="2000-01-03")
    desk.click("ml4t-run")
    desk.see("ml4t-lines", "SLOW")

    desk.page.reload()
    desk.wait_for_kernel()
    desk.page.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    desk.page.evaluate(
        "jupyterapp.shell.currentWidget.content.activeCellIndex = 2;"
        "jupyterapp.commands.execute('notebook:run-cell')"
    )
    desk.click("ml4t-job-show")

    expect(desk.find("ml4t-job")).to_contain_text("SLOW")
    desk.click("ml4t-cancel")
    desk.see("ml4t-result", "left: SLOW")
