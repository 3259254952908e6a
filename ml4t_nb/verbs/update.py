"""The verb that fetches what is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias

from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.model import DatasetId, FillMethod, NextStep
from ml4t_nb.options import Short, as_symbols
from ml4t_nb.records import Health
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.absent import absent, doubted, with_absent
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.due import DueDatasets, due_datasets
from ml4t_nb.verbs.health import judge_all
from ml4t_nb.verbs.notify import is_to_notify
from ml4t_nb.verbs.parameters import (
    AllowEmpty,
    AsOf,
    ClassFilter,
    ExecutorName,
    FreqFilter,
    Home,
    Notify,
    Plan,
    ProviderName,
    Selection,
    Workers,
)
from ml4t_nb.verbs.plans import plan_run
from ml4t_nb.verbs.runs import (
    at_store,
    context_of,
    made_elsewhere,
    noted,
    require_workers,
    run_batch,
    works_of,
)
from ml4t_nb.verbs.select import EXAMPLE, renamed, select, select_each

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["update"]


Meant: TypeAlias = "dict[DatasetId, Ml4tError | None]"
"""Datasets to update, and symbols that mean none with the error that says so."""

_STALE_AFTER = timedelta(days=7)


@served("job")
@verb
def update(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    lookback_days: Annotated[int | None, Short("-l")] = None,
    fill_gaps: bool | None = None,
    fill_method: FillMethod = "forward",
    max_fill: int = 5,
    provider: ProviderName = None,
    switch: bool = False,
    workers: Workers = 4,
    executor: ExecutorName = "threads",
    accept: bool = False,
    reset_as_of: bool = False,
    show_status: bool = False,
    due: bool = False,
    intraday_bars: int | None = None,
    plan: Plan = False,
    notify: Notify = None,
    allow_empty: AllowEmpty = False,
    as_of: AsOf = None,
    home: Home = None,
) -> RunReport:
    """Fetch what is new, check the overlap, and close the gaps.

    Parameters
    ----------
    lookback_days
        Calendar days before the last stored bar that are fetched again, to catch late bars and
        revisions; if not given, as many as need no additional request, up to 40.
    fill_gaps
        Request open gaps again, and fill at once those that stay open; off, only find and report.
        If not given, fill what is still missing from a second reply, after a later session.
    fill_method
        Value of a missing bar, flagged as filled.
    max_fill
        Longest gap, in bars, that is filled; a longer one stays open.
    provider
        Provider to use in this run; if not given, each dataset's own.
    switch
        Make the given provider the datasets' own from now on.
    accept
        Accept the provider's history although it contradicts the stored one; all of it is fetched
        and compared, and the symbols must be named.
    reset_as_of
        Reset the as-of of datasets, set ahead by a wrong clock or as-of, to this run's; all bars
        stay, and are compared.
    show_status
        Show health before and after, the last ten runs, and what was requested.
    due
        Only datasets that are due: their next bar is final, or no provider was reached for three
        days, and no request in vain was just made. Those whose bars the provider
        is about to drop come first.
    intraday_bars
        Final intraday bars that make a dataset due; the last ones of a session do in any case. If
        not given, 30.
    """
    from ml4t_nb.core.due import INTRADAY_BARS
    from ml4t_nb.core.gapfill import Fill
    from ml4t_nb.pipeline import (
        UpdateRequest,
        keep_failures,
        plan_update,
        run_update,
        with_proposals,
    )
    from ml4t_nb.storage.run_lock import lone_run

    lookback = 1 if lookback_days is None else lookback_days
    enough = INTRADAY_BARS if intraday_bars is None else intraday_bars
    _require_positive(lookback_days=lookback, max_fill=max_fill, intraday_bars=enough)
    require_workers(workers, executor)
    _require_sound(
        switch_to=provider if switch else "",
        is_accepting_all=accept and not as_symbols(symbol),
        is_lone_number=intraday_bars is not None and not due,
    )
    ws = ws.at(home)
    if provider is not None:
        ws.provider(provider)
    if not (allow_empty or symbol):
        ws.require_home()
    moment = ws.resolve_as_of(as_of)
    tells = is_to_notify(ws, notify, moment)
    meant = _meant(ws, as_symbols(symbol), asset_class, frequency)
    stored = tuple(each for each, error in meant.items() if error is None)
    kind = ("update --due", f"{asset_class} {frequency}", *sorted(as_symbols(symbol)))
    with lone_run(ws.settings.home, kind if due and not plan else ()) as is_alone:
        if not is_alone:
            return made_elsewhere(ws, "update", len(stored), moment)
        before_run = _due_of(ws, stored, moment, enough) if due else None
        meant = meant if before_run is None else _only(meant, before_run.datasets)
        chosen = {each for each, error in meant.items() if error is None}
        missed = absent(ws, chosen)
        unsure = doubted(ws, chosen) if missed and fill_gaps is None else {}

        def request(each: DatasetId) -> UpdateRequest:
            fill = Fill(fill_method, max_fill, fill_gaps is True, unsure.get(each, ()))
            return UpdateRequest(
                dataset=each,
                lookback=None if lookback_days is None else timedelta(days=lookback_days),
                fill=None if fill_gaps is False else fill,
                provider=provider,
                switch=switch,
                accept=accept,
                reset_as_of=reset_as_of,
                is_named=bool(as_symbols(symbol)),
                is_due=due,
            )

        requests = {each: error or request(each) for each, error in meant.items()}
        if plan:
            works_planned = works_of(plan_update, requests)
            return plan_run(
                ws, "update", works_planned, moment, provider=provider or "", due=before_run
            )
        works = works_of(run_update, requests)
        before = _health_of(ws, moment) if show_status else {}
        report = run_batch(
            ws,
            "update",
            works,
            moment,
            workers=workers,
            executor=executor,
            provider=provider or "",
            notify=tells,
        )
        results = with_proposals(context_of(ws, moment), report.results)
        names = renamed(ws, as_symbols(symbol))
        results = tuple(noted(each, names.get(each.dataset, "")) for each in results)
        report = replace(
            report, results=at_store(results, ws.settings.home), allow_empty=allow_empty
        )
        if before_run is not None:
            if isinstance(moment, datetime):
                keep_failures(context_of(ws, moment), report.results, moment)
            after_run = _due_of(ws, stored, moment, enough) if works else before_run
            report = replace(report, waiting=before_run.waiting, next_due=after_run.next_at)
        report = with_absent(ws, report, chosen, missed)
        if not as_symbols(symbol):
            ws.sweep()
        if not show_status:
            return report
        after = _health_of(ws, moment)
        results = tuple(
            replace(each, before=before.get(each.dataset), after=after.get(each.dataset))
            for each in report.results
        )
        return replace(report, results=results, detailed=True)


def _meant(
    ws: Workspace,
    symbols: Sequence[str],
    asset_class: ClassFilter,
    frequency: FreqFilter,
) -> Meant:
    """Datasets to update; for a symbol that means none, the error that says so."""
    if not symbols:
        return dict.fromkeys(select(ws, (), asset_class, frequency))
    meant: Meant = {}
    for symbol, found in select_each(ws, symbols, asset_class, frequency):
        if isinstance(found, Ml4tError):
            guess = DatasetId(asset_class or "equities", frequency or "daily", symbol)
            meant[guess] = found
        else:
            meant[found] = None
    return meant


def _due_of(
    ws: Workspace, stored: Sequence[DatasetId], moment: datetime | date, intraday_bars: int
) -> DueDatasets:
    """Which of the datasets are due."""
    return due_datasets(ws, ws.store.summaries(stored), moment, intraday_bars)


def _only(meant: Meant, due: Sequence[DatasetId]) -> Meant:
    """Those that are due, in their order, after the symbols that mean no dataset."""
    errors = {each: error for each, error in meant.items() if error is not None}
    return {**errors, **dict.fromkeys(due)}


def _health_of(ws: Workspace, moment: datetime | date) -> dict[DatasetId, Health]:
    judged, _ = judge_all(ws, ws.store.summaries(), moment, _STALE_AFTER)
    return {each.dataset: each for each in judged}


def _require_sound(*, switch_to: str | None, is_accepting_all: bool, is_lone_number: bool) -> None:
    """Raise OptionError where an option lacks the one that it needs."""
    if is_lone_number:
        raise OptionError("--intraday-bars needs --due", hint="add --due, or leave it out")
    if switch_to is None:
        raise OptionError("--switch needs a provider", hint="name it with -p/--provider")
    if is_accepting_all:
        raise OptionError(
            "--accept requires a symbol: decide on each contradiction separately",
            hint=NextStep("accept", EXAMPLE),
        )


def _require_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            option = name.replace("_", "-")
            raise OptionError(f"--{option} must be at least 1, not {number}", hint="1 or more")
