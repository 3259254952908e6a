"""Versions of a share that was renamed: before the rename by the old name, after it by the new."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import Overtaken, VersionNotFound
from ml4t_nb.workspace import Workspace
from tests.verbs.two_names import Listed, bars_of, manifest, two_names


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """FB of 2022-04-01 and META of 2022-04-14, pinned, and renamed as of 2022-04-18."""
    found = two_names(tmp_path / "home")
    verbs.pin(found, "before")
    verbs.rename(found, ("FB", "META"), as_of="2022-04-18")
    verbs.pin(found, "after")
    return found


def days_of(bars: pd.DataFrame) -> tuple[str, str]:
    return f"{bars.index[0]:%m-%d}", f"{bars.index[-1]:%m-%d}"


def test_a_rename_can_be_read_before_and_after(ws: Workspace) -> None:
    whole, meta, fb = ("02-22", "04-14"), ("03-25", "04-14"), ("02-22", "03-31")
    assert days_of(verbs.bars(ws, "META", version=2)) == whole
    assert days_of(verbs.bars(ws, "META", version=1)) == meta
    assert days_of(verbs.bars(ws, "FB", version=1)) == fb
    assert days_of(verbs.bars(ws, "META", known_on="2022-04-18")) == whole
    assert days_of(verbs.bars(ws, "META", known_on="2022-04-15")) == meta
    assert days_of(verbs.bars(ws, "FB", known_on="2022-04-15")) == fb
    assert days_of(verbs.bars(ws, "FB", pin="before")) == fb
    assert days_of(verbs.bars(ws, "META", pin="before")) == meta
    assert days_of(verbs.bars(ws, "META", pin="after")) == whole


def test_what_was_known_under_the_old_name_is_named_with_it(
    ws: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(VersionNotFound, match="nothing was known of equities/daily/META") as error:
        verbs.bars(ws, "META", known_on="2022-04-04")
    assert error.value.hint == (
        "it was stored as equities/daily/FB then: read FB with known_on=2022-04-04"
    )
    assert days_of(verbs.bars(ws, "FB", known_on="2022-04-04")) == ("02-22", "03-31")

    # Before anything was known, no other name helps.
    with pytest.raises(VersionNotFound) as error:
        verbs.bars(ws, "META", known_on="2022-03-01")
    assert error.value.hint == "the earliest there is: known_on=2022-04-14"

    line = ["export", "META", "--known-on", "2022-04-04", "--home", f"{ws.settings.home}"]
    assert main(line) == 1
    assert "read FB with known_on=2022-04-04" in capsys.readouterr().err


def test_after_the_rename_the_old_name_gives_none_of_its_bars_of_before(ws: Workspace) -> None:
    with pytest.raises(VersionNotFound, match="FB was renamed as of 2022-04-18 20:00 UTC") as error:
        verbs.bars(ws, "FB", known_on="2022-04-19")
    assert error.value.hint == "read META with known_on=2022-04-19"


def test_so_it_is_if_the_new_name_is_removed_later(ws: Workspace) -> None:
    verbs.remove(ws, "META", yes=True)
    with pytest.raises(VersionNotFound, match="FB was renamed as of 2022-04-18 20:00 UTC"):
        verbs.bars(ws, "FB", known_on="2022-04-19")
    assert days_of(verbs.bars(ws, "FB", known_on="2022-04-15")) == ("02-22", "03-31")
    assert days_of(verbs.bars(ws, "META", known_on="2022-04-19")) == ("02-22", "04-14")


def test_the_new_names_versions_are_not_taken_for_those_of_the_old_name(tmp_path: Path) -> None:
    """Of the old name nothing is left: numbers, and what was known then, are not the new one's."""
    ws = two_names(tmp_path / "home")
    verbs.rename(ws, ("FB", "META"), as_of="2022-04-18")
    verbs.pin(ws, "after")
    verbs.remove(ws, "FB", forget=True, yes=True)
    out = tmp_path / "then.parquet"

    ways: list[Any] = [verbs.bars, verbs.files, partial(verbs.export, out=out)]
    for then in ({"version": 1}, {"version": 2}, {"known_on": "2022-04-15"}, {"pin": "after"}):
        for read in ways:
            with pytest.raises(
                VersionNotFound, match="no version of equities/daily/FB is left"
            ) as e:
                read(ws, "FB", **then)
            assert e.value.hint == "read META with these options"
    assert not out.exists()
    assert days_of(verbs.bars(ws, "META", version=1)) == ("03-25", "04-14")
    # Of today, the old name still means the new one.
    assert days_of(verbs.bars(ws, "FB")) == ("02-22", "04-14")


def test_a_pin_of_the_other_name_is_named(tmp_path: Path) -> None:
    ws = two_names(tmp_path / "home")
    verbs.pin(ws, "fb", symbol="FB")
    verbs.rename(ws, ("FB", "META"), as_of="2022-04-18")
    verbs.pin(ws, "meta")

    with pytest.raises(
        VersionNotFound, match="has no version of equities/daily/META, but"
    ) as error:
        verbs.bars(ws, "META", pin="fb")
    assert error.value.hint == "read FB with pin=fb"
    with pytest.raises(VersionNotFound, match="no version of equities/daily/FB, but one") as error:
        verbs.bars(ws, "FB", pin="meta")
    assert error.value.hint == "read META with pin=meta"


def test_a_chain_of_names_is_followed(ws: Workspace) -> None:
    provider = ws.provider("listed")
    assert isinstance(provider, Listed)
    provider.bars = {"XYZ": bars_of("2022-04-07")}
    verbs.load(ws, "XYZ", as_of="2022-04-20")
    verbs.rename(ws, ("META", "XYZ"), on="2022-04-11", as_of="2022-04-21")

    for day, name in (("2022-04-19", "META"), ("2022-04-04", "FB")):
        with pytest.raises(VersionNotFound) as error:
            verbs.bars(ws, "XYZ", known_on=day)
        assert f"read {name} with known_on={day}" in f"{error.value.hint}"
        verbs.bars(ws, name, known_on=day)


def test_a_rename_as_of_a_time_before_the_bars_is_refused(tmp_path: Path) -> None:
    """Its commit would bring to that day what was known later."""
    ws = two_names(tmp_path / "home")

    with pytest.raises(Overtaken, match="META was updated as of 2022-04-14 20:30 UTC, later than"):
        verbs.rename(ws, ("FB", "META"), as_of="2022-04-05")

    assert manifest(ws, "META").former_names == ()
