"""Old backups that are removed, those that never are, and all of them checked at once."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.backups import BackupReport
from ml4t_nb.cli import main
from ml4t_nb.errors import ChunkCorrupt, OptionError
from ml4t_nb.settings import Settings
from ml4t_nb.storage.store import Store
from ml4t_nb.workspace import Workspace
from tests.disk_events import die_before
from tests.storage.builders import AAPL, commit, daily
from tests.unprivileged import unprivileged

posix = pytest.mark.skipif(os.name != "posix", reason="needs users, signals and links of POSIX")
FIRST = datetime(2024, 1, 1, 23, 45, tzinfo=UTC)
DAYS = [f"2024-01-{day:02}T234500Z" for day in range(1, 10)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One dataset."""
    home = tmp_path / "home"
    commit(Store(home), AAPL, daily("2023-12-01", "2023-12-29"))
    return home


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """A folder for backups."""
    return tmp_path / "away"


def backup(home: Path, away: Path, day: int, keep: int | None = None) -> BackupReport:
    """The backup of the night of a day of January 2024."""
    at = FIRST + timedelta(days=day - 1)
    return verbs.backup(Workspace(Settings(home=home), lambda: at), away, keep=keep)


def nights(home: Path, away: Path, days: range, keep: int | None = None) -> BackupReport:
    for day in days:
        report = backup(home, away, day, keep)
    return report


def folders(away: Path) -> list[str]:
    return sorted(each.name for each in away.iterdir() if each.name not in ("lock", "latest"))


def check(away: Path) -> list[tuple[str, bool]]:
    """Each backup by its name, and whether it is whole."""
    report = verbs.check_backup(Workspace(Settings()), away, all=True)
    return [(each.path.name, not (each.faults or each.error)) for each in report.checked]


def cut(path: Path) -> None:
    """Truncate a file, which becomes another file: no link to it is changed."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1])


def test_the_newest_stay_and_the_others_are_removed_once_the_new_one_is_whole(
    home: Path, away: Path
) -> None:
    nights(home, away, range(1, 5))
    assert folders(away) == DAYS[:4]

    report = backup(home, away, 5, keep=3)

    assert [each.name for each in report.removed] == [DAYS[1], DAYS[0]]
    assert report.left == ()
    assert folders(away) == DAYS[2:5]
    assert check(away) == [(name, True) for name in reversed(DAYS[2:5])]
    assert (away / "latest").resolve().name == DAYS[4]
    assert len(verbs.bars(Workspace(Settings(home=away / "latest")), "AAPL")) == 21


def test_without_keep_none_is_removed_and_none_at_all_is_refused(home: Path, away: Path) -> None:
    nights(home, away, range(1, 10))
    assert folders(away) == DAYS
    for keep in (0, -1):
        with pytest.raises(OptionError, match="--keep must be at least 1"):
            backup(home, away, 9, keep)
    assert folders(away) == DAYS


def test_the_new_one_stays_where_the_clock_was_set_back(home: Path, away: Path) -> None:
    nights(home, away, range(5, 8))

    report = backup(home, away, 1, keep=2)

    assert report.path.name == DAYS[0]
    assert folders(away) == [DAYS[0], DAYS[6]]


def test_the_newest_of_a_store_without_damage_stays_however_many_nights_ago(
    home: Path, away: Path
) -> None:
    nights(home, away, range(1, 3), keep=2)
    (chunk,) = (home / "data/equities/daily/AAPL").glob("*.parquet")
    cut(chunk)

    for day in range(3, 8):
        assert not backup(home, away, day, keep=2).is_whole

    assert folders(away) == [DAYS[1], DAYS[5], DAYS[6]]
    shutil.copy2(next((away / DAYS[1] / "data").rglob("*.parquet")), chunk)
    assert backup(home, away, 8, keep=2).is_whole
    assert folders(away) == DAYS[6:8]


def _named(away: Path) -> str:
    (away / "2024-01-01T000000Z").mkdir()
    (away / "2024-01-01T000000Z" / "notes.txt").write_text("mine", encoding="utf-8")
    return ""


def _file_inside(away: Path) -> str:
    (away / DAYS[0] / "notes.txt").write_text("mine", encoding="utf-8")
    return f"{DAYS[0]} is not removed: notes.txt in it is none of the backup"


def _link_inside(away: Path) -> str:
    (away / DAYS[0] / "data" / "elsewhere").symlink_to(away.parent)
    return f"{DAYS[0]} is not removed: data/elsewhere in it is none of the backup"


def _run_inside(away: Path) -> str:
    commit(Store(away / DAYS[0]), AAPL, daily("2023-11-01", "2023-12-29"))
    return f"{DAYS[0]} is not removed: "


def _link(away: Path) -> str:
    (away / DAYS[0]).rename(away.parent / "elsewhere")
    (away / DAYS[0]).symlink_to(away.parent / "elsewhere")
    return f"{DAYS[0]} is not removed: a link in it is none of the backup"


def _unreadable(away: Path) -> str:
    cut(away / DAYS[0] / "backup.json")
    return "is damaged: what is in the backup is not known"


def _of_a_store_that_was(away: Path) -> str:
    other = away.parent / "other"
    commit(Store(other), AAPL, daily("2023-12-01", "2023-12-29"))
    made = backup(other, away.parent / "away of other", 1).path
    shutil.rmtree(away / DAYS[0])
    shutil.rmtree(other)
    made.rename(away / DAYS[0])
    return ""


@posix
@pytest.mark.parametrize(
    "make",
    [_named, _file_inside, _link_inside, _run_inside, _link, _unreadable, _of_a_store_that_was],
)
def test_a_folder_that_is_not_ours_alone_is_never_removed(
    home: Path, away: Path, make: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    backup(home, away, 1)
    said = make(away)
    theirs = {*folders(away)} - ({DAYS[0]} if make is _named else set())
    before = {each for name in theirs for each in (away / name).rglob("*") if each.is_file()}
    nights(home, away, range(2, 5))

    report = backup(home, away, 5, keep=2)

    assert theirs - {DAYS[0]} <= {*folders(away)}
    assert before <= {each for name in theirs for each in (away / name).rglob("*")}
    assert {DAYS[3], DAYS[4]} <= {*folders(away)}
    assert DAYS[1] not in folders(away)
    assert bool(said) == bool(report.left)
    assert said in "".join(
        f"{each.path.name} is not removed: {each.reason}" for each in report.left
    )
    # It is no fault, and cron is told nothing of it each night.
    assert main(["backup", f"{away}", "--keep", "2", "-q", "--home", f"{home}"]) == 0
    assert capsys.readouterr() == ("", "")


def test_reading_a_backup_as_a_store_does_not_keep_it(home: Path, away: Path) -> None:
    backup(home, away, 1)
    ws = Workspace(Settings(home=away / DAYS[0]))
    assert len(verbs.bars(ws, "AAPL")) == 21
    verbs.list_(ws)
    verbs.health(ws, as_of="2023-12-29")
    ws.store.flush()

    backup(home, away, 2, keep=1)

    assert folders(away) == [DAYS[1]]


@posix
def test_one_that_cannot_be_removed_is_a_fault_that_is_told(open_folder: Path) -> None:
    home, away = open_folder / "home", open_folder / "away"
    commit(Store(home), AAPL, daily("2023-12-01", "2023-12-29"))

    away.mkdir(mode=0o777)
    away.chmod(0o777)

    with unprivileged():
        backup(home, away, 1)
        (away / DAYS[0] / "data").chmod(0o555)
        report = backup(home, away, 2, keep=1)

        (part,) = away.glob("*.part")
        (part / "data").chmod(0o755)
    assert report.is_whole
    (left,) = report.left
    assert left.is_failed
    assert left.path.name == DAYS[0]
    assert left.reason.startswith("Permission denied")
    assert DAYS[1] in folders(away)


def _remove_until_killed(home: Path, away: Path, last: int) -> None:
    die_before(last)
    backup(home, away, 4, keep=1)


@posix
@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_a_removal_killed_before_any_of_its_steps_leaves_whole_backups_alone(
    home: Path, tmp_path: Path, stride: int
) -> None:
    context = multiprocessing.get_context("fork")
    nights(home, tmp_path / "first", range(1, 4))
    seen = set[int]()
    for last in count(1, stride):
        away = tmp_path / "away"
        shutil.copytree(tmp_path / "first", away, symlinks=True)
        maker = context.Process(target=_remove_until_killed, args=(home, away, last))
        maker.start()
        maker.join()
        found = check(away)
        assert found
        assert all(is_whole for _, is_whole in found), (last, found)
        assert found[0][0] in (DAYS[2], DAYS[3])
        seen.add(len(found))
        backup(home, away, 5, keep=1)
        assert folders(away) == [DAYS[4]]
        shutil.rmtree(away)
        if maker.exitcode == 0:
            break
        assert maker.exitcode == -signal.SIGKILL
    assert {1, 2, 3, 4} <= seen or stride > 1


def test_all_backups_are_read_and_each_that_is_not_whole_is_named(
    home: Path, away: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nights(home, away, range(1, 6))
    words = ["check-backup", f"{away}", "--all"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"✅ 5 backups in {away} are whole\n")
    assert shown.count("✅ whole") == 5
    assert main([*words, "-q"]) == 0

    cut(next((away / DAYS[1] / "data").rglob("*.parquet")))
    cut(away / DAYS[4] / "backup.json")

    # The newest alone cannot be read; the one before it is whole.
    with pytest.raises(ChunkCorrupt):
        verbs.check_backup(Workspace(Settings()), away)
    assert check(away) == [
        (DAYS[4], False), (DAYS[3], True), (DAYS[2], True), (DAYS[1], False), (DAYS[0], True),
    ]  # fmt: skip
    capsys.readouterr()
    assert main(words) == 1
    shown = capsys.readouterr().out
    assert shown.startswith(f"❌ 2 of 5 backups in {away} are not whole\n")
    assert f"the backup {away / DAYS[1]} of 2024-01-02 23:45 UTC is not whole: 1 file damaged" in (
        " ".join(shown.split())
    )
    assert "backup.json is damaged" in " ".join(shown.split())
    assert main([*words, "-q"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert main([*words, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["path"] == f"{away / DAYS[3]}"
    others = document["others"]
    assert [(Path(e["path"]).name, len(e["faults"]), e["error"] != "") for e in others] == [
        (DAYS[4], 0, True), (DAYS[2], 0, False), (DAYS[1], 1, False), (DAYS[0], 0, False),
    ]  # fmt: skip


def test_a_file_that_several_share_is_damaged_in_all_of_them(home: Path, away: Path) -> None:
    nights(home, away, range(1, 4))
    report = verbs.check_backup(Workspace(Settings()), away, all=True)
    assert [each.files for each in report.checked] == [2, 2, 2]
    chunk = next((away / DAYS[1] / "data").rglob("*.parquet"))
    content = chunk.read_bytes()
    with chunk.open("r+b") as file:
        file.write(bytes([content[0] ^ 1]))
    assert [is_whole for _, is_whole in check(away)] == [False] * 3


def test_all_of_one_backup_are_it_alone(home: Path, away: Path) -> None:
    nights(home, away, range(1, 4))
    report = verbs.check_backup(Workspace(Settings()), away / DAYS[1], all=True)
    assert [each.path.name for each in report.checked] == [DAYS[1]]
