"""Pins that cannot be, files of pins that were damaged, and writers of them that are killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import ChunkCorrupt, LockTimeout, OptionError, VersionNotFound
from ml4t_nb.settings import Settings
from ml4t_nb.storage.pins import changing_pins
from ml4t_nb.workspace import Workspace
from tests.disk_events import die_before
from tests.fresh_shell import home as fresh_home
from tests.fresh_shell import notebook, shell

__all__ = ["fresh_home", "notebook", "shell"]


@pytest.fixture
def home(fresh_home: Path) -> Path:
    """Two datasets, and a pin of them."""
    options: dict[str, Any] = {"provider": "sample", "start": "2005-01-03"}
    ml4t_nb.load(["AAPL", "IBM"], as_of="2005-02-25", **options)
    ml4t_nb.pin("paper")
    return fresh_home


def pins_file(home: Path) -> Path:
    return home / "state" / "pins" / "pins.json"


NAMES = ["a/b", "../up", "/etc/x", "a\\b", ".hidden", "-dash", "a b", "a\n", "ü", "x" * 65, "a:b"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_could_be_a_path_or_an_option_is_refused(home: Path, name: str) -> None:
    before = pins_file(home).read_bytes()
    for remove in (False, True):
        with pytest.raises(OptionError, match="is no name of a pin"):
            ml4t_nb.pin(name, remove=remove)
    assert pins_file(home).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("pin paper", "there is a pin 'paper' already"),
        ("pin other -s NVDA", "No existing data found for 'NVDA'"),
        ("pin other -s AAPL,NVDA", "No existing data found for 'AAPL,NVDA'"),
        ("pin other --known-on 2004-01-02", "nothing was known on 2004-01-02 that could be pinned"),
        ("pin papr --remove", "there is no pin 'papr'"),
        ("pin paper --remove --known-on 2005-02-25", "a pin is removed as a whole"),
        ("bars_of --pin papr", "there is no pin 'papr'"),
    ],
)
def test_what_cannot_be_pinned_is_one_sentence_in_a_shell_and_a_cell(
    home: Path, notebook: InteractiveShell, words: str, said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = pins_file(home).read_bytes()
    words = words.replace("bars_of", "export AAPL")

    assert main(words.split()) in (1, 2)
    assert said in capsys.readouterr().err
    with capture_output(display=False) as captured:
        result = notebook.run_cell(f"%ml4t {words}")  # type: ignore[no-untyped-call]  # IPython's
    assert not result.success
    assert said in captured.stdout
    assert "Traceback" not in captured.stdout
    assert pins_file(home).read_bytes() == before


def test_an_empty_store_has_nothing_to_pin(
    fresh_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pin", "paper"]) == 1
    assert "there is no store at" in capsys.readouterr().err
    fresh_home.mkdir()
    assert main(["pin", "paper"]) == 2
    assert "nothing is stored that could be pinned" in capsys.readouterr().err
    assert main(["pin", "paper", "--remove"]) == 2
    assert "there is no pin 'paper'" in capsys.readouterr().err
    assert not pins_file(fresh_home).exists()
    assert ml4t_nb.pins().pins == ()


def spoiled(home: Path) -> dict[str, bytes]:
    """Contents that no version of this package wrote, or only half of it."""
    whole = pins_file(home).read_bytes()
    plain = json.loads(whole)
    pin = plain["pins"][0]
    wrong: dict[str, Any] = {
        "another form": {**plain, "form": "pins 0"},
        "no form": {"pins": plain["pins"]},
        "no list": {**plain, "pins": pin},
        "null": None,
        "a number": 1e400,
        "no name": {**plain, "pins": [{**pin, "name": None}]},
        "no time": {**plain, "pins": [{**pin, "at": "soon"}]},
        "a time of no zone": {**plain, "pins": [{**pin, "at": "2005-02-25T21:30:00"}]},
        "no versions": {**plain, "pins": [{**pin, "versions": None}]},
        "a word for a number": {
            **plain,
            "pins": [{**pin, "versions": [{**pin["versions"][0], "version": "1"}]}],
        },
        "no dataset": {
            **plain,
            "pins": [{**pin, "versions": [{**pin["versions"][0], "dataset": "AAPL"}]}],
        },
        "twice the same name": {**plain, "pins": [pin, pin]},
    }
    return {
        "empty": b"",
        "half": whole[: len(whole) // 2],
        "bytes": bytes(range(256)),
        "deep": b"[" * 100_000,
        **{name: json.dumps(each).encode() for name, each in wrong.items()},
    }


def test_a_damaged_file_of_pins_is_named_by_whatever_needs_it_and_keeps_all_versions(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "ml4t.toml").write_text('[retention]\nkeep = "last 1"\n', encoding="utf-8")
    needs = (
        "pins",
        "pin other",
        "pin paper --remove",
        "export AAPL --pin paper",
        "plot AAPL --pin paper --out a.html",
        "remove AAPL --forget --yes",
    )
    for day, (name, content) in enumerate(spoiled(home).items(), start=7):
        pins_file(home).write_bytes(content)
        for words in needs:
            assert main(words.split()) == 1, (name, words)
            error = capsys.readouterr().err
            assert error.startswith("ml4t-data: the pins in "), (name, words, error)
            assert "are damaged" in error, (name, words)
            assert "(restore the file from a backup, or " in error, (name, words)
        with pytest.raises(ChunkCorrupt):
            ml4t_nb.bars("AAPL", pin="paper")
        # Runs, which sweep, go on, and drop nothing that may be pinned.
        assert main(["update", "--as-of", f"2005-03-{day:02}", "-q"]) == 0, name
        assert pins_file(home).read_bytes() == content
        capsys.readouterr()
    assert len(ml4t_nb.bars("AAPL", version=1)) == 38


def test_no_version_is_dropped_while_the_pins_may_change(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is pinned by another process in this moment would be gone before its pin is there."""
    ml4t_nb.pin("paper", remove=True)
    (home / "ml4t.toml").write_text('[retention]\nkeep = "last 1"\n', encoding="utf-8")
    monkeypatch.setenv("ML4T_DATA_LOCK_TIMEOUT", "0.1")
    with changing_pins(home, timeout_s=1):
        ml4t_nb.update(as_of="2005-03-10")
        assert len(ml4t_nb.bars("AAPL", version=1)) == 38
        with pytest.raises(LockTimeout, match="the pins"):
            ml4t_nb.remove("IBM", forget=True, yes=True)
        assert len(ml4t_nb.bars("IBM")) == 47

    ml4t_nb.update(as_of="2005-03-11")
    with pytest.raises(VersionNotFound):
        ml4t_nb.bars("AAPL", version=1)
    ml4t_nb.remove("IBM", forget=True, yes=True)
    with pytest.raises(LookupError):
        ml4t_nb.bars("IBM", version=1)


def test_a_pin_waits_for_another_and_keeps_what_is_in_force_then(home: Path) -> None:
    (home / "ml4t.toml").write_text('[retention]\nkeep = "last 1"\n', encoding="utf-8")
    with ThreadPoolExecutor(1) as pool:
        with changing_pins(home, timeout_s=1):
            later = pool.submit(ml4t_nb.pin, "later")
            ml4t_nb.update(as_of="2005-03-10")
            assert not later.done()
        later.result()

    ml4t_nb.update(as_of="2005-03-11")
    assert [each.name for each in ml4t_nb.pins().pins] == ["paper", "later"]
    assert len(ml4t_nb.bars("AAPL", pin="later")) == 47
    assert len(ml4t_nb.bars("AAPL", pin="paper")) == 38


def test_a_folder_in_the_place_of_the_file_is_named(home: Path) -> None:
    pins_file(home).unlink()
    pins_file(home).mkdir()
    with pytest.raises(ChunkCorrupt, match="cannot be read"):
        ml4t_nb.pins()
    with pytest.raises(ChunkCorrupt, match="cannot be read"):
        ml4t_nb.pin("other")


def pin_until_killed(home: Path, last: int, remove: bool) -> None:  # noqa: FBT001  # of a process
    ws = Workspace.open(Settings(home=home))
    die_before(last)
    verbs.pin(ws, "second", remove=remove)
    os._exit(0)  # what the interpreter does at its end is no part of it


@pytest.mark.skipif(os.name != "posix", reason="signals and fork servers are POSIX")
@pytest.mark.parametrize("remove", [False, True])
def test_a_pin_that_is_killed_is_made_or_not_and_the_others_are_left(
    home: Path, *, remove: bool
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.verbs.test_pins", "ml4t_nb.verbs.pins", "pyarrow"])
    seen = []
    for last in count(1):
        if remove and "second" not in [each.name for each in ml4t_nb.pins().pins]:
            ml4t_nb.pin("second")
        writer = context.Process(target=pin_until_killed, args=(home, last, remove))
        writer.start()
        writer.join()
        names = [each.name for each in ml4t_nb.pins().pins]
        assert names[0] == "paper"
        assert names[1:] in ([], ["second"])
        assert len(ml4t_nb.bars("AAPL", pin="paper")) == 38
        if writer.exitcode == 0:
            assert names == ["paper"] if remove else ["paper", "second"]
            break
        assert writer.exitcode == -signal.SIGKILL
        seen.append(len(names))
        # What was killed is done again, as if nothing had been.
        if not remove and len(names) == 2:
            ml4t_nb.pin("second", remove=True)
    assert len(seen) > 2
