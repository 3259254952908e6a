"""Findings in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ml4t_nb.finding import Decision, Finding, Rule
from ml4t_nb.model import DatasetId
from ml4t_nb.render.review.evidence import evidence_of, opinion_of
from ml4t_nb.render.review.inbox_html import (
    InboxItem,
    decided_words,
    evidence_html,
    items_html,
    sentence_html,
)
from ml4t_nb.render.review.wording import (
    age_words,
    finding_words,
    number_words,
    short_words,
    what_words,
    why_words,
)
from tests.render.review.findings import answer, calm, finding, plotted

NOW = datetime(2005, 6, 1, 21, tzinfo=UTC)


def of(rule: Rule, *evidence: tuple[str, float], detail: str = "what was seen") -> Finding:
    return Finding(datetime(2005, 4, 14, tzinfo=UTC), rule, detail, evidence=evidence)


@pytest.mark.parametrize(
    ("found", "words", "line"),
    [
        (
            of("spike", ("high", 47.92), ("beside", 38.96)),
            "the high is 23 % above the prices beside it",
            "High 23 % above the prices beside it",
        ),
        (
            of("spike", ("low", 36.0), ("beside", 38.81)),
            "the low is 7.2 % below the prices beside it",
            "Low 7.2 % below the prices beside it",
        ),
        (
            of("spike", ("close", 412.0), ("beside", 41.2)),
            "the close is 10 times the prices beside it",
            "Close 10 times the prices beside it",
        ),
        (
            of("unit", ("close", 0.41), ("beside", 41.0), ("factor", 0.01)),
            "the close is 1/100 of the prices beside it",
            "Close 1/100 of the prices beside it",
        ),
        (
            of("frozen", ("bars", 5.0), ("close", 41.0)),
            "5 bars are equal in every price",
            "5 bars are equal in every price",
        ),
        (
            of("zero volume", ("median", 16_000_000.0)),
            "the volume is 0, usually 16.0 M, although prices move",
            "Volume 0, usually 16.0 M, although prices move",
        ),
        (
            of("repeated dividend", ("dividend", 0.28), ("days", 1.0)),
            "the dividend of 0.28 comes a second time after 1 day",
            "Dividend of 0.28 comes a second time after 1 day",
        ),
        (of("basis", detail="stored as quoted"), "stored as quoted", "Stored as quoted"),
        (of("spike", detail="no numbers"), "no numbers", "No numbers"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_a_line(found: Finding, words: str, line: str) -> None:
    assert what_words(found) == words
    assert short_words(found) == line


def test_a_long_detail_is_cut_in_a_list_and_whole_in_the_sentence() -> None:
    found = of("kept", detail="x" * 300)

    assert len(short_words(found)) == 90
    assert what_words(found) == "x" * 300


@pytest.mark.parametrize(
    ("frequency", "when"),
    [
        ("daily", "Thu 14 Apr 2005"),
        ("weekly", "week of 14 Apr 2005"),
        ("5m", "Thu 14 Apr 2005 10:35"),
    ],
)
def test_when_it_was_is_said_in_the_exchange_s_time(frequency: str, when: str) -> None:
    at = datetime(2005, 4, 14, 14, 35, tzinfo=UTC)
    found = replace(of("basis"), stamp=at)

    words = finding_words(found, "AAPL", frequency, "America/New_York")  # type: ignore[arg-type]

    assert words == f"AAPL, {when}: what was seen"


def test_a_stretch_is_said_from_its_first_to_its_last_bar() -> None:
    found = replace(of("frozen", ("bars", 5.0)), end=datetime(2005, 4, 20, tzinfo=UTC))

    assert finding_words(found, "KO", "daily", "UTC") == (
        "KO, Thu 14 Apr 2005 to Wed 20 Apr 2005: 5 bars are equal in every price"
    )


def test_without_a_stamp_it_is_said_of_the_symbol() -> None:
    found = Finding(None, "unknown symbol", "yahoo does not know it any more")

    assert finding_words(found, "PXD", "daily", "UTC") == "PXD: yahoo does not know it any more"


def test_why_it_is_doubted_names_what_is_usual_and_what_the_other_says() -> None:
    bars = calm(300)
    bars.loc[bars.index[280], "high"] = 13.0
    about = finding(bars, 280, high=13.0, beside=10.1)
    evidence = evidence_of(about, plotted(bars))
    assert evidence is not None
    usual = "In the year before, no bar reached more than 1.0 % above its body."

    assert why_words(evidence, None) == f"{usual} Most likely a bad tick."
    fits = opinion_of(evidence, answer(bars, calm(300)))
    assert why_words(evidence, fits) == f"{usual} files says 10.20. Most likely a bad tick."
    same = opinion_of(evidence, answer(bars, bars))
    assert why_words(evidence, same) == f"{usual} files says the same: it may be real."


@pytest.mark.parametrize(
    ("value", "column", "words"),
    [
        (47.92, "high", "47.92"),
        (1234.5, "high", "1,234.50"),
        (0.00123456, "close", "0.00123456"),
        (98_300_000.0, "volume", "98.3 M"),
        (21_500.0, "volume", "21.5 k"),
        (1_500.0, "volume", "1,500"),
        (float("nan"), "close", "none"),
    ],
)
def test_a_number_has_the_digits_that_tell_it_apart(value: float, column: str, words: str) -> None:
    assert number_words(value, column) == words


@pytest.mark.parametrize(
    ("days", "words"), [(0, "found today"), (1, "found yesterday"), (12, "found 12 days ago")]
)
def test_its_age_is_in_days(days: int, words: str) -> None:
    assert age_words(replace(of("basis"), seen=NOW - timedelta(days=days)), NOW) == words


def test_nothing_that_a_vendor_or_a_person_wrote_is_markup() -> None:
    hostile = "<img src=x onerror=alert(1)>\nline"
    dataset = DatasetId("equities", "daily", "A<b>")
    bars = calm()
    about = replace(finding(bars, 30, "kept", detail=hostile), seen=NOW)
    decided = replace(about, state="accepted", decision=Decision(NOW, "review", hostile))
    evidence = evidence_of(about, replace(plotted(bars, dataset), provider="<i>p</i>"))
    assert evidence is not None
    opinion = replace(opinion_of(evidence, answer(bars, bars)), provider="<u>o</u>")

    parts = (
        items_html(
            [InboxItem(dataset, "p", about), InboxItem(dataset, "p", decided)],
            first=0, current=0, now=NOW,
        ),
        sentence_html(InboxItem(dataset, "p", about), "1 of 1"),
        evidence_html(evidence, opinion, "<s>USD"),
    )  # fmt: skip

    for each in parts:
        for tag in ("<img", "<b>A", "A<b>", "<i>", "<u>", "<s>"):
            assert tag not in each
    assert "A&lt;b&gt;" in parts[0]
    assert decided_words(decided) == "accepted: <img src=x onerror=alert(1)> line"


def test_a_name_says_what_is_not_usual_of_the_dataset() -> None:
    def name(*words: str) -> str:
        return InboxItem(DatasetId(*words), "p", of("basis")).name  # type: ignore[arg-type]

    assert name("equities", "daily", "KO") == "KO"
    assert name("crypto", "5m", "BTC") == "BTC crypto 5m"
