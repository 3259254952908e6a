"""A report, or an error, as one JSON document."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from ml4t_nb.codec import Codec, Convert
from ml4t_nb.commands.declaration import ProgramName
from ml4t_nb.commands.spelling import Speller
from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import AssetClass, DatasetId, Gap, Hint
from ml4t_nb.records import UpdateResult
from ml4t_nb.render import documents as d
from ml4t_nb.reports import (
    ExportReport,
    GapsReport,
    HealthReport,
    ListReport,
    PlotReport,
    ProvidersReport,
    RemoveReport,
    Report,
    RunReport,
)

__all__ = ["document", "error_document"]


def document(report: Report, program: ProgramName) -> dict[str, Any]:
    """``report`` in dicts, lists, numbers and words; stamps are ISO 8601 with offset.

    Parameters
    ----------
    program
        What the reader types the next steps into.
    """
    return _dump(_document(report), program)


def error_document(verb: str | None, error: Ml4tError, program: ProgramName) -> dict[str, Any]:
    """An error that ended the verb before it had a report."""
    return _dump(d.ErrorDocument(verb, error.note), program)


def _dump(value: d.Document | d.ErrorDocument, program: ProgramName) -> dict[str, Any]:
    writers: dict[Any, Convert] = {DatasetId: str, Hint: Speller(program), float: _finite}
    plain: dict[str, Any] = Codec(writers).dump(value)
    return plain


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _document(report: Report) -> d.Document:  # noqa: PLR0911  # one for each report
    match report:
        case RunReport():
            results = _results(report)
            return d.RunDocument(
                report.verb, report.as_of, results, report.left, report.stopped, report.absent
            )
        case HealthReport():
            return _health(report)
        case ListReport():
            return d.ListDocument("list", report.datasets)
        case GapsReport():
            return _gaps(report)
        case ExportReport():
            return _export(report)
        case PlotReport():
            return _plot(report)
        case RemoveReport():
            removed = tuple(d.Removed(*each) for each in report.removed)
            return d.RemoveDocument("remove", removed, report.whole)
        case ProvidersReport():
            return d.ProvidersDocument("providers", report.providers)


def _results(report: RunReport) -> tuple[d.Result | d.DetailedResult, ...]:
    return tuple(_result(each, detailed=report.detailed) for each in report.results)


def _result(result: UpdateResult, *, detailed: bool) -> d.Result | d.DetailedResult:
    short = d.Result(**_fields_of(result, d.Result), restated=result.record.restatement is not None)
    if not detailed:
        return short
    more = {**_fields_of(result, d.DetailedResult), "history": result.history[-10:]}
    return d.DetailedResult(short, **more)


def _fields_of(result: UpdateResult, kind: type[Any]) -> dict[str, Any]:
    """Fields of ``kind`` that the result, or the record in it, has."""
    return {
        each.name: getattr(source, each.name)
        for each in fields(kind)
        for source in (result, result.record)
        if hasattr(source, each.name)
    }


def _health(report: HealthReport) -> d.HealthDocument:
    classes: dict[AssetClass, d.ClassSummary] = {}
    for each in report.datasets:
        counts = classes.setdefault(each.dataset.asset_class, {"datasets": 0, "rows": 0})
        counts["datasets"] += 1
        counts["rows"] += each.rows
    summary: d.HealthSummary = {
        "datasets": len(report.datasets),
        "healthy": report.count("healthy"),
        "stale": report.count("stale"),
        "error": report.count("error"),
        "rows": report.rows,
        "by_asset_class": classes,
    }
    had = map(d.HealthWithSessions, report.datasets, report.recent)
    return d.HealthDocument(
        "health", report.as_of, summary, tuple(had) if report.recent else report.datasets
    )


def _gaps(report: GapsReport) -> d.GapsDocument:
    each_of = report.datasets
    return d.GapsDocument(
        "gaps",
        tuple(row for each in each_of for row in _gaps_of(each.dataset, each.gaps)),
        report.as_of,
        tuple(each.dataset for each in each_of),
        tuple(d.DatasetAttempt(each.dataset, a) for each in each_of for a in each.unanswered),
        () if report.run is None else _results(report.run),
        report.failed,
        report.absent,
    )


def _gaps_of(dataset: DatasetId, gaps: Iterable[Gap]) -> tuple[d.DatasetGap, ...]:
    return tuple(d.DatasetGap(dataset, gap) for gap in gaps)


def _export(report: ExportReport) -> d.ExportDocument | d.BarsDocument:
    bars = report.bars
    told = d.ExportDocument("export", report.dataset, len(bars), *_ends(bars), report.out)
    if report.out is not None:
        return told
    stamps = [stamp.isoformat() for stamp in bars.index]
    columns = bars.to_dict("list")
    names = ("timestamp", *map(str, columns))
    rows = zip(stamps, *columns.values(), strict=True)
    listed: Any = tuple(dict(zip(names, row, strict=True)) for row in rows)
    return d.BarsDocument(told, listed)


def _plot(report: PlotReport) -> d.PlotDocument | d.MapDocument:
    plot = d.PlotDocument(
        "plot",
        report.dataset,
        report.provider,
        len(report.bars),
        *_ends(report.bars),
        int(report.bars["filled"].sum()),
        len(report.missing),
        _gaps_of(report.dataset, report.gaps),
        report.out,
    )
    if report.sessions is None:
        return plot
    rows: Any = report.sessions.drop(columns="gap").to_dict("records")
    days = report.sessions.index
    return d.MapDocument(
        plot, tuple(d.SessionBars(day.date(), **row) for day, row in zip(days, rows, strict=True))
    )


def _ends(bars: Any) -> tuple[datetime | None, datetime | None]:  # noqa: ANN401  # a frame
    first, last = bars.index[[0, -1]] if len(bars) else (None, None)
    return first, last
