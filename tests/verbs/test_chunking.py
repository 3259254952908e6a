"""How many files a dataset has, as `--chunk` asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import ml4t_nb
from ml4t_nb.cli import main
from ml4t_nb.storage.store import Store

LOAD = "load IBM -q -p sample --start 2004-01-02 --as-of 2004-06-30"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ML4T_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def firsts() -> list[str]:
    """First date of each file."""
    return [path.name[:10] for path in ml4t_nb.files("IBM")]


MONTHS = ["2004-01-02", "2004-02-02", "2004-03-01", "2004-04-01", "2004-05-03", "2004-06-01"]


def test_a_period_that_was_named_has_one_file_each_after_updates_and_removals_too() -> None:
    assert main([*LOAD.split(), "--chunk", "monthly"]) == 0
    assert firsts() == MONTHS

    assert main(["update", "-q", "--as-of", "2004-07-02"]) == 0
    assert firsts() == [*MONTHS, "2004-07-01"]
    assert main(["load", "IBM", "-q", "-p", "sample", "--start", "2003-12-15",
                 "--as-of", "2004-07-02"]) == 0  # fmt: skip
    assert firsts() == ["2003-12-15", *MONTHS, "2004-07-01"]
    assert (
        main(["remove", "IBM", "-q", "--end", "2004-03-15", "--as-of", "2004-07-02", "--yes"]) == 0
    )
    assert firsts() == ["2004-03-16", *MONTHS[3:], "2004-07-01"]


@pytest.mark.parametrize(("chunk", "files"), [("weekly", 27), ("quarterly", 2), ("yearly", 1)])
def test_every_period_has_a_file_of_its_own(chunk: str, files: int) -> None:
    """2004-01-02, a Friday, is of the week of 2003-12-29; the 27th week begins on 2004-06-28."""
    assert main([*LOAD.split(), "--chunk", chunk]) == 0

    assert len(firsts()) == files


def test_small_periods_share_a_file_where_none_was_named() -> None:
    assert main([*LOAD.replace("2004-01-02", "2000-03-01").split()]) == 0
    assert firsts() == ["2000-03-01", "2004-01-02"]

    for chunk in ("yearly", "monthly"):
        assert main([*LOAD.split(), "--chunk", chunk]) == 2
    assert main([*LOAD.split(), "--chunk", "auto"]) == 0


def test_what_was_named_once_is_not_renamed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*LOAD.split(), "--chunk", "monthly"]) == 0
    capsys.readouterr()

    for chunk in ("auto", "weekly"):
        assert main([*LOAD.split(), "--chunk", chunk]) != 0
        assert "stored in monthly chunks" in capsys.readouterr().err
    assert main([*LOAD.split(), "--chunk", "monthly"]) == 0


def test_minutes_that_share_monthly_files_stay_so_where_auto_means_weeks(home: Path) -> None:
    load = "load DEMO -q -p synthetic -f 1m --start 2024-01-22 --as-of 2024-02-16"
    assert main([*load.split(), "--chunk", "auto"]) == 0
    days = [path.name[:10] for path in ml4t_nb.files("DEMO")]
    # Three closed weeks of 390 minutes a session, and that of the as-of.
    assert days == ["2024-01-22", "2024-02-12"]
    store = Store(home)
    (dataset,) = store.datasets()
    with store.transaction(dataset) as tx:
        state = tx.manifest
        assert state is not None
        monthly = replace(state.config, period="monthly")
        tx.commit(replace(state, config=monthly), state.recent[-1])

    assert main([*load.split(), "--chunk", "auto"]) == 0

    assert store.snapshot(dataset).manifest.config.period == "monthly"
    assert main([*load.split(), "--chunk", "weekly"]) == 2
