"""Rows that are not in the dataset any more, or never were: kept as they were, with why."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from ml4t_nb.core.bars import COLUMNS, NUMBERS, Bars, empty_bars
from ml4t_nb.errors import ChunkCorrupt, StoreError
from ml4t_nb.finding import Refusal
from ml4t_nb.model import Span
from ml4t_nb.records import Source
from ml4t_nb.storage.manifest import LogFile, Manifest, PriorState
from ml4t_nb.storage.row_log import (
    LogEntry,
    LoggedTable,
    as_logged_rows,
    decode_row_file,
    encode_row_file,
    regrouped,
    rejected_table,
)
from ml4t_nb.storage.store import Store
from tests.storage.builders import AAPL, AT, append, bars_at, commit, daily, record, state, utc

LOGGED = ["timestamp", *COLUMNS, "version", "at", "provider", "change", "rule", "detail"]


def logs_in(store: Store) -> list[str]:
    """Names of the log files beside the manifest, without number and tag."""
    folder = store.home / "state/equities/daily/AAPL"
    return sorted(path.name.split(".")[0] for path in folder.glob("*.parquet"))


def put(
    store: Store,
    bars: Bars,
    span: Span | None = None,
    *,
    after: Manifest | None = None,
    logs_added: bool = False,
    logs_removed: bool = True,
    rejected: pd.DataFrame | None = None,
) -> Manifest:
    with store.transaction(AAPL) as tx:
        tx.put(bars, span)
        return tx.commit(
            after or state(),
            record(),
            rejected=rejected,
            logs_added=logs_added,
            logs_removed=logs_removed,
        )


def revised(store: Store) -> pd.DataFrame:
    return store.snapshot(AAPL).revised_rows()


def test_a_row_that_is_replaced_is_kept_as_it_was_with_its_run(store: Store) -> None:
    before = daily("2024-01-01", "2024-01-05", 10.0)
    commit(store, AAPL, before)
    after = before.copy()
    after.loc["2024-01-03", "close"] = 10.5

    with store.transaction(AAPL) as tx:
        tx.put(after)
        number = tx.number
        manifest = tx.commit(state(), replace(record(), verb="update"))

    rows = revised(store)
    assert rows.columns.tolist() == LOGGED
    assert_frame_equal(
        rows.set_index("timestamp")[[*COLUMNS]], before.loc["2024-01-03":"2024-01-03"],
        check_freq=False, check_exact=True,
    )  # fmt: skip
    assert rows.iloc[0, -6:].tolist() == [
        2, pd.Timestamp(AT), "sample", "replaced", "update", "",
    ]  # fmt: skip
    assert (number, manifest.sequence, manifest.recent[-1].version) == (2, 2, 2)
    assert logs_in(store) == ["revisions"]


def test_the_frame_of_an_empty_log_has_the_types_of_a_full_one(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05", 10.0))
    empty = revised(store)
    commit(store, AAPL, daily("2024-01-01", "2024-01-05", 11.0))
    full = revised(store)

    assert len(empty) == 0
    assert len(full) == 5
    assert full.dtypes.to_dict() == empty.dtypes.to_dict()
    assert str(full["timestamp"].dtype) == str(full["at"].dtype) == "datetime64[us, UTC]"


def test_a_row_that_is_taken_out_is_logged_unless_a_person_frees_the_disk_of_it(
    store: Store,
) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))

    put(store, daily("2024-01-01", "2024-01-04"))
    put(store, daily("2024-01-02", "2024-01-04"), logs_removed=False)

    rows = revised(store)
    assert rows["timestamp"].tolist() == [pd.Timestamp("2024-01-05", tz="UTC")]
    assert (rows["change"].tolist(), rows["version"].tolist()) == (["removed"], [2])


def test_rows_that_are_added_or_filled_are_logged_where_that_is_asked_for(store: Store) -> None:
    before = daily("2024-01-01", "2024-01-05", 10.0)
    before.loc["2024-01-03", "filled"] = True
    commit(store, AAPL, before)
    after = daily("2024-01-02", "2024-01-08", 11.0)

    put(store, after)
    put(store, before)
    put(store, after, logs_added=True)

    rows = revised(store)
    days = rows["timestamp"].dt.day.tolist()
    second = [(1, "removed"), (2, "replaced"), (4, "replaced"), (5, "replaced")]
    third = [(2, "replaced"), (3, "replaced"), (4, "replaced"), (5, "replaced"), (8, "removed")]
    fourth = [
        (1, "removed"), (2, "replaced"), (3, "replaced"), (4, "replaced"), (5, "replaced"),
        (8, "added"),
    ]  # fmt: skip
    assert list(zip(days, rows["change"], strict=True)) == [*second, *third, *fourth]
    last = rows[rows["version"] == 4]
    assert last["filled"].tolist() == [False, False, True, False, False, False]
    assert last["open"].tolist() == [10, 10, 10, 10, 10, 11]


def test_a_commit_that_changes_no_row_writes_no_log(store: Store) -> None:
    bars = daily("2024-01-01", "2024-03-29")
    commit(store, AAPL, bars)

    commit(store, AAPL, bars)
    append(store, AAPL, daily("2024-04-01", "2024-04-02"))

    assert revised(store).empty
    assert logs_in(store) == []
    assert store.snapshot(AAPL).manifest.revisions == ()


def test_a_zero_that_changes_its_sign_is_another_value(store: Store) -> None:
    bars = daily("2024-01-01", "2024-01-02").assign(volume=0.0)
    commit(store, AAPL, bars)

    commit(store, AAPL, bars.assign(volume=-0.0))

    assert np.signbit(revised(store)["volume"]).tolist() == [False, False]


def test_a_row_is_of_the_provider_that_it_came_from(store: Store) -> None:
    stored = replace(
        state(),
        sources=(
            Source(Span(utc(2024, 1, 2), utc(2024, 1, 3)), "files"),
            Source(Span(utc(2024, 1, 4), utc(2024, 1, 8)), "yahoo"),
        ),
    )
    put(store, daily("2024-01-01", "2024-01-05"), after=stored)

    put(store, daily("2024-01-01", "2024-01-08", 11.0), after=state(), logs_added=True)

    assert revised(store)["provider"].tolist() == [
        "sample", "files", "sample", "yahoo", "yahoo", "sample",
    ]  # fmt: skip


def test_what_a_damaged_chunk_held_is_not_known_and_does_not_stop_its_repair(store: Store) -> None:
    commit(store, AAPL, daily("2023-12-01", "2024-01-05"))
    store.snapshot(AAPL).files()[0].write_bytes(b"nonsense")

    commit(store, AAPL, daily("2023-12-01", "2024-01-05", 11.0))

    assert store.verify(AAPL) == ()
    assert set(revised(store)["timestamp"].dt.year) == {2024}


NO_STAMP = pd.NaT


def kept_out(*rows: tuple[object, float, str]) -> pd.DataFrame:
    """Rows of a stamp, a close and a rule."""
    stamps, closes, rules = zip(*rows, strict=True)
    frame = bars_at(["2024-01-01"] * len(rows), list(closes)).reset_index(drop=True)
    return frame.assign(
        timestamp=pd.DatetimeIndex(stamps).tz_localize("UTC"),
        close=closes,
        rule=rules,
        detail=[f"close {close}" for close in closes],
    )


def test_a_row_that_is_kept_out_is_logged_once_with_its_reason(store: Store) -> None:
    first = kept_out(
        ("2024-01-02", np.nan, "nan"), ("2024-01-02", np.nan, "nan"), (NO_STAMP, -1.0, "price")
    )
    bars = daily("2024-01-01", "2024-01-05")

    put(store, bars, rejected=first)
    put(store, bars, rejected=kept_out(("2024-01-02", np.nan, "nan"), (NO_STAMP, -1.0, "price")))
    put(store, bars, rejected=first.iloc[:0])
    put(store, bars, rejected=kept_out(("2024-01-02", np.nan, "price"), ("2024-01-02", 7.0, "nan")))
    with store.transaction(AAPL) as tx:
        tx.commit(state(), replace(record(), provider="files"), rejected=first.iloc[:1])

    rows = store.snapshot(AAPL).rejected_rows()
    assert rows.columns.tolist() == LOGGED
    assert rows["timestamp"].isna().tolist() == [False, True, False, False, False]
    assert rows["rule"].tolist() == ["nan", "price", "price", "nan", "nan"]
    assert rows["detail"].tolist() == [
        "close nan",
        "close -1.0",
        "close nan",
        "close 7.0",
        "close nan",
    ]
    assert rows["version"].tolist() == [1, 1, 4, 4, 5]
    assert rows["provider"].tolist() == ["sample"] * 4 + ["files"]
    assert set(rows["change"]) == {"rejected"}
    assert rows["close"].isna().tolist() == [True, False, True, False, True]


def test_rows_stamped_by_their_index_are_taken_with_the_providers_they_name(store: Store) -> None:
    frame = kept_out(("2024-01-02", 7.0, "price"), ("2024-01-03", 8.0, "price"))
    frame = frame.assign(provider=["yahoo", "files"]).set_index("timestamp")

    put(store, daily("2024-01-01", "2024-01-05"), rejected=frame.drop(columns=["detail", "filled"]))

    rows = store.snapshot(AAPL).rejected_rows()
    assert rows["timestamp"].dt.day.tolist() == [2, 3]
    assert rows["provider"].tolist() == ["yahoo", "files"]
    assert rows["detail"].tolist() == ["", ""]
    assert logs_in(store) == ["rejected"]


def test_a_transaction_reads_the_logs_as_they_are_now(store: Store) -> None:
    with store.transaction(AAPL) as tx:
        assert tx.number == 1
        assert tx.revised_rows().empty
        assert tx.rejected_rows().empty
    put(store, daily("2024-01-01", "2024-01-05"), rejected=kept_out(("2024-01-02", 7.0, "price")))
    commit(store, AAPL, daily("2024-01-01", "2024-01-05", 11.0))

    with store.transaction(AAPL) as tx:
        tx.put(daily("2024-01-01", "2024-01-05", 12.0))
        assert tx.number == 3
        assert len(tx.revised_rows()) == 5
        assert len(tx.rejected_rows()) == 1


def test_a_log_has_few_files_whatever_the_number_of_commits(store: Store) -> None:
    bars = daily("2024-01-01", "2024-01-31")
    commit(store, AAPL, bars)
    for number in range(40):
        bars.iloc[: 1 + number % 5, 0] += 0.125
        commit(store, AAPL, bars)

    manifest = store.snapshot(AAPL).manifest
    rows = revised(store)
    assert len(manifest.revisions) <= 4
    assert logs_in(store) == ["revisions"] * len(manifest.revisions)
    assert rows["version"].tolist() == [2 + n for n in range(40) for _ in range(1 + n % 5)]
    assert rows[rows["version"] == 41]["open"].iloc[0] == 10 + 39 * 0.125


def table(version: int, count: int) -> LoggedTable:
    stamps = pd.date_range("2024-01-01", periods=count, tz="UTC")
    frame = pd.DataFrame({name: float(version) for name in NUMBERS}, index=stamps)
    return rejected_table(frame.assign(rule="price"), LogEntry(version, AT), "sample")


class Files:
    """Files of a log that were written, and which of them are damaged."""

    def __init__(self) -> None:
        self.contents: dict[LogFile, bytes] = {}
        self.damaged: set[LogFile] = set()

    def add(self, rows: LoggedTable, number: int) -> LogFile:
        file, content = encode_row_file(rows, "rejected", number)
        self.contents[file] = content
        return file

    def read(self, file: LogFile) -> LoggedTable:
        if file in self.damaged:
            raise ChunkCorrupt("damaged")
        return decode_row_file(file, self.contents[file])


def versions(rows: LoggedTable) -> dict[int, int]:
    return dict(Counter(as_logged_rows([rows])["version"].tolist()))


def test_a_full_log_drops_its_oldest_commits_whole_but_those_that_are_needed() -> None:
    files = Files()
    known = [files.add(table(number, 40), number) for number in (1, 2, 3)]

    staying, rows = regrouped(known, table(4, 30), files.read, kept={1}, most=110)

    assert staying == ()
    assert versions(rows) == {1: 40, 3: 40, 4: 30}
    for rows_new, most in ((30, 30), (130, 100)):
        _, rows = regrouped(known, table(4, rows_new), files.read, kept=(), most=most)
        assert versions(rows) == {4: rows_new}


def test_a_log_of_needed_rows_alone_is_not_rewritten_at_every_commit() -> None:
    files = Files()
    known = [files.add(table(1, 1000), 1)]

    staying, rows = regrouped(known, table(2, 10), files.read, kept={1}, most=500)

    assert staying == tuple(known)
    assert versions(rows) == {2: 10}


def test_a_damaged_file_of_a_log_stays_where_others_are_joined() -> None:
    files = Files()
    known = [files.add(table(number, 10), number) for number in (1, 2, 3)]
    files.damaged.add(known[1])

    staying, rows = regrouped(known, table(4, 10), files.read, kept=(), most=1000)

    assert staying == (known[1],)
    assert versions(rows) == {1: 10, 3: 10, 4: 10}


def test_refusals_and_the_state_before_a_restatement_name_what_is_needed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml4t_nb.storage.commit_files.MOST_LOGGED", 12)
    needing = replace(state(), refusals=(Refusal(2),), prior=PriorState(3, state().config, (), ()))
    for number in range(1, 8):
        put(store, daily("2024-01-01", "2024-01-05", float(number)), after=needing)

    assert sorted(set(revised(store)["version"])) == [2, 3, 7]


@pytest.fixture
def logged(store: Store) -> Store:
    """A dataset with five rows in each log."""
    put(store, daily("2024-01-01", "2024-01-05"), rejected=kept_out(("2024-01-02", 7.0, "price")))
    commit(store, AAPL, daily("2024-01-01", "2024-01-05", 11.0))
    return store


def log_of(store: Store, name: str = "revisions") -> Path:
    (path,) = (store.home / "state/equities/daily/AAPL").glob(f"{name}.*.parquet")
    return path


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip, "is damaged: its checksum does not match"),
        (cut, "bytes instead of"),
        (Path.unlink, "is missing"),
    ],
)
def test_a_damaged_log_is_told_where_it_is_read_and_nowhere_else(
    logged: Store, damage: Callable[[Path], None], words: str
) -> None:
    path = log_of(logged)
    whole = path.read_bytes()
    damage(path)
    snapshot = logged.snapshot(AAPL)

    with pytest.raises(ChunkCorrupt, match=f"the log .*{path.name} .*{words}") as caught:
        snapshot.revised_rows()
    assert "restore it from a backup" in caught.value.hint
    (fault,) = logged.verify(AAPL)
    assert path.name in fault.message
    assert len(snapshot.bars()) == 5
    assert len(snapshot.rejected_rows()) == 1
    assert [row.damage for row in logged.summaries()] == [""]

    # Commits go on, and what they log is written beside it.
    commit(logged, AAPL, daily("2024-01-01", "2024-01-05", 12.0))
    commit(logged, AAPL, daily("2024-01-01", "2024-01-05", 13.0))
    path.write_bytes(whole)

    assert logged.verify(AAPL) == ()
    rows = revised(logged)
    assert rows["version"].tolist() == [2] * 5 + [3] * 5 + [4] * 5
    assert rows["open"].tolist() == [10.0] * 5 + [11.0] * 5 + [12.0] * 5


def test_every_flipped_byte_of_a_log_is_noticed(logged: Store) -> None:
    path = log_of(logged)
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        altered = bytearray(content)
        altered[place] ^= 1 << (place % 8)
        path.write_bytes(altered)
        with pytest.raises(ChunkCorrupt):
            logged.snapshot(AAPL).revised_rows()


def test_a_damaged_log_of_rejected_rows_has_them_again(logged: Store) -> None:
    flip(log_of(logged, "rejected"))

    put(logged, daily("2024-01-01", "2024-01-05", 11.0),
        rejected=kept_out(("2024-01-02", 7.0, "price")))  # fmt: skip

    assert logs_in(logged).count("rejected") == 2


def test_a_snapshot_reads_its_logs_after_newer_commits_joined_them(logged: Store) -> None:
    snapshot = logged.snapshot(AAPL)
    first = snapshot.revised_rows()
    commit(logged, AAPL, daily("2024-01-01", "2024-01-05", 12.0))
    assert not (snapshot.folder.state / snapshot.manifest.revisions[0].file).exists()

    assert_frame_equal(snapshot.revised_rows(), first)
    for path in snapshot.folder.trash.iterdir():
        os.utime(path, (0, 0))
    logged.sweep()
    with pytest.raises(StoreError, match="out of date"):
        snapshot.revised_rows()


def test_a_removal_takes_the_logs_along_and_leaves_what_a_user_put_there(logged: Store) -> None:
    folder = logged.home / "state/equities/daily/AAPL"
    others = [folder / name for name in ("notes.txt", "rejected.parquet", "revisions.1.parquet")]
    for path in others:
        path.write_text("mine")

    commit(logged, AAPL, daily("2024-01-01", "2024-01-05", 12.0))
    with logged.transaction(AAPL) as tx:
        tx.remove()

    assert sorted(folder.glob("*.parquet")) == sorted(others[1:])
    assert all(path.read_text() == "mine" for path in others)
    assert {path.name.split(".")[0] for path in (logged.home / "trash").rglob("r*.parquet")} == {
        "rejected", "revisions",
    }  # fmt: skip
    commit(logged, AAPL, daily("2024-01-01", "2024-01-05", 13.0))
    assert revised(logged).empty


def test_what_a_killed_writer_left_of_a_log_goes_with_the_next_commit(logged: Store) -> None:
    folder = logged.home / "state/equities/daily/AAPL"
    own = {path.name for path in folder.glob("*.parquet")}
    left = folder / "revisions.00000003.00aa00.parquet"
    later = folder / "revisions.00000009.00aa00.parquet"
    for path in (left, later):
        path.write_bytes(b"half a file")

    append(logged, AAPL, daily("2024-01-08", "2024-01-08"))

    assert {path.name for path in folder.glob("*.parquet")} == {*own, later.name}
    assert (logged.home / "trash/equities/daily/AAPL" / left.name).exists()


def test_a_commit_that_fails_leaves_no_log(logged: Store) -> None:
    before = logs_in(logged)
    lock = logged.home / "state/equities/daily/AAPL/lock"

    def write() -> None:
        with logged.transaction(AAPL) as tx:
            tx.put(daily("2024-01-01", "2024-01-05", 12.0))
            lock.unlink()
            tx.commit(state(), record())

    with pytest.raises(StoreError, match="was deleted while it was held"):
        write()

    assert logs_in(logged) == before
    assert set(revised(logged)["version"]) == {2}


def test_a_number_that_only_a_log_bears_is_not_given_again(logged: Store) -> None:
    """All else was deleted by hand: a reader of the trash must not find two files of one commit."""
    shutil.rmtree(logged.home / "data/equities/daily/AAPL")
    shutil.rmtree(logged.home / "versions")
    (path,) = (logged.home / "state/equities/daily/AAPL").glob("m.*.json")
    path.unlink()

    assert commit(logged, AAPL, daily("2024-01-01", "2024-01-05")).sequence == 3


def test_the_logs_of_a_linked_state_folder_are_only_tidied_by_name(
    logged: Store, tmp_path: Path
) -> None:
    folder = logged.home / "state/equities/daily/AAPL"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    foreign = tmp_path / "elsewhere" / "revisions.00000003.00aa00.parquet"
    foreign.write_text("another program's")

    commit(logged, AAPL, daily("2024-01-01", "2024-01-05", 12.0))

    assert foreign.exists()
    assert len(revised(logged)) == 10


DAYS = pd.date_range("2023-12-20", periods=40, tz="UTC")
Plain = dict[pd.Timestamp, tuple[float, bool]]


def plain(bars: Bars) -> Plain:
    values = zip(bars["open"].tolist(), bars["filled"].tolist(), strict=True)
    return dict(zip(bars.index, values, strict=True))


def some_bars(first: int, count: int, step: int, close: int, filled: int) -> Bars:
    days = DAYS[first : first + count : step] if step else DAYS[:0]
    if not len(days):
        return empty_bars()
    bars = bars_at(days, float(close))
    return bars.assign(filled=[filled > 0 and n % filled == 0 for n in range(len(days))])


PUTS = st.lists(
    st.tuples(
        st.integers(0, 39), st.integers(0, 20), st.integers(0, 3), st.integers(1, 3),
        st.integers(0, 3),
    ),
    min_size=1, max_size=3,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(PUTS, st.booleans()), min_size=1, max_size=5))
def test_no_observed_row_is_overwritten_without_a_trace(
    commits: list[tuple[list[tuple[int, int, int, int, int]], bool]],
) -> None:
    home = Path(tempfile.mkdtemp())
    store = Store(home)
    expected: list[tuple[int, pd.Timestamp, float, bool, str]] = []
    try:
        commit(store, AAPL, bars_at(DAYS, 1.0))
        for number, (puts, logs_added) in enumerate(commits, start=2):
            before = plain(store.snapshot(AAPL).bars())
            with store.transaction(AAPL) as tx:
                for first, count, step, close, filled in puts:
                    span = Span(DAYS[first], DAYS[first] + timedelta(days=count))
                    tx.put(some_bars(first, count, step, close, filled), span)
                tx.commit(state(), record(), logs_added=logs_added)
            after = plain(store.snapshot(AAPL).bars())
            for day in sorted({*before, *after}):
                if day not in before:
                    if logs_added:
                        expected.append((number, day, *after[day], "added"))
                elif before[day] != after.get(day) and (logs_added or not before[day][1]):
                    change = "replaced" if day in after else "removed"
                    expected.append((number, day, *before[day], change))
        rows = revised(store)
        names = ["version", "timestamp", "open", "filled", "change"]
        assert list(rows[names].itertuples(index=False, name=None)) == expected
    finally:
        shutil.rmtree(home)
