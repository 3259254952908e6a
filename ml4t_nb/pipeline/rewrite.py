"""Changing how a dataset is stored, without asking its provider: codec, and periods of chunks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ml4t_nb.calendars import calendar
from ml4t_nb.model import Chunking, Compression, DatasetConfig, DatasetId
from ml4t_nb.pipeline.context import RunContext, instant_of
from ml4t_nb.pipeline.record import result_of
from ml4t_nb.records import UpdateRecord, UpdateResult
from ml4t_nb.storage.compaction import resolve_period
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.recutting import written_anew
from ml4t_nb.storage.snapshot import not_found_error

__all__ = ["RewriteRequest", "run_rewrite", "storage_record", "with_sizes"]

_MANY = 100_000


@dataclass(frozen=True, slots=True)
class RewriteRequest:
    """How a dataset is to be stored; None for what stays as it is."""

    verb: str
    dataset: DatasetId
    compression: Compression | None = None
    chunk: Chunking | None = None


def run_rewrite(context: RunContext, request: RewriteRequest) -> UpdateResult:
    """Write all chunks anew, compare their bars with those before, and commit them."""
    with context.store.transaction(request.dataset) as tx:
        state = tx.manifest
        if state is None:
            raise not_found_error(request.dataset)
        config = _changed(state.config, request)
        note = f"stored {_words(state.config)}"
        record = storage_record(context, state, request.verb)
        if config == state.config:
            record = replace(record, outcome="unchanged", notes=(f"{note} already",))
            return replace(result_of(state), record=record)
        # What an undo of a restatement puts back is stored in the same way.
        prior = state.prior
        if prior:
            prior = replace(prior, config=_changed(prior.config, request))
        record = replace(record, notes=(f"{note}, now {_words(config)}",))
        is_cut = config.period != state.config.period
        rewriting = written_anew(state.chunks, is_cut=is_cut)
        after = tx.rewrite(replace(state, config=config, prior=prior), record, rewriting)
        return with_sizes(state, after)


def storage_record(context: RunContext, state: Manifest, verb: str) -> UpdateRecord:
    """The record of a commit that changes files and no bars.

    Its as-of is never before that of the bars: whoever asks what was known then would find later
    bars.
    """
    dates = calendar(state.config.calendar, context.session_overrides)
    at = max([instant_of(context.as_of, state, dates), *(run.at for run in state.recent)])
    pending = sum(gap.is_pending for gap in state.gaps)
    return UpdateRecord(at, verb, state.config.provider, "changed", gaps_open=pending)


def with_sizes(before: Manifest, after: Manifest) -> UpdateResult:
    """The result of the commit, which says how much its files take, and took before."""
    result = result_of(after)
    sizes = f"{_size(before.bytes)} before, {_size(after.bytes)} now"
    return replace(result, record=replace(result.record, notes=(*result.record.notes, sizes)))


def _changed(config: DatasetConfig, request: RewriteRequest) -> DatasetConfig:
    if request.compression is not None:
        config = replace(config, compression=request.compression)
    if request.chunk is None:
        return config
    period = resolve_period(request.chunk, request.dataset.frequency)
    return replace(config, period=period, is_packed=request.chunk == "auto")


def _words(config: DatasetConfig) -> str:
    packed = ", small closed ones packed" if config.is_packed else ""
    return f"with {config.compression} in {config.period} chunks{packed}"


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= _MANY else f"{count / 1e3:.1f} kB"
