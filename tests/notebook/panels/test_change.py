"""The load and the update panel: forms, lines, runs."""

from __future__ import annotations

import os
import re
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import ml4t_nb
from ml4t_nb.commands.declaration import VERBS, options
from ml4t_nb.execution.jobs import JOBS
from ml4t_nb.model import Command
from ml4t_nb.notebook.panels.change_panel import ChangePanel, Verb
from ml4t_nb.notebook.panels.job_view import JobView
from ml4t_nb.render.html import line_html
from ml4t_nb.render.plots.chart import live_chart
from ml4t_nb.reports import PlotReport
from tests.notebook.panels.conftest import Gate

AS_OF = date(2005, 2, 25)


class Count:
    """How often it was called."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self) -> None:
        self.number += 1


def panel(verb: Verb, **given: object) -> ChangePanel:
    return ChangePanel(verb, given={"as_of": AS_OF, **given}, changed=Count())


def loader(*symbols: str) -> ChangePanel:
    """A load panel, filled in for sample bars of early 2005."""
    made = panel("load")
    made.form.symbols.box.value = " ".join(symbols)
    made.form.field("provider").value = "sample"
    made.form.field("start").value = "2005-01-03"
    return made


def run(made: ChangePanel) -> None:
    made.run.click()
    assert made.views[0].job.join(120)


@pytest.mark.parametrize("verb", ["load", "update"])
def test_a_form_has_a_field_for_every_option_and_its_help_as_tooltip(verb: Verb) -> None:
    form = panel(verb).form

    for option in options(VERBS[verb]):
        if option.name != "symbol":
            assert form.field(option.name).tooltip == option.help
            assert option.name.replace("_", " ") in form.field(option.name).description


def test_fields_are_what_their_options_are() -> None:
    load, update = panel("load").form, panel("update").form
    kinds: dict[str, Any] = {
        name: type(load.field(name)).__name__
        for name in ("provider", "frequency", "asset_class", "start", "end", "tolerance")
    }

    assert kinds == {
        "provider": "Dropdown",
        "frequency": "Dropdown",
        "asset_class": "Dropdown",
        "start": "Text",
        "end": "Text",
        "tolerance": "Text",
    }
    assert type(update.field("accept")).__name__ == "Checkbox"
    assert [label for label, _ in update.field("fill_gaps").options] == ["as usual", "yes", "no"]
    assert update.field("lookback_days").value == ""
    assert update.field("fill_method").options[0] == ("forward", "forward")
    assert ("sample", "sample") in load.field("provider").options


def test_the_line_says_only_what_differs_from_the_defaults() -> None:
    made = panel("update")

    assert made.form.command == Command("update", {"as_of": "2005-02-25"})
    made.form.field("fill_gaps").label = "no"
    made.form.field("lookback_days").value = "14"
    made.form.field("fill_method").value = "zero"

    assert made.form.checked() == Command(
        "update",
        {
            "lookback_days": 14,
            "fill_gaps": False,
            "fill_method": "zero",
            "as_of": date(2005, 2, 25),
        },
    )
    line = "%ml4t update -l 14 --no-fill-gaps --fill-method zero --as-of 2005-02-25"
    assert f"<code>{line}</code>" in made.line.value


def test_symbols_are_typed_one_by_one_or_several_at_once() -> None:
    made = panel("load")

    made.form.symbols.box.value = "AAPL"
    made.form.symbols.box.value = "MSFT, ^GSPC AAPL"

    assert made.form.symbols.symbols == ("AAPL", "MSFT", "^GSPC")
    assert made.form.symbols.box.value == ""
    assert made.form.command.arguments["symbol"] == ("AAPL", "MSFT", "^GSPC")


def test_a_symbol_with_signs_is_spelled_so_that_it_can_be_pasted() -> None:
    made = panel("load")

    made.form.symbols.tags.value = ["-X", "A'B", "<b>"]

    assert made.form.command.arguments["symbol"] == ("-X", "A'B", "<b>")
    assert "--symbol=-X" in made.line.value
    assert "&#39;A&#39;&#34;&#39;&#34;&#39;B&#39;" in made.line.value
    assert "<b>" not in made.line.value.replace("<code>", "").replace("</code>", "")


def drawn(view: JobView) -> PlotReport:
    """What the plot below a job's result shows."""
    assert view.plot is not None
    report = view.plot.chart.report
    assert report is not None
    return report


def test_a_load_runs_and_leaves_its_result_a_plot_and_its_symbols() -> None:
    made = loader("AAPL", "IBM")

    run(made)

    (view,) = made.views
    assert view.job.state == "done"
    assert list(view.job.log) == []
    assert "equities/daily/IBM" in view.result.value
    assert "+38" in view.result.value
    assert view.drawn.options[0][0] == "equities/daily/AAPL"
    assert drawn(view).dataset.symbol == "AAPL"
    assert "data:image/svg+xml" in made.static_html()
    assert made.form.symbols.box.options == ("AAPL", "IBM")
    assert len(ml4t_nb.bars("IBM")) == 38


def test_another_dataset_of_the_run_is_drawn_on_request() -> None:
    made = loader("AAPL", "IBM")
    run(made)
    view = made.views[0]

    view.drawn.value = view.drawn.options[1][1]

    assert drawn(view).dataset.symbol == "IBM"


def test_an_update_marks_what_it_asked_for_and_what_was_restated() -> None:
    run(loader("AAPL"))
    made = ChangePanel("update", given={"as_of": date(2005, 3, 4)}, changed=Count())

    run(made)

    view = made.views[0]
    assert view.job.track.lines[0].notes == ("restated 2:1",)
    assert "restated 2:1 (split 2005-02-28)" in view.result.value
    assert [each.kind for each in live_chart(drawn(view))[1].legend] == ["run", "split"]


def test_a_load_without_a_symbol_says_so_and_starts_nothing() -> None:
    made = panel("load")

    made.run.click()

    assert "load needs a symbol" in made.message.value
    assert made.views == []


def test_a_word_that_is_invalid_is_said_beside_the_form() -> None:
    made = loader("AAPL")
    made.form.field("tolerance").value = "a lot"

    made.run.click()

    assert "&#39;a lot&#39; is not a number" in made.message.value
    assert made.views == []
    made.form.field("tolerance").value = ""
    run(made)
    assert made.message.value == ""


def test_an_update_of_an_empty_store_says_what_to_do_first() -> None:
    Path(os.environ["ML4T_DATA_HOME"]).mkdir()
    made = panel("update")

    run(made)

    assert made.views[0].job.state == "done"
    assert "nothing is stored yet" in made.views[0].result.value


def test_a_failure_stands_beside_its_symbol_with_the_next_step() -> None:
    made = loader("AAPL", "NOPE")

    run(made)

    view = made.views[0]
    assert "1 changed, 1 failed, 38 bars added" in view.head.value
    assert "ml4t-icon-error" in view.mark.value
    assert "sample has no &#39;NOPE&#39;" in view.result.value
    assert "sample has AAPL, FB, GOOG, IBM, MSFT" in view.result.value
    assert "<img" not in view.result.value


def test_a_failed_run_draws_no_plot_of_an_earlier_one() -> None:
    run(loader("AAPL", "IBM"))
    made = loader("AAPL", "IBM")
    made.form.field("start").value = ""
    made.form.field("provider").value = "files"  # there is no folder of files

    run(made)

    view = made.views[0]
    assert view.job.state == "failed"
    assert view.plot is None
    assert view.drawn.layout.display == "none"


def test_a_job_looked_at_again_draws_no_plot_of_a_later_run() -> None:
    made = loader("AAPL")
    run(made)
    later = ChangePanel("update", given={"as_of": date(2005, 3, 4)}, changed=Count())
    run(later)

    second = JobView(made.views[0].job, changed=Count(), opens=True)

    assert second.plot is None
    assert [each.value for each in second.widget.children[-1].children[-1].children] == [
        line_html(
            "a later run has requested equities/daily/AAPL since, so this run's plot is not drawn"
        )
    ]


def test_a_second_press_while_it_runs_starts_no_second_job(gate: Gate) -> None:
    made = loader("SLOW")
    made.form.field("provider").value = "gated"
    made.run.click()
    gate.wait()
    known = list(JOBS)

    made.run.click()

    assert list(JOBS) == known
    assert f"job {made.views[0].job.number} is already doing this" in made.message.value
    assert len(made.views) == 1
    made.form.symbols.tags.value = ["AAPL"]
    made.form.field("provider").value = "sample"
    made.run.click()
    assert made.views[0].job.join(120)
    assert made.views[0].job.state == "done"
    gate.let(100)


@pytest.mark.parametrize("typed", ["20055-01-03", "2005-13-03", "01/03/2005", "200-01-03"])
def test_a_date_that_is_none_is_refused_not_left_out(typed: str) -> None:
    made = loader("AAPL")
    made.form.field("start").value = typed

    made.run.click()

    assert f"&#39;{typed}&#39; is not a valid date" in made.message.value
    assert f"--start {typed}" in made.line.value
    assert made.views == []


def test_a_run_can_be_cancelled_and_says_what_is_left(gate: Gate) -> None:
    made = loader("SLOW")
    made.form.field("provider").value = "gated"
    made.run.click()
    view = made.views[0]
    gate.wait()

    view.cancel.click()
    gate.let(1)
    view.job.join(120)

    assert "cancelled · 1 left" in view.head.value
    assert "not reached: SLOW" in view.result.value
    assert view.cancel.layout.display == "none"


def test_while_it_runs_there_is_a_line_for_each_dataset(gate: Gate) -> None:
    made = loader("SLOW", "SLOWER")
    made.form.field("provider").value = "gated"
    made.run.click()
    view = made.views[0]
    both_ask = threading.Event()
    view.job.observe(
        lambda job: (
            both_ask.set() if {each.stage for each in job.track.lines} == {"running"} else None
        )
    )
    assert both_ask.wait(120)
    view.open.click()

    # From 2005-01-03 to 2005-02-25, thirty days at a time.
    assert "piece 1 of " in view.lines.value
    assert "SLOWER" in view.lines.value
    assert "Load 2 datasets" in view.head.value
    assert "0 done" in view.head.value
    # Whichever of the two threads asked first.
    assert re.search("<b>SLOW(ER)?</b>.*and 1 more", view.current.value)
    assert 'aria-valuenow="0"' in view.heard.value
    gate.let(100)
    view.job.join(120)
    assert (view.bar.value, view.current.value, view.lines.value) == ("", "", "")
    assert "2 changed" in view.head.value


def test_a_still_keeps_the_lines_and_the_results_without_a_widget_or_a_script() -> None:
    made = loader("AAPL")
    assert made.static_html() == "<div><b>Load</b>: nothing was run</div>"

    run(made)

    assert "Load AAPL" in made.static_html()
    assert "<table" in made.static_html()
    assert "<script" not in made.static_html()


@pytest.mark.parametrize("typed", ["9999-12-31", "0205-02-25"])
def test_an_as_of_of_a_year_without_a_calendar_is_refused_with_an_error(typed: str) -> None:
    made = loader("AAPL")
    made.form.field("as_of").value = typed

    run(made)

    view = made.views[0]
    assert f"--as-of {typed}" in view.job.line
    assert "ml4t-icon-error" in view.mark.value
    assert "the calendar XNYS " in view.result.value
