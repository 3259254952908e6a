"""The verb for gaps, from the shell and in Python, over bars with holes planted in them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import OptionError
from ml4t_nb.model import DatasetId, FetchAttempt, SessionOverride, Span
from ml4t_nb.records import Outcome
from ml4t_nb.reports import GapsReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

AS_OF = "2024-03-15"
HOLE = Span(datetime(2024, 2, 27, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    settings = Settings(home=tmp_path / "home", provider="synthetic", synthetic_holes=(HOLE,))
    ws = Workspace.open(settings)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of=AS_OF)
    return ws


def states(report: GapsReport) -> list[tuple[str, int, str, str | None]]:
    return [
        (f"{gap.start:%m-%d}", gap.missing, gap.state, gap.filled_by)
        for each in report.datasets
        for gap in each.gaps
    ]


def test_a_planted_hole_is_listed_until_it_is_filled(ws: Workspace) -> None:
    assert states(verbs.gaps(ws, as_of=AS_OF)) == [("02-27", 2, "open", None)]

    verbs.update(ws, as_of=AS_OF, fill_gaps=True)

    assert states(verbs.gaps(ws, as_of=AS_OF)) == []
    assert states(verbs.gaps(ws, as_of=AS_OF, all=True)) == [("02-27", 2, "open", "forward")]
    assert len(verbs.bars(ws, "DEMO", filled=False)) == len(verbs.bars(ws, "DEMO")) - 2


def test_a_listing_can_be_cut_to_a_range(ws: Workspace) -> None:
    assert states(verbs.gaps(ws, start="2024-03-01", as_of=AS_OF)) == []
    assert len(states(verbs.gaps(ws, end="2024-02-27", as_of=AS_OF))) == 1


def test_the_actions_follow_one_another(ws: Workspace) -> None:
    refilled = verbs.gaps(ws, refill="backward", as_of=AS_OF)
    assert states(refilled) == [("02-27", 2, "open", "backward")]

    unfilled = verbs.gaps(ws, unfill=True, as_of=AS_OF)
    assert states(unfilled) == [("02-27", 2, "open", None)]

    closed = verbs.gaps(ws, close="exchange holiday", start="2024-02-27", as_of=AS_OF)
    assert states(closed) == [("02-27", 2, "closed", None)]
    assert verbs.health(ws, as_of=AS_OF).datasets[0].state == "healthy"

    reopened = verbs.gaps(ws, reopen=True, as_of=AS_OF)
    assert states(reopened) == [("02-27", 2, "open", None)]
    (judged,) = verbs.health(ws, as_of=AS_OF).datasets
    assert (judged.state, judged.reason[:13]) == ("incomplete", "gaps detected")


def test_refetching_finds_what_the_provider_has_by_now(ws: Workspace) -> None:
    mended = Workspace.open(Settings(home=ws.store.home, provider="synthetic"))

    report = verbs.gaps(mended, refetch=True, as_of=AS_OF)

    assert report.run is not None
    assert [result.record.added for result in report.run.results] == [2]
    assert states(report) == []


@pytest.mark.parametrize("outcome", ["partial", "unchanged"])
def test_what_was_never_answered_is_listed_however_the_runs_since_have_ended(
    tmp_path: Path, outcome: Outcome
) -> None:
    ws = Workspace.open(Settings(home=tmp_path / "home", provider="synthetic"))
    verbs.load(ws, "DEMO", start="2024-01-02", as_of=AS_OF)
    before = Span(datetime(2023, 12, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC))
    asked = FetchAttempt(
        before, datetime(2024, 3, 15, tzinfo=UTC), "synthetic", "failed", error="busy"
    )
    with ws.store.transaction(DatasetId("equities", "daily", "DEMO")) as tx:
        state = tx.manifest
        assert state is not None
        record = replace(state.recent[-1], outcome=outcome)
        tx.commit(replace(state, fetch_log=(asked, *state.fetch_log)), record)

    (listed,) = verbs.gaps(ws, as_of=AS_OF).datasets

    assert listed.unanswered == (asked,)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"close": "typhoon"}, "--start and --end"),
        ({"close": " ", "start": "2024-02-27"}, "give a value"),
        ({"refetch": True, "unfill": True}, "once for each"),
        ({"refill": "sideways"}, "forward"),
        ({"close": "storm", "start": "2024-03-01"}, "all=True"),
    ],
)
def test_an_action_that_is_invalid_changes_nothing(
    ws: Workspace, options: dict[str, object], says: str
) -> None:
    before = verbs.bars(ws, "DEMO")

    with pytest.raises(OptionError) as caught:
        verbs.gaps(ws, as_of=AS_OF, **options)  # type: ignore[arg-type]  # nonsense on purpose

    assert says in caught.value.hint
    assert verbs.bars(ws, "DEMO").equals(before)


def test_a_closure_in_the_settings_is_not_a_gap(ws: Workspace) -> None:
    closures = tuple(
        SessionOverride("XNYS", datetime(2024, 2, day, tzinfo=UTC).date()) for day in (27, 28)
    )
    wiser = Workspace.open(
        Settings(
            home=ws.store.home,
            provider="synthetic",
            synthetic_holes=(HOLE,),
            closures=closures,
        )
    )

    verbs.update(wiser, as_of=AS_OF, fill_gaps=True)

    assert states(verbs.gaps(wiser, all=True, as_of=AS_OF)) == []


def test_the_shell_says_the_same_in_words_and_in_json(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ML4T_DATA_HOME", str(ws.store.home))
    monkeypatch.setenv("ML4T_DATA_AS_OF", AS_OF)

    assert main(["gaps", "DEMO", "--refill", "interpolate"]) == 0
    words = capsys.readouterr().out
    assert main(["gaps", "DEMO", "--all", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert "filled interpolate" in words
    assert "2024-02-27" in words
    (gap,) = document["gaps"]
    assert (gap["dataset"], gap["missing"], gap["state"], gap["filled_by"]) == (
        "equities/daily/DEMO",
        2,
        "open",
        "interpolate",
    )


def test_a_span_that_was_never_answered_is_listed_until_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    lines = ["Date,Open,High,Low,Close,Volume"]
    lines += [f"2024-03-{day:02},10,11,9,10,100" for day in (11, 12, 13, 14, 15)]
    (folder / "MINE.csv").write_text("\n".join(lines))
    settings = Settings(home=tmp_path / "home", provider="files", files=folder)
    ws = Workspace.open(settings)
    verbs.load(ws, "MINE", start="2024-03-11", as_of=AS_OF)
    (folder / "MINE.csv").rename(folder / "away")

    verbs.load(ws, "MINE", start="2024-03-04", as_of=AS_OF)

    (listed,) = verbs.gaps(ws, as_of=AS_OF).datasets
    assert [(f"{each.span.start:%m-%d}", each.outcome) for each in listed.unanswered] == [
        ("03-04", "failed")
    ]
    monkeypatch.setenv("ML4T_DATA_HOME", str(tmp_path / "home"))
    assert main(["gaps", "--as-of", AS_OF]) == 0
    assert "was requested 1 time without a reply" in " ".join(capsys.readouterr().out.split())

    (folder / "away").rename(folder / "MINE.csv")
    verbs.update(ws, as_of=AS_OF, fill_gaps=True)

    (listed,) = verbs.gaps(ws, as_of=AS_OF).datasets
    assert listed.unanswered == ()
