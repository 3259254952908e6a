"""Findings are listed until they are decided or corrected."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import OptionError
from ml4t_nb.events import Changing, Event
from ml4t_nb.model import DatasetId
from ml4t_nb.render.text import report_text
from ml4t_nb.reports import ReviewReport
from tests.verbs.own_files import OwnFiles


def spoilt(table: Any) -> Any:  # noqa: ANN401  # pandas' stubs take no dates as words
    """A high that is half too high, a price of zero, a day without volume."""
    table.loc["2004-06-15", "high"] *= 1.5
    table.loc["2004-08-17", "close"] = 0.0
    table.loc["2004-09-01", "volume"] = 0.0
    return table


@pytest.fixture
def doubtful(own: OwnFiles) -> OwnFiles:
    """Loaded with three faults, which the run says; the price of zero is not stored."""
    own.write(spoilt, until="2004-12-28")
    own.load("2004-12-28")
    return own


def seen(report: ReviewReport) -> list[tuple[str, str, str]]:
    return [
        (f"{each.stamp:%Y-%m-%d}", each.rule, each.state)
        for of in report.datasets
        for each in of.findings
        if each.stamp
    ]


OPEN = [
    ("2004-06-15", "spike", "open"),
    ("2004-08-17", "price", "open"),
    ("2004-09-01", "zero volume", "open"),
]


def test_what_a_run_found_is_listed_until_it_is_decided(doubtful: OwnFiles) -> None:
    own = doubtful

    assert seen(verbs.review(own.ws, "ACME")) == OPEN

    # Runs that find nothing new change nothing of that, and neither does a restart.
    own.write(spoilt)
    own.update("2004-12-30")
    assert seen(verbs.review(own.ws)) == OPEN


def test_what_is_decided_about_is_said_before(doubtful: OwnFiles) -> None:
    events: list[Event] = []
    ws = replace(doubtful.ws, observer=events.append)

    verbs.review(ws, "ACME")
    assert events == []
    verbs.review(ws, "ACME", accept="looked up")

    assert events[0] == Changing((DatasetId("equities", "daily", "ACME"),))


def test_what_the_provider_has_corrected_is_listed_only_with_all(doubtful: OwnFiles) -> None:
    own = doubtful
    own.write()
    own.update("2004-12-30", lookback_days=300)

    assert seen(verbs.review(own.ws)) == []
    assert seen(verbs.review(own.ws, all=True)) == [
        (day, rule, "corrected") for day, rule, _ in OPEN
    ]


def test_a_rule_and_dates_choose_findings(doubtful: OwnFiles) -> None:
    ws = doubtful.ws

    assert seen(verbs.review(ws, rule="spike")) == OPEN[:1]
    assert seen(verbs.review(ws, start="2004-08-17", end="2004-08-17")) == OPEN[1:2]
    assert seen(verbs.review(ws, start="2004-06-16")) == OPEN[1:]
    assert seen(verbs.review(ws, start="2004-06-16", end="2004-08-16")) == []


def test_the_listing_says_what_was_seen_and_what_can_be_done(doubtful: OwnFiles) -> None:
    text = report_text(verbs.review(doubtful.ws))

    assert "high 46.71 is 52.2 % above the prices beside it (30.69)" in text
    rows = [line for line in text.splitlines() if line.startswith("equities")]
    assert [row.rpartition("  ")[2] for row in rows] == [
        "--accept or --reject",
        "update, --accept or --reject",
        "--accept or --reject",
    ]
    assert "⚠️ ACME: 3 findings to decide" in text
    assert "review -s ACME --start 2004-06-15 --end 2004-06-15 --home" in text


def test_a_dataset_without_findings_says_so(own: OwnFiles) -> None:
    own.write()
    own.load("2004-12-28")

    assert "✅ equities/daily/ACME: nothing to decide" in report_text(verbs.review(own.ws))
    assert "✅ equities/daily/ACME: no findings" in report_text(verbs.review(own.ws, all=True))


def test_the_shell_prints_rows_for_scripts_and_a_document(
    doubtful: OwnFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(doubtful.ws.settings.home)

    assert main(["review", "--home", home, "-q"]) == 0
    rows = [line.split("\t")[:3] for line in capsys.readouterr().out.splitlines()]
    assert rows == [["equities/daily/ACME", day, rule] for day, rule, _ in OPEN]

    assert main(["review", "ACME", "--home", home, "--rule", "price", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert found["dataset"] == "equities/daily/ACME"
    assert (found["rule"], found["severity"], found["state"]) == ("price", "error", "open")
    assert found["seen"] == "2004-12-28T21:00:00+00:00"


def test_an_unknown_rule_names_the_nearest(doubtful: OwnFiles) -> None:
    with pytest.raises(OptionError) as caught:
        verbs.review(doubtful.ws, rule="frozzen")  # type: ignore[arg-type]  # misspelled on purpose

    assert caught.value.hint == "did you mean 'frozen'?"


def test_a_damaged_manifest_is_told_beside_the_others(doubtful: OwnFiles) -> None:
    own = doubtful
    verbs.load(own.ws, "DEMO", provider="synthetic", start="2004-11-01", as_of="2004-12-28")
    (newest,) = own.ws.settings.home.glob("state/equities/daily/DEMO/*.json")
    newest.write_text("{}")

    report = verbs.review(own.ws)

    assert seen(report) == OPEN
    assert [each.dataset.symbol for each in report.failed] == ["DEMO"]
    assert main(["review", "--home", str(own.ws.settings.home), "-q"]) == 1
