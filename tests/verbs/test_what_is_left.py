"""What past versions cost, and what is left of datasets that are gone, as ``health`` says it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.render.text import report_text
from ml4t_nb.render.to_json import report_json
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """AAPL with a split among its three versions, and MSFT with none."""
    found = Workspace.open(Settings(home=tmp_path / "home", provider="sample"))
    verbs.load(found, ("AAPL", "MSFT"), start="2004-12-01", as_of="2005-02-24")
    for day in ("2005-02-25", "2005-03-10"):
        verbs.update(found, as_of=day)
    return found


def size_of(home: Path, *parts: str) -> int:
    files = (path for part in parts for path in home.glob(f"{part}/equities/daily/*/*"))
    return sum(path.stat().st_size for path in files if path.name != "lock")


def own_size(ws: Workspace, symbol: str, *parts: str) -> int:
    folders = (ws.settings.home / f"{part}/equities/daily/{symbol}" for part in parts)
    return sum(path.stat().st_size for folder in folders for path in folder.glob("*"))


def test_the_cost_of_versions_is_told_where_it_is_asked_for(ws: Workspace) -> None:
    report = verbs.health(ws, as_of="2005-03-10", verbose=True)

    by_symbol = {each.dataset.symbol: each for each in report.datasets}
    for symbol in ("AAPL", "MSFT"):
        found = by_symbol[symbol]
        assert (found.versions, found.versions_bytes) == (2, own_size(ws, symbol, "versions"))
    # The split has replaced all bars of AAPL, and none of MSFT.
    aapl, msft = (own_size(ws, symbol, "versions") for symbol in ("AAPL", "MSFT"))
    assert aapl > msft
    assert " · 4 past versions, " in report_text(report)
    frame = report.to_frame()
    assert frame["versions"].tolist() == [2, 2]
    assert frame["versions_bytes"].tolist() == [aapl, msft]
    plain = verbs.health(ws, as_of="2005-03-10")
    assert {each.versions for each in plain.datasets} == {None}
    assert "past version" not in report_text(plain)


def test_versions_are_counted_in_packs_and_without_those_that_were_dropped(ws: Workspace) -> None:
    days = [f"2005-{month:02d}-{day:02d}" for month in (4, 5, 6) for day in range(1, 29)]
    for number, day in enumerate(days):
        verbs.update(ws, "AAPL", as_of=day)
        if number == 40:
            verbs.pin(ws, "middle")
    (aapl,) = verbs.health(ws, "AAPL", as_of=days[-1], verbose=True).datasets
    (dataset,) = (each.dataset for each in [aapl])
    assert aapl.versions == ws.store.sequence(dataset) - 1

    (ws.settings.home / "ml4t.toml").write_text('[retention]\nkeep = "last 10"\n')
    ws.sweep()

    (aapl,) = verbs.health(ws, "AAPL", as_of=days[-1], verbose=True).datasets
    assert aapl.versions == len(ws.store.versions(dataset).numbers) - 1


def test_nothing_of_a_dataset_that_was_deleted_by_hand_grows_and_its_rest_is_named(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ws.settings.home
    shutil.rmtree(home / "data/equities/daily/AAPL")
    rest = own_size(ws, "AAPL", "versions", "state")
    for day in ("2005-03-11", "2005-03-14", "2005-03-15"):
        verbs.update(ws, as_of=day)
        report = verbs.health(ws, as_of=day)
        assert own_size(ws, "AAPL", "versions", "state") == rest
        (left,) = report.left
        assert (left.dataset.symbol, left.bytes, left.is_by_hand) == ("AAPL", rest, True)
        assert [each.state for each in report.datasets] == ["healthy"]
    document = json.loads(report_json(report))
    assert document["left"] == [
        {"dataset": "equities/daily/AAPL", "bytes": rest, "is_by_hand": True}
    ]
    text = report_text(report)
    assert "AAPL: was deleted by hand: " in text
    assert f"→ ml4t-data remove -s AAPL --home {home} --forget --yes" in text

    assert main(["remove", "-s", "AAPL", "--home", str(home), "--forget", "--yes"]) == 0

    capsys.readouterr()
    assert main(["health", "--home", str(home), "--as-of", "2005-03-15", "-v"]) == 0
    assert "AAPL" not in capsys.readouterr().out
    left_files = sorted(path.name for path in home.glob("*/equities/daily/AAPL/*"))
    assert left_files == ["lock", "m.00000004.json"]
    assert len(verbs.bars(ws, "MSFT")) == 72


def test_a_dataset_of_one_version_that_was_deleted_by_hand_is_forgotten_too(
    tmp_path: Path,
) -> None:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="sample"))
    verbs.load(ws, "AAPL", start="2004-12-01", as_of="2005-02-24")
    shutil.rmtree(ws.settings.home / "data/equities/daily/AAPL")
    assert "AAPL: was deleted by hand" in report_text(verbs.health(ws, allow_empty=True))

    verbs.remove(ws, "AAPL", forget=True, yes=True)

    assert verbs.health(ws, allow_empty=True).left == ()


def test_a_class_whose_folder_was_deleted_is_named_once_it_is_known_to_be_no_disk(
    ws: Workspace,
) -> None:
    home = ws.settings.home
    shutil.rmtree(home / "data/equities")
    lost = verbs.health(ws, as_of="2005-03-10")
    assert {each.state for each in lost.datasets} == {"error"}
    assert lost.left == ()

    (home / "data/equities/daily").mkdir(parents=True)  # as its message says

    report = verbs.health(ws, as_of="2005-03-10", allow_empty=True)
    assert (report.datasets, [each.dataset.symbol for each in report.left]) == (
        (), ["AAPL", "MSFT"],
    )  # fmt: skip
    assert "MSFT: was deleted by hand" in report_text(report)


def test_what_was_removed_keeps_versions_which_only_a_closer_look_names(ws: Workspace) -> None:
    verbs.remove(ws, "AAPL", yes=True)

    assert verbs.health(ws, as_of="2005-03-10").left == ()
    (left,) = verbs.health(ws, as_of="2005-03-10", verbose=True).left
    assert (left.dataset.symbol, left.is_by_hand) == ("AAPL", False)
    assert verbs.health(ws, "MSFT", as_of="2005-03-10", verbose=True).left == ()
