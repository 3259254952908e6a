"""Full, read-only, missing and odd disks, and clocks that run backwards, as the verbs meet them."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread

import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import DatasetNotFound, StoreError
from ml4t_nb.hints import in_words
from ml4t_nb.records import UpdateResult
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.storage.builders import hold
from tests.unprivileged import unprivileged

LOADED, UPDATED = "2005-02-25", "2005-03-04"

posix = pytest.mark.skipif(os.name != "posix", reason="needs users, limits and signals of POSIX")


def opened(home: Path) -> Workspace:
    return Workspace.open(Settings(home=home, provider="sample", lock_timeout=0.2))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    verbs.load(opened(home), "IBM", as_of=LOADED)
    return home


def contents(home: Path) -> dict[Path, bytes]:
    """Every file but the catalogue, which is a cache."""
    files = (path for path in home.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if not path.name.startswith("catalogue")}


def one(report: RunReport) -> UpdateResult:
    (result,) = report.results
    return result


def assert_refused(result: UpdateResult, kind: str, said: str, hint: str) -> None:
    error = result.record.error
    assert error is not None
    assert error.type == kind
    assert said in error.message
    assert hint in in_words(error.hint)


LIMITED = """
import resource, sys
from ml4t_nb.cli import main
# What Python compiles from now on would be cut off too, and be there for all later programs.
sys.dont_write_bytecode = True
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(main(sys.argv[2:]))
"""


@posix
@pytest.mark.parametrize("room", [0, 1_000, 8_000, 20_000])
def test_a_disk_without_room_for_an_update_keeps_the_bars_and_says_make_room(
    home: Path, room: int
) -> None:
    """Each file that is written may have so many bytes."""
    before, bars = contents(home), verbs.bars(opened(home), "IBM")
    words = ["update", "IBM", "--as-of", "2006-03-01"]

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(room), *words],
        env={**os.environ, "ML4T_DATA_HOME": str(home)},
        check=False,
        capture_output=True,
        text=True,
    )

    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "cannot be written: File too large" in said
    assert "free space on the disk" in said
    assert "Traceback" not in said
    assert contents(home) == before
    assert_frame_equal(verbs.bars(opened(home), "IBM"), bars)
    assert one(verbs.update(opened(home), "IBM", as_of="2006-03-01")).rows > len(bars)


@posix
def test_an_export_through_a_link_keeps_the_link(home: Path) -> None:
    folder = home.parent / "exports"
    folder.mkdir()
    (folder / "kept.csv").write_text("before")
    (folder / "link.csv").symlink_to("kept.csv")

    verbs.export(opened(home), "IBM", out=folder / "link.csv")

    assert (folder / "link.csv").is_symlink()
    assert (folder / "kept.csv").read_text().startswith("timestamp,")
    assert len([*folder.iterdir()]) == 2


@posix
@pytest.mark.parametrize("out", ["out.csv", "out.json", "out.parquet", "out.html"])
def test_an_export_or_plot_without_room_leaves_nothing_behind(home: Path, out: str) -> None:
    """Each file that is written may have 8,000 bytes."""
    folder = home.parent / "exports"
    folder.mkdir()
    verb = "plot" if out.endswith("html") else "export"

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "8000", verb, "IBM", "--out", str(folder / out)],
        env={**os.environ, "ML4T_DATA_HOME": str(home)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert f"{folder / out} cannot be written: File too large" in done.stderr
    assert [*folder.iterdir()] == []


SLOW = """
import os, signal, sys, time
from pathlib import Path
from ml4t_nb.cli import main
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup leaves it ignored, and children inherit that
fsync = os.fsync
def noticed(handle):
    if ".part" in os.readlink(f"/proc/self/fd/{handle}"):
        print("ready", flush=True)
        time.sleep(3600)
    fsync(handle)
os.fsync = noticed
sys.exit(main(sys.argv[1:]))
"""


@posix
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs the names of open files")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, -signal.SIGHUP),
    ],
)
def test_an_export_that_is_ended_removes_its_temporary_file(
    home: Path, number: signal.Signals, code: int
) -> None:
    folder = home.parent / "exports"
    folder.mkdir()
    (folder / "out.csv").write_text("before")

    with subprocess.Popen(
        [sys.executable, "-c", SLOW, "export", "IBM", "--out", str(folder / "out.csv")],
        env={**os.environ, "ML4T_DATA_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert len([*folder.iterdir()]) == 2
        process.send_signal(number)
        assert process.wait() == code

    assert [path.name for path in folder.iterdir()] == ["out.csv"]
    assert (folder / "out.csv").read_text() == "before"


EXPORTS = """
import sys
from pathlib import Path
import ml4t_nb
for _ in range(int(sys.argv[3])):
    ml4t_nb.export(sys.argv[1], out=Path(sys.argv[2]))
"""


def test_two_exports_to_one_file_leave_one_of_them_whole(home: Path) -> None:
    verbs.load(opened(home), "AAPL", as_of=LOADED)
    out = home.parent / "out.csv"
    whole = set()
    for symbol in ("IBM", "AAPL"):
        verbs.export(opened(home), symbol, out=out)
        whole.add(out.read_bytes())

    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", EXPORTS, symbol, str(out), "60"],
                    env={**os.environ, "ML4T_DATA_HOME": str(home)},
                )
            )
            for symbol in ("IBM", "AAPL")
        ]
        while any(each.poll() is None for each in writers):
            assert out.read_bytes() in whole

    assert [each.returncode for each in writers] == [0, 0]
    assert out.read_bytes() in whole
    assert [path.name for path in home.parent.iterdir() if path.name.startswith(".")] == []


@posix
def test_a_read_only_store_can_be_looked_at_and_every_change_is_refused(open_folder: Path) -> None:
    home = open_folder / "home"
    verbs.load(opened(home), ("IBM", "AAPL"), as_of=LOADED)
    # What a first update imports and reads may be for root alone.
    verbs.update(opened(home), "AAPL", as_of=UPDATED)
    before, bars = contents(home), verbs.bars(opened(home), "IBM")
    folders = [home, *(path for path in home.rglob("*"))]
    modes = [path.stat().st_mode for path in folders]
    for path in reversed(folders):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with unprivileged():
            ws = opened(home)
            assert_frame_equal(verbs.bars(ws, "IBM"), bars)
            judged = verbs.health(ws, verify=True, as_of=UPDATED).datasets
            assert {each.state for each in judged} <= {"healthy", "incomplete"}
            assert [each.rows for each in verbs.list_(ws).datasets] == [1259, 1254]
            updated = one(verbs.update(ws, "IBM", as_of=UPDATED))
            loaded = one(verbs.load(ws, "MSFT", as_of=UPDATED))
            with pytest.raises(StoreError, match="cannot be written: Permission denied"):
                verbs.remove(ws, "IBM", yes=True)
    finally:
        for path, mode in zip(folders, modes, strict=True):
            path.chmod(mode)

    for result in (updated, loaded):
        assert_refused(result, "StoreNotWritable", "cannot be written: Permission denied", "owner")
    assert contents(home) == before
    assert one(verbs.update(opened(home), "IBM", as_of=UPDATED)).record.added == 5


@posix
def test_a_folder_that_may_not_be_read_is_not_an_empty_store(open_folder: Path) -> None:
    home = open_folder / "home"
    verbs.load(opened(home), "IBM", as_of=LOADED)
    verbs.bars(opened(home), "IBM")
    for part in ("state", "data"):
        hidden = home / part / "equities/daily/IBM"
        hidden.chmod(0)
        try:
            with unprivileged(), pytest.raises(StoreError, match=r"IBM.* cannot be read"):
                verbs.bars(opened(home), "IBM")
        finally:
            hidden.chmod(0o755)

    assert len(verbs.bars(opened(home), "IBM")) == 1254


@pytest.mark.parametrize("part", ["", "data", "data/equities/daily/IBM", "state"])
def test_a_folder_removed_under_a_reader_gives_whole_bars_or_an_error(
    home: Path, tmp_path: Path, part: str
) -> None:
    """Again and again: a sound copy takes its place while others read."""
    whole = verbs.bars(opened(home), "IBM")
    sound = tmp_path / "sound"
    shutil.copytree(home, sound)
    over = Event()
    seen = {"whole": 0, "refused": 0}
    wrong: list[object] = []

    def read() -> None:
        while not over.is_set():
            try:
                if verbs.bars(opened(home), "IBM").equals(whole):
                    seen["whole"] += 1
                else:
                    wrong.append("half")
            except (DatasetNotFound, StoreError):
                seen["refused"] += 1
            except Exception as error:  # noqa: BLE001  # whatever else it is, it is the finding
                wrong.append(error)

    reader = Thread(target=read)
    reader.start()
    rounds = 0
    while reader.is_alive() and (rounds < 20 or min(seen.values()) < 3) and not wrong:
        # Moved out of the way first: a reader may make the catalogue anew meanwhile.
        (home / part).rename(tmp_path / f"gone-{rounds}")
        shutil.copytree(sound / part, home / part, dirs_exist_ok=True)
        rounds += 1
    over.set()
    reader.join()

    assert wrong == []
    assert verbs.bars(opened(home), "IBM").equals(whole)


def test_a_disk_that_is_not_mounted_is_to_be_mounted_and_nothing_to_be_removed(home: Path) -> None:
    whole = verbs.bars(opened(home), "IBM")
    (home / "data").rename(home / "away")

    (judged,) = verbs.health(opened(home), as_of=LOADED).datasets
    result = one(verbs.update(opened(home), "IBM", as_of=UPDATED))

    assert (judged.state, judged.rows) == ("error", 1254)
    assert "mount its disk" in in_words(judged.step)
    assert "remove" not in in_words(judged.step)
    assert_refused(result, "ChunkCorrupt", "is missing", "mount its disk")
    (home / "away").rename(home / "data")
    assert_frame_equal(verbs.bars(opened(home), "IBM"), whole)


@pytest.mark.parametrize("verb", ["load", "update", "gaps"])
def test_an_as_of_before_the_last_one_is_refused_and_changes_nothing(home: Path, verb: str) -> None:
    before = contents(home)
    ws, earlier = opened(home), "2005-02-18"

    if verb == "load":
        result = one(verbs.load(ws, "IBM", as_of=earlier))
    elif verb == "update":
        result = one(verbs.update(ws, "IBM", as_of=earlier))
    else:
        verbs.remove(ws, "IBM", start="2004-03-01", end="2004-03-02", yes=True, as_of=LOADED)
        before = contents(home)
        report = verbs.gaps(ws, "IBM", refetch=True, as_of=earlier)
        assert report.run is not None
        result = one(report.run)

    assert_refused(result, "Overtaken", "was updated as of 2005-02-25", "never moves backwards")
    assert contents(home) == before


def test_the_line_that_takes_a_clock_back_works_as_it_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sample ends on 2013-03-01, so that a later as-of brings no bar of its own."""
    monkeypatch.setenv("ML4T_DATA_HOME", str(home))
    assert main(["update", "-q", "--as-of", "2031-03-03"]) == 0
    bars = verbs.bars(opened(home), "IBM")
    monkeypatch.setenv("ML4T_DATA_AS_OF", "2013-03-04")
    capsys.readouterr()
    assert main(["update"]) == 1
    program, *line = capsys.readouterr().err.partition("was ahead: ")[2].strip(" )\n").split()
    assert (program, line) == ("ml4t-data", ["update", "-s", "IBM", "--reset-as-of"])

    assert main(line) == 0
    assert main(["update"]) == 0

    assert_frame_equal(verbs.bars(opened(home), "IBM"), bars)


def test_a_file_systems_clock_that_runs_backwards_loses_nothing(home: Path) -> None:
    """Files of tomorrow are not swept, not taken for newer, and nothing waits for tomorrow."""
    verbs.update(opened(home), "IBM", as_of="2005-03-01")
    for path in home.rglob("*"):
        later = path.stat().st_mtime + 86_400
        os.utime(path, (later, later))
    trash = sorted(path for path in (home / "trash").rglob("*") if path.is_file())
    assert trash

    result = one(verbs.update(opened(home), "IBM", as_of=UPDATED))

    assert (result.record.outcome, result.rows) == ("changed", 1259)
    assert len(verbs.bars(opened(home), "IBM")) == 1259
    assert [each.rows for each in verbs.list_(opened(home)).datasets] == [1259]
    assert all(path.exists() for path in trash)


def test_a_store_without_hard_links_is_updated_and_restated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(source), None, str(target))

    linked, unlinked = tmp_path / "linked", tmp_path / "unlinked"
    for home in (linked, unlinked):
        if home is unlinked:
            monkeypatch.setattr(os, "link", refuse)
        verbs.load(opened(home), "AAPL", as_of=LOADED)
        result = one(verbs.update(opened(home), "AAPL", as_of="2005-03-01"))
        assert result.record.verdict == "restated"

    assert_frame_equal(verbs.bars(opened(unlinked), "AAPL"), verbs.bars(opened(linked), "AAPL"))
    state = unlinked / "state/equities/daily/AAPL"
    names = sorted(path.name for path in state.iterdir())
    assert names[:2] == ["lock", "m.00000002.json"]
    assert [name.split(".")[:2] for name in names[2:]] == [["revisions", "00000002"]]


def delete(path: Path) -> None:
    path.unlink()


def garble(path: Path) -> None:
    path.write_bytes(b"\xff" * path.stat().st_size)


def replace_by_an_older_one(path: Path) -> None:
    shutil.copy(path.parent / "older.db", path)


@pytest.mark.parametrize("spoil", [delete, garble, replace_by_an_older_one])
def test_an_empty_or_outdated_catalogue_changes_no_answer(home: Path, spoil: object) -> None:
    shutil.copy(home / "catalogue.db", home / "older.db")
    verbs.update(opened(home), "IBM", as_of=UPDATED)
    expected = verbs.health(opened(home), as_of=UPDATED, verbose=True)
    assert expected.datasets[0].rows == 1259

    spoil(home / "catalogue.db")  # type: ignore[operator]  # one of the functions above

    assert verbs.health(opened(home), as_of=UPDATED, verbose=True) == expected
    assert verbs.health(opened(home), as_of=UPDATED, verbose=True) == expected


@posix
def test_a_stopped_writer_makes_the_shell_say_try_again_and_costs_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verbs.load(opened(home), "AAPL", as_of=LOADED)
    before = contents(home)
    for name, value in {
        "HOME": str(home), "LOCK_TIMEOUT": "0.2", "AS_OF": "2005-03-01",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"ML4T_DATA_{name}", value)
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    holder = context.Process(target=hold, args=(home, held))
    holder.start()
    held.wait()
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGSTOP)
    try:
        assert main(["update", "AAPL"]) == 75
        said = capsys.readouterr()
        assert "equities/daily/AAPL is still locked by another writer" in said.out + said.err
        assert "ML4T_DATA_LOCK_TIMEOUT" in said.out + said.err
        assert main(["health"]) == 0
        assert contents(home) == before
    finally:
        os.kill(holder.pid, signal.SIGCONT)
        holder.kill()
        holder.join()
        holder.close()

    assert main(["update", "AAPL"]) == 0
    assert len(verbs.bars(opened(home), "AAPL")) == 1256
