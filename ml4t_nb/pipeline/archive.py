"""Archiving what is not written any more, and bringing it back; no provider is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from ml4t_nb.calendars import calendar
from ml4t_nb.model import DatasetId
from ml4t_nb.pipeline.context import RunContext
from ml4t_nb.pipeline.record import result_of
from ml4t_nb.pipeline.rewrite import storage_record, with_sizes
from ml4t_nb.records import UpdateResult
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.recutting import Rewriting, archived_before, restored
from ml4t_nb.storage.snapshot import not_found_error

__all__ = ["ArchiveRequest", "run_archive"]


@dataclass(frozen=True, slots=True)
class ArchiveRequest:
    """That bars before a date are to be archived; None to bring them back.

    If they are to be apart, in the folder of the store's archive.
    """

    dataset: DatasetId
    before: date | None
    is_apart: bool = False


def run_archive(context: RunContext, request: ArchiveRequest) -> UpdateResult:
    """Write the chunks that are concerned anew, compare their bars with those before, and commit.

    Nothing is committed where nothing is to be archived, or brought back.
    """
    with context.store.transaction(request.dataset) as tx:
        state = tx.manifest
        if state is None:
            raise not_found_error(request.dataset)
        record = storage_record(context, state, "archive")
        if not state.chunks:
            note = "no bars are left"
            return replace(
                result_of(state), record=replace(record, outcome="unchanged", notes=(note,))
            )
        rewriting = _rewriting(context, state, request)
        written = [each for each in state.chunks if each not in rewriting.kept]
        if not written:
            what = "nothing is archived"
            if request.before is not None:
                what = f"nothing that is closed before {request.before} is left to archive"
            record = replace(record, outcome="unchanged", notes=(what,))
            return replace(result_of(state), record=record)
        after = tx.rewrite(state, replace(record, notes=(_words(request),)), rewriting)
        return with_sizes(state, after)


def _rewriting(context: RunContext, state: Manifest, request: ArchiveRequest) -> Rewriting:
    if request.before is None:
        return restored(state.chunks)
    dates = calendar(state.config.calendar, context.session_overrides)
    # A currency's session begins on the evening before its date.
    at = dates.span(request.before, request.before, state.dataset.frequency).start
    return archived_before(state.chunks, at, state.config.period, is_apart=request.is_apart)


def _words(request: ArchiveRequest) -> str:
    if request.before is None:
        return "archived bars brought back"
    return f"whole periods before {request.before} archived"
