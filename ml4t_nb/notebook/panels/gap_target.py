"""A gap to do something about: which dates a verb must be told, and what makes sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId, Gap, bar_length
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, ask, of_dataset
from ml4t_nb.render.format import many
from ml4t_nb.reports import DatasetGaps, GapsReport

__all__ = ["GapTarget", "disabled_reasons", "is_same_gap", "list_gaps", "target_of"]

_ACTIONS = ("refetch", "refill", "unfill", "close", "reopen")


@dataclass(frozen=True, slots=True)
class GapTarget:
    """A gap, and what a verb that is told dates acts on.

    Parameters
    ----------
    first, last
        Dates of the dataset's calendar, inclusive.
    gaps
        All gaps that these dates meet, the chosen one among them.
    """

    gap: Gap
    first: date
    last: date
    gaps: tuple[Gap, ...]

    @property
    def dates(self) -> dict[str, date]:
        """The dates as arguments."""
        return {"start": self.first, "end": self.last}

    @property
    def description(self) -> str:
        """Which dates are affected, and what else."""
        dates = str(self.first) if self.first == self.last else f"{self.first} … {self.last}"
        others = len(self.gaps) - 1
        if not others:
            return f"The buttons act on {dates}: on this gap alone."
        return (
            f"⚠️ The verb takes whole dates: the buttons act on {dates}, so on this gap and on "
            f"{many(others, 'other')} there."
        )


def list_gaps(
    dataset: DatasetId, *, shared: Mapping[str, object], **dates: date
) -> tuple[GapsReport, DatasetGaps]:
    """All gaps of a dataset, filled, confirmed and closed ones too; ``dates`` are a range."""
    report = ask("gaps", all=True, **of_dataset(dataset), **dates, **shared)
    assert isinstance(report, GapsReport)
    return report, report.datasets[0]


def target_of(
    gap: Gap, dataset: DatasetId, *, zone: str = "UTC", shared: Mapping[str, object] = NO_ARGUMENTS
) -> GapTarget:
    """The fewest dates that the verb itself says meet the gap.

    Parameters
    ----------
    zone
        The calendar's, for bars within a session.

    Raises
    ------
    OptionError
        If the gap no longer exists.
    """
    day = timedelta(days=1)
    where = UTC if bar_length(dataset.frequency) is None else ZoneInfo(zone)
    first, last = gap.start.astimezone(where).date(), gap.end.astimezone(where).date()
    # A currency's session begins on the evening before its date.
    for start, end in ((first, last), (first + day, last + day), (first, last + day)):
        _, listed = list_gaps(dataset, shared=shared, start=start, end=end)
        if any(is_same_gap(each, gap) for each in listed.gaps):
            return GapTarget(gap, start, end, listed.gaps)
    raise OptionError("the gap no longer exists", hint="refresh, and choose again")


def is_same_gap(one: Gap, other: Gap) -> bool:
    """Whether both lack the same bars."""
    return (one.start, one.end) == (other.start, other.end)


def disabled_reasons(target: GapTarget | None) -> dict[str, str]:
    """Why each action is invalid, by its option; empty if it does."""
    if target is None:
        return dict.fromkeys(_ACTIONS, "choose a gap")
    gap = target.gap
    is_closed = gap.state == "closed"
    is_declared = gap.state in ("closed", "confirmed") or gap.is_left_open
    shut = "it is declared closed: reopen it first" if is_closed else ""
    long = "" if gap.is_refillable else f"{many(gap.missing, 'bar')} exceed the limit of five"
    return {
        "refetch": shut,
        "refill": shut or long,
        "unfill": "" if gap.filled_by is not None else "it has no filled bars",
        "close": "it is declared closed already" if is_closed else "",
        "reopen": "" if is_declared else "it was not closed, confirmed or left open",
    }
