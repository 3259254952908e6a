"""The living chart, told by hand what its script would tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb import verbs
from ml4t_nb.core.bars import as_stamps, make_bars
from ml4t_nb.model import DatasetId, Gap
from ml4t_nb.notebook.panels.live_chart import LiveChart
from ml4t_nb.reports import PlotReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.render.reports import day

DEMO = DatasetId("equities", "daily", "DEMO")
MINUTES = DatasetId("equities", "1m", "DEMO")


@pytest.fixture
def ws(home: Path) -> Workspace:
    """A year of days without two in June and one in September."""
    holes = "2023-06-12/2023-06-14,2023-09-20/2023-09-21"
    settings = Settings.read(
        {"ML4T_DATA_SYNTHETIC_HOLES": holes, "ML4T_DATA_HOME": str(home)}, folder=home.parent
    )
    ws = Workspace.open(settings)
    verbs.load(ws, "DEMO", provider="synthetic", start="2023-01-03", as_of="2024-01-31")
    return ws


class Shown:
    """A chart with what it was told and what it said."""

    def __init__(self, dataset: DatasetId | PlotReport) -> None:
        self.picked: list[Gap] = []
        self.opened: list[str | None] = []
        self.drawings = 0
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self.chart = LiveChart(
            picked=self.picked.append, opened=self.opened.append, changed=self._count
        )
        self._script = self.chart.widget.children[1]
        self._script.comm.publish_msg = self._keep
        if isinstance(dataset, PlotReport):
            self.chart.show_report(dataset)
        else:
            self.chart.show(dataset)

    def _count(self) -> None:
        self.drawings += 1

    def _keep(self, *_: object, data: dict[str, Any], **more: Any) -> None:  # noqa: ANN401
        if data["method"] == "custom":
            self.sent.append((data["content"], more["buffers"]))

    @property
    def drawn(self) -> dict[str, Any]:
        drawn: dict[str, Any] = self._script.drawn
        return drawn

    def tell(self, what: str, **more: object) -> None:
        """What the script sends, about the newest drawing if no other is said."""
        message = {"what": what, "drawing": self.drawn["facts"]["drawing"], **more}
        self._script._handle_custom_msg(message, [])

    def steps(self, **message: object) -> dict[str, Any]:
        """Those of the answer to a range."""
        self.tell("range", **message)
        ((answer, _),) = self.sent
        self.sent.clear()
        steps: dict[str, Any] = answer["facts"]["steps"]
        return steps


@pytest.fixture
def shown(ws: Workspace) -> Shown:
    del ws
    return Shown(DEMO)


def report_of(count: int, *gaps: tuple[int, int]) -> PlotReport:
    """So many minutes that rise by 1, without those from the first to the last of each gap."""
    start = datetime(2019, 1, 2, 14, 30, tzinfo=UTC)
    stamps = [start + timedelta(minutes=at) for at in range(count)]
    lacking = {at for first, last in gaps for at in range(first, last + 1)}
    held = [at for at in range(count) if at not in lacking]
    prices = np.array(held, dtype=float) + 100
    columns = dict.fromkeys(("open", "high", "low", "close"), prices) | {"volume": prices}
    return PlotReport(
        MINUTES,
        "sample",
        "America/New_York",
        make_bars(as_stamps([stamps[at] for at in held]), columns),
        as_stamps([stamps[at] for at in sorted(lacking)]),
        tuple(Gap(stamps[first], stamps[last], last + 1 - first) for first, last in gaps),
    )


def test_all_bars_are_drawn_with_what_stands_around_them(shown: Shown) -> None:
    # 268 bars and three sessions without any.
    assert shown.drawn["facts"]["rows"] == 271
    assert sum(each is not None for each in shown.drawn["facts"]["steps"]["close"]) == 268
    assert shown.drawn["facts"]["header"]["symbol"] == "DEMO"
    assert (shown.drawn["view"], shown.drawn["marked"]) == (None, None)
    assert shown.drawings == 1


def test_an_answer_holds_the_view_and_half_of_it_on_either_side(shown: Shown) -> None:
    steps = shown.steps(left=99.5, right=119.5, asked="a-1")

    assert (steps["first"], steps["rows"], steps["size"]) == (90, 40, 1)
    assert shown.drawings == 1


def test_an_answer_says_what_was_asked_and_of_which_drawing(shown: Shown) -> None:
    shown.tell("range", left=0, right=10, asked="b-7")

    ((answer, _),) = shown.sent
    assert (answer["what"], answer["asked"]) == ("drawing", "b-7")
    assert answer["facts"]["drawing"] == shown.drawn["facts"]["drawing"]


def test_a_narrow_view_of_many_bars_is_answered_with_each_of_them() -> None:
    shown = Shown(report_of(6000, (2000, 2009)))
    whole = shown.drawn["facts"]["steps"]
    # At most 1,000 steps of 6,000 rows: six each.
    assert (whole["size"], len(whole["close"])) == (6, 1000)
    assert (whole["high"][1], whole["low"][1]) == (111, 106)

    steps = shown.steps(left=1989.5, right=2029.5)

    assert (steps["first"], steps["size"], steps["rows"]) == (1970, 1, 80)
    assert list(steps["close"][29:41]) == [2099.0, *[None] * 10, 2110.0]


@pytest.mark.parametrize(("left", "right"), [(-50, 9.5), (260.5, 900), (-1e6, 1e6), (9.5, -50)])
def test_a_view_beyond_the_axis_is_answered_with_the_rows_there_are(
    shown: Shown, left: float, right: float
) -> None:
    steps = shown.steps(left=left, right=right)

    assert steps["first"] >= 0
    assert 0 < steps["first"] + steps["rows"] <= 271


def test_about_a_drawing_that_is_not_the_newest_nothing_is_done(shown: Shown) -> None:
    before = shown.drawn["facts"]["drawing"]
    shown.chart.redraw()

    shown.tell("range", left=1, right=10, drawing=before)
    shown.tell("click", row=110.0, drawing=before)

    assert shown.sent == []
    assert shown.picked == []


def test_a_click_on_a_band_tells_its_gap(shown: Shown) -> None:
    # The 12th of June is the 111th session of 2023.
    shown.tell("click", row=110.2, reach=0.0)

    (gap,) = shown.picked
    assert (gap.start, gap.end) == (day("2023-06-12"), day("2023-06-13"))


def test_a_click_beside_a_band_finds_it_only_within_reach(shown: Shown) -> None:
    shown.tell("click", row=113.4, reach=2.0)
    shown.tell("click", row=113.7, reach=2.1)

    assert len(shown.picked) == 1


def test_of_gaps_at_one_place_the_nearest_is_told_and_a_pending_one_first() -> None:
    shown = Shown(report_of(100, (10, 10), (12, 12)))

    shown.tell("click", row=10.8, reach=3.0)
    shown.tell("click", row=11.2, reach=3.0)

    whole = shown.chart.report
    assert whole is not None
    assert shown.picked == list(whole.gaps)


@pytest.mark.parametrize(
    "message",
    [
        {"what": "click", "row": "2023-06-13"},
        {"what": "click", "row": None},
        {"what": "click", "row": float("nan")},
        {"what": "click"},
        {"what": "range", "left": None, "right": 3},
        {"what": "range", "left": float("nan"), "right": 3},
        {"what": "range", "left": "3", "right": "4"},
        {"what": "range", "left": float("inf"), "right": 4},
        {"what": "nonsense"},
        {"what": None},
    ],
)
def test_a_message_that_is_invalid_does_nothing(shown: Shown, message: dict[str, Any]) -> None:
    shown.tell(**message)

    assert (shown.drawings, shown.picked, shown.sent, shown.opened) == (1, [], [], [])


def test_an_action_that_is_pressed_is_told_and_so_is_the_second_press(shown: Shown) -> None:
    shown.tell("action", command="%ml4t gaps DEMO")
    shown.tell("action", command=None)

    assert shown.opened == ["%ml4t gaps DEMO", None]


def test_a_page_without_plotly_is_given_the_kernel_s(shown: Shown) -> None:
    shown.tell("plotly")

    ((message, buffers),) = shown.sent
    assert message == {"what": "plotly"}
    assert len(buffers[0]) > 1_000_000
    assert b"plotly.js v" in buffers[0][:500]


def test_around_a_gap_are_twenty_bars_on_either_side_and_it_is_outlined(shown: Shown) -> None:
    report = shown.chart.report
    assert report is not None

    shown.chart.around(report.gaps[0])

    # The gap's two rows are 110 and 111.
    assert shown.drawn["view"] == [89.5, 131.5]
    assert shown.drawn["marked"] == [109.5, 111.5]
    cut = shown.chart.report
    assert cut is not None
    assert (len(cut.bars), len(cut.missing)) == (40, 2)


def test_around_a_gap_at_an_end_there_are_fewer_bars() -> None:
    shown = Shown(report_of(400, (2, 3)))
    report = shown.chart.report
    assert report is not None

    shown.chart.around(report.gaps[0])

    # Of minutes sixty on either side.
    assert shown.drawn["view"] == [-0.5, 63.5]


def test_the_page_stays_where_it_is_unless_it_is_moved(shown: Shown) -> None:
    report = shown.chart.report
    assert report is not None
    first = shown.drawn["moved"]

    shown.chart.redraw()
    assert shown.drawn["moved"] == first

    shown.chart.around(report.gaps[0])
    moved = shown.drawn["moved"]
    shown.chart.redraw()
    assert first < moved == shown.drawn["moved"]


def test_what_is_stored_meanwhile_is_drawn(shown: Shown, home: Path) -> None:
    report = shown.chart.report
    assert report is not None
    shown.chart.around(report.gaps[0])
    mended = Workspace.open(Settings(home=home, provider="synthetic"))
    verbs.gaps(mended, "DEMO", refetch=True, as_of="2024-01-31")

    shown.chart.redraw()

    assert shown.drawn["view"] == [89.5, 131.5]
    assert shown.drawn["marked"] is None
    assert None not in shown.drawn["facts"]["steps"]["close"]
    after = shown.chart.report
    assert after is not None
    assert after.gaps == ()


def test_a_dataset_that_is_gone_is_an_error_in_words(shown: Shown, home: Path) -> None:
    verbs.remove(Workspace.open(Settings(home=home)), "DEMO", yes=True)

    shown.chart.redraw()

    assert "No existing data found" in shown.chart.static_html()
    assert shown.drawn == {}
    shown.chart.show(None)
    assert shown.chart.static_html() == ""


def test_a_range_without_bars_is_drawn_and_asked_about_in_vain() -> None:
    shown = Shown(report_of(0))

    shown.tell("range", left=0, right=1)
    shown.tell("click", row=0.0)

    assert shown.drawn["facts"]["rows"] == 0
    assert shown.picked == []


def test_the_script_asks_no_other_host(shown: Shown) -> None:
    script = shown.chart.widget.children[1]

    assert "plotly_relayout" in script._esm
    for text in (script._esm.replace("http://www.w3.org/2000/svg", ""), script._css):
        assert "http" not in text
        assert "import " not in text
        assert "url(" not in text


@given(
    count=st.integers(1, 5000),
    ends=st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7)),
)
def test_any_range_is_answered_with_rows_of_the_axis_and_their_own_prices(
    count: int, ends: tuple[float, float]
) -> None:
    shown = Shown(report_of(count))

    steps = shown.steps(left=ends[0], right=ends[1])

    first, rows, size = steps["first"], steps["rows"], steps["size"]
    assert 0 <= first < first + rows <= count
    assert steps["low"][0] == first + 100
    assert steps["high"][-1] == first + rows - 1 + 100
    assert len(steps["close"]) == -(-rows // size) <= 1000
