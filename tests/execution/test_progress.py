"""Who watches a run."""

import io
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from ml4t_nb.events import (
    Committed,
    Event,
    Fetched,
    FetchStarted,
    Finished,
    RetryScheduled,
    Started,
    Stopping,
)
from ml4t_nb.execution.progress import CellBar, Track, terminal_bar
from ml4t_nb.model import Span
from ml4t_nb.render.html import progress_html
from tests.render.reports import dataset, day

APPLE, IBM = dataset("AAPL"), dataset("<b>IBM[red]")
SPAN = Span(day("2005-01-03"), day("2005-02-26"))
EVENTS: tuple[Event, ...] = (
    Started("update", (APPLE, IBM)),
    FetchStarted(APPLE, "sample", SPAN),
    Fetched(APPLE, 38, 0.1),
    Committed(APPLE, 38, 0, 0),
    Finished(APPLE, "changed"),
    FetchStarted(IBM, "sample", SPAN),
    RetryScheduled(IBM, 1, 5.0, "the server\nis busy"),
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def track(*events: Event) -> Track:
    counted = Track()
    for event in events:
        counted.note(event)
    return counted


def test_a_track_counts_what_is_done() -> None:
    counted = track(*EVENTS)

    assert (counted.verb, counted.done, counted.total) == ("update", 1, 2)


def test_a_track_says_that_an_interruption_was_heard() -> None:
    counted = track(*EVENTS[:3], Stopping(), Fetched(APPLE, 40, 0.1))

    assert counted.phrase == "stopping soon AAPL: 40 bars"


def test_a_track_says_what_it_waits_for() -> None:
    assert track(*EVENTS).phrase == "<b>IBM[red]: again in 5 s (the server is busy)"


def test_a_track_keeps_failures_in_sight() -> None:
    counted = track(*EVENTS, Finished(IBM, "failed", "no bars"))

    assert counted.phrase.startswith("(1 failed)")
    assert counted.outcome == "update: 2 of 2 datasets done, 1 failed"


def test_a_terminal_shows_a_bar_and_wipes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")

    with terminal_bar() as watch:
        for event in EVENTS:
            watch(event)

    assert "1/2" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[2K")


def test_a_terminal_shows_nothing_for_a_verb_that_runs_over_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)

    with terminal_bar():
        pass

    assert stream.getvalue() == ""


def test_a_cell_shows_a_bar_that_ends_as_a_sentence(shell: InteractiveShell) -> None:
    assert shell.display_pub is not None
    bar = CellBar()
    with capture_output() as captured:
        for event in EVENTS:
            bar(event)
        bar.close()

    pictures = [output.data["text/html"] for output in captured.outputs]
    assert "<progress" in pictures[0]
    assert "update: 1 of 2 datasets done" in pictures[-1]
    assert "<progress" not in pictures[-1]
    assert captured.outputs[-1].data["text/plain"] == "update: 1 of 2 datasets done"
    # All of it takes less than a tenth of a second, so one bar is drawn.
    assert len(pictures) <= 3


def test_a_cell_shows_nothing_for_a_verb_that_runs_over_nothing(shell: InteractiveShell) -> None:
    assert shell.display_pub is not None
    with capture_output() as captured:
        CellBar().close()

    assert captured.outputs == []


def test_a_bar_escapes_what_it_says() -> None:
    html = progress_html("update", 1, 2, track(*EVENTS).phrase)

    assert "<b>" not in html
    assert "&lt;b&gt;IBM[red]" in html
