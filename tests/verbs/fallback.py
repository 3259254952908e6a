"""A dataset whose own provider fails, and another that may stand in for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ml4t_nb import verbs
from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import ProviderError, ProviderUnavailable
from ml4t_nb.events import Event
from ml4t_nb.model import DatasetId
from ml4t_nb.providers import Request
from ml4t_nb.records import UpdateResult
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.pipeline.scripted import Scripted, evening, rising
from tests.yahoo.client import NoWaiting

BARS = rising("2024-01-02", "2024-03-29")
ACME = DatasetId("equities", "daily", "ACME")
FRIDAY, NEXT = evening("2024-03-01"), evening("2024-03-05")


def down(request: Request) -> ProviderError:
    return ProviderUnavailable(
        f"first does not answer for {request.dataset.symbol}", provider="first"
    )


@dataclass
class Both:
    """A store of ACME up to the first of March from ``first``, which ``second`` stands in for."""

    home: Path
    first: Scripted
    second: Scripted
    ws: Workspace
    events: list[Event]

    def sync(self, *, at: str = "2024-03-05", **options: str) -> UpdateResult:
        (result,) = verbs.sync(self.ws, as_of=evening(at), **options)  # type: ignore[arg-type]
        return result

    def stored(self) -> Bars:
        return self.ws.store.snapshot(ACME).bars()

    def sources(self) -> list[tuple[str, str]]:
        found = self.ws.store.snapshot(ACME).manifest.sources
        return [(each.provider, f"{each.span.start:%m-%d}") for each in found]


def declare(folder: Path, *symbols: str, fallback: str = '["second"]') -> None:
    named = ", ".join(f'"{each}"' for each in symbols)
    (folder / "ml4t.toml").write_text(
        f'[[universe]]\nname = "core"\nsymbols = [{named}]\nstart = 2024-01-02\n'
        f'provider = "first"\nfallback = {fallback}\n'
    )


def both_in(folder: Path) -> Both:
    """The store, once the first of the two has begun to fail; ``folder`` is where one works."""
    first, second = Scripted(BARS, name="first"), Scripted(BARS, name="second")
    events: list[Event] = []
    ws = Workspace(
        Settings(home=folder / "home"),
        observer=events.append,
        cancel=NoWaiting(),
        _opened={"first": first, "second": second},
    )
    declare(folder, "ACME")
    found = Both(folder, first, second, ws, events)
    assert found.sync(at="2024-03-01").rows == 44
    first.fails = down
    return found
