"""A provider that goes over to another unit with the last bars: nothing of it is stored."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.core.bars import PRICES
from ml4t_nb.model import DatasetId
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import Scripted, evening, rising

BARS = rising("2024-01-02", "2024-03-29")
ACME = DatasetId("equities", "daily", "ACME")


@pytest.mark.parametrize("since", ["2024-03-01", "2024-02-29", "2024-02-27"])
def test_new_bars_are_not_joined_in_the_unit_in_which_the_last_stored_ones_come(
    tmp_path: Path, since: str
) -> None:
    provider = Scripted(BARS)
    settings = Settings(home=tmp_path, provider="scripted")
    ws = Workspace(settings, _opened={"scripted": provider})
    verbs.load(ws, "ACME", as_of=evening("2024-03-01"))
    before = ws.store.snapshot(ACME).bars()
    pence = BARS.copy()
    pence.loc[pd.Timestamp(since, tz="UTC") :, list(PRICES)] *= 100
    provider.bars = pence

    for day in ("2024-03-04", "2024-03-05"):
        (result,) = verbs.update(ws, as_of=evening(day))
        assert result.record.error is not None
        assert result.record.error.type == "Suspicious"
        assert "moved by one ratio" in result.record.error.message
    assert ws.store.snapshot(ACME).bars().equals(before)

    # Once all is in one unit again, it goes on.
    provider.bars = BARS
    (result,) = verbs.update(ws, as_of=evening("2024-03-06"))
    assert (result.record.added, result.record.revised) == (3, 0)
