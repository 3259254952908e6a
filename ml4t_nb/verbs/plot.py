"""The verb that looks at bars: what there is to draw of one dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.finding import Finding
from ml4t_nb.model import Gap, NextStep, Span
from ml4t_nb.options import PathName, as_folder
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.reports import PlotReport
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.bars import snapshot_of
from ml4t_nb.verbs.coverage import Expectation, sessions_of
from ml4t_nb.verbs.parameters import AsOfUnused, Class, End, Freq, Home, OneSymbol, Start
from ml4t_nb.verbs.runs import record_at_store
from ml4t_nb.verbs.select import days, required

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from ml4t_nb.records import Restatement, UpdateRecord
    from ml4t_nb.storage.manifest import Manifest
    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.workspace import Workspace

__all__ = ["plot"]

_BARS_BEFORE = 60
_BARS_BESIDE = 25


@verb
def plot(
    ws: Workspace,
    /,
    symbol: OneSymbol = (),
    *,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Start = None,
    end: End = None,
    coverage: bool = False,
    last_run: bool = False,
    run: int | None = None,
    out: PathName | None = None,
    as_of: AsOfUnused = None,
    home: Home = None,
) -> PlotReport:
    """Draw one dataset's bars, and the gaps among them with their states.

    Parameters
    ----------
    coverage
        A calendar of the sessions instead: how many of its bars each one has.
    last_run
        Only what the last load or update requested, and the bars before it.
    run
        Only the bars that this run changed, as they were before and after it: a number from its
        history.
    out
        A file that ends in .html: the figure as a page that needs no network.
    """
    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.bars import as_instant, within
    from ml4t_nb.reading.one import view

    ws = ws.at(home)
    ws.resolve_as_of(as_of)
    (name,) = required(symbol, "plot", one=True)
    page = None if out is None else as_folder(out, option="--out")
    if page is not None and page.suffix != ".html":
        raise OptionError(f"--out {page.name!r} must end in .html", hint="plot writes a web page")
    range_ = days(start, end)
    if last_run and range_ != (None, None):
        raise OptionError("--last-run sets its own range", hint="leave out --start and --end")
    if run is not None and (coverage or last_run or range_ != (None, None)):
        raise OptionError(
            "--run draws one run alone", hint="leave out --coverage, --start and --end"
        )
    snapshot = snapshot_of(ws, name, asset_class, frequency)
    if run is not None:
        return _change_of(snapshot, run, page, ws.settings.home)
    manifest = snapshot.manifest
    # Whole, since a gap may begin before the range and end after it.
    whole = view(snapshot, BarsRequest())
    record = _last_run(snapshot) if last_run else None
    span = calendar(manifest.config.calendar).span(*range_, manifest.dataset.frequency)
    if record is not None and not whole.empty:
        asked = min(each.start for each in record.spans)
        row = int(whole.index.searchsorted(asked)) - _BARS_BEFORE
        span = Span(as_instant(whole.index[max(row, 0)]), span.end)
    gaps = tuple(gap for gap in manifest.gaps if span.meets(gap.span))
    findings = tuple(_to_decide(manifest.findings, span))
    sources = tuple(each for each in manifest.sources if span.meets(each.span))
    missing, wanted = _lacking(manifest, whole, span, gaps)
    bars, sessions = within(whole, span), None
    if coverage:
        sessions = sessions_of(wanted, bars, gaps, findings, sources)
    return PlotReport(
        dataset=manifest.dataset,
        provider=manifest.config.provider,
        zone=calendar(manifest.config.calendar).zone.key,
        bars=bars,
        missing=missing,
        gaps=gaps,
        sessions=sessions,
        record=None if record is None else record_at_store(record, ws.settings.home),
        out=page,
        findings=findings,
        sources=sources,
    )


def _change_of(snapshot: Snapshot, run: int, page: Path | None, home: Path) -> PlotReport:
    import pandas as pd

    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.change_factors import change_factors
    from ml4t_nb.core.past_values import around_change

    manifest, dataset = snapshot.manifest, snapshot.manifest.dataset
    hint = ("the runs there are: ", NextStep("history", dataset))
    runs = {each.version: each for each in snapshot.newest_runs() if each.version > 0}
    if run not in runs:
        raise OptionError(f"{dataset} has no run {run} in its history", hint=hint)
    record = runs[run]
    restatement = _restatement(record, runs)
    before, after = around_change(
        snapshot.bars(),
        snapshot.revised_rows(),
        run,
        beside=_BARS_BESIDE,
        is_from_start=restatement is not None,
    )
    if before.empty and after.empty:
        raise OptionError(f"no value is kept that run {run} of {dataset} changed", hint=hint)
    return PlotReport(
        dataset=dataset,
        provider=manifest.config.provider,
        zone=calendar(manifest.config.calendar).zone.key,
        bars=after,
        missing=pd.DatetimeIndex(after.index[:0]),
        gaps=(),
        record=record_at_store(record, home),
        out=page,
        before=before,
        changes=change_factors(
            before,
            after,
            ratio=None if restatement is None else restatement.ratio,
            splits=[] if restatement is None else _splits(restatement),
        ),
    )


def _restatement(record: UpdateRecord, runs: Mapping[int, UpdateRecord]) -> Restatement | None:
    """What the run restated; of one that took back another's, the inverse of that."""
    undone = runs[record.undid].restatement if record.undid in runs else None
    if undone is None:
        return record.restatement
    splits = tuple((day, 1 / ratio) for day, ratio in undone.splits)
    return replace(undone, ratio=1 / undone.ratio, splits=splits)


def _splits(restatement: Restatement) -> list[tuple[pd.Timestamp, float]]:
    import pandas as pd

    return [(pd.Timestamp(day), ratio) for day, ratio in restatement.splits]


def _to_decide(findings: Sequence[Finding], span: Span) -> Iterator[Finding]:
    """Those that nobody decided about and no better bar ended, with a bar in ``span``."""
    for each in findings:
        if each.stamp is None or not each.is_open or each.severity == "note":
            continue
        if each.stamp < span.end and span.start <= (each.end or each.stamp):
            yield each


def _last_run(snapshot: Snapshot) -> UpdateRecord:
    for record in snapshot.newest_runs():
        if record.spans:
            return record
    raise OptionError(
        f"no recorded run of {snapshot.manifest.dataset} fetched bars", hint="leave out --last-run"
    )


def _lacking(
    manifest: Manifest, whole: pd.DataFrame, span: Span, gaps: tuple[Gap, ...]
) -> tuple[pd.DatetimeIndex, Expectation]:
    """Stamps in gaps that no bar represents, and what the calendar expects of the range."""
    import pandas as pd

    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.bars import observed
    from ml4t_nb.core.gap_detection import gap_of
    from ml4t_nb.core.gapfill import ExpectedGrid
    from ml4t_nb.core.timestamps import index_micros

    dates = calendar(manifest.config.calendar, manifest.config.session_overrides)
    grid = ExpectedGrid.of(manifest.dataset, manifest.config, dates)
    found = grid.match(pd.DatetimeIndex(observed(whole).index))
    ends = [pd.Timestamp(span.start), pd.Timestamp(span.end)]
    expected, lacking = (
        each[slice(*each.searchsorted(ends))] for each in (found.expected, found.missing)
    )
    at = gap_of(index_micros(lacking), gaps)
    bare = lacking[(at >= 0) & ~lacking.isin(whole.index)]
    return bare, Expectation(grid, expected, lacking, at)
