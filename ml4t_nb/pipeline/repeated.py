"""An answer that repeats what is stored before some instant: only what follows is judged again.

Open gaps make a run ask for years of which nothing is new. Where the answer has exactly the bars
that are stored there, it is as if only the rest had been asked for: nothing before can change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd

from ml4t_nb.core.bars import as_instant, within
from ml4t_nb.core.gapfill import count_empty_answers, is_to_fill
from ml4t_nb.model import Gap, Span
from ml4t_nb.pipeline.context import DatasetRun
from ml4t_nb.pipeline.fetch import FetchResult
from ml4t_nb.storage.manifest import Manifest

__all__ = ["judged_since"]


def judged_since(
    got: FetchResult, run: DatasetRun, before: Manifest, since: datetime | None
) -> FetchResult:
    """``got``, to be judged from ``since`` on if all before it is stored as it was answered.

    Not if the answer has anything to find besides, if the dataset is configured otherwise than it
    was, or if a gap before is another one by today's calendar, or is to be filled now.
    """
    start = min(span.start for span in got.answered)
    first, is_plain = before.first, len(got.answered) == 1 and not run.accept
    if since is None or first is None or not first < start < since or not is_plain:
        return got
    has_news = got.findings or got.kept_out is not None or len(got.rejected)
    if has_news or got.error or got.failed or run.config != before.config:
        return got
    span = Span(start, since)
    early = within(got.final, span)
    later = got.final.iloc[len(early) :]
    if later.empty or early.empty:
        return got
    # Up to the first bar that follows, since gaps are between two bars.
    stamps = pd.DatetimeIndex(got.final.index[: len(early) + 1])
    if not _are_known(got, run, before, stamps):
        return got
    snapshot = run.context.store.snapshot(run.dataset)
    if snapshot.manifest.sequence != before.sequence or not snapshot.holds(early, span):
        return got
    return replace(got, final=later, since=since)


def _are_known(
    got: FetchResult, run: DatasetRun, before: Manifest, stamps: pd.DatetimeIndex
) -> bool:
    """Whether the gaps between these bars are those that are known, and stay as they are."""
    first, last = as_instant(stamps[0]), as_instant(stamps[-1])
    known = tuple(gap for gap in before.gaps if first < gap.end and gap.start < last)
    if [*map(_extent, known)] != [*map(_extent, run.grid.match(stamps).gaps)]:
        return False
    asked_at = got.asked_at or run.as_of
    after = count_empty_answers(known, got.answered, as_of=asked_at, dates=run.calendar)
    return run.fill is None or not any(is_to_fill(gap, run.fill) for gap in after)


def _extent(gap: Gap) -> tuple[datetime, datetime, int]:
    return gap.start, gap.end, gap.missing
