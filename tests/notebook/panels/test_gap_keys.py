"""The gap explorer by keys: each does what its button does, and the next open gap is chosen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.model import FillMethod, Gap
from ml4t_nb.notebook.panels.gap_explorer import GapExplorer
from ml4t_nb.notebook.panels.gap_target import undo_steps
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.render.reports import day

AS_OF = "2024-01-31"
_MINUTE = timedelta(minutes=1)


@pytest.fixture
def panel(home: Path, monkeypatch: pytest.MonkeyPatch) -> GapExplorer:
    """DEMO with two gaps in June and one of a fortnight in September."""
    del home
    holes = "2023-06-12/2023-06-14,2023-06-20/2023-06-21,2023-09-11/2023-09-26"
    monkeypatch.setenv("ML4T_DATA_SYNTHETIC_HOLES", holes)
    monkeypatch.setenv("ML4T_DATA_AS_OF", AS_OF)
    ws = Workspace.open(Settings.current())
    verbs.load(ws, "DEMO", provider="synthetic", start="2023-05-01", as_of=AS_OF)
    return GapExplorer()


def key(panel: GapExplorer, name: str, reason: str = "") -> None:
    """Press it as the script in the page tells, and wait for what it starts."""
    before = panel.repairs.job
    panel._keys._handle_custom_msg({"what": "key", "key": name, "reason": reason}, [])
    while (job := panel.repairs.job) is not None and job is not before:
        assert job.join(120)
        before = job


def stored() -> list[tuple[str, str, str | None, bool]]:
    (listed,) = verbs.gaps(Workspace.open(Settings.current()), "DEMO", all=True).datasets
    return [
        (f"{gap.start:%m-%d}", gap.state, gap.filled_by, gap.is_left_open) for gap in listed.gaps
    ]


OPEN = [
    ("06-12", "open", None, False),
    ("06-20", "open", None, False),
    ("09-11", "open", None, False),
]


def test_the_list_is_walked_through_and_stops_at_its_ends(panel: GapExplorer) -> None:
    walked: list[int | None] = []
    for name in "jjjjkkkk":
        key(panel, name)
        walked.append(panel.list.index)

    assert walked == [0, 1, 2, 2, 1, 0, 0, 0]
    assert "1 of 3" in panel.place.value


def test_the_last_comes_first_when_going_back(panel: GapExplorer) -> None:
    key(panel, "k")

    assert panel.list.index == 2


def test_after_each_act_the_next_open_gap_is_chosen(panel: GapExplorer) -> None:
    key(panel, "j")
    key(panel, "f")
    assert panel.list.index == 1
    key(panel, "c", "a typhoon")
    assert panel.list.index == 2
    key(panel, "a")

    # None is left to go to: the gap that was asked for stays, and waits.
    assert panel.list.index == 2
    assert stored() == [
        ("06-12", "open", "forward", False), ("06-20", "closed", None, False), OPEN[2],
    ]  # fmt: skip


def test_after_the_last_gap_the_first_open_one_is_next(panel: GapExplorer) -> None:
    panel.list.index = 2

    key(panel, "a")

    assert panel.list.index == 0


def test_the_last_acts_are_taken_back_one_by_one_and_shown(panel: GapExplorer) -> None:
    key(panel, "j")
    key(panel, "f")
    key(panel, "c", "a typhoon")
    assert not panel.repairs.undo.disabled
    assert "--reopen" in panel.repairs.undo.tooltip

    key(panel, "u")
    assert stored()[1] == OPEN[1]
    assert panel.list.index == 1
    key(panel, "u")

    assert stored() == OPEN
    assert panel.list.index == 0
    assert panel.repairs.undo.disabled
    key(panel, "u")
    assert "nothing done here can be taken back" in panel.repairs.line.value


def test_what_cannot_be_done_says_why_and_does_nothing(panel: GapExplorer) -> None:
    key(panel, "f")
    assert panel.repairs.job is None
    panel.list.index = 2
    key(panel, "f")

    assert panel.repairs.job is None
    assert "Fill by: 11 bars exceed the limit of five" in panel.repairs.line.value
    panel.list.index = 1
    key(panel, "c")
    assert "enter the reason first" in panel.repairs.line.value
    assert stored() == OPEN


def test_an_act_that_another_followed_is_not_taken_back(panel: GapExplorer) -> None:
    key(panel, "j")
    key(panel, "f")
    ws = Workspace.open(Settings.current())
    verbs.gaps(ws, "DEMO", close="a storm", start="2023-06-12", end="2023-06-13")

    key(panel, "u")

    assert "have changed since they were listed" in panel.repairs.line.value
    assert stored()[0] == ("06-12", "closed", None, False)


def test_a_press_of_the_mouse_stays_at_its_gap(panel: GapExplorer) -> None:
    panel.list.index = 0
    panel.repairs.press("refill")
    assert panel.repairs.job is not None
    assert panel.repairs.job.join(120)

    assert panel.list.index == 0


def gap(fill: FillMethod | None = None, **more: object) -> Gap:
    return Gap(day("2024-01-10"), day("2024-01-11"), 2, filled_by=fill, **more)  # type: ignore[arg-type]  # of a gap


@pytest.mark.parametrize(
    ("name", "before", "steps"),
    [
        ("refetch", gap(), ()),
        ("refill", gap(), (("unfill", True), ("reopen", True))),
        ("refill", gap("zero"), (("refill", "zero"),)),
        ("refill", gap(is_left_open=True), (("unfill", True),)),
        ("refill", gap(state="confirmed"), (("unfill", True),)),
        ("unfill", gap("zero"), (("refill", "zero"),)),
        ("close", gap(), (("reopen", True),)),
        ("close", gap("zero"), (("reopen", True), ("refill", "zero"))),
        ("reopen", gap(state="closed", reason="a storm"), (("close", "a storm"),)),
        ("reopen", gap(is_left_open=True), (("unfill", True),)),
        ("reopen", gap(state="confirmed"), ()),
    ],
)
def test_the_verbs_that_give_a_gap_its_state_of_before(
    name: str, before: Gap, steps: tuple[tuple[str, object], ...]
) -> None:
    assert undo_steps(name, before) == steps


def test_of_five_thousand_gaps_the_next_is_chosen_without_sending_the_list_anew(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del home
    # Every other minute of twenty-six sessions of 390 minutes, from 14:30 UTC on, but the last.
    days = [each for each in range(2, 60) if (date(2024, 1, 1) + timedelta(each)).weekday() < 5]
    opens = [datetime(2024, 1, 1, 14, 30, tzinfo=UTC) + timedelta(each) for each in days]
    starts = [each + timedelta(minutes=at) for each in opens for at in range(1, 389, 2)]
    spans = (
        f"{each:%Y-%m-%dT%H:%M}+00:00/{each + _MINUTE:%Y-%m-%dT%H:%M}+00:00" for each in starts
    )
    monkeypatch.setenv("ML4T_DATA_SYNTHETIC_HOLES", ",".join(spans))
    monkeypatch.setenv("ML4T_DATA_AS_OF", "2024-02-10")
    ws = Workspace.open(Settings.current())
    verbs.load(ws, "DEMO", provider="synthetic", frequency="1m", start="2024-01-03")
    panel = GapExplorer()
    count = len(panel.list.options)
    sent: list[str] = []
    panel.list.observe(lambda change: sent.append(change["name"]))

    panel.list.index = 2_000
    key(panel, "j")

    assert count > 5_000
    assert f"2,002 of {count:,}" in panel.place.value
    assert "_options_labels" not in sent
    assert len(panel.static_html()) < 200_000
