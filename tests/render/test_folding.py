"""Results of many datasets: numbers that add up, equal causes in one row, pages of a fixed size."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.finding import Finding
from ml4t_nb.model import Gap, NextStep
from ml4t_nb.records import Outcome, Restatement, Revision, UpdateResult
from ml4t_nb.render.html import report_html
from ml4t_nb.render.layout import Folded, Headline, NextCommands
from ml4t_nb.render.report_blocks import blocks
from ml4t_nb.render.text import report_rows, report_text
from ml4t_nb.reports import (
    DatasetFindings,
    DatasetGaps,
    DatasetHistory,
    GapsReport,
    HealthReport,
    HistoryReport,
    ListReport,
    Report,
    ReviewReport,
    RunReport,
)
from tests.render.reports import (
    AS_OF,
    FIRST,
    LAST,
    dataset,
    day,
    failure,
    health,
    result,
    run,
    summary,
)

SPIKE = Finding(day("2005-03-03"), "spike", "close 10 times as high")
GAP = Gap(day("2005-03-02"), day("2005-03-02"), 1)
SPLIT = Restatement(10.0, ((day("2005-03-04"), 10.0),))
CENT = Revision(day("2005-03-03"), "close", 10.0, 10.01)
NAMES = [f"S{number:04}" for number in range(1000)]


def thousand() -> RunReport:
    """1,000 datasets: of each kind of outcome some."""
    gone = failure("SymbolUnknown", "yahoo does not know {}: delisted?")
    step = NextStep("end", dataset("X"), end=date(2005, 3, 1))
    results = []
    for at, name in enumerate(NAMES):
        if at < 2:
            own = replace(step, dataset=dataset(name))
            error = replace(gone, message=gone.message.format(name), hint=own)
            results.append(result(name, "failed", error=error))
        elif at == 2:
            results.append(result(name, "failed", error=failure("ProviderUnavailable", "silence")))
        elif at < 7:
            results.append(result(name, added=1, findings=(SPIKE,)))
        elif at < 19:
            results.append(result(name, added=1, gaps=(GAP,)))
        elif at < 21:
            results.append(result(name, added=1, revised=290, restatement=SPLIT))
        elif at < 40:
            results.append(result(name, added=1, revised=1, revisions=(CENT,)))
        elif at < 158:
            results.append(result(name, "unchanged"))
        else:
            results.append(result(name, added=1 if at < 976 else 3))
    return run(*results)


def of(report: Report, kind: type) -> object:
    return next(each for each in blocks(report) if isinstance(each, kind))


def test_a_run_over_a_thousand_is_told_in_some_rows_the_worst_first() -> None:
    text = report_text(thousand(), program="%ml4t")

    assert [re.sub(r" {2,}", " | ", line) for line in text.splitlines()] == [
        "1,000 datasets: 861 updated, 118 unchanged, 2 restated, 16 to look at, 3 failed",
        "927 bars added, 599 changed · from sample · as of 2005-03-04 21:30 UTC",
        "",
        "What happened | Datasets | Bars | Last",
        "3 failed | 2 causes | 0 | 2005-03-04",
        " | S0000, S0001 | yahoo does not know …: delisted? | 0 | 2005-03-04",
        " | S0002 | silence | 0 | 2005-03-04",
        "4 suspect | +4 | 2005-03-04",
        (
            " | 4 datasets | 1 finding: close 10 times as high: S0003, S0004, S0005, S0006 | +4"
            " | 2005-03-04"
        ),
        "12 incomplete | +12 | 2005-03-04",
        (
            " | 12 datasets | 1 bar missing, 2005-03-02 (open): S0007, S0008, S0009, S0010, S0011, "
            "S0012, S0013, S0014, and 4 more | +12 | 2005-03-04"
        ),
        "2 restated | +2 | 2005-03-04",
        " | S0019, S0020 | restated 10:1 (split 2005-03-04): 290 earlier bars | +2 | 2005-03-04",
        "19 corrected | +19 | 2005-03-04",
        (
            " | 19 datasets | close of 2005-03-03 revised: S0021, S0022, S0023, S0024, S0025, "
            "S0026, S0027, S0028, and 11 more | +19 | 2005-03-04"
        ),
        (
            "24 updated, 2 to 5 bars | S0976, S0977, S0978, S0979, S0980, S0981, S0982, S0983, "
            "and 16 more | +72 | 2005-03-04"
        ),
        (
            "818 updated, 1 bar | S0158, S0159, S0160, S0161, S0162, S0163, S0164, S0165, "
            "and 810 more | +818 | 2005-03-04"
        ),
        (
            "118 unchanged | S0040, S0041, S0042, S0043, S0044, S0045, S0046, S0047, and 110 more"
            " | 0 | 2005-03-04"
        ),
        "",
        " | → %ml4t review S0003 S0004 S0005 S0006",
        " | → %ml4t end S0000 S0001 --on 2005-03-01",
        " | → %ml4t update S0002",
    ]


def test_what_fails_in_the_same_way_is_one_cause_though_each_message_names_its_symbol() -> None:
    results = [
        result(name, "failed", error=failure("SymbolUnknown", f"no bars of {name}, A is known"))
        for name in NAMES[:30]
    ]

    (group,) = of(run(*results), Folded).groups  # type: ignore[attr-defined]  # a folded block

    (cause,) = group.causes
    assert cause.says == "no bars of …, A is known"
    assert cause.names == tuple(NAMES[:30])


def test_a_folded_run_has_a_bare_row_for_each_dataset() -> None:
    rows = report_rows(thousand()).splitlines()

    assert len(rows) == 1000
    assert rows[0].startswith("equities/daily/S0000\t❌\tfailed\t295\t")


def test_more_causes_than_fit_are_counted_and_their_datasets_named() -> None:
    results = [
        result(name, "failed", error=failure("NoData", f"cause {at}"))
        for at, name in enumerate(NAMES[:50])
    ]

    (group,) = of(run(*results), Folded).groups  # type: ignore[attr-defined]  # a folded block

    assert group.says == "50 causes"
    assert len(group.causes) == 21
    assert group.causes[-1].says == "30 other causes"
    assert [name for each in group.causes for name in each.names] == NAMES[:50]


def test_each_open_group_has_its_share_of_the_rows() -> None:
    failed = [
        result(name, "failed", error=failure("NoData", f"cause {at}"))
        for at, name in enumerate(NAMES[:50])
    ]
    doubted = [
        result(name, findings=(replace(SPIKE, detail=f"doubt {at}"),))
        for at, name in enumerate(NAMES[50:53])
    ]

    one, other = of(run(*failed, *doubted), Folded).groups  # type: ignore[attr-defined]  # folded

    assert (len(one.causes), len(other.causes)) == (17 + 1, 3)


OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(get_args(Outcome))


@st.composite
def runs(draw: st.DrawFn) -> RunReport:
    """Runs of any mix of outcomes, also cut short."""

    def drawn(name: str) -> UpdateResult:
        outcome: Outcome = draw(OUTCOMES)
        is_failed = outcome in ("partial", "failed")
        return result(
            name,
            outcome,
            added=draw(st.integers(0, 7)),
            revised=draw(st.integers(0, 2)),
            error=failure("NoData", draw(st.sampled_from("abcdefgh"))) if is_failed else None,
            restatement=draw(st.sampled_from([None, SPLIT])),
            gaps=draw(st.sampled_from([(), (GAP,)])),
            findings=draw(st.sampled_from([(), (SPIKE,)])),
        )

    number = draw(st.integers(1, 60))
    left = draw(st.sampled_from([0, 0, 3]))
    return run(*map(drawn, NAMES[:number]), left=tuple(NAMES[900 : 900 + left]))


@given(runs())
def test_numbers_add_up(report: RunReport) -> None:
    everything = len(report.results) + len(report.left)
    if everything == 1:
        return
    headline = of(report, Headline).text  # type: ignore[attr-defined]  # a headline
    total, *parts = (int(each) for each in re.findall(r"\d+(?= )", headline))
    assert total == everything == sum(parts)
    failed = re.search(r"(\d+) failed", headline)
    assert int(failed[1] if failed else 0) == len(report.failed)
    if everything <= 20:
        return
    folded = of(report, Folded)
    assert isinstance(folded, Folded)
    names = [name for group in folded.groups for cause in group.causes for name in cause.names]
    assert sorted(names) == sorted([*NAMES[: len(report)], *(each.symbol for each in report.left)])
    sums = [int(group.title.split()[0]) for group in folded.groups]
    assert sum(sums) == everything
    bars = [int(group.bars) for group in folded.groups if group.bars]
    assert sum(bars) == sum(each.record.added for each in report.results)
    for group in folded.groups:
        assert sum(len(cause.names) for cause in group.causes) == int(group.title.split()[0])
    assert sum(len(group.causes) for group in folded.groups if group.is_open) <= 20 + 6


def test_health_of_many_is_told_by_state_and_cause() -> None:
    judged = [
        *(health(name, "error", reason="data are error: torn") for name in NAMES[:2]),
        *(
            health(name, "stale", reason="data are stale: 8 sessions behind")
            for name in NAMES[2:60]
        ),
        *(health(name) for name in NAMES[60:1000]),
    ]

    text = report_text(HealthReport(AS_OF, tuple(judged)))

    assert [re.sub(r" {2,}", " | ", line) for line in text.splitlines()] == [
        "1,000 datasets: 940 healthy, 58 stale, 2 error",
        "295,000 bars · as of 2005-03-04 21:30 UTC",
        "",
        "State | Datasets | Bars | Last",
        "2 error | 590 | 2005-03-04",
        " | S0000, S0001 | torn | 590 | 2005-03-04",
        "58 stale | 17,110 | 2005-03-04",
        (
            " | 58 datasets | 8 sessions behind: S0002, S0003, S0004, S0005, S0006, S0007, S0008, "
            "S0009, and 50 more | 17,110 | 2005-03-04"
        ),
        (
            "940 healthy | S0060, S0061, S0062, S0063, S0064, S0065, S0066, S0067, and 932 more"
            " | 277,300 | 2005-03-04"
        ),
        "",
        " | → ml4t-data update",
    ]


def test_alike_steps_are_one_command_and_others_stay_apart() -> None:
    steps = [NextStep("end", dataset(name), end=date(2005, 3, 1)) for name in NAMES[:2]]
    steps += [NextStep("end", dataset(NAMES[2]), end=date(2005, 3, 2))]
    results = [
        result(each.dataset.symbol, "failed", error=replace(failure("NoData"), hint=each))
        for each in steps
    ]
    more = [result(name) for name in NAMES[3:40]]

    commands = of(run(*results, *more), NextCommands).commands  # type: ignore[attr-defined]  # they

    assert [dict(each.arguments) for each in commands] == [
        {"symbol": ("S0000", "S0001"), "on": date(2005, 3, 1)},
        {"symbol": ("S0002",), "on": date(2005, 3, 2)},
    ]


def many_reports() -> dict[str, Report]:
    """Reports of 1,000 datasets."""
    ids = [dataset(name) for name in NAMES]
    record = result("A", added=1).record
    return {
        "run": thousand(),
        "every one fails in its own way": run(
            *(
                result(
                    name, "failed", error=failure("NoData", f"a long message of some words {at}")
                )
                for at, name in enumerate(NAMES)
            )
        ),
        "health": HealthReport(AS_OF, tuple(health(name, "stale") for name in NAMES)),
        "health verbose": HealthReport(AS_OF, tuple(map(health, NAMES)), detailed=True),
        "list": ListReport(tuple(summary(name, gaps_open=1, missing=2) for name in NAMES)),
        "list of unlike ones": ListReport(
            tuple(
                replace(
                    summary(name),
                    provider=("yahoo", "files")[at % 2],
                    rows=5 * at + 1,
                    first=FIRST + at * timedelta(days=1),
                    last=LAST - at * timedelta(days=1),
                    updated=AS_OF - at * timedelta(days=1),
                    bytes=1_777 * at,
                )
                for at, name in enumerate(NAMES)
            )
        ),
        "gaps": GapsReport(AS_OF, tuple(DatasetGaps(each, "sample", (GAP, GAP)) for each in ids)),
        "no gaps": GapsReport(AS_OF, tuple(DatasetGaps(each, "sample", ()) for each in ids)),
        "review": ReviewReport(
            AS_OF, tuple(DatasetFindings(each, "sample", (SPIKE,)) for each in ids)
        ),
        "history": HistoryReport(
            tuple(DatasetHistory(each, "sample", (record,) * 10, ()) for each in ids)
        ),
    }


@pytest.mark.parametrize("name", many_reports())
def test_a_page_of_a_thousand_datasets_is_small_well_formed_and_says_where_the_rest_is(
    name: str,
) -> None:
    html = report_html(many_reports()[name])

    assert len(html.encode()) < 60_000
    root = ET.fromstring(html)  # noqa: S314  # our own
    assert not set("✅❌⚠") & set(html)
    opened = [
        row
        for row in root.iter("tr")
        if not any(
            row in details.iter() for details in root.iter("details") if not details.get("open")
        )
        and row.find("th") is None
    ]
    assert len(opened) <= 20 + 6  # one more of each group, which counts what is not shown
    if name == "no gaps":
        assert "1,000 datasets: no open gaps" in html
        return
    # Whoever looks for a dataset finds it, in Chromium's own search, too.
    assert [each for each in NAMES if each not in html] == []
    assert 'placeholder="Find in all 1,000"' in html or name == "gaps"
    assert "to_frame() of the result has all of them" not in html


def test_what_a_script_makes_work_is_hidden_until_it_runs() -> None:
    root = ET.fromstring(report_html(thousand()))  # noqa: S314  # our own
    scripted = [each for each in root.iter() if each.get("data-scripted") is not None]

    assert {each.tag for each in root.iter("button")} == {"button"}
    assert len(scripted) == 1 + 1 + 3  # to find, to expand, to copy three lines
    assert all(each.get("hidden") for each in scripted)
    inside = {id(inner) for each in scripted for inner in each.iter()}
    assert [each for each in root.iter("input") if id(each) not in inside] == []
    assert [each for each in root.iter("button") if id(each) not in inside] == []


def test_of_more_rows_than_a_page_has_room_for_it_says_how_many_there_are() -> None:
    gaps = (GAP,) * 20
    report = GapsReport(AS_OF, tuple(DatasetGaps(dataset(each), "sample", gaps) for each in NAMES))

    html = report_html(report)

    assert len(html.encode()) < 60_000
    (found,) = re.findall(r'placeholder="Find in ([\d,]+) of 20,000"', html)
    left = 20_000 - int(found.replace(",", ""))
    assert 0 < left < 20_000
    assert f"and {left:,} more rows: to_frame() of the result has all of them" in html


def test_columns_without_room_are_left_out_and_named() -> None:
    html = report_html(many_reports()["list of unlike ones"])

    (lines,) = re.findall(r"<details class=.ml4t-rows.>(.*?)</details>", html, re.DOTALL)
    title, heading, first = re.match(  # type: ignore[union-attr]  # it is there
        r"<summary>(.*)</summary><pre>(.*)\n(.*)\n", lines
    ).groups()
    assert title == "980 more rows of equities/daily, without Last, Updated and Size"
    assert heading.split() == ["Dataset", "Provider", "Bars", "First"]
    assert first.split() == ["S0020", "yahoo", "101", "2004-01-22"]


def test_the_first_commands_are_shown_and_the_others_folded() -> None:
    steps = [NextStep("end", dataset(name), end=day(f"2005-03-{at + 1:02}").date())
             for at, name in enumerate(NAMES[:25])]  # fmt: skip
    results = [
        result(each.dataset.symbol, "failed", error=replace(failure("NoData"), hint=each))
        for each in steps
    ]

    html = report_html(run(*results))
    text = report_text(run(*results), program="%ml4t").splitlines()

    shown, folded = html.split("<summary>22 more commands</summary>")
    assert shown.count("%ml4t end S") == 3
    lines = re.findall(r"<code>(.*?)</code>", folded, re.DOTALL)[0].split("\n")
    assert lines == [f"%ml4t end {each.dataset.symbol} --on {each.end}" for each in steps[3:]]
    assert text[-21:-19] == [
        "   → %ml4t end S0000 --on 2005-03-01",
        "   → %ml4t end S0001 --on 2005-03-02",
    ]
    assert text[-1] == "   and 5 more"


def test_very_many_commands_are_counted() -> None:
    steps = [
        NextStep("end", dataset(name), end=(FIRST + at * timedelta(days=1)).date())
        for at, name in enumerate(NAMES)
    ]
    results = [
        result(each.dataset.symbol, "failed", error=replace(failure("NoData"), hint=each))
        for each in steps
    ]

    html = report_html(run(*results))

    assert len(html.encode()) < 60_000
    (left,) = re.findall(r">and ([\d,]+) more</div></details>", html)
    assert html.count("%ml4t end S") + int(left) == 1000


def test_a_command_that_must_name_its_datasets_names_all_of_them() -> None:
    step = NextStep("end", dataset("X"), end=date(2005, 3, 1))
    results = [
        result(name, "failed",
               error=replace(failure("NoData"), hint=replace(step, dataset=dataset(name))))
        for name in NAMES[:45]
    ]  # fmt: skip

    commands = of(run(*results), NextCommands).commands  # type: ignore[attr-defined]  # they

    assert [len(each.arguments["symbol"]) for each in commands] == [20, 20, 5]
    assert [name for each in commands for name in each.arguments["symbol"]] == NAMES[:45]


def test_words_are_words_and_commands_are_code() -> None:
    mixed = ("choose a later one; if a clock was ahead: ", NextStep("reset_as_of", dataset("A")))
    report = replace(
        run(
            result("A", "failed", error=replace(failure("Overtaken", "it is later"), hint=mixed)),
            result("B", "failed", error=failure("RateLimited", "no", "try again in 15 minutes")),
            left=("C",),
        ),
        verb="load",
    )

    html = report_html(report)

    assert re.findall(r"<code>(.*?)</code>", html) == ["%ml4t update A --reset-as-of"]
    assert '<div class="ml4t-step">choose a later one; if a clock was ahead: <code>' in html
    assert '<div class="ml4t-step">try again in 15 minutes</div>' in html
    assert '<div class="ml4t-step">run it again to continue</div>' in html


def test_a_short_result_stays_a_row_a_dataset() -> None:
    kinds = [type(each).__name__ for each in blocks(run(result("A"), result("B")))]

    assert kinds == ["Headline", "Table"]
    assert [type(each).__name__ for each in blocks(run(result("A")))] == ["Table"]
