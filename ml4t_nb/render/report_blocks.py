"""Any report as tables and lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, get_args

from ml4t_nb import reports
from ml4t_nb.backups import BackupReport, CheckBackupReport
from ml4t_nb.render.backup_blocks import backup_blocks, check_blocks
from ml4t_nb.render.change.run_change import run_change
from ml4t_nb.render.change.wording import change_sentence
from ml4t_nb.render.check_blocks import read_check_blocks
from ml4t_nb.render.compare_blocks import compare_blocks
from ml4t_nb.render.finding_blocks import review_blocks
from ml4t_nb.render.format import (
    change_words,
    count,
    instant,
    labelled,
    many,
    one_line,
    stamp,
)
from ml4t_nb.render.gap_blocks import gap_blocks
from ml4t_nb.render.health_blocks import health_blocks
from ml4t_nb.render.history_blocks import history_blocks
from ml4t_nb.render.layout import Block, Note, Table
from ml4t_nb.render.list_blocks import list_blocks
from ml4t_nb.render.notify_blocks import notify_blocks
from ml4t_nb.render.pin_blocks import pin_blocks
from ml4t_nb.render.plan_blocks import plan_blocks
from ml4t_nb.render.run_blocks import run_blocks
from ml4t_nb.render.sync_blocks import sync_blocks
from ml4t_nb.render.table_cells import arrow_cells, arrow_headings
from ml4t_nb.verbs.plans import shown

__all__ = ["SHOWN", "blocks"]

SHOWN = 10
"""Bars of an export that are shown below its blocks."""


def blocks(report: reports.Report) -> tuple[Block, ...]:
    """Tables and lines of ``report``, in reading order."""
    report = shown(report)
    return tuple(block for block in _BLOCKS[type(report)](report) if block != [])


def _exported(report: reports.ExportReport) -> Iterator[Block]:
    total, out = sum(each.rows for each in report.datasets), report.out
    if len(report.datasets) == 1:
        (one,) = report.datasets
        out, name = one.out, labelled(one.dataset, one.provider)
        kind = "bar" if one.derived_from is None else f"{one.frequency} bar"
        what = f"{many(total, kind)} {'of' if one.derived_from is None else 'derived from'} {name}"
    else:
        what = f"{many(total, 'bar')} of {many(len(report.datasets), 'dataset')}"
    yield [Note(f"✅ {what} written to {out}" if out is not None else what)]
    yield [Note(f"⚠️ {each.symbol} left out: {each.reason}") for each in report.skipped]


def _answered(report: reports.SqlReport) -> Iterator[Block]:
    table = report.table
    if report.out is not None:
        yield [Note(f"✅ {many(table.num_rows, 'row')} written to {report.out}")]
        return
    shown = table.slice(0, report.limit) if report.limit else table
    yield Table(tuple(arrow_headings(shown)), tuple(arrow_cells(shown)))
    if shown.num_rows < table.num_rows:
        yield [
            Note(
                f"{count(shown.num_rows)} of {many(table.num_rows, 'row')} shown",
                "--limit 0 shows all, --out FILE writes them",
            )
        ]
    elif not table.num_rows:
        yield [Note("no rows")]


def _drawn(report: reports.PlotReport) -> Iterator[Block]:
    where = f" written to {report.out}" if report.out is not None else ""
    reports = (report, *report.beside)
    lines = [f"{labelled(each.dataset, each.provider)}: {_seen(each)}" for each in reports]
    yield [*map(Note, lines[:-1]), Note(lines[-1] + where)]


def _seen(report: reports.PlotReport) -> str:
    """What is drawn, in numbers, with what of it is to be decided."""
    doubts = f"; {many(len(report.findings), 'finding')} to decide" if report.findings else ""
    others = ", ".join(dict.fromkeys(one_line(each.provider) for each in report.sources))
    return _counted(report) + doubts + (f"; with bars from {others}" if others else "")


def _counted(report: reports.PlotReport) -> str:
    if report.versions is not None:
        return change_sentence(run_change(report)).removesuffix(".")
    if report.before is not None and report.record is not None:
        what = f"run {report.record.version}, {report.record.verb} of {instant(report.record.at)}"
        return f"what {what} changed: {change_words(report.record)}"
    if report.sessions is not None:
        states = Counter(report.sessions["state"])
        counted = ", ".join(
            f"{count(states[s])} {s}" for s in get_args(reports.SessionState) if states[s]
        )
        return f"{many(len(report.sessions), 'session')}: {counted or 'none'}"
    if report.bars.empty:
        return "no bars in this range"
    frequency = report.dataset.frequency
    ends = [stamp(each.to_pydatetime(), frequency) for each in report.bars.index[[0, -1]]]
    parts = [f"{many(len(report.bars), 'bar')}, {ends[0]} … {ends[1]}"]
    if filled := int(report.bars["filled"].sum()):
        parts.append(f"{count(filled)} of them filled")
    if report.gaps:
        parts.append(f"{many(len(report.gaps), 'gap')}, {many(len(report.missing), 'bar')} missing")
    return "; ".join(parts)


def _removed(report: reports.RemoveReport) -> Iterator[Block]:
    notes = []
    for dataset, rows in report.removed:
        what = f"{dataset} removed" if report.whole else f"removed from {dataset}"
        number = "number of bars unknown" if rows is None else many(rows, "bar")
        notes.append(Note(f"✅ {what}: {number}"))
    yield notes or [Note("nothing was removed")]


def _providers(report: reports.ProvidersReport) -> Iterator[Block]:
    headings = ("Provider", "Serves", "Asset classes", "Frequencies", "Limits")
    yield Table(headings, tuple(map(_card, report.providers)))


def _card(card: reports.ProviderInfo) -> tuple[str, ...]:
    limits = (
        f"{name} {days:g} days {what}"
        for each, what in ((card.span_days, "at a time"), (card.age_days, "back"))
        for name, days in each
    )
    return (
        card.name,
        card.summary,
        ", ".join(card.asset_classes),
        ", ".join(card.frequencies),
        "; ".join(limits) or "none",
    )


_BLOCKS: dict[type[reports.Report], Callable[[Any], Iterator[Block]]] = {
    reports.RunReport: run_blocks,
    reports.SyncReport: sync_blocks,
    reports.HealthReport: health_blocks,
    reports.ListReport: list_blocks,
    reports.GapsReport: gap_blocks,
    reports.ReviewReport: review_blocks,
    reports.HistoryReport: history_blocks,
    reports.CompareReport: compare_blocks,
    reports.ExportReport: _exported,
    reports.SqlReport: _answered,
    reports.PlotReport: _drawn,
    reports.RemoveReport: _removed,
    reports.ProvidersReport: _providers,
    reports.NotifyReport: notify_blocks,
    reports.PinsReport: pin_blocks,
    BackupReport: backup_blocks,
    CheckBackupReport: check_blocks,
    reports.CheckReport: read_check_blocks,
    reports.PlanReport: plan_blocks,
}
