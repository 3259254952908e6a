"""How far a run is, dataset by dataset and request by request, as its events tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal, TypeAlias

from ml4t_nb import events
from ml4t_nb.model import DatasetId, Hint, Span
from ml4t_nb.render.format import changes, duration, many, piece_words, plain, ratio, span_words

__all__ = ["Line", "Stage", "Track", "time_words"]

Stage: TypeAlias = Literal["waiting", "running", "changed", "unchanged", "partial", "failed"]

_SETTLED_S = 5.0
_SETTLED_PIECES = 3


@dataclass(slots=True)
class Line:
    """One dataset of a run: what it is at, or what came of it, and what mends an error.

    Its notes are worth keeping visible: a restatement, gaps, an error. Of its ``pieces``, all that
    were planned, so many are ``begun`` and so many ``fetched``, with so many ``bars``.
    """

    dataset: DatasetId
    stage: Stage = "waiting"
    doing: str = "waiting"
    notes: tuple[str, ...] = ()
    step: Hint = ""
    pieces: tuple[Span, ...] = ()
    begun: int = 0
    fetched: int = 0
    bars: int = 0
    pause: str = ""

    @property
    def words(self) -> str:
        """What goes on: the piece, or the request, and a pause before it is asked for again."""
        return " · ".join(filter(None, (self.piece or self.doing, self.pause)))

    @property
    def is_over(self) -> bool:
        """Whether the run is done with it, well or not."""
        return self.stage not in ("waiting", "running")

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1, by the requests that are answered."""
        if self.is_over:
            return 1.0
        return self.fetched / len(self.pieces) if self.pieces else 0.0

    @property
    def piece(self) -> str:
        """``piece 3 of 8, year 2009``; empty where there is only one, or none yet."""
        if len(self.pieces) <= 1 or not self.begun:
            return ""
        span = piece_words(self.pieces[self.begun - 1], self.dataset.frequency)
        return f"piece {self.begun} of {len(self.pieces)}, {span}"


@dataclass(slots=True)
class Track:
    """How far a run is, what was heard last, and bars received so far; fed with events."""

    verb: str = ""
    total: int = 0
    done: int = 0
    failed: int = 0
    bars: int = 0
    requests: int = 0
    fetched: int = 0
    doing: str = ""
    is_stopping: bool = False
    per_minute: float | None = None
    clock: Callable[[], float] = monotonic
    _began: float = 0.0
    _running: dict[DatasetId, Line] = field(default_factory=dict)
    _lines: dict[DatasetId, Line] = field(default_factory=dict)

    @property
    def current(self) -> Line | None:
        """The dataset that was begun first of those under way; it stays until it is done."""
        return next(iter(tuple(self._running.values())), None)

    @property
    def running(self) -> int:
        """How many datasets are at work."""
        return len(self._running)

    @property
    def counts(self) -> str:
        """``5 done, 1 failed``."""
        done = f"{self.done - self.failed:,} done"
        parts = done, f"{self.failed:,} failed" if self.failed else ""
        return ", ".join(filter(None, (*parts, "cancelling" if self.is_stopping else "")))

    @property
    def speed(self) -> str:
        """Requests by time, once there is something to count."""
        took_s = self.elapsed_s
        if took_s < _SETTLED_S or not self.requests:
            return ""
        by_second = self.requests / took_s
        number, unit = (by_second, "second") if by_second >= 1 else (60 * by_second, "minute")
        return f"{many(round(number), 'request')} a {unit}"

    @property
    def share(self) -> float:
        """How much of the run is done, from 0 to 1."""
        under_way = sum(line.share for line in tuple(self._running.values()))
        return min((self.done + under_way) / self.total, 1.0) if self.total else 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began; 0 before."""
        return self.clock() - self._began if self.verb else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds it will take yet, if the rest is like what is done.

        Once requests have waited for their budget, no fewer than it takes to send the rest of them:
        the first ones waited for nothing. None in the first five seconds, and before three answers:
        too little to tell.
        """
        share, elapsed_s = self.share, self.elapsed_s
        if elapsed_s < _SETTLED_S or self.fetched < _SETTLED_PIECES or not share:
            return None
        by_budget_s = 60 * self._unanswered / self.per_minute if self.per_minute else 0.0
        return max(elapsed_s / share * (1 - share), by_budget_s)

    @property
    def _unanswered(self) -> float:
        """Requests planned and not answered yet; of datasets not begun, as many as of others."""
        running = [line for line in tuple(self._running.values()) if line.pieces]
        planned = sum(len(line.pieces) for line in running)
        of_known = self.requests - sum(line.begun for line in running) + planned
        known = self.done + len(running)
        of_others = (self.total - known) * of_known / known if known else self.total
        return planned - sum(line.fetched for line in running) + of_others

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
    def title(self) -> str:
        """``Load 12 datasets``, ``Update MSFT``."""
        only = next(iter(tuple(self._lines)), None) if self.total == 1 else None
        return f"{self.verb.title()} {only.symbol if only else many(self.total, 'dataset')}"

    @property
    def phrase(self) -> str:
        """What goes on, and how much of it went wrong so far."""
        failed = f"({self.failed} failed) " if self.failed else ""
        stopping = "stopping soon " if self.is_stopping else ""
        return plain(f"{failed}{stopping}{self.doing}").replace("\n", " ")

    def note(self, event: events.Event) -> None:
        """Take ``event`` into account."""
        match event:
            case events.Started():
                self.verb, self.total, self.done = event.verb, len(event.datasets), 0
                self._began = self.clock()
                self._lines = {each: Line(each) for each in event.datasets}
            case events.Stopping():
                self.is_stopping = True
            case events.Waiting() | events.Changing():
                return
            case events.Finished():
                line = self._line(event.dataset, event.outcome)
                self._running.pop(line.dataset, None)
                line.doing = "failed" if event.outcome == "failed" else line.doing
                line.notes += (event.message,) if event.message else ()
                line.step = event.hint
                self.done += 1
                self.failed += event.outcome == "failed"
                self.doing = ""
            case _:
                if isinstance(event, events.RequestDelayed):
                    self.per_minute = event.per_minute
                self._advance(event)

    def _advance(self, event: events.Step) -> None:
        line = self._line(event.dataset, "running")
        match event:
            case events.GapsFound():
                lacking = many(sum(gap.missing for gap in event.gaps), "bar")
                line.notes += (f"{many(len(event.gaps), 'gap')} open, {lacking} missing",)
                return
            case events.Committed():
                if event.restatement is not None:
                    line.notes += (f"restated {ratio(event.restatement.ratio)}",)
                words = f"committed {', '.join(changes(event))}"
                line.doing = words if changes(event) else "committed, no bar changed"
                return
            case events.FetchPlanned():
                line.pieces = (*line.pieces[: line.begun], *event.pieces)
                return
            case events.FetchStarted():
                self.requests += 1
                line.begun += 1
                line.pause = ""
                # One that nobody could plan: whether a history was restated meanwhile.
                line.pieces += (event.span,) if line.begun > len(line.pieces) else ()
                words = f"asking {event.provider}"
                line.doing = f"{words} for {span_words(event.span, event.dataset.frequency)}"
                words = line.piece or words
            case events.Fetched():
                self.bars += event.rows
                self.fetched += 1
                line.bars += event.rows
                line.fetched += 1
                line.pause = ""
                line.doing = words = many(event.rows, "bar")
                if line.piece:
                    words = f"{line.piece}, {many(line.bars, 'bar')} so far"
            case events.RetryScheduled() | events.RequestDelayed():
                line.pause = words = _pause_words(event)
            case events.FellBack():
                line.pause = ""
                instead = (f"{event.provider} is asked instead",) if event.provider else ()
                line.notes += instead
                words = "; ".join((event.error.message, *instead))
        self.doing = f"{line.dataset.symbol}: {words}"

    def _line(self, dataset: DatasetId, stage: Stage) -> Line:
        """The dataset's line; a load learns only from the provider of what class it is."""
        if dataset not in self._lines:
            name = dataset.frequency, dataset.symbol
            self._lines = {
                dataset if (old.frequency, old.symbol) == name else old: line
                for old, line in self._lines.items()
            }
            self._running.pop(self._lines.setdefault(dataset, Line(dataset)).dataset, None)
            self._lines[dataset].dataset = dataset
        line = self._lines[dataset]
        line.stage = stage
        if stage == "running":
            self._running[dataset] = line
        return line


def _pause_words(event: events.RetryScheduled | events.RequestDelayed) -> str:
    if isinstance(event, events.RetryScheduled):
        return f"again in {event.wait_s:.0f} s ({event.reason})"
    return f"asked in {event.wait_s:.0f} s ({event.per_minute:g} requests a minute)"


def time_words(elapsed_s: float, left_s: float | None = None) -> str:
    """``0:42 elapsed · about 1:05 left``."""
    left = f"about {duration(left_s)} left" if left_s and round(left_s) else ""
    return " · ".join(filter(None, (f"{duration(elapsed_s)} elapsed", left)))
