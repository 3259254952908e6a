"""A damaged file is an error, and the next step that health names mends it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import ChunkCorrupt
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

AS_OF = "2005-03-04"


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    home = tmp_path / "home"
    monkeypatch.setenv("ML4T_DATA_HOME", str(home))
    ws = Workspace.open(Settings(home=home, provider="yahoo"))
    verbs.load(ws, "AAPL", provider="sample", start="2004-01-02", as_of=AS_OF)
    return ws


def truncate(ws: Workspace) -> None:
    path = verbs.files(ws, "AAPL")[-1]
    path.write_bytes(path.read_bytes()[:-100])


def test_the_step_of_a_damaged_file_gives_the_same_bars_again(ws: Workspace) -> None:
    before = verbs.bars(ws, "AAPL")
    truncate(ws)

    (judged,) = verbs.health(ws, as_of=AS_OF).datasets
    first, second = spell(judged.step, "ml4t-data").split(" && ")

    assert judged.state == "error"
    assert main(shlex.split(first)[1:]) == 0
    assert main([*shlex.split(second)[1:], "--as-of", AS_OF]) == 0
    assert_frame_equal(verbs.bars(ws, "AAPL"), before)
    assert verbs.health(ws, as_of=AS_OF).datasets[0].state == "healthy"


def test_the_step_names_a_dataset_that_is_not_the_usual_one(ws: Workspace) -> None:
    verbs.load(
        ws, "BTC-USD", frequency="hourly", provider="synthetic", start="2024-03-01",
        as_of="2024-03-04T00:00Z",
    )  # fmt: skip
    verbs.files(ws, "BTC-USD", frequency="hourly")[0].unlink()

    (judged,) = verbs.health(ws, "BTC-USD", as_of="2024-03-04T00:00Z").datasets

    assert spell(judged.step, "ml4t-data") == (
        "ml4t-data remove -s BTC-USD -a crypto -f hourly --yes && "
        "ml4t-data load -s BTC-USD -a crypto -f hourly -p synthetic --start 2024-03-01"
    )


def test_every_hint_fetches_by_the_calendar_and_the_provider_of_before(ws: Workspace) -> None:
    verbs.load(
        ws, "7203", frequency="hourly", provider="synthetic", calendar="XTKS",
        start="2024-03-01", as_of="2024-03-15",
    )  # fmt: skip
    before = verbs.bars(ws, "7203", frequency="hourly")
    path = verbs.files(ws, "7203", frequency="hourly")[0]
    path.write_bytes(path.read_bytes()[:-100])

    (judged,) = verbs.health(ws, "7203", as_of="2024-03-15").datasets
    with pytest.raises(ChunkCorrupt) as caught:
        verbs.bars(ws, "7203", frequency="hourly")

    assert spell(caught.value.advice, "ml4t-data").endswith(f": {spell(judged.step, 'ml4t-data')}")
    first, second = spell(judged.step, "ml4t-data").split(" && ")
    assert main(shlex.split(first)[1:]) == 0
    assert main([*shlex.split(second)[1:], "--as-of", "2024-03-15"]) == 0
    assert_frame_equal(verbs.bars(ws, "7203", frequency="hourly"), before)


def test_what_was_removed_before_an_error_is_said(ws: Workspace) -> None:
    verbs.load(ws, "IBM", provider="sample", start="2004-01-02", as_of=AS_OF)
    path = verbs.files(ws, "IBM")[-1]
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(ChunkCorrupt, match=r"\(removed before: 4 bars of equities/daily/AAPL\)"):
        verbs.remove(ws, ("AAPL", "IBM"), start="2005-03-01", yes=True, as_of=AS_OF)


def test_a_load_over_a_damaged_file_is_refused_and_the_rest_is_kept(ws: Workspace) -> None:
    truncate(ws)

    (result,) = verbs.load(ws, "AAPL", provider="sample", as_of=AS_OF).results

    assert result.record.outcome == "failed"
    with pytest.raises(ChunkCorrupt):
        verbs.bars(ws, "AAPL")
