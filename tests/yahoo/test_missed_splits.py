"""Rows that missed a split which the same answer names, wherever they lie."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import date

import pytest

from ml4t_nb.cli import main
from ml4t_nb.commands.spelling import spell
from tests.replay import Listing, Split, sampled
from tests.yahoo.client import Client, assert_true_bars, evening, scaled, sessions_of, shares

EX = date(2006, 2, 28)
AFTER = date(2006, 3, 10)


def share(numerator: float, denominator: float = 1) -> Listing:
    return shares(
        sampled("IBM"), "2005-09-01", "2006-03-31", split=Split(EX, numerator, denominator)
    )


def mixed(listing: Listing, first: date, last: date) -> Listing:
    """``listing`` with rows that are not divided when the split restates the others."""
    (split,) = listing.splits
    ratio = split.numerator / split.denominator
    days = [
        scaled(bar, ratio) if first <= listing.day_of(bar.start) <= last else bar
        for bar in listing.days
    ]
    return replace(listing, days=tuple(days))


def day(listing: Listing, number: int) -> date:
    return sessions_of(listing)[number]


@pytest.mark.parametrize(
    ("numerator", "denominator"), [(2, 1), (3, 1), (3, 2), (10, 1), (1, 10), (20, 1)]
)
@pytest.mark.parametrize(("first", "rows"), [(1, 1), (40, 3), (60, 30), (118, 2)])
def test_a_first_load_refuses_rows_that_missed_a_split(
    client: Client, numerator: float, denominator: float, first: int, rows: int
) -> None:
    listing = share(numerator, denominator)
    begin, end, after = (day(listing, first + step) for step in (0, rows - 1, rows))
    client.replay.add(mixed(listing, begin, end))

    (done,) = client.load("ACME", at=evening(AFTER)).results

    assert done.record.error is not None
    assert done.record.error.type == "Suspicious"
    assert f"{begin}" in done.record.error.message
    assert f"{end}" in done.record.error.message
    assert f"of {EX}" in done.record.error.message
    said = spell(done.record.error.hint, "ml4t-data")
    assert f"`ml4t-data load -s ACME -p yahoo --start {after}" in said
    assert client.ws.store.datasets() == ()


def test_the_hint_of_the_refusal_can_be_pasted(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listing = share(2)
    client.replay.add(mixed(listing, day(listing, 40), day(listing, 42)))
    (done,) = client.load("ACME", at=evening(AFTER)).results
    assert done.record.error is not None
    line = spell(done.record.error.hint, "ml4t-data").split("`")[1]
    monkeypatch.setenv("ML4T_DATA_HOME", str(client.home))
    monkeypatch.setenv("ML4T_DATA_AS_OF", str(AFTER))

    assert main(shlex.split(line)[1:]) == 0

    stored = client.stored("ACME")
    assert stored.index[0].date() == day(listing, 43)
    assert stored.index[-1].date() == AFTER
    capsys.readouterr()
    # Once the provider is right, the rest is loaded as any history is.
    client.replay.add(listing)
    client.loaded("ACME", at=evening(AFTER))
    assert_true_bars(client.stored("ACME"), listing)


def test_rows_that_come_to_miss_a_split_later_are_kept_as_stored(client: Client) -> None:
    listing = share(2)
    client.replay.add(listing)
    client.loaded("ACME", at=evening(AFTER))
    client.replay.add(mixed(listing, day(listing, 40), day(listing, 42)))

    (done,) = client.load("ACME", at=evening(date(2006, 3, 13))).results

    assert done.record.error is None
    (finding,) = done.findings
    assert finding.rule == "kept"
    assert f"{day(listing, 40)} to {day(listing, 42)}" in finding.detail
    assert_true_bars(client.stored("ACME"), listing)


def test_stored_rows_that_missed_a_split_are_said_and_heal(client: Client) -> None:
    listing = share(2)
    wrong = mixed(listing, day(listing, 40), day(listing, 42))
    client.replay.add(listing)
    client.loaded("ACME", at=evening(AFTER))
    # As who accepts has them, or a store that was filled before such rows were looked for.
    client.replay.add(wrong)
    (accepted,) = client.update("ACME", at=evening(date(2006, 3, 13)), accept=True).results
    assert [(f.rule, f.stamp and f.stamp.date()) for f in accepted.findings] == [
        ("basis", day(listing, 40))
    ]
    assert "2 times the others, as if without the split 2:1 of 2006-02-28" in (
        accepted.findings[0].detail
    )

    for at in (14, 15):
        (done,) = client.update("ACME", at=evening(date(2006, 3, at))).results
        assert (done.record.error, done.findings) == (None, ())
    client.replay.add(listing)
    record = client.loaded("ACME", at=evening(date(2006, 3, 16))).record

    assert (record.verdict, record.revised) == ("corrected", 3)
    assert_true_bars(client.stored("ACME"), listing)
    (healed,) = client.manifest("ACME").findings
    assert (healed.rule, healed.state) == ("basis", "corrected")


def test_earlier_bars_that_missed_a_split_are_not_placed_before_stored_ones(client: Client) -> None:
    listing = share(2)
    client.replay.add(mixed(listing, day(listing, 20), day(listing, 22)))
    client.loaded("ACME", at=evening(AFTER), start=day(listing, 60))
    before = client.stored("ACME")

    (done,) = client.load("ACME", at=evening(AFTER)).results

    assert done.record.error is not None
    assert f"--start {day(listing, 23)}" in spell(done.record.error.hint, "ml4t-data")
    assert client.stored("ACME").equals(before)


def test_real_falls_and_squeezes_are_not_missed_splits(client: Client) -> None:
    # AAPL fell by half overnight on 2000-09-29, and split 2:1 twice.
    for symbol in ("AAPL", "IBM", "MSFT"):
        client.replay.add(sampled(symbol))
        found = client.loaded(symbol, at=evening(date(2013, 3, 1))).findings
        assert [each.rule for each in found if each.rule != "spike"] == []
