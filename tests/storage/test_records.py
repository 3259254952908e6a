"""Records of runs: the newest in the manifest, those before in files of their own."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from ml4t_nb.errors import ChunkCorrupt, StoreError
from ml4t_nb.model import Span
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage.manifest import LogFile, Manifest
from ml4t_nb.storage.record_log import (
    decode_records,
    divided,
    encode_record_file,
    encode_records,
    regrouped_records,
)
from ml4t_nb.storage.store import Store
from tests.disk_events import die_before
from tests.storage.builders import AAPL, AT, append, bars_at, record, state, utc

FOLDER = Path("state/equities/daily/AAPL")


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that begin with the store imported, forked from a server without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ml4t_nb.storage.transaction", "tests.storage.test_records"])
    return context


def run_numbered(number: int, verb: str = "update") -> UpdateRecord:
    return replace(record(), verb=verb, at=AT + timedelta(days=number), added=number)


def note(store: Store, number: int) -> Manifest:
    """A commit that changes no bar: what it leaves besides is its record."""
    with store.transaction(AAPL) as tx:
        return tx.commit(state(), run_numbered(number))


def noted(store: Store, first: int, last: int) -> Store:
    for number in range(first, last + 1):
        note(store, number)
    return store


def numbers(runs: tuple[UpdateRecord, ...] | list[UpdateRecord]) -> list[int]:
    return [run.added for run in runs]


def files_in(store: Store) -> list[Path]:
    return sorted((store.home / FOLDER).glob("records.*"))


def test_a_manifest_is_short_whatever_the_number_of_runs(store: Store) -> None:
    largest = 0
    for number in range(1, 331):
        manifest = note(store, number)
        snapshot = store.snapshot(AAPL)

        assert numbers(snapshot.history()) == [*range(max(1, number - 99), number + 1)]
        assert snapshot.history()[-1].version == number
        assert min(number, 10) <= len(manifest.recent) <= 19
        assert len(manifest.records) <= 6
        assert [each.name for each in files_in(store)] == [each.file for each in manifest.records]
        (path,) = (store.home / FOLDER).glob("m.*.json")
        largest = max(largest, path.stat().st_size)
    # A record of this kind takes 141 bytes: a hundred of them 14 kB.
    assert largest < 4_500
    assert sum(each.rows for each in manifest.records) <= 180


def test_a_file_is_written_with_every_tenth_run(store: Store) -> None:
    written = [note(store, number).records for number in range(1, 61)]

    changes = [n for n in range(1, 60) if written[n] != written[n - 1]]
    assert [n + 1 for n in changes] == [20, 30, 40, 50, 60]
    assert [each.rows for each in written[-1]] in ([50], [30, 20], [40, 10], [30, 10, 10])


def test_the_manifest_keeps_the_last_ten_runs_that_asked_a_provider() -> None:
    asked = [run_numbered(number) for number in range(12)]
    decided = [run_numbered(number, "review") for number in range(12, 40)]

    older, recent = divided((*asked, *decided))
    assert (numbers(older), numbers(recent)) == ([], [*range(40)])
    older, recent = divided((*decided, *asked))
    assert numbers(older) == [*range(12, 40), 0, 1]
    assert numbers(recent) == [*range(2, 12)]
    assert len(divided(tuple(run_numbered(n, "review") for n in range(130)))[1]) == 100


def test_records_come_back_from_their_file_exactly() -> None:
    runs = [run_numbered(number) for number in range(3)]

    file, content = encode_record_file(encode_records(runs), 7)

    assert content.count(b"\n") == file.rows == 3
    assert decode_records(content.splitlines()) == runs
    for line in (b"{}", b"[]", b'{"at":1}', b"\xff", b"", b'"at"'):
        with pytest.raises(ValueError, match=r".*"):
            decode_records([line])


def test_files_are_joined_back_to_a_damaged_one_and_dropped_when_they_are_too_old() -> None:
    files = [LogFile(f"records.0000000{n}.000000.jsonl", 10, 100, "") for n in range(1, 4)]
    lines = {each: [f"{each.file[14]}{n}".encode() for n in range(10)] for each in files}
    new = [b"new"] * 10

    def damaged(file: LogFile) -> list[bytes]:
        if file == files[1]:
            raise ChunkCorrupt("damaged")
        return lines[file]

    whole = regrouped_records(files, new, lines.__getitem__, most=35)
    assert whole == ((), [*lines[files[0]][5:], *lines[files[1]], *lines[files[2]], *new])
    assert regrouped_records(files, new, damaged, most=35) == (
        (files[0], files[1]), [*lines[files[2]], *new],
    )  # fmt: skip
    assert regrouped_records(files, new, damaged, most=30) == (
        (files[1],), [*lines[files[2]], *new],
    )  # fmt: skip
    assert regrouped_records(files, new, damaged, most=20) == ((), [*lines[files[2]], *new])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip, "is damaged: its checksum does not match"),
        (cut, "bytes instead of"),
        (Path.unlink, "is missing"),
    ],
)
def test_a_damaged_file_of_records_is_told_where_it_is_read_and_bars_go_on(
    store: Store, damage: Callable[[Path], None], words: str
) -> None:
    append(store, AAPL, bars_at(["2024-01-02"]))
    noted(store, 2, 25)
    (path,) = files_in(store)
    kept = path.read_bytes()
    damage(path)
    snapshot = store.snapshot(AAPL)

    with pytest.raises(ChunkCorrupt, match=f"the log .*{path.name} .*{words}") as caught:
        snapshot.history()
    assert "restore it from a backup" in caught.value.hint
    runs, faults = snapshot.readable_history()
    assert numbers(runs) == [*range(11, 26)]
    assert [each.message for each in faults] == [caught.value.message]
    assert [each.message for each in store.verify(AAPL)] == [caught.value.message]
    assert len(snapshot.bars()) == 1
    assert [row.damage for row in store.summaries()] == [""]
    assert snapshot.readable_history(12)[1] == ()
    with store.transaction(AAPL) as tx:
        assert numbers(tx.readable_history()) == [*range(11, 26)]

    append(store, AAPL, bars_at(["2024-01-03"]))
    noted(store, 27, 45)
    path.write_bytes(kept)

    assert store.verify(AAPL) == ()
    assert [run.version for run in store.snapshot(AAPL).history()] == [*range(1, 46)]
    assert len(store.snapshot(AAPL).bars()) == 2


def test_a_file_of_records_that_stays_damaged_goes_with_its_runs(store: Store) -> None:
    noted(store, 1, 20)
    (path,) = files_in(store)
    flip(path)

    noted(store, 21, 130)

    assert path not in files_in(store)
    assert store.verify(AAPL) == ()
    assert numbers(store.snapshot(AAPL).history()) == [*range(31, 131)]


def test_every_flipped_byte_of_a_file_of_records_is_noticed(store: Store) -> None:
    noted(store, 1, 20)
    (path,) = files_in(store)
    content = path.read_bytes()
    for place in range(len(content)):
        altered = bytearray(content)
        altered[place] ^= 1 << (place % 8)
        path.write_bytes(altered)
        with pytest.raises(ChunkCorrupt):
            store.snapshot(AAPL).history()


def test_a_snapshot_reads_its_records_after_newer_commits_joined_them(store: Store) -> None:
    noted(store, 1, 20)
    snapshot = store.snapshot(AAPL)
    noted(store, 21, 30)
    assert not (store.home / FOLDER / snapshot.manifest.records[0].file).exists()

    assert numbers(snapshot.history()) == [*range(1, 21)]
    for path in snapshot.folder.trash.iterdir():
        os.utime(path, (0, 0))
    store.sweep()
    assert not list(snapshot.folder.trash.glob("records.*"))
    with pytest.raises(StoreError, match="out of date"):
        snapshot.history()


def test_a_removal_takes_the_records_along(store: Store) -> None:
    noted(store, 1, 25)
    with store.transaction(AAPL) as tx:
        tx.remove()
    assert files_in(store) == []

    note(store, 27)

    assert numbers(store.snapshot(AAPL).history()) == [27]


def test_runs_of_an_earlier_manifest_go_to_a_file_with_the_next_commit(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(Path(__file__).parent / "version_4", home)
    store = Store(home)
    before = store.snapshot(AAPL)
    assert [run.version for run in before.history()] == [*range(1, 30)]
    assert len(before.manifest.recent) == 29
    assert before.history()[20].restatement is not None
    assert store.verify(AAPL) == ()
    # As the package of version 4 said: 69 sessions from December 2004 to 2005-03-10.
    bars = before.bars()
    assert len(bars) == 69
    assert len(before.revised_rows()) > 0

    with store.transaction(AAPL) as tx:
        manifest = tx.manifest
        assert manifest is not None
        tx.put(bars_at(["2005-03-11"]), Span(utc(2005, 3, 11), utc(2005, 3, 12)))
        tx.commit(manifest, run_numbered(30))

    after = store.snapshot(AAPL)
    assert [run.version for run in after.history()] == [*range(1, 31)]
    assert after.history()[:29] == before.history()
    assert len(after.manifest.recent) == 10
    assert [each.rows for each in after.manifest.records] == [20]
    kinds = [each.checksum.partition(":")[0] for each in after.manifest.chunks]
    assert kinds == ["crc32", "xxh3"]
    assert after.bars().iloc[:69].equals(bars)
    assert store.verify(AAPL) == ()


def commit_until_killed(home: Path, number: int, last: int) -> None:
    """Make that commit, and die right before the ``last``-th change of the disk on the way."""
    store = Store(home)
    die_before(last)
    note(store, number)


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="signals and fork servers are POSIX")
@pytest.mark.parametrize("number", [20, pytest.param(30, marks=pytest.mark.slow)])
def test_a_writer_killed_at_any_change_of_the_disk_loses_no_record(
    tmp_path: Path, processes: ForkServerContext, number: int
) -> None:
    """The 20th commit writes the first file of records, the 30th one that takes that in."""
    begun = tmp_path / "begun"
    noted(Store(begun), 1, number - 1)
    died = 0
    while True:
        home = tmp_path / f"home{died}"
        shutil.copytree(begun, home)
        writer = processes.Process(target=commit_until_killed, args=(home, number, died + 1))
        writer.start()
        writer.join()
        store = Store(home)
        runs = store.snapshot(AAPL).history()
        assert numbers(runs) in ([*range(1, number)], [*range(1, number + 1)])
        assert store.verify(AAPL) == ()
        done = len(runs)
        noted(store, done + 1, number + 1)
        assert numbers(store.snapshot(AAPL).history()) == [*range(1, number + 2)]
        named = {each.file for each in store.snapshot(AAPL).manifest.records}
        assert {path.name for path in files_in(store)} == named
        if writer.exitcode == 0:
            break
        assert writer.exitcode == -signal.SIGKILL
        died += 1
    assert died > 8
