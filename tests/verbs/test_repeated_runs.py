"""Runs of what is due that bring nothing new: one record counts them, and each is a version."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.core.bars import make_bars
from ml4t_nb.errors import ProviderUnavailable
from ml4t_nb.model import BarsFrequency
from ml4t_nb.providers import Answer, Request
from ml4t_nb.providers.base import Policy
from ml4t_nb.records import UpdateRecord
from ml4t_nb.render.text import report_text
from ml4t_nb.render.to_json import report_json
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import DAYS, Scripted

TUESDAY = datetime(2024, 1, 16, 20, 45, tzinfo=UTC)


@dataclass
class Late(Scripted):
    """Has the bars that its calendar expects, up to a day, or cannot be reached."""

    until: str = "2024-01-12"
    is_down: bool = False

    def fetch(self, request: Request) -> Answer:
        if self.is_down:
            raise ProviderUnavailable("no network", provider=self.name)
        frequency: BarsFrequency = request.dataset.frequency
        stamps = request.calendar.stamps(request.span, frequency)
        stamps = stamps[
            stamps <= min(pd.Timestamp(request.as_of), pd.Timestamp(self.until, tz=UTC))
        ]
        prices = [100.0 + stamp.day % 2 for stamp in stamps]
        return Answer(make_bars(stamps, dict.fromkeys(("open", "high", "low", "close"), prices)))


@pytest.fixture
def provider() -> Late:
    limits = replace(DAYS, delay=timedelta(0), retry=Policy({}))
    return Late(limits=limits, basis="as-traded")


@pytest.fixture
def ws(tmp_path: Path, provider: Late) -> Workspace:
    settings = Settings(home=tmp_path / "home", provider="scripted")
    found = Workspace(settings, _opened={"scripted": provider})
    verbs.load(found, "DAYS", start="2024-01-08", as_of="2024-01-14T22:00Z")
    return found


def due(ws: Workspace, at: datetime) -> list[UpdateRecord]:
    report = verbs.update(ws, due=True, workers=1, as_of=at.isoformat())
    return [each.record for each in report]


def every_quarter(ws: Workspace, first: datetime, count: int) -> list[str]:
    """When it was asked, of so many runs."""
    runs = [each for number in range(count) for each in due(ws, first + number * QUARTER)]
    return [f"{each.at:%d %H:%M}" for each in runs]


QUARTER = timedelta(minutes=15)


def history(ws: Workspace, limit: int = 1000) -> tuple[UpdateRecord, ...]:
    (of,) = verbs.history(ws, limit=limit).datasets
    return of.records


def manifest(ws: Workspace) -> Manifest:
    (dataset,) = ws.store.datasets()
    return ws.store.snapshot(dataset).manifest


def test_runs_in_vain_are_one_record_and_the_next_is_due_as_if_each_had_its_own(
    ws: Workspace, provider: Late
) -> None:
    asked = every_quarter(ws, TUESDAY, 4 * 24 + 2)
    provider.until = "2024-01-18"
    asked += every_quarter(ws, TUESDAY + timedelta(days=2), 2)

    assert asked == [
        "16 21:00", "16 21:15", "16 21:45", "16 22:45", "17 00:45", "17 04:45", "17 12:45",
        "17 21:00", "18 21:00",
    ]  # fmt: skip
    load, vain, last = history(ws)
    assert (vain.first_version, vain.version, vain.times) == (2, 9, 8)
    assert (f"{vain.since:%d %H:%M}", f"{vain.at:%d %H:%M}") == ("16 21:00", "17 21:00")
    assert (load.version, last.version, last.added, last.repeated) == (1, 10, 3, None)
    report = verbs.history(ws)
    text = report_text(report)
    assert "unchanged, 8 times since 2024-01-16 21:00 UTC" in text
    assert "2-9" in text
    (of,) = json.loads(report_json(report))["datasets"]
    assert [run["repeated"] and run["repeated"]["times"] for run in of["runs"]] == [None, 7, None]
    frame = report.to_frame()
    assert frame["times"].tolist() == [1, 8, 1]
    assert frame["since"].tolist()[1] == vain.since


def test_each_run_in_vain_is_a_version_with_its_own_as_of(ws: Workspace) -> None:
    every_quarter(ws, TUESDAY, 9)

    for at, number in (("20:59", 1), ("21:00", 2), ("21:44", 3), ("21:45", 4), ("22:44", 4)):
        then = verbs.bars(ws, "DAYS", known_on=f"2024-01-16T{at}Z")
        assert then.attrs["ml4t_nb"]["versions"] == [number], at
    (dataset,) = ws.store.datasets()
    past = [ws.store.version(dataset, number).manifest for number in (2, 3, 4, 5)]
    assert [each.recent[-1].times for each in past] == [1, 2, 3, 4]


def test_what_a_person_asks_for_adds_a_record(ws: Workspace) -> None:
    due(ws, TUESDAY + QUARTER)
    for _ in range(2):
        verbs.update(ws, "DAYS", lookback_days=2, as_of=(TUESDAY + 2 * QUARTER).isoformat())
    due(ws, TUESDAY + 6 * QUARTER)

    assert [each.times for each in history(ws)] == [1, 1, 1, 2]


def test_a_failure_is_forgotten_after_ten_runs_whatever_they_brought(
    ws: Workspace, provider: Late
) -> None:
    provider.is_down = True
    due(ws, TUESDAY + QUARTER)
    provider.is_down = False
    (at,) = (each.recent_errors for each in ws.store.summaries())
    assert at == 1
    errors = []
    for number in range(1, 70):
        if due(ws, TUESDAY + QUARTER + number * timedelta(hours=4)):
            errors += [each.recent_errors for each in ws.store.summaries()]

    assert errors[:11] == [1] * 9 + [0, 0]
    assert [(each.outcome, each.times) for each in history(ws)] == [
        ("changed", 1), ("failed", 1), ("unchanged", len(errors)),
    ]  # fmt: skip


def test_a_year_of_asking_in_vain_is_a_few_bytes(ws: Workspace) -> None:
    for number in range(1, 200):
        due(ws, TUESDAY + number * timedelta(hours=9))

    assert len(history(ws)) == 2
    (path,) = (ws.settings.home / "state").rglob("m.*.json")
    assert path.stat().st_size < 2500
    repeated = manifest(ws).recent[-1].repeated
    assert repeated is not None
    assert len(repeated.last) == 9
