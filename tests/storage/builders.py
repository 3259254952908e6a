"""Builders that the tests of the store share, and what its writer processes run."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Protocol

import pandas as pd
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import Bars, make_bars, within
from ml4t_nb.errors import DatasetNotFound, StoreError
from ml4t_nb.model import DatasetConfig, DatasetId, Gap, Period, Span
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.store import Store
from ml4t_nb.storage.transaction import Transaction

AAPL = DatasetId("equities", "daily", "AAPL")
_PATIENT_S = 3600.0  # a busy machine is no reason to fail
# Over several years, so that what is appended lies in several chunks.
SPREAD = pd.date_range("2000-01-01", periods=500, freq="20D")
AT = datetime(2024, 1, 31, 21, 30, tzinfo=UTC)


def utc(year: int, month: int = 1, day: int = 1, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def config(period: Period = "yearly") -> DatasetConfig:
    return DatasetConfig("sample", "XNYS", "split-adjusted", 0.1, period, "lz4")


def record() -> UpdateRecord:
    return UpdateRecord(AT, "update", "sample", "changed")


def bars_at(stamps: object, close: float | Sequence[float] = 10.0) -> Bars:
    index = pd.DatetimeIndex(stamps)  # type: ignore[arg-type]  # whatever pandas reads
    prices = pd.Series(close, index=index, dtype="float64")
    return make_bars(
        index,
        {
            "open": prices,
            "high": prices + 1,
            "low": prices - 0.5,
            "close": prices + 0.25,
            "volume": prices * 100,
        },
    )


def daily(first: str, last: str, close: float = 10.0) -> Bars:
    return bars_at(pd.bdate_range(first, last), close)


def whole(bars: Bars) -> Span:
    first, last = bars.index[0], bars.index[-1]
    return Span(first.to_pydatetime(), last.to_pydatetime() + timedelta(microseconds=1))


def state(period: Period = "yearly") -> Manifest:
    return replace(Manifest.empty(AAPL, config(period)), updated=AT)


def publish(tx: Transaction, *, period: Period = "yearly", gaps: tuple[Gap, ...] = ()) -> Manifest:
    return tx.commit(replace(state(period), gaps=gaps), record())


def commit(
    store: Store,
    dataset: DatasetId,
    bars: Bars,
    span: Span | None = None,
    *,
    period: Period = "yearly",
) -> Manifest:
    with store.transaction(dataset) as tx:
        tx.put(bars, span)
        return publish(tx, period=period)


def append(store: Store, dataset: DatasetId, bars: Bars) -> Manifest:
    return commit(store, dataset, bars, whole(bars))


def append_days(home: Path, writer: int, writers: int, days: int) -> None:
    """Append every ``writers``-th of the days, one commit each."""
    store = Store(home, lock_timeout_s=_PATIENT_S)
    for day in SPREAD[: writers * days][writer::writers]:
        append(store, AAPL, bars_at([day], float(writer + 1)))


def append_until_stopped(home: Path, writer: int, writers: int, days: int) -> None:
    """Append every ``writers``-th of the days after the first, each until it is told as done."""
    store = Store(home, lock_timeout_s=_PATIENT_S)
    for day in SPREAD[1 : 1 + writers * days][writer::writers]:
        while True:
            with suppress(StoreError):
                append(store, AAPL, bars_at([day], float(writer + 1)))
                break


class Count(Protocol):
    """A number that processes, or threads, add to."""

    value: int


def revise_bar(home: Path, writer: int, times: int) -> None:
    """Replace one bar by values that no other writer gives it, one commit each."""
    store = Store(home, lock_timeout_s=_PATIENT_S)
    for number in range(1, times + 1):
        append(store, AAPL, bars_at([SPREAD[0]], float(100 * writer + number)))


def read_revised(home: Path, is_over: Callable[[], bool], reads: Count) -> None:
    """Read what `revise_bar` writes until it is over: each commit but the first logs one row."""
    store = Store(home)
    while True:
        was_over = is_over()
        snapshot = store.snapshot(AAPL)
        rows = snapshot.revised_rows()
        assert rows["version"].tolist() == [*range(2, snapshot.manifest.sequence + 1)]
        reads.value += 1
        if was_over:
            return


def read_appended(home: Path, writer_count: int, is_over: Callable[[], bool], reads: Count) -> None:
    """Read what `append_days` writes until it is over: each read is one commit's state."""
    store, newest, number = Store(home), 0, 0
    calendar = SPREAD.tz_localize("UTC")
    while True:
        was_over = is_over()
        try:
            snapshot = store.snapshot(AAPL)
        except DatasetNotFound:
            assert newest == 0
            continue
        bars, sequence = snapshot.bars(), snapshot.manifest.sequence
        assert newest <= sequence == len(bars) == snapshot.manifest.rows
        for writer in range(writer_count):
            own = bars.index[bars["open"] == writer + 1]
            assert own.equals(calendar[writer::writer_count][: len(own)].rename("timestamp"))
        span = Span(calendar[number % 200], calendar[number % 200 + 50])
        assert_frame_equal(snapshot.bars(span), within(bars, span), check_freq=False)
        assert len(snapshot.files()) == len(snapshot.manifest.chunks)
        newest, number = sequence, number + 1
        reads.value += 1
        if was_over:
            return


def generation(number: int) -> Bars | None:
    """What the dataset holds after commit ``number`` of `write_generations`."""
    if number % 7 == 0:
        return None
    years = 1 + number % 4
    return daily(f"{2010 - years}-03-01", f"{2010 + number % 3}-06-30", float(number))


def write_generations(home: Path, done: Path, started: Event) -> None:
    """Replace the whole dataset for ever, noting each commit's number once it is acknowledged."""
    store = Store(home)
    with done.open("ab", buffering=0) as note:
        started.set()
        while True:
            with store.transaction(AAPL) as tx:
                manifest = tx.manifest
                number = 1 + _number_of(store, manifest)
                bars = generation(number)
                if bars is None:
                    tx.remove()
                else:
                    tx.put(bars)
                    publish(tx)
            note.write(b"%d\n" % number)


def _number_of(store: Store, manifest: Manifest | None) -> int:
    if manifest is not None:
        return manifest.sequence
    state = store.home / "state" / "equities" / "daily" / "AAPL"
    names = [path.name for path in state.glob("m.*.json")]
    return max((int(name.split(".")[1]) for name in names), default=0)


def hold(home: Path, held: Event) -> None:
    """Take the dataset's lock and keep it."""
    with Store(home).transaction(AAPL):
        held.set()
        signal.pause()


def hold_then_append(home: Path, held: Event, let_go: Event, bars: Bars) -> None:
    """Take the dataset's lock, and append when told to."""
    with Store(home).transaction(AAPL) as tx:
        tx.put(bars, whole(bars))
        held.set()
        let_go.wait()
        publish(tx)


def append_to(home: Path, bars: Bars, ready: Event) -> None:
    """Append, however long the lock takes."""
    ready.set()
    append(Store(home, lock_timeout_s=_PATIENT_S), AAPL, bars)
