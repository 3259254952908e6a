"""A symbol that is not traded any more: declared, refused where it cannot be, taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.exit_codes import code_of
from ml4t_nb.errors import DatasetNotFound, Ml4tError, OptionError
from ml4t_nb.finding import Finding
from ml4t_nb.model import NextStep
from ml4t_nb.pipeline.life import EndRequest, run_end
from ml4t_nb.records import Ended
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import Settings
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.verbs.runs import context_of
from ml4t_nb.workspace import Workspace

AS_OF = "2006-01-06"
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """A year of AAPL, up to Friday 2005-12-30, and a wall clock that stands."""
    settings = replace(Settings(), home=tmp_path / "store")
    workspace = Workspace(settings, clock=lambda: NOW)
    verbs.load(workspace, "AAPL", provider="sample", start="2005-01-03", as_of="2005-12-30")
    return workspace


def end(ws: Workspace, **options: Any) -> RunReport:  # noqa: ANN401
    return verbs.end(ws, "AAPL", **{"as_of": AS_OF, **options})


def manifest(ws: Workspace, symbol: str = "AAPL") -> Manifest:
    (dataset,) = (each for each in ws.store.datasets() if each.symbol == symbol)
    return ws.store.snapshot(dataset).manifest


def test_the_end_is_kept_with_its_reason_and_the_wall_clock(ws: Workspace) -> None:
    before = manifest(ws)

    report = end(ws, on="2006-01-03", reason=" taken over\nby <b>Acme</b> ")

    after = manifest(ws)
    assert after.ended == Ended(date(2006, 1, 3), NOW, "taken over by <b>Acme</b>")
    assert (after.updated, after.verified) == (before.updated, before.verified)
    assert (after.chunks, after.gaps) == (before.chunks, before.gaps)
    (result,) = report.results
    assert (report.verb, result.record.verb, result.record.outcome) == ("end", "end", "changed")
    assert result.record.notes == ("ended on 2006-01-03 (taken over by <b>Acme</b>)",)
    assert after.recent[-1] == result.record
    assert code_of(report) == 0


def test_without_a_date_it_ended_with_its_last_bar(ws: Workspace) -> None:
    end(ws)

    assert manifest(ws).ended == Ended(date(2005, 12, 30), NOW)


def test_weekly_bars_end_with_the_last_week(ws: Workspace) -> None:
    # Their last bar is stamped 2005-12-26, a Monday.
    options: dict[str, Any] = {"provider": "sample", "frequency": "weekly", "start": "2005-01-03"}
    verbs.load(ws, "IBM", as_of="2005-12-30", **options)

    verbs.end(ws, "IBM", as_of=AS_OF)

    assert manifest(ws, "IBM").ended == Ended(date(2006, 1, 1), NOW)
    with pytest.raises(OptionError, match="has a bar of 2005-12-26"):
        verbs.end(ws, "IBM", on="2005-12-25", as_of=AS_OF)


def test_an_end_may_be_declared_before_the_as_of_of_the_last_update(ws: Workspace) -> None:
    """That of a date is the evening of it, and people declare ends at noon."""
    before = manifest(ws)
    assert before.updated == datetime(2005, 12, 30, 21, 30, tzinfo=UTC)

    end(ws, as_of="2005-12-30T17:00Z")

    assert manifest(ws).ended == Ended(date(2005, 12, 30), NOW)
    assert manifest(ws).updated == before.updated


def test_several_symbols_each_end_with_their_own_last_bar(ws: Workspace) -> None:
    verbs.load(ws, "IBM", provider="sample", start="2005-01-03", as_of="2005-12-23")

    report = verbs.end(ws, ["AAPL", "IBM"], reason="gone", as_of=AS_OF)

    assert manifest(ws).ended == Ended(date(2005, 12, 30), NOW, "gone")
    assert manifest(ws, "IBM").ended == Ended(date(2005, 12, 23), NOW, "gone")
    assert [each.record.outcome for each in report.results] == ["changed", "changed"]
    verbs.end(ws, ["AAPL", "IBM"], reopen=True, as_of=AS_OF)
    assert (manifest(ws).ended, manifest(ws, "IBM").ended) == (None, None)


def test_one_symbol_that_cannot_have_ended_keeps_no_other_from_it(ws: Workspace) -> None:
    verbs.load(ws, "IBM", provider="sample", start="2005-01-03", as_of="2005-12-23")

    report = verbs.end(ws, ["AAPL", "IBM"], on="2005-12-27", as_of=AS_OF)

    # AAPL has a bar of the 30th.
    assert [each.record.outcome for each in report.results] == ["failed", "changed"]
    assert manifest(ws).ended is None
    assert manifest(ws, "IBM").ended == Ended(date(2005, 12, 27), NOW)
    assert code_of(report) == 1


def test_another_end_takes_the_place_of_the_first(ws: Workspace) -> None:
    end(ws, on="2006-01-03", reason="rumour")

    end(ws, on="2006-01-05")

    assert manifest(ws).ended == Ended(date(2006, 1, 5), NOW)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"on": "2005-12-29"}, OptionError, "has a bar of 2005-12-30, after its end on 2005-12-29"),
        ({"on": "2006-01-07"}, OptionError, "cannot have ended on 2006-01-07, after the as-of"),
        ({"on": "soon"}, OptionError, "'soon' is not a valid date"),
        ({"reopen": True}, OptionError, "AAPL has not ended, so nothing was done"),
        ({"reopen": True, "on": "2006-01-03"}, OptionError, "--reopen takes the end back"),
        ({"reason": "  "}, OptionError, "--reason"),
        ({"as_of": "2005-12-01"}, OptionError, "on 2005-12-30, after the as-of, 2005-12-01"),
        ({"frequency": "weekly"}, DatasetNotFound, "No existing data found for 'AAPL'"),
    ],
)
def test_what_cannot_be_declared_is_refused_in_one_sentence_and_changes_nothing(
    ws: Workspace, options: dict[str, Any], error: type[Ml4tError], words: str
) -> None:
    before = manifest(ws)

    with pytest.raises(error, match=words) as refused:
        end(ws, **options)

    assert refused.value.hint
    assert "\n" not in refused.value.message
    assert manifest(ws) == before


def test_the_hint_removes_the_bars_after_the_end(ws: Workspace) -> None:
    with pytest.raises(OptionError) as refused:
        end(ws, on="2005-12-23")

    dataset = manifest(ws).dataset
    step = NextStep("remove", dataset, start=date(2005, 12, 24))
    assert refused.value.advice == ("choose a later --on, or remove the bars after it: ", step)
    verbs.remove(ws, "AAPL", start="2005-12-24", yes=True, as_of=AS_OF)
    end(ws, on="2005-12-23")
    assert manifest(ws).ended == Ended(date(2005, 12, 23), NOW)


def test_a_dataset_without_bars_has_no_end(ws: Workspace) -> None:
    dataset = manifest(ws).dataset
    with ws.store.transaction(dataset) as tx:
        state = tx.manifest
        assert state is not None
        tx.put(tx.bars()[:0])
        tx.commit(state, state.recent[-1])

    with pytest.raises(OptionError, match="no bars of equities/daily/AAPL are left"):
        end(ws)


def test_an_end_that_was_taken_back_leaves_nothing(ws: Workspace) -> None:
    before = manifest(ws)
    end(ws, reason="rumour")

    report = end(ws, reopen=True)

    after = manifest(ws)
    assert (after.ended, after.findings, after.updated) == (None, before.findings, before.updated)
    assert report.results[0].record.notes == ("reopened: ended on 2005-12-30 (rumour)",)


def test_a_finding_of_bars_is_not_decided_by_the_end(ws: Workspace) -> None:
    dataset = manifest(ws).dataset
    doubt = Finding(datetime(2005, 3, 1, tzinfo=UTC), "spike", "far from both neighbours")
    with ws.store.transaction(dataset) as tx:
        state = tx.manifest
        assert state is not None
        tx.commit(replace(state, findings=(doubt,)), state.recent[-1])

    end(ws)

    assert manifest(ws).findings == (doubt,)


def test_a_load_brings_earlier_bars_of_an_ended_symbol_and_none_after_its_end(
    ws: Workspace,
) -> None:
    end(ws)

    report = verbs.load(ws, "AAPL", provider="sample", start="2004-12-01", as_of=AS_OF)

    assert report.results[0].record.outcome == "changed"
    bars = verbs.bars(ws, "AAPL")
    assert [f"{stamp:%Y-%m-%d}" for stamp in bars.index[[0, -1]]] == ["2004-12-01", "2005-12-30"]
    assert manifest(ws).ended is not None


@pytest.mark.parametrize("range_", [{"end": "2006-01-05"}, {"start": "2006-01-03"}])
def test_a_load_of_days_after_the_end_is_refused_with_the_command_that_reopens(
    ws: Workspace, range_: dict[str, str]
) -> None:
    end(ws)

    (result,) = verbs.load(ws, "AAPL", provider="sample", as_of=AS_OF, **range_).results  # type: ignore[arg-type]

    error = result.record.error
    assert error is not None
    assert error.message == (
        "equities/daily/AAPL ended on 2005-12-30: there are no bars after that"
    )
    home = ws.settings.home
    assert error.hint == ("if it is traded: ", NextStep("reopen", manifest(ws).dataset, home))
    assert len(verbs.bars(ws, "AAPL")) == 252


def test_unanswered_requests_after_the_last_bar_are_forgotten(ws: Workspace) -> None:
    from ml4t_nb.model import FetchAttempt, Span

    dataset, before = manifest(ws).dataset, manifest(ws)
    assert before.last is not None
    span = Span(before.last - timedelta(days=7), before.last + timedelta(days=7))
    with ws.store.transaction(dataset) as tx:
        failed = FetchAttempt(span, NOW, "sample", "failed", error="down")
        tx.commit(replace(before, fetch_log=(failed,)), before.recent[-1])

    end(ws)

    (left,) = manifest(ws).fetch_log
    assert left.span.end == before.last + timedelta(microseconds=1)


def test_an_end_waits_for_a_writer_and_judges_what_that_one_left(ws: Workspace) -> None:
    """The date is compared with the last bar under the lock, not with the one that was read."""
    request = EndRequest(manifest(ws).dataset, NOW, date(2006, 1, 3))
    verbs.update(ws, as_of="2006-01-05")

    with pytest.raises(OptionError, match="has a bar of 2006-01-05"):
        run_end(context_of(ws, date(2006, 1, 6)), request)

    assert verbs.bars(ws, "AAPL").index[-1] == pd.Timestamp("2006-01-05", tz="UTC")
