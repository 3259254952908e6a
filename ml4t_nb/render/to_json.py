"""A report, or an error, as one JSON document."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from itertools import zip_longest
from pathlib import PurePath
from typing import Any, TypeAlias

from ml4t_nb.commands.declaration import ProgramName
from ml4t_nb.commands.spelling import Speller
from ml4t_nb.errors import Ml4tError
from ml4t_nb.hints import in_words
from ml4t_nb.model import DatasetId, Gap, Hint
from ml4t_nb.records import ErrorNote, Health, Summary, UpdateResult
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

Document: TypeAlias = dict[str, Any]


def document(report: Report, program: ProgramName) -> Document:  # noqa: PLR0911  # one for each report
    """``report`` in dicts, lists, numbers and words; stamps are ISO 8601 with offset.

    Parameters
    ----------
    program
        What the reader types the next steps into.
    """
    spell = Speller(program)
    match report:
        case RunReport():
            return _run(report, spell)
        case HealthReport():
            return _health(report, spell)
        case ListReport():
            return {"verb": "list", "datasets": [_summary(each) for each in report.datasets]}
        case GapsReport():
            return {
                "verb": "gaps",
                "gaps": [_gap(each.dataset, gap) for each in report.datasets for gap in each.gaps],
                "as_of": _value(report.as_of),
                "datasets": [str(each.dataset) for each in report.datasets],
                "unanswered": [
                    {"dataset": str(each.dataset), **_value(asked)}
                    for each in report.datasets
                    for asked in each.unanswered
                ],
                "results": [] if report.run is None else _run(report.run, spell)["results"],
                "failed": _value(report.failed, spell),
                "absent": _value(report.absent),
            }
        case ExportReport():
            return _export(report)
        case PlotReport():
            return _plot(report)
        case RemoveReport():
            removed = [{"dataset": str(name), "rows": rows} for name, rows in report.removed]
            return {"verb": "remove", "removed": removed, "whole": report.whole}
        case ProvidersReport():
            return {"verb": "providers", "providers": [_value(each) for each in report.providers]}


def error_document(verb: str | None, error: Ml4tError, program: ProgramName) -> Document:
    """An error that ended the verb before it had a report."""
    note = ErrorNote(type(error).__name__, error.message, error.advice)
    return {"verb": verb, "error": _value(note, Speller(program))}


def _run(report: RunReport, spell: Speller) -> Document:
    return {
        "verb": report.verb,
        "as_of": _value(report.as_of),
        "results": [_result(each, spell, detailed=report.detailed) for each in report.results],
        "left": [str(each) for each in report.left],
        "stopped": report.stopped,
        "absent": _value(report.absent),
    }


def _result(result: UpdateResult, spell: Speller, *, detailed: bool) -> Document:
    record = result.record
    short = {
        "dataset": str(result.dataset),
        "provider": record.provider,
        "outcome": record.outcome,
        "added": record.added,
        "revised": record.revised,
        "filled": record.filled,
        "restated": record.restatement is not None,
        "gaps_open": record.gaps_open,
        "rows": result.rows,
        "first": _value(result.first),
        "last": _value(result.last),
        "seconds": record.seconds,
        "error": _value(record.error, spell),
        "restatement": _value(record.restatement),
        "verdict": record.verdict,
        "version": result.version,
        "notes": _value(record.notes),
        "findings": _value(result.findings),
        "revisions": _value(record.revisions),
    }
    if not detailed:
        return short
    return {
        **short,
        "spans": _value(record.spans),
        "chunks_written": record.chunks_written,
        "before": _value(result.before, spell),
        "after": _value(result.after, spell),
        "gaps": _value(result.gaps),
        "history": _value(result.history[-10:], spell),
    }


def _health(report: HealthReport, spell: Speller) -> Document:
    classes: dict[str, dict[str, int]] = {}
    for each in report.datasets:
        counts = classes.setdefault(each.dataset.asset_class, {"datasets": 0, "rows": 0})
        counts["datasets"] += 1
        counts["rows"] += each.rows
    return {
        "verb": "health",
        "as_of": _value(report.as_of),
        "summary": {
            "datasets": len(report.datasets),
            "healthy": report.count("healthy"),
            "stale": report.count("stale"),
            "error": report.count("error"),
            "rows": report.rows,
            "by_asset_class": classes,
        },
        "datasets": [
            {**_judged(each, spell), **({"sessions": _value(had)} if report.recent else {})}
            for each, had in zip_longest(report.datasets, report.recent)
        ],
    }


def _judged(health: Health, spell: Speller) -> Document:
    return {
        "dataset": str(health.dataset),
        "state": health.state,
        "reason": health.reason,
        "rows": health.rows,
        "first": _value(health.first),
        "last": _value(health.last),
        "updated": _value(health.updated),
        "sessions_behind": health.sessions_behind,
        "gaps_open": health.gaps_open,
        "recent_errors": health.recent_errors,
        "step": spell(health.step),
    }


def _summary(summary: Summary) -> Document:
    leading = ("dataset", "provider", "rows", "first", "last", "updated", "bytes", "chunks")
    names = (*leading, "period", "calendar", "gaps_open", "missing", "filled", "unserved")
    rest = ("recent_errors", "last_error", "damage")
    return {name: _value(getattr(summary, name)) for name in (*names, *rest)}


def _gap(dataset: DatasetId, gap: Gap) -> Document:
    return {"dataset": str(dataset), **_value(gap)}


def _export(report: ExportReport) -> Document:
    first, last = report.bars.index[[0, -1]] if len(report.bars) else (None, None)
    told = {
        "verb": "export",
        "dataset": str(report.dataset),
        "rows": len(report.bars),
        "first": _value(first),
        "last": _value(last),
        "out": _value(report.out),
    }
    if report.out is not None:
        return told
    stamps = [stamp.isoformat() for stamp in report.bars.index]
    columns = report.bars.to_dict("list")
    rows = zip(stamps, *columns.values(), strict=True)
    names = ("timestamp", *map(str, columns))
    return {**told, "bars": [dict(zip(names, row, strict=True)) for row in rows]}


def _plot(report: PlotReport) -> Document:
    first, last = report.bars.index[[0, -1]] if len(report.bars) else (None, None)
    told = {
        "verb": "plot",
        "dataset": str(report.dataset),
        "provider": report.provider,
        "rows": len(report.bars),
        "first": _value(first),
        "last": _value(last),
        "filled": int(report.bars["filled"].sum()),
        "missing": len(report.missing),
        "gaps": [_gap(report.dataset, gap) for gap in report.gaps],
        "out": _value(report.out),
    }
    if report.sessions is None:
        return told
    rows = report.sessions.drop(columns="gap").to_dict("records")
    days = [f"{day:%Y-%m-%d}" for day in report.sessions.index]
    sessions = [{"session": day, **row} for day, row in zip(days, rows, strict=True)]
    return {**told, "sessions": sessions}


def _value(value: object, spell: Callable[[Hint], str] = in_words) -> Any:  # noqa: ANN401, PLR0911  # whatever JSON has for it
    match value:
        case ErrorNote():
            return {"type": value.type, "message": value.message, "hint": spell(value.hint)}
        case Health():
            judged = {each.name: _value(getattr(value, each.name)) for each in fields(value)}
            return {**judged, "step": spell(value.step)}
        case DatasetId() | PurePath():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return None
        case tuple():
            return [_value(each, spell) for each in value]
        case _ if is_dataclass(value):
            return {each.name: _value(getattr(value, each.name), spell) for each in fields(value)}
        case _:
            return value
