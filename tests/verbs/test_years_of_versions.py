"""Shares updated on every session for thirteen years, everything kept: what that costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars
from ml4t_nb.model import Span
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.storage.builders import utc

SYMBOLS = ("AAPL", "IBM", "MSFT")
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
    symbols = SYMBOLS[:1] if years == 1 else SYMBOLS[:3]
    ws, once = workspace(tmp_path / "home"), workspace(tmp_path / "once")
    span = Span(utc(2004, 6), utc(2005, 6)) if years == 1 else Span(utc(2000, 6), utc(2013, 1))
    sessions = [each.date() for each in calendar("XNYS").stamps(span, "daily")]
    verbs.load(ws, symbols, start="2000-01-03", as_of=sessions[0])
    known: dict[tuple[str, int], Bars] = {}
    for number, session in enumerate(sessions[1:], start=2):
        verbs.update(ws, symbols, as_of=session)
        if number % EVERY == 0:
            known |= {(each, number): verbs.bars(ws, each) for each in symbols}
    verbs.load(once, symbols, start="2000-01-03", as_of=sessions[-1])

    for (symbol, number), expected in known.items():
        found = verbs.bars(ws, symbol, version=number)
        assert found.equals(expected), (symbol, number)
        then = verbs.bars(ws, symbol, known_on=sessions[number - 1])
        assert then.equals(expected), (symbol, number)
    if years == 1:
        return  # the files that its one split replaced are as long as all others
    commits = len(symbols) * len(sessions)
    bars, _ = size(ws.settings.home, "data", "versions")
    loaded, _ = size(once.settings.home, "data")
    manifests = (ws.settings.home / "versions").rglob("m.*")
    kept = sum(path.stat().st_size for path in manifests)
    state, files = size(ws.settings.home, "state")
    assert bars - kept < 1.3 * loaded
    assert (state + kept) / commits < 300
    assert files + size(ws.settings.home, "versions")[1] < 100 * len(symbols)
