"""A gap that is acted on: the dates that meet it, what can be done, and how that is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId, Gap, bar_length
from ml4t_nb.notebook.panels.panel_command import NO_ARGUMENTS, Arguments, ask, of_dataset
from ml4t_nb.render.format import many
from ml4t_nb.reports import GapsReport

__all__ = [
    "GapDeed",
    "GapStep",
    "GapTarget",
    "disabled_reasons",
    "is_same_gap",
    "list_gaps",
    "target_of",
    "undo_steps",
]  # fmt: skip

_OPTIONS = ("refetch", "refill", "unfill", "close", "reopen")

GapStep: TypeAlias = tuple[str, object]
"""An option of the verb, and its value."""


@dataclass(frozen=True, slots=True)
class GapTarget:
    """A gap, and the dates of its calendar, both inclusive, by which a verb acts on it.

    ``gaps`` are all that these dates meet, the chosen one among them. ``zone`` is the calendar's,
    for bars within a session.
    """

    dataset: DatasetId
    gap: Gap
    first: date
    last: date
    gaps: tuple[Gap, ...]
    zone: str = "UTC"

    @property
    def arguments(self) -> dict[str, Any]:
        """The dates and the dataset as arguments."""
        return {"start": self.first, "end": self.last, **of_dataset(self.dataset)}

    @property
    def description(self) -> str:
        """Which dates are affected, and what else."""
        dates = str(self.first) if self.first == self.last else f"{self.first} … {self.last}"
        others = len(self.gaps) - 1
        if not others:
            return f"The buttons act on {dates}: on this gap alone."
        return (
            f"The verb takes whole dates: the buttons act on {dates}, so on this gap and on "
            f"{many(others, 'other')} there."
        )


@dataclass(frozen=True, slots=True)
class GapDeed:
    """What was done about one gap: by which option, to which, and how that is since."""

    name: str
    target: GapTarget
    since: GapTarget


def list_gaps(dataset: DatasetId, *, shared: Arguments, **dates: date) -> GapsReport:
    """All gaps of a dataset, filled, confirmed and closed ones too; ``dates`` are a range."""
    return ask(GapsReport, "gaps", all=True, **of_dataset(dataset), **dates, **shared)


def target_of(
    gap: Gap, dataset: DatasetId, *, zone: str = "UTC", shared: Arguments = NO_ARGUMENTS
) -> GapTarget:
    """The fewest dates that the verb itself says meet the gap; OptionError if it is gone."""
    day = timedelta(days=1)
    where = UTC if bar_length(dataset.frequency) is None else ZoneInfo(zone)
    first, last = gap.start.astimezone(where).date(), gap.end.astimezone(where).date()
    # A currency's session begins on the evening before its date.
    for start, end in ((first, last), (first + day, last + day), (first, last + day)):
        (listed,) = list_gaps(dataset, shared=shared, start=start, end=end).datasets
        if any(is_same_gap(each, gap) for each in listed.gaps):
            return GapTarget(dataset, gap, start, end, listed.gaps, zone)
    raise OptionError("the gap no longer exists", hint="refresh, and choose again")


def is_same_gap(one: Gap, other: Gap) -> bool:
    """Whether both lack the same bars."""
    return (one.start, one.end) == (other.start, other.end)


def disabled_reasons(target: GapTarget | None) -> dict[str, str]:
    """Why each action is invalid, by its option; empty if it does."""
    if target is None:
        return dict.fromkeys(_OPTIONS, "choose a gap")
    gap = target.gap
    is_closed = gap.state == "closed"
    is_declared = gap.state in ("closed", "confirmed") or gap.is_left_open
    shut = "it is declared closed: reopen it first" if is_closed else ""
    rejected = "its bars were rejected: undo the rejection" if gap.state == "rejected" else ""
    long = "" if gap.is_refillable else f"{many(gap.missing, 'bar')} exceed the limit of five"
    return {
        "refetch": shut,
        "refill": shut or long,
        "unfill": "" if gap.filled_by is not None else "it has no filled bars",
        "close": "it is declared closed already" if is_closed else "",
        "reopen": "" if is_declared else rejected or "it was not closed, confirmed or left open",
    }


def undo_steps(name: str, before: Gap) -> tuple[GapStep, ...]:
    """What gives the gap the fill and the state that it had ``before``; nothing if nothing does.

    How often it was asked for is counted anew, so a confirmed gap is open again. A gap that was
    asked for again has lost nothing: what came are its bars.
    """
    fill: tuple[GapStep, ...] = (("refill", before.filled_by),) if before.filled_by else ()
    if name == "refill":
        # Unfilling leaves a gap open on request, which this one may not have been.
        was_open = before.state == "open" and not before.is_left_open
        reopen: tuple[GapStep, ...] = (("reopen", True),) if was_open else ()
        return fill or (("unfill", True), *reopen)
    if name == "unfill":
        return fill
    if name == "close":
        return (("reopen", True), *fill)
    if name == "reopen" and before.state == "closed":
        return (("close", before.reason),)
    if name == "reopen" and before.is_left_open:
        return (("unfill", True),)
    return ()
