"""A run that failed: recorded, with what it could not be answered."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from ml4t_nb.core.request_spans import with_attempts
from ml4t_nb.errors import Ml4tError, ProviderError, SymbolUnknown
from ml4t_nb.model import Span
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.record import failure_of, publish
from ml4t_nb.pipeline.unknown import is_proposed
from ml4t_nb.records import UpdateRecord, UpdateResult

__all__ = ["commit_failure"]


def commit_failure(
    run: DatasetRun, error: Ml4tError, wanted: Span, *, began: float
) -> UpdateResult:
    """Keep a failed run in the history; the bars stay as they are.

    Raises the error where nothing is stored. Rows that its answer had are not logged as kept out:
    nothing of it was taken, and it is requested again.
    """
    with run.context.store.transaction(run.dataset) as tx:
        state, name = tx.manifest, run.provider.name
        if state is None:
            raise error
        record = UpdateRecord(
            at=run.as_of,
            verb=run.verb,
            provider=name,
            outcome="failed",
            seconds=perf_counter() - began,
            error=error.note,
            delay=run.delay,
        )
        is_own = run.verb == "update" and name == state.config.provider
        is_unknown = is_own and isinstance(error, SymbolUnknown)
        if is_unknown and is_proposed(state, tx.readable_history()):
            # The finding was reported once: a failure every night would be noise.
            return publish(tx, state, replace(record, outcome="unchanged", error=None))
        # A rejection by this package is none by the provider.
        if isinstance(error, ProviderError) and wanted:
            entry = failure_of(run, state, error, wanted)
            state = replace(state, fetch_log=with_attempts(state.fetch_log, [entry]))
        return publish(tx, state, record)
