"""Any history made by the verbs: each version is read, in every way, as it was after its commit."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.errors import DatasetNotFound, Ml4tError, StoreError, VersionNotFound
from ml4t_nb.model import Adjustment, Chunking, DatasetId
from ml4t_nb.settings import Settings
from ml4t_nb.storage.names import kept_chunk
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import DAYS, Scripted, evening
from tests.pipeline.test_random_histories import LAST, SESSIONS, truths
from tests.pipeline.truth import Truth
from tests.reading.test_past_paths import by_connection, by_sql, same

pytestmark = pytest.mark.long

OLD, NEW = "ACME", "ACMX"
ADJUSTMENTS: tuple[Adjustment, ...] = get_args(Adjustment)
Step = tuple[str, int, int, int]
Views = dict[str, pd.DataFrame]
Stored = tuple[int | None, Chunking]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["update"] * 8
            + ["load", "prepend", "remove", "remove", "remove_all", "refetch", "unfill", "refill"]
            + ["close", "reopen", "reconcile", "undo", "undo", "rechunk", "recompress", "archive"]
            + ["archive", "restore", "pin", "unpin", "rename", "age"]
        ),
        st.sampled_from([1, 1, 1, 0, 2, 5]),
        st.integers(0, LAST),
        st.sampled_from([0, 0, 1, 2, 7, 21]),
    ),
    min_size=8,
    max_size=14,
)


@dataclass(frozen=True)
class Commit:
    """What `bars` gave right after a verb that changed a dataset; no views if it removed it."""

    symbol: str
    number: int
    at: datetime
    views: Views | None


def views_of(ws: Workspace, symbol: str, **then: Any) -> Views:  # noqa: ANN401
    views: Views = {how: verbs.bars(ws, symbol, adjust=how, **then) for how in ADJUSTMENTS}
    views["from"] = verbs.bars(ws, symbol, provenance=True, **then)
    return views


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert_frame_equal(found, expected, check_exact=True, check_freq=False)


def assert_views(found: Views, expected: Views) -> None:
    for how, bars in expected.items():
        assert_same(found[how], bars)
        assert found[how].attrs == bars.attrs


@dataclass
class Life:
    """A share, its evenings, and what was read after each commit.

    Parameters
    ----------
    keep
        How many of the newest versions stay; if None, those that are young enough.
    pins
        What they keep, by name.
    aged
        Versions that need not stay, by symbol and number.
    """

    truth: Truth
    folder: Path
    at: int
    keep: int | None
    chunk: Chunking
    symbol: str = OLD
    commits: list[Commit] = field(default_factory=list)
    pins: dict[str, tuple[Commit, ...]] = field(default_factory=dict)
    aged: set[tuple[str, int]] = field(default_factory=set)
    minutes: int = 0

    def __post_init__(self) -> None:
        self.provider = Scripted(basis=self.truth.basis, limits=DAYS)
        self.other = replace(self.provider, name="other")
        self.ws = Workspace(
            Settings(home=self.folder / "home", provider="scripted"),
            _opened={"scripted": self.provider, "other": self.other},
        )
        (self.folder / "home").mkdir()
        keep = "90d" if self.keep is None else f"last {self.keep}"
        (self.folder / "home" / "ml4t.toml").write_text(
            f'[retention]\nkeep = "{keep}"\n', encoding="utf-8"
        )

    @property
    def now(self) -> datetime:
        """After the close of the session, each run a minute later than the one before."""
        return evening(f"{SESSIONS[self.at]:%Y-%m-%d}") + timedelta(minutes=self.minutes)

    def go(self, steps: list[Step], start: int) -> None:
        self.run("load", start, 0)
        for name, ahead, day, days in steps:
            self.at = min(self.at + ahead, LAST)
            self.run(name, day, days)
            read = [each for each in self.commits if each.views is not None]
            self.check_version(read[day % len(read)])
        self.check_all()

    def run(self, name: str, day: int, days: int) -> None:
        self.minutes += 1
        self.provider.bars = self.truth.served(self.at)
        self.other.bars = replace(self.truth, faults=()).served(self.at)
        try:
            self.act(name, day, days)
            outcome = "done"
        except Ml4tError as error:
            outcome = f"refused: {error}"
        note(f"{self.now:%m-%d %H:%M} {name} {day} {days}: {outcome}")
        self.read(name)

    def read(self, name: str) -> None:
        """Read what that verb has committed."""
        for symbol, number in self.numbers().items():
            if number != self.newest_number(symbol):
                event(f"{name} committed")
                note(f"  {symbol} v{number}")
                self.commits.append(Commit(symbol, number, self.now, self.views(symbol)))

    def newest_number(self, symbol: str) -> int:
        return max((each.number for each in self.commits if each.symbol == symbol), default=0)

    def numbers(self) -> dict[str, int]:
        return {each: self.ws.store.sequence(dataset_of(each)) or 0 for each in (OLD, NEW)}

    def views(self, symbol: str) -> Views | None:
        is_stored = dataset_of(symbol) in self.ws.store.datasets()
        return views_of(self.ws, symbol) if is_stored else None

    def act(self, name: str, day: int, days: int) -> None:
        first, last = (SESSIONS[min(each, self.at)] for each in (day, day + days))
        span: dict[str, Any] = {"start": first.date(), "end": last.date()}
        one: dict[str, Any] = {"as_of": self.now}
        ws, symbol = self.ws, self.symbol
        acts: dict[str, Callable[[], object]] = {
            "update": lambda: verbs.update(
                ws, lookback_days=max(days, 1), fill_gaps=day % 3 != 1, **one
            ),
            "load": lambda: verbs.load(ws, symbol, start=first.date(), chunk=self.chunk, **one),
            "prepend": lambda: verbs.load(ws, symbol, start=SESSIONS[day % 5].date(), **one),
            "remove": lambda: verbs.remove(ws, symbol, yes=True, **span, **one),
            "remove_all": lambda: verbs.remove(ws, symbol, yes=True, **one),
            "refetch": lambda: verbs.gaps(ws, symbol, refetch=True, **span, **one),
            "unfill": lambda: verbs.gaps(ws, symbol, unfill=True, **one),
            "refill": lambda: verbs.gaps(ws, symbol, refill="interpolate", **one),
            "close": lambda: verbs.gaps(ws, symbol, close="no session", **span, **one),
            "reopen": lambda: verbs.gaps(ws, symbol, reopen=True, **one),
            "reconcile": lambda: verbs.reconcile(
                ws, symbol, with_="other", take="missing,rejected,suspect", **one
            ),
            "undo": lambda: verbs.undo(ws, symbol, **one),
            "rechunk": lambda: verbs.rechunk(
                ws, symbol, chunk=("weekly", "monthly", "auto")[day % 3], **one
            ),
            "recompress": lambda: verbs.recompress(
                ws, symbol, compression=("zstd", "lz4", "none")[day % 3], **one
            ),
            "archive": lambda: verbs.archive(ws, symbol, before=first.date(), **one),
            "restore": lambda: verbs.archive(ws, symbol, restore=True, **one),
            "pin": lambda: self.pin(f"pin-{self.minutes}"),
            "unpin": self.unpin,
            "rename": self.rename,
            "age": self.age,
        }
        acts[name]()

    def newest(self, symbol: str) -> Commit | None:
        """The last commit that left bars."""
        found = [each for each in self.commits if each.symbol == symbol and each.views is not None]
        return found[-1] if found else None

    def pin(self, name: str) -> None:
        verbs.pin(self.ws, name)
        stored = [each for each in (OLD, NEW) if self.views(each) is not None]
        self.pins[name] = tuple(c for each in stored if (c := self.newest(each)) is not None)

    def unpin(self) -> None:
        if self.pins:
            name, commits = self.pins.popitem()
            verbs.pin(self.ws, name, remove=True)
            # It stays only if it is young enough.
            self.aged |= {(each.symbol, each.number) for each in commits if self.is_old(each)}

    def rename(self) -> None:
        if self.symbol == OLD:
            start = SESSIONS[max(self.at - 8, 0)].date()
            verbs.load(self.ws, NEW, start=start, as_of=self.now)
            self.read("load")
            self.minutes += 1
            verbs.rename(self.ws, (OLD, NEW), as_of=self.now)
            self.symbol = NEW

    def age(self) -> None:
        """Let a year pass, by the file system's clock, in which nothing was committed."""
        for symbol in (OLD, NEW):
            folder = self.folder / f"home/versions/equities/daily/{symbol}"
            for path in folder.glob("*"):
                os.utime(path, (0, 0))
                if self.keep is None and (found := kept_chunk(path.name)):
                    self.aged |= {(symbol, number) for number in range(1, found[0])}

    def is_old(self, commit: Commit) -> bool:
        newest = self.numbers()[commit.symbol]
        return self.keep is not None and commit.number <= newest - self.keep

    def may_be_gone(self, commit: Commit) -> bool:
        if any(commit in commits for commits in self.pins.values()):
            return False
        if self.is_old(commit):
            self.aged.add((commit.symbol, commit.number))
        return (commit.symbol, commit.number) in self.aged

    def check_version(self, commit: Commit) -> bool:
        """Whether it can be read, and then, that it is as it was."""
        assert commit.views is not None
        try:
            found = views_of(self.ws, commit.symbol, version=commit.number)
        except VersionNotFound:
            assert self.may_be_gone(commit), (commit.symbol, commit.number)
            return False
        assert_views(found, commit.views)
        return True

    def check_all(self) -> None:
        for place, commit in enumerate(self.commits):
            if commit.views is None:
                with pytest.raises(VersionNotFound):
                    verbs.bars(self.ws, commit.symbol, version=commit.number)
            elif self.check_version(commit):
                self.check_files(commit)
            self.check_known(commit, place)
        for name, commits in self.pins.items():
            for each in commits:
                assert each.views is not None
                assert_views(views_of(self.ws, each.symbol, pin=name), each.views)

    def check_files(self, commit: Commit) -> None:
        """By the files that others read: an export, and Parquet files of their own or written."""
        assert commit.views is not None
        ws, number = self.ws, commit.number
        out = self.folder / f"{commit.symbol}-{commit.number}"
        verbs.export(ws, commit.symbol, out=out.with_suffix(".parquet"), version=number)
        assert_same(pd.read_parquet(out.with_suffix(".parquet")), commit.views["splits"])
        written = [verbs.files(ws, commit.symbol, to=out, version=number)]
        try:
            written.append(verbs.files(ws, commit.symbol, version=number))
        except StoreError as error:
            assert "does not lie in files" in str(error)  # noqa: PT017
            event("in no files of its own")
        stored = commit.views["raw" if self.truth.basis == "as-traded" else "splits"]
        for paths in written:
            parts = [pd.read_parquet(each) for each in paths]
            if not parts:
                assert stored.empty
                continue
            rows = pd.concat(parts).set_index("timestamp")
            assert_same(rows[[*stored.columns]], stored)

    def check_known(self, commit: Commit, place: int) -> None:
        """The whole store as it was known when that commit was made."""
        known = {each: self.in_force(each, commit.at) for each in (OLD, NEW)}
        then: dict[str, Any] = {"known_on": commit.at}
        is_whole = True
        for symbol, expected in [*known.items()]:
            try:
                found = views_of(self.ws, symbol, **then)
            except (DatasetNotFound, VersionNotFound) as error:
                assert expected is None or self.may_be_gone(expected), (symbol, error)  # noqa: PT017
                is_whole &= "cannot be read any more" not in str(error)
                known[symbol] = None
                continue
            assert expected is not None, symbol
            assert expected.views is not None
            assert_views(found, expected.views)
        how = ADJUSTMENTS[place % 3]
        frames = {s: each.views[how] for s, each in known.items() if each and each.views}
        path = (by_sql, by_connection)[place % 2]
        if is_whole:
            same(path(self.ws, "daily", how, then), frames)
        else:
            with pytest.raises((VersionNotFound, duckdb.Error), match="cannot be read any more"):
                path(self.ws, "daily", how, then)

    def in_force(self, symbol: str, at: datetime) -> Commit | None:
        """The last commit by then; None if it removed or renamed the dataset, or there is none."""
        found = [each for each in self.commits if each.symbol == symbol and each.at <= at]
        return found[-1] if found and found[-1].views is not None else None


def dataset_of(symbol: str) -> DatasetId:
    return DatasetId("equities", "daily", symbol)


def lives(truth: Truth, start: int, lead: int, steps: list[Step], stored: Stored) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        first = min([a.day for a in truth.actions if a.day > 10], default=LAST // 2)
        at = max(first - lead, 9)
        Life(truth, folder, at, *stored).go(steps, min(start, at - 8))
    finally:
        shutil.rmtree(folder)


anything = given(
    truth=truths(),
    start=st.integers(0, 20),
    lead=st.integers(0, 5),
    steps=STEPS,
    stored=st.tuples(
        st.sampled_from([None, None, 3]), st.sampled_from(["weekly", "monthly", "auto"])
    ),
)


# The same histories at every run; the many are others each time.
@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@anything
def test_every_version_is_read_as_it_was(
    truth: Truth, start: int, lead: int, steps: list[Step], stored: Stored
) -> None:
    lives(truth, start, lead, steps, stored)


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@anything
def test_every_version_of_hundreds_of_histories_is_read_as_it_was(
    truth: Truth, start: int, lead: int, steps: list[Step], stored: Stored
) -> None:
    lives(truth, start, lead, steps, stored)
