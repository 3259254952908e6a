"""Versions after an earlier state was restored from a backup beside those of later commits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb import verbs
from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import VersionNotFound
from ml4t_nb.workspace import Workspace
from tests.verbs.two_names import DAYS, Listed, bars_of, opened

SESSIONS = [f"{each:%Y-%m-%d}" for each in DAYS]


class Restored:
    """ACME: five versions are saved, ``lost`` more are made, and the saved ones restored.

    Parameters
    ----------
    corrected
        Versions that change a bar of before.
    """

    def __init__(self, folder: Path, corrected: tuple[int, ...] = (), lost: int = 5) -> None:
        self.home = folder / "home"
        self.provider, self.corrected = Listed(), corrected
        self.ws: Workspace = opened(self.home, self.provider)
        self.seen: dict[int, Bars] = {}
        for number in range(1, 6):
            self.commit(number)
        for part in ("state", "data"):
            shutil.copytree(self.home / part, folder / part)
        for number in range(6, 6 + lost):
            self.commit(number)
        for part in ("state", "data"):
            shutil.rmtree(self.home / part)
            shutil.copytree(folder / part, self.home / part)

    def commit(self, day: int) -> None:
        """The run of that session: the first has ten bars, each later one a bar more."""
        bars = bars_of(last=SESSIONS[9 + day]).copy()
        if day in self.corrected:
            bars.loc[bars.index[5], "close"] = 105 + 0.01 * day
        self.provider.bars = {"ACME": bars}
        if day == 1:
            verbs.load(self.ws, "ACME", as_of=SESSIONS[10])
        else:
            verbs.update(self.ws, "ACME", as_of=SESSIONS[9 + day])
        now = verbs.bars(self.ws, "ACME")
        self.seen[now.attrs["ml4t_nb"]["versions"][0]] = now

    def known(self, day: int) -> pd.DataFrame:
        return verbs.bars(self.ws, "ACME", known_on=SESSIONS[9 + day])


UNKNOWN = "an earlier state of equities/daily/ACME was restored from a backup after version"


@pytest.mark.parametrize("corrected", [(), (3, 7, 9), tuple(range(2, 30))])
def test_what_was_known_after_a_restore_is_not_taken_from_before_it(
    tmp_path: Path, corrected: tuple[int, ...]
) -> None:
    restored = Restored(tmp_path, corrected)
    for day in range(1, 6):
        assert_frame_equal(restored.known(day), restored.seen[day])
    # The last one was in the folder that was replaced: what followed version 9 is not known.
    for day in (10, 11, 15):
        with pytest.raises(VersionNotFound, match=f"{UNKNOWN} 9") as error:
            restored.known(day)
        assert error.value.hint == "read version=9 or, without known_on, what is in force"

    for day in (15, 16):
        restored.commit(day)
        assert_frame_equal(restored.known(day), verbs.bars(restored.ws, "ACME"))
    for day in (10, 11, 14):
        with pytest.raises(VersionNotFound, match=f"{UNKNOWN} 9|version 10 is gone"):
            restored.known(day)


def test_all_versions_up_to_the_restored_one_stay_when_it_is_changed(tmp_path: Path) -> None:
    """Its chunk, which holds the rows of those before it, is kept by the next commit."""
    restored = Restored(tmp_path, corrected=(15,), lost=3)
    restored.commit(15)
    for number in range(1, 6):
        then = verbs.bars(restored.ws, "ACME", version=number)
        assert_frame_equal(then, restored.seen[number])


def test_nothing_is_refused_where_all_was_restored(tmp_path: Path) -> None:
    restored = Restored(tmp_path, lost=1)
    assert_frame_equal(restored.known(15), restored.seen[5])
