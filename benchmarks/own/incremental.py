"""A daily update through the whole pipeline beside a full load of twenty years."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.own.clock import Number, clocked
from benchmarks.own.starts import program
from benchmarks.workers import environment
from ml4t_nb.core.gapfill import Fill
from ml4t_nb.model import Basis, DatasetId
from ml4t_nb.pipeline import LoadRequest, RunContext, UpdateRequest, run_load, run_update
from ml4t_nb.providers import Answer, Instrument, Limits, Provider, Request, open_provider
from ml4t_nb.settings import Settings
from ml4t_nb.storage.store import Store

__all__ = ["measured"]


@dataclass(frozen=True, slots=True)
class _Case:
    """A provider, and from when to when its history is loaded, then updated to."""

    provider: str
    symbol: str
    start: date
    loaded: date
    updated: date

    @property
    def verified(self) -> date:
        """When an update compares the whole history again: a month after that was last done."""
        return self.updated + timedelta(days=31)


_CASES = (
    _Case("synthetic", "DEMO", date(2004, 6, 14), date(2024, 6, 13), date(2024, 6, 14)),
    _Case("sample", "AAPL", date(2000, 3, 1), date(2013, 2, 27), date(2013, 2, 28)),
)


class _Timed:
    """A provider, with the milliseconds it was at work."""

    def __init__(self, inner: Provider) -> None:
        self._inner = inner
        self.spent = 0.0

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def summary(self) -> str:
        return self._inner.summary

    @property
    def basis(self) -> Basis | None:
        return self._inner.basis

    @property
    def limits(self) -> Limits:
        return self._inner.limits

    def instrument(self, symbol: str) -> Instrument:
        return self._inner.instrument(symbol)

    def fetch(self, request: Request) -> Answer:
        began = perf_counter()
        answer = self._inner.fetch(request)
        self.spent += (perf_counter() - began) * 1000
        return answer


def measured(folder: Path, *, rounds: int, share: float) -> Iterator[Number]:
    """Both in a warm process, the provider's part told apart; and both as commands of the shell."""
    del share
    for case in _CASES:
        provider = _Timed(open_provider(case.provider, Settings(home=folder)))
        for number in range(rounds + 1):
            store = Store(folder / f"{case.provider}{number}")
            for what, spent in _pair(case, store, provider):
                if number:
                    yield f"incremental, {case.provider}", what, spent, "ms"
    for number in range(min(rounds, 3)):
        for what, spent in _commands(_CASES[0], folder / f"shell{number}"):
            yield "incremental, synthetic", what, spent, "ms"


def _pair(case: _Case, store: Store, provider: _Timed) -> Iterator[tuple[str, float]]:
    dataset = DatasetId("equities", "daily", case.symbol)
    order = LoadRequest(case.symbol, "equities", "daily", case.provider, start=case.start)
    update = UpdateRequest(dataset, timedelta(days=7), Fill("forward", 5))
    works = {
        "load": lambda: run_load(_run(store, provider, case.loaded), order),
        "update": lambda: run_update(_run(store, provider, case.updated), update),
        "monthly update": lambda: run_update(_run(store, provider, case.verified), update),
    }
    for what, work in works.items():
        provider.spent = 0.0
        spent = clocked(work)
        yield what, spent
        yield f"{what}, without the provider", spent - provider.spent
        record = store.snapshot(dataset).manifest.recent[-1]
        assert record.added == 1 or what != "update", record


def _commands(case: _Case, home: Path) -> Iterator[tuple[str, float]]:
    common = [case.symbol, "--home", str(home), "--as-of"]
    load = [*program(), "load", *common, str(case.loaded), "-p", case.provider]
    update = [*program(), "update", *common, str(case.updated)]
    yield "load, shell", clocked(lambda: _call([*load, "--start", str(case.start)]))
    yield "update, shell", clocked(lambda: _call(update))


def _call(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, env=environment())


def _run(store: Store, provider: Provider, as_of: date | datetime) -> RunContext:
    return RunContext(store, lambda _: provider, as_of, (), _ignore, _ignore)


def _ignore(_: object) -> None:
    """No one watches, and no pause is made."""
