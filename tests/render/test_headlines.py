"""Listings begin with one sentence, and of many datasets tell alike what is alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ml4t_nb.errors import ProviderUnavailable
from ml4t_nb.finding import Decision, Finding
from ml4t_nb.model import FetchAttempt, Gap, Span
from ml4t_nb.records import Restatement, UpdateRecord
from ml4t_nb.render.format import run_time
from ml4t_nb.render.run_blocks import stopped_line
from ml4t_nb.render.text import report_rows, report_text
from ml4t_nb.reports import (
    DatasetFindings,
    DatasetGaps,
    DatasetHistory,
    GapsReport,
    HistoryReport,
    ListReport,
    Report,
    ReviewReport,
    UnreadDataset,
)
from tests.render.reports import AS_OF, dataset, day, failure, result, run, summary

NAMES = [f"S{number:04}" for number in range(1000)]
OPEN = Gap(day("2005-03-02"), day("2005-03-03"), 2)
CONFIRMED = replace(OPEN, state="confirmed")
FILLED = replace(OPEN, filled_by="forward")
SPIKE = Finding(day("2005-03-03"), "spike", "close 10 times as high")
ACCEPTED = replace(SPIKE, state="accepted", decision=Decision(AS_OF, "review", "seen", 8))
TORN = UnreadDataset(dataset("TORN"), failure("ChunkCorrupt", "a file is torn"))


def gaps(*of: tuple[Gap, ...], **more: object) -> GapsReport:
    datasets = tuple(
        DatasetGaps(dataset(name), "sample", each) for name, each in zip(NAMES, of, strict=False)
    )
    return replace(GapsReport(AS_OF, datasets), **more)  # type: ignore[arg-type]  # of the tests'


def review(*of: tuple[Finding, ...], **more: object) -> ReviewReport:
    datasets = tuple(
        DatasetFindings(dataset(name), "sample", each)
        for name, each in zip(NAMES, of, strict=False)
    )
    return replace(ReviewReport(AS_OF, datasets), **more)  # type: ignore[arg-type]  # as above


def record(outcome: str = "changed", **more: object) -> UpdateRecord:
    return replace(result("A", added=1).record, outcome=outcome, **more)  # type: ignore[arg-type]


def history(*of: tuple[UpdateRecord, ...], **more: object) -> HistoryReport:
    datasets = tuple(
        DatasetHistory(dataset(name), "sample", each, ())
        for name, each in zip(NAMES, of, strict=False)
    )
    return replace(HistoryReport(datasets), **more)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("report", "head"),
    [
        (
            ListReport((summary("A"), replace(summary("B"), provider="yahoo", bytes=1_000_000))),
            ["2 datasets, 2,524 bars", "1.05 MB · from sample, yahoo"],
        ),
        (
            gaps((OPEN, CONFIRMED, OPEN), (), (FILLED,)),
            ["4 gaps in 2 of 3 datasets: 3 open, 1 confirmed", "6 bars missing · 2 bars filled"],
        ),
        (gaps((OPEN, OPEN)), ["2 gaps in 1 dataset: 2 open", "4 bars missing"]),
        (gaps((), ()), ["2 datasets: no open gaps", ""]),
        (
            gaps((), failed=(TORN,), every=True),
            ["2 datasets: no gaps", "1 dataset not readable"],
        ),
        (
            review((SPIKE, SPIKE), (ACCEPTED,), ()),
            ["3 findings in 2 of 3 datasets: 2 to decide, 1 accepted", ""],
        ),
        (
            review((), (), failed=(TORN,)),
            ["3 datasets: nothing to decide", "1 dataset not readable"],
        ),
        (
            history(
                (record("failed"), record()), (record("unchanged"), record("partial"), record())
            ),
            [
                "5 runs of 2 datasets: 2 changed, 1 failed, 1 unchanged, 1 in part",
                "the newest as of 2005-03-04 21:30 UTC",
            ],
        ),
    ],
)
def test_a_listing_begins_with_a_sentence(report: Report, head: list[str]) -> None:
    text, about, *_ = report_text(report).splitlines()

    assert [text, about] == head


@pytest.mark.parametrize(
    "report",
    [ListReport((summary("A"),)), gaps((OPEN,)), gaps(()), review((SPIKE,)), history((record(),))],
)
def test_one_dataset_with_one_row_is_its_own_headline(report: Report) -> None:
    first = report_text(report).splitlines()[0]

    assert first.startswith(("Dataset", "✅", "last 1 run"))


def test_a_list_of_many_has_a_row_each_and_tells_alike_what_is_alike() -> None:
    stored = [summary(name, gaps_open=1, missing=2) for name in NAMES[:900]]
    stored += [replace(summary(name), suspect=1, finding="a spike") for name in NAMES[900:]]

    text = report_text(ListReport(tuple(stored)))

    assert text.count("equities/daily/") == 1000
    names = "S0000, S0001, S0002, S0003, S0004, S0005, S0006, S0007, and 892 more"
    doubted = "S0900, S0901, S0902, S0903, S0904, S0905, S0906, S0907, and 92 more"
    assert text.splitlines()[-3:] == [
        f"⚠️ {names}: 1 gap open, 2 bars missing",
        f"⚠️ {doubted}: 1 finding to decide: a spike",
        "   → ml4t-data review",
    ]


def test_gaps_of_many_have_a_row_each_and_those_without_are_counted() -> None:
    failed = FetchAttempt(
        Span(day("2005-03-01"), day("2005-03-02")), AS_OF, "yahoo", "failed", error="silence"
    )
    report = gaps(*[(OPEN, CONFIRMED)] * 500, *[()] * 500)
    silent = tuple(replace(each, unanswered=(failed,)) for each in report.datasets[500:530])
    report = replace(report, datasets=(*report.datasets[:500], *silent, *report.datasets[530:]))

    text = report_text(report)

    assert text.startswith("1,000 gaps in 500 of 1,000 datasets: 500 open, 500 confirmed\n")
    assert text.count("equities/daily/") == 1000
    assert "✅" not in text
    names = "S0500, S0501, S0502, S0503, S0504, S0505, S0506, S0507, and 22 more"
    assert text.splitlines()[-2:] == [
        f"⚠️ {names}: 2005-03-01 was requested 1 time without a reply: silence",
        "   → ml4t-data update",
    ]


def test_findings_of_many_are_decided_by_one_line_of_each_number() -> None:
    text = report_text(review(*[(SPIKE,)] * 30, *[(SPIKE, SPIKE)] * 10))

    assert text.startswith("50 findings in 40 datasets: 50 to decide\n")
    assert text.splitlines()[-4].startswith("⚠️ S0000, S0001, ")
    assert ", and 22 more: 1 finding to decide: --accept" in text.splitlines()[-4]
    assert text.splitlines()[-2].startswith("⚠️ S0030, S0031, ")
    assert text.splitlines()[-3] == "   → ml4t-data review"
    ten = " ".join(f"-s {name}" for name in NAMES[30:40])
    assert text.splitlines()[-1] == f"   → ml4t-data review {ten}"


def test_the_history_of_many_tells_their_newest_runs_the_worst_first() -> None:
    split = Restatement(2.0, ((day("2005-02-28"), 2.0),))
    old = record("failed", error=failure("NoData"))
    bad = record("failed", added=0, error=failure("NoData", "no bars of S0000"))
    moved = record(restatement=split, revised=290, added=0, version=7)
    report = history((bad,), *[(old, moved)] * 2, *[(old, record("unchanged", added=0))] * 37)

    text = report_text(report)

    assert text.splitlines()[:2] == [
        "79 runs of 40 datasets: 40 failed, 37 unchanged, 2 changed",
        "the newest as of 2005-03-04 21:30 UTC",
    ]
    rows = [" ".join(line.split()) for line in text.splitlines()[3:]]
    assert rows == [
        "Newest run Datasets Bars As of",
        "1 failed 0 2005-03-04",
        "S0000 no bars of … 0 2005-03-04",
        "2 restated 0 2005-03-04",
        "S0001, S0002 restated 2:1 (split 2005-02-28): 290 earlier bars 0 2005-03-04",
        (
            "37 unchanged S0003, S0004, S0005, S0006, S0007, S0008, S0009, S0010, and 29 more"
            " 0 2005-03-04"
        ),
        "",
        "S0001: run 7 can be undone",
        "→ ml4t-data undo -s S0001 --run 7",
        "S0002: run 7 can be undone",
        "→ ml4t-data undo -s S0002 --run 7",
    ]
    # A script gets every run.
    assert len(report_rows(report).splitlines()) == 79


def test_what_is_told_of_many_datasets_names_their_store(tmp_path: Path) -> None:
    stored = [replace(summary(name), suspect=1, finding="a spike") for name in NAMES[:30]]

    text = report_text(ListReport(tuple(stored), tmp_path))

    assert text.endswith(f"   → ml4t-data review --home {tmp_path}\n")


def test_a_run_says_how_many_requests_it_sent_and_how_long_it_took() -> None:
    report = run(result("A", added=3), result("B", "unchanged"))

    def about(requests: int | None, seconds: float | None) -> str:
        return report_text(replace(report, requests=requests, seconds=seconds)).splitlines()[1]

    assert about(3, 1.23) == (
        "3 bars added · 3 requests, 1.2 s · from sample · as of 2005-03-04 21:30 UTC"
    )
    assert about(1, None) == "3 bars added · 1 request · from sample · as of 2005-03-04 21:30 UTC"
    assert about(0, 0.0) == "3 bars added · 0.0 s · from sample · as of 2005-03-04 21:30 UTC"
    assert about(None, None) == "3 bars added · from sample · as of 2005-03-04 21:30 UTC"


def test_a_run_of_one_dataset_says_so_above_its_row_if_it_sent_any() -> None:
    report = run(result("A", added=3))

    def title(requests: int) -> str:
        return report_text(replace(report, requests=requests, seconds=1.23)).splitlines()[0]

    assert title(2) == "update from sample, as of 2005-03-04 21:30 UTC · 2 requests, 1.2 s"
    assert title(0) == "update from sample, as of 2005-03-04 21:30 UTC"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"), (1.25, "1.2 s"), (59.94, "59.9 s"), (59.96, "1 min 0 s"),
        (125.2, "2 min 5 s"), (3599.6, "1 h 0 min"), (3900, "1 h 5 min"),
    ],
)  # fmt: skip
def test_a_run_time_is_told_in_its_units(seconds: float, words: str) -> None:
    assert run_time(seconds) == words


def test_a_run_that_stopped_is_told_in_the_words_of_its_result() -> None:
    silent = failure(ProviderUnavailable.__name__, "silence")
    report = run(
        result("A", added=1),
        result("B", "failed", error=silent),
        left=("C", "D"),
        stopped="yahoo did not respond",
    )

    assert stopped_line(report) == (
        "update stopped, yahoo did not respond; "
        "4 datasets: 1 updated, 1 failed, 2 not reached: C, D"
    )


def test_what_was_refused_is_requested_again_with_what_was_not_reached() -> None:
    refused = failure("RateLimited", "too many requests", "try again in 15 minutes")
    unknown = failure("SymbolUnknown", "no such symbol", "look it up")
    report = run(
        result("A", added=1),
        result("B", "failed", error=refused),
        result("C", "failed", error=unknown),
        left=("D",),
    )

    assert report_text(report).endswith("not reached: D\n   → ml4t-data update -s B -s D\n")
