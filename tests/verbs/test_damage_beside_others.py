"""One dataset is damaged: verbs over all datasets name it, and answer for the others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import ChunkCorrupt, DatasetNotFound, OptionError, Overtaken
from ml4t_nb.hints import in_words
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.render.html import report_html
from ml4t_nb.render.text import report_rows, report_text
from ml4t_nb.render.to_json import report_json
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

AS_OF, LATER = "2024-03-15", "2024-03-18"
HOLE = Span(datetime(2024, 2, 27, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC))
BAD, GOOD = DatasetId("equities", "daily", "BAD"), DatasetId("equities", "daily", "GOOD")

Fault = Callable[[Workspace], None]


def manifest_cut(ws: Workspace) -> None:
    (path,) = (ws.store.home / "state/equities/daily/BAD").glob("m.*.json")
    path.write_bytes(path.read_bytes()[:-9])


def manifest_cut_and_unknown(ws: Workspace) -> None:
    manifest_cut(ws)
    (ws.store.home / "catalogue.db").unlink()


def chunk_cut(ws: Workspace) -> None:
    path = verbs.files(ws, "BAD")[-1]
    path.write_bytes(path.read_bytes()[:-9])


def chunk_lost(ws: Workspace) -> None:
    verbs.files(ws, "BAD")[-1].unlink()


faults = pytest.mark.parametrize(
    "fault", [manifest_cut, manifest_cut_and_unknown, chunk_cut, chunk_lost]
)


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """BAD, still sound, without a gap; GOOD with one of two bars; FULL without."""
    home = tmp_path / "home"
    monkeypatch.setenv("ML4T_DATA_HOME", str(home))
    monkeypatch.setenv("ML4T_DATA_AS_OF", AS_OF)
    holed = Workspace.open(Settings(home=home, provider="synthetic", synthetic_holes=(HOLE,)))
    verbs.load(holed, "GOOD", start="2023-11-01", as_of=AS_OF)
    ws = Workspace.open(Settings(home=home, provider="synthetic"))
    verbs.load(ws, ("BAD", "FULL"), start="2023-11-01", as_of=AS_OF)
    return ws


@faults
def test_gaps_of_all_names_the_damaged_dataset_and_lists_the_others(
    ws: Workspace, fault: Fault
) -> None:
    fault(ws)

    for every in (False, True):
        report = verbs.gaps(ws, all=every, as_of=AS_OF)

        assert {each.dataset.symbol: len(each.gaps) for each in report.datasets} == {
            "FULL": 0, "GOOD": 1,
        }  # fmt: skip
        (failed,) = report.failed
        assert failed.dataset == BAD
        assert failed.error.type == "ChunkCorrupt"
        assert "BAD" in failed.error.message
        assert "ml4t-data remove -s BAD" in spell(failed.error.hint, "ml4t-data")


@faults
def test_a_damaged_dataset_is_named_as_such_in_words_pages_and_documents(
    ws: Workspace, fault: Fault
) -> None:
    fault(ws)
    report = verbs.gaps(ws, as_of=AS_OF)

    words, page, document = (
        report_text(report),
        report_html(report),
        json.loads(report_json(report)),
    )

    assert "❌ equities/daily/BAD: " in words
    assert "   → restore it from a backup" in words
    assert "2024-02-27" in words
    assert words.count("no open gaps") == 1
    assert "✅ equities/daily/FULL (synthetic): no open gaps" in words
    assert "ml4t-icon-error" in page
    assert "</svg> equities/daily/BAD: " in page
    assert "restore it from a backup" in page
    assert document["datasets"] == ["equities/daily/FULL", "equities/daily/GOOD"]
    (failed,) = document["failed"]
    assert failed["dataset"] == "equities/daily/BAD"
    assert failed["error"]["type"] == "ChunkCorrupt"
    assert [gap["dataset"] for gap in document["gaps"]] == ["equities/daily/GOOD"]
    assert report_rows(report).count("\n") == 1


@faults
def test_the_shell_says_that_not_all_gaps_are_known(
    ws: Workspace, capsys: pytest.CaptureFixture[str], fault: Fault
) -> None:
    fault(ws)

    assert main(["gaps"]) == 1
    assert "❌ equities/daily/BAD: " in capsys.readouterr().out
    assert main(["gaps", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["failed"]) == 1
    assert main(["gaps", "-q"]) == 1
    told = capsys.readouterr()
    assert "GOOD" in told.out
    assert "equities/daily/BAD: " in told.err


def test_a_store_with_nothing_but_a_damaged_dataset_is_not_called_empty(ws: Workspace) -> None:
    verbs.remove(ws, ("GOOD", "FULL"), yes=True)
    chunk_cut(ws)

    words = report_text(verbs.gaps(ws, as_of=AS_OF))

    assert "❌ equities/daily/BAD: " in words
    assert "nothing is stored" not in words
    assert "no open gaps" not in words


@faults
def test_a_damaged_dataset_asked_for_by_name_is_an_error(ws: Workspace, fault: Fault) -> None:
    fault(ws)

    for every in (False, True):
        with pytest.raises(ChunkCorrupt, match="BAD") as caught:
            verbs.gaps(ws, "BAD", all=every, as_of=AS_OF)
        assert "ml4t-data remove -s BAD" in spell(caught.value.advice, "ml4t-data")
    with pytest.raises(ChunkCorrupt, match="BAD"):
        verbs.gaps(ws, "BAD", refetch=True, as_of=AS_OF)
    assert main(["gaps", "BAD"]) == 1


@faults
@pytest.mark.parametrize("words", ["gaps GOOD BAD", "gaps BAD GOOD", "gaps BAD GOOD --all"])
def test_a_damaged_dataset_named_beside_another_hides_none_of_its_gaps(
    ws: Workspace, capsys: pytest.CaptureFixture[str], fault: Fault, words: str
) -> None:
    fault(ws)

    assert main(words.split()) == 1

    told = capsys.readouterr()
    assert "2024-02-27" in told.out
    assert "❌ equities/daily/BAD: " in told.out
    assert "ml4t-data remove -s BAD" in told.out


def test_gaps_of_a_dataset_named_beside_a_damaged_one_are_repaired(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    chunk_lost(ws)

    assert main(["gaps", "GOOD", "BAD", "--refetch"]) == 1

    assert "BAD" in capsys.readouterr().out
    (good,) = verbs.gaps(ws, "GOOD", as_of=AS_OF).datasets
    assert good.gaps == ()


def manifest_lost(ws: Workspace) -> None:
    verbs.update(ws, "BAD", as_of=AS_OF)
    (path,) = (ws.store.home / "state/equities/daily/BAD").glob("m.*.json")
    path.unlink()


def state_lost(ws: Workspace) -> None:
    shutil.rmtree(ws.store.home / "state/equities/daily/BAD")


def all_state_lost(ws: Workspace) -> None:
    shutil.rmtree(ws.store.home / "state")


@pytest.mark.parametrize("is_known", [True, False], ids=["catalogue", "no-catalogue"])
@pytest.mark.parametrize("fault", [manifest_cut, manifest_lost, state_lost, all_state_lost])
def test_a_dataset_does_not_vanish_with_its_manifest(
    ws: Workspace,
    capsys: pytest.CaptureFixture[str],
    fault: Fault,
    is_known: bool,  # noqa: FBT001  # by its name
) -> None:
    ws.store.summaries()
    fault(ws)
    if not is_known:
        (ws.store.home / "catalogue.db").unlink()

    assert main(["health"]) == 1
    assert "BAD: the manifest " in capsys.readouterr().out
    assert main(["list"]) == 0
    assert "equities/daily/BAD" in capsys.readouterr().out
    assert main(["update"]) == 1
    assert "BAD" in capsys.readouterr().out

    assert main(["remove", "BAD", "--yes"]) == 0
    assert "equities/daily/BAD removed: number of bars unknown" in capsys.readouterr().out
    assert not (ws.store.home / "data/equities/daily/BAD").exists()
    assert main(["load", "BAD", "-q", "-p", "synthetic", "--start", "2023-11-01"]) == 0
    assert BAD in {each.dataset for each in verbs.health(ws, as_of=AS_OF).datasets
                   if each.state == "healthy"}  # fmt: skip


def test_bars_whose_manifests_of_several_commits_are_gone_are_not_loaded_over(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    verbs.update(ws, "BAD", as_of=LATER)
    state_lost(ws)

    assert main(["load", "BAD", "-p", "synthetic", "--start", "2023-11-01"]) == 1
    assert "the manifest of equities/daily/BAD is missing" in capsys.readouterr().err
    assert main(["export", "BAD"]) == 1
    assert [*(ws.store.home / "data/equities/daily/BAD").glob("*.00000002.*")] != []


@pytest.mark.parametrize(
    "name", ["copy.parquet", "2024-01-02.parquet", "old/bars.parquet",
             "2024-03-15.00000009.abcdef.parquet"]
)  # fmt: skip
def test_a_parquet_file_of_others_among_the_bars_is_named_by_health_until_it_is_gone(
    ws: Workspace, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    own = verbs.files(ws, "BAD")[0]
    strange = own.parent / name
    strange.parent.mkdir(exist_ok=True)
    shutil.copy(own, strange)

    assert main(["health"]) == 1
    told = capsys.readouterr().out
    assert f"{strange} is not part of this dataset" in told
    assert f"move it out of the folder {strange.parent}" in told
    assert main(["update", "BAD", "-q"]) == 0
    assert main(["health", "-q"]) == 1
    strange.unlink()
    assert main(["health"]) == 0


def test_files_of_a_writer_at_work_are_not_those_of_others(ws: Workspace) -> None:
    own = verbs.files(ws, "BAD")[0]
    shutil.copy(own, own.with_name("2024-01-02.00000002.abcdef.parquet"))

    assert {each.state for each in verbs.health(ws, "BAD", as_of=AS_OF).datasets} == {"healthy"}


@faults
def test_gaps_of_all_are_repaired_but_those_of_a_damaged_dataset(
    ws: Workspace, capsys: pytest.CaptureFixture[str], fault: Fault
) -> None:
    fault(ws)

    report = verbs.gaps(ws, refetch=True, as_of=AS_OF)

    assert report.run is not None
    assert {each.dataset.symbol: each.record.outcome for each in report.run.results} == {
        "BAD": "failed", "FULL": "unchanged", "GOOD": "changed",
    }  # fmt: skip
    (error,) = [each.record.error for each in report.run.results if each.record.error]
    assert error.type == "ChunkCorrupt"
    assert [each.dataset.symbol for each in report.datasets] == ["FULL", "GOOD"]
    assert report_text(report).count("restore it from a backup") == 1
    assert report_text(report).count("✅ equities/daily/FULL (synthetic): no gaps") == 1
    assert "BAD (synthetic): no" not in report_text(report)
    assert report.failed == ()
    assert main(["gaps", "--refetch"]) == 1
    assert "BAD" in capsys.readouterr().out


def test_repair_the_gaps_of_sound_datasets_without_any_is_still_an_error(ws: Workspace) -> None:
    verbs.gaps(ws, refetch=True, as_of=AS_OF)

    with pytest.raises(OptionError, match="there is no gap"):
        verbs.gaps(ws, refetch=True, as_of=AS_OF)


@faults
def test_no_other_verb_over_all_datasets_stops_at_a_damaged_one(
    ws: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path, fault: Fault
) -> None:
    fault(ws)

    judged = {each.dataset.symbol: each.state for each in verbs.health(ws, as_of=AS_OF).datasets}
    assert judged == {"BAD": "error", "FULL": "healthy", "GOOD": "incomplete"}
    for verify in (False, True):
        report = verbs.health(ws, verify=verify, sessions=5, verbose=True, as_of=AS_OF)
        assert [each.state for each in report.datasets] == ["error", "healthy", "incomplete"]
        report_text(report), report_html(report), report_json(report)
    damage = {each.dataset.symbol: bool(each.damage) for each in verbs.list_(ws).datasets}
    assert damage == {"BAD": True, "FULL": False, "GOOD": False}
    for status in (False, True):
        run = verbs.update(ws, show_status=status, as_of=LATER)
        outcomes = {each.dataset.symbol: each.record.outcome for each in run.results}
        assert outcomes.pop("BAD") == "failed"
        assert "failed" not in outcomes.values()
        report_text(run), report_html(run), report_json(run)
    assert main(["list"]) == 0
    assert "BAD" in capsys.readouterr().out
    assert main(["health"]) == 1
    assert main(["update", "--as-of", LATER]) == 1
    assert len(verbs.bars(ws, "GOOD")) == len(verbs.bars(ws, "FULL"))
    assert verbs.export(ws, "GOOD", out=tmp_path / "good.csv").out is not None
    assert verbs.plot(ws, "GOOD").dataset == GOOD


def test_a_damage_that_only_a_checksum_shows_stops_its_own_repair_alone(ws: Workspace) -> None:
    path = verbs.files(ws, "GOOD")[-1]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    report = verbs.gaps(ws, refetch=True, as_of=AS_OF)

    assert report.run is not None
    assert {each.dataset.symbol: each.record.outcome for each in report.run.results} == {
        "BAD": "unchanged", "FULL": "unchanged", "GOOD": "failed",
    }  # fmt: skip


def test_a_disk_that_is_gone_is_to_be_mounted_by_gaps_too(ws: Workspace) -> None:
    (ws.store.home / "data").rename(ws.store.home / "away")

    report = verbs.gaps(ws, as_of=AS_OF)

    assert report.datasets == ()
    assert len(report.failed) == 3
    assert all("mount its disk" in in_words(each.error.hint) for each in report.failed)


def test_a_dataset_removed_by_hand_is_not_a_failure(ws: Workspace) -> None:
    for path in (ws.store.home / "data/equities/daily/BAD").iterdir():
        path.unlink()
    (ws.store.home / "data/equities/daily/BAD").rmdir()

    report = verbs.gaps(ws, as_of=AS_OF)

    assert [each.dataset.symbol for each in report.datasets] == ["FULL", "GOOD"]
    assert report.failed == ()
    with pytest.raises(DatasetNotFound):
        verbs.gaps(ws, "BAD", as_of=AS_OF)


def test_a_range_is_removed_as_of_no_day_before_the_last_update(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    before = verbs.bars(ws, "GOOD")

    with pytest.raises(Overtaken) as caught:
        verbs.remove(ws, "GOOD", end="2023-12-31", yes=True, as_of="2024-03-14")
    assert main(["remove", "GOOD", "--start", "2024-03-01", "--yes", "--as-of", "2024-03-14"]) == 1

    assert "an as-of never moves backwards" in caught.value.hint
    assert "an as-of never moves backwards" in capsys.readouterr().err
    assert verbs.bars(ws, "GOOD").equals(before)
    verbs.remove(ws, "GOOD", start="2024-03-15", yes=True, as_of=AS_OF)
    assert len(verbs.bars(ws, "GOOD")) == len(before) - 1
    verbs.remove(ws, "GOOD", yes=True, as_of="2024-03-14")


def test_the_hint_about_a_damaged_chunk_can_be_typed(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = verbs.bars(ws, "BAD")
    path = verbs.files(ws, "BAD")[0]
    path.write_bytes(path.read_bytes()[:-9])

    assert main(["remove", "BAD", "--end", "2023-11-30", "--yes"]) == 1
    hint = capsys.readouterr().err.strip().rstrip(")").rsplit("ml4t-data ", maxsplit=1)[1]
    assert hint == "remove -s BAD --start 2023-11-01 --end 2023-12-29 --yes"
    assert main(hint.split()) == 0

    assert verbs.bars(ws, "BAD").equals(whole["2024":])
    verbs.load(ws, "BAD", start="2023-11-01", as_of=AS_OF)
    assert verbs.bars(ws, "BAD").equals(whole)
