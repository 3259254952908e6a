"""Taking a dataset's as-of back, where a wrong clock or ``--as-of`` was ahead of the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ml4t_nb.errors import Overtaken
from ml4t_nb.model import DatasetId, FetchAttempt, Gap, Span
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.store import Store

__all__ = ["reset_as_of"]


def reset_as_of(store: Store, dataset: DatasetId, as_of: datetime, bound: datetime) -> bool:
    """Let the dataset be as of ``as_of``, with all its bars; False if it is not ahead of that.

    The next run compares the whole history, since nobody knows what was stored too early.

    Parameters
    ----------
    bound
        Exclusive bound of the stamps whose bars are final as of then.

    Raises
    ------
    Overtaken
        If it holds bars that are not.
    """
    with store.transaction(dataset) as tx:
        state = tx.manifest
        if state is None or state.updated is None or state.updated <= as_of:
            return False
        if state.last is not None and state.last >= bound:
            raise Overtaken(
                f"{dataset} holds a bar of {state.last:%Y-%m-%d %H:%M} UTC, which is not finished "
                f"as of {as_of:%Y-%m-%d %H:%M} UTC",
                hint="run it again once it is: bars that are stored are not taken back",
            )
        note = f"as-of taken back from {state.updated:%Y-%m-%d %H:%M} UTC"
        record = UpdateRecord(
            at=as_of,
            verb="update",
            provider=state.config.provider,
            outcome="changed",
            gaps_open=sum(gap.is_pending for gap in state.gaps),
            notes=(note,),
        )
        after = replace(
            state,
            gaps=tuple(_asked_by(gap, as_of) for gap in state.gaps),
            updated=as_of,
            verified=None,
            fetch_log=tuple(_known_by(state.fetch_log, as_of, bound)),
        )
        tx.commit(after, record)
        return True


def _asked_by(gap: Gap, as_of: datetime) -> Gap:
    return replace(gap, asked=min(gap.asked, as_of)) if gap.asked is not None else gap


def _known_by(
    fetch_log: Iterable[FetchAttempt], as_of: datetime, bound: datetime
) -> Iterable[FetchAttempt]:
    """What was asked for, without the time to come: the answers to that are not known yet."""
    for each in fetch_log:
        span = Span(each.span.start, min(each.span.end, bound))
        if span:
            yield replace(each, span=span, at=min(each.at, as_of))
