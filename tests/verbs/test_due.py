"""``update --due``: what is due, in its order, and no request for anything else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.core.bars import make_bars
from ml4t_nb.errors import OptionError, ProviderUnavailable
from ml4t_nb.events import Event, FetchStarted
from ml4t_nb.model import BarsFrequency
from ml4t_nb.providers import Answer, Request
from ml4t_nb.providers.base import Policy
from ml4t_nb.render.text import report_text
from ml4t_nb.render.to_json import report_json
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import DAYS, Scripted

FRIDAY_NIGHT = "2024-01-12T22:00Z"
SUNDAY_NIGHT = "2024-01-14T22:00Z"


@dataclass
class Market(Scripted):
    """Has every bar that its calendar expects, but of symbols that are down; minutes for a week."""

    down: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)

    def fetch(self, request: Request) -> Answer:
        self.asked.append(request)
        if request.dataset.symbol in self.broken:
            raise ZeroDivisionError("a bug of the provider")
        if request.dataset.symbol in self.down:
            raise ProviderUnavailable("no network", provider=self.name)
        frequency: BarsFrequency = request.dataset.frequency
        stamps = request.calendar.stamps(request.span, frequency)
        stamps = stamps[stamps <= pd.Timestamp(request.as_of)]
        prices = [100.0 + stamp.day % 2 + stamp.minute % 3 for stamp in stamps]
        return Answer(make_bars(stamps, dict.fromkeys(("open", "high", "low", "close"), prices)))

    def heard(self) -> list[str]:
        """Symbols that it was asked for since, each once."""
        names = [each.dataset.symbol for each in self.asked]
        self.asked.clear()
        return list(dict.fromkeys(names))


LIMITS = replace(DAYS, max_age={"1m": timedelta(days=7)}, delay=timedelta(0), retry=Policy({}))


@pytest.fixture
def market() -> Market:
    return Market(limits=LIMITS, basis="as-traded")


@pytest.fixture
def ws(tmp_path: Path, market: Market) -> Workspace:
    settings = Settings(home=tmp_path / "home", provider="scripted")
    return Workspace(settings, _opened={"scripted": market})


def load(ws: Workspace, symbol: str, as_of: str = FRIDAY_NIGHT, **more: Any) -> None:  # noqa: ANN401
    verbs.load(ws, symbol, start="2024-01-08", as_of=as_of, **more)


def due(ws: Workspace, as_of: str, **more: Any) -> RunReport:  # noqa: ANN401
    return verbs.update(ws, due=True, workers=1, as_of=as_of, **more)


def test_only_what_is_due_is_asked_for_and_then_nothing_is(ws: Workspace, market: Market) -> None:
    load(ws, "DAYS")
    load(ws, "COIN", asset_class="crypto")
    market.heard()

    # Saturday; the crypto day of Friday is over at midnight.
    first, second = (due(ws, "2024-01-13T00:15Z") for _ in range(2))

    assert market.heard() == ["COIN"]
    assert [each.dataset.symbol for each in first] == ["COIN"]
    assert (first.waiting, first.next_due) == (1, datetime(2024, 1, 14, tzinfo=UTC))
    assert (len(second), second.waiting, second.next_due) == (0, 2, first.next_due)
    assert report_text(second) == "none of 2 datasets is due, the next is on 2024-01-14 00:00 UTC\n"


def test_a_plan_is_of_what_is_due_and_says_when_nothing_is(ws: Workspace, market: Market) -> None:
    load(ws, "DAYS")
    load(ws, "COIN", asset_class="crypto")
    market.heard()

    some, none = (due(ws, at, plan=True).plan for at in ("2024-01-13T00:15Z", "2024-01-12T23:00Z"))

    assert some is not None
    assert none is not None
    assert [each.dataset.symbol for each in some.datasets] == ["COIN"]
    assert "update of 1 dataset would send 1 request" in report_text(some)
    assert "; 1 not due\n" in report_text(some)
    next_due = datetime(2024, 1, 13, tzinfo=UTC)
    assert (none.datasets, none.waiting, none.next_due) == ((), 2, next_due)
    assert report_text(none) == "none of 2 datasets is due, the next is on 2024-01-13 00:00 UTC\n"
    document = json.loads(report_json(none))
    assert (document["waiting"], document["next_due"]) == (2, "2024-01-13T00:00:00+00:00")
    assert market.heard() == []


def test_nothing_is_due_on_a_holiday_and_a_half_day_ends_early(
    ws: Workspace, market: Market
) -> None:
    load(ws, "DAYS", as_of=SUNDAY_NIGHT)
    market.heard()

    # Monday the 15th is Martin Luther King day; on the 16th it closes at 21:00 UTC.
    quiet = [due(ws, f"2024-01-{at}Z") for at in ("13T21:30", "15T21:30", "16T20:59")]
    assert market.heard() == []
    assert {each.next_due for each in quiet} == {datetime(2024, 1, 16, 21, tzinfo=UTC)}
    assert [each.record.added for each in due(ws, "2024-01-16T21:00Z")] == [1]


def test_after_three_days_without_a_session_it_is_asked_all_the_same(
    ws: Workspace, market: Market
) -> None:
    load(ws, "DAYS")
    market.heard()

    times = ("15T22:00", "15T22:01", "16T12:00")
    first, second, third = (due(ws, f"2024-01-{at}Z") for at in times)

    assert [each.results != () for each in (first, second, third)] == [False, True, False]
    assert first.next_due == datetime(2024, 1, 15, 22, 1, tzinfo=UTC)
    assert {second.next_due, third.next_due} == {datetime(2024, 1, 16, 21, tzinfo=UTC)}
    assert market.heard() == ["DAYS"]


def test_a_date_is_an_as_of_after_each_exchange_s_close(ws: Workspace, market: Market) -> None:
    load(ws, "DAYS", as_of=SUNDAY_NIGHT)
    load(ws, "TOKYO", calendar="XTKS")
    market.heard()

    # In Tokyo Monday the 15th was a session.
    due(ws, "2024-01-15")

    assert market.heard() == ["TOKYO"]


def test_what_the_provider_drops_first_comes_first(ws: Workspace, market: Market) -> None:
    load(ws, "A")
    load(ws, "OLD", as_of="2024-01-10T22:00Z")
    load(ws, "M2", frequency="1m")
    load(ws, "M1", frequency="1m", as_of="2024-01-11T22:00Z")
    market.heard()

    report = due(ws, "2024-01-17T22:00Z")

    assert [each.dataset.symbol for each in report] == ["M1", "M2", "OLD", "A"]
    assert market.heard() == ["M1", "M2", "OLD", "A"]


def test_minutes_are_due_every_thirty_bars_or_as_many_as_are_wanted(
    ws: Workspace, market: Market
) -> None:
    load(ws, "MIN", frequency="1m", as_of="2024-01-16T15:00Z")
    market.heard()

    assert len(due(ws, "2024-01-16T15:29Z")) == 0
    assert [each.record.added for each in due(ws, "2024-01-16T15:10Z", intraday_bars=10)] == [10]
    assert [each.record.added for each in due(ws, "2024-01-16T15:40Z")] == [30]
    with pytest.raises(OptionError, match="--intraday-bars needs --due"):
        verbs.update(ws, intraday_bars=10)
    with pytest.raises(OptionError, match="--intraday-bars must be at least 1"):
        due(ws, "2024-01-16T15:40Z", intraday_bars=0)


def test_a_symbol_that_fails_is_not_asked_for_at_every_quarter_of_an_hour(
    ws: Workspace, market: Market
) -> None:
    load(ws, "GOOD", as_of=SUNDAY_NIGHT)
    load(ws, "DOWN", as_of=SUNDAY_NIGHT)
    market.down, at = {"DOWN"}, datetime(2024, 1, 16, 20, 45, tzinfo=UTC)
    market.heard()

    asked = []
    for number in range(2 * 96):
        report = due(ws, f"{at + number * timedelta(minutes=15):%Y-%m-%dT%H:%MZ}")
        asked += [f"{each.record.at:%d %H:%M} {each.dataset.symbol}" for each in report]

    assert asked == [
        "16 21:00 DOWN", "16 21:00 GOOD", "16 21:15 DOWN", "16 21:45 DOWN", "16 22:45 DOWN",
        "17 00:45 DOWN", "17 04:45 DOWN", "17 12:45 DOWN", "17 21:00 DOWN", "17 21:00 GOOD",
    ]  # fmt: skip


def test_a_failure_that_no_run_could_record_is_not_repeated_at_once_either(
    ws: Workspace, market: Market
) -> None:
    load(ws, "BUG")
    load(ws, "CUT")
    market.broken = {"BUG"}
    file = next((ws.settings.home / "data").rglob("CUT/*.parquet"))
    whole = file.read_bytes()
    file.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])  # its size is the same
    asked: dict[str, list[str]] = {"BUG": [], "CUT": []}

    for at in ("21:00", "21:05", "21:15", "21:30", "21:45", "22:00"):
        for each in due(ws, f"2024-01-16T{at}Z"):
            assert each.record.outcome == "failed"
            asked[each.dataset.symbol].append(at)

    assert [*asked.values()] == [["21:00", "21:15", "21:45"]] * 2
    (bug, cut) = verbs.health(ws, as_of="2024-01-16T22:00Z").datasets
    assert bug.reason.startswith("the last run failed: a bug of the provider")
    assert cut.reason.startswith("the last run failed: ")


def test_a_symbol_that_fails_is_updated_when_its_provider_is_back(
    ws: Workspace, market: Market
) -> None:
    load(ws, "DOWN")
    market.down = {"DOWN"}
    assert due(ws, "2024-01-16T21:00Z").results[0].record.outcome == "failed"
    market.down = set()

    assert len(due(ws, "2024-01-16T21:10Z")) == 0
    assert [each.record.added for each in due(ws, "2024-01-16T21:15Z")] == [1]


def test_what_is_damaged_or_has_ended_is_not_due(ws: Workspace, market: Market) -> None:
    for symbol in ("CUT", "GONE", "GOOD"):
        load(ws, symbol)
    next((ws.settings.home / "data").rglob("CUT/*.parquet")).write_bytes(b"")
    verbs.end(ws, "GONE", as_of=FRIDAY_NIGHT)
    market.heard()

    report = due(ws, "2024-01-16T22:00Z")

    assert market.heard() == ["GOOD"]
    assert report.waiting == 2


def test_a_symbol_that_is_named_is_not_updated_before_it_is_due_either(
    ws: Workspace, market: Market
) -> None:
    load(ws, "DAYS")
    market.heard()

    report = due(ws, "2024-01-13T12:00Z", symbol=["DAYS", "NOPE"])

    assert market.heard() == []
    assert [(each.dataset.symbol, each.record.outcome) for each in report] == [("NOPE", "failed")]


def test_the_document_says_when_the_next_update_is_due_where_that_was_asked_for(
    ws: Workspace,
) -> None:
    load(ws, "DAYS", as_of="2024-01-13T11:00Z")

    asked = json.loads(report_json(due(ws, "2024-01-13T12:00Z")))
    plain = json.loads(report_json(verbs.update(ws, as_of="2024-01-13T12:00Z")))

    assert (asked["waiting"], asked["next_due"]) == (1, "2024-01-16T11:01:00+00:00")
    assert not {"waiting", "next_due"} & {*plain}


def test_no_manifest_is_opened_to_know_that_nothing_is_due(
    ws: Workspace, market: Market, looked_at: list[str]
) -> None:
    for symbol in ("A", "B", "C"):
        load(ws, symbol)
    ws.flush()
    market.heard()
    looked_at.clear()

    assert due(ws, "2024-01-13T12:00Z").waiting == 3
    names = [Path(path).name for path in looked_at]
    assert [each for each in names if each.startswith("m.") or each.endswith(".parquet")] == []
    assert market.heard() == []


def test_nothing_is_requested_when_nothing_is_due(tmp_path: Path) -> None:
    events: list[Event] = []
    settings = Settings(home=tmp_path / "home", provider="sample")
    ws = Workspace.open(settings, observer=events.append)
    verbs.load(ws, "AAPL", start="2005-01-03", as_of="2005-03-08")
    events.clear()

    due(ws, "2005-03-09T12:00Z")

    assert not [each for each in events if isinstance(each, FetchStarted)]
