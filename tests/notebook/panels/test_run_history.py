"""The panel of versions by hand: choose one, see what differs now, undo a run since."""

from __future__ import annotations

import html
import re
import shlex
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from threading import Event

import pytest

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.commands.parser import parse
from ml4t_nb.execution.jobs import Job
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panel_verbs import NOTEBOOK
from ml4t_nb.notebook.panels import version_list
from ml4t_nb.notebook.panels.latest import Latest
from ml4t_nb.notebook.panels.run_history import RunHistory
from ml4t_nb.notebook.panels.version_list import VersionList
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

HALVED = "AAPL split 2:1 on 28 Feb 2005 since version 1: its 60 earlier bars were halved"


@pytest.fixture(autouse=True)
def _as_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del home
    monkeypatch.setenv("ML4T_DATA_AS_OF", "2005-03-10")


@pytest.fixture
def ws(home: Path) -> Workspace:
    """AAPL, restated by run 2 for its split of 28 February 2005; AA, whose run changed nothing."""
    del home
    ws = Workspace.open(Settings.current())
    verbs.load(ws, "AA", provider="synthetic", start="2005-01-03", as_of="2005-02-25")
    verbs.load(ws, "AAPL", provider="sample", start="2004-12-01", as_of="2005-02-25")
    verbs.update(ws, "AAPL", as_of="2005-03-10")
    return ws


def shown(panel: RunHistory | VersionList) -> list[str]:
    versions = panel.versions if isinstance(panel, RunHistory) else panel
    return [" ".join(str(each).split()) for each in versions.list.options]


def choose(versions: VersionList, number: int) -> None:
    """As a click on its row does."""
    numbers = [int(str(each).split()[0]) for each in versions.list.options]
    versions.list.index = numbers.index(number)


def chosen(versions: VersionList) -> int:
    assert versions.version is not None
    return versions.version.number


def jobs_of(panel: RunHistory) -> list[Job]:
    job = panel.versions.undo.job
    return [] if job is None else [job]


def undo(panel: RunHistory) -> None:
    """As two clicks do, and a wait for its end."""
    panel.versions.undo.button.click()
    panel.versions.undo.confirm.click()
    (job,) = jobs_of(panel)
    assert job.join(120)


def test_each_version_says_which_run_made_it_and_what_that_changed(ws: Workspace) -> None:
    del ws

    panel = RunHistory()

    assert str(panel.dataset.value) == "equities/daily/AAPL"
    assert shown(panel) == [
        "2 2005-03-10 21:30 UTC update split 2:1 restated 60 bars, 9 bars added (newest)",
        "1 2005-02-25 21:30 UTC load 60 bars added",
    ]


def test_the_version_before_the_last_change_is_drawn_under_todays_bars(ws: Workspace) -> None:
    del ws

    panel = RunHistory()

    assert chosen(panel.versions) == 1
    assert HALVED in panel.versions.picture.value
    assert f'role="status">{HALVED}' in panel.versions.heard.value
    line = 'bars = ml4t_nb.bars("AAPL", version=1)'
    assert f"<code>{line}</code>" in html.unescape(panel.versions.picture.value)
    found: dict[str, object] = {}
    exec(line, {"ml4t_nb": ml4t_nb}, found)  # noqa: S102  # as a person who copied it
    assert found["bars"].equals(ml4t_nb.bars("AAPL", known_on="2005-02-25"))  # type: ignore[attr-defined]  # a frame


def test_a_saved_notebook_keeps_the_versions_and_the_picture(ws: Workspace) -> None:
    del ws

    kept = RunHistory().static_html()

    assert HALVED in kept
    assert "split 2:1 restated 60 bars, 9 bars added (newest)" in kept
    (picture,) = re.findall(r"base64,([^\"]+)", kept)
    assert HALVED in b64decode(picture).decode()


def test_what_a_run_changed_is_one_choice_away(ws: Workspace) -> None:
    del ws
    versions = RunHistory().versions
    choose(versions, 2)
    assert "Version 2 of AAPL is the newest: what is read now." in versions.picture.value
    assert [words for words, _ in versions.of.options] == [
        "version 2 and now",
        "what run 2 changed",
    ]

    versions.of.value = "run"

    words = "AAPL split 2:1 on 28 Feb 2005: its 60 earlier bars were halved"
    assert words in versions.picture.value
    choose(versions, 1)
    assert versions.of.value == "run"
    assert "no value is kept that run 1" in versions.picture.value


def test_a_dataset_whose_values_never_changed_lists_its_versions(ws: Workspace) -> None:
    del ws
    panel = RunHistory()

    panel.dataset.value = panel.dataset.options[0][1]

    assert str(panel.dataset.value) == "equities/daily/AA"
    assert [line.split(" ")[0] for line in shown(panel)] == ["1"]
    assert panel.versions.undo.button.disabled
    assert "Version 1 of AA is the newest" in panel.versions.picture.value


def test_undo_names_the_newest_run_since_asks_once_and_brings_every_value_back(
    ws: Workspace,
) -> None:
    then = verbs.bars(ws, "AAPL")
    panel = RunHistory(("AAPL",))
    offer = panel.versions.undo
    assert offer.button.description == "Undo run 2…"
    line = offer.button.tooltip.removeprefix("Asks once. ")
    command = parse(shlex.split(line.removeprefix("%ml4t ")), program=NOTEBOOK)
    assert offer.asking.layout.display == "none"

    offer.confirm.click()
    assert jobs_of(panel) == []
    offer.button.click()

    assert offer.asking.layout.display == ""
    assert offer.button.layout.display == "none"
    assert "Undo run 2, update of" in offer.question.value
    offer.confirm.click()
    offer.confirm.click()
    (job,) = jobs_of(panel)
    assert job.command == command
    assert job.join(120)
    assert job.error is None
    assert [line.split(" ")[0] for line in shown(panel)] == ["3", "2", "1"]
    assert shown(panel)[1].endswith("(undone by run 3)")
    assert "took back run 2" in offer.outcome.value
    assert "took back run 2" in panel.static_html()
    assert chosen(panel.versions) == 1
    same = "Version 3, the newest, has the same bars of AAPL as version 1."
    assert same in panel.versions.picture.value
    assert offer.button.disabled
    assert verbs.bars(ws, "AAPL")["close"].equals(then["close"][:60] * 2)


def test_a_question_is_taken_back_by_keeping_or_by_choosing_another_version(
    ws: Workspace,
) -> None:
    del ws
    versions = RunHistory().versions
    versions.undo.button.click()
    versions.undo.keep.click()
    assert versions.undo.asking.layout.display == "none"
    versions.undo.button.click()

    choose(versions, 2)

    assert versions.undo.asking.layout.display == "none"
    versions.undo.confirm.click()
    assert versions.undo.job is None


def test_what_was_undone_elsewhere_meanwhile_says_why_it_is_not_again(ws: Workspace) -> None:
    panel = RunHistory()
    verbs.undo(ws, "AAPL", run=2)

    undo(panel)

    assert "is undone already, by run 3" in panel.static_html()


def test_an_empty_store_and_a_symbol_that_is_not_stored_are_sentences(home: Path) -> None:
    home.mkdir(exist_ok=True)

    panel = RunHistory()

    assert "nothing is stored" in panel.message.value
    assert panel.versions.body.layout.display == "none"
    assert 'role="alert"' in RunHistory(("NOPE",)).message.value


def test_a_refresh_keeps_the_version_that_is_chosen(ws: Workspace) -> None:
    panel = RunHistory()
    choose(panel.versions, 2)
    verbs.undo(ws, "AAPL", run=2)

    panel.refresh()

    assert chosen(panel.versions) == 2
    assert "AAPL lacks the split 2:1 of 28 Feb 2005" in panel.versions.picture.value


def test_it_shows_what_another_process_committed(ws: Workspace) -> None:
    panel = RunHistory()
    before = panel.static_html()
    panel.versions.look()
    assert panel.static_html() == before

    home = str(ws.settings.home)
    line = [sys.executable, "-m", "ml4t_nb", "update", "-s", "AAPL", "--as-of", "2005-03-11"]
    subprocess.run([*line, "--home", home], check=True, capture_output=True)
    panel.versions.look()

    assert shown(panel)[0] == "3 2005-03-11 21:30 UTC update 1 bar added (newest)"
    assert chosen(panel.versions) == 1
    assert "10 bars added after them" in panel.versions.picture.value


def test_only_versions_that_changed_values_are_listed_on_request(ws: Workspace) -> None:
    for day in ("2005-03-11", "2005-03-14", "2005-03-15"):
        verbs.update(ws, "AAPL", as_of=day)
    versions = RunHistory().versions
    assert [line.split()[0] for line in shown(versions)] == ["5", "4", "3", "2", "1"]

    versions.only.value = True

    assert [line.split()[0] for line in shown(versions)] == ["5", "2"]
    assert chosen(versions) == 5


def test_a_version_whose_files_are_gone_is_named_and_the_others_stay(ws: Workspace) -> None:
    for kept in (ws.settings.home / "versions").rglob("*.parquet"):
        kept.unlink()

    versions = RunHistory().versions

    assert len(shown(versions)) == 2
    assert "version 1 of equities/daily/AAPL cannot be read any more" in versions.picture.value
    choose(versions, 2)
    assert "Version 2 of AAPL is the newest" in versions.picture.value


def test_a_version_without_its_manifest_is_listed_as_not_kept(ws: Workspace) -> None:
    (manifest,) = (ws.settings.home / "versions").rglob("m.*")
    manifest.unlink()

    versions = RunHistory().versions

    assert shown(versions)[1].endswith("load 60 bars added (not kept)")
    assert chosen(versions) == 2
    choose(versions, 1)
    assert "version 1 of equities/daily/AAPL is not there" in versions.picture.value


def test_a_removed_dataset_is_a_sentence(ws: Workspace) -> None:
    panel = RunHistory()
    verbs.remove(ws, "AAPL", yes=True)

    panel.versions.look()

    assert 'role="alert"' in panel.versions.message.value
    assert panel.versions.picture.value == ""


def test_of_a_dataset_that_cannot_be_read_nothing_of_another_is_offered(ws: Workspace) -> None:
    panel = RunHistory()
    assert panel.versions.undo.button.description == "Undo run 2…"
    (manifest,) = (ws.settings.home / "state/equities/daily/AA").glob("m.*.json")
    manifest.write_bytes(manifest.read_bytes()[:-9])

    panel.dataset.value = DatasetId("equities", "daily", "AA")

    assert "is damaged" in panel.versions.message.value
    assert shown(panel) == []
    assert panel.versions.undo.button.disabled
    panel.versions.only.value = not panel.versions.only.value
    panel.versions.of.value = "run"
    assert "is damaged" in panel.versions.message.value
    assert "AAPL" not in panel.versions.static_html()


def test_a_dataset_that_cannot_be_read_any_more_offers_no_undo_and_says_so_once(
    ws: Workspace,
) -> None:
    told: list[str] = []
    panel = RunHistory(changed=lambda: told.append("new"))
    verbs.remove(ws, "AAPL", yes=True)
    told.clear()

    panel.versions.look()
    assert panel.versions.undo.button.disabled
    panel.versions.look()
    assert told == ["new"]

    verbs.load(ws, "AAPL", provider="sample", start="2005-01-03", as_of="2005-02-25")
    panel.versions.look()
    assert panel.versions.message.value == ""
    assert shown(panel)[0].endswith("load 38 bars added (newest)")


def test_a_picture_of_very_many_bars_is_drawn_beside_and_only_the_last_one_asked_for(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    del ws
    monkeypatch.setattr(version_list, "_AT_ONCE", 10)
    panel = RunHistory()
    assert panel.versions.latest.join(60)
    assert HALVED in panel.versions.picture.value
    assert "Reading version" not in panel.static_html()

    choose(panel.versions, 2)
    choose(panel.versions, 1)
    choose(panel.versions, 2)

    assert panel.versions.latest.join(60)
    assert "Version 2 of AAPL is the newest" in panel.versions.picture.value


def test_of_work_that_was_asked_for_meanwhile_only_the_last_is_done() -> None:
    done: list[int] = []
    begun, go_on = Event(), Event()
    latest = Latest()

    def first() -> None:
        begun.set()
        go_on.wait(60)
        done.append(1)

    latest.do(first)
    assert begun.wait(60)
    latest.do(lambda: done.append(2))
    latest.do(lambda: done.append(3))
    go_on.set()

    assert latest.join(60)
    assert done == [1, 3]
