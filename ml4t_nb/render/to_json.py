"""A report, or an error, as one JSON document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from ml4t_nb import reports
from ml4t_nb.backups import BackupReport, CheckBackupReport
from ml4t_nb.codec import OMITTED, Codec, Convert
from ml4t_nb.commands.declaration import ProgramName
from ml4t_nb.commands.spelling import Speller
from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId, Gap, Hint
from ml4t_nb.records import UpdateResult
from ml4t_nb.render import documents as d
from ml4t_nb.render import review_documents as r
from ml4t_nb.render.backup_document import BackupDocument, CheckBackupDocument, SavedRow
from ml4t_nb.render.check_document import CheckDocument
from ml4t_nb.render.export_document import ExportDocument
from ml4t_nb.render.health_blocks import class_totals
from ml4t_nb.render.notify_document import NotifyDocument
from ml4t_nb.render.pins_document import PinsDocument
from ml4t_nb.render.plan_document import PlanDocument
from ml4t_nb.render.sql_document import SqlColumn, SqlDocument
from ml4t_nb.render.sync_document import DeclaredUniverse, SyncDocument, UnloadedDataset
from ml4t_nb.verbs.plans import shown
from ml4t_nb.verbs.table_files import plain_rows
from ml4t_nb.version_diff import DiffSummary

__all__ = ["document", "error_json", "report_json"]


def report_json(report: reports.Report) -> str:
    """One JSON document, ended by a newline."""
    return _text(document(report, "ml4t-data"))


def error_json(verb: str | None, error: Ml4tError) -> str:
    """The document of an error that left no report."""
    return _text(_plain(d.ErrorDocument(verb, error.note), "ml4t-data"))


def document(report: reports.Report, program: ProgramName) -> dict[str, Any]:
    """``report`` in dicts, lists, numbers and words; next steps as typed into ``program``."""
    return _plain(_document(report), program)


def _text(plain: dict[str, Any]) -> str:
    # ASCII survives whatever encoding the reader's pipe has.
    return json.dumps(plain, indent=2, allow_nan=False) + "\n"


def _plain(value: object, program: ProgramName) -> dict[str, Any]:
    writers: dict[Any, Convert] = {
        DatasetId: str,
        Hint: Speller(program),
        float: _finite,
        dict[str, Any]: dict,  # a row of a query, which is plain
    }
    plain: dict[str, Any] = Codec(writers).dump(value)
    return plain


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _document(report: reports.Report) -> object:  # noqa: C901, PLR0911, PLR0912  # one for each
    report = shown(report)
    match report:
        case reports.PlanReport():
            return _without_due(report, _filled(PlanDocument, report))
        case reports.SyncReport():
            universes = tuple(DeclaredUniverse(*each) for each in report.universes)
            unloaded = tuple(_filled(UnloadedDataset, each) for each in report.unloaded)
            return replace(_run(report, SyncDocument), universes=universes, unloaded=unloaded)
        case reports.RunReport():
            return _run(report)
        case reports.HealthReport():
            return _health(report)
        case reports.ListReport():
            return _filled(d.ListDocument, report)
        case reports.GapsReport():
            return _gaps(report)
        case reports.ReviewReport():
            return _review(report)
        case reports.HistoryReport():
            datasets = tuple(map(_history, report.datasets))
            diff = OMITTED if report.diff is None else _filled(DiffSummary, report.diff)
            return _filled(r.HistoryDocument, report, datasets=datasets, diff=diff)
        case reports.CompareReport():
            return _filled(d.CompareDocument, report, agreeing=dict(report.agreeing))
        case reports.ExportReport():
            bars = OMITTED if report.printed is None else _rows(report.printed)
            return _filled(ExportDocument, report, bars=bars)
        case reports.SqlReport():
            return _sql(report)
        case reports.PlotReport():
            return _plot(report)
        case reports.RemoveReport():
            removed = tuple(d.Removed(*each) for each in report.removed)
            return _filled(d.RemoveDocument, report, removed=removed)
        case reports.ProvidersReport():
            return _filled(d.ProvidersDocument, report)
        case reports.NotifyReport():
            return _filled(NotifyDocument, report)
        case reports.PinsReport():
            return _filled(PinsDocument, report)
        case BackupReport():
            rows = tuple(_filled(SavedRow, each, files=len(each.files)) for each in report.datasets)
            return _filled(BackupDocument, report, datasets=rows, files=report.total)
        case CheckBackupReport():
            return _filled(CheckBackupDocument, report)
        case reports.CheckReport():
            return _filled(CheckDocument, report, moved=len(report.moved))


def _filled(kind: type[Any], *sources: object, **own: object) -> Any:  # noqa: ANN401  # a ``kind``
    """A ``kind`` with its ``own`` values, and those that the sources have under the same names."""
    found = {
        each.name: getattr(source, each.name)
        for each in fields(kind)
        for source in sources
        if hasattr(source, each.name)
    }
    return kind(**{**found, **own})


def _run(report: reports.RunReport, kind: type[Any] = d.RunDocument) -> Any:  # noqa: ANN401
    told = report.deliveries or OMITTED
    whole = _filled(kind, report, results=_results(report), deliveries=told)
    return _without_due(report, whole)


def _without_due(report: reports.RunReport | reports.PlanReport, whole: Any) -> Any:  # noqa: ANN401
    """The document, which says what was not due only where just what is due was wanted."""
    if report.waiting is None:
        return replace(whole, waiting=OMITTED, next_due=OMITTED)
    return whole


def _results(report: reports.RunReport | None) -> tuple[d.DetailedResult, ...]:
    if report is None:
        return ()
    return tuple(_result(each, detailed=report.detailed) for each in report.results)


def _result(result: UpdateResult, *, detailed: bool) -> d.DetailedResult:
    own = {"restated": result.record.restatement is not None, "history": result.history[-10:]}
    whole: d.DetailedResult = _filled(d.DetailedResult, result, result.record, **own)
    details = () if detailed else (each for each in fields(whole) if each.default is OMITTED)
    return replace(whole, **{each.name: OMITTED for each in details})


def _health(report: reports.HealthReport) -> d.HealthDocument:
    summary: d.HealthSummary = {
        "datasets": len(report.datasets),
        "healthy": report.count("healthy"),
        "incomplete": report.count("incomplete"),
        "stale": report.count("stale"),
        "suspect": report.count("suspect"),
        "error": report.count("error"),
        "rows": report.rows,
        "by_asset_class": {
            name: {"datasets": number, "rows": rows}
            for name, (number, rows) in class_totals(report.datasets).items()
        },
    }
    sessions = report.recent or (OMITTED,) * len(report.datasets)
    judged = tuple(map(d.HealthWithSessions, report.datasets, sessions))
    return d.HealthDocument(as_of=report.as_of, summary=summary, datasets=judged, left=report.left)


def _gaps(report: reports.GapsReport) -> Any:  # noqa: ANN401
    each_of = report.datasets
    return _filled(
        d.GapsDocument,
        report,
        gaps=tuple(row for each in each_of for row in _gaps_of(each.dataset, each.gaps)),
        datasets=tuple(each.dataset for each in each_of),
        unanswered=tuple(
            d.DatasetAttempt(each.dataset, asked) for each in each_of for asked in each.unanswered
        ),
        suspect=sum(each.suspect for each in each_of),
        results=_results(report.run),
    )


def _gaps_of(dataset: DatasetId, gaps: Iterable[Gap]) -> tuple[d.DatasetGap, ...]:
    return tuple(d.DatasetGap(dataset, gap) for gap in gaps)


def _review(report: reports.ReviewReport) -> Any:  # noqa: ANN401
    return _filled(
        r.ReviewDocument,
        report,
        findings=tuple(
            r.DatasetFinding(each.dataset, finding.severity, finding)
            for each in report.datasets
            for finding in each.findings
        ),
        datasets=tuple(each.dataset for each in report.datasets),
        results=_results(report.run),
    )


def _history(of: reports.DatasetHistory) -> r.DatasetRuns:
    runs = tuple(
        r.PastRun(
            record,
            opened=tuple(f for f in of.findings if record.version and f.opened == record.version),
            decided=tuple(
                f for f in of.findings if f.decision and 0 < f.decision.version == record.version
            ),
            kept=record.version in of.kept,
        )
        for record in of.records
    )
    return r.DatasetRuns(of.dataset, of.provider, runs)


def _sql(report: reports.SqlReport) -> SqlDocument:
    table = report.table
    return SqlDocument(
        query=report.query,
        columns=tuple(SqlColumn(each.name, str(each.type)) for each in table.schema),
        rows=table.num_rows,
        out=report.out,
        notes=report.notes,
        data=OMITTED if report.out is not None else tuple(plain_rows(table)),
    )


def _plot(report: reports.PlotReport) -> Any:  # noqa: ANN401
    sessions = OMITTED
    if report.sessions is not None:
        rows: Any = report.sessions.drop(columns=["gap", "finding", "source"]).to_dict("index")
        sessions = tuple(d.SessionBars(day.date(), **row) for day, row in rows.items())
    return _filled(
        d.MapDocument,
        report,
        **_range(report.bars),
        filled=int(report.bars["filled"].sum()),
        missing=len(report.missing),
        gaps=_gaps_of(report.dataset, report.gaps),
        sessions=sessions,
        before=OMITTED if report.before is None else _rows(report.before),
        after=OMITTED if report.before is None else _rows(report.bars),
        versions=report.versions or OMITTED,
        beside=tuple(each.dataset for each in report.beside) or OMITTED,
        frequency=report.derived or OMITTED,
    )


def _range(bars: Any) -> dict[str, Any]:  # noqa: ANN401  # a frame
    first, last = bars.index[[0, -1]] if len(bars) else (None, None)
    return {"rows": len(bars), "first": first, "last": last}


def _rows(bars: Any) -> tuple[d.Bar, ...]:  # noqa: ANN401  # a frame
    index = bars.index.to_frame(index=False)
    index["timestamp"] = [stamp.isoformat() for stamp in index["timestamp"]]
    return tuple(index.join(bars.reset_index(drop=True)).to_dict("records"))
