"""Shares updated on every session for thirteen years, everything kept: what that costs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars
from ml4t_nb.model import Span
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.storage.builders import utc

LISTED = {
    "AAPL": date(2000, 6, 1), "IBM": date(2000, 6, 1), "MSFT": date(2000, 6, 1),
    "GOOG": date(2004, 8, 19), "FB": date(2012, 5, 18),
}  # fmt: skip
"""Of each share the first session that is loaded: of the first three, in the middle of a year."""

EVERY = 97


def size(home: Path, *parts: str) -> tuple[int, int]:
    """Bytes and number of the files below these folders."""
    files = [path for part in parts for path in (home / part).rglob("*.*") if path.is_file()]
    return sum(path.stat().st_size for path in files), len(files)


def workspace(home: Path) -> Workspace:
    home.mkdir()
    (home / "ml4t.toml").write_text('[retention]\nkeep = "all"\n', encoding="utf-8")
    return Workspace.open(Settings(home=home, provider="sample"))


@pytest.mark.parametrize(
    "years",
    [pytest.param(1, id="a year"), pytest.param(13, id="all", marks=pytest.mark.slow)],
)
def test_every_session_can_be_read_as_it_was_at_hardly_any_cost(tmp_path: Path, years: int) -> None:
    ws, once = workspace(tmp_path / "home"), workspace(tmp_path / "once")
    span = Span(utc(2004, 6), utc(2005, 6)) if years == 1 else Span(utc(2000, 6), utc(2013, 1))
    sessions = [each.date() for each in calendar("XNYS").stamps(span, "daily")]
    listed = {"AAPL": sessions[0]} if years == 1 else LISTED
    versions = dict.fromkeys(listed, 0)
    known: list[tuple[str, int, date, Bars]] = []
    for day, session in enumerate(sessions):
        new = [symbol for symbol, first in listed.items() if first == session]
        if new:
            verbs.load(ws, new, start="2000-01-03", as_of=session)
        if stored := [symbol for symbol, first in listed.items() if first < session]:
            verbs.update(ws, stored, as_of=session)
        for symbol in (*new, *stored):
            versions[symbol] += 1
            if day % EVERY == EVERY - 1 or symbol in new:
                known.append((symbol, versions[symbol], session, verbs.bars(ws, symbol)))
    verbs.load(once, [*listed], start="2000-01-03", as_of=sessions[-1])

    for symbol, version, session, expected in known:
        found = verbs.bars(ws, symbol, version=version)
        assert found.equals(expected), (symbol, version)
        then = verbs.bars(ws, symbol, known_on=session)
        assert then.equals(expected), (symbol, session)
    if years == 1:
        return  # the files that its one split replaced are as long as all others
    commits = sum(versions.values())
    bars, _ = size(ws.settings.home, "data", "versions")
    loaded, _ = size(once.settings.home, "data")
    manifests = (ws.settings.home / "versions").rglob("m.*")
    kept = sum(path.stat().st_size for path in manifests)
    state, files = size(ws.settings.home, "state")
    assert bars - kept < 1.3 * loaded
    assert (state + kept) / commits < 300
    assert files + size(ws.settings.home, "versions")[1] < 100 * len(listed)
