"""What each process of a soak does over and over, and what it checks while it does."""

from __future__ import annotations

import json
import os
import random
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.soak_market import (
    FIRST_DAY,
    Days,
    Market,
    dataset,
    day_of,
    faults,
    instant,
    is_cuttable,
)
from ml4t_nb import verbs
from ml4t_nb.core.bars import Bars, within
from ml4t_nb.errors import DatasetNotFound, LockTimeout, Ml4tError, Overtaken
from ml4t_nb.model import Span
from ml4t_nb.records import UpdateResult
from ml4t_nb.settings import Settings
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.workspace import Workspace

__all__ = ["MORTAL", "ROLES", "SYMBOLS", "Board", "opened", "work"]

SYMBOLS = ("ALPHA", "BETA", "GAMMA", "DELTA")
MORTAL = "DELTA"
"""Removed whole and loaded again now and then; the others never vanish once they are there."""

_EXPECTED = {LockTimeout.__name__, Overtaken.__name__}
_MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Board:
    """What the processes tell each other in shared memory, which no kill leaves locked.

    Parameters
    ----------
    today
        One number: the market's day.
    over
        One number: not 0 when everybody is to stop.
    newest, last
        Commit and last day that each process has been told is stored, by process and symbol.
    cut
        By symbol and day, 1 once somebody has set out to take that day's bars out.
    done
        Rounds of each process.
    """

    today: Any
    over: Any
    newest: Any
    last: Any
    cut: Any
    done: Any

    def tell(self, worker: int, symbol: str, sequence: int, last_day: int) -> None:
        """That a commit was acknowledged."""
        place = worker * len(SYMBOLS) + SYMBOLS.index(symbol)
        self.newest[place] = max(self.newest[place], sequence)
        self.last[place] = max(self.last[place], last_day)

    def told(self, symbol: str) -> tuple[int, int]:
        """Newest commit and last day that anybody was told is stored."""
        places = range(SYMBOLS.index(symbol), len(self.newest), len(SYMBOLS))
        return max(self.newest[each] for each in places), max(self.last[each] for each in places)

    def set_out(self, symbol: str, day: int) -> None:
        """Say beforehand that a day's bars are taken out."""
        self.cut[SYMBOLS.index(symbol) * _MOST_DAYS + day] = 1

    def cuts(self, symbol: str) -> Days:
        """Days whose bars may be gone."""
        first = SYMBOLS.index(symbol) * _MOST_DAYS
        # A copy, since other processes write while it is looked at.
        days = np.frombuffer(self.cut, np.uint8)[first : first + _MOST_DAYS].copy()
        return np.flatnonzero(days)


class Journal:
    """One process's notes, a line each, whole even if it is killed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def note(self, what: str, **words: object) -> None:
        """Write one."""
        self._file.write(json.dumps({"what": what, **words}).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class Worker:
    """A process's number and tools."""

    number: int
    home: Path
    board: Board
    journal: Journal
    chance: random.Random

    @property
    def symbol(self) -> str:
        """Any symbol."""
        return self.chance.choice(SYMBOLS)

    def open(self, *, lock_timeout: float = 30.0) -> Workspace:
        """A workspace on the store."""
        return opened(self.home, lock_timeout=lock_timeout)

    def broken(self, rule: str, detail: str) -> None:
        """Note that an invariant does not hold, and end the soak."""
        self.journal.note("broken", rule=rule, detail=detail)
        self.board.over[0] = 1

    def held(self, rule: str, faults: list[str]) -> None:
        """Note that an invariant was checked."""
        self.journal.note("checked", rule=rule)
        for fault in faults:
            self.broken(rule, fault)

    @contextmanager
    def expecting(self, op: str, symbol: str = "") -> Iterator[None]:
        """An error that the others' work explains is noted, any other one is a broken rule."""
        try:
            yield
        except Ml4tError as error:
            self.failed(op, symbol, type(error).__name__, error.message)
        else:
            self.journal.note("done", op=op)

    def failed(self, op: str, symbol: str, kind: str, message: str) -> None:
        """Note an error."""
        self.journal.note("error", op=op, kind=kind)
        may_lack = symbol == MORTAL or (symbol and not self.board.told(symbol)[0])
        is_gone = kind == DatasetNotFound.__name__ and may_lack
        if kind not in _EXPECTED and not is_gone:
            self.broken("only explained errors", f"{op} {symbol}: {kind}: {message}")


def opened(home: Path, *, lock_timeout: float = 30.0) -> Workspace:
    """A workspace on the soak's store and market."""
    settings = Settings(home=home, provider="soak", lock_timeout=lock_timeout)
    return replace(Workspace.open(settings), _opened={"soak": Market()})


def update(worker: Worker) -> None:
    """Load what is not there, update what is."""
    symbol, today = worker.symbol, worker.board.today[0]
    ws = worker.open(lock_timeout=worker.chance.choice([0.2, 1.0, 30.0]))
    as_of = instant(today)
    try:
        ws.store.snapshot(dataset(symbol))
    except DatasetNotFound:
        start = FIRST_DAY
        report = verbs.load(
            ws, symbol, asset_class="crypto", frequency="hourly", start=start, as_of=as_of
        )
        _accounted(worker, "load", report.results[0])
        return
    report = verbs.update(ws, symbol, as_of=as_of)
    _accounted(worker, "update", report.results[0])


def cut(worker: Worker) -> None:
    """Take a day's bars out of the middle."""
    symbol, today = worker.symbol, worker.board.today[0]
    days = [day for day in range(max(today - 300, 5), today - 10) if is_cuttable(day)]
    if not days:
        return
    day = worker.chance.choice(days)
    worker.board.set_out(symbol, day)
    where = instant(day).date()
    with worker.expecting("cut", symbol):
        verbs.remove(worker.open(), symbol, start=where, end=where, yes=True, as_of=instant(today))


def mend(worker: Worker) -> None:
    """Ask again for gaps, confirmed ones too, or fill them otherwise."""
    symbol = worker.symbol
    ws, as_of = worker.open(lock_timeout=1.0), instant(worker.board.today[0])
    try:
        if not ws.store.snapshot(dataset(symbol)).manifest.gaps:
            return
    except DatasetNotFound:
        return
    how: dict[str, Any] = {"refetch": True}
    if worker.chance.random() < 0.3:  # noqa: PLR2004
        how = {"refill": "interpolate"}
    try:
        report = verbs.gaps(ws, symbol, as_of=as_of, **how)
    except Ml4tError as error:
        # Somebody else may have been quicker.
        if "there is no gap" not in error.message:
            worker.failed("gaps", symbol, type(error).__name__, error.message)
        return
    assert report.run is not None
    _accounted(worker, "gaps", report.run.results[0])


def remove(worker: Worker) -> None:
    """Remove the one dataset that may vanish."""
    if worker.chance.random() < 0.1:  # noqa: PLR2004
        with worker.expecting("remove", MORTAL):
            verbs.remove(worker.open(), MORTAL, yes=True)
    else:
        update(worker)


def read(worker: Worker) -> None:
    """Read a snapshot whole and in part: no wrong number, nothing lost, nothing half."""
    symbol = worker.symbol
    newest, last = worker.board.told(symbol)
    with worker.expecting("read", symbol):
        snapshot = worker.open().store.snapshot(dataset(symbol))
        bars = snapshot.bars()
        first = worker.chance.randrange(max(len(bars), 1))
        span = Span(bars.index[first], bars.index[min(first + 200, len(bars) - 1)])
        part = snapshot.bars(span)
        worker.held("a range is a part of the whole", _differ(part, within(bars, span)))
        worker.held("a snapshot is sound", _judged(worker, symbol, snapshot, bars))
        late = _behind(snapshot, newest, last if symbol != MORTAL else 0)
        worker.held("what was acknowledged is there", late)


def inspect(worker: Worker) -> None:
    """Judge everything, every checksum read."""
    with worker.expecting("health"):
        report = verbs.health(worker.open(), verify=True, as_of=instant(worker.board.today[0]))
        damaged = [
            f"{each.dataset}: {each.reason}"
            for each in report.datasets
            if each.state == "error" and not each.reason.startswith("the last run failed")
        ]
        worker.held("health finds no damage", damaged)
    told = {symbol: worker.board.told(symbol)[1] for symbol in SYMBOLS if symbol != MORTAL}
    with worker.expecting("list"):
        rows = verbs.list_(worker.open()).datasets
        worker.held("the list names no damage", [each.damage for each in rows if each.damage])
        listed = {each.dataset.symbol: day_of(each.last) for each in rows if each.last}
        late = [
            f"{symbol}: day {last} was acknowledged, listed is {listed.get(symbol)}"
            for symbol, last in told.items()
            if last and listed.get(symbol, -1) < last
        ]
        worker.held("the list tells what was acknowledged", late)


def export(worker: Worker) -> None:
    """Export to a file, and read it back."""
    symbol = worker.symbol
    out = worker.home.parent / f"export-{worker.number}.csv"
    with worker.expecting("export", symbol):
        report = verbs.export(worker.open(), symbol, out=out)
        back = pd.read_csv(out, parse_dates=["timestamp"], float_precision="round_trip")
        assert report.bars is not None
        same = np.array_equal(back["close"], report.bars["close"]) and len(back) == len(report.bars)
        worker.held("an export is what was read", [] if same else [f"{symbol} differs"])
        ends = report.bars["close"].to_numpy() / report.bars["open"].to_numpy()
        worker.held("an export has prices", [] if np.isfinite(ends).all() else ["no numbers"])


def _accounted(worker: Worker, op: str, result: UpdateResult) -> None:
    record, symbol = result.record, result.dataset.symbol
    if record.error is not None:
        worker.failed(op, symbol, record.error.type, record.error.message)
        return
    worker.journal.note("done", op=op if record.restatement is None else f"{op}, restated")
    if result.last is not None:
        worker.board.tell(worker.number, symbol, result.version, day_of(result.last))


def _judged(worker: Worker, symbol: str, snapshot: Snapshot, bars: Bars) -> list[str]:
    manifest = snapshot.manifest
    # Looked at after the snapshot: who cuts says so before.
    wrong = faults(symbol, bars, manifest.gaps, worker.board.cuts(symbol))
    if len(bars) != manifest.rows:
        wrong.append(f"{len(bars)} bars instead of {manifest.rows}")
    return [f"{symbol} {manifest.sequence}: {each}" for each in wrong]


def _behind(snapshot: Snapshot, newest: int, last: int) -> list[str]:
    manifest = snapshot.manifest
    wrong = []
    if manifest.sequence < newest:
        wrong.append(f"commit {manifest.sequence} is read after {newest} was acknowledged")
    if manifest.last is None or day_of(manifest.last) < last:
        wrong.append(f"bars end at {manifest.last}, though day {last} was acknowledged")
    return wrong


def _differ(left: Bars, right: Bars) -> list[str]:
    return [] if left.equals(right) else ["they differ"]


ROLES: dict[str, Callable[[Worker], None]] = {
    "updater 1": update,
    "updater 2": update,
    "updater 3": update,
    "cutter": cut,
    "mender": mend,
    "remover": remove,
    "reader 1": read,
    "reader 2": read,
    "reader 3": read,
    "inspector": inspect,
    "exporter": export,
}


def work(number: int, home: Path, journal: Path, board: Board, seed: int) -> None:
    """One process: its role over and over, until it is over or it is killed."""
    role = list(ROLES.values())[number]
    worker = Worker(number, home, board, Journal(journal), random.Random(f"{seed} {os.getpid()}"))  # noqa: S311  # no secret
    while not board.over[0]:
        try:
            role(worker)
        except Exception:  # noqa: BLE001  # whatever it is, it is what the soak looks for
            worker.broken("no process fails", traceback.format_exc())
        board.done[number] += 1
