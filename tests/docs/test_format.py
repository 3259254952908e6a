"""The page about the format is enough to read a store, and names every field there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ml4t_nb import verbs
from ml4t_nb.finding import Decision, Finding, Refusal
from ml4t_nb.model import (
    CarriedAction,
    DatasetConfig,
    DatasetId,
    FetchAttempt,
    Gap,
    LoadArguments,
    NextStep,
    SessionOverride,
    Span,
)
from ml4t_nb.records import (
    Ended,
    ErrorNote,
    FormerName,
    Restatement,
    Revision,
    Source,
    UpdateRecord,
)
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Chunk, LogFile, Manifest, PriorState, Removal
from ml4t_nb.storage.manifest_file import OLDEST_READ, VERSION
from ml4t_nb.storage.names import folder_name, symbol_of
from ml4t_nb.workspace import Workspace
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "format.md"
WORDS = PAGE.read_text(encoding="utf-8")
PLACE = "equities/daily/AAPL"


@pytest.fixture(scope="module")
def reader() -> dict[str, Any]:
    """What the page's own reader defines."""
    code = next(block.text for block in blocks(PAGE) if block.language == "python")
    assert "ml4t_nb" not in code
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  # the page's code, as a reader would run it
    return names


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace.open(Settings(home=tmp_path / "home"))
    verbs.load(ws, "AAPL", provider="sample", start="2004-01-02", as_of="2005-02-25")
    return ws


def test_the_reader_of_the_page_reads_what_ours_reads(
    reader: dict[str, Any], ws: Workspace
) -> None:
    for day in ("2005-02-28", "2005-03-10", "2006-02-01"):
        verbs.update(ws, as_of=day)
        own = verbs.bars(ws, "AAPL")

        table = reader["bars_of"](ws.settings.home, PLACE)

        for name in own.columns:
            assert table[name].to_pylist() == own[name].to_list()
        assert table["timestamp"].to_pylist() == own.index.to_list()
        assert set(table["symbol"].to_pylist()) == {"AAPL"}


def test_the_reader_of_the_page_reads_a_snapshot_from_the_replaced_files(
    reader: dict[str, Any], ws: Workspace
) -> None:
    home = ws.settings.home
    _, before = reader["manifest_of"](home, PLACE)
    closes = verbs.bars(ws, "AAPL")["close"].to_list()
    verbs.update(ws, as_of="2005-03-10")

    tables = [reader["chunk_of"](home, PLACE, chunk) for chunk in before["chunks"]]

    assert [close for table in tables for close in table["close"].to_pylist()] == closes


def test_the_reader_of_the_page_notices_damage(reader: dict[str, Any], ws: Workspace) -> None:
    path = verbs.files(ws, "AAPL")[0]
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)

    with pytest.raises(ValueError, match="the chunk is damaged"):
        reader["bars_of"](ws.settings.home, PLACE)


def test_the_reader_of_the_page_finds_nothing_where_nothing_is(
    reader: dict[str, Any], ws: Workspace
) -> None:
    verbs.remove(ws, "AAPL", yes=True)

    assert reader["bars_of"](ws.settings.home, PLACE) is None
    assert reader["bars_of"](ws.settings.home, "equities/daily/NOPE") is None


def test_the_folders_on_the_page_are_those_of_the_symbols() -> None:
    table = WORDS.partition("| symbol | folder |")[2].partition("\n\n")[0]
    pairs = re.findall(r"^\| `(.+)` \| `(.+)` \|$", table, flags=re.MULTILINE)

    assert len(pairs) >= 9
    assert [(symbol, folder_name(symbol)) for symbol, _ in pairs] == pairs
    assert [symbol_of(name) for _, name in pairs] == [symbol for symbol, _ in pairs]


@pytest.mark.parametrize(
    "kind",
    [Manifest, Chunk, DatasetConfig, Gap, FetchAttempt, CarriedAction, Finding, UpdateRecord,
     Restatement, Revision, ErrorNote, SessionOverride, Span, NextStep, LoadArguments, LogFile,
     Refusal, Decision, Source, PriorState, Ended, FormerName, Removal],
)  # fmt: skip
def test_every_field_of_a_manifest_is_on_the_page(kind: type[Any]) -> None:
    manifest = WORDS.partition("## The manifest")[2].partition("## Chunks")[0]

    assert [each.name for each in fields(kind) if f"`{each.name}`" not in manifest] == []


def test_the_page_is_of_this_version() -> None:
    assert f"version {VERSION} of the manifest" in WORDS
    assert f'{{"version":{VERSION},' in WORDS
    assert f"reads version {OLDEST_READ} too" in " ".join(WORDS.split())


def test_the_logs_are_as_the_page_describes_them(ws: Workspace) -> None:
    verbs.update(ws, as_of="2005-03-10")
    snapshot = ws.store.snapshot(DatasetId("equities", "daily", "AAPL"))
    (file,) = snapshot.manifest.revisions

    table = pq.read_table(ws.settings.home / "state" / PLACE / file.file)

    words = WORDS.partition("## Rows that are not in the dataset")[2].partition("## Readers")[0]
    named = re.findall(r"^\| (`.+?`) \| (\w+)", words, flags=re.MULTILINE)
    kinds = {name: kind for names, kind in named for name in re.findall("`(.+?)`", names)}
    assert [*kinds] == table.column_names
    spelled = {"int64": "int64", "boolean": "bool", "double": "double", "string": "string",
               "timestamp": "timestamp[us, tz=UTC]"}  # fmt: skip
    assert [spelled[kind] for kind in kinds.values()] == [str(each) for each in table.schema.types]
    assert table.num_rows == file.rows
    assert [*ws.settings.home.glob("data/**/re*.parquet")] == []
