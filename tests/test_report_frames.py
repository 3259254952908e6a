"""Reports as frames: a row for each thing, typed columns, and the same columns without a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest

from ml4t_nb import reports
from ml4t_nb.backups import FileFault, SavedDataset, SavedFile
from ml4t_nb.check_reports import ReadCheck
from ml4t_nb.finding import Decision, Finding
from ml4t_nb.model import DatasetId, Gap
from ml4t_nb.notice import TargetStatus
from ml4t_nb.records import Ended, Exported, Pin, PinnedVersion, Restatement, Skipped, UpdateRecord
from ml4t_nb.reports import DatasetFindings, DatasetGaps, DatasetHistory, ProviderInfo, RunReport
from tests.render.reports import (
    AS_OF,
    FIRST,
    LAST,
    comparison,
    dataset,
    day,
    failure,
    health,
    result,
    run,
    summary,
)

CRYPTO = DatasetId("crypto", "hourly", "BTC-USD")
GAP = Gap(
    day("2005-01-05"), day("2005-01-06"), 2, "failed", attempts=1, asked=AS_OF, error="no reply"
)
DECIDED = Finding(
    day("2005-01-05"),
    "range",
    "high below low",
    evidence=(("high", 61.5), ("low", 63.0)),
    seen=AS_OF,
    opened=7,
    state="accepted",
    decision=Decision(AS_OF, "review", "as printed", 9),
)
SAVED = SavedDataset(dataset("A"), 3, (SavedFile("data/a", 7, "xxh3:0"),), "one is damaged")
LOST = FileFault("data/a", "missing")
OPEN = Finding(day("2005-01-07"), "frozen", "5 bars alike", end=day("2005-01-13"))


def kinds(frame: pd.DataFrame) -> dict[str, str]:
    """Each column's type; words are of one type in older pandas and of another in newer."""
    words = {"object": "text", "str": "text"}
    return {str(name): words.get(str(kind), str(kind)) for name, kind in frame.dtypes.items()}


def rows(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Rows as dicts; what is missing is None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return plain.to_dict("records")  # type: ignore[return-value]  # the names are words


def frames() -> dict[str, tuple[reports.Report, reports.Report]]:
    """A report with rows, and one without, by their type."""
    nothing = comparison("IBM")
    runs = (UpdateRecord(AS_OF, "load", "sample", "changed", added=295, version=1),)
    exported = Exported(dataset("IBM"), "sample", "USD", "monthly", "daily", 12, FIRST, LAST, None)
    card = ProviderInfo("sample", "a few", ("equities",), ("daily",), None)
    gaps, findings = DatasetGaps(dataset("A"), "sample", (GAP,)), (OPEN,)
    checked = ReadCheck(dataset("A"), "daily", "all", True, "", "", 3, "xxh3:0", "same")
    stamps = pd.DatetimeIndex([LAST], name="timestamp")
    bars = pd.DataFrame({"close": [1.5]}, index=stamps)
    found = DatasetFindings(dataset("A"), "sample", findings)
    both: dict[type, tuple[reports.Report, reports.Report]] = {
        RunReport: (run(result("A")), run()),
        reports.HealthReport: (
            reports.HealthReport(AS_OF, (health("A"),)),
            reports.HealthReport(AS_OF, ()),
        ),
        reports.ListReport: (reports.ListReport((summary("A"),)), reports.ListReport(())),
        reports.GapsReport: (reports.GapsReport(AS_OF, (gaps,)), reports.GapsReport(AS_OF, ())),
        reports.ReviewReport: (
            reports.ReviewReport(AS_OF, (found,)),
            reports.ReviewReport(AS_OF, ()),
        ),
        reports.HistoryReport: (
            reports.HistoryReport((DatasetHistory(dataset("A"), "sample", runs, ()),)),
            reports.HistoryReport(()),
        ),
        reports.CompareReport: (nothing, replace(nothing, differences=())),
        reports.ExportReport: (
            reports.ExportReport((exported,), None, None),
            reports.ExportReport((), None, None),
        ),
        reports.SqlReport: (
            reports.SqlReport("", pa.table({"n": [1]}), 0, None),
            reports.SqlReport("", pa.table({"n": pa.array([], pa.int64())}), 0, None),
        ),
        reports.RemoveReport: (
            reports.RemoveReport(((dataset("A"), 3),), whole=True),
            reports.RemoveReport((), whole=True),
        ),
        reports.ProvidersReport: (
            reports.ProvidersReport((card,)),
            reports.ProvidersReport(()),
        ),
        reports.PlanReport: (
            reports.PlanReport("load", AS_OF, (reports.DatasetPlan(dataset("A"), "sample"),)),
            reports.PlanReport("load", AS_OF, ()),
        ),
        reports.NotifyReport: (
            reports.NotifyReport((TargetStatus("mail", "mailtos://…", ("failed",)),)),
            reports.NotifyReport(()),
        ),
        reports.PinsReport: (
            reports.PinsReport((Pin("paper", AS_OF, (PinnedVersion(dataset("A"), 3, "xxh3:0"),)),)),
            reports.PinsReport(()),
        ),
        reports.BackupReport: (
            reports.BackupReport(Path("b"), AS_OF, Path("s"), (SAVED,)),
            reports.BackupReport(Path("b"), AS_OF, Path("s"), ()),
        ),
        reports.CheckBackupReport: (
            reports.CheckBackupReport(Path("b"), AS_OF, Path("s"), 1, 2, 3, (LOST,)),
            reports.CheckBackupReport(Path("b"), AS_OF, Path("s"), 1, 2, 3),
        ),
        reports.CheckReport: (
            reports.CheckReport(Path("a.json"), (checked,)),
            reports.CheckReport(Path("a.json"), ()),
        ),
        reports.PlotReport: (
            reports.PlotReport(dataset("A"), "sample", "UTC", bars, stamps[:0], ()),
            reports.PlotReport(dataset("A"), "sample", "UTC", bars[:0], stamps[:0], ()),
        ),
    }
    assert set(both) == set(get_args(reports.Report))
    return {kind.__name__: each for kind, each in both.items()}


@pytest.mark.parametrize("name", frames())
def test_a_report_without_a_row_has_the_columns_and_types_of_one_with_rows(name: str) -> None:
    some, none = (report.to_frame() for report in frames()[name])

    assert (len(some), len(none)) == (1, 0)
    assert list(none.columns) == list(some.columns)
    assert list(none.dtypes) == list(some.dtypes)
    assert type(none.index) is type(some.index)


def test_a_column_is_of_one_type_in_every_report() -> None:
    of: dict[str, set[str]] = {}
    for name, (report, _) in frames().items():
        if name not in ("SqlReport", "PlotReport"):
            for column, kind in kinds(report.to_frame()).items():
                of.setdefault(column, set()).add(kind)

    assert {name: each for name, each in of.items() if len(each) > 1} == {}
    assert of["first"] == {"datetime64[us, UTC]"}
    assert of["added"] == {"int64"}
    assert of["rows"] == {"Int64"}
    assert of["seconds"] == {"float64"}
    assert of["symbol"] == {"text"}


def test_a_run_has_a_row_for_each_dataset_also_for_one_that_it_did_not_reach() -> None:
    restated = result("AAPL", added=1, revised=542, restatement=Restatement(2.0), gaps=(GAP,))
    broken = result("BRK-B", "failed", error=failure("ProviderUnavailable", "no answer"))
    report = run(restated, broken, left=("C",), stopped="interrupted")

    one, two, three = rows(report.to_frame())

    assert one == {
        "symbol": "AAPL",
        "asset_class": "equities",
        "frequency": "daily",
        "provider": "sample",
        "outcome": "changed",
        "added": 1,
        "revised": 542,
        "filled": 0,
        "restated": 2.0,
        "rows": 295,
        "first": pd.Timestamp("2004-01-02", tz="UTC"),
        "last": pd.Timestamp("2005-03-04", tz="UTC"),
        "gaps_open": 1,
        "missing": 2,
        "suspect": 0,
        "seconds": 0.4,
        "error": "",
    }
    assert (two["outcome"], two["restated"], two["error"]) == ("failed", None, "no answer")
    assert [three[name] for name in ("symbol", "outcome", "added", "rows", "first", "error")] == [
        "C", "left", 0, None, None, "",
    ]  # fmt: skip


def test_what_failed_and_what_changed_is_told_from_the_rest_of_a_run() -> None:
    failed = result("A", "failed", error=failure("NoData"))
    part = result("B", "partial", added=3, error=failure("NoData"))
    idle_part = result("C", "partial", error=failure("NoData"))
    changed, unchanged = result("D", added=1), result("E", "unchanged")
    report = run(failed, part, idle_part, changed, unchanged)

    assert report.failed == (failed, part, idle_part)
    assert report.changed == (part, changed)
    assert len(report) == 5
    assert [each.dataset.symbol for each in report] == ["A", "B", "C", "D", "E"]


def test_findings_of_a_run_are_counted_that_are_to_decide() -> None:
    (row,) = rows(run(result("A", findings=(OPEN, DECIDED))).to_frame())

    assert row["suspect"] == 1


def test_health_has_its_state_and_its_numbers() -> None:
    late = replace(
        health("A", "stale", reason="8 sessions behind"),
        days_since_run=12,
        due=datetime(2005, 3, 7, 16, 30, tzinfo=ZoneInfo("America/New_York")),
    )
    other = replace(late, due=datetime(2005, 3, 8, 15, 30, tzinfo=ZoneInfo("Asia/Tokyo")))

    (row, tokyo) = rows(reports.HealthReport(AS_OF, (late, other)).to_frame())

    assert tokyo["due"] == pd.Timestamp("2005-03-08 06:30", tz="UTC")

    assert row == {
        "symbol": "A",
        "asset_class": "equities",
        "frequency": "daily",
        "provider": "",
        "state": "stale",
        "reason": "8 sessions behind",
        "rows": 295,
        "first": pd.Timestamp("2004-01-02", tz="UTC"),
        "last": pd.Timestamp("2005-03-04", tz="UTC"),
        "updated": pd.Timestamp("2005-03-04 21:30", tz="UTC"),
        "days_since_run": 12,
        "sessions_behind": 8,
        "gaps_open": 0,
        "suspect": 0,
        "recent_errors": 0,
        "currency": "",
        "due": pd.Timestamp("2005-03-07 21:30", tz="UTC"),
        "lost_from": None,
        "versions": None,
        "versions_bytes": None,
    }


def test_a_list_has_what_is_stored_and_the_last_date_of_a_symbol_that_ended() -> None:
    ended = replace(
        summary("A", damage="torn", gaps_open=1, missing=2),
        ended=Ended(date(2005, 3, 4), AS_OF),
        currency="USD",
    )

    (row,) = rows(reports.ListReport((ended,)).to_frame())

    assert row["ended"] == pd.Timestamp("2005-03-04", tz="UTC")
    assert (row["rows"], row["bytes"], row["chunks"]) == (1262, 51234, 2)
    assert (row["period"], row["calendar"], row["zone"]) == ("yearly", "XNYS", "")
    assert (row["damage"], row["gaps_open"], row["missing"]) == ("torn", 1, 2)
    assert row["currency"] == "USD"


def test_gaps_have_a_row_each() -> None:
    two = (GAP, Gap(day("2005-02-14"), day("2005-02-14"), 1, filled_by="forward"))
    report = reports.GapsReport(AS_OF, (DatasetGaps(dataset("A"), "sample", two),))

    one, other = rows(report.to_frame())

    assert one == {
        "symbol": "A",
        "asset_class": "equities",
        "frequency": "daily",
        "provider": "sample",
        "first": pd.Timestamp("2005-01-05", tz="UTC"),
        "last": pd.Timestamp("2005-01-06", tz="UTC"),
        "missing": 2,
        "state": "failed",
        "attempts": 1,
        "asked": pd.Timestamp("2005-03-04 21:30", tz="UTC"),
        "filled_by": "",
        "reason": "",
        "error": "no reply",
    }
    assert (other["state"], other["filled_by"], other["asked"]) == ("open", "forward", None)


def test_findings_have_their_evidence_in_numbers_and_their_decision() -> None:
    of = DatasetFindings(dataset("A"), "sample", (DECIDED, OPEN))

    one, other = rows(reports.ReviewReport(AS_OF, (of,)).to_frame())

    assert one == {
        "symbol": "A",
        "asset_class": "equities",
        "frequency": "daily",
        "provider": "sample",
        "first": pd.Timestamp("2005-01-05", tz="UTC"),
        "last": pd.Timestamp("2005-01-05", tz="UTC"),
        "rule": "range",
        "severity": "warning",
        "detail": "high below low",
        "evidence": {"high": 61.5, "low": 63.0},
        "seen": pd.Timestamp("2005-03-04 21:30", tz="UTC"),
        "run": 7,
        "state": "accepted",
        "decided": pd.Timestamp("2005-03-04 21:30", tz="UTC"),
        "by": "review",
        "reason": "as printed",
    }
    assert other["last"] == pd.Timestamp("2005-01-13", tz="UTC")
    assert [other[name] for name in ("run", "decided", "by")] == [None, None, ""]


def test_runs_have_their_number_and_what_they_did() -> None:
    first = UpdateRecord(AS_OF, "load", "sample", "changed", added=295, version=1, seconds=0.5)
    then = UpdateRecord(
        AS_OF, "update", "sample", "failed", error=failure("NoData", "none"), verdict="same"
    )
    of = DatasetHistory(CRYPTO, "sample", (first, then), ())

    one, other = rows(reports.HistoryReport((of,)).to_frame())

    assert one == {
        "symbol": "BTC-USD",
        "asset_class": "crypto",
        "frequency": "hourly",
        "run": 1,
        "as_of": pd.Timestamp("2005-03-04 21:30", tz="UTC"),
        "verb": "load",
        "provider": "sample",
        "outcome": "changed",
        "added": 295,
        "revised": 0,
        "filled": 0,
        "restated": None,
        "verdict": "",
        "chunks_written": 0,
        "gaps_open": 0,
        "seconds": 0.5,
        "undid": None,
        "kept": False,
        "times": 1,
        "since": pd.Timestamp("2005-03-04 21:30", tz="UTC"),
        "error": "",
    }
    assert [other[name] for name in ("run", "verdict", "error")] == [None, "same", "none"]


def test_two_providers_have_a_row_for_each_price_that_differs() -> None:
    (row,) = rows(comparison("IBM").to_frame())

    assert row == {
        "symbol": "IBM",
        "asset_class": "equities",
        "frequency": "daily",
        "timestamp": pd.Timestamp("2005-01-05", tz="UTC"),
        "price": "close",
        "stored": 64.5,
        "other": 66.435,
        "share": 0.03,
    }


def test_an_export_has_a_row_for_each_symbol_also_for_one_left_out() -> None:
    one = Exported(
        dataset("IBM"), "sample", "USD", "monthly", "daily", 12, FIRST, LAST, Path("IBM.csv"), 17,
        "xxh3:0", datetime(2005, 3, 4, 21, 30, tzinfo=UTC),
    )  # fmt: skip
    report = reports.ExportReport((one,), None, Path(), (Skipped("GE", "nothing is stored"),))

    written, left = rows(report.to_frame())

    assert written == {
        "symbol": "IBM",
        "asset_class": "equities",
        "frequency": "monthly",
        "derived_from": "daily",
        "provider": "sample",
        "currency": "USD",
        "rows": 12,
        "first": pd.Timestamp("2004-01-02", tz="UTC"),
        "last": pd.Timestamp("2005-03-04", tz="UTC"),
        "out": "IBM.csv",
        "skipped": "",
        "version": 17,
        "as_of": pd.Timestamp("2005-03-04 21:30", tz="UTC"),
    }
    assert [left[name] for name in ("symbol", "asset_class", "rows", "first", "skipped")] == [
        "GE", "", 0, None, "nothing is stored",
    ]  # fmt: skip


def test_what_was_removed_is_missing_where_it_was_not_known() -> None:
    report = reports.RemoveReport(((dataset("A"), 1262), (CRYPTO, None)), whole=True)

    one, other = rows(report.to_frame())

    assert one == {
        "symbol": "A", "asset_class": "equities", "frequency": "daily", "rows": 1262,
    }  # fmt: skip
    assert other["rows"] is None


def test_a_provider_has_a_row_for_each_class_and_frequency_that_it_serves() -> None:
    card = ProviderInfo(
        "web",
        "bars of the web",
        ("equities", "fx"),
        ("1m", "daily"),
        "split-adjusted",
        span_days=(("1m", 7.0),),
        age_days=(("1m", 29.0),),
    )

    found = rows(reports.ProvidersReport((card,)).to_frame())

    assert found[0] == {
        "provider": "web",
        "asset_class": "equities",
        "frequency": "1m",
        "basis": "split-adjusted",
        "days_per_request": 7.0,
        "days_back": 29.0,
        "summary": "bars of the web",
    }
    assert [(row["asset_class"], row["frequency"], row["days_back"]) for row in found] == [
        ("equities", "1m", 29.0),
        ("equities", "daily", None),
        ("fx", "1m", 29.0),
        ("fx", "daily", None),
    ]


def test_an_answer_of_a_query_keeps_its_columns() -> None:
    stamps = pa.array([datetime(2005, 3, 4, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
    report = reports.SqlReport("SELECT", pa.table({"close": [1.5], "at": stamps}), 10, None)

    frame = report.to_frame()

    assert kinds(frame) == {"close": "float64", "at": "datetime64[us, UTC]"}
    assert frame["at"].tolist() == [pd.Timestamp("2005-03-04", tz="UTC")]
