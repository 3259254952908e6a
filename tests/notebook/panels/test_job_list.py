"""Jobs as cards: what is said while they run, how they fold, how they are dismissed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ml4t_nb.execution.jobs import JOBS, Job
from ml4t_nb.execution.track import Track
from ml4t_nb.notebook.panels.job_list import JobList
from ml4t_nb.notebook.panels.job_view import JobView
from tests.notebook.panels.conftest import Gate
from tests.notebook.panels.start import start_job

LOAD = "load {} -p sample --start 2005-01-03 --as-of 2005-02-25"
SLOW = "load {} -p gated --start 2005-01-03 --end 2005-12-30 --as-of 2006-01-31"


def listed() -> JobList:
    for job in JOBS:
        JOBS.forget(job)
    return JobList(changed=lambda: None)


def ended(line: str, jobs: JobList) -> JobView:
    job = start_job(line)
    assert job.join(120)
    return jobs.views[job.number]


def until(job: Job, is_so: Callable[[Track], bool]) -> None:
    """Wait until what was heard of the job is so."""
    heard = threading.Event()
    job.observe(lambda told: heard.set() if is_so(told.track) else None)
    assert heard.wait(120)


def begun(pieces: int) -> Callable[[Track], bool]:
    return lambda track: track.current is not None and track.current.begun == pieces


def is_shown(widget: object) -> bool:
    return bool(widget.layout.display != "none")  # type: ignore[attr-defined]  # of ipywidgets


def test_a_list_without_jobs_says_where_they_come_from() -> None:
    jobs = listed()

    assert "No jobs: what a panel runs is shown here (%ml4t panel)." in jobs.static_html()
    assert not is_shown(jobs.clear)


def test_a_job_that_starts_later_appears_and_folds_to_one_line_with_its_result() -> None:
    jobs = listed()

    view = ended(LOAD.format("AAPL IBM"), jobs)

    assert "Load 2 datasets" in view.head.value
    assert "2 changed, 76 bars added" in view.head.value
    assert not view.is_open
    assert [is_shown(each) for each in (view.cancel, view.dismiss)] == [False, True]
    assert view.open.description == "Show result"
    view.open.click()
    assert (view.is_open, view.open.description) == (True, "Hide result")
    assert "equities/daily/IBM" in view.result.value
    assert f"%ml4t {LOAD.format('AAPL IBM')}" in view.line.value
    assert f'data-ml4t-copy="%ml4t {LOAD.format("AAPL IBM")}"' in view.line.value


def test_a_running_job_shows_its_pieces_and_what_came_so_far(gate: Gate) -> None:
    jobs = listed()
    job = start_job(SLOW.format("SLOW"))
    gate.let(2)
    until(job, begun(3))

    view = jobs.views[job.number]
    view.refresh()

    # Two pieces of thirty days are here, the third is asked for, ten are open.
    assert view.current.value.count("ml4t-is-full") == 2
    assert view.current.value.count("ml4t-is-half") == 1
    assert view.current.value.count("<i ") == 13
    assert "piece 3 of 13, 2005-03-04 … 2005-04-02" in view.current.value
    # 21 sessions up to 1 February without the 17th, 21 up to 3 March without the 21st.
    assert "42 bars so far" in view.current.value
    assert "Load SLOW" in view.head.value
    assert 'role="progressbar"' in view.heard.value
    assert [is_shown(each) for each in (view.cancel, view.dismiss)] == [True, False]
    gate.let(1000)
    assert job.join(120)
    assert 'role="status"' in view.heard.value


def test_the_list_says_when_the_last_job_will_have_ended(gate: Gate) -> None:
    jobs = listed()
    job = start_job(SLOW.format("SLOW"))
    gate.let(3)
    until(job, begun(4))

    # Three of thirteen pieces took a minute: ten take 200 seconds.
    began = job.track._began
    job.track.clock = lambda: began + 60
    jobs._report(job)

    assert "1 job running, about 3:20 left, 0 ended" in jobs.count.value
    gate.let(1000)


def test_what_a_screen_reader_hears_changes_every_five_seconds_at_most(gate: Gate) -> None:
    jobs = listed()
    job = start_job(SLOW.format("SLOW"))
    until(job, begun(1))
    view = jobs.views[job.number]
    view.refresh()
    heard = view.heard.value
    gate.let(1)
    until(job, begun(2))

    view.refresh()

    assert "piece 2 of 13" in view.current.value
    assert view.heard.value == heard
    gate.let(1000)


def test_one_job_is_dismissed_or_all_that_ended(gate: Gate) -> None:
    jobs = listed()
    first = ended(LOAD.format("AAPL"), jobs)
    second = ended(LOAD.format("IBM"), jobs)
    third = ended(LOAD.format("MSFT"), jobs)
    running = start_job(SLOW.format("SLOW"))
    gate.wait()

    second.dismiss.click()
    assert set(jobs.views) == {first.job.number, third.job.number, running.number}
    assert "1 job running, 2 ended" in jobs.count.value

    jobs.clear.click()

    assert set(jobs.views) == {running.number}
    assert [each.number for each in JOBS] == [running.number]
    gate.let(1000)


def test_a_thousand_datasets_in_a_job_make_a_short_card(gate: Gate) -> None:
    jobs = listed()
    names = [f"SLOW{number}" for number in range(1000)]
    job = start_job(SLOW.format(" ".join(names)))
    until(job, lambda track: track.running == 4)
    view = jobs.views[job.number]
    view.open.click()

    assert "Load 1,000 datasets" in view.head.value
    assert len(view.current.value) < 3000
    assert view.lines.value.count("<tr") == 40
    assert "and 960 more" in view.lines.value
    job.cancel()
    gate.let(1000)
    assert job.join(120)
    assert job.state == "cancelled"


def test_a_plain_work_on_gaps_is_called_what_it_is() -> None:
    jobs = listed()
    ended(LOAD.format("AAPL"), jobs)

    view = ended("gaps AAPL --refetch --as-of 2005-02-25", jobs)

    assert "Ask again, AAPL" in view.head.value
