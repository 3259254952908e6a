"""Many symbols through one yahoo: what fails, what stops, what is kept, and what it costs."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import date

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.events import Event, RequestDelayed
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.replay import Fault, Listing, Split, sampled
from tests.yahoo.client import Client, NoWaiting, assert_true_bars, evening, shares

BEFORE, DAY, NEXT = date(2006, 2, 24), date(2006, 2, 27), date(2006, 2, 28)


@pytest.fixture(scope="module")
def share() -> Listing:
    return shares(sampled("IBM"), "2005-12-01", "2006-03-15")


def listed(client: Client, share: Listing, count: int) -> tuple[str, ...]:
    names = tuple(f"ACME{n}" for n in range(count))
    for name in names:
        client.replay.add(replace(share, symbol=name))
    return names


@pytest.fixture
def three(client: Client, share: Listing) -> tuple[str, ...]:
    names = listed(client, share, 3)
    report = client.load(*names, at=evening(BEFORE))
    assert [each.record.outcome for each in report.results] == ["changed"] * 3
    client.replay.asked.clear()
    client.waited.seconds.clear()
    return names


def only(name: str) -> str:
    return rf"chart/{name}\?.*period1"


def test_an_update_of_one_daily_symbol_is_one_request(
    client: Client, three: tuple[str, ...]
) -> None:
    client.updated(three[0], at=evening(DAY))

    (asked,) = client.replay.asked
    assert f"chart/{three[0]}?" in asked
    assert "period1" in asked


def test_a_second_update_of_a_named_symbol_asks_as_often_as_the_first(
    client: Client, three: tuple[str, ...]
) -> None:
    for _ in range(3):
        client.updated(three[0], at=evening(DAY))

    assert len(client.replay.asked) == 3


def test_a_load_of_what_is_stored_is_one_request(client: Client, three: tuple[str, ...]) -> None:
    client.load(three[0], at=evening(DAY))

    # What kind of symbol it is was asked when it was first loaded.
    assert len(client.replay.asked) == 1
    assert client.replay.bars_asked == 1


def test_a_restatement_costs_one_request_more(client: Client, three: tuple[str, ...]) -> None:
    client.replay.add(
        shares(sampled("IBM"), "2005-12-01", "2006-03-15", symbol=three[0], split=Split(NEXT, 2))
    )
    client.updated(three[0], at=evening(DAY), accept=True)
    client.replay.asked.clear()

    assert client.updated(three[0], at=evening(NEXT)).verdict == "restated"

    # The last days, and then the whole history.
    assert len(client.replay.asked) == 2


def test_reading_sends_no_request(client: Client, three: tuple[str, ...]) -> None:
    verbs.health(client.ws, as_of=evening(DAY))
    verbs.list_(client.ws)
    verbs.gaps(client.ws, as_of=evening(DAY))
    verbs.providers(client.ws)
    client.stored(three[0])

    assert client.replay.asked == []


def test_one_bad_symbol_does_not_stop_the_rest_and_is_named(
    client: Client, three: tuple[str, ...]
) -> None:
    client.replay.faults.append(Fault("delisted", match=only(three[1]), times=-1))

    report = client.update(at=evening(DAY))

    outcomes = {each.dataset.symbol: each.record.outcome for each in report.results}
    assert outcomes == {"ACME0": "changed", "ACME1": "failed", "ACME2": "changed"}
    error = report.results[1].record.error
    assert error is not None
    assert error.type == "SymbolUnknown"
    assert "ACME1" in error.message
    assert (report.left, report.stopped) == ((), "")
    assert len(client.replay.asked) == 3


def test_an_unknown_symbol_among_known_ones(client: Client, share: Listing) -> None:
    names = listed(client, share, 2)

    report = client.load(names[0], "NOSUCH", names[1], at=evening(DAY))

    assert [each.record.outcome for each in report.results] == ["changed", "failed", "changed"]
    assert [each.symbol for each in client.ws.store.datasets()] == list(names)


@pytest.mark.parametrize("kind", ["html", "truncated", "reset", "short_body"])
def test_a_passing_fault_is_asked_again(client: Client, three: tuple[str, ...], kind: str) -> None:
    client.replay.faults.append(Fault(kind, times=2))  # type: ignore[arg-type]

    assert client.updated(three[0], at=evening(DAY)).outcome == "changed"

    assert len(client.replay.asked) == 3
    first, second = client.waited.seconds
    assert 1 <= first <= 1.25
    assert 2 <= second <= 2.5
    assert_true_bars(client.stored(three[0]), client.replay.market.listings[three[0]])


def test_an_outage_fails_after_five_attempts_and_leaves_the_bars(
    client: Client, three: tuple[str, ...]
) -> None:
    before = client.stored(three[0])
    client.replay.faults.append(Fault("status", code=503, times=-1))

    record = client.updated(three[0], at=evening(DAY))

    assert record.outcome == "failed"
    assert record.error is not None
    assert record.error.type == "ProviderUnavailable"
    # yfinance asks once more with another cookie after a status of 400 and above.
    assert client.replay.bars_asked == 5 * 2
    assert 15 <= sum(client.waited.seconds) <= 1.25 * 15
    assert client.stored(three[0]).equals(before)
    client.replay.faults.clear()
    assert client.updated(three[0], at=evening(NEXT)).added == 2


def test_a_first_load_asks_again_too(client: Client, share: Listing) -> None:
    (name,) = listed(client, share, 1)
    client.replay.faults.append(Fault("status", match=r"chart/ACME0\?", code=503, times=4))

    client.loaded(name, at=evening(DAY))

    # Each attempt is made with two cookies.
    assert len([s for s in client.waited.seconds if s >= 1]) == 2
    assert client.replay.bars_asked == 2 * 2 + 1


def test_a_rate_limit_stops_the_batch_and_keeps_what_is_done(
    client: Client, share: Listing
) -> None:
    names = listed(client, share, 6)
    client.load(*names, at=evening(BEFORE))
    client.replay.asked.clear()
    client.waited.seconds.clear()
    client.replay.faults.append(Fault("status", match=only("ACME2"), code=429, times=-1))

    report = client.update(at=evening(DAY), workers=1)

    assert [each.record.outcome for each in report.results] == ["changed", "changed", "failed"]
    error = report.results[-1].record.error
    assert error is not None
    assert (error.type, error.hint) == ("RateLimited", "try again in 15 minutes")
    assert [each.symbol for each in report.left] == ["ACME3", "ACME4", "ACME5"]
    assert "429, too many requests" in report.stopped
    assert report.requests == 2 + 4
    # Two good ones, and four attempts at the third, each of them with two cookies.
    assert client.replay.bars_asked == 2 + 4 * 2
    waits = [seconds for seconds in client.waited.seconds if seconds]
    assert len(waits) == 3
    assert all(
        least <= wait <= 1.25 * least for least, wait in zip((30, 60, 120), waits, strict=True)
    )
    for name in names[:2]:
        assert client.stored(name).index[-1].date() == DAY

    client.replay.faults.clear()
    report = client.update(at=evening(NEXT))
    assert [each.record.outcome for each in report.results] == ["changed"] * 6
    for name in names:
        assert_true_bars(client.stored(name), client.replay.market.listings[name])


def test_a_rate_limit_with_many_workers_lets_the_running_ones_end(
    client: Client, share: Listing
) -> None:
    names = listed(client, share, 9)
    client.load(*names, at=evening(BEFORE))
    client.replay.asked.clear()
    client.replay.faults.append(Fault("status", code=429, times=-1))

    report = client.update(at=evening(DAY), workers=3)

    assert {each.record.outcome for each in report.results} == {"failed"}
    assert len(report.results) <= 3 + 2
    assert len(report.results) + len(report.left) == 9
    # One waits, and asks again. The others are told by then that it is not for their sake.
    assert client.replay.bars_asked == (len(report.results) + 1) * 2
    assert sum(client.waited.seconds) == 30


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize(("code", "count"), [(500, 20), (429, 12)])
def test_a_provider_that_is_down_ends_the_run_within_half_a_minute_of_waiting(
    client: Client, share: Listing, code: int, count: int, workers: int
) -> None:
    names = listed(client, share, count)
    client.load(*names, at=evening(BEFORE))
    client.waited.seconds.clear()
    client.replay.faults.append(Fault("status", match=".", code=code, times=-1))

    report = client.update(at=evening(DAY), workers=workers)

    assert {each.record.outcome for each in report.results} == {"failed"}
    assert 1 <= len(report.results) <= 3 + workers
    assert len(report.results) + len(report.left) == count
    reason = "with 429, too many requests" if code == 429 else "it responds, but not with bars"
    assert reason in report.stopped
    assert sum(client.waited.seconds) <= 30
    client.replay.faults.clear()
    report = client.update(at=evening(DAY))
    assert [each.record.outcome for each in report.results] == ["changed"] * count


def test_a_load_from_a_provider_that_is_down_ends_as_early(client: Client, share: Listing) -> None:
    names = listed(client, share, 20)
    client.replay.faults.append(Fault("status", match=".", code=500, times=-1))

    report = client.load(*names, at=evening(DAY))

    assert len(report.results) <= 3 + 4
    assert len(report.results) + len(report.left) == 20
    assert sum(client.waited.seconds) <= 30


def test_an_outage_in_mid_run_keeps_what_is_done(client: Client, share: Listing) -> None:
    names = listed(client, share, 8)
    client.load(*names, at=evening(BEFORE))
    client.replay.faults.append(Fault("status", match="ACME[2-7]", code=503, times=-1))

    report = client.update(at=evening(DAY), workers=1)

    outcomes = [each.record.outcome for each in report.results]
    assert outcomes == ["changed", "changed", "failed", "failed", "failed"]
    assert [each.symbol for each in report.left] == ["ACME5", "ACME6", "ACME7"]
    for name in names[:2]:
        assert client.stored(name).index[-1].date() == DAY


def test_one_symbol_without_an_answer_does_not_stop_the_rest(
    client: Client, share: Listing
) -> None:
    names = listed(client, share, 5)
    client.load(*names, at=evening(BEFORE))
    client.waited.seconds.clear()
    client.replay.faults.append(Fault("status", match="ACME0", code=503, times=-1))

    report = client.update(at=evening(DAY), workers=1)

    assert [each.record.outcome for each in report.results] == ["failed", *["changed"] * 4]
    first, second, third, fourth = (seconds for seconds in client.waited.seconds if seconds)
    assert 1 <= first <= 1.25
    assert 2 <= second <= 2.5
    assert 4 <= third <= 5
    assert 8 <= fourth <= 10


def test_datasets_of_another_provider_go_on_during_an_outage(
    client: Client, share: Listing
) -> None:
    names = listed(client, share, 4)
    client.load(*names, at=evening(BEFORE))
    others = tuple(f"Z{number}" for number in range(4))
    client.load(*others, at=evening(BEFORE), provider="synthetic", start="2006-01-03")
    client.replay.faults.append(Fault("status", match=".", code=503, times=-1))

    report = client.update(at=evening(DAY), workers=1)

    outcomes = {each.dataset.symbol: each.record.outcome for each in report.results}
    assert {outcomes[name] for name in others} == {"changed"}
    assert [each.symbol for each in report.left] == ["ACME3"]


def test_the_shell_says_in_one_line_that_the_provider_is_down(
    shell: Client, share: Listing, capsys: pytest.CaptureFixture[str]
) -> None:
    names = listed(shell, share, 20)
    shell.load(*names, at=evening(BEFORE))
    shell.replay.faults.append(Fault("status", match=".", code=500, times=-1))

    for more in ([], ["-q"]):
        assert main(["update", *more]) == 75

        told = capsys.readouterr()
        assert told.out == ""
        last = told.err.splitlines()[-1]
        assert last.startswith("ml4t-data: update stopped, yahoo did not respond for ACME")
        assert "(try again later)" in last
        # Told on the way, to a log too; not where the run is quiet.
        assert any("again in" in line for line in told.err.splitlines()) is not bool(more)
        assert len(told.err.splitlines()) <= (1 if more else 8)


def test_a_rate_limit_stops_a_load_too(client: Client, share: Listing) -> None:
    names = listed(client, share, 8)
    client.replay.faults.append(Fault("status", match="chart/ACME", code=429, times=-1))

    report = client.load(*names, at=evening(DAY))

    assert {e.record.error.type for e in report.results if e.record.error} == {"RateLimited"}
    assert len(report.results) + len(report.left) == 8
    assert len(report.left) >= 2
    assert "429" in report.stopped
    assert client.ws.store.datasets() == ()


def test_days_and_weeks_of_the_same_symbols_at_once(client: Client, share: Listing) -> None:
    names = listed(client, share, 4)
    client.load(*names, at=evening(BEFORE))
    client.load(*names, at=evening(BEFORE), frequency="weekly")

    report = client.update(at=evening(NEXT), workers=8)

    assert len(report.results) == 8
    assert {each.record.outcome for each in report.results} <= {"changed", "unchanged"}
    for name in names:
        assert_true_bars(
            client.stored(name, frequency="daily"), client.replay.market.listings[name]
        )


@pytest.fixture
def shell(client: Client, three: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> Client:
    """Command lines of this process, for whom time passes at once; three symbols are stored."""
    del three
    monkeypatch.setenv("ML4T_DATA_HOME", str(client.home))
    monkeypatch.setenv("ML4T_DATA_YAHOO_PER_MINUTE", "1000000")
    monkeypatch.setenv("ML4T_DATA_AS_OF", evening(DAY).isoformat())
    monkeypatch.setattr(
        "ml4t_nb.execution.execute.Workspace.open",
        lambda settings, observer, **_: Workspace(
            settings, observer=observer, cancel=client.waited
        ),
    )
    client.replay.market.now = evening(DAY)
    return client


def test_the_shell_says_75_and_when_to_try_again(
    shell: Client, three: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    shell.replay.faults.append(Fault("status", match=only(three[1]), code=429, times=-1))

    assert main(["update", "--workers", "1"]) == 75

    said = capsys.readouterr().out
    assert "too many requests" in said
    assert "try again in 15 minutes" in said
    assert said.startswith("3 datasets: 1 updated, 1 failed, 1 not reached\n")
    assert said.endswith("\nnot reached: ACME2\n   → ml4t-data update -s ACME1 -s ACME2\n")


def test_the_shell_s_document_of_a_rate_limit(
    shell: Client, three: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    shell.replay.faults.append(Fault("status", match=only(three[0]), code=429, times=-1))

    assert main(["update", "--workers", "1", "--json"]) == 75

    told = json.loads(capsys.readouterr().out)
    assert told["left"] == ["equities/daily/ACME1", "equities/daily/ACME2"]
    assert "429" in told["stopped"]
    assert told["results"][0]["error"]["hint"] == "try again in 15 minutes"


def test_the_shell_names_the_bad_symbol_at_the_end(
    shell: Client, three: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    shell.replay.faults.append(Fault("delisted", match=only(three[1]), times=-1))

    assert main(["update"]) == 1

    said = capsys.readouterr().out
    assert "ACME1" in said.splitlines()[-1] or "yahoo has no symbol 'ACME1'" in said
    assert said.startswith("3 datasets: 2 updated, 1 failed\n")


class Watched(NoWaiting):
    """Also remembers which threads looked whether to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[str] = set()

    def is_set(self) -> bool:
        self.threads.add(threading.current_thread().name)
        return super().is_set()


def test_workers_share_one_budget(client: Client, share: Listing) -> None:
    names = listed(client, share, 14)
    client.load(*names, at=evening(BEFORE))
    client.replay.asked.clear()
    client.replay.market.now = evening(DAY)
    watched = Watched()
    # One a second, a rate that no other test's budget has.
    settings = Settings(home=client.home, provider="yahoo", yahoo_per_minute=60.5)

    told: list[Event] = []
    ws = Workspace(settings, cancel=watched, observer=told.append)
    report = verbs.update(ws, workers=3, as_of=evening(DAY))

    assert {each.record.outcome for each in report.results} == {"changed"}
    assert len(client.replay.asked) == 14
    assert 1 < len(watched.threads - {"MainThread"}) <= 3
    # Ten at once are free; the others would have waited, each longer than the one before.
    waits = sorted(seconds for seconds in watched.seconds if seconds)
    assert 1 <= len(waits) <= 4
    assert waits[-1] <= 4 * 60 / 60.5
    delays = [each for each in told if isinstance(each, RequestDelayed)]
    assert sorted(each.wait_s for each in delays) == waits
    assert {each.per_minute for each in delays} == {60.5}
    # What is left is in the store, for other processes that work on it: ten, less the last one.
    left, _ = (client.home / "cache" / "requests" / "yahoo-60.5").read_text().split()
    assert float(left) <= 9
    for name in names:
        assert_true_bars(client.stored(name), client.replay.market.listings[name])
