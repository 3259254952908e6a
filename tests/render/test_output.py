"""Reports as text, rows, HTML and JSON."""

import csv
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import tzset
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.core.bars import make_bars
from ml4t_nb.errors import OptionError
from ml4t_nb.finding import Decision, Finding
from ml4t_nb.model import DatasetId, Gap, NextStep
from ml4t_nb.records import Restatement, Revision, Skipped
from ml4t_nb.render import text
from ml4t_nb.render.format import MARKS, currency_words, instant, judgement, plain, ratio, size
from ml4t_nb.render.html import report_html
from ml4t_nb.render.layout import Table
from ml4t_nb.render.text import report_rows, report_text
from ml4t_nb.render.to_json import error_json, report_json
from ml4t_nb.reports import (
    DatasetFindings,
    DatasetGaps,
    DatasetHistory,
    ExportReport,
    GapsReport,
    HealthReport,
    HistoryReport,
    ListReport,
    ProviderInfo,
    ProvidersReport,
    RemoveReport,
    Report,
    ReviewReport,
    UnreadDataset,
)
from ml4t_nb.verbs.formats import csv_of
from tests.render.reports import (
    AS_OF,
    FIRST,
    comparison,
    dataset,
    day,
    exported,
    failure,
    health,
    healths,
    printed,
    result,
    run,
    summary,
)

SPLIT = Restatement(2.0, ((day("2005-02-28"), 2.0),))
NASTY = "<b>x</b>[red]&\x1b[31m\u202e"

BARS = make_bars(
    ["2004-01-02", "2004-01-05"],
    {
        "open": [0.1 + 0.2, 1e-17],
        "high": [1 / 3, 123456789.123456789],
        "low": [5e-324, 1.7976931348623157e308],
        "close": [10.64, 11.085],
        "volume": [5165800.0, 0.0],
    },
    filled=[False, True],
)
GAP = Gap(day("2005-06-01"), day("2005-06-03"), missing=3, attempts=2, state="confirmed")

REPORTS: dict[str, Report] = {
    "run": run(
        result("AAPL", restatement=SPLIT, added=5),
        result(NASTY, "failed", error=failure("SymbolUnknown", NASTY, NASTY)),
        result("IBM", notes=(NASTY,), findings=(Finding(None, "nan", NASTY),), gaps=(GAP,)),
        left=(NASTY,),
        stopped=NASTY,
        detailed=True,
    ),
    "health": HealthReport(AS_OF, (health(NASTY, "error", reason=NASTY),), detailed=True),
    "list": ListReport((summary(NASTY, damage=NASTY, gaps_open=1, missing=2),)),
    "gaps": GapsReport(
        AS_OF,
        (DatasetGaps(dataset(NASTY), "sample", (GAP,)), DatasetGaps(dataset("IBM"), "sample", ())),
        failed=(UnreadDataset(dataset(NASTY), failure("ChunkCorrupt", NASTY, NASTY)),),
    ),
    "compare": comparison(NASTY, other=NASTY, notes=(NASTY,)),
    "review": ReviewReport(
        AS_OF,
        (
            DatasetFindings(
                dataset(NASTY),
                "sample",
                (
                    Finding(
                        day("2005-01-05"),
                        "spike",
                        NASTY,
                        NextStep("update", dataset(NASTY)),
                        day("2005-01-07"),
                        ((NASTY, 2.5), ("volume", 1234567.0)),
                        seen=AS_OF,
                        opened=7,
                    ),
                    Finding(
                        None,
                        "nan",
                        NASTY,
                        state="accepted",
                        decision=Decision(AS_OF, "review", f"{NASTY}\n{NASTY}", 8),
                    ),
                ),
            ),
            DatasetFindings(dataset("IBM"), "sample", ()),
        ),
        every=True,
        failed=(UnreadDataset(dataset(NASTY), failure("ChunkCorrupt", NASTY, NASTY)),),
    ),
    "history": HistoryReport(
        (
            DatasetHistory(
                dataset(NASTY),
                "sample",
                (
                    result("A", restatement=SPLIT, notes=(f"{NASTY}\n{NASTY}",)).record,
                    replace(
                        result("A", "failed", error=failure("SymbolUnknown", NASTY)).record,
                        version=7,
                    ),
                ),
                (Finding(day("2005-01-05"), "spike", NASTY, opened=7),),
            ),
        ),
        failed=(UnreadDataset(dataset(NASTY), failure("ChunkCorrupt", NASTY, NASTY)),),
    ),
    "export": ExportReport(
        (exported(NASTY, BARS, "out/<b>.csv"),), None, Path("out/<b>.csv"), (Skipped(NASTY, NASTY),)
    ),
    "remove": RemoveReport(((dataset(NASTY), 5),), whole=True),
    "providers": ProvidersReport(
        (ProviderInfo("p", NASTY, ("equities",), ("daily",), "as-traded", (("1m", 7.0),)),)
    ),
}


def lines(report: Report, width: int | None = None) -> list[str]:
    return report_text(report, width=width).splitlines()


def test_a_split_is_reported_in_one_line() -> None:
    report = run(result("AAPL", restatement=SPLIT, added=5))

    assert "AAPL: restated 2:1 (split 2005-02-28): history replaced, 295 bars" in lines(report)


def test_a_restatement_without_a_split_says_so() -> None:
    restatement = Restatement(1.0234, (), kept=3)

    text = report_text(run(result("AAPL", restatement=restatement)))

    assert "restated 1.0234 (the provider reports no split)" in text
    assert "3 bars kept that the provider no longer has" in text


def test_each_dataset_has_a_line_with_its_change_and_range() -> None:
    report = run(result("MSFT", added=5, revised=2, filled=1), result("IBM", "unchanged"))

    assert [re.sub(r" {2,}", "  ", line) for line in lines(report)[:6]] == [
        "2 datasets: 1 updated, 1 unchanged",
        "5 bars added, 2 changed, 1 filled · from sample · as of 2005-03-04 21:30 UTC",
        "",
        "Dataset  Change  Bars  First  Last  Gaps",
        "equities/daily/MSFT  ✅  +5, 2 revised, 1 filled  295  2004-01-02  2005-03-04  none",
        "equities/daily/IBM  ✅  unchanged  295  2004-01-02  2005-03-04  none",
    ]


def test_a_failure_stands_with_its_next_step() -> None:
    error = failure("DatasetNotFound", "nothing is stored", "ml4t-data load -s NOPE")

    text = report_text(run(result("NOPE", "failed", error=error)))

    assert "❌ NOPE: nothing is stored\n   → ml4t-data load -s NOPE\n" in text


def test_a_revision_names_the_old_and_the_new_value() -> None:
    changed = Revision(day("2005-02-24"), "close", 95.1, 95.2)

    text = report_text(run(result("IBM", revised=1, revisions=(changed,))))

    assert "IBM: revised: close of 2005-02-24 95.1 → 95.2" in text


def test_an_open_gap_is_counted_and_named() -> None:
    gap = Gap(day("2005-01-05"), day("2005-01-06"), missing=2)

    text = report_text(run(result("IBM", gaps=(gap,))))

    assert "1 (2 bars)" in text
    assert "IBM: 2 bars missing, 2005-01-05 … 2005-01-06 (open)" in text


def test_a_gap_that_is_settled_is_not_counted() -> None:
    gap = replace(GAP, filled_by="forward")

    assert lines(run(result("IBM", gaps=(gap,))))[2].endswith("none")


def test_bars_that_no_dataset_has_are_not_ignored() -> None:
    gap = Gap(day("2005-01-05"), day("2005-01-06"), missing=2, state="confirmed", attempts=2)

    assert lines(run(result("IBM", gaps=(gap,))))[2].endswith("none open")


def test_a_row_that_was_kept_out_is_named() -> None:
    finding = Finding(day("2005-01-05"), "nan", "close is NaN")

    text = report_text(run(result("IBM", findings=(finding,))))

    assert "⚠️ IBM: 1 row not stored: 2005-01-05 close is NaN (nan)" in text


def test_an_interrupted_run_says_what_is_done_and_what_is_left() -> None:
    report = run(result("AAPL"), left=("IBM", "MSFT"), stopped="interrupted")

    assert lines(report)[:2] == [
        "3 datasets: 1 updated, 2 not reached",
        "stopped, interrupted · from sample · as of 2005-03-04 21:30 UTC",
    ]
    update = "   → ml4t-data update -s IBM -s MSFT"
    assert lines(report)[-2:] == ["not reached: IBM, MSFT", update]
    loaded = lines(replace(report, verb="load"))
    assert loaded[0] == "3 datasets: 1 loaded, 2 not reached"
    assert loaded[-2:] == ["not reached: IBM, MSFT", "   → run it again to continue"]


@pytest.mark.parametrize("done", [0, 7])
def test_an_interrupted_run_of_many_ends_with_how_to_go_on(done: int) -> None:
    symbols = tuple(f"S{number}" for number in range(400))
    report = run(*map(result, symbols[:done]), left=symbols[done:], stopped="interrupted")

    loaded = report_text(replace(report, verb="load"))
    assert "stopped, interrupted" in loaded.splitlines()[1].split(" · ")
    assert loaded.endswith(
        f"\n\n{400 - done} datasets not reached\n   → run it again to continue\n"
    )
    assert "\n\n\n" not in loaded
    assert report_text(report).endswith("\n\n   → ml4t-data update\n")


def test_made_up_bars_are_always_labelled() -> None:
    report = run(result("AAPL", provider="synthetic"), result("IBM"))

    assert [line.split()[1] for line in lines(report)[4:6]] == ["synthetic", "sample"]


def test_status_shows_health_around_the_run_and_its_history() -> None:
    text = report_text(run(result("AAPL", added=5), detailed=True))

    assert "before     ⚠️ stale: current" in text
    assert "after      ✅ healthy: current" in text
    assert "requested  2005-02-21 … 2005-03-04" in text
    assert "written    1 chunk" in text
    assert "last 1 run of equities/daily/AAPL" in text


def test_health_counts_states_bars_and_classes() -> None:
    text = report_text(healths("healthy", "stale", "error", "suspect", "suspect", "incomplete"))

    assert text.startswith(
        "6 datasets: 1 healthy, 1 incomplete, 1 stale, 2 suspect, 1 error\n"
        "1,770 bars · as of 2005-03-04 21:30 UTC\n"
    )
    assert "   → ml4t-data update -s S1" in text


def test_what_needs_attention_is_marked_alike_and_named_by_its_word() -> None:
    assert MARKS == {
        "healthy": "✅",
        "incomplete": "⚠️",
        "stale": "⚠️",
        "suspect": "⚠️",
        "error": "❌",
    }


def test_health_says_how_long_ago_the_last_run_was_when_asked() -> None:
    ago = replace(health("S0"), days_since_run=3)
    text = report_text(HealthReport(AS_OF, (ago, health("S1")), detailed=True))

    assert re.search(r"Updated +Days ago +Failed +Next due\n", text)
    assert re.search(r"S0 .* 2005-03-04 +3 +0 +-\n", text)
    assert re.search(r"S1 .* 2005-03-04 +- +0 +-\n", text)


def test_health_says_when_the_next_update_is_due_when_asked() -> None:
    now = replace(health("S0"), due=AS_OF)
    later = replace(
        health("S1"), due=datetime(2005, 3, 11, 16, 30, tzinfo=ZoneInfo("America/New_York"))
    )
    text = report_text(HealthReport(AS_OF, (now, later), detailed=True))

    assert re.search(r"S0 .* now\n", text)
    assert re.search(r"S1 .* 2005-03-11 21:30 UTC\n", text)


def test_a_list_names_currencies_where_one_is_known() -> None:
    pounds = replace(summary("BARC.L"), currency="GBp")
    _, _, _, *stored = lines(ListReport((pounds, summary("IBM"))))

    assert stored[0].endswith("Size  Currency")
    assert stored[1].endswith("51.2 kB  GBp (1/100 GBP)")
    assert stored[2].endswith("51.2 kB")
    assert "Currency" not in report_text(ListReport((summary("IBM"),)))


def test_a_part_of_a_currency_is_explained() -> None:
    assert [currency_words(each) for each in ("USD", "", "GBp", "KWF")] == [
        "USD", "", "GBp (1/100 GBP)", "KWF (1/1000 KWD)",
    ]  # fmt: skip


def test_a_list_names_findings_to_be_decided() -> None:
    doubted = replace(summary("IBM"), suspect=2, finding="close 10 times its neighbours")
    text = report_text(ListReport((doubted,)))

    assert "⚠️ IBM: 2 findings to decide: close 10 times its neighbours" in text
    assert "   → ml4t-data review -s IBM" in text


def test_health_shows_the_healthy_only_when_asked() -> None:
    assert "equities/daily/S0" not in report_text(healths("healthy", "stale"))
    report = HealthReport(AS_OF, (health("S0"),), detailed=True)
    assert "equities/daily/S0" in report_text(report)


@pytest.mark.parametrize("report", [run(), healths(), ListReport(()), GapsReport(AS_OF, ())])
def test_an_empty_store_names_the_first_step(report: Report) -> None:
    assert lines(report) == ["nothing is stored yet", "   → ml4t-data load -s SYMBOL -p PROVIDER"]


def test_damage_is_listed() -> None:
    text = report_text(ListReport((summary("IBM", damage="chunk x is truncated"),)))

    assert "❌ IBM: chunk x is truncated" in text


def test_a_dataset_without_gaps_says_so() -> None:
    assert "✅ equities/daily/IBM: no open gaps" in report_text(REPORTS["gaps"])


@pytest.mark.parametrize("width", [80, 60, 40, 20])
def test_no_name_and_no_number_is_cut_short_however_narrow(width: int) -> None:
    stored = ListReport((summary("A-LONG-SYMBOL-OF-30-CHARACTERS"),))

    text = report_text(stored, width=width)

    assert "equities/daily/A-LONG-SYMBOL-OF-30-CHARACTERS" in text
    assert "1,262" in text
    assert "2005-03-04" in text


def test_sentences_wrap_to_stay_within_the_width() -> None:
    card = ProviderInfo("p", "many words " * 20, ("equities",), ("daily",), "as-traded")

    assert max(map(len, lines(ProvidersReport((card,)), width=80))) <= 80


def test_cells_stand_below_each_other_whatever_their_letters_take() -> None:
    table = Table(
        headings=("name", "bars kept>", "what to do next"),
        rows=(("中文", "7", "load it again"), ("A", "1,234", ""), ("B", "", "wait")),
    )

    assert text.as_text([table]) == (
        "name  bars kept  what to do next\n"
        "中文          7  load it again\n"
        "A         1,234\n"
        "B                wait\n"
    )
    assert text.as_text([table], width=24) == (
        "               what to\n"
        "name bars kept do next\n"
        "中文         7 load it\n"
        "               again\n"
        "A        1,234\n"
        "B              wait\n"
    )
    headings, *rows = text.as_text([table], colour=True).splitlines()
    assert headings == "\x1b[1mname  bars kept  what to do next\x1b[0m"
    assert "\x1b" not in "".join(rows)


@pytest.mark.parametrize("name", REPORTS)
def test_text_holds_no_control_character_of_a_vendor(name: str) -> None:
    text = report_text(REPORTS[name])

    assert "\x1b" not in text
    assert "\u202e" not in text


def test_markup_of_the_terminal_library_is_shown_as_it_is() -> None:
    assert "<b>x</b>[red]&\\x1b[31m\\u202e" in report_text(REPORTS["list"])


@pytest.mark.parametrize("name", REPORTS)
def test_html_escapes_every_word(name: str) -> None:
    html = report_html(REPORTS[name])

    assert "<b>" not in html
    assert "\x1b" not in html


@pytest.mark.parametrize("name", REPORTS)
def test_html_is_well_formed(name: str) -> None:
    ET.fromstring(report_html(REPORTS[name]))  # noqa: S314  # our own


@pytest.mark.parametrize("name", REPORTS)
def test_html_takes_its_colours_from_the_theme(name: str) -> None:
    sheet, html = re.findall(r"<style>(.*)</style>(.*)", report_html(REPORTS[name]), re.DOTALL)[0]

    assert "var(--jp-" in sheet
    assert re.findall(r"color:(?!var\(--)", html) == []
    assert re.findall(r"#[0-9a-fA-F]{3,6}\b|rgb|background", html) == []


def test_a_state_is_a_word_beside_its_sign() -> None:
    html = report_html(healths("error", "stale"))

    for state in ("error", "stale"):
        sign = rf'<svg class="ml4t-icon ml4t-icon-{state}".*?</td><td class="s">{state}</td>'
        assert re.search(sign, html)
    assert not set("✅❌⚠") & set(html)


def test_rows_of_health_are_datasets_only() -> None:
    rows = report_rows(healths("error", "stale")).splitlines()

    assert [row.split("\t")[1] for row in rows] == ["error", "stale"]


def test_a_stale_state_is_said_once() -> None:
    late = health("AAPL", "stale", reason="data are stale: 3 sessions behind")

    assert judgement(late) == "⚠️ stale: 3 sessions behind"


def test_rows_are_separated_by_tabs_and_have_no_heading() -> None:
    assert report_rows(ListReport((summary("IBM"),))) == (
        "equities/daily/IBM\tsample\t1,262\t2004-01-02\t2005-03-04\t2005-03-04\t51.2 kB\n"
    )


def test_json_of_a_run_has_the_agreed_keys_in_order() -> None:
    document = json.loads(report_json(run(result("AAPL", added=3))))

    assert list(document)[:3] == ["verb", "as_of", "results"]
    assert list(document["results"][0])[:13] == [
        "dataset", "provider", "outcome", "added", "revised", "filled", "restated", "gaps_open",
        "rows", "first", "last", "seconds", "error",
    ]  # fmt: skip
    assert document["as_of"] == "2005-03-04T21:30:00+00:00"
    assert document["results"][0]["restated"] is False
    assert document["results"][0]["error"] is None


def test_json_of_a_failure_has_type_message_and_hint() -> None:
    report = run(result("X", "failed", error=failure("SymbolUnknown", "no X", "look it up")))

    assert json.loads(report_json(report))["results"][0]["error"] == {
        "type": "SymbolUnknown",
        "message": "no X",
        "hint": "look it up",
    }


def test_json_of_health_has_the_agreed_keys() -> None:
    document = json.loads(report_json(healths("healthy", "stale", "suspect")))

    assert document["summary"] == {
        "datasets": 3,
        "healthy": 1,
        "incomplete": 0,
        "stale": 1,
        "suspect": 1,
        "error": 0,
        "rows": 885,
        "by_asset_class": {"equities": {"datasets": 3, "rows": 885}},
    }
    assert list(document["datasets"][0])[:10] == [
        "dataset", "state", "reason", "rows", "first", "last", "updated", "sessions_behind",
        "gaps_open", "recent_errors",
    ]  # fmt: skip


def test_json_of_gaps_has_the_agreed_keys() -> None:
    document = json.loads(report_json(REPORTS["gaps"]))

    assert list(document["gaps"][0])[:5] == ["dataset", "start", "end", "missing", "state"]


def test_json_of_gaps_counts_the_findings_to_decide() -> None:
    ibm = DatasetGaps(DatasetId("equities", "daily", "IBM"), "sample", (), suspect=1)
    two = GapsReport(AS_OF, (ibm, replace(ibm, suspect=2)))

    assert json.loads(report_json(two))["suspect"] == 3


def test_json_of_the_list_has_the_agreed_keys() -> None:
    document = json.loads(report_json(ListReport((summary("IBM"),))))

    assert list(document["datasets"][0])[:9] == [
        "dataset", "provider", "rows", "first", "last", "updated", "bytes", "chunks", "period",
    ]  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_json_is_one_plain_document(name: str) -> None:
    text = report_json(REPORTS[name])

    assert text.isascii()
    assert isinstance(json.loads(text), dict)


def test_json_of_an_error_names_verb_type_message_and_hint() -> None:
    text = error_json("load", OptionError("no", hint="do"))

    assert json.loads(text) == {
        "verb": "load",
        "error": {"type": "OptionError", "message": "no", "hint": "do"},
    }


def test_json_of_bars_gives_back_each_number() -> None:
    document = json.loads(report_json(printed(BARS)))

    assert [bar["high"] for bar in document["bars"]] == BARS["high"].tolist()
    assert document["bars"][0]["timestamp"] == "2004-01-02T00:00:00+00:00"
    assert document["datasets"][0]["first"] == "2004-01-02T00:00:00+00:00"


def test_csv_gives_back_each_bar_to_the_last_bit() -> None:
    rows = list(csv.DictReader(csv_of(BARS).splitlines()))

    assert rows[0]["timestamp"] == "2004-01-02T00:00:00+00:00"
    assert rows[0]["open"] == "0.30000000000000004"
    assert [row["filled"] for row in rows] == ["False", "True"]
    for name in ("open", "high", "low", "close", "volume", "dividend", "split"):
        assert [float(row[name]) for row in rows] == BARS[name].tolist()


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_csv_gives_back_any_price(price: float) -> None:
    prices = {name: [price] for name in ("open", "high", "low", "close")}
    bars = make_bars(["2004-01-02"], prices)

    text = csv_of(bars)

    assert float(text.splitlines()[1].split(",")[1]) == price


def test_a_frame_is_shown_in_part_not_whole() -> None:
    stamps = pd.date_range("2004-01-01", periods=400, tz="UTC")
    prices = {name: [1.0] * 400 for name in ("open", "high", "low", "close")}
    report = printed(make_bars(stamps, prices))

    assert len(lines(report)) < 20
    assert report_html(report).count("<tr") < 20


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (2.0, "2:1"), (7.0, "7:1"), (1.5, "3:2"), (0.1, "1:10"), (1.05, "21:20"),
        (1 / 3, "1:3"), (0.02, "1:50"), (1.0234567, "1.02346"), (2.0000001, "2:1"),
    ],
)  # fmt: skip
def test_a_ratio_is_said_as_two_numbers(value: float, words: str) -> None:
    assert ratio(value) == words


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 B"), (999, "999 B"), (51234, "51.2 kB"), (4_200_000, "4.2 MB")]
)
def test_a_size_is_said_in_the_nearest_unit(number: int, words: str) -> None:
    assert size(number) == words


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "2005-03-04 21:30 UTC"),
        ("EST5EDT", "2005-03-04 16:30 -05:00"),
        ("Asia/Kolkata", "2005-03-05 03:00 +05:30"),
    ],
)
def test_an_instant_is_shown_in_local_time(
    zone: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    tzset()
    try:
        shown = instant(AS_OF)
    finally:
        monkeypatch.setenv("TZ", "UTC")
        tzset()

    assert shown == words


def test_a_session_keeps_its_date_in_every_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    tzset()
    try:
        text = report_text(run(result("IBM")))
    finally:
        monkeypatch.setenv("TZ", "UTC")
        tzset()

    assert "2004-01-02  2005-03-04" in text


def test_an_intraday_stamp_has_its_hour_and_zone() -> None:
    name = DatasetId("equities", "1m", "IBM")
    gap = Gap(datetime(2024, 1, 5, 14, 30, tzinfo=UTC), datetime(2024, 1, 5, 14, 31, tzinfo=UTC), 2)

    text = report_text(GapsReport(AS_OF, (DatasetGaps(name, "sample", (gap,)),)))

    assert "2024-01-05 14:30 UTC  2024-01-05 14:31 UTC" in text


@given(st.text())
def test_plain_words_can_be_printed(text: str) -> None:
    assert plain(text).replace("\n", "").isprintable()


def test_plain_leaves_ordinary_words_alone() -> None:
    assert plain("Ä ⚠️ ✅ 7203.T") == "Ä ⚠️ ✅ 7203.T"


def test_a_dataset_that_has_no_bars_is_shown() -> None:
    report = printed(BARS.iloc[:0])

    assert report.bars is not None
    assert csv_of(report.bars) == "timestamp,open,high,low,close,volume,dividend,split,filled\n"
    assert json.loads(report_json(report))["datasets"][0]["first"] is None


def test_the_first_stamp_is_the_one_given() -> None:
    assert FIRST.isoformat() in report_json(run(result("IBM")))
