"""Every file of a dataset cut short or altered: no verb ever gives a wrong number for it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.commands.spelling import spell
from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import ChunkCorrupt, Ml4tError, StoreError
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest_file import VERSION
from ml4t_nb.workspace import Workspace

LOADED, UPDATED = "2005-02-25", "2005-03-04"
FIRST, LAST = "2004-12-20", "2005-01-20"


def opened(home: Path) -> Workspace:
    return Workspace.open(Settings(home=home, provider="sample"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of one dataset in two chunks: five years of closed ones, and the current year."""
    home = tmp_path_factory.mktemp("sound") / "home"
    verbs.load(opened(home), "IBM", as_of=LOADED)
    return home


@pytest.fixture(scope="module")
def before(sound: Path) -> Bars:
    return verbs.bars(opened(sound), "IBM")


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Bars:
    """The bars of an undamaged dataset after the update."""
    ws = opened(tmp_path_factory.mktemp("after"))
    verbs.load(ws, "IBM", as_of=UPDATED)
    return verbs.bars(ws, "IBM")


def files_of(home: Path) -> list[Path]:
    """Older chunk, newer chunk, manifest."""
    return [*sorted((home / "data").rglob("*.parquet")), *(home / "state").rglob("m.*.json")]


def faults(content: bytes, many: int) -> Iterator[bytes]:
    """Cut at so many lengths, and as many times with one bit turned over."""
    step = max(len(content) // many, 1)
    for place in range(0, len(content), step):
        yield content[:place]
        altered = bytearray(content)
        altered[place] ^= 1 << (place % 8)
        yield bytes(altered)


def assert_bars(bars: Bars, *allowed: Bars) -> None:
    assert any(len(bars) == len(each) and bars.equals(each) for each in allowed)


def assert_no_wrong_number(home: Path, before: Bars, after: Bars) -> None:
    """Reads, health, export and an update of a store that has one damaged file."""
    ws = opened(home)
    with pytest.raises(ChunkCorrupt):
        verbs.bars(ws, "IBM")
    with suppress(ChunkCorrupt):
        inside = before.loc[FIRST:LAST]
        assert_bars(verbs.bars(ws, "IBM", start=FIRST, end=LAST), inside)
    (judged,) = verbs.health(ws, verify=True, as_of=LOADED).datasets
    assert (judged.state, judged.rows) == ("error", len(before))
    out = home.parent / "out.csv"
    with pytest.raises(ChunkCorrupt):
        verbs.export(ws, "IBM", out=out)
    assert not out.exists()

    (result,) = verbs.update(ws, "IBM", as_of=UPDATED).results
    if result.record.outcome == "failed":
        assert result.record.error is not None
        assert result.record.error.type == "ChunkCorrupt"
        assert "ml4t-data remove -s IBM" in spell(result.record.error.hint, "ml4t-data")
    with suppress(ChunkCorrupt):
        assert_bars(verbs.bars(ws, "IBM"), after)
        assert result.record.outcome == "changed"
    with suppress(ChunkCorrupt):
        inside = after.loc[FIRST:LAST]
        assert_bars(verbs.bars(ws, "IBM", start=FIRST, end=LAST), inside)


@pytest.mark.parametrize("many", [6, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize("which", [0, 1, 2], ids=["older-chunk", "newer-chunk", "manifest"])
def test_a_damaged_file_is_never_read_as_numbers(  # noqa: PLR0917  # given by name
    sound: Path, before: Bars, after: Bars, tmp_path: Path, which: int, many: int
) -> None:
    content = files_of(sound)[which].read_bytes()
    for number, damaged in enumerate(faults(content, many if which < 2 else 4 * many)):
        home = tmp_path / str(number)
        shutil.copytree(sound, home)
        files_of(home)[which].write_bytes(damaged)
        assert_no_wrong_number(home, before, after)
        shutil.rmtree(home)


@pytest.mark.parametrize("which", [0, 1], ids=["older-chunk", "newer-chunk"])
def test_a_lost_chunk_is_never_ignored(
    sound: Path, before: Bars, after: Bars, tmp_path: Path, which: int
) -> None:
    home = tmp_path / "home"
    shutil.copytree(sound, home)
    files_of(home)[which].unlink()

    assert_no_wrong_number(home, before, after)


def test_two_chunks_that_changed_places_are_noticed(
    sound: Path, before: Bars, after: Bars, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(sound, home)
    older, newer, _ = files_of(home)
    newer.rename(home / "kept")
    older.rename(newer)
    (home / "kept").rename(older)

    assert_no_wrong_number(home, before, after)


@pytest.mark.parametrize("is_known", [True, False], ids=["catalogue", "no-catalogue"])
@pytest.mark.parametrize(
    ("version", "body", "said", "hint"),
    [
        (VERSION, b"{}", "cannot be parsed", "ml4t-data remove -s IBM"),
        (
            VERSION + 1,
            b'{"anything":1}',
            "was written by a newer ml4t_nb",
            "pip install --upgrade ml4t-nb",
        ),
    ],
    ids=["nonsense", "newer"],
)
def test_a_manifest_that_cannot_be_read_is_named_by_every_verb_and_left_as_it_is(  # noqa: PLR0917  # given by name
    tmp_path: Path,
    version: int,
    body: bytes,
    said: str,
    hint: str,
    is_known: bool,  # noqa: FBT001
) -> None:
    home = tmp_path / "home"
    ws = opened(home)
    verbs.load(ws, ("IBM", "AAPL"), as_of=LOADED)
    (path,) = (home / "state/equities/daily/IBM").glob("m.*.json")
    total = hashlib.sha256(b"%d " % version + body).hexdigest().encode()
    path.write_bytes(b'{"version":%d,"sha256":"%s","manifest":%s}\n' % (version, total, body))
    if not is_known:
        (home / "catalogue.db").unlink()
    left = {each: each.read_bytes() for each in home.rglob("IBM/*") if each.name != "lock"}
    ws = opened(home)

    judged = {each.dataset.symbol: each for each in verbs.health(ws, as_of=LOADED).datasets}
    assert {symbol: each.state for symbol, each in judged.items()} == {
        "AAPL": "healthy", "IBM": "error",
    }  # fmt: skip
    assert said in judged["IBM"].reason
    assert hint in spell(judged["IBM"].step, "ml4t-data")
    assert judged["IBM"].rows == (1254 if is_known else 0)
    listed = {each.dataset.symbol: each.damage for each in verbs.list_(ws).datasets}
    assert listed["AAPL"] == ""
    assert said in listed["IBM"]
    for read in (verbs.bars, verbs.files):
        with pytest.raises(StoreError, match=said) as caught:
            read(ws, "IBM")
        assert hint in spell(caught.value.advice, "ml4t-data")
    for verb in (verbs.export, verbs.plot, verbs.gaps):
        with pytest.raises(StoreError, match=said):
            verb(ws, "IBM")
    with pytest.raises(Ml4tError, match=said):
        verbs.remove(ws, "IBM", start="2004-03-01", yes=True)
    for run in (verbs.load, verbs.update):
        (result,) = run(ws, "IBM", as_of=UPDATED).results
        assert result.record.error is not None
        assert said in result.record.error.message
        assert hint in spell(result.record.error.hint, "ml4t-data")
    assert {each: each.read_bytes() for each in left} == left
    assert len(verbs.bars(ws, "AAPL")) == 1254


def test_flipped_bytes_of_the_catalogue_change_no_judgement(
    sound: Path, before: Bars, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(sound, home)
    path = home / "catalogue.db"
    content = path.read_bytes()
    for damaged in faults(content, 8):
        path.write_bytes(damaged)
        (judged,) = verbs.health(opened(home), as_of=LOADED).datasets
        assert (judged.state, judged.rows) == ("healthy", len(before))
        (row,) = verbs.list_(opened(home)).datasets
        assert (row.rows, row.last) == (len(before), before.index[-1])
    assert_frame_equal(verbs.bars(opened(home), "IBM"), before)
