"""`sync --due`: what is due is updated, what is missing loaded, and what fails alike told once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.commands.exit_codes import AGAIN, FAILED, GOOD, code_of
from ml4t_nb.errors import (
    BarsInvalid,
    Ml4tError,
    OptionError,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    StoreNotFound,
    SymbolUnknown,
)
from ml4t_nb.providers import Request
from ml4t_nb.providers.base import Policy
from ml4t_nb.records import ErrorNote
from ml4t_nb.render.text import report_text
from ml4t_nb.render.to_json import report_json
from ml4t_nb.reports import SyncReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import DAYS, Scripted, evening, rising

QUARTER = timedelta(minutes=15)
MONDAY, TUESDAY = evening("2024-03-04"), evening("2024-03-05")
NOON = datetime.fromisoformat("2024-03-04T12:00+00:00")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def provider() -> Scripted:
    limits = replace(DAYS, delay=timedelta(0), retry=Policy({}))
    return Scripted(rising("2024-01-02", "2024-03-29"), limits=limits)


@pytest.fixture
def ws(home: Path, provider: Scripted) -> Workspace:
    """A store of AAPL up to Friday, the first of March; nothing more is declared yet."""
    settings = Settings(home=home, provider="scripted")
    ws = Workspace(settings, _opened={"scripted": provider})
    declare("AAPL")
    verbs.sync(ws, as_of=evening("2024-03-01"))
    provider.asked.clear()
    return ws


def declare(*symbols: str, start: str = "2024-02-26", more: str = "") -> None:
    named = json.dumps(symbols)
    text = f'[[universe]]\nname = "core"\nsymbols = {named}\nstart = {start}\n{more}\n'
    Path("ml4t.toml").write_text(text)


def refusing(error: type[ProviderError], symbol: str) -> Callable[[Request], ProviderError | None]:
    return lambda request: (
        error(f"{symbol} is refused", provider="scripted")
        if request.dataset.symbol == symbol
        else None
    )


def due(ws: Workspace, at: datetime) -> SyncReport:
    return verbs.sync(ws, due=True, as_of=at)


def done(report: SyncReport) -> list[tuple[str, str, str]]:
    return [(each.dataset.symbol, each.record.verb, each.record.outcome) for each in report.results]


def heard(provider: Scripted) -> list[str]:
    names = [each.dataset.symbol for each in provider.asked]
    provider.asked.clear()
    return names


def test_what_is_missing_is_loaded_and_the_rest_updated_when_it_is_due(
    ws: Workspace, provider: Scripted
) -> None:
    declare("AAPL", "MSFT")

    noon, evening_, later = due(ws, NOON), due(ws, MONDAY), due(ws, MONDAY + QUARTER)

    assert done(noon) == [("MSFT", "load", "changed")]
    close = datetime.fromisoformat("2024-03-04T21:00+00:00")
    assert (noon.waiting, noon.next_due, noon.undeclared) == (1, close, ())
    assert done(evening_) == [("AAPL", "update", "changed"), ("MSFT", "update", "changed")]
    assert (later.results, later.waiting) == ((), 2)
    assert later.next_due == close + timedelta(days=1)
    assert sorted(heard(provider)) == ["AAPL", "MSFT", "MSFT"]
    told = report_text(later)
    assert told.startswith("none of 2 datasets is due, the next is on 2024-03-05 ")


def test_an_unknown_symbol_is_told_once_and_tried_once_a_day_until_it_is_known(
    ws: Workspace, provider: Scripted
) -> None:
    declare("AAPL", "NOPE")
    provider.fails = refusing(SymbolUnknown, "NOPE")

    day = [due(ws, NOON + QUARTER * step) for step in range(96)]
    (first, *rest), asked = day, heard(provider)

    assert done(first) == [("NOPE", "sync", "failed")]
    assert code_of(first) == FAILED
    assert asked.count("NOPE") == 1
    assert [code_of(each) for each in rest] == [GOOD] * 95
    assert [row for each in rest for row in done(each)] == [("AAPL", "update", "changed")]
    assert all("NOPE: NOPE is refused" in report_text(each) for each in rest)

    tuesday = due(ws, NOON + timedelta(days=1))
    assert heard(provider) == ["NOPE"]
    assert (tuesday.results, tuesday.waiting, code_of(tuesday)) == ((), 2, GOOD)
    (unloaded,) = json.loads(report_json(tuesday))["unloaded"]
    assert (unloaded["dataset"], unloaded["tries"]) == ("equities/daily/NOPE", 2)
    assert tuesday.next_due == datetime.fromisoformat("2024-03-05T21:00+00:00")

    provider.fails = lambda _: None
    listed = due(ws, NOON + timedelta(days=2))
    assert done(listed)[-1] == ("NOPE", "load", "changed")
    assert listed.unloaded == ()


def test_in_an_outage_a_load_is_tried_after_longer_and_longer_waits(
    ws: Workspace, provider: Scripted
) -> None:
    declare("NOPE")
    provider.fails = refusing(ProviderUnavailable, "NOPE")

    tried = [step for step in range(96) if done(due(ws, NOON + QUARTER * step))]

    # After 15 and 30 minutes, then 1, 2, 4 and 8 hours.
    assert tried == [0, 1, 3, 7, 15, 31, 63]
    assert heard(provider) == ["NOPE"] * 7
    last = due(ws, NOON + QUARTER * 127)
    assert (done(last), code_of(last)) == ([("NOPE", "sync", "failed")], AGAIN)


def test_what_is_declared_otherwise_or_fails_otherwise_is_told_at_once(
    ws: Workspace, home: Path, provider: Scripted
) -> None:
    declare("NOPE")
    provider.fails = refusing(SymbolUnknown, "NOPE")
    assert done(due(ws, NOON)) == [("NOPE", "sync", "failed")]
    assert done(due(ws, NOON)) == []

    declare("NOPE", start="2024-02-19")
    assert done(due(ws, NOON)) == [("NOPE", "sync", "failed")]
    # A run as of an earlier time asks, and says nothing new.
    provider.asked.clear()
    assert done(due(ws, NOON - QUARTER)) == []
    assert heard(provider) == ["NOPE"]
    # Where nothing is known any more, it is tried once more.
    (home / "state" / "universes" / "attempts.json").write_text("{")
    assert done(due(ws, NOON)) == [("NOPE", "sync", "failed")]
    provider.fails = refusing(ProviderError, "NOPE")
    assert done(due(ws, NOON + timedelta(days=1))) == [("NOPE", "sync", "failed")]
    # Whoever types it wants to know.
    assert done(verbs.sync(ws, as_of=NOON)) == [("NOPE", "sync", "failed")]


def test_a_dataset_whose_earlier_bars_cannot_be_loaded_is_updated_all_the_same(
    ws: Workspace, provider: Scripted
) -> None:
    declare("AAPL", start="2024-01-02")
    provider.limits = replace(provider.limits, max_span={"daily": timedelta(days=20)})
    provider.fails = lambda request: (
        ProviderError("not of then", provider="scripted")
        if request.span.start < evening("2024-01-31")
        else None
    )

    first, second, third = (due(ws, MONDAY + QUARTER * step) for step in range(3))
    tuesday = due(ws, TUESDAY)

    assert done(first) == [("AAPL", "update", "partial")]
    assert [each.dataset.symbol for each in second.unloaded] == ["AAPL"]
    assert done(second) == done(third) == []
    # A load in parts begins with what is new.
    assert done(tuesday) == [("AAPL", "load", "failed")]
    assert [each.record.added for each in (*first, *tuesday)] == [1, 1]


@pytest.mark.parametrize(
    ("error", "codes"),
    [
        (BarsInvalid("not as bars are"), [FAILED, GOOD, GOOD]),
        # An update asks again for what failed, too, and tells that as any update does.
        (ProviderError("not of then", provider="scripted"), [FAILED] * 3),
    ],
)
def test_once_a_day_a_stored_dataset_is_updated_though_its_earlier_bars_fail_each_time(
    ws: Workspace, provider: Scripted, error: Ml4tError, codes: list[int]
) -> None:
    declare("AAPL", start="2024-01-15")
    provider.fails = lambda request: error if request.span.start < evening("2024-02-20") else None

    days = [due(ws, evening(f"2024-03-{day:02}")) for day in (4, 5, 6)]

    assert [code_of(each) for each in days] == codes
    assert [[each.record.added for each in day] for day in days] == [[1]] * 3
    named = [[each.tries for each in day.unloaded] for day in days]
    assert named == [[each] if code == GOOD else [] for each, code in enumerate(codes, start=1)]

    provider.fails = lambda _: None
    (whole,) = due(ws, evening("2024-03-07"))
    assert (whole.record.outcome, str(whole.first)[:10]) == ("changed", "2024-01-15")


def test_an_update_that_fails_as_the_load_before_it_is_told_each_time(
    ws: Workspace, provider: Scripted
) -> None:
    declare("AAPL", start="2024-01-15")
    provider.fails = refusing(ProviderError, "AAPL")

    codes = [code_of(due(ws, evening(f"2024-03-{day:02}"))) for day in (4, 5, 6)]

    assert codes == [FAILED] * 3


@pytest.mark.parametrize("line", ['provider = "sample"', 'calendar = "XLON"'])
def test_a_dataset_that_is_stored_otherwise_than_declared_is_updated_and_told_once_a_day(
    ws: Workspace, line: str
) -> None:
    declare("AAPL", more=line)

    monday, quarter, tuesday = (due(ws, at) for at in (MONDAY, MONDAY + QUARTER, TUESDAY))

    for report in (monday, tuesday):
        (result,) = report.results
        assert (result.record.added, code_of(report)) == (1, FAILED)
        assert "AAPL is stored " in (result.record.error or ErrorNote("", "")).message
    assert (done(quarter), len(quarter.unloaded)) == ([], 1)


def test_an_outage_does_not_make_an_unknown_symbol_new(ws: Workspace, provider: Scripted) -> None:
    declare("AAPL", "NOPE")
    codes = []

    for day, error in enumerate([SymbolUnknown, ProviderUnavailable] * 2, start=4):
        provider.fails = refusing(error, "NOPE")
        codes.append(code_of(due(ws, evening(f"2024-03-{day:02}"))))

    assert codes == [FAILED, AGAIN, GOOD, AGAIN]


def test_errors_that_take_turns_are_told_once_each_until_the_load_succeeds(
    ws: Workspace, provider: Scripted
) -> None:
    declare("AAPL", "NOPE")
    turns = [SymbolUnknown, ProviderError, SymbolUnknown, ProviderUnavailable, ProviderError]
    codes = []

    for day, error in enumerate(turns, start=4):
        provider.fails = refusing(error, "NOPE")
        report = due(ws, evening(f"2024-03-{day:02}"))
        codes.append(code_of(report))

    assert codes == [FAILED, FAILED, GOOD, AGAIN, GOOD]
    assert [each.error and each.error.type for each in report.unloaded] == ["ProviderError"]

    # Once it was there, the same error is a new fault.
    provider.fails = lambda _: None
    due(ws, evening("2024-03-11"))
    verbs.remove(ws, "NOPE", yes=True)
    provider.fails = refusing(ProviderError, "NOPE")
    assert code_of(due(ws, evening("2024-03-12"))) == FAILED


def test_an_outage_that_shows_in_turns_as_another_is_asked_for_after_longer_waits_too(
    ws: Workspace, provider: Scripted
) -> None:
    declare("NOPE")
    tried: list[int] = []

    for step in range(32):
        error = ProviderUnavailable if len(tried) % 2 else RateLimited
        provider.fails = refusing(error, "NOPE")
        if done(due(ws, NOON + QUARTER * step)):
            tried.append(step)

    assert tried == [0, 1, 3, 7, 15, 31]


def test_an_empty_store_is_no_store_to_fill_unless_that_is_said(
    tmp_path: Path, home: Path, provider: Scripted
) -> None:
    ws = Workspace(Settings(home=home, provider="scripted"), _opened={"scripted": provider})
    declare("AAPL")

    for folder in (home, tmp_path):
        with pytest.raises(StoreNotFound):
            verbs.sync(ws, due=True, as_of=NOON, home=folder)
    assert main(["sync", "--due", "-q", "--home", str(home)]) == FAILED
    assert provider.asked == []
    assert done(verbs.sync(ws, due=True, allow_empty=True, as_of=NOON)) == [
        ("AAPL", "load", "changed")
    ]
    with pytest.raises(OptionError, match="--allow-empty needs --due"):
        verbs.sync(ws, allow_empty=True, as_of=NOON)
    with pytest.raises(OptionError, match="--intraday-bars needs --due"):
        verbs.sync(ws, intraday_bars=5, as_of=NOON)


def test_a_plan_is_of_what_is_due(ws: Workspace, provider: Scripted) -> None:
    declare("AAPL", "MSFT")

    plan = verbs.sync(ws, due=True, plan=True, as_of=NOON).plan

    assert plan is not None
    assert [each.dataset.symbol for each in plan.datasets] == ["MSFT"]
    assert (plan.waiting, plan.next_due) == (1, NOON)
    assert provider.asked == []
