"""Files as other programs write them, from the folder to the store and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace.open(
        Settings(home=tmp_path / "home", provider="files", files=tmp_path / "files")
    )


def put(ws: Workspace, name: str, text: str) -> None:
    folder = ws.settings.files
    assert folder is not None
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def test_a_price_without_a_volume_is_kept_and_the_volume_told(ws: Workspace) -> None:
    put(
        ws,
        "ORCX.csv",
        "Date,Open,High,Low,Close,Volume\n2024-03-12,43.5,44.1,43.4,43.9,36200100\n"
        "2024-03-13,43.9,47,43.8,46.8,\n2024-03-14,46.8,47.2,46.5,47.1,34639200\n",
    )

    (loaded,) = verbs.load(ws, "ORCX", as_of="2024-03-15").results
    (updated,) = verbs.update(ws, "ORCX", as_of="2024-03-15").results

    bars = verbs.bars(ws, "ORCX")
    assert bars["close"].tolist() == [43.9, 46.8, 47.1]
    assert bars["volume"].tolist() == [36200100, 0, 34639200]
    assert not bars["filled"].any()
    assert [(f"{each.stamp:%m-%d}", each.rule) for each in loaded.findings] == [
        ("03-13", "no volume")
    ]
    assert updated.findings == ()


def test_an_index_without_volumes_is_stored_without_a_word(ws: Workspace) -> None:
    put(
        ws,
        "IDX.csv",
        "Date,Open,High,Low,Close,Volume\n2024-03-13,5100,5170,5090,5165,\n"
        "2024-03-14,5165,5170,5120,5150,\n2024-03-15,5150,5160,5100,5117,\n",
    )

    (loaded,) = verbs.load(ws, "IDX", as_of="2024-03-18").results

    assert verbs.bars(ws, "IDX")["close"].tolist() == [5165, 5150, 5117]
    assert loaded.findings == ()
