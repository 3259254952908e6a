"""How far a run is: in all, and dataset by dataset."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ml4t_nb.events import (
    Committed,
    Event,
    Fetched,
    FetchStarted,
    Finished,
    GapsFound,
    RetryScheduled,
    Started,
    Stopping,
)
from ml4t_nb.model import DatasetId, Hint
from ml4t_nb.records import Outcome
from ml4t_nb.render.format import many, plain, ratio, span_words

__all__ = ["Line", "Stage", "Track"]

Stage: TypeAlias = Literal["waiting", "running", "changed", "unchanged", "partial", "failed"]


@dataclass(slots=True)
class Line:
    """One dataset of a run.

    Parameters
    ----------
    doing
        What it is at, or what came of it.
    notes
        Lines worth keeping visible: a restatement, gaps, an error.
    step
        What mends the error; empty if there is nothing to be done.
    """

    dataset: DatasetId
    stage: Stage = "waiting"
    doing: str = "waiting"
    notes: tuple[str, ...] = ()
    step: Hint = ""


@dataclass(slots=True)
class Track:
    """How far a run is; fed with events.

    Parameters
    ----------
    doing
        What was heard last.
    bars
        Bars received so far.
    """

    verb: str = ""
    total: int = 0
    done: int = 0
    failed: int = 0
    bars: int = 0
    doing: str = ""
    is_stopping: bool = False
    _lines: dict[DatasetId, Line] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The datasets, in the order of the run."""
        return tuple(self._lines.values())

    @property
    def outcome(self) -> str:
        """What stays to be said when the run is over."""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.verb}: {self.done} of {many(self.total, 'dataset')} done{failed}"

    @property
    def phrase(self) -> str:
        """What goes on, and how much of it went wrong so far."""
        failed = f"({self.failed} failed) " if self.failed else ""
        stopping = "stopping soon " if self.is_stopping else ""
        return plain(f"{failed}{stopping}{self.doing}").replace("\n", " ")

    def left_s(self, elapsed_s: float) -> float | None:
        """Seconds it will take yet, if the rest is like what is done; None if nothing is."""
        if not self.done:
            return None
        return elapsed_s / self.done * (self.total - self.done)

    def note(self, event: Event) -> None:
        """Take ``event`` into account."""
        match event:
            case Started():
                self.verb, self.total, self.done = event.verb, len(event.datasets), 0
                self._lines = {each: Line(each) for each in event.datasets}
            case Stopping():
                self.is_stopping = True
            case Finished():
                self._finish(event)
            case _:
                self._advance(event)

    def _advance(
        self, event: FetchStarted | Fetched | RetryScheduled | GapsFound | Committed
    ) -> None:
        line = self._line(event.dataset)
        line.stage = "running"
        match event:
            case FetchStarted():
                self._say(line, f"asking {event.provider}")
                line.doing += f" for {span_words(event.span, event.dataset.frequency)}"
            case Fetched():
                self.bars += event.rows
                self._say(line, many(event.rows, "bar"))
            case RetryScheduled():
                self._say(line, f"again in {event.wait_s:.0f} s ({event.reason})")
            case GapsFound():
                lacking = many(sum(gap.missing for gap in event.gaps), "bar")
                line.notes += (f"{many(len(event.gaps), 'gap')} open, {lacking} missing",)
            case Committed():
                line.doing = _committed(event)
                if event.restatement is not None:
                    line.notes += (f"restated {ratio(event.restatement.ratio)}",)

    def _say(self, line: Line, words: str) -> None:
        line.doing = words
        self.doing = f"{line.dataset.symbol}: {words}"

    def _finish(self, event: Finished) -> None:
        self.done += 1
        self.failed += event.outcome == "failed"
        self.doing = ""
        line = self._line(event.dataset)
        outcome: Outcome = event.outcome
        line.stage = outcome
        line.doing = "failed" if outcome == "failed" else line.doing
        line.notes += (event.message,) if event.message else ()
        line.step = event.hint

    def _line(self, dataset: DatasetId) -> Line:
        """The dataset's line; a load learns only from the provider of what class it is."""
        if dataset not in self._lines:
            self._lines = {self._known_as(old, dataset): line for old, line in self._lines.items()}
            self._lines.setdefault(dataset, Line(dataset)).dataset = dataset
        return self._lines[dataset]

    @staticmethod
    def _known_as(old: DatasetId, new: DatasetId) -> DatasetId:
        same = (old.frequency, old.symbol) == (new.frequency, new.symbol)
        return new if same else old


def _committed(event: Committed) -> str:
    parts = [f"+{event.added:,}"] if event.added else []
    parts += [f"{event.revised:,} revised"] if event.revised and not event.restatement else []
    parts += [f"{event.filled:,} filled"] if event.filled else []
    return f"committed {', '.join(parts)}" if parts else "committed, no bar changed"
