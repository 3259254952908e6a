"""Manifests of earlier versions: refused, with the line that loads the dataset again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml4t_nb.core.calendars.calendar import default_calendar
from ml4t_nb.errors import StoreOutdated
from ml4t_nb.model import DatasetId, NextStep
from ml4t_nb.options import load_arguments
from ml4t_nb.records import Summary

__all__ = ["outdated"]


def outdated(dataset: DatasetId, body: bytes, path: Path) -> StoreOutdated:
    """The error that says that ``body`` is in an earlier version's format."""
    known = _summary(dataset, body)
    origin = load_arguments(dataset, known.provider, known.calendar, known.first, known.zone)
    return StoreOutdated(
        f"{dataset} was stored in the format of an earlier ml4t_nb ({path})",
        hint=("load it again: ", NextStep("reload", dataset, source=origin)),
        summary=known,
    )


def _summary(dataset: DatasetId, body: bytes) -> Summary:
    """What a load needs to know, as far as the names of its fields have stayed the same."""
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        plain = None
    config = _get(plain, "setup", dict) or {}  # so called in versions 1 and 2
    chunks = [each for each in _get(plain, "chunks", list) or [] if isinstance(each, dict)]
    return Summary(
        dataset=dataset,
        provider=_get(config, "provider", str) or "",
        calendar=_get(config, "calendar", str) or default_calendar(dataset.asset_class),
        period=_get(config, "period", str) or "",
        zone=_get(config, "zone", str),
        rows=_total(chunks, "rows"),
        bytes=_total(chunks, "bytes"),
        chunks=len(chunks),
        first=_instant(chunks[0], "first") if chunks else None,
        last=_instant(chunks[-1], "last") if chunks else None,
        updated=_instant(plain, "updated"),
    )


def _get(plain: object, name: str, kind: type) -> Any:  # noqa: ANN401  # JSON of any shape
    value = plain.get(name) if isinstance(plain, Mapping) else None
    return value if type(value) is kind else None


def _total(chunks: Sequence[Mapping[str, object]], name: str) -> int:
    return sum(_get(chunk, name, int) or 0 for chunk in chunks)


def _instant(plain: object, name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_get(plain, name, str) or "").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
