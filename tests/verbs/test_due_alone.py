"""A run of what is due that begins while one like it goes on ends at once, and asks nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.exit_codes import GOOD, code_of
from ml4t_nb.providers import Request
from ml4t_nb.providers.base import Policy
from ml4t_nb.render.text import report_news, report_text
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import DAYS, Scripted, evening, rising

QUARTER = timedelta(minutes=15)
MONDAY = evening("2024-03-04")
UNIVERSES = """
[[universe]]
name = "core"
symbols = ["AAPL", "MSFT"]
start = 2024-02-26

[[universe]]
name = "more"
symbols = ["IBM"]
start = 2024-02-26
"""


@pytest.fixture
def provider() -> Scripted:
    limits = replace(DAYS, delay=timedelta(0), retry=Policy({}))
    return Scripted(rising("2024-01-02", "2024-03-29"), limits=limits)


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: Scripted) -> Workspace:
    """A store of AAPL up to Friday, the first of March."""
    monkeypatch.chdir(tmp_path)
    settings = Settings(home=tmp_path / "home", provider="scripted")
    ws = Workspace(settings, _opened={"scripted": provider})
    verbs.load(ws, ["AAPL"], start="2024-02-26", as_of=evening("2024-03-01"))
    provider.asked.clear()
    Path("ml4t.toml").write_text(UNIVERSES)
    return ws


def during(provider: Scripted, run: Callable[[], RunReport]) -> list[RunReport]:
    """What ``run`` reports that begins while the first request is answered."""
    reports: list[RunReport] = []

    def fails(_: Request) -> None:
        if not reports:
            provider.fails = lambda _: None
            reports.append(run())

    provider.fails = fails
    return reports


def heard(provider: Scripted) -> list[str]:
    names = sorted(each.dataset.symbol for each in provider.asked)
    provider.asked.clear()
    return names


def test_a_sync_of_what_is_due_is_no_second_time_begun_while_it_goes_on(
    ws: Workspace, provider: Scripted
) -> None:
    seen = during(provider, lambda: verbs.sync(ws, due=True, as_of=MONDAY + QUARTER))

    first = verbs.sync(ws, due=True, as_of=MONDAY, workers=1)

    (second,) = seen
    assert len(first) == 3
    assert heard(provider) == ["AAPL", "IBM", "MSFT"]
    assert (len(second), second.left, second.waiting, code_of(second)) == (0, (), 3, GOOD)
    assert report_text(second) == (
        "sync: another run of what is due is under way, and does this, too\n"
    )
    assert report_news(second) == ""
    # It is over: the next one is a run again, and finds nothing left.
    third = verbs.sync(ws, due=True, as_of=MONDAY + 2 * QUARTER)
    assert (third.stopped, len(third), third.waiting) == ("", 0, 3)


def test_an_update_of_what_is_due_is_alone_too_but_keeps_no_other_run_out(
    ws: Workspace, provider: Scripted
) -> None:
    seen = during(provider, lambda: verbs.update(ws, due=True, as_of=MONDAY))
    verbs.update(ws, due=True, as_of=MONDAY)
    assert [each.stopped != "" for each in seen] == [True]
    assert heard(provider) == ["AAPL"]

    # Lines of one crontab begin in the same second.
    seen = during(provider, lambda: verbs.sync(ws, ["more"], due=True, as_of=MONDAY))
    verbs.sync(ws, ["core"], due=True, as_of=MONDAY)

    assert [(each.stopped, len(each)) for each in seen] == [("", 1)]
    assert heard(provider) == ["IBM", "MSFT"]
