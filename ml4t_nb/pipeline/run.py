"""What all runs share: fetch and judge, again if that does not suffice, and commit.

Bars are fetched without the lock and judged under it, against what is stored *then*. If the
judgement needs more bars, the lock is let go, more are fetched, and all is judged again.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from ml4t_nb.errors import BarsInvalid, ProviderError, Suspicious
from ml4t_nb.events import Committed, GapsFound
from ml4t_nb.model import Span
from ml4t_nb.pipeline.commit import commit_failure, commit_fetch
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.fetch import fetch_spans, plan_request
from ml4t_nb.records import UpdateResult

__all__ = ["fetch_and_commit", "notify"]


def fetch_and_commit(run: DatasetRun, wanted: Span, others: tuple[Span, ...] = ()) -> UpdateResult:
    """Fetch what is wanted and commit it, or keep the failure in the history.

    Parameters
    ----------
    wanted
        The latest span, up to which bars are to be stored.
    others
        Spans before it that are asked for, too; one that fails does not stop the run.
    """
    began = perf_counter()
    try:
        return _fetch_until_committed(run, wanted, others, began=began)
    except (ProviderError, BarsInvalid, Suspicious) as error:
        with run.store.transaction(run.dataset) as tx:
            return commit_failure(tx, run, error, wanted=wanted, began=began)


def _fetch_until_committed(
    run: DatasetRun, wanted: Span, others: tuple[Span, ...], *, began: float
) -> UpdateResult:
    """Fetch, judge, and fetch more where that does not suffice.

    It ends: what is asked for next holds all that was stored at the judgement, and that always
    suffices, unless other writers go on extending the dataset meanwhile.
    """
    while True:
        got = fetch_spans(run, plan_request(run, wanted, others))
        if got.zone is not None:
            # As it was read once, so always: a setting that changes later would move the bars.
            run = replace(run, config=replace(run.config, zone=got.zone))
        with run.store.transaction(run.dataset) as tx:
            done = commit_fetch(tx, run, got, wanted=wanted, began=began)
        if isinstance(done, UpdateResult):
            return notify(run, done)
        wanted, others = done, ()


def notify(run: DatasetRun, result: UpdateResult) -> UpdateResult:
    """The same result, after the observer was notified of its commit."""
    record = result.record
    run.observe(
        Committed(result.dataset, record.added, record.revised, record.filled, record.restatement)
    )
    if waiting := tuple(gap for gap in result.gaps if gap.is_pending):
        run.observe(GapsFound(result.dataset, waiting))
    return result
