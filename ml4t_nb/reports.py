"""What the verbs give back: one value that each front end displays in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from ml4t_nb import report_frames
from ml4t_nb.backups import BackupReport, CheckBackupReport
from ml4t_nb.check_reports import CheckReport
from ml4t_nb.finding import Finding
from ml4t_nb.model import Adjustment, BarsFrequency, Basis, DatasetId, Gap
from ml4t_nb.notice import TargetStatus
from ml4t_nb.plans import DatasetPlan, PlannedRequest, PossibleRequests, ProviderBudget
from ml4t_nb.records import (
    AbsentSession,
    Exported,
    Health,
    HealthState,
    Pin,
    Skipped,
    Source,
    Summary,
    UpdateRecord,
)
from ml4t_nb.report_parts import (
    ComparedVersions,
    DatasetFindings,
    DatasetGaps,
    DatasetHistory,
    Difference,
    Left,
    PriceScale,
    ProviderInfo,
    RecentSession,
    SessionState,
    UnreadDataset,
)
from ml4t_nb.run_reports import PlanReport, RunReport, SyncReport
from ml4t_nb.version_diff import VersionDiff

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "ActionReport", "BackupReport", "CheckBackupReport", "CheckReport", "CompareReport",
    "ComparedVersions", "DatasetFindings", "DatasetGaps", "DatasetHistory",
    "DatasetPlan", "Difference", "ExportReport", "GapsReport", "HealthReport", "HistoryReport",
    "ListReport", "NotifyReport", "PinsReport", "PlanReport", "PlannedRequest", "PlotReport",
    "PossibleRequests",
    "PriceScale", "ProviderBudget", "ProviderInfo", "ProvidersReport", "RecentSession",
    "RemoveReport", "Report", "ReviewReport", "RunReport", "SessionState", "SqlReport",
    "SyncReport",
    "UnreadDataset",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Health of every dataset.

    Parameters
    ----------
    detailed
        Whether ``--verbose`` was given.
    fail_on
        States of which the shell's exit code says that a dataset is in one.
    recent
        If ``--sessions`` was given, for each of the datasets the last sessions that are final at
        the as-of, from the first bar on, oldest first; none where files are damaged.
    allow_empty
        Whether ``--allow-empty`` was given.
    home
        Folder of the store.
    left
        What is left of datasets whose data folder was deleted by hand; if ``--verbose`` was given,
        of those that were removed, too.
    """

    as_of: datetime
    datasets: tuple[Health, ...]
    detailed: bool = False
    fail_on: tuple[HealthState, ...] = ("error",)
    recent: tuple[tuple[RecentSession, ...], ...] = ()
    allow_empty: bool = False
    home: Path | None = None
    left: tuple[Left, ...] = ()

    def count(self, state: HealthState) -> int:
        """Datasets in that state."""
        return sum(each.state == state for each in self.datasets)

    @property
    def rows(self) -> int:
        """Bars in all datasets."""
        return sum(each.rows for each in self.datasets)

    def to_frame(self) -> pd.DataFrame:
        """A row for each dataset, healthy ones too."""
        return report_frames.health_frame(self.datasets)


@dataclass(frozen=True, slots=True)
class ListReport:
    """What is stored in the store whose folder is ``home``.

    Parameters
    ----------
    archive
        Folder of the store's archive, if some bars are there.
    """

    datasets: tuple[Summary, ...]
    home: Path | None = None
    archive: Path | None = None

    def to_frame(self) -> pd.DataFrame:
        """A row for each dataset; ``ended`` is the last date of a symbol not traded any more."""
        return report_frames.list_frame(self.datasets)


@dataclass(frozen=True, slots=True)
class GapsReport:
    """Gaps of every dataset looked at.

    Parameters
    ----------
    datasets
        Those that can be read.
    run
        What was done about them; None if they were only listed.
    every
        Whether gaps are listed that nothing can be done about any more, too.
    failed
        The others; without those that the run says this of.
    absent
        Sessions that no dataset of their calendar has.
    declaration
        The setting that declares them closures; empty if there are none.
    plan
        What would be requested again, if only that was wanted: nothing was done then.
    home
        Folder of the store.
    """

    as_of: datetime
    datasets: tuple[DatasetGaps, ...]
    run: RunReport | None = None
    every: bool = False
    failed: tuple[UnreadDataset, ...] = ()
    absent: tuple[AbsentSession, ...] = ()
    declaration: str = ""
    plan: PlanReport | None = None
    home: Path | None = None

    def to_frame(self) -> pd.DataFrame:
        """A row for each gap, with its ``first`` and ``last`` missing stamp."""
        return report_frames.gap_frame(self.datasets)


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """Findings of every dataset looked at.

    Parameters
    ----------
    datasets
        Those that can be read.
    every
        Whether notes and findings are listed that are decided or corrected, too.
    run
        What was decided about them; None if they were only listed.
    failed
        The others; without those that the run says this of.
    home
        Folder of the store.
    """

    as_of: datetime
    datasets: tuple[DatasetFindings, ...]
    every: bool = False
    run: RunReport | None = None
    failed: tuple[UnreadDataset, ...] = ()
    home: Path | None = None

    def to_frame(self) -> pd.DataFrame:
        """A row for each finding, with the ``first`` and ``last`` stamp of its bars.

        ``decided``, ``by`` and ``reason`` are of the decision; ``run`` is the number of the run
        that found it, and ``evidence`` a dict of numbers by name.
        """
        return report_frames.finding_frame(self.datasets)


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """Runs of every dataset looked at.

    Parameters
    ----------
    datasets
        Those that can be read.
    failed
        The others.
    home
        Folder of the store.
    diff
        For ``--diff``, how two versions differ: no runs are listed.
    """

    datasets: tuple[DatasetHistory, ...]
    failed: tuple[UnreadDataset, ...] = ()
    home: Path | None = None
    diff: VersionDiff | None = None

    def to_frame(self) -> pd.DataFrame:
        """A row for each run of each dataset, oldest first.

        ``run`` is its number, ``kept`` whether that version can be read yet, ``restated`` the
        ratio, and ``undid`` the number of the run that it took back. With ``--diff`` a row for each
        bar that differs, with its values before and after.
        """
        if self.diff is not None:
            return self.diff.bars.copy()
        return report_frames.history_frame(self.datasets)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """Bars written to ``out`` or, where that is None, to be printed as CSV.

    Parameters
    ----------
    bars
        As ``bars`` returns them; None if those of several symbols were written.
    out
        The file, or the folder of a file for each symbol.
    skipped
        Symbols that could not be read.
    notes
        Sentences for the reader: that bars are later than ML4T_DATA_AS_OF.
    adjust, filled
        How they are shown, as it was asked for.
    """

    datasets: tuple[Exported, ...]
    bars: pd.DataFrame | None
    out: Path | None
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    adjust: Adjustment = "splits"
    filled: bool = True

    @property
    def printed(self) -> pd.DataFrame | None:
        """The bars that are not in a file."""
        return self.bars if self.out is None else None

    def to_frame(self) -> pd.DataFrame:
        """A row for each dataset, then one for each symbol that was ``skipped``, with the reason.

        ``frequency`` is that of the bars. The bars themselves are in ``bars``.
        """
        return report_frames.export_frame(self.datasets, self.skipped)


@dataclass(frozen=True, slots=True)
class SqlReport:
    """What a query gave.

    Parameters
    ----------
    limit
        Rows to show; 0 for all.
    out
        The file that has them; None if none was asked for.
    notes
        As of an `ExportReport`.
    """

    query: str
    table: pa.Table
    limit: int
    out: Path | None
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """All rows, with the columns of the query."""
        return cast("pd.DataFrame", self.table.to_pandas(date_as_object=False))


@dataclass(frozen=True, slots=True)
class PlotReport:
    """What there is to draw of one dataset.

    Parameters
    ----------
    zone
        Time zone of its calendar, in which intraday bars are labelled.
    bars
        The bars in the range, on the last bar's split basis, filled ones too.
    missing
        Stamps in the range that the calendar expects, that are in a gap, and that no bar, filled
        or observed, represents.
    gaps
        All gaps that reach into the range, oldest first.
    sessions
        For a map of the coverage: one row a session (weekly: a week), indexed by its date at
        00:00 UTC, with the bars ``expected``, ``observed`` and ``filled``, its ``state`` (a
        `SessionState`) and the rows in ``gaps``, ``findings`` and ``sources`` of the first ``gap``,
        ``finding`` and ``source`` in it, or -1.
    record
        The run whose range this is, if ``--last-run`` or ``--run`` was given.
    out
        The page to write.
    findings
        Findings to be decided whose bars are in the range, oldest first.
    sources
        Bars in the range that are from another provider than ``provider``.
    before
        For ``--run``, the bars in the range as the run found them; ``bars`` are as it left them.
        For ``--diff``, those of the earlier version.
    changes
        For ``--run`` and ``--diff``, a row for each bar on either side: its ``change`` (``same``,
        ``replaced``, ``added``, ``removed``); of a restatement the ``factor`` of most bars between
        the same two splits, and whether its ``prices`` keep to it (``exact``, ``rounded``,
        ``other``), its ``volume`` and ``dividend`` too (``scaled``, ``same``, ``none``, ``other``);
        and whether the ``split`` is the ``same`` or an ``other``.
    derived
        The frequency of ``bars`` if they are made of the dataset's; ``missing`` are then periods
        without any bar. Gaps, findings and sources are those of the dataset.
    incomplete
        Of derived bars, the stamps of those that lack a part or are not over.
    hours
        Of intraday bars, the sessions from the first bar to the last one: indexed by their dates at
        00:00 UTC, the instants at which each one's ``open`` and ``close`` are.
    open_until
        When the last bar's session closes, if it has not yet.
    currency, basis
        What prices are in, empty if the provider does not say, and the split basis they are on.
    beside
        Other symbols to be compared with this one.
    home
        Folder of the store.
    version
        Number of the commit that it is of; 0 if it is of none.
    is_past
        Whether that is a past version.
    versions
        For ``--diff``, the two versions whose bars ``before`` and ``bars`` are.
    asked
        Arguments of the verb that draw the same of what is stored later; empty where the report is
        of one run, or of a past version.
    notes
        As of an `ExportReport`.
    """

    dataset: DatasetId
    provider: str
    zone: str
    bars: pd.DataFrame
    missing: pd.DatetimeIndex
    gaps: tuple[Gap, ...]
    sessions: pd.DataFrame | None = None
    record: UpdateRecord | None = None
    out: Path | None = None
    findings: tuple[Finding, ...] = ()
    sources: tuple[Source, ...] = ()
    before: pd.DataFrame | None = None
    changes: pd.DataFrame | None = None
    derived: BarsFrequency | None = None
    incomplete: pd.DatetimeIndex | None = None
    hours: pd.DataFrame | None = None
    open_until: datetime | None = None
    currency: str = ""
    basis: Basis | None = None
    beside: tuple[PlotReport, ...] = ()
    home: Path | None = None
    version: int = 0
    is_past: bool = False
    versions: ComparedVersions | None = None
    asked: Mapping[str, object] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def frequency(self) -> BarsFrequency:
        """That of ``bars``."""
        return self.derived or self.dataset.frequency

    def to_frame(self) -> pd.DataFrame:
        """What is drawn: the ``bars``, or the ``sessions`` of a map."""
        return (self.bars if self.sessions is None else self.sessions).copy()


@dataclass(frozen=True, slots=True)
class CompareReport:
    """Stored bars beside those of another provider, prices on one scale.

    Parameters
    ----------
    tolerance
        Share by which two prices may differ and still agree.
    common
        Bars that both have.
    agreeing
        For open, high, low and close, how many of them agree.
    differences
        All prices that do not, the furthest apart first.
    only_stored, only_other
        Stamps that the other lacks, between the first and the last bar in common.
    scales
        Stretches of one scale, oldest first.
    volume_ratio
        Median of the other's volumes over the stored ones; None where either has none.
    volumes_apart
        Bars whose volumes are in more than twice or less than half that ratio.
    notes
        What the other provider says of its bars.
    stored_bars, other_bars
        The bars themselves, to be drawn: those stored on the last bar's split basis, the other's as
        it serves them.
    version
        Number of the commit whose bars are compared.
    is_past
        Whether that is a past version.
    """

    dataset: DatasetId
    provider: str
    other: str
    as_of: datetime
    tolerance: float
    common: int
    agreeing: tuple[tuple[str, int], ...]
    differences: tuple[Difference, ...]
    only_stored: tuple[datetime, ...]
    only_other: tuple[datetime, ...]
    scales: tuple[PriceScale, ...]
    volume_ratio: float | None
    volumes_apart: int
    notes: tuple[str, ...] = ()
    stored_bars: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    other_bars: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    version: int = 0
    is_past: bool = False

    def to_frame(self) -> pd.DataFrame:
        """A row for each price that differs, the furthest apart first."""
        return report_frames.difference_frame(self.dataset, self.differences)


@dataclass(frozen=True, slots=True)
class RemoveReport:
    """Datasets, with the number of bars each lost; ``whole`` if nothing of them is left.

    The number is None where the manifest that knew it was damaged.
    """

    removed: tuple[tuple[DatasetId, int | None], ...]
    whole: bool

    def to_frame(self) -> pd.DataFrame:
        """A row for each dataset, with the number of bars it lost in ``rows``."""
        return report_frames.removed_frame(self.removed)


@dataclass(frozen=True, slots=True)
class ProvidersReport:
    """The providers, with what they serve."""

    providers: tuple[ProviderInfo, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row for each asset class and frequency that a provider serves.

        ``days_per_request`` and ``days_back`` are missing where there is no limit.
        """
        return report_frames.provider_frame(self.providers)


@dataclass(frozen=True, slots=True)
class NotifyReport:
    """Whom the store in ``home`` tells of changes, and whether ``--test`` was given."""

    targets: tuple[TargetStatus, ...]
    is_test: bool = False
    home: Path | None = None

    def to_frame(self) -> pd.DataFrame:
        """A row for each target; ``known`` is how many conditions it was told that still hold."""
        return report_frames.target_frame(self.targets)


@dataclass(frozen=True, slots=True)
class PinsReport:
    """Names under which versions are kept in the store in ``home``, oldest first.

    Parameters
    ----------
    changed
        The one that was just made or removed; empty if they are only listed.
    """

    pins: tuple[Pin, ...]
    changed: str = ""
    home: Path | None = None

    def to_frame(self) -> pd.DataFrame:
        """A row for each dataset of each pin."""
        return report_frames.pin_frame(self.pins)


Report: TypeAlias = (
    RunReport
    | HealthReport
    | ListReport
    | GapsReport
    | ReviewReport
    | HistoryReport
    | CompareReport
    | ExportReport
    | SqlReport
    | PlotReport
    | RemoveReport
    | ProvidersReport
    | PlanReport
    | NotifyReport
    | PinsReport
    | BackupReport
    | CheckBackupReport
    | CheckReport
)
ActionReport: TypeAlias = GapsReport | ReviewReport
"""Of verbs that list, or do something about what they list."""
