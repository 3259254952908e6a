"""Who watches a run: a bar in a terminal, a bar in a cell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from ml4t_nb.events import (
    Event,
    Fetched,
    FetchStarted,
    Finished,
    Observer,
    RetryScheduled,
    Started,
    Stopping,
)
from ml4t_nb.faces.words import many, plain

__all__ = ["CellBar", "Tally", "terminal_bar"]

_PERIOD_S = 0.1


@dataclass(slots=True)
class Tally:
    """How far a run is, in numbers and a phrase; fed with events."""

    verb: str = ""
    total: int = 0
    done: int = 0
    failed: int = 0
    doing: str = ""
    is_stopping: bool = False

    def note(self, event: Event) -> None:
        """Take ``event`` into account."""
        match event:
            case Started():
                self.verb, self.total, self.done = event.verb, len(event.datasets), 0
            case FetchStarted():
                self.doing = f"{event.dataset.symbol}: asking {event.provider}"
            case Fetched():
                self.doing = f"{event.dataset.symbol}: {many(event.rows, 'bar')}"
            case RetryScheduled():
                wait = f"again in {event.wait_s:.0f} s"
                self.doing = f"{event.dataset.symbol}: {wait} ({event.reason})"
            case Finished():
                self.done += 1
                self.failed += event.outcome == "failed"
                self.doing = ""
            case Stopping():
                self.is_stopping = True
            case _:
                pass

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


@contextmanager
def terminal_bar() -> Iterator[Observer]:
    """A bar on standard error, gone when the run is over; appears when a run begins."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    tally = Tally()
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[phrase]}", markup=False),
        console=Console(file=sys.stderr),
        transient=True,
    )
    task = progress.add_task("", total=None, phrase="")

    def watch(event: Event) -> None:
        tally.note(event)
        if isinstance(event, Started):
            progress.start()
        progress.update(
            task,
            description=tally.verb,
            total=tally.total,
            completed=tally.done,
            phrase=tally.phrase,
        )

    try:
        yield watch
    finally:
        progress.stop()


class CellBar:
    """A bar in a notebook's cell, drawn again at most ten times a second.

    The front end keeps what was last drawn, so `close` puts the outcome in the bar's place: a
    notebook that is opened again shows no bar that stands still.
    """

    def __init__(self) -> None:
        self._tally = Tally()
        self._handle: Any = None
        self._drawn_at = 0.0

    def __call__(self, event: Event) -> None:
        """Take ``event`` into account, and draw if it is time."""
        self._tally.note(event)
        now = monotonic()
        if isinstance(event, Started | Stopping) or now - self._drawn_at >= _PERIOD_S:
            self._drawn_at = now
            self._draw()

    def close(self) -> None:
        """Put the outcome in the bar's place, if there is a bar."""
        if self._handle is None:
            return
        from IPython.display import HTML

        from ml4t_nb.faces.html import line_html

        self._handle.update(HTML(line_html(self._tally.outcome)))  # type: ignore[no-untyped-call]  # IPython's

    def _draw(self) -> None:
        from IPython.display import HTML, display

        from ml4t_nb.faces.html import progress_html

        tally = self._tally
        words = progress_html(tally.verb, tally.done, tally.total, tally.phrase)
        picture = HTML(words)  # type: ignore[no-untyped-call]  # IPython's
        if self._handle is None:
            self._handle = display(picture, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
        else:
            self._handle.update(picture)
