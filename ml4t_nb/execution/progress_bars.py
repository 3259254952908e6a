"""Who watches a run: a bar in a terminal, a bar in a cell, lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from ml4t_nb.events import Event, Observer, RetryScheduled, Started, Stopping
from ml4t_nb.execution.run_progress import Track

__all__ = ["CellBar", "LogLines", "terminal_bar"]

_PERIOD_S = 0.1
_QUIET_S = 30.0
_RETRY_S = 5.0


@contextmanager
def terminal_bar() -> Iterator[Observer]:
    """A bar on standard error, gone when the run is over; appears when a run begins."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    track = Track()
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
        track.note(event)
        if isinstance(event, Started):
            progress.start()
        progress.update(
            task,
            description=track.verb,
            total=track.total,
            completed=track.done,
            phrase=track.phrase,
        )

    try:
        yield watch
    finally:
        progress.stop()


class LogLines:
    """How far a run is, in lines for a log: a short run that goes well leaves none.

    Parameters
    ----------
    write
        Takes each line.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._track = Track()
        self._next_at = monotonic() + _QUIET_S
        self._retry_at = 0.0

    def __call__(self, event: Event) -> None:
        """Take ``event`` into account, and tell of a retry at once, of the run now and then."""
        self._track.note(event)
        now = monotonic()
        is_retry = isinstance(event, RetryScheduled) and now >= self._retry_at
        if isinstance(event, Stopping) or is_retry or now >= self._next_at:
            self._next_at = now + _QUIET_S
            self._retry_at = now + _RETRY_S if is_retry else self._retry_at
            track = self._track
            self._write(f"{track.verb}: {track.done} of {track.total} done {track.phrase}".rstrip())


class CellBar:
    """A bar in a notebook's cell, drawn again at most ten times a second.

    The front end keeps what was last drawn, so `close` puts the outcome in the bar's place: a
    notebook that is opened again shows no bar that stands still.
    """

    def __init__(self) -> None:
        self._track = Track()
        self._handle: Any = None
        self._drawn_at = 0.0

    def __call__(self, event: Event) -> None:
        """Take ``event`` into account, and draw if it is time."""
        self._track.note(event)
        now = monotonic()
        if isinstance(event, Started | Stopping) or now - self._drawn_at >= _PERIOD_S:
            self._drawn_at = now
            self._draw()

    def close(self) -> None:
        """Put the outcome in the bar's place, if there is a bar."""
        if self._handle is None:
            return
        from ml4t_nb.render.html import line_html

        outcome = self._track.outcome
        self._show(line_html(outcome), outcome)

    def _draw(self) -> None:
        from ml4t_nb.render.html import progress_html

        track = self._track
        words = progress_html(track.verb, track.done, track.total, track.phrase)
        self._show(words, f"{track.verb} {track.done} of {track.total} {track.phrase}")

    def _show(self, page: str, text: str) -> None:
        """Both at once: a saved notebook is also read where no HTML is shown."""
        from IPython.display import display

        bundle = {"text/html": page, "text/plain": text}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
        else:
            self._handle.update(bundle, raw=True)
