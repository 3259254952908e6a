"""Runs that ask Yahoo, taken back: each view is to the bit what it was, and stays so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.model import Adjustment
from tests.replay import Bar, Dividend, Listing, Split, sampled
from tests.yahoo.client import Client, evening, shares

EX_DATE = date(2006, 3, 1)
SPLIT = Split(EX_DATE, 2, 1)
BEFORE, AFTER, LATER = (evening(date(2006, *day)) for day in ((2, 28), (3, 2), (3, 3)))


@pytest.fixture(scope="module")
def halved() -> Listing:
    """Four months of IBM with a split that it did not have, and a dividend."""
    paid = Dividend(date(2006, 2, 8), 0.2)
    return shares(sampled("IBM"), "2005-11-10", "2006-03-15", split=SPLIT, dividends=(paid,))


def views(client: Client) -> dict[str, Any]:
    return {how: client.stored("ACME", adjust=how) for how in get_args(Adjustment)}


def assert_same(client: Client, before: dict[str, Any]) -> None:
    for how, bars in before.items():
        pd.testing.assert_frame_equal(client.stored("ACME", adjust=how), bars, check_exact=True)


def test_a_split_that_was_undone_is_neither_joined_nor_forgotten(
    client: Client, halved: Listing
) -> None:
    client.replay.add(halved)
    client.loaded("ACME", at=BEFORE)
    before = views(client)
    assert client.updated("ACME", at=AFTER).restatement is not None
    taken = views(client)

    verbs.undo(client.ws, "ACME", as_of=AFTER)
    assert_same(client, before)
    refused = client.updated("ACME", at=LATER)
    assert refused.error is not None
    assert "as the restatement that was undone" in refused.error.message
    assert_same(client, before)

    client.update("ACME", at=LATER, accept=True)
    for how, bars in taken.items():
        pd.testing.assert_frame_equal(client.stored("ACME", adjust=how).iloc[:-1], bars)


def test_a_corrected_day_that_was_undone_stays_as_it_was(client: Client) -> None:
    quiet = shares(sampled("IBM"), "2005-11-10", "2006-03-15")
    client.replay.add(quiet)
    client.loaded("ACME", at=BEFORE)
    before = views(client)
    day = date(2006, 2, 21)

    def corrected(bar: Bar) -> Bar:
        is_it = quiet.day_of(bar.start) == day
        return replace(bar, high=round(bar.high * 1.004, 2)) if is_it else bar

    client.replay.add(replace(quiet, days=tuple(map(corrected, quiet.days))))
    assert client.updated("ACME", at=AFTER).revised == 1

    verbs.undo(client.ws, "ACME", as_of=AFTER)
    assert client.updated("ACME", at=LATER).revised == 0

    stamps = before["raw"].index
    for how, bars in before.items():
        now = client.stored("ACME", adjust=how).loc[stamps]
        pd.testing.assert_frame_equal(now, bars, check_exact=True, check_freq=False)
