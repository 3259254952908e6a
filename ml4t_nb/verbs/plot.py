"""The verb that looks at bars: what there is to draw of one dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

from ml4t_nb.errors import OptionError
from ml4t_nb.model import NextStep
from ml4t_nb.options import Doc, Moment, PathName, Short, Symbols, as_folder
from ml4t_nb.reports import PlotReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.look_ahead import LookAhead
from ml4t_nb.verbs.parameters import BarsFreq, Class, End, Home, KnownOn, PinName, Start, Version
from ml4t_nb.verbs.past import as_known, number_of
from ml4t_nb.verbs.plot_bars import (
    bars_report,
    require_common_session,
    require_one_axis,
    snapshots_of,
)
from ml4t_nb.verbs.plot_versions import versions_report
from ml4t_nb.verbs.runs import record_at_store
from ml4t_nb.verbs.select import days, required
from ml4t_nb.version_names import VersionName, as_version

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from ml4t_nb.records import Restatement, UpdateRecord
    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.workspace import Workspace

__all__ = ["plot"]

_BARS_BESIDE = 25

Compared: TypeAlias = Annotated[
    Symbols, Short("-s"), Doc("The symbol, or several to be compared with one another.")
]
Now: TypeAlias = Annotated[
    Moment | None,
    Doc(
        "The time that it is: a session that is not over by then is said to be open, and bars\n"
        "that were over only after it are refused. To draw what was known then, give known_on."
    ),
]


@served("read")
@verb
def plot(
    ws: Workspace,
    /,
    symbol: Compared = (),
    *,
    asset_class: Class = None,
    frequency: BarsFreq = None,
    start: Start = None,
    end: End = None,
    coverage: bool = False,
    last_run: bool = False,
    run: int | None = None,
    diff: VersionName | None = None,
    out: PathName | None = None,
    known_on: KnownOn = None,
    version: Version = None,
    pin: PinName = None,
    as_of: Now = None,
    home: Home = None,
) -> PlotReport:
    """Draw one dataset's bars, and the gaps among them with their states.

    Of several symbols, the closes are drawn as lines that are 100 at their first common session; a
    line is broken where its bars are missing, and not on days without a session of its own.

    Parameters
    ----------
    coverage
        A calendar of the sessions instead: how many of its bars each one has.
    last_run
        Only what the last load or update requested, and the bars before it.
    run
        Only the bars that this run changed, as they were before and after it: a number from its
        history.
    diff
        Only what differs from the version of this number, or from what was known on this day, its
        stored bars under today's; with --version, --known-on or --pin, under that version's.
    out
        A file that ends in .html: the figure as a page that needs no network.
    """
    ws = as_known(ws.at(home), known_on, version, pin)
    names = tuple(dict.fromkeys(required(symbol, "plot")))
    page = None if out is None else as_folder(out, option="--out")
    if page is not None and page.suffix != ".html":
        raise OptionError(f"--out {page.name!r} must end in .html", hint="plot writes a web page")
    range_ = days(start, end)
    if last_run and range_ != (None, None):
        raise OptionError("--last-run sets its own range", hint="leave out --start and --end")
    _require_alone(run, diff, has_others=coverage or last_run or range_ != (None, None))
    drawn: dict[str, bool] = {"coverage": coverage, "last_run": last_run}
    if len(names) > 1:
        alone = {**drawn, "run": run is not None, "diff": diff is not None}
        others = [option for option, given in alone.items() if given]
        if others:
            flag = "--" + others[0].replace("_", "-")
            raise OptionError(f"{flag} draws one symbol alone", hint=_alone_hint(names, diff))
    ahead = LookAhead(ws, as_of)
    now = ws.resolve_as_of(as_of)
    snapshots = snapshots_of(ws, names, asset_class, frequency)
    for each in snapshots:
        ahead.take(each.manifest)
    if run is not None:
        drawn_run = _change_of(snapshots[0], run, page, ws.settings.home)
        return replace(drawn_run, notes=ahead.told())
    if diff is not None:
        then = as_version(diff, option="--diff")
        number = number_of(ws, ws.store.versions(snapshots[0].manifest.dataset), then)
        two = versions_report(ws, snapshots[0], number, frequency, page)
        return replace(two, notes=ahead.told())
    require_one_axis([each.manifest for each in snapshots], frequency)
    reports = [
        bars_report(each, range_, frequency, now, home=ws.settings.home, **drawn)
        for each in snapshots
    ]
    require_common_session(reports)
    asked = {
        "symbol": names, "asset_class": asset_class, "frequency": frequency, "start": start,
        "end": end, "as_of": as_of, "home": ws.settings.home,
    }  # fmt: skip
    beside = tuple(reports[1:])
    # The version that is asked for may be the newest one now.
    is_fixed = last_run or ws.choose is not None
    return replace(
        reports[0],
        out=page,
        beside=beside,
        asked={} if is_fixed else asked,
        notes=ahead.told(),
    )


def _require_alone(run: int | None, diff: VersionName | None, *, has_others: bool) -> None:
    """OptionError if one run, or a version beside another, is to be drawn with something else."""
    if run is not None and diff is not None:
        raise OptionError("--run and --diff are two pictures", hint="leave one of them out")
    what = {"--run draws one run": run, "--diff draws two versions": diff}
    for words, given in what.items():
        if given is not None and has_others:
            raise OptionError(f"{words} alone", hint="leave out --coverage, --start and --end")


def _alone_hint(names: Sequence[str], diff: VersionName | None) -> str:
    """What to do instead of naming several; where it is a second version, how to name that."""
    if diff is not None:
        with suppress(OptionError):
            second = as_version(names[-1], option="--diff")
            option = "--version" if isinstance(second, int) else "--known-on"
            return f"--diff takes one version; for the other one, {option} {names[-1]}"
    return "name one symbol"


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
        currency=manifest.config.currency,
        home=home,
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
