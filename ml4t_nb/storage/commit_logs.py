"""What one commit adds to the two logs of rows that are not in the dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import pandas as pd

from ml4t_nb.errors import ChunkCorrupt
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.revisions import Providers, revised_rows, revisions_table
from ml4t_nb.storage.row_log import LogEntry, LoggedTable, not_yet_logged, rejected_table
from ml4t_nb.storage.rows import Edit, Rows, TimeRange
from ml4t_nb.storage.snapshot import Snapshot

__all__ = ["not_logged", "revisions_of"]


def not_logged(
    rows: pd.DataFrame | None, record: UpdateRecord, before: Snapshot
) -> LoggedTable | None:
    """Those of ``rows`` that are not logged yet; what a damaged log has is logged again."""
    if rows is None or rows.empty:
        return None
    table = rejected_table(rows, LogEntry(record.version, record.at), record.provider)
    known = []
    for file in before.manifest.rejected:
        with suppress(ChunkCorrupt):
            known.append(before.logged(file))
    return not_yet_logged(table, known)


def revisions_of(
    before: Manifest,
    after: Manifest,
    record: UpdateRecord,
    edits: Sequence[Edit],
    read: Callable[[Chunk, TimeRange], Rows],
    *,
    with_added: bool,
    with_removed: bool,
) -> LoggedTable | None:
    """Rows that the edits replace, take out, or add; None if there are none."""
    revised = revised_rows(
        before.chunks, edits, read, with_added=with_added, with_removed=with_removed
    )
    if not revised:
        return None
    return revisions_table(
        revised,
        LogEntry(record.version, record.at),
        record.verb,
        before=Providers(before.config.provider, before.sources),
        after=Providers(after.config.provider, after.sources),
    )
