"""What runs did is looked up, and looking changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import DatasetNotFound, OptionError
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
