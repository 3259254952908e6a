"""Runs the pipeline on one dataset, with the arguments that matter."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars
from ml4t_nb.core.gapfill import Fill
from ml4t_nb.core.rules.configuration import RuleSettings
from ml4t_nb.events import Observer, silent
from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId, Frequency, SessionOverride
from ml4t_nb.pipeline import (
    GapAction,
    LoadRequest,
    RunContext,
    UpdateRequest,
    run_load,
    run_remove,
    run_update,
)
from ml4t_nb.records import UpdateResult
from ml4t_nb.storage.store import Store
from tests.pipeline.scripted import Scripted

FORWARD = Fill("forward", 5)


@dataclass
class Runner:
    """A store, a provider, and the two runs with the arguments that matter.

    Parameters
    ----------
    others
        Other providers, by their names.
    """

    store: Store
    provider: Scripted
    symbol: str = "ACME"
    frequency: Frequency = "daily"
    session_overrides: tuple[SessionOverride, ...] = ()
    others: dict[str, Scripted] = field(default_factory=dict)
    rules: RuleSettings = field(default_factory=RuleSettings)
    observe: Observer = silent

    @property
    def dataset(self) -> DatasetId:
        return DatasetId("equities", self.frequency, self.symbol)

    def load(
        self,
        as_of: datetime | date,
        *,
        start: str | None = None,
        end: str | None = None,
        calendar: str | None = None,
        provider: str = "scripted",
    ) -> UpdateResult:
        request = LoadRequest(
            self.symbol,
            None,
            self.frequency,
            provider,
            start=date.fromisoformat(start) if start else None,
            end=date.fromisoformat(end) if end else None,
            calendar=calendar,
        )
        return run_load(self.context(as_of), request)

    def update(
        self,
        as_of: datetime | date,
        *,
        days: int = 7,
        fill: Fill | None = FORWARD,
        accept: bool = False,
        reset_as_of: bool = False,
        provider: str | None = None,
        switch: bool = False,
    ) -> UpdateResult:
        request = UpdateRequest(
            self.dataset,
            timedelta(days=days),
            fill,
            provider=provider,
            switch=switch,
            accept=accept,
            reset_as_of=reset_as_of,
        )
        return run_update(self.context(as_of), request)

    def act_on_gap(
        self, as_of: datetime | date, action: GapAction, *, start: str, end: str
    ) -> UpdateResult:
        span = calendar("XNYS").span(
            date.fromisoformat(start), date.fromisoformat(end), self.frequency
        )
        return action(self.context(as_of), self.dataset, span)

    def remove(
        self, as_of: datetime | date, *, start: str | None = None, end: str | None = None
    ) -> int | None:
        return run_remove(
            self.store,
            self.dataset,
            date.fromisoformat(start) if start else None,
            date.fromisoformat(end) if end else None,
            as_of,
            limits=lambda _: self.provider.limits,
        )

    def open_findings(self) -> list[Finding]:
        findings = self.store.snapshot(self.dataset).manifest.findings
        return [each for each in findings if each.is_open]

    def stored(self) -> Bars:
        return self.store.snapshot(self.dataset).bars()

    def context(self, as_of: datetime | date) -> RunContext:
        return RunContext(
            self.store,
            self._provider,
            as_of,
            self.session_overrides,
            self.observe,
            _no_waiting,
            self.rules,
        )

    def _provider(self, name: str) -> Scripted:
        return self.others.get(name, self.provider)


def _no_waiting(seconds: float) -> None:
    del seconds
