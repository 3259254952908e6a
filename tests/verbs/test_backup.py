"""Backups of a whole store: what they hold, what they cost, and whether they are whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import ml4t_nb
from ml4t_nb.backups import BackupReport
from ml4t_nb.errors import Ml4tError, OptionError, StoreNotFound, StoreNotWritable
from ml4t_nb.storage import transaction
from ml4t_nb.storage.backup_file import read_backup
from ml4t_nb.storage.locks import dataset_lock
from ml4t_nb.storage.store import Store
from tests.storage.builders import AAPL, bars_at, commit, whole
from tests.unprivileged import unprivileged

posix = pytest.mark.skipif(os.name != "posix", reason="needs users, limits and links of POSIX")

SETTINGS = '[retention]\nkeep = "all"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """AAPL after its split, a pin of before, MSFT, and IBM, which was removed."""
    home = tmp_path / "home"
    options: dict[str, Any] = {"provider": "sample", "start": "2004-12-01", "home": home}
    ml4t_nb.load(["AAPL", "MSFT", "IBM"], as_of="2005-02-25", **options)
    ml4t_nb.pin("before-the-split", symbol=["AAPL", "IBM"], home=home)
    ml4t_nb.remove("IBM", yes=True, home=home)
    ml4t_nb.update(as_of="2005-03-10", home=home)
    (home / "ml4t.toml").write_text(SETTINGS, encoding="utf-8")
    return home


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """A folder for backups."""
    return tmp_path / "away"


def backup(home: Path, away: Path, *, links: bool = True) -> BackupReport:
    report: BackupReport = ml4t_nb.backup(away, home=home, links=links)
    return report


def contents(folder: Path) -> dict[str, bytes]:
    """Files that are not caches, by their path."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    own = {path.relative_to(folder).as_posix(): path for path in files}
    return {
        name: path.read_bytes()
        for name, path in own.items()
        if not name.startswith(("catalogue", "cache/", "trash/"))
    }


def inodes(folder: Path) -> set[int]:
    return {p.stat().st_ino for p in folder.rglob("*") if p.is_file() and p.name != "lock"}


def damage(path: Path) -> None:
    """Change a byte of a file, which becomes another file: no link to it is changed."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)


def test_a_backup_is_a_store_with_all_that_the_store_had(home: Path, away: Path) -> None:
    report = backup(home, away)

    assert report.is_whole
    assert {each.dataset.symbol: each.version for each in report.datasets} == {
        "AAPL": 2, "IBM": 2, "MSFT": 2,
    }  # fmt: skip
    assert contents(report.path).keys() == {*contents(home), "backup.json"}
    ml4t_nb.check_backup(away)
    for each in (report.path, away / "latest"):
        assert [row.dataset.symbol for row in ml4t_nb.list_(home=each).datasets] == ["AAPL", "MSFT"]
        for symbol in ("AAPL", "MSFT"):
            assert_frame_equal(
                ml4t_nb.bars(symbol, home=each), ml4t_nb.bars(symbol, home=home), check_exact=True
            )
        for known in ({"version": 1}, {"pin": "before-the-split"}):
            for symbol in ("AAPL", "IBM"):
                assert_frame_equal(
                    ml4t_nb.bars(symbol, home=each, **known),
                    ml4t_nb.bars(symbol, home=home, **known),
                    check_exact=True,
                )
        assert ml4t_nb.pins(home=each).pins == ml4t_nb.pins(home=home).pins
        revised = Store(each).snapshot(AAPL).revised_rows()
        assert_frame_equal(revised, Store(home).snapshot(AAPL).revised_rows())
        assert (each / "ml4t.toml").read_text(encoding="utf-8") == SETTINGS
    health = ml4t_nb.health(home=report.path, verify=True, as_of="2005-03-10")
    assert {each.state for each in health.datasets} == {"healthy"}


def test_what_is_archived_is_in_a_backup(home: Path, away: Path) -> None:
    before = ml4t_nb.bars("MSFT", home=home)
    ml4t_nb.archive(before="2005-01-01", home=home, as_of="2005-03-10")
    manifest = Store(home).snapshot(replace(AAPL, symbol="MSFT")).manifest
    assert any(each.is_archived for each in manifest.chunks)

    report = backup(home, away)

    assert report.is_whole
    assert ml4t_nb.check_backup(away).faults == ()
    assert_frame_equal(ml4t_nb.bars("MSFT", home=report.path), before, check_exact=True)


def test_a_second_backup_takes_no_room_for_what_is_unchanged(home: Path, away: Path) -> None:
    first = backup(home, away)
    ml4t_nb.update("MSFT", as_of="2005-03-11", home=home)
    second = backup(home, away)

    assert first.path != second.path
    assert (away / "latest").resolve() == second.path.resolve()
    # A manifest, a chunk and the manifest before are new or moved; all of it is the store's own.
    assert second.copied == 0
    assert len(inodes(second.path) - inodes(first.path) - inodes(home)) == 1  # backup.json
    assert ml4t_nb.check_backup(first.path).faults == ml4t_nb.check_backup(away).faults == ()
    assert len(ml4t_nb.bars("MSFT", home=first.path)) == 69
    assert len(ml4t_nb.bars("MSFT", home=second.path)) == 70


@posix
def test_a_backup_of_copies_shares_no_file_with_the_store(home: Path, away: Path) -> None:
    linked = backup(home, away)
    copied = backup(home, away, links=False)
    again = backup(home, away, links=False)

    assert inodes(linked.path) & inodes(home)
    assert not inodes(copied.path) & inodes(home)
    assert not inodes(again.path) & inodes(home)
    assert (copied.copied, again.copied) == (copied.total - 2, 0)  # settings and pins always are
    assert len(inodes(again.path) - inodes(copied.path)) == 1
    assert contents(again.path).keys() == contents(linked.path).keys()


def test_nothing_that_is_done_to_the_store_changes_a_backup(home: Path, away: Path) -> None:
    """Its files are links: each of them is replaced, moved or deleted in the store, and no more."""
    path = backup(home, away).path
    before = contents(path)

    (home / "ml4t.toml").write_text("", encoding="utf-8")
    ml4t_nb.undo("AAPL", as_of="2005-03-10", home=home)
    ml4t_nb.pin("after", home=home)
    ml4t_nb.update(as_of="2005-06-10", home=home)
    ml4t_nb.remove("MSFT", start="2005-01-10", end="2005-01-14", yes=True, home=home)
    ml4t_nb.update(as_of="2005-06-13", home=home)
    ml4t_nb.end("MSFT", on="2005-06-13", reason="bought", home=home)
    for name in ("before-the-split", "after"):
        ml4t_nb.pin(name, remove=True, home=home)
    (home / "ml4t.toml").write_text('[retention]\nkeep = "last 1"\n', encoding="utf-8")
    ml4t_nb.update(as_of="2005-06-14", home=home)
    ml4t_nb.remove(["MSFT", "AAPL"], forget=True, yes=True, home=home)

    assert contents(path) == before
    assert ml4t_nb.check_backup(path).faults == ()
    assert len(ml4t_nb.bars("IBM", pin="before-the-split", home=path)) == 60


def test_a_copy_of_a_backup_is_the_store_again(home: Path, away: Path) -> None:
    path = backup(home, away).path
    bars = ml4t_nb.bars("AAPL", home=home)
    shutil.rmtree(home)
    shutil.copytree(path, home)

    assert_frame_equal(ml4t_nb.bars("AAPL", home=home), bars)
    (result,) = ml4t_nb.update("AAPL", as_of="2005-03-11", home=home).results
    assert (result.record.outcome, result.record.added) == ("changed", 1)
    assert_frame_equal(ml4t_nb.bars("AAPL", version=2, home=home), bars)
    assert backup(home, away).is_whole


def test_what_a_killed_writer_left_is_tidied_before_it_is_saved(
    tmp_path: Path, away: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "home")
    days = pd.bdate_range("2020-01-01", periods=100)
    commit(store, AAPL, bars_at(days, 1.0))
    with monkeypatch.context() as killed:
        killed.setattr(transaction, "clean_up", lambda *_: None)
        commit(store, AAPL, bars_at(days, 2.0))

    path = backup(store.home, away).path

    assert len([*path.rglob("data/**/*.parquet")]) == 1
    found = [set(Store(path).version(AAPL, number).bars()["open"]) for number in (1, 2)]
    assert found == [{1.0}, {2.0}]


def test_a_writer_that_works_for_long_keeps_no_backup_waiting(home: Path, away: Path) -> None:
    with dataset_lock(home / "state/equities/daily/AAPL", AAPL, timeout_s=1):
        assert backup(home, away).is_whole


def test_many_manifests_are_saved_gathered(tmp_path: Path, away: Path) -> None:
    store = Store(tmp_path / "home")
    days = pd.bdate_range("2020-01-01", periods=150)
    for count in range(1, 141):
        bar = bars_at(days[count - 1 : count], float(count))
        commit(store, AAPL, bar, whole(bar))
    path = backup(store.home, away).path

    assert [*path.rglob("*.zst")]
    for number in (1, 64, 100, 139, 140):
        assert len(Store(path).version(AAPL, number).bars()) == number


@posix
def test_what_is_damaged_in_the_store_is_as_the_backup_before_has_it(
    home: Path, away: Path
) -> None:
    expected = ml4t_nb.bars("AAPL", home=home)
    backup(home, away)
    chunk = ml4t_nb.files("AAPL", home=home)[-1]
    damage(chunk)

    report = backup(home, away)

    assert [each.dataset.symbol for each in report.datasets if each.fault] == ["AAPL"]
    assert not report.is_whole
    assert ml4t_nb.check_backup(away).faults == ()
    assert_frame_equal(ml4t_nb.bars("AAPL", home=away / "latest"), expected)
    chunk.unlink()
    (missing,) = [each.fault for each in backup(home, away).datasets if each.fault]
    assert missing == f"{chunk} is missing"
    (manifest,) = (home / "state/equities/daily/AAPL").glob("m.*.json")
    damage(manifest)
    report = backup(home, away)
    assert {each.dataset.symbol: bool(each.fault) for each in report.datasets} == {
        "AAPL": True, "IBM": False, "MSFT": False,
    }  # fmt: skip
    assert_frame_equal(ml4t_nb.bars("AAPL", home=away / "latest"), expected)
    (home / "data").rename(home / "unmounted")
    assert [each.fault.startswith("the ") for each in backup(home, away).datasets] == [
        True, False, True,
    ]  # fmt: skip
    assert_frame_equal(ml4t_nb.bars("AAPL", home=away / "latest"), expected)


@posix
def test_a_small_file_that_cannot_be_read_is_named_and_all_else_is_saved(open_folder: Path) -> None:
    home, away = open_folder / "home", open_folder / "away"
    commit(Store(home), AAPL, bars_at(pd.bdate_range("2020-01-01", periods=5)))
    ml4t_nb.pin("paper", home=home)
    (home / "state/pins/broken").symlink_to("/proc/self/mem")  # opens, and cannot be read
    (home / "state/hidden").mkdir()
    (home / "state/hidden/told.json").write_text("{}")
    away.mkdir(0o777)
    away.chmod(0o777)
    for path in (home, *home.rglob("*")):
        if path.name != "broken":
            path.chmod(0o755 if path.is_dir() else 0o644)
    (home / "state/hidden").chmod(0)

    with unprivileged():
        report = backup(home, away)

    assert [(each.path, each.kind) for each in report.faults] == [
        ("state/hidden", "not saved"), ("state/pins/broken", "not saved"),
    ]  # fmt: skip
    assert report.faults[0].detail == f"{home}/state/hidden cannot be read: Permission denied"
    assert report.faults[1].detail.startswith(f"{home}/state/pins/broken cannot be read: ")
    assert not report.is_whole
    assert len(ml4t_nb.bars("AAPL", home=report.path, pin="paper")) == 5


@posix
def test_a_file_of_the_backup_before_that_may_not_be_read_is_saved_anew(open_folder: Path) -> None:
    home, away = open_folder / "home", open_folder / "away"
    commit(Store(home), AAPL, bars_at(pd.bdate_range("2020-01-01", periods=5)))
    first = backup(home, away, links=False).path
    for path in (away, *away.rglob("*"), home, *home.rglob("*")):
        path.chmod(0o777 if path.is_dir() or path.name == "lock" else 0o644)
    _chunk(first).chmod(0)

    with unprivileged():
        second = backup(home, away, links=False)

    assert second.is_whole
    assert ml4t_nb.check_backup(second.path).faults == ()


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_was_changed_in_the_backup_before_is_saved_anew(
    home: Path, away: Path, *, links: bool
) -> None:
    damage(_chunk(backup(home, away, links=links).path))
    assert [each.kind for each in ml4t_nb.check_backup(away).faults] == ["damaged"]

    second = backup(home, away, links=links)

    assert second.is_whole
    assert ml4t_nb.check_backup(away).path == second.path
    assert ml4t_nb.check_backup(away).faults == ()


def test_what_has_decayed_in_a_backup_is_mended_as_the_check_says(home: Path, away: Path) -> None:
    found = _chunk(backup(home, away, links=False).path)
    times = found.stat()
    damage(found)
    os.utime(found, ns=(times.st_atime_ns, times.st_mtime_ns))
    backup(home, away, links=False)  # nothing tells it from what it was

    said = shell(home, f"check-backup {away}").stdout

    assert "→ delete what is damaged there: the next backup takes it from the store" in said
    _chunk(away / "latest").unlink()
    backup(home, away, links=False)
    assert ml4t_nb.check_backup(away).faults == ()


def test_what_is_not_damaged_is_not_called_so(home: Path, away: Path) -> None:
    (home / "data").rename(home / "unmounted")

    done = shell(home, f"backup {away}")

    assert (
        "❌ equities/daily/AAPL could not be read whole, and is not in the backup: " in done.stdout
    )
    (home / "unmounted").rename(home / "data")
    backup(home, away)
    (home / "data").rename(home / "unmounted")
    done = shell(home, f"backup {away}")
    assert "AAPL could not be read whole, the backup has it as the one before did: the folder" in (
        done.stdout
    )


def _chunk(home: Path) -> Path:
    return ml4t_nb.files("AAPL", home=home)[-1]


def _manifest(home: Path) -> Path:
    return next((home / "state/equities/daily/AAPL").glob("m.*.json"))


def _log(home: Path) -> Path:
    return next((home / "state/equities/daily/AAPL").glob("revisions.*"))


def _past(home: Path) -> Path:
    return next((home / "versions/equities/daily/AAPL").glob("*.parquet"))


@pytest.mark.parametrize("of", [_chunk, _manifest, _log, _past])
def test_without_a_backup_before_the_others_are_saved_and_it_is_named(
    home: Path, away: Path, of: Callable[[Path], Path]
) -> None:
    path = of(home)
    damage(path)

    done = shell(home, f"backup {away}")

    assert done.returncode == 1
    rest = "and is" if of is _manifest else "1 file of it"
    assert (
        f"❌ equities/daily/AAPL could not be read whole, {rest} not in the backup: " in done.stdout
    )
    assert "is damaged: its checksum does not match" in done.stdout
    checked = shell(home, f"check-backup {away}")
    assert checked.returncode == 1
    assert "is not whole: 1 file not saved, of " in checked.stdout
    assert path.name in checked.stdout or of is _manifest
    assert len(ml4t_nb.bars("MSFT", home=away / "latest")) == 69
    if of in (_log, _past):
        assert len(ml4t_nb.bars("AAPL", home=away / "latest")) == 69


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("of", "fault", "said"),
    [
        (_chunk, damage, "1 file damaged"),
        (_chunk, _cut, "1 file damaged"),
        (_manifest, damage, "1 file damaged"),
        (_past, Path.unlink, "1 file missing"),
    ],
)
def test_a_check_reads_every_file_and_says_in_a_sentence_what_is_wrong(
    home: Path,
    away: Path,
    of: Callable[[Path], Path],
    fault: Callable[[Path], object],
    said: str,
) -> None:
    path = backup(home, away, links=False).path
    good = shell(home, f"check-backup {away}")
    assert good.returncode == 0
    assert good.stdout.startswith(f"✅ the backup {path} of ")
    assert " is whole: 3 datasets, " in good.stdout
    assert shell(home, f"check-backup {away} -q").stdout == ""

    fault(found := of(path))

    bad = shell(home, f"check-backup {away}")
    assert bad.returncode == 1
    assert f"is not whole: {said}, of 3 datasets" in bad.stdout
    assert found.relative_to(path).as_posix() in bad.stdout
    quiet = shell(home, f"check-backup {away} -q")
    assert (quiet.returncode, quiet.stdout) == (1, "")
    assert f"is not whole: {said}" in quiet.stderr
    document = json.loads(shell(home, f"check-backup {away} --json").stdout)
    assert [each["path"] for each in document["faults"]] == [found.relative_to(path).as_posix()]


def test_a_run_in_a_backup_is_seen(home: Path, away: Path) -> None:
    path = backup(home, away).path
    ml4t_nb.list_(home=path)
    assert ml4t_nb.check_backup(away).faults == ()

    ml4t_nb.update("AAPL", as_of="2005-03-11", home=path)

    kinds = {each.kind for each in ml4t_nb.check_backup(away).faults}
    assert kinds == {"missing", "added"}
    assert len(ml4t_nb.bars("AAPL", home=home)) == 69  # links of a backup are no way into the store


def test_a_damaged_list_of_files_says_nothing_of_the_backup(home: Path, away: Path) -> None:
    path = backup(home, away).path
    good = (path / "backup.json").read_bytes()
    for content in (good[:-9], b"", b"{}", good.replace(b'"data/', b'"../../', 1)):
        (path / "backup.json").write_bytes(content)
        with pytest.raises(
            Ml4tError, match=r"backup.json is damaged: what is in the backup is not"
        ):
            ml4t_nb.check_backup(path)
    assert backup(home, away).is_whole


def test_backups_that_cannot_be_made_are_one_sentence(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    ml4t_nb.load("IBM", provider="sample", start="2005-01-03", as_of="2005-02-25", home=other)
    used = tmp_path / "used"
    backup(other, used)
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for folder, source, error, message in (
        (home, home, OptionError, f"{home} is the store itself"),
        (home / "data" / "x", home, OptionError, "is inside the store itself"),
        (other, home, OptionError, f"{other} is the store {other}"),
        (other / "x", home, OptionError, f"is inside the store {other}"),
        (used / "latest", other, OptionError, f"{used}/latest is the store {used}/latest"),
        (used, home, OptionError, f"the backups in {used} are of another store, {other}"),
        (tmp_path / "new", tmp_path / "none", StoreNotFound, "there is no store at"),
        (tmp_path / "new", used, StoreNotFound, f"{used} is no store, but holds backups of one"),
        (tmp_path / "new", tmp_path / "empty", StoreNotFound, "there is nothing in .* to save"),
        (tmp_path / "file", home, StoreNotWritable, "file cannot be written"),
        (tmp_path / "file" / "x", home, StoreNotWritable, "cannot be written: Not a directory"),
        (None, home, OptionError, "backup needs a folder"),
    ):
        with pytest.raises(error, match=message):
            ml4t_nb.backup(folder, home=source)
    link = tmp_path / "link"
    link.symlink_to(home)
    with pytest.raises(OptionError, match="is the store itself"):
        ml4t_nb.backup(link, home=home)
    (tmp_path / "below").symlink_to(home / "data")
    with pytest.raises(OptionError, match="below/x is inside the store itself"):
        ml4t_nb.backup(tmp_path / "below" / "x", home=home)
    assert len([*used.iterdir()]) == 3
    with pytest.raises(StoreNotFound, match="holds backups of one") as e:
        ml4t_nb.list_(home=used)
    assert e.value.hint == f"name one of them, such as {(used / 'latest').resolve()}"
    with pytest.raises(StoreNotFound, match="holds no backup"):
        ml4t_nb.check_backup(home)
    with pytest.raises(StoreNotFound, match="is no folder"):
        ml4t_nb.check_backup(tmp_path / "none")


@posix
def test_a_folder_that_may_not_be_written_is_named(open_folder: Path) -> None:
    home, away = open_folder / "home", open_folder / "away"
    commit(Store(home), AAPL, bars_at(pd.bdate_range("2020-01-01", periods=5)))
    for folder in (home, *home.rglob("*")):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
    away.mkdir(0o755)
    with unprivileged(), pytest.raises(StoreNotWritable, match=f"^{away}.* cannot be written") as e:
        ml4t_nb.backup(away, home=home)
    assert e.value.hint == "check the owner of the folder, or name another one"
    assert [*away.iterdir()] == []
    away.chmod(0o777)
    with unprivileged():  # of a store that may only be read
        assert backup(home, away).is_whole


LIMITED = """
import resource, sys
from ml4t_nb.cli import main
sys.dont_write_bytecode = True
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(main(sys.argv[2:]))
"""


@posix
@pytest.mark.parametrize("room", [0, 1_000, 3_000])
def test_a_full_disk_leaves_the_backups_before_and_nothing_else(
    home: Path, away: Path, room: int
) -> None:
    """Each file that is written may have so many bytes."""
    before = backup(home, away, links=False)
    ml4t_nb.update(as_of="2005-03-11", home=home)
    known = contents(away)

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(room), "backup", str(away), "--no-links"],
        env={**os.environ, "ML4T_DATA_HOME": str(home)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "cannot be written: File too large (free space on the disk, and run it again)" in (
        done.stderr
    )
    assert contents(away) == known
    assert ml4t_nb.check_backup(away).path == before.path


def test_two_backups_to_one_folder_are_one_after_the_other(home: Path, away: Path) -> None:
    away.mkdir()
    with dataset_lock(away, "backups", timeout_s=1):
        done = shell(home, f"backup {away}")
        assert done.returncode == 75
        assert f"another backup to {away} is being made" in done.stderr
    done = shell(home, f"backup {away}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"✅ 3 datasets: {away}/2")


def shell(home: Path, line: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "ml4t-data"
    return subprocess.run(
        ["bash", "-c", f"{program} {line}"],
        env={**os.environ, "ML4T_DATA_HOME": str(home), "ML4T_DATA_AS_OF": "2005-03-10"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_saved_says_when_and_of_which_store(home: Path, away: Path) -> None:
    report = backup(home, away)
    known = read_backup(report.path)
    assert (known.home, known.at) == (f"{home}", report.at)
    assert f"{report.at:%Y-%m-%dT%H%M%SZ}" == report.path.name
