"""The gap explorer shows what a provider answered, and what it changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.notebook.panels.gap_explorer import GapExplorer
from tests.notebook.panels.explored import (
    AS_OF,
    enabled,
    own_files,
    press,
    words,
    workspace,
)


@pytest.fixture(autouse=True)
def _as_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del home
    monkeypatch.setenv("ML4T_DATA_AS_OF", AS_OF)


@pytest.fixture
def corrected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GapExplorer:
    """Of MINE, whose close of 25 January has been corrected since it was loaded."""
    folder = own_files(tmp_path, monkeypatch)
    verbs.load(workspace(), "MINE", provider="files", as_of="2024-01-26")
    table = (folder / "MINE.csv").read_text(encoding="utf-8")
    (folder / "MINE.csv").write_text(
        table.replace("2024-01-25,10,11,9,10,100", "2024-01-25,10,11,9,10.5,100"), encoding="utf-8"
    )
    verbs.update(workspace(), "MINE", as_of=AS_OF)
    return GapExplorer()


def test_a_provider_that_fails_is_reported_with_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_files(tmp_path, monkeypatch, without=("2024-01-10",))
    verbs.load(workspace(), "MINE", provider="files", as_of=AS_OF)
    panel = GapExplorer()
    panel.list.index = 0
    (folder / "MINE.csv").rename(folder / "away")

    press(panel, "refetch")

    assert panel.repairs.job is not None
    assert panel.repairs.job.state == "failed"
    assert "ml4t-icon-error" in panel.repairs.line.value
    assert "MINE" in words(panel.repairs.line.value)
    assert panel.list.index == 0
    assert "refetch" in enabled(panel)
    (folder / "away").rename(folder / "MINE.csv")
    press(panel, "refetch")
    assert "ml4t-icon-" in panel.repairs.line.value


def test_revisions_of_the_last_overlap_are_reported_old_and_new(
    corrected: GapExplorer,
) -> None:
    title = "Versions, and what the provider changed last: corrected, 1 value"
    assert corrected.revisions.fold.title == title
    assert "2024-01-25 close 10 10.5 +5 % corrected" in words(corrected.revisions.revisions.value)
    assert "2024-01-25 close 10 10.5" in words(corrected.static_html())


def test_versions_are_shown_in_the_place_of_revisions_and_an_undo_there_is_seen_above(
    corrected: GapExplorer,
) -> None:
    assert not corrected.revisions.fold.is_open

    corrected.revisions.fold.widget.children[0].click()

    versions = corrected.revisions.versions
    assert versions is not None
    rows = [" ".join(str(each).split()) for each in versions.list.options]
    assert rows[0].endswith("1 bar corrected, 3 bars added (newest)")
    assert "the close of 25 Jan 2024, from 10.00 to 10.50 (+5 %)" in versions.picture.value
    assert "the close of 25 Jan 2024" in corrected.static_html()
    versions.undo.button.click()
    versions.undo.confirm.click()
    assert versions.undo.job is not None
    assert versions.undo.job.join(120)
    assert versions.undo.job.error is None
    assert corrected.chart.report is not None
    assert corrected.chart.report.bars["close"].loc["2024-01-25"] == 10
    assert "undone by run 3" in str(versions.list.options[1]).replace("\xa0", " ")


def test_a_span_that_was_never_answered_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_files(tmp_path, monkeypatch)
    verbs.load(workspace(), "MINE", provider="files", start="2024-01-10", as_of=AS_OF)
    (folder / "MINE.csv").rename(folder / "away")
    verbs.load(workspace(), "MINE", provider="files", start="2024-01-04", as_of=AS_OF)

    panel = GapExplorer()

    assert "was requested 1 time without a reply" in words(panel.unanswered.value)
