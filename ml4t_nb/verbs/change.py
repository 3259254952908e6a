"""Verbs that change the store: load, update, remove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.model import Chunking, Compression, DatasetId, FillMethod, NextStep
from ml4t_nb.options import Day, Moment, PathName, Short, Symbols, as_symbols, one_of
from ml4t_nb.records import Health, UpdateRecord, UpdateResult
from ml4t_nb.reports import RemoveReport, RunReport
from ml4t_nb.verbs.absent import absent, declaration, doubted
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.look import judge_all
from ml4t_nb.verbs.runs import failed, report_of, run_of
from ml4t_nb.verbs.select import EXAMPLE, Class, Freq, Provider, checked, days, latest, picked
from ml4t_nb.zones import as_zone

if TYPE_CHECKING:
    from ml4t_nb.batch import Job, Observe, Pause
    from ml4t_nb.workspace import Workspace

__all__ = ["load", "remove", "update"]

_LOADERS = 4
_MOST_TOLERANCE = 0.5
_STALE_AFTER = timedelta(days=7)


@verb
def load(
    ws: Workspace,
    /,
    symbol: Annotated[Symbols, Short("-s")] = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    provider: Provider = None,
    start: Day | None = None,
    end: Day | None = None,
    calendar: str | None = None,
    zone: str | None = None,
    tolerance: float | None = None,
    chunk: Chunking | None = None,
    compression: Compression | None = None,
    as_of: Moment | None = None,
    home: PathName | None = None,
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
        Who is asked; if not given, the setting ML4T_DATA_PROVIDER, else yahoo.
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
    as_of
        Run as of this time: an instant, or a date, meaning after that session's close.
    home
        Folder of the store.
    """
    from ml4t_nb.batch import Job
    from ml4t_nb.pipeline import Load, run_load

    symbols = as_symbols(symbol)
    if not symbols:
        raise OptionError("load needs a symbol", hint=NextStep("load", EXAMPLE))
    asset_class, frequency = checked(asset_class, frequency)
    first, last = days(start, end)
    if tolerance is not None and not 0 <= tolerance < _MOST_TOLERANCE:
        raise OptionError(f"--tolerance {tolerance:g} is no share", hint="0 up to 0.5, such as 0.1")
    zoned = None if zone is None else as_zone(zone, option="--zone")
    ws = ws.at(home)
    name = provider or ws.settings.provider
    ws.provider(name)
    moment = ws.moment(as_of)
    blank = UpdateRecord(latest(moment, ()), "load", name, "failed")

    def job(each: str) -> Job:
        order = Load(
            symbol=each,
            asset_class=asset_class,
            frequency=frequency or "daily",
            provider=name,
            start=first,
            end=last,
            calendar=calendar,
            zone=zoned,
            tolerance=tolerance,
            chunk=one_of(chunk, Chunking, what="chunk period"),
            compression=one_of(compression, Compression, what="compression"),
        )
        dataset = DatasetId(asset_class or "equities", order.frequency, each)

        def work(observe: Observe, pause: Pause) -> UpdateResult:
            return run_load(run_of(ws, moment, observe, pause), order)

        return Job(dataset, work, partial(failed, ws, blank, dataset), name)

    return report_of(ws, "load", [job(each) for each in symbols], moment, workers=_LOADERS)


@verb
def update(
    ws: Workspace,
    /,
    symbol: Annotated[Symbols, Short("-s")] = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    lookback_days: Annotated[int | None, Short("-l")] = None,
    fill_gaps: bool | None = None,
    fill_method: FillMethod = "forward",
    max_fill: int = 5,
    provider: Provider = None,
    switch: bool = False,
    workers: int = 4,
    accept: bool = False,
    reset_as_of: bool = False,
    show_status: bool = False,
    allow_empty: bool = False,
    as_of: Moment | None = None,
    home: PathName | None = None,
) -> RunReport:
    """Fetch what is new, check the overlap, and close the gaps.

    Parameters
    ----------
    symbol
        Symbols to update; everything that is stored if none is named.
    asset_class
        Only datasets of this class.
    frequency
        Only datasets of this frequency.
    lookback_days
        Calendar days before the last stored bar that are fetched again, to catch late bars and
        revisions; if not given, as many as cost no further request, up to 40.
    fill_gaps
        Ask again for open gaps, and fill at once what stays missing; off, only find and report.
        If not given, fill what a second answer, after a later session, still lacks.
    fill_method
        What stands in for a missing bar, flagged as filled.
    max_fill
        Longest gap, in bars, that is filled; a longer one stays open.
    provider
        Who is asked in this run; if not given, each dataset's own provider.
    switch
        Make the provider given the datasets' own, from now on.
    workers
        Datasets updated at the same time.
    accept
        Take the provider's view of a history that contradicts the stored one, all of which is
        asked for and compared; the symbols must be named.
    reset_as_of
        Take datasets back to this run's as-of that a wrong clock or as-of has set ahead; all bars
        stay, and are compared.
    show_status
        Show health before and after, the last ten runs, and what was asked for.
    allow_empty
        Let the shell's exit code be 0 also where nothing is stored, and the folder of the store
        not be there.
    as_of
        Run as of this time: an instant, or a date, meaning after that session's close.
    home
        Folder of the store.
    """
    from ml4t_nb.batch import Job
    from ml4t_nb.core.settle import Fill
    from ml4t_nb.pipeline import Update, run_update

    lookback = 1 if lookback_days is None else lookback_days
    _at_least_one(lookback_days=lookback, max_fill=max_fill, workers=workers)
    if switch and provider is None:
        raise OptionError("--switch needs a provider", hint="name it with -p/--provider")
    one_of(fill_method, FillMethod, what="fill method")
    asset_class, frequency = checked(asset_class, frequency)
    if accept and not as_symbols(symbol):
        raise OptionError(
            "--accept needs a symbol: each contradiction is judged by itself",
            hint=NextStep("accept", EXAMPLE),
        )
    ws = ws.at(home)
    if provider is not None:
        ws.provider(provider)
    if not (allow_empty or symbol):
        ws.require_home()
    moment = ws.moment(as_of)
    stored = ws.store.datasets()
    blank = UpdateRecord(latest(moment, ()), "update", provider or "", "failed")
    meant = _meant(stored, as_symbols(symbol), asset_class, frequency)
    chosen = {each for each, _ in meant}
    missed = absent(ws, chosen)
    unsure = doubted(ws, chosen) if missed and fill_gaps is None else {}

    def job(each: DatasetId, error: Ml4tError | None) -> Job:
        fill = Fill(fill_method, max_fill, fill_gaps is True, unsure.get(each, ()))
        order = Update(
            dataset=each,
            lookback=None if lookback_days is None else timedelta(days=lookback_days),
            fill=None if fill_gaps is False else fill,
            provider=provider,
            switch=switch,
            accept=accept,
            reset_as_of=reset_as_of,
        )

        def work(observe: Observe, pause: Pause) -> UpdateResult:
            if error is not None:
                raise error
            return run_update(run_of(ws, moment, observe, pause), order)

        return Job(each, work, partial(failed, ws, blank, each))

    jobs = [job(*each) for each in meant]
    before = _health_of(ws, moment) if show_status else {}
    report = report_of(ws, "update", jobs, moment, workers=workers)
    report = replace(report, allow_empty=allow_empty)
    if found := tuple(sorted(set(absent(ws, chosen)) - set(missed))):
        report = replace(report, absent=found, declaration=declaration(ws, found))
    if not as_symbols(symbol):
        ws.store.sweep()
    return _detailed(report, before, _health_of(ws, moment)) if show_status else report


@verb
def remove(
    ws: Workspace,
    /,
    symbol: Annotated[Symbols, Short("-s")] = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Day | None = None,
    end: Day | None = None,
    yes: bool = False,
    as_of: Moment | None = None,
    home: PathName | None = None,
) -> RemoveReport:
    """Remove datasets, or a stretch of them from the start or up to the end.

    Parameters
    ----------
    symbol
        Symbols to remove; at least one.
    asset_class
        Their class, where a symbol is stored under several.
    frequency
        Their frequency, where a symbol is stored at several.
    start
        First date to remove, inclusive.
    end
        Last date to remove, inclusive.
    yes
        Do it; without, the verb only says what it would remove, and fails.
    as_of
        Run as of this time: an instant, or a date, meaning after that session's close.
    home
        Folder of the store.
    """
    from ml4t_nb.pipeline import run_remove

    ws = ws.at(home)
    symbols = as_symbols(symbol)
    if not symbols:
        raise OptionError("remove needs a symbol", hint=NextStep("remove", EXAMPLE))
    asset_class, frequency = checked(asset_class, frequency)
    range_ = days(start, end)
    moment = ws.moment(as_of)
    chosen = picked(ws.store.datasets(), symbols, asset_class, frequency)
    if not yes:
        raise OptionError(
            f"remove would delete bars of {', '.join(str(each) for each in chosen)}",
            hint="add --yes to do it",
        )
    removed: list[tuple[DatasetId, int | None]] = []
    for each in chosen:
        try:
            bars = run_remove(ws.store, each, *range_, moment, limits=ws.limits)
        except Ml4tError as error:
            if removed:
                gone = ", ".join(
                    f"{'bars' if count is None else f'{count:,} bars'} of {other}"
                    for other, count in removed
                )
                error.message += f" (removed before: {gone})"
            raise
        removed.append((each, bars))
    ws.store.sweep()
    return RemoveReport(tuple(removed), whole=range_ == (None, None))


def _meant(
    stored: Sequence[DatasetId],
    symbols: Sequence[str],
    asset_class: Class,
    frequency: Freq,
) -> list[tuple[DatasetId, Ml4tError | None]]:
    """Datasets to update; for a symbol that means none, the error that says so."""
    if not symbols:
        return [(each, None) for each in picked(stored, (), asset_class, frequency)]
    meant: list[tuple[DatasetId, Ml4tError | None]] = []
    for symbol in symbols:
        try:
            meant += [(each, None) for each in picked(stored, (symbol,), asset_class, frequency)]
        except Ml4tError as error:
            guess = DatasetId(asset_class or "equities", frequency or "daily", symbol)
            meant.append((guess, error))
    return meant


def _health_of(ws: Workspace, moment: datetime | date) -> dict[DatasetId, Health]:
    judged, _ = judge_all(ws, ws.store.summaries(), moment, _STALE_AFTER)
    return {each.dataset: each for each in judged}


def _detailed(
    report: RunReport, before: dict[DatasetId, Health], after: dict[DatasetId, Health]
) -> RunReport:
    """The report with health before and after."""
    results = tuple(
        replace(each, before=before.get(each.dataset), after=after.get(each.dataset))
        for each in report.results
    )
    return replace(report, results=results, detailed=True)


def _at_least_one(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            option = name.replace("_", "-")
            raise OptionError(f"--{option} {number} is too few", hint="1 or more")
