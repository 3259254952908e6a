"""The verb that loads history."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.model import Chunking, Compression, DatasetId, NextStep
from ml4t_nb.options import as_symbols, as_zone
from ml4t_nb.records import UpdateRecord
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import AsOf, Class, End, Freq, Home, ProviderName, Selection, Start
from ml4t_nb.verbs.runs import report_of, task_of
from ml4t_nb.verbs.select import EXAMPLE, days, latest

if TYPE_CHECKING:
    from ml4t_nb.batch import Task
    from ml4t_nb.workspace import Workspace

__all__ = ["load"]


_LOADERS = 4

_MOST_TOLERANCE = 0.5


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
    as_of: AsOf = None,
    home: Home = None,
) -> RunReport:
    """Load history, or extend what is stored to an earlier start or a later end.

    Parameters
    ----------
    symbol
        Symbols as the provider spells them; at least one.
    asset_class
        What the symbols are; if not given, the provider's own answer, else equities.
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
        Time zone of a file's stamps within a day that say none, such as Europe/Athens: an IANA
        name, or one and hours ahead of it, America/New_York+07:00; if not given, the setting
        ML4T_DATA_FILES_ZONE, else the calendar's own.
    tolerance
        Share of a bar's length by which an intraday stamp may miss its expected one; 0.1 for a
        new dataset.
    chunk
        Calendar period of a file. auto, for a new dataset: yearly for daily and weekly bars,
        monthly for intraday ones, and small closed periods share a file.
    compression
        Codec of the files; lz4 for a new dataset.
    """
    from ml4t_nb.pipeline import LoadRequest, run_load

    symbols = as_symbols(symbol)
    if not symbols:
        raise OptionError("load needs a symbol", hint=NextStep("load", EXAMPLE))
    first, last = days(start, end)
    if tolerance is not None and not 0 <= tolerance < _MOST_TOLERANCE:
        raise OptionError(
            f"--tolerance {tolerance:g} must be between 0 and 0.5", hint="such as 0.1"
        )
    zoned = None if zone is None else as_zone(zone, option="--zone")
    ws = ws.at(home)
    name = provider or ws.settings.provider
    ws.provider(name)
    moment = ws.resolve_as_of(as_of)
    blank = UpdateRecord(latest(moment, ()), "load", name, "failed")

    def task(each: str) -> Task:
        request = LoadRequest(
            symbol=each,
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
        dataset = DatasetId(asset_class or "equities", request.frequency, each)
        work = partial(run_load, request=request)
        return task_of(ws, moment, blank, dataset, work, provider=name)

    return report_of(ws, "load", [task(each) for each in symbols], moment, workers=_LOADERS)
