"""A symbol that Yahoo does not know any more: failed, then proposed to end, then quiet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.commands.exit_codes import code_of
from ml4t_nb.finding import Finding
from ml4t_nb.model import NextStep
from ml4t_nb.render.text import report_text
from ml4t_nb.reports import RunReport
from tests.replay import Fault, Listing, sampled
from tests.yahoo.client import Client, evening, shares

LAST = date(2006, 2, 24)
# Monday to Friday.
NIGHTS = [
    date(2006, 2, 27),
    date(2006, 2, 28),
    date(2006, 3, 1),
    date(2006, 3, 2),
    date(2006, 3, 3),
]


@pytest.fixture(scope="module")
def share() -> Listing:
    return shares(sampled("IBM"), "2005-12-01", "2006-03-15")


@pytest.fixture
def stored(client: Client, share: Listing) -> Client:
    """ACME and two others, up to a Friday."""
    for name in ("ACME", "BOLT", "CORK"):
        client.replay.add(replace(share, symbol=name))
    client.load("ACME", "BOLT", "CORK", at=evening(LAST))
    return client


def vanish(client: Client, *names: str) -> None:
    for name in names:
        client.replay.faults.append(Fault("delisted", match=rf"chart/{name}\?", times=-1))
    client.replay.asked.clear()


def night(client: Client, day: date, *symbols: str) -> RunReport:
    client.replay.asked.clear()
    return client.update(*symbols, at=evening(day))


def asked(client: Client, name: str) -> int:
    return sum(f"chart/{name}?" in each for each in client.replay.asked)


def findings(client: Client, name: str) -> list[Finding]:
    found = client.manifest(name).findings
    return [each for each in found if each.rule == "unknown symbol"]


def outcome(report: RunReport, name: str) -> str:
    (found,) = (each for each in report.results if each.dataset.symbol == name)
    return found.record.outcome


def test_five_nights_of_an_unknown_symbol_and_its_end(stored: Client) -> None:
    vanish(stored, "ACME")
    codes, told = [], []
    for day in NIGHTS:
        report = night(stored, day)
        assert asked(stored, "ACME") == 1
        codes.append(code_of(report))
        told.append(sum(len(each.findings) for each in report.results))
        assert outcome(report, "BOLT") == "changed"

    assert codes == [1, 1, 1, 0, 0]
    assert told == [0, 0, 1, 0, 0]
    (finding,) = findings(stored, "ACME")
    # The symbol is in doubt, and no bar.
    assert (finding.state, finding.severity, finding.stamp) == ("open", "warning", None)
    assert len(verbs.bars(stored.ws, "ACME", require="clean"))
    assert finding.step == NextStep("end", stored.manifest("ACME").dataset, end=LAST)
    assert "in 3 sessions" in finding.detail
    assert finding.opened == stored.manifest("ACME").sequence - 2

    verbs.end(stored.ws, "ACME", on="2006-02-24", reason="merged", as_of=evening(NIGHTS[-1]))

    (finding,) = findings(stored, "ACME")
    assert finding.state == "accepted"
    assert finding.decision is not None
    assert (finding.decision.by, finding.decision.reason) == ("end", "merged")
    assert finding.decision.version == stored.manifest("ACME").sequence
    report = night(stored, date(2006, 3, 6))
    assert (code_of(report), asked(stored, "ACME")) == (0, 0)
    assert outcome(report, "ACME") == "unchanged"


def test_the_proposal_is_told_with_its_command_in_a_quiet_run_too(stored: Client) -> None:
    from ml4t_nb.render.run_blocks import news

    vanish(stored, "ACME")
    for day in NIGHTS[:2]:
        assert list(news(night(stored, day))) == []
    report = night(stored, NIGHTS[2])

    (note,) = news(report)
    assert note.text.startswith("⚠️ ACME: yahoo has not known the symbol in 3 sessions")
    assert "end -s ACME --on 2006-02-24" in report_text(report)


def test_runs_of_one_session_and_of_a_weekend_count_once(stored: Client) -> None:
    vanish(stored, "ACME")
    # Nothing is due on the evening of the last bar, and nothing on the weekend.
    for quiet in (LAST, date(2006, 2, 25), date(2006, 2, 26)):
        assert outcome(night(stored, quiet), "ACME") == "unchanged"
    thursday = [evening(NIGHTS[3], hour=22), evening(NIGHTS[3])]
    weekend = [evening(date(2006, 3, day)) for day in (3, 4, 5)]
    for at in (*thursday, *weekend):
        report = stored.update(at=at)
        assert outcome(report, "ACME") == "failed"

    assert findings(stored, "ACME") == []
    night(stored, date(2006, 3, 6))
    assert len(findings(stored, "ACME")) == 1


def test_a_night_on_which_bars_came_begins_the_count_again(stored: Client) -> None:
    vanish(stored, "ACME")
    night(stored, NIGHTS[0])
    night(stored, NIGHTS[1])
    stored.replay.faults.clear()
    assert outcome(night(stored, NIGHTS[2]), "ACME") == "changed"

    vanish(stored, "ACME")
    night(stored, NIGHTS[3])
    assert code_of(night(stored, NIGHTS[4])) == 1

    assert findings(stored, "ACME") == []


def test_a_symbol_that_comes_back_ends_the_finding_and_brings_all_its_bars(
    stored: Client,
) -> None:
    vanish(stored, "ACME")
    for day in NIGHTS[:4]:
        night(stored, day)
    stored.replay.faults.clear()

    report = night(stored, NIGHTS[4])

    assert (code_of(report), outcome(report, "ACME")) == (0, "changed")
    (finding,) = findings(stored, "ACME")
    assert finding.state == "corrected"
    days = [stamp.date() for stamp in stored.stored("ACME").index]
    assert days[-6:] == [LAST, *NIGHTS]


def test_a_symbol_that_comes_back_and_vanishes_again_fails_again(stored: Client) -> None:
    vanish(stored, "ACME")
    for day in NIGHTS[:3]:
        night(stored, day)
    stored.replay.faults.clear()
    night(stored, NIGHTS[3])
    vanish(stored, "ACME")

    assert code_of(night(stored, NIGHTS[4])) == 1


def test_a_whole_store_of_unknown_symbols_is_the_provider_s_fault(stored: Client) -> None:
    vanish(stored, "ACME", "BOLT", "CORK")

    codes = [code_of(night(stored, day)) for day in NIGHTS]

    assert codes == [1] * 5
    assert all(findings(stored, name) == [] for name in ("ACME", "BOLT", "CORK"))
    later = [date(2006, 3, day) for day in (6, 7, 8, 9)]
    assert [code_of(night(stored, day)) for day in later] == [1] * 4
    assert findings(stored, "ACME") == []
    night(stored, date(2006, 3, 10))
    # Ten sessions are no night's trouble any more.
    assert all(len(findings(stored, name)) == 1 for name in ("ACME", "BOLT", "CORK"))
    assert code_of(night(stored, date(2006, 3, 13))) == 0


def test_the_only_symbol_of_a_run_is_proposed_too(stored: Client) -> None:
    vanish(stored, "ACME")

    codes = [code_of(night(stored, day, "ACME")) for day in NIGHTS]

    assert codes == [1, 1, 1, 0, 0]
    assert len(findings(stored, "ACME")) == 1


def test_an_ended_symbol_is_updated_by_nobody_and_says_so_if_named(stored: Client) -> None:
    verbs.end(stored.ws, "ACME", reason="merged", as_of=evening(LAST))
    before = stored.manifest("ACME")

    report = night(stored, NIGHTS[0])
    assert (asked(stored, "ACME"), outcome(report, "ACME")) == (0, "unchanged")
    assert "ended" not in report_text(report)
    named = night(stored, NIGHTS[0], "ACME")

    assert (asked(stored, "ACME"), code_of(named)) == (0, 0)
    assert (
        "ACME: ended on 2006-02-24 (merged), so nothing is requested; "
        "`end --reopen` takes that back" in report_text(named)
    )
    assert stored.manifest("ACME") == before


def test_a_reopened_symbol_is_requested_again(stored: Client) -> None:
    verbs.end(stored.ws, "ACME", as_of=evening(LAST))
    verbs.end(stored.ws, "ACME", reopen=True, as_of=evening(LAST))

    report = night(stored, NIGHTS[0])

    assert (asked(stored, "ACME"), outcome(report, "ACME")) == (1, "changed")


def test_reopening_takes_the_decision_about_the_finding_back(stored: Client) -> None:
    vanish(stored, "ACME")
    for day in NIGHTS[:3]:
        night(stored, day)
    verbs.end(stored.ws, "ACME", as_of=evening(NIGHTS[2]))

    verbs.end(stored.ws, "ACME", reopen=True, as_of=evening(NIGHTS[2]))

    (finding,) = findings(stored, "ACME")
    assert (finding.state, finding.decision) == ("open", None)
    assert code_of(night(stored, NIGHTS[3])) == 0
    assert len(findings(stored, "ACME")) == 1


@pytest.mark.parametrize("ruling", ["accept", "reject"])
def test_a_proposal_that_is_decided_about_is_told_no_more_and_takes_no_bar_out(
    stored: Client, ruling: str
) -> None:
    vanish(stored, "ACME")
    for day in NIGHTS[:3]:
        night(stored, day)
    before = stored.stored("ACME")
    decide = {ruling: "the exchange says so"}
    verbs.review(stored.ws, "ACME", as_of=evening(NIGHTS[2]), **decide)  # type: ignore[arg-type]

    for day in NIGHTS[3:]:
        report = night(stored, day)
        assert (code_of(report), asked(stored, "ACME")) == (0, 1)
        assert all(each.findings == () for each in report.results)

    assert stored.stored("ACME").equals(before)
    assert [each.state for each in findings(stored, "ACME")] == [f"{ruling}ed"]


def test_another_provider_that_does_not_know_the_symbol_proposes_nothing(stored: Client) -> None:
    for day in NIGHTS:
        report = night(stored, day, "ACME")
        assert outcome(report, "ACME") == "changed"
        other = stored.update("ACME", at=evening(day), provider="sample")
        assert code_of(other) == 1

    assert findings(stored, "ACME") == []


def checked(client: Client, day: date) -> tuple[int, dict[str, str]]:
    """What a nightly `health` says: its exit code, and the state of each symbol."""
    report = verbs.health(client.ws, as_of=evening(day))
    return code_of(report), {each.dataset.symbol: each.state for each in report.datasets}


def test_health_is_an_error_then_suspect_and_green_once_it_has_ended(stored: Client) -> None:
    vanish(stored, "ACME")
    states = []
    for day in NIGHTS:
        night(stored, day)
        states.append(checked(stored, day)[1]["ACME"])
    assert states == ["error", "error", "suspect", "suspect", "suspect"]

    verbs.end(stored.ws, "ACME", as_of=evening(NIGHTS[-1]))

    # Two weeks later, by the nights that cron runs.
    for day in (date(2006, 3, 6), date(2006, 3, 13)):
        assert code_of(night(stored, day)) == 0
        assert checked(stored, day) == (0, dict.fromkeys(("ACME", "BOLT", "CORK"), "healthy"))


def test_an_end_after_the_first_failed_night_is_green_at_once(stored: Client) -> None:
    vanish(stored, "ACME")
    night(stored, NIGHTS[0])

    verbs.end(stored.ws, "ACME", as_of=evening(NIGHTS[0]))

    assert checked(stored, NIGHTS[0]) == (0, dict.fromkeys(("ACME", "BOLT", "CORK"), "healthy"))


def test_what_cron_is_told_in_five_nights_and_after_the_end(
    stored: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ML4T_DATA_HOME", str(stored.home))
    monkeypatch.setenv("ML4T_DATA_YAHOO_PER_MINUTE", "1000000")
    vanish(stored, "ACME")

    def run(day: date, *words: str) -> tuple[int, str]:
        stored.replay.market.now = evening(day)
        monkeypatch.setenv("ML4T_DATA_AS_OF", evening(day).isoformat())
        code = main([*words])
        said = capsys.readouterr()
        return code, said.out + said.err

    told = [run(day, "update", "-q") for day in NIGHTS]

    assert [code for code, _ in told] == [1, 1, 1, 0, 0]
    assert ["was it delisted" in words for _, words in told] == [False, False, True, False, False]
    assert "ml4t-data end -s ACME --on 2006-02-24" in told[2][1]
    assert [words for _, words in told[3:]] == ["", ""]
    assert run(NIGHTS[-1], "health", "-q") == (0, "")
    (code, words) = run(NIGHTS[-1], "end", "ACME", "--on", "2006-02-24", "--reason", "merged")
    assert code == 0
    assert "ACME: ended on 2006-02-24 (merged)" in words
    for day in (date(2006, 3, 6), date(2006, 3, 13)):
        assert run(day, "update", "-q") == (0, "")
        assert run(day, "health", "-q", "--fail-on", "stale,incomplete,suspect,error") == (0, "")
