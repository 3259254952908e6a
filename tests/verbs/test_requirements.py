"""What a reader may require of bars: the error names those that are not so, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.commands.exit_codes import FAILED
from ml4t_nb.errors import BarsDoubtful
from ml4t_nb.finding import Decision
from ml4t_nb.model import DatasetId, Requirement, Span
from ml4t_nb.records import UpdateRecord
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.workspace import Workspace

# Wednesday and Thursday are missing, and the Monday after is filled.
HOLES = "2024-01-10/2024-01-12,2024-01-22/2024-01-23"
DEMO = DatasetId("equities", "daily", "DEMO")
AS_OF = "2024-02-29"


def loaded(home: Path, **settings: Any) -> Workspace:  # noqa: ANN401
    ws = Workspace.open(Settings(home=home, provider="synthetic", **settings))
    verbs.load(ws, "DEMO", start="2024-01-02", as_of=AS_OF)
    return ws


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = loaded(tmp_path, synthetic_holes=HOLES)
    verbs.gaps(ws, "DEMO", start="2024-01-22", end="2024-01-22", refill="forward", as_of=AS_OF)
    return ws


@pytest.fixture
def spiked(tmp_path: Path) -> Workspace:
    """A close ten times too high on 2004-06-15, which the provider ``files`` has."""
    ws = Workspace.open(Settings(home=tmp_path / "store", files=tmp_path / "files"))
    verbs.load(ws, "IBM", provider="sample", start="2004-01-02", as_of="2004-12-31")
    table: Any = verbs.bars(ws, "IBM")[["open", "high", "low", "close", "volume"]]
    table.loc["2004-06-15", "close"] *= 10
    table.insert(0, "date", [f"{stamp:%Y-%m-%d}" for stamp in table.index])
    (tmp_path / "files").mkdir()
    table.to_csv(tmp_path / "files" / "IBM.csv", index=False)
    verbs.remove(ws, "IBM", yes=True)
    verbs.load(ws, "IBM", provider="files", as_of="2004-12-31")
    return ws


def doubts(
    ws: Workspace,
    symbol: str = "DEMO",
    *,
    require: Requirement = "observed",
    **options: Any,  # noqa: ANN401
) -> dict[str, list[str]]:
    """What the error names, by kind; nothing if there is none."""
    try:
        verbs.bars(ws, symbol, require=require, **options)
    except BarsDoubtful as error:
        return {why: [f"{at:%m-%d}" for at in stamps] for why, stamps in error.doubts.items()}
    return {}


def changed(ws: Workspace, dataset: DatasetId, change: Callable[[Manifest], Manifest]) -> None:
    with ws.store.transaction(dataset) as tx:
        assert tx.manifest is not None
        record = UpdateRecord(datetime(2024, 3, 1, tzinfo=UTC), "review", "files", "changed")
        tx.commit(change(tx.manifest), record)


def test_missing_and_filled_bars_are_named(ws: Workspace) -> None:
    with pytest.raises(BarsDoubtful) as caught:
        verbs.bars(ws, "DEMO", require="observed")

    assert caught.value.message == (
        "equities/daily/DEMO is not observed throughout: "
        "2 missing (2024-01-10, 2024-01-11), 1 filled (2024-01-22)"
    )
    assert 'gaps("DEMO", all=True)' in caught.value.hint
    # None of them is a finding.
    assert len(verbs.bars(ws, "DEMO", require="clean")) == len(verbs.bars(ws, "DEMO"))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-01-02", "2024-01-09", {}),
        ("2024-01-11", "2024-01-19", {"missing": ["01-11"]}),
        ("2024-01-10", "2024-01-10", {"missing": ["01-10"]}),
        ("2024-01-12", "2024-01-22", {"filled": ["01-22"]}),
        ("2024-01-23", None, {}),
        # Neither before the first bar nor after the last one is a gap.
        ("2023-12-01", "2024-01-05", {}),
        ("2024-02-20", "2024-12-31", {}),
    ],
)
def test_only_the_range_counts(
    ws: Workspace, start: str, end: str | None, expected: dict[str, list[str]]
) -> None:
    assert doubts(ws, start=start, end=end) == expected


def test_filled_bars_that_are_left_out_are_lacking_all_the_same(ws: Workspace) -> None:
    assert doubts(ws, start="2024-01-12", filled=False) == {"filled": ["01-22"]}


def test_no_bar_of_a_closed_gap_is_missing(ws: Workspace) -> None:
    verbs.gaps(ws, "DEMO", start="2024-01-10", end="2024-01-11", close="a storm", as_of=AS_OF)

    assert doubts(ws, end="2024-01-19") == {}


def test_bars_that_a_person_rejected_are_named_as_that(ws: Workspace) -> None:
    def rejected(manifest: Manifest) -> Manifest:
        first, *rest = manifest.gaps
        return replace(manifest, gaps=(replace(first, state="rejected"), *rest))

    changed(ws, DEMO, rejected)

    assert doubts(ws, end="2024-01-19") == {"rejected": ["01-10", "01-11"]}


def test_a_gap_of_minutes_reaches_over_the_night_and_names_its_own_bars(tmp_path: Path) -> None:
    # From an hour before Wednesday's close, at 16:00 in New York, to an hour after the open.
    hole = (Span(datetime(2024, 1, 10, 20, tzinfo=UTC), datetime(2024, 1, 11, 15, 30, tzinfo=UTC)),)
    ws = Workspace.open(Settings(home=tmp_path, provider="synthetic", synthetic_holes=hole))
    verbs.load(ws, "DEMO", frequency="30m", start="2024-01-08", as_of="2024-01-16")

    with pytest.raises(BarsDoubtful, match="4 missing \\(2024-01-10 20:00 UTC, ") as caught:
        verbs.bars(ws, "DEMO", require="observed")

    stamps = [f"{at:%d %H:%M}" for at in caught.value.doubts["missing"]]
    assert stamps == ["10 20:00", "10 20:30", "11 14:30", "11 15:00"]
    assert doubts(ws, start="2024-01-11")["missing"] == ["01-11", "01-11"]


@pytest.mark.parametrize("require", ["observed", "clean"])
def test_a_suspect_bar_is_neither_observed_nor_clean(
    spiked: Workspace, require: Requirement
) -> None:
    with pytest.raises(BarsDoubtful) as caught:
        verbs.bars(spiked, "IBM", require=require)
    assert caught.value.hint == 'ml4t_nb.review("IBM") lists the findings, to be decided'
    assert doubts(spiked, "IBM", require=require) == {"suspect": ["06-15"]}
    assert doubts(spiked, "IBM", require=require, start="2004-06-16") == {}
    assert doubts(spiked, "IBM", require=require, end="2004-06-14") == {}


def test_what_a_person_accepted_is_clean(spiked: Workspace) -> None:
    decision = Decision(datetime(2024, 3, 1, tzinfo=UTC), "review", "it was so")

    def accepted(manifest: Manifest) -> Manifest:
        each_of = (replace(each, state="accepted", decision=decision) for each in manifest.findings)
        return replace(manifest, findings=tuple(each_of))

    changed(spiked, DatasetId("equities", "daily", "IBM"), accepted)

    assert doubts(spiked, "IBM", require="observed") == {}


def test_a_row_without_a_date_may_belong_to_any_range(spiked: Workspace) -> None:
    def undated(manifest: Manifest) -> Manifest:
        (first,) = [each for each in manifest.findings if each.rule == "spike"]
        return replace(manifest, findings=(replace(first, stamp=None, rule="nan"),))

    changed(spiked, DatasetId("equities", "daily", "IBM"), undated)

    with pytest.raises(BarsDoubtful, match="is not clean: 1 row without a date"):
        verbs.bars(spiked, "IBM", start="2004-10-01", require="clean")


def test_each_bar_of_a_stretch_is_suspect(spiked: Workspace) -> None:
    def longer(manifest: Manifest) -> Manifest:
        (first,) = [each for each in manifest.findings if each.rule == "spike"]
        end = datetime(2004, 6, 17, tzinfo=UTC)
        return replace(manifest, findings=(replace(first, end=end, rule="frozen"),))

    changed(spiked, DatasetId("equities", "daily", "IBM"), longer)

    found = doubts(spiked, "IBM", start="2004-06-16", require="clean")
    assert found == {"suspect": ["06-16", "06-17"]}


def test_the_shell_ends_with_an_error_and_writes_nothing(
    spiked: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, out = str(spiked.settings.home), tmp_path / "ibm.csv"

    words = ["export", "IBM", "--require", "clean", "--home", home]

    assert main([*words, "--out", str(out)]) == FAILED
    assert "equities/daily/IBM is not clean: 1 suspect (2004-06-15)" in capsys.readouterr().err
    assert not out.exists()
    assert main([*words, "--start", "2004-07-01", "--json"]) == 0
    (written,) = json.loads(capsys.readouterr().out)["datasets"]
    assert written["rows"] == 128
