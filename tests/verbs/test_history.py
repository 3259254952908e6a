"""What runs did is looked up, and looking changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import ChunkCorrupt, DatasetNotFound, OptionError
from ml4t_nb.render.text import report_text
from tests.verbs.own_files import OwnFiles

EVENINGS = ("2004-12-21", "2004-12-22", "2004-12-23")


def corrected(table: Any) -> Any:  # noqa: ANN401  # pandas' stubs take no dates as words
    table.loc["2004-12-20", "close"] = 63.0
    return table


@pytest.fixture
def updated(own: OwnFiles) -> OwnFiles:
    """A load and three updates, the last of which found a close corrected."""
    own.write()
    own.load("2004-12-20")
    for evening in EVENINGS[:-1]:
        own.update(evening)
    own.write(corrected)
    own.update(EVENINGS[-1])
    return own


def test_each_run_has_a_row_the_newest_first(updated: OwnFiles) -> None:
    text = report_text(verbs.history(updated.ws))

    rows = [line.split() for line in text.splitlines()[2:6]]
    assert text.startswith("last 4 runs of equities/daily/ACME\n")
    assert [row[4] for row in rows] == ["update", "update", "update", "load"]
    assert [row[1] for row in rows] == [*EVENINGS[::-1], "2004-12-20"]
    assert "close of 2004-12-20 62.72 → 63" in text
    home = updated.ws.settings.home
    assert f"ACME: run 4 can be undone\n   → ml4t-data undo -s ACME --run 4 --home {home}" in text
    updated.undo()
    assert "can be undone" not in report_text(verbs.history(updated.ws))


def test_a_limit_keeps_the_newest_runs(updated: OwnFiles) -> None:
    (one,) = verbs.history(updated.ws, "ACME", limit=2).datasets

    assert [f"{each.at:%Y-%m-%d}" for each in one.records] == ["2004-12-22", "2004-12-23"]
    with pytest.raises(OptionError, match="--limit must be at least 1, not 0"):
        verbs.history(updated.ws, limit=0)


def test_a_document_has_every_revision(
    updated: OwnFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(updated.ws.settings.home)

    assert main(["history", "--home", home, "--json"]) == 0

    (of,) = json.loads(capsys.readouterr().out)["datasets"]
    assert (of["dataset"], of["provider"]) == ("equities/daily/ACME", "files")
    assert [run["verb"] for run in of["runs"]] == ["load", "update", "update", "update"]
    (revision,) = of["runs"][-1]["revisions"]
    assert (revision["column"], revision["old"], revision["new"]) == ("close", 62.72, 63.0)


def test_looking_up_a_history_writes_nothing(updated: OwnFiles) -> None:
    home = updated.ws.settings.home
    # Without its cache, and without the permission to make one.
    (home / "catalogue.db").unlink()
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    before = updated.files()

    assert len(verbs.history(updated.ws).datasets) == 1
    assert main(["history", "--home", str(home), "-q"]) == 0

    assert updated.files() == before
    for folder in folders:
        folder.chmod(0o755)
    assert len(verbs.history(updated.ws).datasets) == 1
    assert main(["history", "ACME", "--home", str(home), "-q", "--limit", "100"]) == 0
    assert updated.files() == before


def test_a_symbol_that_is_not_stored_is_an_error(updated: OwnFiles) -> None:
    with pytest.raises(DatasetNotFound):
        verbs.history(updated.ws, "ACNE")


def test_a_hundred_runs_are_listed_undone_and_plotted_though_the_manifest_has_the_last(
    updated: OwnFiles,
) -> None:
    for _ in range(30):
        updated.update(EVENINGS[-1])
    (dataset,) = updated.ws.store.datasets()
    assert 4 not in [run.version for run in updated.ws.store.snapshot(dataset).manifest.recent]

    (listed,) = verbs.history(updated.ws, limit=100).datasets

    assert [run.version for run in listed.records] == [*range(1, 35)]
    plotted = verbs.plot(updated.ws, "ACME", run=4)
    assert plotted.record is not None
    assert plotted.record.revised == 1
    updated.undo(run=4)
    (listed,) = verbs.history(updated.ws, limit=100).datasets
    assert (listed.records[-1].undid, listed.records[-1].verb) == (4, "undo")


def test_a_version_keeps_its_run_as_long_as_it_can_be_read(updated: OwnFiles) -> None:
    def listed() -> list[int]:
        (of,) = verbs.history(updated.ws, limit=1000).datasets
        return [run.version for run in of.records]

    for _ in range(7):
        updated.update(EVENINGS[-1])
    verbs.pin(updated.ws, "paper")  # version 11
    for _ in range(119):
        updated.update(EVENINGS[-1])
    assert listed() == [*range(1, 131)]
    (of,) = verbs.history(updated.ws, limit=3).datasets
    assert [run.version for run in of.records] == [128, 129, 130]

    (updated.ws.settings.home / "ml4t.toml").write_text('[retention]\nkeep = "last 5"\n')
    verbs.update(updated.ws, as_of=EVENINGS[-1])  # of all datasets: it sweeps

    assert len(verbs.bars(updated.ws, "ACME", pin="paper")) == len(updated.bars())
    left = listed()
    assert left[-100:] == [*range(32, 132)]
    assert {2, 11} <= {*left}  # its manifest has the ten before, too


def test_a_damaged_file_of_runs_is_named_where_they_are_needed_and_updates_go_on(
    updated: OwnFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(20):
        updated.update(EVENINGS[-1])
    home = str(updated.ws.settings.home)
    (path,) = (updated.ws.settings.home / "state").rglob("records.*")
    path.write_bytes(path.read_bytes()[:-1])

    assert main(["history", "--home", home]) == 0
    capsys.readouterr()
    assert main(["history", "--home", home, "--limit", "100"]) == 1
    out = capsys.readouterr().out
    assert f"{path.name} has" in out
    assert "bars do not need it" in out
    assert "last 14 runs of equities/daily/ACME" in out
    (judged,) = verbs.health(updated.ws, verify=True, as_of=EVENINGS[-1]).datasets
    assert path.name in judged.reason
    with pytest.raises(ChunkCorrupt, match=path.name):
        updated.undo()
    updated.update(EVENINGS[-1])
    assert len(verbs.bars(updated.ws, "ACME")) > 0
