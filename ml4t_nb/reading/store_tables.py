"""What a store knows beside bars, as Arrow tables: datasets, gaps, findings, runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

import pyarrow as pa

from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId, Gap
from ml4t_nb.reading.lazy_dataset import LazyDataset, Tables, scanned
from ml4t_nb.records import Summary, UpdateRecord
from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["TABLES", "StoreTable", "TableName", "dataset_rows", "summary_rows"]

TableName: TypeAlias = Literal["datasets", "gaps", "findings", "runs"]

_TEXT, _WHOLE, _FLAG, _NUMBER = pa.string(), pa.int64(), pa.bool_(), pa.float64()
_STAMP, _DAY = pa.timestamp("us", tz="UTC"), pa.date32()
_OF = {"symbol": _TEXT, "asset_class": _TEXT, "frequency": _TEXT}

TABLES: dict[TableName, pa.Schema] = {
    "datasets": pa.schema(
        {
            **_OF,
            "provider": _TEXT,
            "calendar": _TEXT,
            "currency": _TEXT,
            "rows": _WHOLE,
            "first": _STAMP,
            "last": _STAMP,
            "updated": _STAMP,
            "gaps_open": _WHOLE,
            "missing": _WHOLE,
            "filled": _WHOLE,
            "suspect": _WHOLE,
            "finding": _TEXT,
            "recent_errors": _WHOLE,
            "last_error": _TEXT,
            "ended": _DAY,
            "damage": _TEXT,
            "chunks": _WHOLE,
            "bytes": _WHOLE,
        }
    ),
    "gaps": pa.schema(
        {
            **_OF,
            "first": _STAMP,
            "last": _STAMP,
            "missing": _WHOLE,
            "state": _TEXT,
            "pending": _FLAG,
            "attempts": _WHOLE,
            "asked": _STAMP,
            "filled_by": _TEXT,
            "reason": _TEXT,
            "error": _TEXT,
        }
    ),
    "findings": pa.schema(
        {
            **_OF,
            "first": _STAMP,
            "last": _STAMP,
            "rule": _TEXT,
            "severity": _TEXT,
            "detail": _TEXT,
            "state": _TEXT,
            "to_decide": _FLAG,
            "seen": _STAMP,
            "run": _WHOLE,
            "decided": _STAMP,
            "reason": _TEXT,
        }
    ),
    "runs": pa.schema(
        {
            **_OF,
            "run": _WHOLE,
            "as_of": _STAMP,
            "verb": _TEXT,
            "provider": _TEXT,
            "outcome": _TEXT,
            "added": _WHOLE,
            "revised": _WHOLE,
            "filled": _WHOLE,
            "gaps_open": _WHOLE,
            "verdict": _TEXT,
            "restated": _NUMBER,
            "undid": _WHOLE,
            "seconds": _NUMBER,
            "error": _TEXT,
            "notes": _TEXT,
            "times": _WHOLE,
            "since": _STAMP,
        }
    ),
}
"""The columns of each table; what is not known is null, as is a text that is empty."""


class StoreTable(LazyDataset):
    """A table whose rows are made when it is scanned."""

    def __init__(self, schema: pa.Schema, rows: Callable[[], Iterable[Sequence[object]]]) -> None:
        super().__init__(schema)
        self._rows = rows

    def parts(self, options: dict[str, Any]) -> Tables:
        """The rows that a scan asks for."""
        columns = [*zip(*self._rows(), strict=True)] or [()] * len(self.schema)
        plain = [
            [None if value == "" else value for value in column] if field.type == _TEXT else column
            for column, field in zip(columns, self.schema, strict=True)
        ]
        arrays = [pa.array(c, field.type) for c, field in zip(plain, self.schema, strict=True)]
        yield scanned(pa.Table.from_arrays(arrays, schema=self.schema), options)


def summary_rows(summaries: Iterable[Summary]) -> Iterator[Sequence[object]]:
    """The rows of ``datasets``."""
    names = TABLES["datasets"].names[len(_OF) :]
    for each in summaries:
        known = {name: getattr(each, name) for name in names}
        known["ended"] = each.ended.on if each.ended else None
        yield (*_of(each.dataset), *known.values())


def dataset_rows(
    name: Literal["gaps", "findings", "runs"], snapshots: Iterable[Snapshot]
) -> Iterator[Sequence[object]]:
    """The rows of the other tables."""
    for each in snapshots:
        manifest = each.manifest
        rows: Iterable[Sequence[object]]
        match name:
            case "gaps":
                rows = map(_gap, manifest.gaps)
            case "findings":
                rows = map(_finding, manifest.findings)
            case "runs":
                rows = map(_run, each.history())
        own = _of(manifest.dataset)
        yield from ((*own, *row) for row in rows)


def _of(dataset: DatasetId) -> tuple[str, str, str]:
    return dataset.symbol, dataset.asset_class, dataset.frequency


def _gap(gap: Gap) -> tuple[object, ...]:
    return (
        gap.start,
        gap.end,
        gap.missing,
        gap.state,
        gap.is_pending,
        gap.attempts,
        gap.asked,
        gap.filled_by,
        gap.reason,
        gap.error,
    )


def _finding(finding: Finding) -> tuple[object, ...]:
    decision = finding.decision
    return (
        finding.stamp,
        finding.end or finding.stamp,
        finding.rule,
        finding.severity,
        finding.detail,
        finding.state,
        finding.is_to_decide,
        finding.seen,
        finding.opened or None,
        decision.at if decision else None,
        decision.reason if decision else None,
    )


def _run(run: UpdateRecord) -> tuple[object, ...]:
    return (
        run.version or None,
        run.at,
        run.verb,
        run.provider,
        run.outcome,
        run.added,
        run.revised,
        run.filled,
        run.gaps_open,
        run.verdict,
        run.restatement.ratio if run.restatement else None,
        run.undid or None,
        run.seconds,
        run.error.message if run.error else None,
        "; ".join(run.notes),
        run.times,
        run.since,
    )
