"""What was told of a symbol ends with the symbol, though no run asks for it any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml4t_nb import verbs
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

    def __init__(self, home: Path, hook: Webhook, on: str = "") -> None:
        provider = Scripted(rising("2024-01-02", "2024-03-29"), fails=self.unknown)
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


def test_a_symbol_that_is_renamed_has_recovered_under_its_old_name(tmp_path: Path) -> None:
    with webhook() as hook:
        told = Told(tmp_path, hook)
        assert [each[:2] for each in told.update("2024-03-01")] == [("OLD", "failed")]
        verbs.load(told.ws, "NEW", as_of=evening("2024-03-01"))

        verbs.rename(told.ws, ("OLD", "NEW"), as_of=evening("2024-03-01"))

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
