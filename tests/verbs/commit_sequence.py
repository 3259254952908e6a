"""A dataset in numbered commits, made by the verbs, and what it holds after each.

One cycle has eight commits: a load, an update of many months, an update with revised bars, a load
of an earlier start, a restatement, bars taken out of the middle, an update that brings them back,
and a removal. A writer killed on the way leaves one of two numbered states.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ml4t_nb import verbs
from ml4t_nb.core.bars import COLUMNS, Bars, make_bars, within
from ml4t_nb.errors import DatasetNotFound, StoreError, VersionNotFound
from ml4t_nb.model import Basis, DatasetId, Span
from ml4t_nb.providers import Answer, Instrument, Limits, Request
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.workspace import Workspace
from tests.disk_events import die_before

CYCLE = 8
SYMBOL = "ACME"
DATASET = DatasetId("crypto", "hourly", SYMBOL)
EARLY, START = date(2020, 1, 1), date(2020, 3, 1)
TAKEN = (date(2020, 2, 20), date(2020, 4, 10))
EX_DATE = pd.Timestamp("2021-08-30", tz="UTC")
# When each commit of a cycle is made; the removal at the end has no clock.
AS_OF = (
    datetime(2020, 12, 10, tzinfo=UTC),
    datetime(2021, 8, 20, tzinfo=UTC),
    datetime(2021, 8, 27, tzinfo=UTC),
    datetime(2021, 8, 27, tzinfo=UTC),
    datetime(2021, 9, 6, tzinfo=UTC),
    datetime(2021, 9, 6, tzinfo=UTC),
    datetime(2021, 9, 11, tzinfo=UTC),
)
REVISED = pd.Timestamp("2021-08-18", tz="UTC")
HOURS = pd.date_range("2020-01-01", "2021-09-20", freq="h", tz="UTC")


@lru_cache
def market(cycle: int, step: int) -> Bars:
    """Every bar the provider has, as it shows them from that commit of the cycle on."""
    price = 1000.0 + cycle % 50 + np.arange(len(HOURS)) % 97
    if step >= 3:
        price = price + np.where(HOURS.floor("D") == REVISED, 0.125, 0)
    is_restated = step >= 5
    ratio = np.where(HOURS < EX_DATE, 2.0, 1.0) if is_restated else 1.0
    columns = {
        "open": price / ratio,
        "high": (price + 1) / ratio,
        "low": (price - 0.5) / ratio,
        "close": (price + 0.25) / ratio,
        "volume": price * 100 * ratio,
        "split": np.where((HOURS == EX_DATE) & is_restated, 2.0, 1.0),
    }
    return make_bars(HOURS, columns)


def step_of(number: int) -> tuple[int, int]:
    """Cycle, and commit of the cycle from 1 to 8, of a commit's number from 1."""
    return (number - 1) // CYCLE, (number - 1) % CYCLE + 1


@lru_cache
def held(number: int) -> Bars | None:
    """What is stored after that commit; None if nothing is."""
    cycle, step = step_of(number)
    if number == 0 or step == CYCLE:
        return None
    first = EARLY if step >= 4 else START
    shown = within(market(cycle, step), Span(_midnight(first), AS_OF[step - 1]))
    if step == 6:
        taken = within(shown, Span(_midnight(TAKEN[0]), _midnight(TAKEN[1]) + timedelta(days=1)))
        return shown.drop(taken.index)
    return shown


class SequenceProvider:
    """The provider: has the market of the commit that is being made."""

    name = "sequence"
    summary = "bars of each step of a commit sequence"
    basis: Basis = "split-adjusted"
    limits = Limits(("crypto",), ("hourly",), delay=timedelta(0))

    def __init__(self) -> None:
        self.number = 0

    def instrument(self, symbol: str) -> Instrument:
        del symbol
        return Instrument()

    def fetch(self, request: Request) -> Answer:
        return Answer(within(market(*step_of(self.number)), request.span))


def open_workspace(
    home: Path, provider: SequenceProvider | None = None, *, lock_timeout: float = 30
) -> Workspace:
    """A workspace on the sequence's store."""
    settings = Settings(home=home, provider="sequence", lock_timeout=lock_timeout)
    return replace(Workspace.open(settings), _opened={"sequence": provider or SequenceProvider()})


def make_commit(home: Path, number: int) -> None:
    """Make that commit, by the verb that makes it, and see that it swept what was left over."""
    provider = SequenceProvider()
    provider.number = number
    ws = open_workspace(home, provider)
    _, step = step_of(number)
    as_of = AS_OF[min(step, CYCLE - 1) - 1]
    match step:
        case 1 | 4:
            first = START if step == 1 else EARLY
            report = verbs.load(
                ws, SYMBOL, asset_class="crypto", frequency="hourly", start=first, as_of=as_of
            )
        case 6:
            verbs.remove(ws, SYMBOL, start=TAKEN[0], end=TAKEN[1], yes=True, as_of=as_of)
            return
        case 8:
            verbs.remove(ws, SYMBOL, yes=True, as_of=as_of)
            return
        case _:
            report = verbs.update(ws, SYMBOL, as_of=as_of)
    assert_changed(report)


def assert_changed(report: RunReport) -> None:
    (result,) = report.results
    assert result.record.outcome == "changed", result.record


def assert_tidy(home: Path) -> None:
    """The dataset's folders hold the newest commit's files and nothing else."""
    ws = open_workspace(home)
    place = f"crypto/hourly/{SYMBOL}"
    data, state = (sorted((home / part / place).glob("*")) for part in ("data", "state"))
    try:
        snapshot = ws.store.snapshot(DATASET)
    except DatasetNotFound:
        assert data == []
        assert [path.suffix for path in state] == ["", ".json"]
        return
    assert data == sorted(snapshot.files())
    manifest = snapshot.manifest
    logs = [f.file for f in (*manifest.rejected, *manifest.revisions, *manifest.records)]
    names = ["lock", f"m.{manifest.sequence:08d}.json", *logs]
    assert [path.name for path in state] == sorted(names)


def assert_state(home: Path, *numbers: int) -> int:
    """The store is sound, and as one of these commits left it; which one."""
    ws = open_workspace(home)
    try:
        bars = verbs.bars(ws, SYMBOL)
    except DatasetNotFound:
        (number,) = (each for each in numbers if held(each) is None)
        assert verbs.list_(ws).datasets == ()
        assert verbs.health(ws, verify=True, as_of=AS_OF[-1]).datasets == ()
        return number
    snapshot = ws.store.snapshot(DATASET)
    number = snapshot.manifest.sequence
    assert number in numbers
    expected = held(number)
    assert expected is not None
    pd.testing.assert_frame_equal(bars, expected, check_freq=False, check_exact=True)
    (judged,) = verbs.health(ws, verify=True, as_of=AS_OF[-1]).datasets
    assert (judged.state == "error", judged.rows) == (False, len(expected)), judged
    assert [run.outcome for run in snapshot.history()] == ["changed"] * step_of(number)[1]
    assert_logged(snapshot, number)
    return number


def assert_versions(home: Path, number: int, *, each_way: bool = False) -> None:
    """Every version of that commit's cycle, and the last of the one before, is as it was.

    ``each_way``: as exports, in its files where it has files of its own, and the newest in SQL.
    """
    ws = open_workspace(home)
    first = max(1, number - step_of(number)[1]) if number else 1
    for each in range(first, number + 1):
        expected = held(each)
        if expected is None:
            with pytest.raises(VersionNotFound, match="removed the dataset"):
                verbs.bars(ws, SYMBOL, version=each)
            continue
        found = [verbs.bars(ws, SYMBOL, version=each)]
        if each_way:
            out = home.parent / "version.parquet"
            verbs.export(ws, SYMBOL, version=each, out=out)
            found.append(pd.read_parquet(out))
            with suppress(StoreError):  # it does not lie in files of its own
                paths = verbs.files(ws, SYMBOL, version=each)
                parts = [pq.ParquetFile(path).read().to_pandas() for path in paths]
                found.append(pd.concat(parts).set_index("timestamp").drop(columns="symbol"))
        for bars in found:
            pd.testing.assert_frame_equal(bars, expected, check_freq=False, check_exact=True)
    if each_way and (expected := held(number)) is not None:
        answer = verbs.sql(ws, "SELECT timestamp, close, volume FROM bars_hourly ORDER BY 1").table
        for name in ("close", "volume"):
            assert answer[name].to_pylist() == expected[name].tolist()
        assert [each.timestamp() for each in answer["timestamp"].to_pylist()] == [
            each.timestamp() for each in expected.index
        ]


def assert_logged(snapshot: Snapshot, number: int) -> None:
    """Every bar that a commit of the cycle overwrote is in the log; those removed by hand not."""
    revised = snapshot.revised_rows()
    first = number - step_of(number)[1]
    for each in range(first + 2, number + 1):
        before, after = held(each - 1), held(each)
        assert before is not None
        assert after is not None
        there = before[before.index.isin(after.index)]
        changed = there[(there != after.loc[there.index]).any(axis=1)]
        added = after[~after.index.isin(before.index)]
        # What a restatement adds is logged too: it can be undone whole.
        expected = {"replaced": changed, "added": added if step_of(each)[1] == 5 else added[:0]}
        for change, rows in expected.items():
            own = revised[(revised["version"] == each) & (revised["change"] == change)]
            logged = own.set_index("timestamp")[[*COLUMNS]]
            pd.testing.assert_frame_equal(logged, rows, check_freq=False, check_exact=True)
    assert set(revised["version"]) <= {*range(first + 2, number + 1)}
    assert set(revised["change"]) <= {"replaced", "added"}


def make_commits(home: Path, number: int, acknowledged: Connection) -> None:
    """Go on after that commit, sending the number of each one that is acknowledged."""
    acknowledged.send(number)
    while True:
        number += 1
        make_commit(home, number)
        acknowledged.send(number)
        assert_tidy(home)


def make_commit_until_killed(home: Path, number: int, last: int) -> None:
    """Make that commit, and die right before the ``last``-th change of the disk on the way."""
    market(*step_of(number))
    die_before(last)
    make_commit(home, number)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
