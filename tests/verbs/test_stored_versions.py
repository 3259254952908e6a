"""The versions of a dataset are listed with the runs that made them, however many there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.calendars import calendar
from ml4t_nb.model import Span
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.stored_versions import StoredVersions, stored_versions
from ml4t_nb.workspace import Workspace
from tests.storage.builders import utc

COMMITS = 103


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """AAPL on a hundred and three evenings, the third of which restated it for a split."""
    home = tmp_path_factory.mktemp("versions") / "home"
    ws = Workspace.open(Settings(home=home, provider="sample"))
    stamps = calendar("XNYS").stamps(Span(utc(2005, 2, 24), utc(2005, 9, 1)), "daily")
    sessions = [each.date() for each in stamps][:COMMITS]
    verbs.load(ws, "AAPL", start="2005-01-03", as_of=sessions[0])
    for session in sessions[1:]:
        verbs.update(ws, "AAPL", as_of=session)
    return ws


def found_in(ws: Workspace) -> StoredVersions:
    (dataset,) = ws.store.datasets()
    return stored_versions(ws, dataset)


def test_runs_before_the_last_hundred_are_told_by_what_they_left(ws: Workspace) -> None:
    found = found_in(ws)

    assert [each.number for each in found.versions] == [*range(COMMITS, 0, -1)]
    assert all(each.is_kept and each.run is not None for each in found.versions)
    told = [each.run.verb for each in found.versions if each.run]
    assert told == ["update"] * (COMMITS - 1) + ["load"]
    assert [each.number for each in found.versions if each.has_changed_values] == [3]
    third = found.versions[-3]
    assert third.run is not None
    assert third.run.restatement is not None
    assert f"{third.at:%Y-%m-%d}" == "2005-02-28"
    # An undo looks it up among the last hundred.
    assert not third.is_undoable
    assert not found.damage


def test_a_damaged_file_of_past_versions_is_told_and_the_last_hundred_runs_are_listed(
    ws: Workspace, tmp_path: Path
) -> None:
    home = tmp_path / "copy"
    home.mkdir()
    for path in sorted(ws.settings.home.rglob("*")):
        place = home / path.relative_to(ws.settings.home)
        if path.is_dir():
            place.mkdir()
        else:
            place.write_bytes(path.read_bytes())
    gathered = [each for each in (home / "versions").rglob("m.*") if "-" in each.name]
    assert gathered
    for each in gathered:
        each.write_bytes(b"torn")

    found = found_in(Workspace.open(Settings(home=home)))

    assert len(found.versions) == 100
    assert found.newest == COMMITS
    (error,) = found.damage
    assert "of past versions cannot be read" in str(error)
