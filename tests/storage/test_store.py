import os
import shutil
import stat
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.commands.spelling import spell
from ml4t_nb.core.bars import Bars, empty_bars, require_bars, within
from ml4t_nb.errors import BarsInvalid, ChunkCorrupt, DatasetNotFound, OptionError, StoreError
from ml4t_nb.finding import Finding
from ml4t_nb.model import Compression, DatasetId, FetchAttempt, Gap, Span
from ml4t_nb.storage.clean_up import sweep_trash
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.locks import dataset_lock
from ml4t_nb.storage.snapshot import Snapshot
from ml4t_nb.storage.store import Store
from ml4t_nb.store_settings import Retention
from tests.storage.builders import (
    AAPL,
    AT,
    append,
    bars_at,
    commit,
    config,
    daily,
    publish,
    record,
    state,
    utc,
)

MSFT = DatasetId("equities", "daily", "MSFT")


def tree(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def test_a_store_makes_nothing_before_its_first_write(tmp_path: Path) -> None:
    store = Store(tmp_path / "absent" / "home")

    assert store.datasets() == ()
    assert store.summaries() == ()
    with pytest.raises(DatasetNotFound):
        store.snapshot(AAPL)
    store.sweep()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_stored_names_the_command_that_loads_it(store: Store) -> None:
    with pytest.raises(DatasetNotFound) as caught:
        store.snapshot(DatasetId("crypto", "1m", "BTC-USD"))

    assert caught.value.message == "crypto/1m/BTC-USD is not stored"
    assert (
        spell(caught.value.advice, "ml4t-data")
        == "run load first: ml4t-data load -s BTC-USD -a crypto -f 1m"
    )


def test_bars_come_back_to_the_last_bit(store: Store) -> None:
    bars = daily("2020-01-01", "2024-03-01").assign(close=lambda b: b["close"] / 3, volume=-0.0)
    bars.loc[bars.index[7], ["dividend", "split", "filled"]] = [0.22, 2.0, True]

    manifest = commit(store, AAPL, bars)

    stored = store.snapshot(AAPL).bars()
    assert_frame_equal(stored, bars, check_exact=True, check_freq=False)
    assert np.signbit(stored["volume"]).all()
    require_bars(stored)
    assert (manifest.rows, manifest.filled) == (len(bars), 1)
    assert (manifest.first, manifest.last) == (utc(2020, 1, 1), utc(2024, 3, 1))


@pytest.mark.parametrize("compression", ["lz4", "zstd", "snappy", "none"])
def test_every_compression_comes_back(store: Store, compression: Compression) -> None:
    bars = daily("2023-01-02", "2024-03-01")
    with store.transaction(AAPL) as tx:
        tx.put(bars)
        tx.commit(replace(state(), config=replace(config(), compression=compression)), record())

    assert_frame_equal(store.snapshot(AAPL).bars(), bars, check_freq=False)


@pytest.mark.parametrize(
    ("start", "end", "rows"),
    [
        (utc(2020), utc(2025), 522),
        (utc(2023, 6, 1), utc(2023, 7, 1), 22),
        (utc(2023, 6, 1), utc(2023, 6, 1), 0),
        (utc(2023, 6, 1), utc(2023, 6, 2), 1),
        (utc(2023, 6, 1), utc(2023, 6, 1, 0, 1), 1),
        (utc(2023, 12, 29), utc(2024, 1, 2), 2),
        (utc(2023, 6, 3), utc(2023, 6, 5), 0),
        (utc(2019), utc(2020), 0),
        (utc(2026), utc(2027), 0),
        (utc(2024), utc(2023), 0),
    ],
)
def test_a_span_of_bars_is_half_open(
    store: Store, start: pd.Timestamp, end: pd.Timestamp, rows: int
) -> None:
    bars = daily("2023-01-02", "2024-12-31")
    commit(store, AAPL, bars)

    part = store.snapshot(AAPL).bars(Span(start, end))

    assert len(part) == rows
    assert_frame_equal(require_bars(part), within(bars, Span(start, end)), check_freq=False)


def test_a_span_inside_a_chunk_of_several_row_groups_is_exact(store: Store) -> None:
    minutes = pd.date_range("2024-01-01", periods=100_000, freq="min")
    bars = bars_at(minutes, np.arange(100_000.0) + 1)  # type: ignore[arg-type]  # an array is fine
    dataset = DatasetId("crypto", "1m", "BTC-USD")
    commit(store, dataset, bars, period="yearly")

    for first, last in [(0, 1), (32_767, 32_769), (65_535, 65_536), (99_999, 100_000), (5, 99_000)]:
        span = Span(
            minutes[first].tz_localize("UTC"),
            minutes[last - 1].tz_localize("UTC") + timedelta(seconds=1),
        )
        part = store.snapshot(dataset).bars(span)
        assert part["open"].tolist() == [float(n + 1) for n in range(first, last)]


def test_changing_what_was_read_changes_nothing_stored(store: Store) -> None:
    bars = daily("2024-01-01", "2024-01-05")
    commit(store, AAPL, bars)
    with store.transaction(AAPL) as tx:
        read = tx.bars()
        read.loc[:, "close"] = 0.0
        tx.put(bars)
        bars.loc[:, "close"] = -1.0
        seen = tx.bars()
        seen.loc[:, "close"] = -2.0
        publish(tx)

    assert store.snapshot(AAPL).bars()["close"].tolist() == [10.25] * 5


def test_a_put_replaces_its_span_and_nothing_else(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-12", 1.0))
    span = Span(utc(2024, 1, 3), utc(2024, 1, 10))

    commit(store, AAPL, bars_at(["2024-01-04", "2024-01-06"], 2.0), span)

    stored = store.snapshot(AAPL).bars()
    assert [f"{day:%d}" for day in stored.index] == ["01", "02", "04", "06", "10", "11", "12"]
    assert stored["open"].tolist() == [1, 1, 2, 2, 1, 1, 1]


def test_a_later_put_wins_over_an_earlier_one(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-12", 1.0))
    with store.transaction(AAPL) as tx:
        tx.put(daily("2024-01-03", "2024-01-09", 2.0), Span(utc(2024, 1, 3), utc(2024, 1, 10)))
        tx.put(bars_at(["2024-01-05"], 3.0), Span(utc(2024, 1, 5), utc(2024, 1, 6)))
        tx.put(empty_bars(), Span(utc(2024, 1, 8), utc(2024, 1, 9)))
        seen = tx.bars()
        publish(tx)

    assert seen["open"].tolist() == [1, 1, 2, 2, 3, 2, 1, 1, 1]
    assert_frame_equal(store.snapshot(AAPL).bars(), seen)


def test_a_put_of_nothing_over_all_leaves_an_empty_dataset(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-12"))

    manifest = commit(store, AAPL, empty_bars())

    assert (manifest.rows, manifest.first, manifest.chunks) == (0, None, ())
    assert_frame_equal(store.snapshot(AAPL).bars(), empty_bars())
    assert store.datasets() == (AAPL,)
    assert append(store, AAPL, daily("2024-02-01", "2024-02-02")).rows == 2


def test_the_same_bars_again_write_no_chunk(store: Store) -> None:
    bars = daily("2020-01-01", "2024-03-01")
    before = commit(store, AAPL, bars)

    again = commit(store, AAPL, bars)

    assert again.chunks == before.chunks
    assert again.sequence == 2
    assert [run.chunks_written for run in again.recent] == [2, 0]


def test_one_changed_bit_is_written(store: Store) -> None:
    bars = daily("2024-01-01", "2024-01-12")
    commit(store, AAPL, bars)
    bars.iloc[3, 0] = np.nextafter(10.0, 11.0)

    manifest = commit(store, AAPL, bars)

    assert manifest.recent[-1].chunks_written == 1
    assert store.snapshot(AAPL).bars()["open"].iloc[3] == 10.000000000000002


def test_earlier_bars_are_put_before_the_stored_ones(store: Store) -> None:
    commit(store, AAPL, daily("2020-01-01", "2024-03-01"))
    earlier = daily("2010-01-01", "2019-12-31")

    append(store, AAPL, earlier)

    whole = daily("2010-01-01", "2024-03-01")
    assert_frame_equal(store.snapshot(AAPL).bars(), whole, check_freq=False)


def test_another_period_cuts_all_chunks_again(store: Store) -> None:
    bars = bars_at(pd.date_range("2023-01-01", "2024-03-05"))
    commit(store, AAPL, bars, period="yearly")
    with store.transaction(AAPL) as tx:
        manifest = publish(tx, period="monthly")

    assert manifest.chunks[-1].first == utc(2024, 3, 1)
    assert_frame_equal(store.snapshot(AAPL).bars(), bars, check_freq=False)


def test_a_manifest_keeps_what_it_was_given(store: Store) -> None:
    gaps = (Gap(utc(2024, 1, 2), utc(2024, 1, 2), 1, "failed", attempts=1, error="timed out"),)
    findings = (Finding(utc(2024, 1, 3), "jump", "close 10 to 99"),)
    fetch_log = (FetchAttempt(Span(utc(2024, 1, 2), utc(2024, 1, 3)), AT, "sample", "empty"),)
    with store.transaction(AAPL) as tx:
        tx.put(daily("2024-01-01", "2024-01-12"))
        after = replace(
            state(), gaps=gaps, findings=findings, verified=utc(2024, 1, 12), fetch_log=fetch_log
        )
        published = tx.commit(after, record())

    manifest = store.snapshot(AAPL).manifest
    assert manifest == published
    assert (manifest.gaps, manifest.findings) == (gaps, findings)
    assert (manifest.updated, manifest.verified) == (AT, utc(2024, 1, 12))
    assert manifest.fetch_log == fetch_log
    assert manifest.recent == (replace(record(), chunks_written=1, version=1),)


def test_the_history_keeps_a_hundred_runs_and_a_thousand_findings(store: Store) -> None:
    found = tuple(Finding(utc(2024), "jump", str(number)) for number in range(1003))
    for number in range(103):
        with store.transaction(AAPL) as tx:
            tx.commit(replace(state(), findings=found), replace(record(), added=number))

    snapshot = store.snapshot(AAPL)
    manifest = snapshot.manifest
    assert [run.added for run in snapshot.history()] == list(range(3, 103))
    assert [each.detail for each in manifest.findings] == [str(n) for n in range(3, 1003)]


def test_a_block_without_commit_changes_nothing(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-12"))
    before = tree(store.home)

    with store.transaction(AAPL) as tx:
        tx.put(empty_bars())

    assert tree(store.home) == before
    assert len(store.snapshot(AAPL).bars()) == 10


def test_an_error_in_the_block_changes_nothing(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-12"))
    before = tree(store.home)

    def fail() -> None:
        with store.transaction(AAPL) as tx:
            tx.put(empty_bars())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert tree(store.home) == before
    assert commit(store, AAPL, daily("2024-01-01", "2024-01-15")).rows == 11


def test_a_transaction_ends_with_its_commit(store: Store) -> None:
    with store.transaction(AAPL) as tx:
        publish(tx)
        with pytest.raises(StoreError, match="over"):
            publish(tx)
        with pytest.raises(StoreError, match="over"):
            tx.put(empty_bars())
    with pytest.raises(StoreError, match="over"):
        tx.remove()


def nan_bars() -> Bars:
    bars = daily("2024-01-01", "2024-01-05")
    bars.iloc[2, 4] = np.nan
    return bars


@pytest.mark.parametrize(
    ("bars", "said"),
    [
        (nan_bars(), "volume of the bar at 2024-01-03"),
        (daily("2024-01-01", "2024-01-05").assign(dividend=np.inf), "dividend .* is inf"),
        (daily("2024-01-01", "2024-01-05")[::-1], "strictly increasing"),
        (daily("2024-01-01", "2024-01-05").drop(columns="split"), "columns"),
        (daily("2024-01-01", "2024-01-05").tz_convert("Asia/Tokyo"), "indexed"),
        (bars_at(np.array(["0001-06-01"], "datetime64[us]")), "years"),
        (bars_at(np.array(["9999-06-01"], "datetime64[us]")), "years"),
        (bars_at([pd.NaT]), "years|strictly increasing"),
    ],
)
def test_what_is_not_bars_is_refused(store: Store, bars: Bars, said: str) -> None:
    with store.transaction(AAPL) as tx, pytest.raises(BarsInvalid, match=said):
        tx.put(bars)

    assert store.datasets() == ()


def test_bars_outside_the_span_they_are_put_in_are_refused(store: Store) -> None:
    span = Span(utc(2024, 1, 1), utc(2024, 1, 5))
    with store.transaction(AAPL) as tx, pytest.raises(BarsInvalid, match="outside"):
        tx.put(daily("2024-01-01", "2024-01-05"), span)


def test_datasets_stand_apart(store: Store) -> None:
    symbols = ["AAPL", "aapl", "BRK/B", "CON", "^GSPC", "EURUSD=X", "<b>x", "../x", "AAPL."]
    for number, symbol in enumerate(symbols):
        commit(
            store, DatasetId("fx", "daily", symbol), daily("2024-01-01", "2024-01-05", number + 1)
        )

    assert [dataset.symbol for dataset in store.datasets()] == sorted(symbols)
    for number, symbol in enumerate(symbols):
        bars = store.snapshot(DatasetId("fx", "daily", symbol)).bars()
        assert set(bars["open"]) == {number + 1}
    outside = [path for path in store.home.parent.iterdir() if path != store.home]
    assert outside == []


@pytest.mark.parametrize("symbol", ["", "..", ".", "A\nB"])
def test_an_impossible_symbol_is_refused_before_anything_is_made(store: Store, symbol: str) -> None:
    with pytest.raises(OptionError), store.transaction(DatasetId("equities", "daily", symbol)):
        pass

    assert not store.home.exists()


def test_removing_takes_one_dataset_away(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    commit(store, MSFT, daily("2024-01-01", "2024-01-05"))

    with store.transaction(AAPL) as tx:
        tx.remove()

    assert store.datasets() == (MSFT,)
    assert [row.dataset for row in store.summaries()] == [MSFT]
    with pytest.raises(DatasetNotFound):
        store.snapshot(AAPL)
    assert not (store.home / "data/equities/daily/AAPL").exists()
    with store.transaction(AAPL) as tx:
        assert tx.manifest is None
        with pytest.raises(DatasetNotFound):
            tx.remove()


def test_a_removed_dataset_can_be_loaded_again_with_a_higher_number(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05", 1.0))
    with store.transaction(AAPL) as tx:
        tx.remove()

    manifest = commit(store, AAPL, daily("2024-01-01", "2024-01-03", 2.0))

    assert manifest.sequence == 3
    assert len(manifest.recent) == 1
    assert store.snapshot(AAPL).bars()["open"].tolist() == [2, 2, 2]


def test_a_snapshot_outlives_the_commits_after_it(store: Store) -> None:
    old = daily("2020-01-01", "2024-01-05", 1.0)
    commit(store, AAPL, old)
    snapshot = store.snapshot(AAPL)
    for number in (2, 3, 4):
        commit(store, AAPL, daily("2020-01-01", "2024-01-05", number))
    with store.transaction(AAPL) as tx:
        tx.remove()

    assert_frame_equal(snapshot.bars(), old, check_freq=False)
    assert all(path.exists() for path in snapshot.files())


def test_files_are_those_of_the_snapshot(store: Store) -> None:
    commit(store, AAPL, daily("2020-01-01", "2024-01-05", 1.0))
    commit(store, AAPL, daily("2020-01-01", "2024-01-05", 2.0))

    files = store.snapshot(AAPL).files()

    assert sorted(files) == sorted((store.home / "data").rglob("*.parquet"))
    assert {open_ for path in files for open_ in pd.read_parquet(path)["open"]} == {2.0}


def test_what_was_replaced_an_hour_ago_is_removed_by_the_next_commit(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    commit(store, AAPL, daily("2024-01-01", "2024-01-08"))
    snapshot = store.snapshot(AAPL)
    (old,) = (store.home / "trash/equities/daily/AAPL").iterdir()
    age = old.stat().st_mtime - 3601
    os.utime(old, (age, age))

    commit(store, AAPL, daily("2024-01-01", "2024-01-09"))

    assert not old.exists()
    assert len(snapshot.bars()) == 6
    assert len([*old.parent.iterdir()]) == 1


def test_files_that_were_just_replaced_do_not_keep_old_ones_in_the_trash(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    trash = store.home / "trash/equities/daily/AAPL"
    trash.mkdir(parents=True)
    young = {f"2024-01-01.{number:08d}.abcdef.parquet" for number in range(1, 11)}
    old = {"2024-01-02.00000001.abcdef.parquet", "revisions.00000001.abcdef.parquet"}
    for name in (*young, *old):
        (trash / name).touch()
    for name in old:
        age = (trash / name).stat().st_mtime - 3601
        os.utime(trash / name, (age, age))
    folder, now = store.snapshot(AAPL).folder, (trash / min(young)).stat()

    for _ in range(500):
        sweep_trash(folder, now, most=4)

    assert {path.name for path in trash.iterdir()} == young


def test_a_snapshot_whose_files_are_gone_says_so(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05", 1.0))
    snapshot = store.snapshot(AAPL)
    commit(store, AAPL, daily("2024-01-01", "2024-01-05", 2.0))
    shutil.rmtree(store.home / "versions")

    with pytest.raises(StoreError, match="out of date"):
        snapshot.bars()


def test_a_sweep_removes_what_no_commit_comes_to_remove(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    with store.transaction(AAPL) as tx:
        tx.remove()
    trash, versions = store.home / "trash", store.home / "versions"
    store.sweep(Retention())
    assert len([*versions.rglob("*.parquet")]) == 1
    make_older(versions, days=91)
    store.sweep(Retention())
    assert [*versions.rglob("*.*")] == []
    assert len([*trash.rglob("*.parquet")]) == 1
    make_older(trash, days=1)

    store.sweep()

    assert [path for path in trash.rglob("*") if path.is_file()] == []


def make_older(folder: Path, *, days: int) -> None:
    for path in folder.rglob("*.*"):
        if path.is_file():
            age = path.stat().st_mtime - days * 86_400
            os.utime(path, (age, age))


def test_a_sweep_ends_a_removal_whose_writer_was_killed(store: Store) -> None:
    (chunk,) = commit(store, AAPL, daily("2024-01-01", "2024-01-05")).chunks
    data = store.home / "data/equities/daily/AAPL"
    folder = DatasetFolder(store.home, AAPL)
    with dataset_lock(folder.state, AAPL, timeout_s=0) as lock:
        folder.publish(None, 2, base=1, lock=lock)  # and no step further
    assert store.datasets() == ()
    assert (data / chunk.file).exists()

    with store.transaction(AAPL):
        Store(store.home).sweep()
    assert (data / chunk.file).exists()
    store.sweep()

    assert not data.exists()
    assert (store.home / "versions/equities/daily/AAPL" / f"00000002.{chunk.file}").exists()
    assert store.datasets() == ()


def test_an_unknown_file_is_not_moved(store: Store) -> None:
    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    note = store.home / "data/equities/daily/AAPL/note.txt"
    note.write_text("mine")

    commit(store, AAPL, daily("2024-01-01", "2024-01-08"))
    with store.transaction(AAPL) as tx:
        tx.remove()

    assert note.read_text() == "mine"
    assert store.datasets() == ()


def test_files_and_folders_follow_the_umask(store: Store) -> None:
    before = os.umask(0o027)
    try:
        commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
    finally:
        os.umask(before)

    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in store.home.rglob("*")}
    assert modes == {(True, 0o750), (False, 0o640)}


def test_two_stores_of_one_home_see_each_others_commits(tmp_path: Path) -> None:
    one, other = Store(tmp_path), Store(tmp_path)
    commit(one, AAPL, daily("2024-01-01", "2024-01-05"))
    assert other.datasets() == (AAPL,)

    append(other, AAPL, daily("2024-01-08", "2024-01-09"))

    assert one.summaries()[0].rows == 7
    assert len(one.snapshot(AAPL).bars()) == 7


def test_a_store_stays_where_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(Path("home"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))

    assert (tmp_path / "home/data/equities/daily/AAPL").is_dir()


def test_the_data_folder_holds_nothing_but_parquet(store: Store) -> None:
    for day in range(2, 9):
        append(store, AAPL, daily("2024-01-01", f"2024-01-0{day}"))

    files = [path for path in (store.home / "data").rglob("*") if path.is_file()]
    assert [path.suffix for path in files] == [".parquet"]


def test_changing_the_bars_of_a_transaction_does_not_change_the_store(store: Store) -> None:
    bars = daily("2024-01-01", "2024-01-05")
    with store.transaction(AAPL) as tx:
        tx.put(bars)
        seen = tx.bars()
        seen.iloc[:, 0] = 99.0
        seen["filled"] = True
        publish(tx)

    assert_frame_equal(store.snapshot(AAPL).bars(), bars, check_freq=False)


def test_a_commit_removes_what_was_replaced_long_ago_and_keeps_what_is_young(store: Store) -> None:
    for last in (2, 3, 4, 5):
        commit(store, AAPL, daily("2024-01-01", f"2024-01-0{last}"))
    trash = store.home / "trash/equities/daily/AAPL"
    names = sorted(path.name for path in trash.iterdir())
    old = [name for name in names if ".00000001." in name or ".00000002." in name]
    assert len(names) == 3
    assert len(old) == 2
    for name in old:
        age = (trash / name).stat().st_mtime - 3601
        os.utime(trash / name, (age, age))

    commit(store, AAPL, daily("2024-01-01", "2024-01-08"))

    left = sorted(path.name for path in trash.iterdir())
    assert [name for name in names if name not in old] == [
        name for name in left if ".00000004." not in name
    ]
    assert len(left) == 2


@pytest.fixture(scope="module")
def minutes() -> Bars:
    """A year around the clock, each bar with a price of its own."""
    stamps = pd.date_range("2023-01-01", "2023-12-31 23:59", freq="min")
    return bars_at(stamps, pd.Series(100 + np.arange(len(stamps)) / 64).tolist())


@pytest.fixture
def long(store: Store, minutes: Bars) -> Snapshot:
    commit(store, DatasetId("crypto", "1m", "BTC-USD"), minutes, period="monthly")
    return store.snapshot(DatasetId("crypto", "1m", "BTC-USD"))


def test_a_long_history_comes_back_as_it_was_put(long: Snapshot, minutes: Bars) -> None:
    assert [chunk.rows for chunk in long.manifest.chunks][:2] == [129600, 131040]

    assert long.bars().equals(minutes)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (utc(2023, 1, 20, 5), utc(2023, 12, 2, 7, 3)),
        (utc(2023, 2, 1), utc(2023, 12, 1)),
        (utc(2022), utc(2023, 11, 11, 11, 11)),
        (utc(2023, 3, 6, 6, 6), utc(2025)),
    ],
)
def test_a_range_of_a_long_history_is_cut_out_of_it(
    long: Snapshot, minutes: Bars, start: datetime, end: datetime
) -> None:
    wanted = minutes[(minutes.index >= start) & (minutes.index < end)]

    assert long.bars(Span(start, end)).equals(wanted)


def test_one_damaged_chunk_of_a_long_history_is_named(long: Snapshot) -> None:
    path = long.files()[2]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(ChunkCorrupt, match=path.name):
        long.bars()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs the names of open files")
@pytest.mark.parametrize("made_before", [(), ("data/equities/daily", "state/equities/daily/AAPL")])
@pytest.mark.parametrize("times", [1, 3], ids=["first", "after-a-removal"])
def test_a_first_commit_brings_its_folders_to_the_disk_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_before: tuple[str, ...], times: int
) -> None:
    """Also those that another writer made, and may not have brought there yet."""
    home = tmp_path / "not" / "there" / "yet"
    for folder in made_before:
        (home / folder).mkdir(parents=True)
    store = Store(home)
    for _ in range(times // 2):
        commit(store, AAPL, daily("2024-01-01", "2024-01-05"))
        with store.transaction(AAPL) as tx:
            tx.remove()
    synced: list[Path] = []
    fsync, link = os.fsync, os.link

    def noted(handle: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{handle}")))  # noqa: PTH115
        fsync(handle)

    counted: list[Path] = []

    def published(source: Path, target: Path) -> None:
        counted.extend(synced)
        link(source, target)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "link", published)

    commit(store, AAPL, daily("2024-01-01", "2024-01-05"))

    for part in ("data", "state"):
        place = home / part / "equities" / "daily" / "AAPL"
        above = {path for path in place.parents if path.is_relative_to(home.parent)}
        assert above <= set(counted)
    assert home / "data/equities/daily/AAPL" in counted
    if times == 1 and not made_before:
        assert {tmp_path, tmp_path / "not"} <= set(counted)
    assert synced[-1] == home / "state/equities/daily/AAPL"
