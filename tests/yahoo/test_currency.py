"""What prices are in: kept with the dataset, and told where it changes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ml4t_nb import verbs
from ml4t_nb.render.text import report_news, report_text
from ml4t_nb.render.to_json import report_json
from tests.replay import Bar, Listing, sampled
from tests.yahoo.client import Client, evening, shares

FRIDAY, MONDAY, TUESDAY = (date(2006, 2, day) for day in (24, 27, 28))


@pytest.fixture(scope="module")
def pence() -> Listing:
    """Some weeks of a share in pence."""
    return replace(shares(sampled("IBM"), "2006-01-03", "2006-03-15"), currency="GBp")


def in_pounds(listing: Listing) -> Listing:
    def pounds(bar: Bar) -> Bar:
        first, high, low, last = (price / 100 for price in bar.prices)
        return replace(bar, open=first, high=high, low=low, close=last)

    return replace(listing, currency="GBP", days=tuple(map(pounds, listing.days)))


def test_the_currency_is_kept_and_shown(client: Client, pence: Listing, tmp_path: Path) -> None:
    client.replay.add(pence)
    client.loaded("ACME", at=evening(FRIDAY))

    record = client.updated("ACME", at=evening(FRIDAY))

    assert client.manifest("ACME").config.currency == "GBp"
    assert (record.outcome, record.notes) == ("unchanged", ())
    assert report_text(verbs.list_(client.ws)).splitlines()[1].endswith("  GBp (1/100 GBP)")
    judged = verbs.health(client.ws, as_of=evening(FRIDAY))
    assert json.loads(report_json(judged))["datasets"][0]["currency"] == "GBp"
    out = tmp_path / "acme.parquet"
    written = verbs.export(client.ws, "ACME", out=out)
    metadata = pq.read_schema(out).metadata
    assert metadata[b"ml4t_nb.currency"] == b"GBp"
    assert metadata[b"ml4t_nb.provider"] == b"yahoo"
    assert json.loads(report_json(written))["datasets"][0]["currency"] == "GBp"


def test_no_request_more_is_made_to_know_it(client: Client, pence: Listing) -> None:
    counts = []
    for name, currency in (("GBPS", "GBp"), ("NONE", "")):
        before = client.replay.bars_asked
        client.replay.add(replace(pence, symbol=name, currency=currency))
        client.loaded(name, at=evening(FRIDAY))
        counts.append(client.replay.bars_asked - before)

    assert counts[0] == counts[1]
    assert client.manifest("NONE").config.currency == ""


def test_a_currency_that_is_not_said_any_more_is_the_one_known(
    client: Client, pence: Listing
) -> None:
    client.replay.add(pence)
    client.loaded("ACME", at=evening(FRIDAY))
    client.replay.add(replace(pence, currency=""))

    record = client.updated("ACME", at=evening(MONDAY))

    assert (record.outcome, record.notes) == ("changed", ())
    assert client.manifest("ACME").config.currency == "GBp"


def test_another_unit_explains_prices_that_are_a_hundredth(client: Client, pence: Listing) -> None:
    client.replay.add(pence)
    client.loaded("ACME", at=evening(FRIDAY))
    client.replay.add(in_pounds(pence))

    refused = client.updated("ACME", at=evening(MONDAY))

    assert refused.error is not None
    assert refused.error.message == (
        "the prices of yahoo are a hundredth of the stored ones (37 of 37 bars in common, "
        "2006-01-03 to 2006-02-24), and yahoo quotes GBP now, where it quoted GBp: "
        "100 GBp are 1 GBP"
    )
    assert client.manifest("ACME").config.currency == "GBp"
    accepted = client.updated("ACME", at=evening(MONDAY), accept=True)
    assert accepted.outcome == "changed"
    assert "yahoo quotes GBP now, where it quoted GBp: 100 GBp are 1 GBP" in accepted.notes
    assert client.manifest("ACME").config.currency == "GBP"
    assert not [each for each in client.manifest("ACME").findings if each.rule == "currency"]
    assert client.updated("ACME", at=evening(TUESDAY)).notes == ()


def test_another_currency_of_the_same_prices_is_a_finding_until_somebody_decides(
    client: Client, pence: Listing
) -> None:
    client.replay.add(pence)
    client.loaded("ACME", at=evening(FRIDAY))
    client.replay.add(replace(pence, currency="GBP"))

    told, again, last = (
        client.update("ACME", at=evening(day)) for day in (MONDAY, TUESDAY, TUESDAY)
    )

    words = (
        "yahoo quotes GBP now, where it quoted GBp: 100 GBp are 1 GBP, and the prices are the same"
    )
    assert words in report_news(told)
    assert report_news(again) == report_news(last) == ""
    (finding,) = (each for each in client.manifest("ACME").findings if each.rule == "currency")
    assert (finding.state, finding.detail, finding.stamp) == ("open", words, None)
    (judged,) = verbs.health(client.ws, as_of=evening(TUESDAY)).datasets
    assert (judged.state, judged.reason) == ("suspect", f"1 finding to decide: {words}")
    assert judged.currency == "GBP"
