"""The universes in a browser: a thousand symbols, a plan, a sync, a file that changes."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.notebook_page import NotebookPage

# Fourteen requests each, of which each takes a while; and a thousand that nobody asks for.
_FILE = """[[universe]]
name = "core"
symbols = ["SLOW1", "SLOW2", "SLOW3"]
start = 2005-01-03
provider = "gated"

[[universe]]
name = "many"
file = "many.txt"
provider = "sample"
"""
_PANEL = "%ml4t panel universe --as-of 2006-01-31"


def test_what_is_declared_is_found_planned_and_synced(notebook: NotebookPage) -> None:
    page, press, home = notebook.page, notebook.page.keyboard.press, notebook.home
    notebook.open(_PANEL)
    notebook.see("ml4t-universe-message", "No universe is declared.")
    home.mkdir(exist_ok=True)
    (home / "many.txt").write_text("\n".join(f"S{number:04}" for number in range(1000)))
    (home / "ml4t.toml").write_text(_FILE)
    notebook.see("ml4t-board-count", "2 universes")
    notebook.see("ml4t-board-total", "1,003 symbols, 0 stored")
    groups, rows = page.locator(".ml4t-universe-group"), page.locator(".ml4t-board-row")
    page.get_by_role("button", name="Show 995 more").click()
    # A head, two universes, their symbols.
    grid = page.get_by_role("treegrid")
    expect(grid).to_have_attribute("aria-rowcount", str(1 + 2 + 3 + 1000))
    assert rows.count() < 200
    before = notebook.book()
    press("/")
    page.keyboard.type("s0777")
    expect(rows.locator(".ml4t-board-name")).to_have_text(["S0777"])
    expect(groups).to_have_count(1)
    press("Escape")
    expect(groups).to_have_count(2)

    page.get_by_role("button", name="Plan core").click()
    notebook.see("ml4t-universe-plan", "Plan of core: 42 requests")
    notebook.see("ml4t-universe-cost", "Plan: 42 requests")
    notebook.see("ml4t-universe-plan", "%ml4t sync core --plan --as-of 2006-01-31")
    expect(groups.first).to_contain_text("0 stored, 3 missing · due now")
    assert sorted(each.name for each in home.iterdir() if each.suffix) == ["many.txt", "ml4t.toml"]

    # From here on by keyboard.
    page.get_by_role("button", name="Sync core").focus()
    press("Enter")
    notebook.see("ml4t-universe-running", "syncing: ")
    notebook.see("ml4t-job", "Sync core, 3 datasets")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(groups.first).to_contain_text("3 stored · next due Wed 16:30")
    notebook.see("ml4t-job", "3 changed")
    expect(page.locator(".ml4t-universe-plan")).not_to_contain_text("Plan of core")
    for key in ("a", "d", "d", "j"):
        press(key)
    assert notebook.book() == before

    (home / "ml4t.toml").write_text(_FILE.replace("provider", "source"))
    notebook.see("ml4t-universe-message", "ml4t.toml, line 5, [[universe]]: unknown setting")
    expect(groups).to_have_count(0)
    (home / "ml4t.toml").write_text(_FILE.replace("core", "slow"))
    expect(groups.first).to_contain_text("slow")

    page.evaluate("jupyterapp.commands.execute('application:toggle-left-area')")
    for theme, width in (("JupyterLab Dark", 760), ("JupyterLab Light", 480)):
        page.set_viewport_size({"width": width, "height": 1000})
        notebook.set_theme(theme)
        expect(rows.locator(".ml4t-board-why").first).to_be_hidden()
        assert notebook.cut_off("ml4t-board-main") == []
        assert notebook.faint_words() == []
