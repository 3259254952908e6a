"""A run as it goes on: a bar in a terminal, a card in a cell, lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any

from ml4t_nb import events
from ml4t_nb.execution.track import Track, time_words

__all__ = ["CellBar", "LogLines", "terminal_bar"]

_PERIOD_S = 0.1
_QUIET_S = 30.0
_RETRY_S = 5.0


@contextmanager
def terminal_bar() -> Iterator[events.Observer]:
    """A bar on standard error, gone when the run is over; appears when a run begins."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    track = Track()
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[done]}", markup=False),
        TextColumn("{task.fields[phrase]}", markup=False),
        console=Console(file=sys.stderr),
        transient=True,
    )
    task = progress.add_task("", total=1.0, done="", phrase="")

    def watch(event: events.Event) -> None:
        track.note(event)
        if isinstance(event, events.Started):
            progress.start()
        progress.update(
            task,
            description=track.verb,
            completed=track.share,
            done=f"{track.done}/{track.total}",
            phrase=" · ".join(
                filter(None, (time_words(track.elapsed_s, track.left_s), track.phrase))
            ),
        )

    try:
        yield watch
    finally:
        progress.stop()


class LogLines:
    """How far a run is, in lines for a log: a short run that goes well leaves none."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._track = Track()
        self._next_at = monotonic() + _QUIET_S
        self._retry_at = 0.0

    def __call__(self, event: events.Event) -> None:
        """Take ``event`` into account, and report a retry at once, the run now and then."""
        self._track.note(event)
        now = monotonic()
        is_retry = isinstance(event, events.RetryScheduled) and now >= self._retry_at
        if isinstance(event, events.Stopping) or is_retry or now >= self._next_at:
            self._next_at = now + _QUIET_S
            self._retry_at = now + _RETRY_S if is_retry else self._retry_at
            track = self._track
            done = f"{track.verb}: {track.done} of {track.total} done"
            words = done, time_words(track.elapsed_s, track.left_s), track.phrase
            self._write(" · ".join(filter(None, words)))


class CellBar:
    """A bar in a notebook's cell, drawn again at most ten times a second.

    The front end keeps what was last drawn, so `close` puts the outcome in the bar's place: a
    notebook that is opened again shows no bar that stands still. A result that is shown may take
    the place of the outcome, which says less.
    """

    def __init__(self) -> None:
        self._track = Track()
        self._handle: Any = None
        self._drawn_at = 0.0

    def __call__(self, event: events.Event) -> None:
        """Take ``event`` into account, and draw if it is time."""
        if isinstance(event, events.Changing):
            return  # what is over at once needs no bar
        from ml4t_nb.execution.progress_html import card_html

        track = self._track
        track.note(event)
        now = monotonic()
        if isinstance(event, events.Started | events.Stopping) or now - self._drawn_at >= _PERIOD_S:
            self._drawn_at = now
            words = track.counts, time_words(track.elapsed_s, track.left_s), track.phrase
            page = card_html(track.title, track)
            self._show(page, f"{track.title}: {' · '.join(filter(None, words))}")

    @property
    def is_drawn(self) -> bool:
        """Whether there is a bar, or its outcome: a verb that runs over nothing has none."""
        return self._handle is not None

    def close(self) -> None:
        """Put the outcome in the bar's place, if there is a bar."""
        from ml4t_nb.render.html import line_html

        if self.is_drawn:
            self._show(line_html(self._track.outcome), self._track.outcome)

    def replace(self, bundle: Mapping[str, Any]) -> None:
        """Put what is displayed as ``bundle`` in the place of the bar that is drawn."""
        self._handle.update(bundle, raw=True)

    def _show(self, page: str, text: str) -> None:
        """Both at once: a saved notebook is also read where no HTML is shown."""
        from IPython.display import display

        bundle = {"text/html": page, "text/plain": text}
        if not self.is_drawn:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
        else:
            self.replace(bundle)
