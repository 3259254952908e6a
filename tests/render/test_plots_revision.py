"""The picture of what one run changed: before, after, and the ratio of the two."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.core.bars import PRICES
from ml4t_nb.core.change_factors import change_factors
from ml4t_nb.errors import OptionError
from ml4t_nb.records import Restatement, UpdateRecord
from ml4t_nb.render.change.run_change import run_change
from ml4t_nb.render.change.wording import change_sentence
from ml4t_nb.render.plots.figures import figure_of
from ml4t_nb.render.plots.svg import svg_of
from ml4t_nb.reports import PlotReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.render.reports import day
from tests.render.test_plots import DAYS, bars_of, drawn, minutes, named, report, unpacked


def revised(
    changes: dict[str, dict[str, float]],
    *,
    without: tuple[str, ...] = (),
    **more: Any,  # noqa: ANN401
) -> PlotReport:
    """The two weeks, of which a run changed the values of some days, and took some out."""
    what = report()
    before = what.bars.copy()
    for date, values in changes.items():
        for name, value in values.items():
            before.loc[date, name] = value
    after = what.bars[~what.bars.index.isin(pd.DatetimeIndex(without).tz_localize("UTC"))]
    record = UpdateRecord(day("2024-01-20"), "update", "sample", "changed", version=7, **more)
    return replace(
        what, bars=after, before=before, record=record, changes=judged(before, after, record)
    )


def judged(before: pd.DataFrame, after: pd.DataFrame, record: UpdateRecord) -> pd.DataFrame:
    """What `plot` says of each bar of a run."""
    restatement = record.restatement
    if restatement is None:
        return change_factors(before, after, ratio=None)
    splits = [(pd.Timestamp(at), ratio) for at, ratio in restatement.splits]
    return change_factors(before, after, ratio=restatement.ratio, splits=splits)


def test_a_correction_is_drawn_before_and_after_with_its_difference() -> None:
    # The third bar closes at 12.5 now, and the fourth at 13.5.
    what = revised({"2024-01-10": {"close": 10.0}, "2024-01-11": {"close": 13.4, "high": 15.0}})

    before, now, below = named(what, "before"), named(what, "now"), named(what, "change in %")

    assert list(before["x"]) == list(DAYS)
    assert before["y"][:5] == [10.5, 11.5, 10.0, 13.4, 14.5]
    assert now["y"][:5] == [10.5, 11.5, 12.5, 13.5, 14.5]
    assert before["line"]["dash"] == "5px,3px"
    assert list(below["x"]) == ["2024-01-10", "2024-01-11"]
    assert below["y"] == pytest.approx([25.0, 0.7463], rel=1e-3)
    assert drawn(what)["layout"]["yaxis"]["type"] == "linear"
    title = drawn(what)["layout"]["title"]
    assert title["text"] == "equities/daily/AAPL, run 7: update"
    words = (
        "sample corrected 2 bars of AAPL; "
        "the close moved most on 10 Jan 2024, from 10.00 to 12.50 (+25 %)."
    )
    assert title["subtitle"]["text"] == words


def test_the_field_that_changed_most_often_is_drawn() -> None:
    what = revised({"2024-01-10": {"volume": 1.0}, "2024-01-11": {"volume": 2.0, "close": 1.0}})

    change = run_change(what)

    assert change.field == "volume"
    assert change.changed.sum() == 2
    assert change.was[2:4].tolist() == [1.0, 2.0]


def test_a_bar_that_was_taken_out_ends_the_line() -> None:
    what = revised({}, without=("2024-01-10",))

    assert np.isnan(named(what, "now")["y"][2])
    assert named(what, "before")["y"][2] == 12.5
    words = "sample took out 1 bar of AAPL."
    assert drawn(what)["layout"]["title"]["subtitle"]["text"] == words
    assert svg_of(what).count("M") >= 3


HALVED = Restatement(2.0, ((day("2024-01-18"), 2.0),))


def restated(*, odd: dict[str, float] | None = None) -> PlotReport:
    """The first seven days at half of what they were."""
    held = report().bars.loc[list(DAYS[:7]), list(PRICES)]
    before = {str(at.date()): dict(row * 2) for at, row in held.iterrows()}  # type: ignore[attr-defined]  # of a DatetimeIndex
    for date, close in (odd or {}).items():
        before[date]["close"] = close
    return revised(before, restatement=HALVED)


def test_a_restatement_is_on_a_log_axis_with_its_event_and_the_ratio_as_proof() -> None:
    what = restated()

    layout = drawn(what)["layout"]

    assert layout["yaxis"]["type"] == "log"
    # In full: plotly's own words for 20 and 50 would be 2 and 5.
    ticks = dict(zip(layout["yaxis"]["ticktext"], layout["yaxis"]["tickvals"], strict=True))
    assert (ticks["20"], ticks["50"], ticks["100"]) == (20, 50, 100)
    assert [shape["x0"] for shape in layout["shapes"]] == [6.5]
    assert layout["annotations"][0]["text"] == "2:1 2024-01-18"
    assert named(what, "now ÷ before")["y"] == [0.5] * 7
    sentence = change_sentence(run_change(what))
    assert sentence == (
        "AAPL split 2:1 on 18 Jan 2024: its 7 earlier bars were halved, "
        "so the history stays one line."
    )
    assert "another ratio" not in str(drawn(what))


def test_bars_at_another_ratio_are_counted_and_ringed() -> None:
    what = restated(odd={"2024-01-10": 40.0})

    words = "6 of its 7 earlier bars were halved, and 1 was not."
    assert change_sentence(run_change(what)).endswith(words)
    assert list(named(what, "another ratio")["x"]) == ["2024-01-10"]


def test_a_long_history_is_thinned_and_what_differs_most_stays() -> None:
    stamps = minutes(20_000)
    after = bars_of(stamps)
    before = after.assign(**{name: after[name] * 2 for name in PRICES})
    before.iloc[12_345, 3] = after["close"].iloc[12_345] * 3
    record = UpdateRecord(
        day("2024-01-20"), "update", "sample", "changed", version=7, restatement=HALVED
    )
    made = report(frequency="1m")
    what = replace(
        made, bars=after, before=before, record=record, changes=judged(before, after, record)
    )

    figure = unpacked(figure_of(what).to_plotly_json())

    ratio = next(trace for trace in figure["data"] if trace["name"] == "now ÷ before")
    assert len(ratio["x"]) <= 1500
    assert sum(value == pytest.approx(1 / 3) for value in ratio["y"]) == 1
    assert (
        "19,999 of its 20,000 bars were halved, and 1 was not"
        in figure["layout"]["title"]["subtitle"]["text"]
    )


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """AAPL restated by run 2, for its split of 28 February 2005."""
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="sample"))
    verbs.load(ws, "AAPL", start="2004-12-01", as_of="2005-02-25")
    verbs.update(ws, as_of="2005-03-10")
    return ws


def test_the_verb_shows_what_a_run_changed_though_it_was_undone_since(ws: Workspace) -> None:
    held = verbs.bars(ws, "AAPL", end="2005-02-25")

    what = verbs.plot(ws, "AAPL", run=2)

    assert what.before is not None
    old = what.before.loc[:"2005-02-25", "close"]
    assert np.allclose(old, 2 * held["close"], rtol=1e-4)
    now = what.bars["close"].copy()
    verbs.undo(ws, "AAPL", run=2)
    again, back = verbs.plot(ws, "AAPL", run=2), verbs.plot(ws, "AAPL", run=3)
    assert again.before is not None
    assert again.before.loc[:"2005-02-25", "close"].equals(old)
    assert again.bars.loc[:"2005-02-25", "close"].equals(now.loc[:"2005-02-25"])
    assert back.bars.loc[:"2005-02-25", "close"].equals(old)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"run": 1}, "no value is kept that run 1"),
        ({"run": 9}, "has no run 9 in its history"),
        ({"run": 0}, "has no run 0 in its history"),
        ({"run": 2, "coverage": True}, "draws one run alone"),
        ({"run": 2, "last_run": True}, "draws one run alone"),
        ({"run": 2, "start": "2005-01-03"}, "draws one run alone"),
    ],
)
def test_a_run_that_cannot_be_drawn_says_why(
    ws: Workspace, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        verbs.plot(ws, "AAPL", **more)

    assert caught.value.hint


def test_a_shell_shows_both_sides_as_numbers_and_as_a_page(
    ws: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ML4T_DATA_HOME", str(ws.settings.home))
    monkeypatch.chdir(tmp_path)

    assert main(["plot", "AAPL", "--run", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(["plot", "AAPL", "--run", "2", "--out", "run.html"]) == 0

    first, now = document["before"][0], document["after"][0]
    assert first["timestamp"] == now["timestamp"]
    assert first["close"] == pytest.approx(2 * now["close"], rel=1e-3)
    assert "what run 2, update of" in capsys.readouterr().out
    assert "its 60 earlier bars were halved" in (tmp_path / "run.html").read_text(encoding="utf-8")
