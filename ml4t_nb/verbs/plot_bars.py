"""What there is to draw of one dataset: its bars, or longer ones, with the gaps among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.finding import Finding
from ml4t_nb.model import AssetClass, BarsFrequency, Gap, Span, bar_length
from ml4t_nb.reading.request import BarsRequest
from ml4t_nb.reports import PlotReport
from ml4t_nb.session_reads import note_read
from ml4t_nb.verbs.coverage import Expectation, sessions_of
from ml4t_nb.verbs.runs import record_at_store
from ml4t_nb.verbs.select import select_sources

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from ml4t_nb.records import UpdateRecord
    from ml4t_nb.storage.manifest import Manifest
    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.workspace import Workspace

__all__ = ["bars_report", "require_common_session", "require_one_axis", "snapshots_of"]

_Range: TypeAlias = tuple[date | None, date | None]

_BARS_BEFORE = 60


def snapshots_of(
    ws: Workspace,
    symbols: Sequence[str],
    asset_class: AssetClass | None,
    frequency: BarsFrequency | None,
) -> list[Snapshot]:
    """The current snapshots of what the symbols mean, or of what their bars are derived from."""
    found = []
    for _, dataset in select_sources(ws, symbols, asset_class, frequency):
        if isinstance(dataset, Ml4tError):
            raise dataset
        found.append(ws.store.snapshot(dataset))
    return found


def require_one_axis(manifests: Sequence[Manifest], frequency: BarsFrequency | None) -> None:
    """OptionError if the bars have no stamps in common: other frequencies, or minutes elsewhere."""
    shown = {frequency or each.dataset.frequency for each in manifests}
    if len(shown) > 1:
        raise OptionError(
            f"bars of different frequencies ({', '.join(sorted(shown))}) cannot be compared",
            hint="choose one with -f, such as -f daily",
        )
    calendars = sorted({each.config.calendar for each in manifests})
    if len(calendars) > 1 and bar_length(*shown) is not None:
        raise OptionError(
            f"minutes of different calendars ({', '.join(calendars)}) cannot be compared",
            hint="compare their days: -f daily",
        )


def require_common_session(reports: Sequence[PlotReport]) -> None:
    """OptionError if no stamp in the range has a bar of each."""
    if len(reports) < 2 or _has_common_stamp(reports):  # noqa: PLR2004  # one alone is not compared
        return
    names = ", ".join(each.dataset.symbol for each in reports)
    raise OptionError(
        f"{names} have no session in common in this range", hint="compare them over a longer one"
    )


def _has_common_stamp(reports: Sequence[PlotReport]) -> bool:
    """Whether one of the stamps has an observed bar of each."""
    from ml4t_nb.core.bars import observed

    held, *others = (observed(each.bars).index for each in reports)
    for each in others:
        held = held.intersection(each)
    return bool(len(held))


def bars_report(
    snapshot: Snapshot,
    range_: _Range,
    frequency: BarsFrequency | None,
    now: datetime | date,
    *,
    home: Path,
    coverage: bool = False,
    last_run: bool = False,
) -> PlotReport:
    """The bars in the range, and what is to be said about them."""
    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.bars import as_instant, within
    from ml4t_nb.reading.one import view
    from ml4t_nb.reading.origin import Origin

    manifest = snapshot.manifest
    derived = None if frequency == manifest.dataset.frequency else frequency
    if derived is not None and (coverage or last_run):
        flag = "--coverage" if coverage else "--last-run"
        raise OptionError(
            f"{flag} is of stored bars; {derived} ones are derived",
            hint=f"-f {manifest.dataset.frequency}",
        )
    # Whole, since a gap may begin before the range and end after it.
    whole = view(snapshot, BarsRequest())
    record = _last_run(snapshot) if last_run else None
    span = calendar(manifest.config.calendar).span(*range_, derived or manifest.dataset.frequency)
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
    report = PlotReport(
        dataset=manifest.dataset,
        provider=manifest.config.provider,
        zone=calendar(manifest.config.calendar).zone.key,
        bars=bars,
        missing=missing,
        gaps=gaps,
        sessions=sessions,
        record=None if record is None else record_at_store(record, home),
        findings=findings,
        sources=sources,
        currency=manifest.config.currency,
        basis=manifest.config.basis,
        home=home,
        version=manifest.sequence,
        is_past=snapshot.is_past,
    )
    if derived is None:
        shown = BarsRequest(*range_)
        note_read(Origin.of(shown, [manifest], manifest.dataset.frequency))
    else:
        report = _longer(report, snapshot, range_, derived)
    hours = _hours(manifest, report)
    return replace(report, hours=hours, open_until=_open_until(report, hours, now))


def _longer(
    report: PlotReport, snapshot: Snapshot, range_: _Range, frequency: BarsFrequency
) -> PlotReport:
    """The report with bars that are made of those of the dataset."""
    import pandas as pd

    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.bars import as_instant
    from ml4t_nb.reading.one import read_bars

    config = snapshot.manifest.config
    request = BarsRequest(*range_, frequency=frequency)
    bars = read_bars(snapshot, request.made_from([report.dataset]))
    is_complete = bars.pop("complete").to_numpy(bool)
    stamps = pd.DatetimeIndex(bars.index)
    missing = stamps[:0]
    if len(stamps):
        span = Span(as_instant(stamps[0]), as_instant(stamps[-1]))
        dates = calendar(config.calendar, config.session_overrides)
        missing = dates.known_stamps(span, frequency).difference(stamps)
    return replace(
        report, bars=bars, missing=missing, derived=frequency, incomplete=stamps[~is_complete]
    )


def _hours(manifest: Manifest, report: PlotReport) -> pd.DataFrame | None:
    """The sessions that intraday bars are of."""
    import numpy as np
    import pandas as pd

    from ml4t_nb.calendars import calendar
    from ml4t_nb.core.timestamps import index_micros

    if bar_length(report.frequency) is None or report.bars.empty:
        return None
    dates = calendar(manifest.config.calendar, manifest.config.session_overrides)
    known, ends = dates.sessions, index_micros(pd.DatetimeIndex(report.bars.index[[0, -1]]))
    first = int(np.searchsorted(known.closes, ends[0], side="right"))
    last = int(np.searchsorted(known.opens, ends[1], side="right"))
    days, opens, closes = (
        pd.DatetimeIndex(each[first:last].view("M8[us]"), tz="UTC")
        for each in (known.days, known.opens, known.closes)
    )
    return pd.DataFrame({"open": opens, "close": closes}, index=days)


def _open_until(
    report: PlotReport, hours: pd.DataFrame | None, now: datetime | date
) -> datetime | None:
    """When the session of the last bar closes, if ``now`` is before that."""
    # A date means the time after its session's close.
    if hours is None or hours.empty or not isinstance(now, datetime):
        return None
    close: datetime = hours["close"].iloc[-1].to_pydatetime()
    length = bar_length(report.frequency) or timedelta(0)
    last: datetime = report.bars.index[-1].to_pydatetime()
    is_open = now < close and last + length < close and hours["open"].iloc[-1] <= last
    return close if is_open else None


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
