"""The gap explorer by hand: choose, zoom, and every button, its job waited for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.magic_line import split
from ml4t_nb.commands.parser import parse
from ml4t_nb.execution.jobs import Job
from ml4t_nb.model import Command, DatasetId, Gap
from ml4t_nb.notebook.panels.gap_explorer import GapExplorer
from ml4t_nb.notebook.panels.gap_target import target_of
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.notebook.panels.conftest import Gate
from tests.notebook.panels.explored import (
    AS_OF,
    HOLES,
    button,
    enabled,
    press,
    rows,
    stored,
    words,
    workspace,
)
from tests.notebook.panels.start import start_job
from tests.render.reports import day


@pytest.fixture(autouse=True)
def _as_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two gaps in June, one of a fortnight in September, and one in the minutes of a morning."""
    del home
    days = "2023-06-12/2023-06-14,2023-06-20/2023-06-21,2023-09-11/2023-09-26"
    minutes = "2024-01-30T15:00+00:00/2024-01-30T15:05+00:00"
    monkeypatch.setenv(HOLES, f"{days},{minutes}")
    monkeypatch.setenv("ML4T_DATA_AS_OF", AS_OF)


@pytest.fixture
def ws(home: Path) -> Workspace:
    """DEMO with the gaps, FULL without."""
    ws = workspace()
    verbs.load(ws, "DEMO", provider="synthetic", start="2023-05-01", as_of=AS_OF)
    whole = Workspace.open(Settings(home=home))
    verbs.load(whole, "AFULL", provider="synthetic", start="2023-05-01", as_of=AS_OF)
    return ws


@pytest.fixture
def panel(ws: Workspace) -> GapExplorer:
    del ws
    return GapExplorer()


def test_datasets_with_open_gaps_come_first(panel: GapExplorer) -> None:
    assert [label for label, _ in panel.dataset.options] == [
        "equities/daily/DEMO (synthetic): 3 gaps open, 14 bars missing",
        "equities/daily/AFULL (synthetic): no gap open",
    ]
    assert panel.dataset.value == DatasetId("equities", "daily", "DEMO")


def test_all_gaps_are_listed_and_the_plot_is_beside(panel: GapExplorer) -> None:
    assert rows(panel) == [
        ["2023-06-12", "2023-06-13", "2", "open", "-"],
        ["2023-06-20", "2023-06-20", "1", "open", "-"],
        ["2023-09-11", "2023-09-25", "11", "open", "-"],
    ]
    assert panel.chart.report is not None
    assert len(panel.chart.report.gaps) == 3
    assert panel.gap is None
    assert enabled(panel) == set()


def test_filled_and_closed_gaps_are_listed_too(panel: GapExplorer) -> None:
    verbs.gaps(workspace(), refill="forward", end="2023-06-13")
    verbs.gaps(workspace(), close="a typhoon", start="2023-06-20", end="2023-06-20")

    panel.refresh_button.click()

    assert rows(panel)[:2] == [
        ["2023-06-12", "2023-06-13", "2", "open", "forward"],
        ["2023-06-20", "2023-06-20", "1", "closed", "-", "a", "typhoon"],
    ]


def test_a_gap_that_is_chosen_is_zoomed_to(panel: GapExplorer) -> None:
    panel.list.index = 1

    report = panel.chart.report
    assert report is not None
    # Twenty bars on either side: Juneteenth and Independence Day are no sessions; both gaps
    # of June lie within.
    assert (report.bars.index[0], report.bars.index[-1]) == (
        pd.Timestamp("2023-05-19", tz="UTC"),
        pd.Timestamp("2023-07-19", tz="UTC"),
    )
    assert "1 bar missing, 2023-06-20" in panel.description.value
    assert "on this gap alone" in panel.description.value


def test_a_band_that_is_clicked_is_chosen_in_the_list(panel: GapExplorer) -> None:
    script = panel.chart.widget.children[1]
    facts = script.drawn["facts"]
    row = facts["steps"]["labels"].index("Thu 14 Sep 2023")

    script._handle_custom_msg({"what": "click", "drawing": facts["drawing"], "row": row}, [])

    assert panel.list.index == 2
    assert panel.gap is not None
    assert panel.gap.missing == 11


def test_a_dataset_without_gaps_says_so_and_is_drawn(panel: GapExplorer) -> None:
    panel.dataset.value = DatasetId("equities", "daily", "AFULL")

    assert rows(panel) == []
    assert "equities/daily/AFULL (synthetic): no gaps" in panel.unanswered.value
    assert panel.chart.report is not None
    assert enabled(panel) == set()


def test_an_empty_store_says_what_to_do(home: Path) -> None:
    home.mkdir()
    panel = GapExplorer()

    assert words(panel.message.value) == "nothing is stored yet %ml4t load SYMBOL -p PROVIDER Copy"
    assert panel.body.layout.display == "none"
    assert "nothing is stored yet" in panel.static_html()


def test_a_store_that_is_filled_later_is_shown_after_a_refresh(home: Path) -> None:
    panel = GapExplorer()
    verbs.load(workspace(), "DEMO", provider="synthetic", start="2023-05-01", as_of=AS_OF)

    panel.refresh()

    assert panel.message.value == ""
    assert len(rows(panel)) == 3
    verbs.remove(Workspace.open(Settings(home=home)), "DEMO", yes=True)
    panel.refresh()
    assert "nothing is stored yet" in panel.message.value
    assert panel.body.layout.display == "none"


def test_fill_by_a_method_fills_that_gap_alone(panel: GapExplorer) -> None:
    panel.list.index = 0
    panel.repairs.method.value = "interpolate"

    press(panel, "refill")

    assert stored() == [
        ("06-12", "open", "interpolate"), ("06-20", "open", None), ("09-11", "open", None)
    ]  # fmt: skip
    assert rows(panel)[0][-1] == "interpolate"
    assert panel.list.index == 0
    assert panel.chart.report is not None
    assert panel.chart.report.bars["filled"].sum() == 2
    assert "filled: 2 bars" in words(panel.repairs.line.value)
    assert (len(panel.chart.report.bars), len(panel.chart.report.missing)) == (41, 1)


def test_a_fill_is_taken_back(panel: GapExplorer) -> None:
    panel.list.index = 0
    press(panel, "refill")
    assert "unfill" in enabled(panel)

    press(panel, "unfill")

    assert stored()[0] == ("06-12", "open", None)
    assert panel.chart.report is not None
    assert panel.chart.report.bars["filled"].sum() == 0
    assert "left open on request" in panel.description.value
    assert enabled(panel) == {"refetch", "refill", "reopen"}


def test_ask_again_finds_what_the_provider_has_by_now(
    panel: GapExplorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.list.index = 0
    before = panel.chart.report
    monkeypatch.delenv(HOLES)

    press(panel, "refetch")

    assert [first for first, _, _ in stored()] == ["06-20", "09-11"]
    assert len(rows(panel)) == 2
    assert panel.gap is None
    assert enabled(panel) == set()
    assert "requested again: 2 bars came" in words(panel.repairs.line.value)
    # The same range, now with its bars.
    assert before is not None
    assert panel.chart.report is not None
    assert len(panel.chart.report.bars) == len(before.bars) + 2


def test_ask_again_says_when_there_is_nothing(panel: GapExplorer) -> None:
    panel.list.index = 0

    press(panel, "refetch")

    assert "the provider returned no bars" in words(panel.repairs.line.value)
    assert panel.list.index == 0


def test_a_gap_is_closed_for_a_reason_and_opened_again(panel: GapExplorer) -> None:
    panel.list.index = 1
    assert "close" not in enabled(panel)
    panel.repairs.reason.value = "   "
    assert "close" not in enabled(panel)
    panel.repairs.reason.value = "-it's a <b>$100 {day}</b>"

    press(panel, "close")

    assert stored()[1] == ("06-20", "closed", None)
    (listed,) = verbs.gaps(workspace(), "DEMO", all=True).datasets
    assert listed.gaps[1].reason == "-it's a <b>$100 {day}</b>"
    assert [gap.state for gap in listed.gaps] == ["open", "closed", "open"]
    assert enabled(panel) == {"reopen"}
    assert "<b>$100" not in panel.description.value
    assert "<b>$100" not in panel.repairs.line.value
    assert "<b>$100" not in panel.static_html()
    assert panel.repairs.reason.value == ""

    press(panel, "reopen")

    assert stored()[1] == ("06-20", "open", None)
    assert enabled(panel) == {"refetch", "refill"}


def test_the_line_of_a_button_does_the_same_when_typed(panel: GapExplorer) -> None:
    panel.list.index = 1
    panel.repairs.reason.value = "it's $HOME #1"

    press(panel, "close")

    job = panel.repairs.job
    assert job is not None
    program, *typed = split(job.line, {})
    assert program == "%ml4t"
    parsed = parse(typed)
    assert isinstance(parsed, Command)
    days = {"start": date(2023, 6, 20), "end": date(2023, 6, 20)}
    assert {**parsed.arguments, **days} == job.command.arguments
    assert parsed.arguments == {
        "symbol": ("DEMO",), "asset_class": "equities", "frequency": "daily",
        "start": "2023-06-20", "end": "2023-06-20", "close": "it's $HOME #1",
    }  # fmt: skip


def test_shared_arguments_go_with_every_command(ws: Workspace, home: Path, tmp_path: Path) -> None:
    del ws
    home.rename(tmp_path / "elsewhere")
    panel = GapExplorer(shared={"home": tmp_path / "elsewhere", "as_of": "2024-02-01"})
    panel.list.index = 0

    press(panel, "refill")

    assert panel.repairs.job is not None
    assert panel.repairs.job.line.endswith(f"--home {tmp_path}/elsewhere --as-of 2024-02-01")
    assert rows(panel)[0][-1] == "forward"
    assert not home.exists()


def test_a_dataset_of_the_same_symbol_is_left_alone(panel: GapExplorer) -> None:
    verbs.load(
        workspace(), "DEMO", provider="synthetic", frequency="weekly", start="2023-05-01",
        as_of=AS_OF,
    )  # fmt: skip
    verbs.load(
        workspace(), "DEMO", provider="synthetic", frequency="1m", start="2024-01-29", as_of=AS_OF
    )
    before = stored()
    panel.refresh()
    panel.dataset.value = DatasetId("equities", "1m", "DEMO")
    panel.list.index = 0

    press(panel, "refill")

    assert stored() == before
    assert stored(frequency="1m") == [("01-30", "open", "forward")]


def test_two_gaps_of_one_session_are_said_to_go_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noon = "2024-01-30T17:00+00:00/2024-01-30T17:02+00:00"
    monkeypatch.setenv(HOLES, f"2024-01-30T15:00+00:00/2024-01-30T15:05+00:00,{noon}")
    verbs.load(
        workspace(), "DEMO", provider="synthetic", frequency="1m", start="2024-01-29", as_of=AS_OF
    )
    panel = GapExplorer()

    panel.list.index = 1

    assert rows(panel)[1][:5] == ["2024-01-30", "12:00", "EST", "12:01", "EST"]
    # By the clocks of New York, as the axis of the plot is.
    assert "2 bars missing, 2024-01-30 12:00 … 12:01 EST" in panel.description.value
    assert "act on 2024-01-30, so on this gap and on 1 other there" in panel.description.value
    press(panel, "refill")
    assert stored(frequency="1m") == [("01-30", "open", "forward"), ("01-30", "open", "forward")]


def test_a_gap_in_a_currency_s_evening_is_in_the_next_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 18:00 to 20:00 in New York on the 16th, a Tuesday; the session of the 17th.
    monkeypatch.setenv(HOLES, "2024-01-16T23:00+00:00/2024-01-17T01:00+00:00")
    verbs.load(
        workspace(), "EURUSD=X", provider="synthetic", asset_class="fx", frequency="hourly",
        start="2024-01-08", as_of=AS_OF,
    )  # fmt: skip
    panel = GapExplorer()
    panel.list.index = 0

    press(panel, "refill")

    assert "act on 2024-01-17: on this gap alone" in panel.description.value
    assert stored("EURUSD=X") == [("01-16", "open", "forward")]


def test_a_weekly_gap_is_met_by_its_own_week(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOLES, "2023-08-07/2023-08-14,2023-08-21/2023-08-28")
    verbs.load(
        workspace(), "DEMO", provider="synthetic", frequency="weekly", start="2023-05-01",
        as_of=AS_OF,
    )  # fmt: skip
    panel = GapExplorer()
    panel.list.index = 0

    press(panel, "refill")

    assert stored() == [("08-07", "open", "forward"), ("08-21", "open", None)]


def test_nothing_is_done_about_gaps_that_changed_since_they_were_listed(
    panel: GapExplorer,
) -> None:
    panel.list.index = 0
    verbs.gaps(workspace(), "DEMO", close="a storm", start="2023-06-12", end="2023-06-13")

    button(panel, "refill").click()

    assert panel.repairs.job is None
    assert "have changed since they were listed" in panel.repairs.line.value
    assert rows(panel)[0][3] == "closed"
    assert stored()[0] == ("06-12", "closed", None)


@pytest.fixture
def holed(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """SLOW, of the gated provider, without sixty days: two requests."""
    provider = import_module("ml4t_gated").GatedProvider
    whole = provider.fetch

    def fetch(self: object, request: Any) -> Any:  # noqa: ANN401  # the gated provider's types
        answer = whole(self, request)
        held = answer.bars.index
        lacking = (held >= "2023-07-03") & (held < "2023-09-01")
        return type(answer)(answer.bars[~lacking])

    with monkeypatch.context() as patch:
        patch.setattr(provider, "fetch", fetch)
        gate.let(100)
        verbs.load(workspace(), "SLOW", provider="gated", start="2023-05-01", as_of="2023-10-31")
    while gate._open.acquire(blocking=False) or gate._waiting.acquire(blocking=False):
        pass


@pytest.mark.usefixtures("holed")
def test_a_job_at_work_can_be_cancelled_and_blocks_the_buttons(gate: Gate) -> None:
    panel = GapExplorer()
    panel.list.index = 0
    assert enabled(panel) == {"refetch"}
    assert panel.repairs.cancel.layout.display == "none"

    button(panel, "refetch").click()
    gate.wait()

    assert enabled(panel) == set()
    assert panel.repairs.is_busy
    assert panel.repairs.cancel.layout.display == ""
    panel.repairs.cancel.click()
    gate.let(100)
    assert panel.repairs.job is not None
    assert panel.repairs.job.join(120)
    assert panel.repairs.job.state == "cancelled"
    assert "cancelled" in panel.repairs.line.value
    assert panel.repairs.cancel.layout.display == "none"
    assert enabled(panel) == {"refetch"}


def test_a_press_at_the_first_moment_after_a_job_is_about_the_gap_as_it_is_by_then(
    panel: GapExplorer,
) -> None:
    panel.list.index = 0
    panel.repairs.reason.value = "a day of mourning"
    filling: list[Job | None] = []

    def press_at_once(change: dict[str, bool]) -> None:
        if not change["new"] and not filling:
            filling.append(panel.repairs.job)
            button(panel, "close").click()

    button(panel, "close").observe(press_at_once, "disabled")
    button(panel, "refill").click()
    assert panel.repairs.job is not None
    assert panel.repairs.job.join(120)

    assert "have changed" not in words(panel.repairs.line.value)
    closing = panel.repairs.job
    assert filling
    assert closing is not filling[0]
    assert closing.join(120)
    assert stored()[0] == ("06-12", "closed", None)


@pytest.mark.usefixtures("holed")
def test_another_job_on_the_dataset_is_reported(gate: Gate) -> None:
    panel = GapExplorer()
    panel.list.index = 0
    other = start_job("update SLOW --as-of 2023-11-30")
    gate.wait()

    press(panel, "refetch")

    assert f"job {other.number} is already running on SLOW" in words(panel.repairs.line.value)
    assert "%ml4t jobs" in words(panel.repairs.line.value)
    gate.let(100)
    assert other.join(120)


def test_observers_of_the_panel_are_notified_after_each_change(ws: Workspace) -> None:
    del ws
    told: list[int] = []
    panel = GapExplorer(changed=lambda: told.append(1))
    acts: tuple[Callable[[], object], ...] = (
        lambda: setattr(panel.list, "index", 0),
        lambda: press(panel, "refill"),
        lambda: setattr(panel.dataset, "index", 1),
        panel.refresh,
    )
    for act in acts:
        before = len(told)
        act()
        assert len(told) > before


def test_the_still_picture_has_the_gaps_and_the_plot_and_no_program(panel: GapExplorer) -> None:
    panel.list.index = 2

    static_html = panel.static_html()

    assert "2023-09-11" in static_html
    assert "<table" in static_html
    assert "data:image/svg+xml" in static_html
    assert "<script" not in static_html
    assert len(static_html) < 60_000


def test_of_many_datasets_some_can_be_filtered(home: Path) -> None:
    ws = Workspace.open(Settings(home=home))
    names = [f"S{number:02}" for number in range(20)]
    verbs.load(ws, names, provider="synthetic", start="2024-01-02", as_of=AS_OF)
    panel = GapExplorer()
    assert panel.filter.layout.display == ""

    panel.filter.value = "s07"

    # What is chosen stays until a person chooses otherwise.
    assert [dataset.symbol for _, dataset in panel.dataset.options] == ["S00", "S07"]
    panel.dataset.value = panel.dataset.options[1][1]
    assert panel.chart.report is not None
    assert panel.chart.report.dataset.symbol == "S07"
    panel.filter.value = ""
    assert len(panel.dataset.options) == 20
    assert panel.dataset.value.symbol == "S07"


def test_a_damaged_dataset_is_reported_and_the_others_stay_usable(
    panel: GapExplorer, home: Path
) -> None:
    for chunk in home.rglob("DEMO/*.parquet"):
        chunk.write_bytes(b"nonsense")

    panel.refresh()

    assert "ml4t-icon-error" in panel.message.value
    assert "%ml4t remove DEMO --yes" in panel.message.value
    assert panel.body.layout.display == "none"
    panel.dataset.value = DatasetId("equities", "daily", "AFULL")
    assert panel.chart.report is not None
    assert panel.message.value == panel.body.layout.display == ""


def test_a_dataset_removed_meanwhile_makes_room_for_the_next(
    panel: GapExplorer, home: Path
) -> None:
    panel.list.index = 0
    verbs.remove(Workspace.open(Settings(home=home)), "DEMO", yes=True)

    panel.list.index = 1
    assert "No existing data found" in panel.message.value
    panel.refresh_button.click()

    assert panel.dataset.value == DatasetId("equities", "daily", "AFULL")
    assert panel.message.value == ""


def test_a_gap_that_is_gone_is_not_a_target(ws: Workspace) -> None:
    del ws
    with pytest.raises(Exception, match="the gap no longer exists"):
        target_of(
            Gap(day("2024-01-10"), day("2024-01-11"), 2), DatasetId("equities", "daily", "DEMO")
        )


def test_the_heading_of_the_list_is_shown_as_it_is_written(panel: GapExplorer) -> None:
    # Blanks of any other kind would be spelled out, as all that cannot be printed is.
    assert panel.heading.value.split()[:4] == ["First", "Last", "Missing", "State"]
