"""What was known of a dataset that was removed, or renamed, whatever is left of its versions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import DatasetNotFound, Ml4tError, VersionNotFound
from ml4t_nb.storage.names import manifest_name
from ml4t_nb.workspace import Workspace
from tests.verbs.two_names import Listed, bars_of, opened, two_names

RENAMED = "FB was renamed as of 2022-04-18 20:00 UTC"
QUERY = "SELECT symbol, max(timestamp)::DATE AS last FROM bars_daily GROUP BY symbol ORDER BY 1"


def keep(ws: Workspace, how: str) -> None:
    (ws.settings.home / "ml4t.toml").write_text(f'[retention]\nkeep = "{how}"\n', encoding="utf-8")


def drop_versions(ws: Workspace) -> None:
    """Let retention drop all that it may: a year has passed since."""
    for path in (ws.settings.home / "versions").rglob("*"):
        os.utime(path, (0, 0))
    keep(ws, "last 1")
    ws.sweep()


def listed(ws: Workspace) -> Listed:
    provider = ws.provider("listed")
    assert isinstance(provider, Listed)
    return provider


def asked(ws: Workspace, day: str, where: str = "") -> dict[str, str]:
    query = QUERY.replace("GROUP", f"{where} GROUP")
    table = verbs.sql(ws, query, known_on=day).table.to_pandas()
    return {symbol: f"{last:%m-%d}" for symbol, last in table.itertuples(index=False)}


@pytest.fixture
def renamed(tmp_path: Path) -> Workspace:
    """FB, renamed to META as of 2022-04-18; META is updated two days later."""
    ws = two_names(tmp_path / "home")
    verbs.rename(ws, ("FB", "META"), as_of="2022-04-18")
    verbs.update(ws, "META", as_of="2022-04-20")
    return ws


def test_a_rename_is_known_although_its_versions_are_gone(renamed: Workspace) -> None:
    verbs.pin(renamed, "paper", symbol="FB", known_on="2022-04-04")
    drop_versions(renamed)
    for day in ("2022-04-18", "2022-04-19", "2022-04-20", "2022-06-01"):
        with pytest.raises(VersionNotFound, match=RENAMED) as error:
            verbs.bars(renamed, "FB", known_on=day)
        assert error.value.hint == f"read META with known_on={day}"
    assert len(verbs.bars(renamed, "FB", known_on="2022-04-15")) == len(bars_of(last="2022-03-31"))


def test_a_rename_is_known_although_nothing_is_left_of_the_new_name(renamed: Workspace) -> None:
    verbs.remove(renamed, "META", forget=True, yes=True, as_of="2022-04-21")
    with pytest.raises(VersionNotFound, match=RENAMED):
        verbs.bars(renamed, "FB", known_on="2022-04-19")
    assert asked(renamed, "2022-04-15") == {"FB": "03-31"}
    assert asked(renamed, "2022-04-19") == {}


def test_the_old_name_of_another_share_is_not_that_of_before(renamed: Workspace) -> None:
    """Another company takes the name: between the rename and its first load, nobody has it."""
    listed(renamed).bars["FB"] = bars_of("2022-04-11")
    verbs.load(renamed, "FB", start="2022-04-11", as_of="2022-04-25")
    for day in ("2022-04-18", "2022-04-22"):
        with pytest.raises(VersionNotFound, match=RENAMED):
            verbs.bars(renamed, "FB", known_on=day)
    assert verbs.bars(renamed, "FB", known_on="2022-04-15").index[0] == pd.Timestamp(
        "2022-02-22", tz="UTC"
    )
    assert verbs.bars(renamed, "FB", known_on="2022-04-25").index[0] == pd.Timestamp(
        "2022-04-11", tz="UTC"
    )

    # So it is where retention has dropped all of before.
    verbs.update(renamed, "FB", as_of="2022-04-26")
    drop_versions(renamed)
    with pytest.raises(VersionNotFound, match=RENAMED):
        verbs.bars(renamed, "FB", known_on="2022-04-22")
    with pytest.raises(VersionNotFound, match="cannot be read any more: version 1 is gone"):
        verbs.bars(renamed, "FB", known_on="2022-04-15")
    with pytest.raises(VersionNotFound, match="nothing was known of equities/daily/FB"):
        verbs.bars(renamed, "FB", known_on="2022-03-15")


def test_of_a_rename_of_unknown_time_no_later_day_is_read(renamed: Workspace) -> None:
    """A version before this one did not say when: and the new name's versions of then are gone."""
    blank_mark(renamed, "FB", 2)
    verbs.pin(renamed, "paper", symbol="FB", known_on="2022-04-04")
    drop_versions(renamed)

    for day in ("2022-04-04", "2022-04-15", "2022-04-19"):
        with pytest.raises(VersionNotFound, match="FB was renamed to META is not known any") as e:
            verbs.bars(renamed, "FB", known_on=day)
        assert e.value.hint == f"read META with known_on={day}, or FB with version=1"
    with pytest.raises(VersionNotFound, match="FB was renamed by 2022-04-20 20:30 UTC"):
        verbs.bars(renamed, "FB", known_on="2022-04-20")
    assert len(verbs.bars(renamed, "FB", known_on="2022-04-01")) == len(bars_of(last="2022-03-31"))


def blank_mark(ws: Workspace, symbol: str, number: int) -> None:
    """As earlier versions marked a removal."""
    from ml4t_nb.storage.manifest_file import encode_manifest

    name = manifest_name(number)
    (ws.settings.home / "state/equities/daily" / symbol / name).write_bytes(encode_manifest(None))


@pytest.fixture
def removed(tmp_path: Path) -> Workspace:
    """FB and META, loaded; FB is removed as of 2022-04-20."""
    ws = two_names(tmp_path / "home")
    listed(ws).bars["AAPL"] = bars_of()
    verbs.remove(ws, "FB", yes=True, as_of="2022-04-20")
    return ws


def test_after_its_removal_nothing_of_a_dataset_was_known(removed: Workspace) -> None:
    assert asked(removed, "2022-04-19") == {"FB": "03-31", "META": "04-14"}
    assert asked(removed, "2022-04-20") == {"META": "04-14"}
    with pytest.raises(VersionNotFound, match="FB was removed as of 2022-04-20 20:30 UTC") as error:
        verbs.bars(removed, "FB", known_on="2022-04-21")
    assert error.value.hint == "its last version: version=1"
    assert len(verbs.bars(removed, "FB", version=1)) == len(bars_of(last="2022-03-31"))


def test_so_it_is_between_a_removal_and_the_next_load(removed: Workspace) -> None:
    verbs.load(removed, "FB", as_of="2022-04-22")
    assert asked(removed, "2022-04-21") == {"META": "04-14"}
    assert asked(removed, "2022-04-22") == {"FB": "03-31", "META": "04-14"}
    drop_versions(removed)
    assert asked(removed, "2022-04-21") == {"META": "04-14"}
    with pytest.raises(Ml4tError, match="FB then cannot be read any more: version 1 is gone"):
        asked(removed, "2022-04-19")


def test_a_removed_dataset_whose_versions_are_gone_is_named_by_whatever_reads_all(
    removed: Workspace,
) -> None:
    drop_versions(removed)
    message = "what was known of equities/daily/FB then cannot be read any more: version 1 is gone"
    for read in (
        lambda: asked(removed, "2022-04-19"),
        lambda: asked(removed, "2022-04-19", "WHERE symbol = 'FB'"),
        lambda: verbs.sql(removed, "SELECT * FROM datasets", known_on="2022-04-19"),
        lambda: verbs.bars(removed, "FB", known_on="2022-04-19"),
        lambda: verbs.pin(removed, "then", known_on="2022-04-19"),
    ):
        with pytest.raises(Ml4tError, match=message):
            read()
    # Where it is not asked for, and where it was not stored yet or no more, all is known.
    assert asked(removed, "2022-04-19", "WHERE symbol = 'META'") == {"META": "04-14"}
    assert asked(removed, "2022-03-31") == {}
    assert asked(removed, "2022-04-21") == {"META": "04-14"}
    assert asked(removed, "2022-04-21", "WHERE symbol = 'FB'") == {}


def test_what_is_gone_is_no_fault_of_a_symbol_that_was_never_stored(removed: Workspace) -> None:
    drop_versions(removed)
    with pytest.raises(DatasetNotFound, match="No existing data found for 'NOPE'"):
        verbs.bars(removed, "NOPE", known_on="2022-04-19")


def test_so_it_is_where_nothing_is_left_of_any_dataset(removed: Workspace) -> None:
    verbs.remove(removed, "META", yes=True, as_of="2022-04-21")
    drop_versions(removed)
    with pytest.raises(Ml4tError, match="cannot be read any more: version 1 is gone"):
        asked(removed, "2022-04-19")
    assert asked(removed, "2022-04-22") == {}


def test_what_was_forgotten_is_as_if_it_had_never_been_stored(removed: Workspace) -> None:
    verbs.load(removed, "AAPL", as_of="2022-04-14")
    for symbol in ("FB", "META"):
        verbs.remove(removed, symbol, forget=True, yes=True, as_of="2022-04-21")
        with pytest.raises(DatasetNotFound):
            verbs.bars(removed, symbol, known_on="2022-04-19")
        left = (removed.settings.home / "state/equities/daily" / symbol).iterdir()
        assert sorted(each.name for each in left) == ["lock", manifest_name(3)]
    assert asked(opened(removed.settings.home), "2022-04-19") == {"AAPL": "04-14"}
    # A second time there is nothing to forget.
    with pytest.raises(DatasetNotFound):
        verbs.remove(removed, "FB", forget=True, yes=True, as_of="2022-04-22")


@pytest.mark.parametrize("as_of", ["2022-03-15", "2022-03-31T12:00+00:00"])
def test_a_removal_is_never_as_of_a_time_before_what_it_removes(
    tmp_path: Path,
    as_of: Any,  # noqa: ANN401
) -> None:
    ws = two_names(tmp_path / "home")
    verbs.remove(ws, "FB", yes=True, as_of=as_of)
    with pytest.raises(VersionNotFound, match="FB was removed as of 2022-04-01 20:30 UTC"):
        verbs.bars(ws, "FB", known_on="2022-04-04")
