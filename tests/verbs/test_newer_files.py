"""Small files of a store, and beside a notebook, that a later version of the package wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import ml4t_nb
from ml4t_nb.cli import main
from ml4t_nb.errors import ArchiveMissing, ChunkCorrupt, StoreNewer
from tests.receivers import webhook

UPGRADE = "was written by a newer ml4t_nb (upgrade: pip install --upgrade ml4t-nb)"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five years of AAPL, up to the Friday before its split."""
    home = tmp_path / "home"
    monkeypatch.setenv("ML4T_DATA_HOME", f"{home}")
    monkeypatch.chdir(tmp_path)
    ml4t_nb.load("AAPL", provider="sample", start="2000-03-01", as_of="2005-02-25")
    return home


def made_later(path: Path) -> bytes:
    """The file in the next form, with a field that this version does not know; its content."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    name, number = plain.get("form", "archive 1").rsplit(" ", 1)
    path.write_text(
        json.dumps({**plain, "form": f"{name} {int(number) + 1}", "more": [1]}), encoding="utf-8"
    )
    return path.read_bytes()


def test_pins_are_neither_read_nor_replaced(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = ml4t_nb.bars("AAPL")
    ml4t_nb.pin("paper")
    (home / "ml4t.toml").write_text('[retention]\nkeep = "last 1"\n', encoding="utf-8")
    path = home / "state/pins/pins.json"
    content = made_later(path)

    for words in (
        "pins", "pin other", "pin paper --remove", "export AAPL --pin paper",
        "plot AAPL --pin paper --out a.html", "remove AAPL --forget --yes",
    ):  # fmt: skip
        assert main(words.split()) == 1, words
        assert capsys.readouterr().err == f"ml4t-data: {path} {UPGRADE}\n", words

    # Runs go on, and drop nothing that may be pinned.
    assert main(["update", "--as-of", "2005-03-10", "-q"]) == 0
    assert ml4t_nb.bars("AAPL", version=1).equals(before)
    assert path.read_bytes() == content


def test_what_targets_were_told_is_neither_read_nor_replaced(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with webhook() as hook:
        monkeypatch.setenv("HOOK", hook.url)
        (home / "ml4t.toml").write_text('[notify]\nhook = "$HOOK"\n', encoding="utf-8")
        assert main(["update", "NOPE", "-q"]) == 1
        assert hook.titles == ["ml4t-data: NOPE failed"]
        path = home / "state/notices/told.json"
        content = made_later(path)
        capsys.readouterr()

        assert main(["update", "NOPE"]) == 1
        assert f"{path} {UPGRADE}" in "".join(capsys.readouterr())
        assert main(["notify"]) == 1
        assert f"{path} {UPGRADE}" in capsys.readouterr().err
        assert main(["remove", "AAPL", "--yes"]) == 0
        assert hook.titles == ["ml4t-data: NOPE failed"]
    assert path.read_bytes() == content


def test_attempts_of_loads_are_neither_read_nor_replaced(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("ml4t.toml").write_text(
        '[[universe]]\nname = "all"\nsymbols = ["AAPL", "NOPE"]\nprovider = "sample"\n',
        encoding="utf-8",
    )
    assert main(["sync", "--due", "--as-of", "2005-02-25", "-q"]) == 1
    path = home / "state/universes/attempts.json"
    content = made_later(path)
    capsys.readouterr()

    assert main(["sync", "--due", "--as-of", "2005-02-28", "-q"]) == 1

    assert f"{path} {UPGRADE}" in capsys.readouterr().err
    assert path.read_bytes() == content


def archived(words: str, path: Path) -> re.Pattern[str]:
    """What is said of archived bars, however its lines are broken."""
    words = f"{path} was written by a newer ml4t_nb: archived bars of {words} cannot be read"
    return re.compile(r"\s+".join(map(re.escape, words.split())))


def test_an_archive_is_neither_read_nor_replaced_and_later_bars_are_read(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["archive", "--before", "2004-01-01", "--to", "disk", "-q"]) == 0
    path = home / "state/archive/archive.json"
    content = made_later(path)
    files = {*Path("disk").rglob("*.parquet")}
    assert files
    capsys.readouterr()

    for words in (
        "export AAPL", "archive --restore", "health --as-of 2005-02-25", "backup away",
        "remove AAPL --forget --yes",
    ):  # fmt: skip
        assert len(ml4t_nb.bars("AAPL", start="2004-01-02")) == 290
        assert main(words.split()) == 1, words
        told = "".join(capsys.readouterr())
        assert archived("equities/daily/AAPL", path).search(told), (words, told)
        assert "pip install --upgrade ml4t-nb" in told or "backup" in words, words
    assert main(["archive", "--before", "2005-01-01", "--to", "disk"]) == 1
    assert f"{path} {UPGRADE}" in capsys.readouterr().err
    with pytest.raises(ArchiveMissing, match="newer"):
        ml4t_nb.bars("AAPL", version=2)
    assert path.read_bytes() == content
    assert {*Path("disk").rglob("*.parquet")} == files


def test_a_folder_that_a_later_version_marked_is_read_and_not_written(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = ml4t_nb.bars("AAPL")
    assert main(["archive", "--before", "2004-01-01", "--to", "disk", "-q"]) == 0
    path = home.parent / "disk/ml4t-archive.json"
    content = made_later(path)
    files = {*Path("disk").rglob("*")}
    capsys.readouterr()

    assert ml4t_nb.bars("AAPL").equals(before)
    assert main(["archive", "--before", "2005-01-01", "--to", "disk"]) == 1
    assert f"{path} {UPGRADE}" in capsys.readouterr().err
    # The split of 28 February would change what is archived.
    assert main(["update", "--as-of", "2005-03-10"]) == 1
    assert archived("equities/daily/AAPL", path).search("".join(capsys.readouterr()))

    assert ml4t_nb.bars("AAPL").equals(before)
    assert path.read_bytes() == content
    assert {*Path("disk").rglob("*")} == files


def test_a_record_of_reads_is_neither_read_nor_replaced(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del home
    path = Path("analysis.ml4t.json")
    read = ml4t_nb.cite(ml4t_nb.bars("AAPL")).plain
    path.write_text(json.dumps({"form": "ml4t_nb reads 1", "reads": [read]}), encoding="utf-8")
    content = made_later(path)

    assert main(["check", "analysis.ipynb"]) == 1

    assert capsys.readouterr().err == f"ml4t-data: {path} {UPGRADE}\n"
    with pytest.raises(StoreNewer):
        ml4t_nb.check(path)
    assert path.read_bytes() == content


def test_a_form_that_is_no_later_one_is_damage(home: Path) -> None:
    ml4t_nb.pin("paper")
    path = home / "state/pins/pins.json"
    for form in ("pins 0", "pins", "pins two", "told 2", "pins 2 ", 2, None):
        plain = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**plain, "form": form}), encoding="utf-8")
        with pytest.raises(ChunkCorrupt, match=r"the pins in .* are damaged"):
            ml4t_nb.pins()
