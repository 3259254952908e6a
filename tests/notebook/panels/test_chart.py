"""The chart of a panel, told by hand what its figure's script would tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb import verbs
from ml4t_nb.core.bars import as_stamps, make_bars
from ml4t_nb.model import DatasetId, Gap
from ml4t_nb.notebook.panels.plot_view import PlotView
from ml4t_nb.render.plots.steps import (
    cut,
    gap_near,
    labels_of,
    rows_in,
    stamps_around,
    stamps_between,
    steps_of,
)
from ml4t_nb.reports import PlotReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.render.reports import day

PLOTLY = "application/vnd.plotly.v1+json"
DEMO = DatasetId("equities", "daily", "DEMO")
MINUTES = DatasetId("equities", "1m", "DEMO")
EURO = DatasetId("fx", "hourly", "EURUSD=X")


@pytest.fixture
def ws(home: Path) -> Workspace:
    """A year of days without two in June and one in September, and three days of minutes."""
    holes = "2023-06-12/2023-06-14,2023-09-20/2023-09-21"
    minutes = "2024-01-10T15:00+00:00/2024-01-10T15:05+00:00"
    settings = Settings.read(
        {"ML4T_DATA_SYNTHETIC_HOLES": f"{holes},{minutes}", "ML4T_DATA_HOME": str(home)},
        folder=home.parent,
    )
    ws = Workspace.open(settings)
    verbs.load(ws, "DEMO", provider="synthetic", start="2023-01-03", as_of="2024-01-31")
    return ws


@pytest.fixture
def minutes(ws: Workspace) -> DatasetId:
    verbs.load(
        ws, "DEMO", provider="synthetic", frequency="1m", start="2024-01-09", as_of="2024-01-11"
    )
    return MINUTES


class Shown:
    """A chart, who is told of its picks, and how often it was drawn."""

    def __init__(self, dataset: DatasetId) -> None:
        self.picked: list[Gap] = []
        self.drawings = 0
        self.plot_view = PlotView(picked=self.picked.append, changed=self._count)
        self.plot_view.show(dataset)

    def _count(self) -> None:
        self.drawings += 1

    @property
    def figure(self) -> dict[str, Any]:
        (output,) = self.plot_view.widget.children[1].outputs
        figure: dict[str, Any] = output["data"][PLOTLY]
        return figure

    @property
    def labels(self) -> list[str]:
        report = self.plot_view.report
        assert report is not None
        return list(labels_of(rows_in(report), report.frequency, report.zone))

    def click(self, label: str, **more: Any) -> None:  # noqa: ANN401
        """On the bar of that name; the script says its row."""
        self.tell("click", labels=[str(self.labels.index(label))], **more)

    @property
    def words(self) -> str:
        return str(self.plot_view.widget.children[0].children[1].value)

    def tell(self, what: str, *, drawing: int | None = None, **more: object) -> None:
        """What the script sends, about the latest figure if no other is said."""
        listener = self.plot_view.widget.children[2]
        drawn = self.figure["layout"]["meta"]["drawn"] if drawing is None else drawing
        listener._handle_custom_msg({"what": what, "drawing": drawn, **more}, [])


@pytest.fixture
def shown(ws: Workspace) -> Shown:
    del ws
    return Shown(DEMO)


def test_a_dragged_range_is_drawn_from_its_first_to_its_last_bar(shown: Shown) -> None:
    assert (shown.labels[0], shown.labels[-1]) == ("2023-01-03", "2024-01-31")

    # The 3rd of January stands at 0: the range holds the middles of 4, 5 and 6.
    shown.tell("range", left=3.6, right=6.2)

    assert shown.labels == ["2023-01-09", "2023-01-10", "2023-01-11"]
    assert "2023-01-09 … 2023-01-11: 3 bars" in shown.words


def test_a_range_is_counted_from_what_is_drawn_and_not_from_the_first_bar(shown: Shown) -> None:
    shown.tell("range", left=10, right=30)
    assert (shown.labels[0], shown.labels[-1]) == ("2023-01-18", "2023-02-15")

    shown.tell("range", left=1, right=2)

    assert shown.labels == ["2023-01-19", "2023-01-20"]


def test_zooming_out_reaches_bars_that_were_not_drawn(shown: Shown) -> None:
    shown.tell("range", left=10, right=12)

    shown.tell("range", left=-2.4, right=4.4)

    assert shown.labels == [
        "2023-01-13", "2023-01-17", "2023-01-18", "2023-01-19", "2023-01-20", "2023-01-23",
        "2023-01-24",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("left", "right"), [(-0.5, 270.5), (-9.0, 900.0), (-3.2, 270.4), (270.5, -0.5)]
)
def test_the_whole_range_again_draws_nothing_again(shown: Shown, left: float, right: float) -> None:
    assert len(shown.labels) == 271
    before = shown.drawings

    shown.tell("range", left=left, right=right)
    shown.tell("whole")

    assert shown.drawings == before


def test_the_range_that_is_drawn_already_is_not_drawn_again(shown: Shown) -> None:
    shown.tell("range", left=10, right=30)
    before = shown.drawings

    shown.tell("range", left=-0.5, right=20.5)

    assert shown.drawings == before


def test_a_double_click_and_the_button_go_back_to_all_bars(shown: Shown) -> None:
    back = shown.plot_view.widget.children[0].children[0]
    assert back.disabled

    shown.tell("range", left=10, right=30)
    assert not back.disabled
    shown.tell("whole")
    assert (len(shown.labels), back.disabled) == (271, True)

    shown.tell("range", left=10, right=30)
    back.click()
    assert (len(shown.labels), back.disabled) == (271, True)


def test_a_figure_that_was_drawn_over_is_not_listened_to(shown: Shown) -> None:
    first = shown.figure["layout"]["meta"]["drawn"]
    shown.tell("range", left=10, right=30)
    before = shown.labels

    shown.tell("range", drawing=first, left=100, right=110)
    shown.tell("click", drawing=first, labels=["1"])

    assert shown.labels == before
    assert shown.picked == []


def test_a_click_on_a_band_shows_its_gap(shown: Shown) -> None:
    shown.click("2023-06-13")

    (gap,) = shown.picked
    assert (gap.start, gap.end) == (day("2023-06-12"), day("2023-06-13"))


def test_a_click_beside_a_band_finds_it_only_where_a_hand_could_have_missed(shown: Shown) -> None:
    # Of 271 steps one is what a hand may miss by.
    shown.click("2023-06-14")
    shown.click("2023-06-15")

    assert len(shown.picked) == 1


@pytest.mark.parametrize(
    "message",
    [
        {"what": "click", "labels": ["no such bar"]},
        {"what": "click", "labels": []},
        {"what": "click", "labels": "2023-06-13"},
        {"what": "click"},
        {"what": "range", "left": None, "right": 3},
        {"what": "range", "left": float("nan"), "right": 3},
        {"what": "range", "left": "2023-06-13", "right": "2023-06-14"},
        {"what": "nonsense"},
        {"what": None},
    ],
)
def test_a_message_that_is_invalid_does_nothing(shown: Shown, message: dict[str, Any]) -> None:
    before = shown.drawings

    shown.tell(**message)

    assert (shown.drawings, shown.picked) == (before, [])


def test_a_gap_is_drawn_with_twenty_bars_on_either_side_and_outlined(shown: Shown) -> None:
    report = shown.plot_view.report
    assert report is not None

    shown.plot_view.around(report.gaps[0])

    assert len(shown.labels) == 20 + 2 + 20
    assert shown.labels[20:22] == ["2023-06-12", "2023-06-13"]
    outline = shown.figure["layout"]["shapes"][-1]
    assert (outline["x0"], outline["x1"], outline["line"]["width"]) == (19.5, 21.5, 3)
    assert "40 bars, 2 missing" in shown.words


def test_a_range_of_minutes_is_cut_within_its_session(minutes: DatasetId) -> None:
    shown = Shown(minutes)
    assert len(shown.labels) == 3 * 390

    # The second session begins at 390, at 09:30 in New York.
    shown.tell("range", left=400, right=409)

    assert shown.labels[0] == "09:40<br>2024-01-10"
    assert shown.labels[-1] == "09:49<br>2024-01-10"
    assert len(shown.labels) == 10


def test_a_currency_s_evening_belongs_to_its_range(ws: Workspace) -> None:
    verbs.load(
        ws,
        "EURUSD=X",
        provider="synthetic",
        asset_class="fx",
        frequency="hourly",
        start="2024-01-08",
        as_of="2024-01-12",
    )
    shown = Shown(EURO)
    evening = shown.labels.index("18:00<br>2024-01-09")

    shown.tell("range", left=evening, right=evening + 1)

    assert shown.labels == ["18:00<br>2024-01-09", "19:00<br>2024-01-09"]


def test_what_is_stored_meanwhile_is_drawn_in_the_same_range(shown: Shown, home: Path) -> None:
    report = shown.plot_view.report
    assert report is not None
    shown.plot_view.around(report.gaps[0])
    mended = Workspace.open(Settings(home=home, provider="synthetic"))
    verbs.gaps(mended, "DEMO", refetch=True, as_of="2024-01-31")

    shown.plot_view.redraw()

    assert shown.labels[20:22] == ["2023-06-12", "2023-06-13"]
    assert "2023-05-12 … 2023-07-13: 42 bars" in shown.words
    assert shown.plot_view.report is not None
    assert shown.plot_view.report.gaps == ()


def test_a_dataset_that_is_gone_is_an_error_in_words(shown: Shown, home: Path) -> None:
    verbs.remove(Workspace.open(Settings(home=home)), "DEMO", yes=True)

    shown.plot_view.redraw()

    (output,) = shown.plot_view.widget.children[1].outputs
    assert "No existing data found" in output["data"]["text/html"]
    shown.plot_view.show(None)
    assert shown.plot_view.widget.children[1].outputs == ()


def test_the_script_asks_no_other_host() -> None:
    script = PlotView().widget.children[2]._esm

    assert "plotly_relayout" in script
    assert "http" not in script
    assert "import " not in script


def report_of(count: int, *gaps: tuple[int, int]) -> PlotReport:
    """So many minutes, without those from the first to the last of each gap."""
    start = datetime(2019, 1, 2, 14, 30, tzinfo=UTC)
    stamps = [start + timedelta(minutes=at) for at in range(count)]
    lacking = {at for first, last in gaps for at in range(first, last + 1)}
    held = as_stamps([each for at, each in enumerate(stamps) if at not in lacking])
    flat = np.ones(len(held))
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), flat)
    return PlotReport(
        MINUTES,
        "sample",
        "America/New_York",
        make_bars(held, columns),
        as_stamps([stamps[at] for at in sorted(lacking)]),
        tuple(Gap(stamps[first], stamps[last], last + 1 - first) for first, last in gaps),
    )


@given(
    count=st.integers(3, 60),
    most=st.integers(1, 60),
    ends=st.tuples(st.integers(0, 59), st.integers(0, 59)),
)
def test_a_range_holds_its_rows_and_no_others(count: int, most: int, ends: tuple[int, int]) -> None:
    steps = steps_of(report_of(count), most=most)
    first, last = sorted(min(each, count - 1) for each in ends)

    begin, end = stamps_between(steps, first - 0.4, last + 0.4, known=steps.rows)

    assert (begin, end) == (steps.rows[first], steps.rows[last])


@given(
    count=st.integers(5, 60),
    most=st.integers(1, 60),
    ends=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
    drawn=st.tuples(st.integers(0, 59), st.integers(0, 59)),
)
def test_any_range_is_one_of_known_stamps(
    count: int, most: int, ends: tuple[float, float], drawn: tuple[int, int]
) -> None:
    whole = report_of(count)
    known = rows_in(whole)
    low, high = (known[min(each, count - 1)] for each in sorted(drawn))
    steps = steps_of(cut(whole, low, high), most=most)

    begin, end = stamps_between(steps, *sorted(ends), known=known)

    assert begin <= end
    assert {pd.Timestamp(begin), pd.Timestamp(end)} <= set(known)


def test_a_range_within_one_step_is_that_step() -> None:
    steps = steps_of(report_of(10))

    assert stamps_between(steps, 3.1, 3.3, known=steps.rows) == (steps.rows[3], steps.rows[3])


def test_of_several_gaps_on_one_step_a_pending_one_is_shown() -> None:
    whole = report_of(40, (10, 10), (12, 12))
    filled = Gap(whole.gaps[0].start, whole.gaps[0].end, 1, filled_by="forward")
    whole = PlotReport(
        whole.dataset, whole.provider, whole.zone, whole.bars, whole.missing,
        (filled, whole.gaps[1]),
    )  # fmt: skip
    steps = steps_of(whole, most=10)
    assert steps.size == 4

    assert gap_near(whole, steps, 2) == filled
    assert gap_near(whole, steps, 3) == whole.gaps[1]
    assert gap_near(whole, steps, 5) is None

    wide = steps_of(whole, most=4)
    assert gap_near(whole, wide, 1) == whole.gaps[1]


def test_around_a_gap_at_an_end_there_are_fewer_bars() -> None:
    whole = report_of(40, (2, 3))
    known = rows_in(whole)

    assert stamps_around(known, whole.gaps[0], rows=5) == (known[0], known[8])


def test_a_figure_that_does_not_fit_its_cell_is_drawn_again_in_the_same_range(
    shown: Shown,
) -> None:
    shown.tell("range", left=10, right=12)
    before = shown.labels, shown.figure["layout"]["meta"]["drawn"]

    shown.tell("fit")

    assert shown.labels == before[0]
    assert shown.figure["layout"]["meta"]["drawn"] > before[1]


def test_made_up_and_filled_bars_are_named_beside_the_figure(shown: Shown) -> None:
    assert "equities/daily/DEMO (synthetic), 2023-01-03 … 2024-01-31: 268 bars, 3 missing" in (
        shown.words
    )
    verbs.gaps(Workspace.open(), "DEMO", refill="zero", end="2023-06-13", as_of="2024-01-31")

    shown.plot_view.redraw()

    assert "270 bars, 2 of them filled, 1 missing" in shown.words
