"""Chunks written anew, in other periods or another codec: the same rows, to the last bit."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from ml4t_nb.core.timestamps import DAY, from_micros, to_micros
from ml4t_nb.errors import ChunkCorrupt, StoreError, StoreNotWritable
from ml4t_nb.model import DatasetId, Period, Span
from ml4t_nb.storage import disk
from ml4t_nb.storage.compaction import ArchivedRows, Piece, period_cuts
from ml4t_nb.storage.manifest import Chunk, Manifest
from ml4t_nb.storage.recutting import archived_before, restored, rewritten, written_anew
from ml4t_nb.storage.rows import Rows, TimeRange
from ml4t_nb.storage.store import Store
from tests.storage.builders import AAPL, append, bars_at, commit, daily, record, utc
from tests.storage.builders import config as plain

MINUTE = DatasetId("equities", "1m", "AAPL")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def rewrite(store: Store, dataset: DatasetId = AAPL, **config: object) -> Manifest:
    with store.transaction(dataset) as tx:
        state = tx.manifest
        assert state is not None
        after = replace(state, config=replace(state.config, **config))  # type: ignore[arg-type]
        rewriting = written_anew(state.chunks, is_cut="period" in config)
        return tx.rewrite(after, replace(record(), verb="recompress"), rewriting)


def codecs(store: Store, dataset: DatasetId = AAPL) -> set[str]:
    files = store.snapshot(dataset).files()
    return {pq.ParquetFile(path).metadata.row_group(0).column(1).compression for path in files}


def test_another_codec_leaves_every_bit_and_every_version_as_it_was(store: Store) -> None:
    commit(store, AAPL, daily("2019-01-01", "2023-03-01", 10.1))
    append(store, AAPL, daily("2023-03-02", "2023-03-03", 11.3))
    before = [store.version(AAPL, number).bars() for number in (1, 2)]
    old = store.snapshot(AAPL)

    manifest = rewrite(store, compression="zstd")

    assert codecs(store) == {"ZSTD"}
    assert manifest.sequence == 3
    assert manifest.config.compression == "zstd"
    assert manifest.recent[-1].verb == "recompress"
    assert manifest.recent[-1].chunks_written == len(manifest.chunks)
    for number in (1, 2):
        assert_frame_equal(store.version(AAPL, number).bars(), before[number - 1])
    assert_frame_equal(store.snapshot(AAPL).bars(), before[1])
    # Who has begun to read goes on, and no past version needs the files.
    assert_frame_equal(old.bars(), before[1])
    assert not any(path.suffix == ".parquet" for path in (store.home / "versions").rglob("*"))
    assert store.verify(AAPL) == ()


@pytest.mark.parametrize("period", ["weekly", "monthly", "quarterly"])
def test_another_period_cuts_every_chunk_there(store: Store, period: Period) -> None:
    bars = daily("2021-11-20", "2024-03-07")
    commit(store, AAPL, bars)

    manifest = rewrite(store, period=period, is_packed=False)

    begins = pd.DatetimeIndex([chunk.first for chunk in manifest.chunks]).tz_localize(None)
    letter = {"weekly": "W", "monthly": "M", "quarterly": "Q"}[period]
    assert begins.to_period(letter).is_unique
    every = pd.DatetimeIndex(bars.index).tz_localize(None).to_period(letter)
    assert len(begins) == every.nunique()
    assert_frame_equal(store.snapshot(AAPL).bars(), bars, check_freq=False)
    with store.transaction(AAPL) as tx:
        tx.put(daily("2024-03-08", "2024-03-08"), Span(utc(2024, 3, 8), utc(2024, 3, 9)))
        appended = tx.commit(manifest, record())
    assert appended.chunks[: len(manifest.chunks) - 1] == manifest.chunks[:-1]


def test_many_small_chunks_become_a_few_large_ones(store: Store) -> None:
    """131,072 rows are the most that periods share a chunk up to; the last week is apart."""
    minutes = pd.date_range("2024-01-01", periods=200_000, freq="min")
    with store.transaction(MINUTE) as tx:
        tx.put(bars_at(minutes, 10.0))
        tx.commit(_manifest(period="weekly", is_packed=False), record())

    manifest = rewrite(store, MINUTE, is_packed=True)

    assert [chunk.rows for chunk in manifest.chunks] == [131_040, 60_480, 8_480]
    assert manifest.chunks[1].first == utc(2024, 4)


def _manifest(**config: object) -> Manifest:
    return Manifest.empty(MINUTE, replace(plain(), **config))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Stored:
    """Chunks and their rows, in memory."""

    manifest: Manifest
    whole: Rows

    @classmethod
    def of(cls, whole: Rows, period: Period, cuts: set[int], archived: list[bool]) -> Stored:
        """Cut where some periods begin; the last chunk is not archived."""
        ends = period_cuts(whole, period)
        ends = [end for at, end in enumerate(ends) if at in (0, len(ends) - 1) or at in cuts]
        chunks = []
        for at, (start, end) in enumerate(pairwise(ends)):
            is_archived = archived[at % len(archived)] and end < len(whole)
            chunks.append(_chunk_of(whole.cut(start, end), is_archived=is_archived))
        return cls(replace(_manifest(), chunks=tuple(chunks)), whole)

    def rows(self, chunks: list[Chunk]) -> Rows:
        (chunk,) = chunks
        return self.whole.between(TimeRange.through(chunk.first, chunk.last))


PERIODS = st.sampled_from(["weekly", "monthly", "quarterly", "yearly"])
LETTER = {"weekly": "W", "monthly": "M", "quarterly": "Q", "yearly": "Y"}


@given(
    days=st.lists(st.integers(0, 3000), min_size=1, max_size=60, unique=True),
    cuts=st.sets(st.integers(1, 59), max_size=8),
    archived=st.lists(st.booleans(), min_size=1, max_size=8),
    before=PERIODS,
    after=PERIODS,
    is_packed=st.booleans(),
    until=st.integers(-100, 3100),
)
def test_parts_are_whole_periods_and_hold_every_row_once(  # noqa: PLR0917  # drawn by name
    days: list[int],
    cuts: set[int],
    archived: list[bool],
    before: Period,
    after: Period,
    is_packed: bool,  # noqa: FBT001  # drawn by name
    until: int,
) -> None:
    stamps = np.array(sorted(days), dtype=np.int64) * DAY + to_micros(utc(2015))
    whole = Rows.of(bars_at(pd.to_datetime(stamps, unit="us", utc=True), [*map(float, days)]))
    stored = Stored.of(whole, before, cuts, archived)
    chunks, config = stored.manifest.chunks, replace(plain(after), is_packed=is_packed)
    at = utc(2015) + timedelta(days=until)
    if before == after:
        rewriting = archived_before(chunks, at, before)
    else:
        rewriting = written_anew(chunks, is_cut=True)

    pieces = [*rewritten(stored, config, rewriting)]  # type: ignore[arg-type]

    rows = [_rows_of(stored, each) for each in pieces]
    assert Rows.join(rows).same(whole)
    periods = [
        pd.to_datetime(part.stamps, unit="us").to_period(LETTER[after]).unique() for part in rows
    ]
    assert not any({*one} & {*other} for one, other in pairwise(periods))
    kinds = [not isinstance(each, Rows) and _is_archived(each) for each in pieces]
    assert not kinds[-1]
    if before == after:
        end = pd.Timestamp(at).tz_localize(None)
        for kind, own in zip(kinds[:-1], periods[:-1], strict=True):
            assert kind or own[-1].end_time > end or own[-1] == periods[-1][-1]
        again = [_chunk_of(part, is_archived=kind) for part, kind in zip(rows, kinds, strict=True)]
        assert {*archived_before(again, at, before).kept} == {*again}
    elif not is_packed:
        assert all(len(own) == 1 for kind, own in zip(kinds, periods, strict=True) if not kind)


def _rows_of(stored: Stored, piece: Piece) -> Rows:
    if isinstance(piece, Chunk):
        return stored.rows([piece])
    return (piece.rows if isinstance(piece, ArchivedRows) else piece).copy()


def _is_archived(piece: Chunk | ArchivedRows) -> bool:
    return piece.is_archived if isinstance(piece, Chunk) else True


def _chunk_of(rows: Rows, *, is_archived: bool) -> Chunk:
    first, last = map(from_micros, rows.stamps[[0, -1]])
    return Chunk("", len(rows), first, last, 0, "", 0, is_archived=is_archived)


def test_a_damaged_chunk_is_not_written_anew(store: Store) -> None:
    commit(store, AAPL, daily("2020-01-01", "2023-03-01"))
    first = store.snapshot(AAPL).files()[0]
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 1
    first.write_bytes(content)
    names = sorted(first.parent.iterdir())

    with pytest.raises(ChunkCorrupt, match="checksum"):
        rewrite(store, compression="zstd")

    assert store.sequence(AAPL) == 1
    assert sorted(first.parent.iterdir()) == names


def test_rows_that_are_not_those_of_the_manifest_are_noticed_before_the_old_files_go(
    store: Store,
) -> None:
    """As a fault of memory, or of the codec, would leave them: the file's checksum is its own."""
    commit(store, AAPL, daily("2020-01-01", "2023-03-01"))
    with store.transaction(AAPL) as tx:
        state = tx.manifest
        assert state is not None
        chunks = (replace(state.chunks[0], content="xxh3:0123456789abcdef"), *state.chunks[1:])
        tx._state = tx._now()._replace(manifest=replace(state, chunks=chunks))
        with pytest.raises(StoreError, match="do not hold the bars of 2020-01-01"):
            tx.rewrite(state, record(), written_anew(chunks, is_cut=False))

    assert store.sequence(AAPL) == 1
    assert store.verify(AAPL) == ()
    assert len(list((store.home / "data/equities/daily/AAPL").iterdir())) == len(state.chunks)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_full_disk_leaves_all_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    commit(store, AAPL, daily("2020-01-01", "2023-03-01"), period="yearly")
    names = sorted((store.home / "data").rglob("*"))
    written: list[str] = []
    write = disk.write_new

    def full(path: str, content: bytes) -> None:
        if len(written) == after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        written.append(path)
        write(path, content)

    monkeypatch.setattr(disk, "write_new", full)
    with pytest.raises(StoreNotWritable, match="No space left"):
        rewrite(store, period="quarterly", is_packed=False)

    assert sorted((store.home / "data").rglob("*")) == names
    assert store.sequence(AAPL) == 1


def test_another_codec_leaves_a_span_readable_in_versions_that_had_other_bars(
    store: Store,
) -> None:
    commit(store, AAPL, daily("2020-01-01", "2023-03-01", 10.0))
    span = Span(utc(2021, 5), utc(2021, 6))
    commit(store, AAPL, daily("2021-05-03", "2021-05-31", 20.0), span)
    first, second = (store.version(AAPL, number).bars() for number in (1, 2))

    rewrite(store, compression="none", period="quarterly")
    append(store, AAPL, daily("2023-03-02", "2023-03-02"))

    assert_frame_equal(store.version(AAPL, 1).bars(), first)
    assert_frame_equal(store.version(AAPL, 2).bars(), second)
    assert_frame_equal(store.version(AAPL, 3).bars(), second)


def test_rows_put_between_chunks_do_not_end_the_version_that_had_them_in_one(store: Store) -> None:
    """A gap lies at a cut of the new periods: neither of the chunks beside it is changed by it."""
    whole_year = daily("2020-01-01", "2020-12-31")
    gap = whole_year.index.isin(pd.bdate_range("2020-06-24", "2020-07-07", tz="UTC"))
    commit(store, AAPL, whole_year[~gap])
    first = store.version(AAPL, 1).bars()
    rewrite(store, period="quarterly", is_packed=False)

    with store.transaction(AAPL) as tx:
        filled = whole_year[gap]
        tx.put(filled, Span(utc(2020, 6, 24), utc(2020, 7, 8)))
        manifest = tx.manifest
        assert manifest is not None
        tx.commit(manifest, record())

    assert len(store.snapshot(AAPL).bars()) == len(whole_year)
    for number in (1, 2):
        assert_frame_equal(store.version(AAPL, number).bars(), first)


def archive(store: Store, before: datetime, dataset: DatasetId = AAPL) -> Manifest:
    with store.transaction(dataset) as tx:
        state = tx.manifest
        assert state is not None
        rewriting = archived_before(state.chunks, before, state.config.period)
        return tx.rewrite(state, replace(record(), verb="archive"), rewriting)


def test_an_append_leaves_what_is_archived_and_packing_too(store: Store) -> None:
    """A year of business days is short: neighbours of it would be packed together."""
    commit(store, AAPL, daily("2015-01-01", "2020-12-31"))
    archived = archive(store, utc(2018)).chunks[0]

    append(store, AAPL, daily("2021-01-01", "2021-12-31"))
    append(store, AAPL, daily("2022-01-01", "2022-12-31"))
    manifest = append(store, AAPL, daily("2014-06-01", "2014-12-31"))

    assert [(chunk.first.year, chunk.is_archived) for chunk in manifest.chunks] == [
        (2014, False), (2015, True), (2018, False), (2022, False),
    ]  # fmt: skip
    assert manifest.chunks[1] == archived


def test_a_correction_of_an_archived_bar_keeps_the_version_before_and_stays_archived(
    store: Store,
) -> None:
    commit(store, AAPL, daily("2015-01-01", "2020-12-31"))
    archive(store, utc(2018))
    before = store.version(AAPL, 1).bars()

    manifest = append(store, AAPL, daily("2016-05-03", "2016-05-03", 20.0))

    assert [chunk.is_archived for chunk in manifest.chunks] == [True, False, False]
    assert store.snapshot(AAPL).bars().loc["2016-05-03", "open"] == 20.0
    assert_frame_equal(store.version(AAPL, 1).bars(), before)
    assert_frame_equal(store.version(AAPL, 2).bars(), before)


def test_what_is_restored_is_as_it_was_before_it_was_archived(store: Store) -> None:
    first = commit(store, AAPL, daily("2015-01-01", "2020-12-31"))
    archive(store, utc(2018))
    assert codecs(store) == {"ZSTD", "LZ4"}

    with store.transaction(AAPL) as tx:
        state = tx.manifest
        assert state is not None
        manifest = tx.rewrite(state, record(), restored(state.chunks))

    assert codecs(store) == {"LZ4"}
    assert not any(chunk.is_archived for chunk in manifest.chunks)
    assert_frame_equal(store.snapshot(AAPL).bars(), store.version(AAPL, 1).bars())
    assert first.rows == manifest.rows


def test_archived_month_by_month_there_are_few_files(store: Store) -> None:
    with store.transaction(AAPL) as tx:
        tx.put(daily("2018-01-01", "2021-12-31"))
        tx.commit(replace(Manifest.empty(AAPL, plain("monthly"))), record())

    for month in range(1, 49):
        manifest = archive(store, utc(2018 + (month - 1) // 12, 1 + (month - 1) % 12))

    archived = [chunk for chunk in manifest.chunks if chunk.is_archived]
    assert sum(chunk.rows for chunk in archived) > 1000
    assert len(archived) <= 8
