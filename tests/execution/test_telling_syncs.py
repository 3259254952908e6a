"""What a sync tells of datasets that could not be had as they are declared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import BarsInvalid, SymbolUnknown
from ml4t_nb.notice import Notice
from ml4t_nb.providers import Instrument
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.notify import tell_run
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import Scripted, evening, rising
from tests.receivers import webhook


@dataclass
class Classes(Scripted):
    """Knows the class of each symbol but one that it does not know at all yet."""

    unknown: set[str] = field(default_factory=set)

    def instrument(self, symbol: str) -> Instrument:
        if symbol in self.unknown:
            raise SymbolUnknown(f"no symbol {symbol!r}", provider=self.name)
        return Instrument("crypto" if symbol == "COIN" else "equities")


@pytest.fixture
def provider() -> Classes:
    return Classes(rising("2024-01-02", "2024-03-29"))


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: Scripted) -> Workspace:
    monkeypatch.chdir(tmp_path)
    settings = Settings(home=tmp_path, provider="scripted")
    return Workspace(settings, _opened={"scripted": provider})


def declare(ws: Workspace, hook: str, *symbols: str, start: str = "2024-02-12") -> None:
    (ws.settings.home / "ml4t.toml").write_text(
        f'[notify]\nhook = "{hook}"\n'
        f'[[universe]]\nname = "core"\nsymbols = {json.dumps(symbols)}\nstart = {start}\n'
    )


def told(ws: Workspace, day: str, **since_close: float) -> list[tuple[str, str]]:
    """Which states a run of what is due tells, of which dataset."""
    found: list[tuple[str, str]] = []

    def compose(report: RunReport, notices: Sequence[Notice]) -> tuple[str, str]:
        del report
        found.extend((str(each.dataset), each.state) for each in notices)
        return "title", "body"

    at = evening(day) + timedelta(**since_close)
    tell_run(ws, verbs.sync(ws, due=True, allow_empty=True, as_of=at), compose)
    return found


def test_a_restatement_is_told_of_a_dataset_whose_earlier_bars_cannot_be_loaded(
    ws: Workspace, provider: Classes
) -> None:
    with webhook() as hook:
        declare(ws, hook.url, "AAPL")
        verbs.sync(ws, as_of=evening("2024-03-01"))
        declare(ws, hook.url, "AAPL", start="2024-01-15")
        provider.fails = lambda request: (
            BarsInvalid("not as bars are") if request.span.start < evening("2024-02-01") else None
        )
        assert told(ws, "2024-03-04") == [("equities/daily/AAPL", "failed")]

        halved = provider.bars.copy()
        halved[["open", "high", "low", "close"]] /= 2
        provider.bars = halved

        # Before the load is tried again.
        assert told(ws, "2024-03-05", minutes=-30) == [("equities/daily/AAPL", "restated")]


def test_a_symbol_that_is_of_another_class_than_was_guessed_recovers_under_the_guess(
    ws: Workspace, provider: Classes
) -> None:
    with webhook() as hook:
        declare(ws, hook.url, "COIN")
        provider.unknown.add("COIN")
        assert told(ws, "2024-03-04") == [("equities/daily/COIN", "failed")]

        provider.unknown.clear()
        assert told(ws, "2024-03-05") == [("equities/daily/COIN", "recovered")]
        assert told(ws, "2024-03-05", minutes=1) == []


def test_what_could_not_be_loaded_and_is_not_declared_any_more_is_over(
    ws: Workspace, provider: Classes
) -> None:
    with webhook() as hook:
        declare(ws, hook.url, "AAPL", "APPL")
        provider.unknown.add("APPL")
        assert told(ws, "2024-03-04") == [("equities/daily/APPL", "failed")]
        assert told(ws, "2024-03-05") == []

        declare(ws, hook.url, "AAPL")

        assert told(ws, "2024-03-06") == [("equities/daily/APPL", "recovered")]
        assert told(ws, "2024-03-07") == []
        (target,) = verbs.notify(ws).targets
        assert target.conditions == ()
