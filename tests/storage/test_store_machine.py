"""The store against a plain dict of bars, through any sequence of commits and removals."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ml4t_nb.core.bars import Bars, empty_bars
from ml4t_nb.errors import DatasetNotFound
from ml4t_nb.model import Compression, DatasetId, Period, Span
from ml4t_nb.storage.recutting import archived_before, restored, written_anew
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store
from tests.storage.builders import AAPL, bars_at, commit, publish, record

pytestmark = pytest.mark.long

DAYS = pd.date_range("2019-11-20", periods=900, tz="UTC")
Plain = dict[pd.Timestamp, float]


def plain(bars: Bars) -> Plain:
    return dict(zip(bars.index, bars["open"].tolist(), strict=True))


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.store = Store(self.home)
        self.datasets = (AAPL, DatasetId("fx", "daily", "EURUSD=X"))
        self.expected: dict[DatasetId, Plain] = {}
        self.kept: list[tuple[Snapshot, Plain]] = []
        self.past: dict[tuple[DatasetId, int], Plain] = {}
        self.lost: set[tuple[DatasetId, int]] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.home)

    def note(self, dataset: DatasetId, bars: Plain) -> None:
        """What the commit that was just made has left."""
        self.expected[dataset] = bars
        self.past[dataset, self.store.sequence(dataset)] = bars

    def cut(self, first: int, count: int) -> Span:
        start = DAYS[first]
        return Span(start.to_pydatetime(), (start + timedelta(days=count)).to_pydatetime())

    @rule(
        which=st.integers(0, 1),
        puts=st.lists(
            st.tuples(
                st.integers(0, 899), st.integers(0, 400), st.integers(1, 50), st.integers(0, 3)
            ),
            min_size=1,
            max_size=4,
        ),
        period=st.sampled_from(["weekly", "monthly", "quarterly", "yearly"]),
        keeps_period=st.booleans(),
        gives_up=st.booleans(),
    )
    def write(
        self,
        which: int,
        puts: list[tuple[int, int, int, int]],
        period: Period,
        keeps_period: bool,  # noqa: FBT001  # drawn by name
        gives_up: bool,  # noqa: FBT001  # drawn by name
    ) -> None:
        dataset = self.datasets[which]
        bars_then = dict(self.expected.get(dataset, {}))
        with self.store.transaction(dataset) as tx:
            if tx.manifest and keeps_period:
                period = tx.manifest.config.period
            for first, count, close, step in puts:
                span = self.cut(first, count)
                days = DAYS[first : first + count : step] if step else DAYS[:0]
                tx.put(bars_at(days, float(close)) if len(days) else empty_bars(), span)
                bars_then = {d: c for d, c in bars_then.items() if d not in span}
                bars_then |= dict.fromkeys(days, float(close))
            assert plain(tx.bars()) == dict(sorted(bars_then.items()))
            if gives_up:
                return
            publish(tx, period=period)
        self.note(dataset, bars_then)

    @rule(which=st.integers(0, 1), first=st.integers(0, 899), close=st.integers(1, 50))
    def replace_all(self, which: int, first: int, close: int) -> None:
        dataset = self.datasets[which]
        days = DAYS[first:]
        commit(self.store, dataset, bars_at(days, float(close)))
        self.note(dataset, dict.fromkeys(days, float(close)))

    @precondition(lambda self: self.expected)
    @rule(
        data=st.data(),
        compression=st.sampled_from(["lz4", "zstd", "none"]),
        period=st.sampled_from(["", "weekly", "monthly", "yearly"]),
        is_packed=st.booleans(),
    )
    def store_otherwise(
        self,
        data: st.DataObject,
        compression: Compression,
        period: Period | Literal[""],
        is_packed: bool,  # noqa: FBT001  # drawn by name
    ) -> None:
        dataset = data.draw(st.sampled_from(sorted(self.expected)))
        with self.store.transaction(dataset) as tx:
            state = tx.manifest
            assert state is not None
            config = replace(state.config, compression=compression, is_packed=is_packed)
            config = replace(config, period=period or config.period)
            is_cut = config.period != state.config.period
            rewriting = written_anew(state.chunks, is_cut=is_cut)
            tx.rewrite(replace(state, config=config), record(), rewriting)
        self.note(dataset, dict(self.expected[dataset]))

    @precondition(lambda self: self.expected)
    @rule(data=st.data(), before=st.integers(0, 899), restores=st.booleans())
    def archive(
        self,
        data: st.DataObject,
        before: int,
        restores: bool,  # noqa: FBT001  # drawn by name
    ) -> None:
        dataset = data.draw(st.sampled_from(sorted(self.expected)))
        if not self.expected[dataset]:
            return
        with self.store.transaction(dataset) as tx:
            state = tx.manifest
            assert state is not None
            at, period = DAYS[before].to_pydatetime(), state.config.period
            rewriting = archived_before(state.chunks, at, period)
            if restores:
                rewriting = restored(state.chunks)
            tx.rewrite(state, record(), rewriting)
        self.note(dataset, dict(self.expected[dataset]))

    @rule(which=st.integers(0, 1))
    def begin_and_give_up(self, which: int) -> None:
        with self.store.transaction(self.datasets[which]):
            pass

    @rule(which=st.integers(0, 1), closes=st.lists(st.integers(1, 50), min_size=1, max_size=4))
    def commit_and_be_killed(self, which: int, closes: list[int]) -> None:
        """Of another process, which leaves nothing but its commits: it never settles."""
        dataset, killed = self.datasets[which], Store(self.home)
        for close in closes:
            commit(killed, dataset, bars_at(DAYS[:close], float(close)))
            self.note(dataset, dict.fromkeys(DAYS[:close], float(close)))

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        dataset = data.draw(st.sampled_from(sorted(self.expected)))
        with self.store.transaction(dataset) as tx:
            tx.remove()
        del self.expected[dataset]

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def remove_by_hand(self, data: st.DataObject) -> None:
        dataset = data.draw(st.sampled_from(sorted(self.expected)))
        for folder in self.home.glob(f"data/{dataset.asset_class}/daily/*"):
            shutil.rmtree(folder)
        del self.expected[dataset]
        self.kept.clear()
        self.lost |= {each for each in self.past if each[0] == dataset}

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def keep_a_snapshot(self, data: st.DataObject) -> None:
        dataset = data.draw(st.sampled_from(sorted(self.expected)))
        self.kept.append((self.store.snapshot(dataset), dict(self.expected[dataset])))

    @rule()
    def lose_the_catalogue(self) -> None:
        (self.home / "catalogue.db").unlink(missing_ok=True)

    @rule()
    def open_again(self) -> None:
        self.store = Store(self.home)

    @invariant()
    def holds_what_was_put(self) -> None:
        assert self.store.datasets() == tuple(sorted(self.expected))
        for dataset, expected in self.expected.items():
            snapshot = self.store.snapshot(dataset)
            assert plain(snapshot.bars()) == dict(sorted(expected.items()))
            assert snapshot.manifest.rows == len(expected)

    @invariant()
    def sums_it_up(self) -> None:
        for row in self.store.summaries():
            stamps = sorted(self.expected[row.dataset])
            assert row.damage == ""
            assert row.rows == len(stamps)
            assert (row.first, row.last) == ((stamps[0], stamps[-1]) if stamps else (None, None))
            assert self.store.verify(row.dataset) == ()

    @invariant()
    def holds_the_same_for_any_reader(self) -> None:
        for dataset, expected in self.expected.items():
            files = list(self.home.glob(f"data/{dataset.asset_class}/daily/*/*.parquet"))
            frames = [pd.read_parquet(path) for path in files]
            rows = pd.concat(frames).sort_values("timestamp") if frames else pd.DataFrame()
            assert len(rows) == len(expected)
            if expected:
                assert np.array_equal(rows["open"], [expected[day] for day in sorted(expected)])
                assert set(rows["symbol"]) == {dataset.symbol}

    @invariant()
    def keeps_old_snapshots_readable(self) -> None:
        for snapshot, expected in self.kept:
            assert plain(snapshot.bars()) == dict(sorted(expected.items()))

    @invariant()
    def reads_every_version_as_it_was(self) -> None:
        for (dataset, number), expected in self.past.items():
            try:
                found = plain(self.store.version(dataset, number).bars())
            except DatasetNotFound:
                assert (dataset, number) in self.lost
            else:
                assert found == dict(sorted(expected.items()))


StoreMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=12, deadline=None)
TestStore = StoreMachine.TestCase
