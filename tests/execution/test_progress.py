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
    FetchPlanned,
    FetchStarted,
    Finished,
    RequestDelayed,
    RetryScheduled,
    Started,
    Stopping,
)
from ml4t_nb.execution import progress
from ml4t_nb.execution.progress import CellBar, LogLines, terminal_bar
from ml4t_nb.execution.progress_html import card_html
from ml4t_nb.execution.track import Track, time_words
from ml4t_nb.model import Span
from tests.render.reports import dataset, day

APPLE, IBM = dataset("AAPL"), dataset("<b>IBM[red]")
SPAN = Span(day("2005-01-03"), day("2005-02-26"))
YEARS = tuple(Span(day(f"{year}-01-01"), day(f"{year + 1}-01-01")) for year in range(2001, 2005))
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


def test_a_track_knows_the_pieces_of_what_is_under_way() -> None:
    counted = track(
        Started("load", (APPLE, IBM)),
        FetchPlanned(APPLE, YEARS),
        FetchStarted(APPLE, "files", YEARS[0]),
        Fetched(APPLE, 252, 0.1),
        FetchStarted(APPLE, "files", YEARS[1]),
    )

    line = counted.current
    assert line is not None
    assert (line.begun, line.fetched, len(line.pieces), line.bars) == (2, 1, 4, 252)
    assert line.piece == "piece 2 of 4, year 2002"
    assert counted.phrase == "AAPL: piece 2 of 4, year 2002"
    # One piece of four of the first of two datasets.
    assert counted.share == 1 / 8


def test_a_new_plan_replaces_the_pieces_that_are_not_begun() -> None:
    counted = track(
        Started("update", (APPLE,)),
        FetchPlanned(APPLE, YEARS[3:]),
        FetchStarted(APPLE, "files", YEARS[3]),
        Fetched(APPLE, 251, 0.1),
        FetchPlanned(APPLE, YEARS),
        FetchStarted(APPLE, "files", YEARS[0]),
        Fetched(APPLE, 252, 0.1),
    )

    assert counted.phrase == "AAPL: piece 2 of 5, year 2001, 503 bars so far"
    assert counted.share == 2 / 5


def test_a_request_that_nobody_could_plan_is_a_piece_more() -> None:
    counted = track(
        Started("update", (APPLE,)),
        FetchPlanned(APPLE, (SPAN,)),
        FetchStarted(APPLE, "files", SPAN),
        Fetched(APPLE, 38, 0.1),
        FetchStarted(APPLE, "files", SPAN),
    )

    assert counted.phrase == "AAPL: piece 2 of 2, 2005-01-03 … 2005-02-25"


def test_the_dataset_shown_stays_until_it_is_done() -> None:
    shown = []
    counted = Track()
    for event in (
        Started("update", (APPLE, IBM)),
        FetchStarted(APPLE, "sample", SPAN),
        FetchStarted(IBM, "sample", SPAN),
        Fetched(IBM, 38, 0.1),
        Finished(APPLE, "changed"),
        Finished(IBM, "changed"),
    ):
        counted.note(event)
        shown.append(counted.current and counted.current.dataset)

    assert shown == [None, APPLE, APPLE, APPLE, IBM, None]
    assert counted.share == 1.0


def test_time_left_is_told_after_five_seconds_and_three_answers() -> None:
    seconds = iter(range(100))
    counted, told = Track(clock=lambda: float(next(seconds))), []
    counted.note(Started("load", (APPLE,)))  # at 0
    counted.note(FetchPlanned(APPLE, YEARS))
    for year in YEARS[:3]:
        counted.note(FetchStarted(APPLE, "files", year))
        counted.note(Fetched(APPLE, 252, 0.1))
        told.append(counted.left_s)  # at 1, 2 and 3
    told += [counted.left_s, counted.left_s, counted.left_s]

    # Three quarters took six seconds: the last one takes two.
    assert told == [None, None, None, None, 5.0 / 3, 2.0]


def test_no_time_left_is_told_of_a_slow_first_answer() -> None:
    counted = Track(clock=lambda: 60.0)
    for event in (Started("load", (APPLE,)), FetchPlanned(APPLE, YEARS)):
        counted.note(event)
    counted.clock = lambda: 120.0
    for year in YEARS[:2]:
        counted.note(FetchStarted(APPLE, "files", year))
        counted.note(Fetched(APPLE, 252, 30.0))

    assert (counted.elapsed_s, counted.left_s) == (60.0, None)


def test_time_left_counts_the_budget_of_all_that_is_still_to_be_asked() -> None:
    names = [dataset(f"S{number:03}") for number in range(300)]
    counted = Track(clock=lambda: 0.0)
    counted.note(Started("update", tuple(names)))
    counted.clock = lambda: 6.0
    for number, each in enumerate(names[:18]):
        counted.note(FetchPlanned(each, (SPAN,)))
        counted.note(FetchStarted(each, "yahoo", SPAN))
        if number >= 10:
            counted.note(RequestDelayed(each, number - 10.0, 60.0))
        if number < 16:
            counted.note(Fetched(each, 1, 0.1))
            counted.note(Finished(each, "changed"))

    # Sixteen took six seconds, ten of which waited for nothing: 284 more take a second each, and
    # not the 106 s in which they would be here at the pace so far.
    assert counted.left_s == 284
    assert time_words(counted.elapsed_s, counted.left_s) == "0:06 elapsed · about 4:44 left"
    assert counted.phrase == "S017: asked in 7 s (60 requests a minute)"
    # Of those that take no request, and of those that take four, it counts as many as it has seen.
    for each in names[18:100]:
        counted.note(Finished(each, "unchanged"))
    assert counted.left_s == pytest.approx(2 + 200 * 18 / 100)
    for each in names[16:18]:
        counted.note(FetchPlanned(each, YEARS))
    assert counted.left_s == pytest.approx(10 + 200 * 26 / 100)


def test_a_first_load_that_waits_to_ask_what_a_symbol_is_says_so() -> None:
    counted = track(Started("load", (APPLE, IBM)), RequestDelayed(APPLE, 3.2, 60.0))

    assert counted.current is not None
    assert counted.current.words == "waiting · asked in 3 s (60 requests a minute)"


def test_lines_of_a_log_say_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(progress, "_QUIET_S", 0.0)
    lines = LogLines(said.append)
    for event in EVENTS[:3]:
        lines(event)

    assert said[-1] == "update: 0 of 2 done · 0:00 elapsed · AAPL: 38 bars"


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
    assert 'role="progressbar"' in pictures[0]
    assert "Update 2 datasets" in pictures[0]
    assert "update: 1 of 2 datasets done" in pictures[-1]
    assert "progressbar" not in pictures[-1]
    assert captured.outputs[-1].data["text/plain"] == "update: 1 of 2 datasets done"
    # All of it takes less than a tenth of a second, so one bar is drawn.
    assert len(pictures) <= 3


def test_a_cell_shows_nothing_for_a_verb_that_runs_over_nothing(shell: InteractiveShell) -> None:
    assert shell.display_pub is not None
    with capture_output() as captured:
        CellBar().close()

    assert captured.outputs == []


def test_a_bar_escapes_what_it_says() -> None:
    html = card_html("Update", track(*EVENTS))

    assert "<b>&lt;b&gt;IBM[red]</b>" in html
    assert html.count("<b>") == 1
