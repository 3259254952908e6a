"""What there is to draw of two versions of a dataset: the bars that differ, then and now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.model import BarsFrequency
from ml4t_nb.reports import ComparedVersions, PlotReport

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ml4t_nb.storage.manifest import Manifest
    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.workspace import Workspace

__all__ = ["versions_report"]

_BARS_BESIDE = 25


def versions_report(
    ws: Workspace,
    now: Snapshot,
    number: int,
    frequency: BarsFrequency | None,
    out: Path | None,
) -> PlotReport:
    """Stored bars of the version of that number, and those of ``now``, as far as they differ.

    VersionNotFound if there is no such version, or nothing is left of it.
    """
    import pandas as pd

    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.bars import as_instant
    from ml4t_nb.core.version_difference import version_difference

    manifest = now.manifest
    dataset = manifest.dataset
    if frequency not in (None, dataset.frequency):
        raise OptionError(
            f"--diff is of stored bars; {frequency} ones are derived",
            hint=f"-f {dataset.frequency}",
        )
    then = ws.store.version(dataset, number)
    if not (now.manifest.rows or then.manifest.rows):
        raise OptionError(f"{dataset} has no bars, then and now", hint="load it first")
    found = version_difference(then.bars(), now.bars(), beside=_BARS_BESIDE)
    return PlotReport(
        dataset=dataset,
        provider=manifest.config.provider,
        zone=calendar(manifest.config.calendar).zone.key,
        bars=found.after,
        missing=pd.DatetimeIndex(found.after.index[:0]),
        gaps=(),
        out=out,
        before=found.before,
        changes=found.changes,
        currency=manifest.config.currency,
        home=ws.settings.home,
        version=manifest.sequence,
        is_past=now.is_past,
        versions=ComparedVersions(
            number,
            manifest.sequence,
            _made_at(then.manifest),
            _made_at(manifest),
            is_newest=not now.is_past,
            splits=tuple((as_instant(day), ratio) for day, ratio in found.splits),
        ),
    )


def _made_at(manifest: Manifest) -> datetime | None:
    """As-of of the run that made the version."""
    runs = [each.at for each in manifest.recent if each.version == manifest.sequence]
    return runs[-1] if runs else None
