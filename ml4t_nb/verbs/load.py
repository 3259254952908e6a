"""The verb that loads history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.model import Chunking, Compression, DatasetId, LoadArguments, NextStep
from ml4t_nb.options import as_zone
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.notify import is_to_notify
from ml4t_nb.verbs.parameters import (
    AsOf,
    Class,
    End,
    ExecutorName,
    Freq,
    Home,
    Notify,
    Plan,
    ProviderName,
    Selection,
    Start,
    Workers,
)
from ml4t_nb.verbs.plans import plan_run
from ml4t_nb.verbs.runs import require_workers, run_batch, works_of
from ml4t_nb.verbs.select import days, not_stored, renaming, required

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["load"]


_MOST_TOLERANCE = 0.5


@served("job")
@verb
def load(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    provider: ProviderName = None,
    start: Start = None,
    end: End = None,
    calendar: str | None = None,
    zone: str | None = None,
    tolerance: float | None = None,
    chunk: Chunking | None = None,
    compression: Compression | None = None,
    workers: Workers = 4,
    executor: ExecutorName = "threads",
    plan: Plan = False,
    notify: Notify = None,
    as_of: AsOf = None,
    home: Home = None,
) -> RunReport:
    """Load history, or extend what is stored to an earlier start or a later end.

    Parameters
    ----------
    symbol
        Symbols as the provider spells them; at least one.
    asset_class
        What the symbols are; if not given, as the provider reports, else equities.
    frequency
        Length of a bar; daily if not given.
    provider
        Provider to load from; if not given, the setting ML4T_DATA_PROVIDER, else yahoo.
    start
        First date, inclusive; if not given, all that the provider has.
    end
        Last date, inclusive; if not given, the last finished bar.
    calendar
        Exchange by MIC, such as XLON, or 24/7 or fx; if not given, the asset class's own.
    zone
        Time zone of a file's intraday stamps without a zone, such as Europe/Athens: an IANA
        name, or one and hours ahead of it, America/New_York+07:00; if not given, the setting
        ML4T_DATA_FILES_ZONE, else the calendar's own.
    tolerance
        Share of a bar's length by which an intraday stamp may miss its expected one; 0.1 for a
        new dataset.
    chunk
        Calendar period of a file. auto, for a new dataset: yearly for daily and weekly bars,
        weekly for minutes, monthly for other intraday ones, and small closed periods share a file.
    compression
        Codec of the files; lz4 for a new dataset.
    """
    from ml4t_nb.pipeline import LoadRequest, plan_load, run_load

    symbols = required(symbol, "load")
    first, last = days(start, end)
    if tolerance is not None and not 0 <= tolerance < _MOST_TOLERANCE:
        raise OptionError(
            f"--tolerance {tolerance:g} must be between 0 and 0.5", hint="such as 0.1"
        )
    require_workers(workers, executor)
    zoned = None if zone is None else as_zone(zone, option="--zone")
    ws = ws.at(home)
    name = provider or ws.settings.provider
    ws.provider(name)
    moment = ws.resolve_as_of(as_of)
    tells = is_to_notify(ws, notify, moment)
    wanted = partial(
        LoadRequest,
        asset_class=asset_class,
        frequency=frequency or "daily",
        provider=name,
        start=first,
        end=last,
        calendar=calendar,
        zone=zoned,
        tolerance=tolerance,
        chunk=chunk,
        compression=compression,
    )
    taken = _former_names(ws, symbols, first)
    requests = {
        DatasetId(asset_class or "equities", frequency or "daily", each): taken.get(each)
        or wanted(symbol=each)
        for each in symbols
    }
    if plan:
        return plan_run(ws, "load", works_of(plan_load, requests), moment, provider=name)
    works = works_of(run_load, requests)
    return run_batch(
        ws,
        "load",
        works,
        moment,
        workers=workers,
        executor=executor,
        provider=name,
        is_known=True,
        notify=tells,
    )


def _former_names(
    ws: Workspace, symbols: Sequence[str], first: date | None
) -> dict[str, OptionError]:
    """For each symbol that is a former name of what is stored, the error that says so.

    Another company may have taken the name: a load of its days alone is meant.
    """
    unknown = not_stored(ws, symbols)
    former = ws.store.former_names() if unknown else {}
    return {
        name.symbol: OptionError(
            renaming(name.symbol, dataset, name.until),
            hint=(
                "load that: ",
                NextStep("load", dataset),
                "; if another company is listed under the old name, load its days alone: ",
                _days_after(replace(dataset, symbol=name.symbol), name.until),
            ),
        )
        for dataset, names in former.items()
        for name in names
        if name.symbol in unknown and (first is None or first <= name.until)
    }


def _days_after(dataset: DatasetId, until: date) -> NextStep:
    start = until + timedelta(days=1)
    return NextStep("load", dataset, source=LoadArguments(start=start))
