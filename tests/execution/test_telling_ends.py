"""What was told of a symbol ends with the symbol, though no run asks for it any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ml4t_nb import verbs
from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import ProviderError, SymbolUnknown
from ml4t_nb.notice import Notice
from ml4t_nb.providers import Request
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.notify import tell_run
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import Scripted, evening, rising
from tests.receivers import Webhook, webhook


class Told:
    """A store of two symbols, of which OLD is not known any more, and what its target is told."""

    def __init__(self, home: Path, hook: Webhook, on: str = "", bars: Bars | None = None) -> None:
        held = rising("2024-01-02", "2024-03-29") if bars is None else bars
        provider = Scripted(held, fails=self.unknown)
        settings = Settings(home=home, provider="scripted")
        self.ws = Workspace(settings, _opened={"scripted": provider})
        self.gone = False
        verbs.load(self.ws, ("OLD", "OTHER"), as_of=evening("2024-02-29"))
        (home / "ml4t.toml").write_text(f'[notify]\nhook = "{hook.url}"\n{on}')
        self.gone = True

    def unknown(self, request: Request) -> ProviderError | None:
        if not self.gone or request.dataset.symbol != "OLD":
            return None
        return SymbolUnknown("no symbol 'OLD'", provider="scripted")

    def update(self, day: str, *, due: bool = True) -> list[tuple[str, str, str]]:
        """What a run tells: symbol, state and reason."""
        told: list[tuple[str, str, str]] = []

        def compose(report: RunReport, notices: Sequence[Notice]) -> tuple[str, str]:
            del report
            told.extend((each.dataset.symbol, each.state, each.reason) for each in notices)
            return "title", "body"

        tell_run(self.ws, verbs.update(self.ws, due=due, as_of=evening(day)), compose)
        return told


def test_a_symbol_that_is_ended_has_recovered_though_it_is_never_due_again(tmp_path: Path) -> None:
    with webhook() as hook:
        told = Told(tmp_path, hook)
        nights = [told.update(f"2024-03-{day:02}") for day in (1, 4, 5, 6)]
        assert [[each[:2] for each in night] for night in nights] == [
            [("OLD", "failed")],
            [],
            [("OLD", "suspect")],
            [],
        ]

        verbs.end(told.ws, "OLD", reason="merged", as_of=evening("2024-03-06"))

        assert told.update("2024-03-06") == [("OLD", "recovered", "ended on 2024-02-29: merged")]
        assert told.update("2024-03-07") == []
    assert all(not each.conditions for each in verbs.notify(told.ws).targets)


def test_what_was_told_of_a_symbol_that_is_renamed_ends_under_its_new_name(tmp_path: Path) -> None:
    with webhook() as hook:
        told = Told(tmp_path, hook)
        assert [each[:2] for each in told.update("2024-03-01")] == [("OLD", "failed")]
        verbs.load(told.ws, "NEW", as_of=evening("2024-03-01"))

        verbs.rename(told.ws, ("OLD", "NEW"), as_of=evening("2024-03-01"))

        # It was not updated since.
        assert told.update("2024-03-01") == []
        words = "up to date; it was OLD until 2024-02-29"
        assert told.update("2024-03-04") == [("NEW", "recovered", words)]
        assert told.update("2024-03-05") == []


def test_a_fault_that_goes_on_under_a_new_name_is_not_told_again(tmp_path: Path) -> None:
    bars = rising("2024-01-02", "2024-03-29")
    bars["high"] = bars["high"].mask(bars.index == pd.Timestamp("2024-02-13", tz="UTC"), 400.0)
    with webhook() as hook:
        told = Told(tmp_path, hook, bars=bars)
        states = {each[:2] for each in told.update("2024-03-01")}
        assert states == {("OLD", "failed"), ("OLD", "suspect"), ("OTHER", "suspect")}
        verbs.load(told.ws, "NEW", as_of=evening("2024-03-01"))
        verbs.rename(told.ws, ("OLD", "NEW"), as_of=evening("2024-03-01"))

        assert told.update("2024-03-04") == []
        verbs.review(told.ws, "NEW", accept="seen", as_of=evening("2024-03-04"))
        assert [each[:2] for each in told.update("2024-03-05")] == [("NEW", "recovered")]
        assert told.update("2024-03-06") == []


def test_where_it_cannot_be_kept_for_the_new_name_it_ends_under_the_old_one(
    tmp_path: Path,
) -> None:
    with webhook() as hook:
        told = Told(tmp_path, hook)
        told.update("2024-03-01")
        verbs.load(told.ws, "NEW", as_of=evening("2024-03-01"))
        file = tmp_path / "state" / "notices" / "told.json"
        before = file.read_bytes()
        verbs.rename(told.ws, ("OLD", "NEW"), as_of=evening("2024-03-01"))
        file.write_bytes(before)

        words = "OLD was renamed to NEW after 2024-02-29"
        assert told.update("2024-03-01") == [("OLD", "recovered", words)]
        assert told.update("2024-03-04") == []


def test_a_symbol_that_is_not_known_any_more_recovers_when_it_is_and_not_before(
    tmp_path: Path,
) -> None:
    with webhook() as hook:
        told = Told(tmp_path, hook, on='on = ["failed", "late", "recovered"]\n')
        nights = [told.update(f"2024-03-{day:02}") for day in (1, 4, 5, 6, 7)]
        told.gone = False

        nights.append(told.update("2024-03-08"))

    states = [[state for _, state, _ in night] for night in nights]
    assert states == [["failed"], [], [], [], [], ["recovered"]]
