"""How two versions of a dataset differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Literal, get_args

from ml4t_nb.version_diff import (
    BarsChange,
    ColumnChange,
    ConfigChange,
    RestatedStretch,
    VersionDiff,
)

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from ml4t_nb.core.version_difference import VersionDifference
    from ml4t_nb.model import DatasetConfig, DatasetId
    from ml4t_nb.storage.manifest import Manifest
    from ml4t_nb.storage.store import Store

__all__ = ["version_diff"]

_Change = Literal["added", "removed", "replaced"]


def version_diff(store: Store, dataset: DatasetId, before: int, after: int) -> VersionDiff:
    """How version ``after`` differs from version ``before``, whichever is the later one.

    VersionNotFound if one of them is not there.
    """
    from ml4t_nb.core.bars import as_instant
    from ml4t_nb.core.version_difference import version_difference

    one, other = (store.version(dataset, each) for each in (before, after))
    then, now = one.bars(), other.bars()
    rows = _differing(then, now)
    found = version_difference(then, now, beside=0) if len(rows) else None
    explained = _explained(found, rows)
    gaps = [{*each.manifest.gaps} for each in (one, other)]
    return VersionDiff(
        dataset=dataset,
        before=before,
        after=after,
        before_at=_made_at(one.manifest),
        after_at=_made_at(other.manifest),
        changes=tuple(_changes(rows)),
        columns=tuple(_columns(rows.loc[~explained])),
        restated=() if found is None else tuple(_stretches(found)),
        splits=() if found is None else tuple((as_instant(d), r) for d, r in found.splits),
        config=tuple(_config(one.manifest.config, other.manifest.config)),
        gaps_added=tuple(sorted(gaps[1] - gaps[0], key=lambda each: each.start)),
        gaps_removed=tuple(sorted(gaps[0] - gaps[1], key=lambda each: each.start)),
        bars=rows,
    )


def _differing(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """The bars that are not the same, to the bit, with their values on either side."""
    import numpy as np
    import pandas as pd

    from ml4t_nb.core.bars import NUMBERS

    stamps = pd.DatetimeIndex(then.index.union(now.index), name="timestamp")
    had, has = stamps.isin(then.index), stamps.isin(now.index)
    names = [*NUMBERS, "filled"]
    was, is_now = (each[names].astype("float64").reindex(stamps) for each in (then, now))
    bits = [each.to_numpy().view(np.int64) for each in (was, is_now)]
    differs = (had != has) | (had & has & (bits[0] != bits[1]).any(axis=1))
    changes = np.select([~had, ~has], ["added", "removed"], "replaced")
    columns: dict[str, object] = {"change": changes[differs]}
    for name in names:
        columns[f"{name}_before"] = was[name].to_numpy()[differs]
        columns[name] = is_now[name].to_numpy()[differs]
    return pd.DataFrame(columns, index=stamps[differs])


def _changes(rows: pd.DataFrame) -> Iterator[BarsChange]:
    from ml4t_nb.core.bars import as_instant

    for change in get_args(_Change):
        stamps = rows.index[(rows["change"] == change).to_numpy()]
        if len(stamps):
            yield BarsChange(change, len(stamps), as_instant(stamps[0]), as_instant(stamps[-1]))


def _explained(found: VersionDifference | None, rows: pd.DataFrame) -> pd.Series:
    """Which of the rows are no bar of both versions, or as a restatement makes them."""
    is_replaced = rows["change"] == "replaced"
    if found is None:
        return ~is_replaced
    judged = found.changes.reindex(rows.index)
    keeps = judged["factor"].notna() & judged["prices"].isin(["exact", "rounded"])
    for name in ("volume", "dividend"):
        keeps &= judged[name] != "other"
    keeps &= judged["split"] == "same"
    # The judgement leaves filled bars out.
    return ~is_replaced | keeps


def _columns(rows: pd.DataFrame) -> Iterator[ColumnChange]:
    """Of each column that differs, the bar where it differs most."""
    import numpy as np

    from ml4t_nb.core.bars import NUMBERS, as_instant

    for name in (*NUMBERS, "filled"):
        before, after = (rows[each].to_numpy(np.float64) for each in (f"{name}_before", name))
        others = np.flatnonzero(before.view(np.int64) != after.view(np.int64))
        if not len(others):
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = after[others] / before[others] - 1
        sizes = np.where(np.isfinite(shares), np.abs(shares), np.inf)
        at = int(sizes.argmax())
        share = float(shares[at])
        row = int(others[at])
        yield ColumnChange(
            name,
            len(others),
            as_instant(rows.index[row]),
            float(before[row]),
            float(after[row]),
            share if np.isfinite(share) else None,
        )


def _stretches(found: VersionDifference) -> Iterator[RestatedStretch]:
    """Bars in a row that keep to one factor."""
    from ml4t_nb.core.bars import as_instant

    judged = found.changes
    keeps = judged["factor"].notna() & (judged["prices"] != "other") & (judged["factor"] != 1)
    moved = judged.loc[keeps.to_numpy()]
    for factor, part in moved.groupby("factor", sort=False):
        ends = (as_instant(part.index[0]), as_instant(part.index[-1]))
        yield RestatedStretch(len(part), *ends, float(str(factor)))


def _config(before: DatasetConfig, after: DatasetConfig) -> Iterator[ConfigChange]:
    for each in fields(before):
        was, is_now = getattr(before, each.name), getattr(after, each.name)
        if was != is_now:
            yield ConfigChange(each.name, _word(was), _word(is_now))


def _word(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


def _made_at(manifest: Manifest) -> datetime | None:
    """As-of of the run that made the version."""
    runs = [each.at for each in manifest.recent if each.version == manifest.sequence]
    return runs[-1] if runs else None
