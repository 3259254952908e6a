"""Reports built by hand."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from ml4t_nb.core.bars import as_instant
from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId, Gap, Hint, NextStep, Span
from ml4t_nb.records import (
    ErrorNote,
    Exported,
    Health,
    HealthState,
    Outcome,
    Restatement,
    Revision,
    Summary,
    UpdateRecord,
    UpdateResult,
)
from ml4t_nb.reports import (
    CompareReport,
    Difference,
    ExportReport,
    HealthReport,
    PriceScale,
    RunReport,
)

AS_OF = datetime(2005, 3, 4, 21, 30, tzinfo=UTC)
FIRST = datetime(2004, 1, 2, tzinfo=UTC)
LAST = datetime(2005, 3, 4, tzinfo=UTC)


def day(word: str) -> datetime:
    """The stamp of a daily bar."""
    return datetime.fromisoformat(f"{word}T00:00+00:00")


def dataset(symbol: str) -> DatasetId:
    """A daily dataset of a share."""
    return DatasetId("equities", "daily", symbol)


def result(
    symbol: str,
    outcome: Outcome = "changed",
    *,
    added: int = 0,
    revised: int = 0,
    filled: int = 0,
    error: ErrorNote | None = None,
    restatement: Restatement | None = None,
    revisions: tuple[Revision, ...] = (),
    notes: tuple[str, ...] = (),
    gaps: tuple[Gap, ...] = (),
    findings: tuple[Finding, ...] = (),
    provider: str = "sample",
) -> UpdateResult:
    """The result of one run over 295 bars."""
    record = UpdateRecord(
        AS_OF,
        "update",
        provider,
        outcome,
        added=added,
        revised=revised,
        filled=filled,
        gaps_open=sum(gap.is_pending for gap in gaps),
        seconds=0.4,
        verdict="same",
        restatement=restatement,
        spans=(Span(day("2005-02-21"), day("2005-03-05")),),
        chunks_written=1,
        revisions=revisions,
        notes=notes,
        error=error,
    )
    return UpdateResult(
        dataset(symbol),
        record,
        rows=295,
        first=FIRST,
        last=LAST,
        gaps=gaps,
        findings=findings,
        version=7,
        history=(record,),
        before=health(symbol, "stale"),
        after=health(symbol),
    )


def run(
    *results: UpdateResult, left: tuple[str, ...] = (), stopped: str = "", detailed: bool = False
) -> RunReport:
    """The report of an update."""
    return RunReport(
        "update", AS_OF, results, tuple(dataset(each) for each in left), stopped, detailed
    )


def failure(kind: str, message: str = "no bars today", hint: str = "") -> ErrorNote:
    """An error as a result keeps it."""
    return ErrorNote(kind, message, hint)


def health(
    symbol: str,
    state: HealthState = "healthy",
    *,
    reason: str = "current",
    step: Hint | None = None,
) -> Health:
    """A judgement on 295 bars; what is not healthy is mended by an update, if nothing is said."""
    usual: Hint = "" if state == "healthy" else NextStep("update", dataset(symbol))
    return Health(
        dataset(symbol),
        state,
        reason,
        rows=295,
        first=FIRST,
        last=LAST,
        updated=AS_OF,
        sessions_behind=0 if state == "healthy" else 8,
        gaps_open=0,
        recent_errors=0,
        step=usual if step is None else step,
    )


def healths(*states: HealthState, fail_on: tuple[HealthState, ...] = ("error",)) -> HealthReport:
    """A health report of one dataset in each of the states."""
    judged = tuple(health(f"S{at}", state) for at, state in enumerate(states))
    return HealthReport(AS_OF, judged, fail_on=fail_on)


def summary(symbol: str, *, damage: str = "", gaps_open: int = 0, missing: int = 0) -> Summary:
    """A row of the list."""
    return Summary(
        dataset(symbol),
        provider="sample",
        calendar="XNYS",
        period="yearly",
        rows=1262,
        bytes=51234,
        chunks=2,
        first=FIRST,
        last=LAST,
        updated=AS_OF,
        gaps_open=gaps_open,
        missing=missing,
        damage=damage,
    )


def comparison(symbol: str, *, other: str = "files", notes: tuple[str, ...] = ()) -> CompareReport:
    """Bars of two providers, one of them in pence, that differ in one close."""
    return CompareReport(
        dataset=dataset(symbol),
        provider="sample",
        other=other,
        as_of=AS_OF,
        tolerance=0.001,
        common=295,
        agreeing=(("open", 295), ("high", 295), ("low", 295), ("close", 294)),
        differences=(Difference(day("2005-01-05"), "close", 64.5, 66.435, 0.03),),
        only_stored=(day("2005-02-14"),),
        only_other=(day("2005-02-21"),),
        scales=(PriceScale(FIRST, LAST, 100.0),),
        volume_ratio=1.02,
        volumes_apart=1,
        notes=notes,
    )


def exported(symbol: str, bars: pd.DataFrame, out: str | None = None) -> Exported:
    """What is said of daily bars from the sample."""
    first, last = map(as_instant, bars.index[[0, -1]]) if len(bars) else (None, None)
    path = None if out is None else Path(out)
    of = dataset(symbol)
    return Exported(of, "sample", "", of.frequency, None, len(bars), first, last, path)


def printed(bars: pd.DataFrame) -> ExportReport:
    """An export of IBM to standard output."""
    return ExportReport((exported("IBM", bars),), bars, None)
