"""What `--plan` says is what the run then asks for, by the replay's log of requests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.commands.exit_codes import code_of
from ml4t_nb.model import DatasetId, Frequency
from ml4t_nb.plans import PlannedRequest
from ml4t_nb.render.text import report_text
from ml4t_nb.reports import PlanReport
from tests.replay import Fault, Listing, Split, sampled
from tests.yahoo.client import Client, evening, shares

FRIDAY, MONDAY = date(2006, 2, 24), date(2006, 2, 27)
INTERVALS: dict[Frequency, str] = {"weekly": "1d", "daily": "1d", "hourly": "60m"}
FIRST = datetime(1925, 1, 1, tzinfo=UTC)


def charts(client: Client) -> list[tuple[str, datetime, datetime]]:
    """Interval, start and end of each request for bars since the last call, in order."""
    pattern = re.compile(r"/v8/finance/chart/.*period1=(-?\d+)&period2=(-?\d+)&interval=(\w+)")
    found = [pattern.search(each) for each in client.replay.asked if "/chart/" in each]
    client.replay.asked.clear()
    assert None not in found
    return [(each[3], instant(each[1]), instant(each[2])) for each in found if each]


def instant(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def files(folder: Path) -> dict[Path, tuple[bytes, int]]:
    return {
        each: (each.read_bytes(), each.stat().st_mtime_ns)
        for each in folder.rglob("*")
        if each.is_file()
    }


def planned(client: Client, ask: Callable[[], Any], *, at: datetime) -> PlanReport:
    """The plan that a verb gives, which asks and writes nothing."""
    client.replay.market.now = at
    client.replay.asked.clear()
    before = files(client.home)
    plan: PlanReport = ask().plan
    assert client.replay.asked == []
    assert files(client.home) == before
    return plan


def is_request_of(each: PlannedRequest, asked: tuple[str, datetime, datetime]) -> bool:
    """Whether a request of the log is the planned one, with what the provider asks around it.

    Of days some before and one after, since a day is the exchange's; of minutes from midnight on.
    """
    interval, start, end = asked
    around = timedelta(days=14 if interval == "1d" else 1, hours=1)
    first = max(each.span.start, FIRST)
    # An end is asked for in whole seconds.
    is_inside = start <= first and each.span.end.replace(microsecond=0) <= end
    is_tight = end - start <= each.span.end - first + around
    return interval == INTERVALS.get(each.frequency, each.frequency) and is_inside and is_tight


def held_to(client: Client, plan: PlanReport, requests: int) -> None:
    """Require so many requests of the plan, and the same of the log."""
    asked = charts(client)
    certain = [each for one in plan.datasets for each in one.requests]
    assert len(certain) == requests
    assert len(asked) == requests, asked
    pairs = list(zip(certain, asked, strict=True))
    assert all(is_request_of(*pair) for pair in pairs), pairs


def load_of(client: Client, symbol: str, at: datetime, **options: Any) -> Callable[..., Any]:  # noqa: ANN401
    return lambda **more: verbs.load(client.ws, symbol, as_of=at, **options, **more)


def update_of(client: Client, at: datetime, **options: Any) -> Callable[..., Any]:  # noqa: ANN401
    return lambda **more: verbs.update(client.ws, as_of=at, **options, **more)


def plan_and_run(client: Client, verb: Callable[..., Any], *, at: datetime, requests: int) -> Any:  # noqa: ANN401
    plan = planned(client, lambda: verb(plan=True), at=at)
    done = verb()
    held_to(client, plan, requests)
    return done


@pytest.mark.parametrize("frequency", ["daily", "weekly"])
@pytest.mark.parametrize("start", [None, "2006-01-10"])
def test_a_first_load(
    client: Client, share: Listing, frequency: Frequency, start: str | None
) -> None:
    at = evening(FRIDAY)
    verb = load_of(client, share.symbol, at, frequency=frequency, start=start)

    plan_and_run(client, verb, at=at, requests=1)


def test_a_load_that_ends_early_asks_for_the_splits_after_it_too(
    client: Client, share: Listing
) -> None:
    at = evening(FRIDAY)

    plan_and_run(client, load_of(client, share.symbol, at, end="2006-02-10"), at=at, requests=2)


def test_a_history_that_is_prepended(client: Client, share: Listing) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY), start="2006-02-01")
    at = evening(FRIDAY)
    verb = load_of(client, share.symbol, at, start="2006-01-03", end="2006-01-31")

    plan_and_run(client, verb, at=at, requests=2)

    assert client.stored(share.symbol).index[0].date() == date(2006, 1, 3)


@pytest.mark.parametrize("day", [MONDAY, date(2006, 3, 15)])
@pytest.mark.parametrize("frequency", ["daily", "weekly"])
def test_an_update_after_a_day_or_weeks(
    client: Client, share: Listing, day: date, frequency: Frequency
) -> None:
    client.loaded(share.symbol, at=evening(date(2006, 2, 17)), frequency=frequency)

    plan_and_run(client, update_of(client, evening(day)), at=evening(day), requests=1)


def test_an_update_with_an_open_gap(client: Client, share: Listing) -> None:
    client.replay.faults.append(Fault("drop", times=-1, days=("2006-01-10",)))
    client.loaded(share.symbol, at=evening(FRIDAY))
    client.replay.faults.clear()

    done = plan_and_run(client, update_of(client, evening(MONDAY)), at=evening(MONDAY), requests=1)

    assert done.results[0].record.added == 2


def test_a_quiet_night(client: Client, share: Listing) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY))
    saturday = evening(date(2006, 2, 25))

    plan_and_run(client, update_of(client, saturday), at=saturday, requests=0)


def test_minutes_in_pieces_of_a_week(client: Client, minutes: Listing) -> None:
    client.replay.add(minutes)
    noon = datetime.fromisoformat("2019-12-02T12:00-05:00")

    plan = planned(
        client, lambda: load_of(client, "ACME", noon, frequency="1m")(plan=True), at=noon
    )
    assert len(plan.datasets[0].requests) == 5
    load_of(client, "ACME", noon, frequency="1m")()
    held_to(client, plan, 5)

    later = noon + timedelta(hours=2)
    plan_and_run(client, update_of(client, later), at=later, requests=1)


def test_minutes_after_weeks_and_about_to_be_lost(client: Client, minutes: Listing) -> None:
    client.replay.add(minutes)
    first = datetime.fromisoformat("2019-11-20T17:00-05:00")
    client.loaded("ACME", at=first, frequency="1m", start="2019-11-07")
    noon = datetime.fromisoformat("2019-12-03T12:00-05:00")

    plan = planned(client, lambda: update_of(client, noon)(plan=True), at=noon)

    (one,) = plan.datasets
    # The first minute of the 21st, and 29 days later.
    assert one.vanishing == datetime(2019, 11, 21, 14, 30, tzinfo=UTC)
    assert one.lost_from == datetime(2019, 12, 20, 14, 30, tzinfo=UTC)
    assert one.at_stake == 10 * 390
    update_of(client, noon)()
    # The split of that day has restated the minutes: all are asked for again.
    asked = charts(client)
    certain = len(one.requests)
    assert all(map(is_request_of, one.requests, asked[:certain]))
    more = {each.reason: each.at_most for each in one.possible}
    assert 0 < len(asked) - certain <= more["whole"] + more["jump"]


def test_spans_that_failed_are_asked_for_again(client: Client, minutes: Listing) -> None:
    client.replay.add(minutes)
    noon = datetime.fromisoformat("2019-12-02T12:00-05:00")
    client.replay.faults.append(Fault("reset", match=r"period1=157[45]", times=-1))
    client.load("ACME", at=noon, frequency="1m", start="2019-11-07")
    client.replay.faults.clear()
    assert client.manifest("ACME").rows

    verb = load_of(client, "ACME", noon, frequency="1m", start="2019-11-07")
    plan = planned(client, lambda: verb(plan=True), at=noon)
    verb()

    # Not from the start, but from where it failed.
    assert 0 < len(plan.datasets[0].requests) < 4
    held_to(client, plan, len(plan.datasets[0].requests))


def test_a_universe_of_which_some_is_stored(client: Client, share: Listing) -> None:
    client.replay.add(replace(share, symbol="BOLT"))
    client.loaded(share.symbol, at=evening(FRIDAY))
    declared = 'universe = [{ name = "core", symbols = ["ACME", "BOLT"], provider = "yahoo" }]'
    (client.home / "ml4t.toml").write_text(declared, encoding="utf-8")
    at = evening(MONDAY)

    done = plan_and_run(
        client, lambda **more: verbs.sync(client.ws, as_of=at, workers=1, **more), at=at, requests=2
    )

    assert [each.record.verb for each in done.results] == ["update", "load"]


def test_gaps_that_are_requested_again(client: Client, share: Listing) -> None:
    client.replay.faults.append(Fault("drop", times=-1, days=("2006-01-10", "2006-02-07")))
    client.loaded(share.symbol, at=evening(FRIDAY))
    client.replay.faults.clear()
    at = evening(FRIDAY)

    def verb(*, plan: bool = False) -> Any:  # noqa: ANN401
        return verbs.gaps(client.ws, refetch=True, as_of=at, plan=plan)

    plan_and_run(client, verb, at=at, requests=2)

    assert client.manifest(share.symbol).gaps == ()


def test_a_symbol_after_its_rename(client: Client, share: Listing) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY))
    client.replay.add(replace(share, symbol="NEWCO"))
    client.loaded("NEWCO", at=evening(MONDAY), start="2006-02-15")
    verbs.rename(client.ws, [share.symbol, "NEWCO"], as_of=evening(MONDAY))
    charts(client)
    day = evening(date(2006, 2, 28))

    plan_and_run(client, update_of(client, day), at=day, requests=1)


def test_what_is_asked_besides_is_what_was_possible(client: Client) -> None:
    split = Split(date(2006, 2, 28), 2)
    client.replay.add(shares(sampled("IBM"), "2005-12-01", "2006-03-15", split=split))
    client.loaded("ACME", at=evening(FRIDAY))
    client.updated("ACME", at=evening(MONDAY))
    day = evening(date(2006, 2, 28))

    plan = planned(client, lambda: update_of(client, day)(plan=True), at=day)
    done = update_of(client, day)()

    assert done.results[0].record.verdict == "restated"
    assert len(plan.datasets[0].requests) == 1
    assert plan.datasets[0].at_stake == len(client.stored("ACME")) - 1
    assert {each.reason: each.at_most for each in plan.datasets[0].possible}["whole"] == 1
    assert len(charts(client)) == 2


def test_a_request_that_fails_is_repeated_no_more_than_was_possible(
    client: Client, share: Listing
) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY))
    day = evening(MONDAY)
    plan = planned(client, lambda: update_of(client, day)(plan=True), at=day)
    client.replay.faults.append(Fault("reset", times=-1))

    update_of(client, day)()

    more = {each.reason: each.at_most for each in plan.datasets[0].possible}
    assert 1 < len(charts(client)) <= 1 + more["retry"]


def test_no_lock_is_taken(client: Client, share: Listing) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY))
    dataset = DatasetId("equities", "daily", share.symbol)

    with ThreadPoolExecutor(1) as other, client.ws.store.transaction(dataset):
        verb = update_of(client, evening(MONDAY))
        plan = other.submit(lambda: verb(plan=True)).result().plan

    assert (plan.requests, plan.failed) == (1, ())


def test_a_plan_of_an_empty_store_makes_no_folder(client: Client, share: Listing) -> None:
    at = evening(FRIDAY)

    planned(client, lambda: load_of(client, share.symbol, at)(plan=True), at=at)

    assert not client.home.exists()


def test_many_symbols_take_minutes_by_the_budget(client: Client) -> None:
    names = [f"S{number}" for number in range(130)]
    settings = replace(client.ws.settings, yahoo_per_minute=60.0)
    ws = replace(client.ws, settings=settings)

    plan = verbs.load(ws, names, as_of=evening(FRIDAY), plan=True).plan

    assert plan is not None
    (budget,) = plan.budgets
    # Ten at once, and then one a second.
    assert (budget.requests, budget.per_minute, budget.minutes) == (130, 60.0, 2.0)
    assert plan.minutes == 2.0
    text = report_text(plan)
    assert text.startswith("load of 130 datasets would send 130 requests, which take at least 2:00")
    assert "and 110 more datasets" in text


def test_a_dataset_that_cannot_be_read_is_named(
    client: Client,
    share: Listing,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,  # noqa: ANN401
) -> None:
    client.replay.add(replace(share, symbol="BOLT"))
    client.load(share.symbol, "BOLT", at=evening(FRIDAY))
    for manifest in client.home.rglob("*ACME*/**/*.json"):
        manifest.write_text("{", encoding="utf-8")
    monkeypatch.setenv("ML4T_DATA_HOME", str(client.home))

    plan = update_of(client, evening(MONDAY))(plan=True).plan

    (bad,) = plan.failed
    assert bad.dataset.symbol == "ACME"
    assert (code_of(plan), plan.requests) == (1, 1)
    assert "ACME" in report_text(plan)
    assert main(["update", "--plan", "--json", "--as-of", "2006-02-27T23:00Z"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [len(each["requests"]) for each in document["datasets"]] == [0, 1]
    assert document["datasets"][0]["error"]["message"]


def test_a_plan_in_a_shell(
    client: Client,
    share: Listing,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client.loaded(share.symbol, at=evening(FRIDAY))
    monkeypatch.setenv("ML4T_DATA_HOME", str(client.home))

    assert main(["update", "--plan", "--as-of", "2006-02-27T23:00Z"]) == 0

    said = capsys.readouterr().out
    assert said.startswith("update of 1 dataset would send 1 request")
    assert "nothing was requested, and nothing was written" in said
    assert list(update_of(client, evening(MONDAY))(plan=True).to_frame()["requests"]) == [1]
