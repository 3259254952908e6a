"""Failures that left no record: a provider's fault, a damaged file. They are kept like others.

Without one, who asks for what is due would ask for the same again and again.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from ml4t_nb.errors import DatasetNotFound, LockTimeout, Overtaken, StoreError
from ml4t_nb.pipeline.context import RunContext
from ml4t_nb.pipeline.record import publish
from ml4t_nb.records import UpdateResult

__all__ = ["keep_failures"]

# Nothing was asked for, and another writer is at work or was.
_PASSING = {kind.__name__ for kind in (DatasetNotFound, LockTimeout, Overtaken)}


def keep_failures(context: RunContext, results: Iterable[UpdateResult], at: datetime) -> None:
    """Commit the record of each failed run whose history lacks it, as of ``at``.

    What cannot be committed either is left.
    """
    for result in results:
        record = result.record
        if record.error is None or record.version or record.error.type in _PASSING:
            continue
        with suppress(StoreError, LockTimeout), context.store.transaction(result.dataset) as tx:
            if (state := tx.manifest) is not None:
                provider = record.provider or state.config.provider
                publish(tx, state, replace(record, at=at, provider=provider))
