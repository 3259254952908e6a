"""Rows of a report as a frame of pandas, whose columns do not depend on the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId
from ml4t_nb.notice import TargetStatus
from ml4t_nb.records import (
    ErrorNote,
    Exported,
    Health,
    Pin,
    Skipped,
    Summary,
    UpdateRecord,
    UpdateResult,
)
from ml4t_nb.report_parts import (
    DatasetFindings,
    DatasetGaps,
    DatasetHistory,
    Difference,
    ProviderInfo,
)

if TYPE_CHECKING:
    import pandas as pd

    from ml4t_nb.plans import DatasetPlan

__all__ = [
    "difference_frame",
    "export_frame",
    "finding_frame",
    "gap_frame",
    "health_frame",
    "history_frame",
    "list_frame",
    "pin_frame",
    "plan_frame",
    "provider_frame",
    "removed_frame",
    "rows_frame",
    "run_frame",
    "target_frame",
]  # fmt: skip

_DATASET = ("symbol", "asset_class", "frequency")
_RUN = (
    *_DATASET, "provider", "outcome", "added", "revised", "filled", "restated", "rows", "first",
    "last", "gaps_open", "missing", "suspect", "seconds", "error",
)  # fmt: skip
_HEALTH = (
    *_DATASET, "provider", "state", "reason", "rows", "first", "last", "updated", "days_since_run",
    "sessions_behind", "gaps_open", "suspect", "recent_errors", "currency", "due", "lost_from",
    "versions", "versions_bytes",
)  # fmt: skip
_LIST = (
    *_DATASET, "provider", "rows", "first", "last", "updated", "bytes", "chunks", "period",
    "calendar", "zone", "currency", "gaps_open", "missing", "filled", "unserved", "unanswered",
    "rejected", "taken", "suspect", "recent_errors", "last_error", "damage", "ended", "archived",
)  # fmt: skip
_GAPS = (
    *_DATASET, "provider", "first", "last", "missing", "state", "attempts", "asked", "filled_by",
    "reason", "error",
)  # fmt: skip
_FINDINGS = (
    *_DATASET, "provider", "first", "last", "rule", "severity", "detail", "evidence", "seen",
    "run", "state", "decided", "by", "reason",
)  # fmt: skip
_HISTORY = (
    *_DATASET, "run", "as_of", "verb", "provider", "outcome", "added", "revised", "filled",
    "restated", "verdict", "chunks_written", "gaps_open", "seconds", "undid", "times", "since",
    "kept", "error",
)  # fmt: skip
_DIFFERENCES = (*_DATASET, "timestamp", "price", "stored", "other", "share")
_EXPORTED = (
    *_DATASET, "derived_from", "provider", "currency", "rows", "first", "last", "out", "skipped",
    "version", "as_of",
)  # fmt: skip
_PROVIDERS = (
    "provider", "asset_class", "frequency", "basis", "days_per_request", "days_back", "summary",
)  # fmt: skip
_PLAN = (
    *_DATASET, "provider", "requests", "at_most", "bars", "bytes", "compared", "at_stake", "first",
    "last", "vanishing", "lost_from", "error",
)  # fmt: skip
_PINS = ("name", "at", "asset_class", "frequency", "symbol", "version")
_TARGETS = ("name", "url", "on", "known", "arrived", "error")

_STAMP, _NUMBER = "datetime64[us, UTC]", "float64"
_COUNT, _IF_KNOWN = "int64", "Int64"

# A name means the same, and is of the same type, in every report; all others are text.
_TYPES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "as_of", "asked", "decided", "due", "ended", "first", "last", "lost_from", "seen",
            "since", "timestamp", "updated", "vanishing",
        ),
        _STAMP,
    ),
    **dict.fromkeys(("rows", "days_since_run", "newest", "readable", "run", "undid"), _IF_KNOWN),
    **dict.fromkeys(
        (
            "added", "archived", "at_most", "at_stake", "attempts", "bars", "bytes", "chunks",
            "chunks_written", "compared", "filled", "gaps_open", "known", "missing",
            "recent_errors", "rejected", "removed", "requests", "revised", "sessions_behind",
            "suspect", "taken", "times", "unanswered", "unserved", "version",
        ),
        _COUNT,
    ),
    **dict.fromkeys(("days_back", "days_per_request", "other", "restated", "seconds"), _NUMBER),
    **dict.fromkeys(("share", "stored"), _NUMBER),
    "versions": _IF_KNOWN, "versions_bytes": _IF_KNOWN,
    **dict.fromkeys(("arrived", "kept"), "boolean"), "evidence": "object",
}  # fmt: skip


def run_frame(
    verb: str, as_of: datetime, results: Iterable[UpdateResult], left: Iterable[DatasetId]
) -> pd.DataFrame:
    """A row for each result, then one for each dataset that was not reached."""
    nothing = UpdateRecord(as_of, verb, "", "unchanged")
    rows = [_run_row(each) for each in results]
    unknown = {"outcome": "left", "rows": None}
    return rows_frame(
        _RUN, [*rows, *((unknown, *_run_row(UpdateResult(each, nothing))) for each in left)]
    )


def health_frame(judged: Iterable[Health]) -> pd.DataFrame:
    """A row for each judgement."""
    return rows_frame(_HEALTH, ((each.dataset, each) for each in judged))


def list_frame(summaries: Iterable[Summary]) -> pd.DataFrame:
    """A row for each summary."""
    return rows_frame(
        _LIST, (({"ended": each.ended and each.ended.on}, each.dataset, each) for each in summaries)
    )


def gap_frame(datasets: Iterable[DatasetGaps]) -> pd.DataFrame:
    """A row for each gap."""
    return rows_frame(
        _GAPS,
        (
            ({"first": gap.start, "last": gap.end}, each.dataset, each, gap)
            for each in datasets
            for gap in each.gaps
        ),
    )


def finding_frame(datasets: Iterable[DatasetFindings]) -> pd.DataFrame:
    """A row for each finding."""
    return rows_frame(
        _FINDINGS,
        (
            (_finding_cells(finding), each.dataset, each, finding)
            for each in datasets
            for finding in each.findings
        ),
    )


def history_frame(datasets: Iterable[DatasetHistory]) -> pd.DataFrame:
    """A row for each run."""
    return rows_frame(
        _HISTORY,
        (
            ({**_record_cells(record), "kept": record.version in each.kept}, each.dataset, record)
            for each in datasets
            for record in each.records
        ),
    )


def difference_frame(dataset: DatasetId, differences: Iterable[Difference]) -> pd.DataFrame:
    """A row for each price that differs."""
    return rows_frame(
        _DIFFERENCES,
        (({"timestamp": each.stamp, "price": each.column}, dataset, each) for each in differences),
    )


def export_frame(written: Iterable[Exported], skipped: Iterable[Skipped]) -> pd.DataFrame:
    """A row for each dataset, then one for each symbol left out."""
    rows = [({"frequency": each.frequency, "skipped": ""}, each.dataset, each) for each in written]
    nothing = {**dict.fromkeys(_EXPORTED), "rows": 0, "version": 0}
    left = (({**nothing, "symbol": each.symbol, "skipped": each.reason},) for each in skipped)
    return rows_frame(_EXPORTED, (*rows, *left))


def removed_frame(removed: Iterable[tuple[DatasetId, int | None]]) -> pd.DataFrame:
    """A row for each dataset."""
    return rows_frame((*_DATASET, "rows"), (({"rows": rows}, dataset) for dataset, rows in removed))


def plan_frame(datasets: Iterable[DatasetPlan]) -> pd.DataFrame:
    """A row for each dataset, with how many requests are certain."""
    return rows_frame(_PLAN, ((_plan_cells(each), each.dataset, each) for each in datasets))


def provider_frame(providers: Iterable[ProviderInfo]) -> pd.DataFrame:
    """A row for each asset class and frequency of each provider."""
    return rows_frame(
        _PROVIDERS,
        (
            (
                {
                    "provider": each.name,
                    "asset_class": asset_class,
                    "frequency": frequency,
                    "days_per_request": dict(each.span_days).get(frequency),
                    "days_back": dict(each.age_days).get(frequency),
                },
                each,
            )
            for each in providers
            for asset_class in each.asset_classes
            for frequency in each.frequencies
        ),
    )


def target_frame(targets: Iterable[TargetStatus]) -> pd.DataFrame:
    """A row for each target."""
    own = ({"on": ", ".join(each.on), "known": len(each.conditions)} for each in targets)
    return rows_frame(_TARGETS, zip(own, targets, strict=True))


def pin_frame(pins: Iterable[Pin]) -> pd.DataFrame:
    """A row for each dataset of each pin."""
    return rows_frame(_PINS, ((each, each.dataset, pin) for pin in pins for each in pin.versions))


def _run_row(result: UpdateResult) -> tuple[object, ...]:
    restatement = result.record.restatement
    own = {
        "restated": restatement and restatement.ratio,
        "missing": sum(gap.missing for gap in result.gaps if gap.is_pending),
        "suspect": sum(each.is_to_decide for each in result.findings),
    }
    return own, result.dataset, result, result.record


def _record_cells(record: UpdateRecord) -> dict[str, object]:
    return {
        "run": record.version or None,
        "as_of": record.at,
        "restated": record.restatement and record.restatement.ratio,
        "undid": record.undid or None,
    }


def _plan_cells(plan: DatasetPlan) -> dict[str, object]:
    spans = [each.span for each in plan.requests]
    return {
        "requests": len(spans),
        "first": min((each.start for each in spans), default=None),
        "last": max((each.end for each in spans), default=None),
    }


def _finding_cells(finding: Finding) -> dict[str, object]:
    made = finding.decision
    return {
        "first": finding.stamp,
        "last": finding.end or finding.stamp,
        "evidence": dict(finding.evidence),
        "run": finding.opened or None,
        "decided": made and made.at,
        "by": made and made.by,
        "reason": made and made.reason,
    }


def rows_frame(names: Sequence[str], rows: Iterable[Sequence[object]]) -> pd.DataFrame:
    """A frame with the columns ``names``.

    A row is given as the values that have its cells: mappings, or objects with fields. Each cell
    is of the first that has its name.
    """
    import pandas as pd

    given = list(rows)
    return pd.DataFrame(
        {
            # "str" is what this version of pandas makes of words.
            name: pd.Series([_cell(name, row) for row in given], dtype=_TYPES.get(name, "str"))
            for name in names
        }
    )


def _cell(name: str, row: Sequence[object]) -> object:
    for each in row:
        if isinstance(each, Mapping):
            if name in each:
                return _plain(name, each[name])
        elif hasattr(each, name):
            return _plain(name, getattr(each, name))
    raise KeyError(name)


def _plain(name: str, value: object) -> object:
    if isinstance(value, ErrorNote):
        return value.message
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)  # as its session is stamped
    if name in _TYPES:
        return value
    return "" if value is None else str(value)
