"""The command that measures runs, and computes what it says it does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.bars import made
from benchmarks.door.contents import KEPT, bars_of, contents
from benchmarks.series import Book
from benchmarks.targets import judged


def test_the_command_measures_our_own_store_and_writes_both_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "measured.json"
    words = ["--quick", "--alone", "--rounds", "1", "--only", "daily", "--work", str(tmp_path)]

    assert main([*words, "--out", str(out)]) == 0

    measured = json.loads(out.read_text(encoding="utf-8"))["measured"]
    assert {(each["workload"], each["of"]) for each in measured} == {
        (f"daily {workload}{clock}", who)
        for workload in ("load", "append", "overlap", "read", "range")
        for clock in ("", ", processor")
        for who in ("ml4t_nb", "limit")
    }
    assert all(each["unit"] == "ms" and each["best"] <= each["rounds"][0] for each in measured)
    text = capsys.readouterr().out
    assert "ml4t_nb / limit" in text
    assert "daily append / limit" in text
    assert [path.name for path in tmp_path.iterdir()] == ["measured.json"]


@pytest.mark.slow
def test_the_door_is_measured_among_few_and_many(tmp_path: Path) -> None:
    out = tmp_path / "measured.json"
    words = ["--quick", "--alone", "--rounds", "1", "--only", "door", "--work", str(tmp_path)]

    assert main([*words, "--cache", str(tmp_path / "cache"), "--out", str(out)]) == 0

    measured = json.loads(out.read_text(encoding="utf-8"))["measured"]
    told = {each["workload"] for each in measured if each["of"] == "ml4t_nb"}
    assert {
        f"{what}, among {size}"
        for what in ("one", "one with 100 records", "a month", "list", "health", "update of one")
        for size in ("20", "20,000")
    } <= told
    assert {"one, among 20,000, fresh process", "one, among 20,000, processor"} <= told


def test_a_store_of_the_door_has_as_many_datasets_as_it_says() -> None:
    held = contents(20_000, 1.0)

    assert (len(held.long), len(held.updated), len(held.short)) == (500, 500, 18_999)
    assert len({*held.read, *held.updated}) == 20_000


def test_no_two_neighbours_of_the_door_have_the_same_bars() -> None:
    first, second, kept = (bars_of(name, 1.0) for name in ("L0000", "L0001", KEPT))

    assert len(first) == len(second) == len(kept) == 5_040
    assert len(bars_of("S00001", 1.0)) == 252
    assert (first.numbers["close"] < second.numbers["close"]).all()
    assert np.array_equal(first.stamps, second.stamps)


def test_ratios_are_taken_within_each_round() -> None:
    book = Book()
    for ours, theirs in ((2.0, 1.0), (30.0, 10.0), (4.0, 4.0)):
        book.enter("minute load", "ml4t_nb", [ours], "ms")
        book.enter("minute load", "ArcticDB", [theirs], "ms")

    ratio = book.ratio(("minute load", "ml4t_nb"), ("minute load", "ArcticDB"))

    assert ratio is not None
    assert (ratio.middle, ratio.low, ratio.high) == (2.0, 1.0, 3.0)


def test_a_target_that_is_missed_says_by_how_much() -> None:
    book = Book()
    book.enter("minute bytes", "ml4t_nb", [4.2], "MB")
    book.enter("lock", "taken and given back", [0.8], "ms")
    book.enter("incremental, synthetic", "load", [40.0], "ms")
    book.enter("incremental, synthetic", "update", [8.0], "ms")

    verdicts = {each.target.text: each for each in judged(book)}

    assert verdicts["minute bytes"].is_met
    assert verdicts["lock / daily update, pipeline"].factor == pytest.approx(2.0)
    assert verdicts["full load / daily update, pipeline"].factor == pytest.approx(2.0)
    assert len(verdicts) == 3


@pytest.mark.parametrize(
    ("name", "count", "step"), [("daily", 5_040, 86_400), ("minute", 491_400, 60)]
)
def test_the_bars_are_increasing_and_priced_in_cents(name: str, count: int, step: int) -> None:
    bars = made(name).cut(0, count)

    assert np.diff(bars.stamps).min() == step * 1_000_000
    assert str(bars.stamps.view("M8[us]")[-1])[:10] == "2024-06-14"
    for column in ("open", "high", "low", "close"):
        line = bars.numbers[column]
        assert np.array_equal(line, np.round(line, 2))
        assert (line > 0).all()
    assert (bars.numbers["high"] >= bars.numbers["low"]).all()
    assert np.array_equal(bars.numbers["volume"], np.round(bars.numbers["volume"]))
