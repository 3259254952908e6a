"""What a picture shows of bars to be decided about, rejected, or from another provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.core.bars import as_stamps
from ml4t_nb.finding import Decision, Finding, Rule
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.records import Source, UpdateRecord
from ml4t_nb.render.plots.figures import figure_of
from ml4t_nb.render.plots.steps import cut
from ml4t_nb.render.plots.svg import svg_of
from ml4t_nb.render.plots.theme import middle
from ml4t_nb.render.report_blocks import blocks
from ml4t_nb.reports import PlotReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.render.reports import day
from tests.render.test_plots import (
    DAYS,
    NASTY,
    bars_of,
    drawn,
    edges,
    gap,
    minutes,
    report,
    the,
    told,
    traces,
)

SUSPECT, TAKEN = middle("suspect"), middle("filled")


def finding(
    stamp: str,
    rule: Rule = "spike",
    detail: str = "close far off",
    **more: Any,  # noqa: ANN401
) -> Finding:
    return Finding(day(stamp), rule, detail, **more)


def source(start: str, end: str, provider: str = "files") -> Source:
    return Source(Span(day(start), day(end)), provider)


def marked(*findings: Finding, sources: tuple[Source, ...] = (), **more: Any) -> PlotReport:  # noqa: ANN401
    return replace(report(**more), findings=findings, sources=sources)


def test_a_suspicious_value_is_ringed_where_it_stands_and_says_why() -> None:
    what = marked(finding("2024-01-10", detail="high 23 % above", evidence=(("high", 13.0),)))

    ring = the(what, "suspect")

    # The third bar: it opens at 12, and its high is 13.
    assert (list(ring["x"]), list(ring["y"]), ring["yaxis"]) == ([2], [13.0], "y2")
    assert ring["marker"]["symbol"] == "circle-open"
    assert ring["marker"]["size"] == 17
    assert ring["marker"]["color"] == SUSPECT
    assert ring["marker"]["line"]["width"] == 2.4
    assert list(ring["text"]) == ["▲ Suspect: high 23 % above. Not decided."]


@pytest.mark.parametrize(
    ("rule", "evidence", "axis", "value"),
    [
        ("spike", (("close", 400.0), ("beside", 4.0)), "y2", 12.5),
        ("intraday range", (("low", 8.0), ("intraday low", 9.0)), "y2", 11.0),
        ("range", (), "y2", 13.0),
        ("large dividend", (("dividend", 3.0),), "y2", 12.5),
        ("zero volume", (), "y3", 300.0),
        ("high volume", (("volume", 300.0), ("factor", 1000.0)), "y3", 300.0),
    ],
)
def test_the_ring_is_on_the_value_that_the_rule_is_of(
    rule: Rule, evidence: tuple[tuple[str, float], ...], axis: str, value: float
) -> None:
    ring = the(marked(finding("2024-01-10", rule, evidence=evidence)), "suspect")

    assert (ring["yaxis"], list(ring["y"])) == (axis, [value])


def test_a_stretch_is_ringed_bar_by_bar_and_names_its_ends() -> None:
    what = marked(finding("2024-01-11", "frozen", "the same 5 times", end=day("2024-01-17")))

    ring = the(what, "suspect")

    assert list(ring["x"]) == [3, 4, 5, 6]
    assert set(ring["text"]) == {
        "▲ Suspect, 2024-01-11 … 2024-01-17: the same 5 times. Not decided."
    }


def test_a_row_that_is_not_stored_is_marked_above_the_place_it_would_have() -> None:
    lost = gap("2024-01-10", "2024-01-10", 1)
    held = replace(
        report(lost, missing=("2024-01-10",)),
        findings=(finding("2024-01-10", "price", "close is 0"), finding("2024-01-13", "nan", "x")),
    )

    ring = the(held, "suspect")

    # The 13th is a Saturday, which no place is kept for: the next bar is that of the 16th.
    assert list(ring["x"]) == [2, 5]
    assert (ring.get("yaxis", "y"), list(ring["y"])) == ("y", [0.94, 0.94])
    assert ring["text"][0] == "▲ Not stored: close is 0. Not decided."


def test_a_filled_bar_does_not_stand_for_one_that_was_not_stored() -> None:
    made = gap("2024-01-10", "2024-01-10", 1, filled_by="forward")
    what = replace(report(made, filled=("2024-01-10",)), findings=(finding("2024-01-10", "price"),))

    assert the(what, "suspect").get("yaxis", "y") == "y"


def test_all_that_is_said_of_a_bar_is_said_at_once() -> None:
    what = marked(
        finding("2024-01-10", detail="one", evidence=(("close", 12.5),)),
        finding("2024-01-10", "intraday range", "two", evidence=(("high", 13.0),)),
    )

    ring = the(what, "suspect")

    assert list(ring["y"]) == [12.5, 13.0]
    both = "▲ Suspect: one. Not decided.<br>▲ Suspect: two. Not decided."
    assert list(ring["text"]) == [both, both]


def test_words_of_findings_and_providers_are_never_tags() -> None:
    what = marked(
        finding("2024-01-10", detail=NASTY + "\nsecond line"),
        sources=(source("2024-01-16", "2024-01-17", f"files:{NASTY}"),),
    )

    text = str(drawn(what))

    assert "<b>x" not in text
    assert "<a " not in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert "y&lt;/a&gt; second line. Not decided." in text
    assert "<b>" not in svg_of(what)


def test_bars_from_another_provider_are_ringed_in_the_colour_of_what_was_filled() -> None:
    what = marked(
        sources=(
            source("2024-01-09", "2024-01-11"), source("2024-01-13", "2024-01-17"),
            source("2024-01-18", "2024-01-19", "yahoo"), source("2025-01-01", "2025-02-01", "x"),
        ),
        filled=("2024-01-16",),
    )  # fmt: skip

    ring, other = traces(what, "source")

    assert (ring["name"], other["name"]) == ("from files", "from yahoo")
    assert list(ring["x"]) == [1, 2]
    assert list(ring["y"]) == [11.5, 12.5]
    assert ring["marker"]["color"] == TAKEN
    assert set(ring["text"]) == {"from files, not from sample"}
    assert list(other["x"]) == [7]
    assert "from x" not in str(drawn(what))


def test_many_marks_are_small() -> None:
    stamps = minutes(100)
    name = DatasetId("equities", "1m", "X")
    taken = Source(Span(stamps[0], stamps[70]), "files")
    what = PlotReport(name, "sample", "UTC", bars_of(stamps), as_stamps([]), (), sources=(taken,))

    ring = the(what, "source")

    assert len(ring["x"]) == 70
    assert ring["marker"]["size"] == 7


def test_a_thinned_picture_rings_the_step_at_the_bars_own_value() -> None:
    stamps = minutes(3100)
    spike = Finding(stamps[1000].to_pydatetime(), "spike", "far off", evidence=(("high", 1011.0),))
    name = DatasetId("equities", "1m", "X")
    what = PlotReport(name, "sample", "UTC", bars_of(stamps), as_stamps([]), (), findings=(spike,))

    ring = the(what, "suspect")

    # Three bars a step: the ring is on the bar, not on its step.
    # Its high is 11 + 1000.
    assert list(ring["x"]) == [1000]
    assert list(ring["y"]) == [1011.0]


def test_a_picture_without_marks_is_drawn_as_before() -> None:
    layers = [each["meta"]["layer"] for each in drawn(report())["data"]]
    assert layers == ["candles", "volume", "pointer"]
    assert "circle" not in svg_of(report())


def test_bars_rejected_by_a_person_say_so() -> None:
    what = report(gap("2024-01-10", "2024-01-11", 2, "rejected"), missing=DAYS[2:4])

    assert edges(the(what, "bands")) == [(1.5, 3.5)]
    assert "a person rejected the bars that the provider has" in told(what)[0]
    assert "url(#ml4t-rejected)" in svg_of(what)


def test_a_cut_picture_keeps_the_marks_in_it() -> None:
    what = marked(
        finding("2024-01-09"), finding("2024-01-11", "frozen", end=day("2024-01-16")),
        sources=(source("2024-01-08", "2024-01-10"), source("2024-01-18", "2024-01-19")),
    )  # fmt: skip

    part = cut(what, day("2024-01-12"), day("2024-01-18"))

    assert part.findings == what.findings[1:]
    assert part.sources == what.sources[1:]


def test_the_still_picture_rings_them_too() -> None:
    what = marked(
        finding("2024-01-10", detail="a < b"), sources=(source("2024-01-16", "2024-01-17"),)
    )

    text = svg_of(what)

    # Each with its sign in the legend.
    assert text.count("<circle") == 4
    assert f'stroke="{SUSPECT}"' in text
    assert "<title>▲ Suspect: a &lt; b. Not decided.</title>" in text
    assert "<title>from files, not from sample</title>" in text
    assert ">suspect bar, 1</text>" in text
    assert ">from files, 1</text>" in text


DECIDED = Decision(datetime(2024, 2, 1, tzinfo=UTC), "review", "real")


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """January, with findings on four days, of which one is open, and bars from another provider."""
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="synthetic"))
    verbs.load(ws, "AAPL", start="2024-01-02", as_of="2024-01-31")
    found = (
        finding("2024-01-10"),
        finding("2024-01-11", state="accepted", decision=DECIDED),
        finding("2024-01-12", "partial"),
        finding("2024-01-16", state="corrected"),
    )
    describe(ws, "AAPL", found, (source("2024-01-18", "2024-01-20"),))
    return ws


def describe(
    ws: Workspace, symbol: str, findings: tuple[Finding, ...], sources: tuple[Source, ...]
) -> None:
    (dataset,) = (each for each in ws.store.datasets() if each.symbol == symbol)
    with ws.store.transaction(dataset) as tx:
        assert tx.manifest is not None
        after = replace(tx.manifest, findings=findings, sources=sources)
        tx.commit(after, UpdateRecord(day("2024-02-01"), "review", "synthetic", "unchanged"))


def test_the_verb_gives_what_is_to_be_decided_in_the_range(ws: Workspace) -> None:
    whole = verbs.plot(ws, "AAPL")
    part = verbs.plot(ws, "AAPL", start="2024-01-11", end="2024-01-19")
    before = verbs.plot(ws, "AAPL", end="2024-01-17")

    assert [each.stamp for each in whole.findings] == [day("2024-01-10")]
    assert (len(part.findings), len(part.sources)) == (0, 1)
    assert (len(before.findings), len(before.sources)) == (1, 0)
    assert "1 finding to decide; with bars from files" in str(blocks(whole))


def test_the_map_rings_sessions_and_says_why(ws: Workspace) -> None:
    what = verbs.plot(ws, "AAPL", coverage=True)

    assert what.sessions is not None
    days = what.sessions.index.strftime("%m-%d")  # type: ignore[attr-defined]  # a DatetimeIndex
    assert [*days[what.sessions["finding"] >= 0]] == ["01-10"]
    assert [*days[what.sessions["source"] >= 0]] == ["01-18", "01-19"]
    rings = {t["name"]: t for t in figure_of(what).to_plotly_json()["data"]}
    # The 10th is a Wednesday of the second week, in columns of five days.
    assert list(rings["suspect: 1 session"]["x"]) == [7]
    assert rings["suspect: 1 session"]["marker"]["color"] == SUSPECT
    assert list(rings["from files: 2 sessions"]["x"]) == [13, 14]
    told = str(rings["share of bars present"]["customdata"].tolist())
    assert "Wed 2024-01-10: present, 1 of 1 bar<br>▲ Suspect: close far off. Not decided." in told
    assert "<br>from files, not from synthetic" in told
    text = svg_of(what)
    assert text.count(f'fill="none" stroke="{SUSPECT}"') == 1
    # Two days beside one another have one outline.
    assert text.count(f'fill="none" stroke="{TAKEN}"') == 1


def test_an_evenings_finding_is_in_the_session_that_it_opens(tmp_path: Path) -> None:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="synthetic"))
    verbs.load(ws, "EURUSD=X", frequency="hourly", start="2024-01-08", as_of="2024-01-10")
    stamps = ("2024-01-08T23:00", "2100-01-01", "1970-01-01")
    found = tuple(
        Finding(pd.Timestamp(each, tz="UTC").to_pydatetime(), "spike", "odd") for each in stamps
    )
    describe(ws, "EURUSD=X", found, ())

    what = verbs.plot(ws, "EURUSD=X", coverage=True)

    assert what.sessions is not None
    ringed = what.sessions.index[what.sessions["finding"] >= 0]
    # 23:00 of Monday in UTC is after 17:00 in New York, when Tuesday's session begins.
    assert [f"{each:%m-%d}" for each in ringed] == ["01-09"]
