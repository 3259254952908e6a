"""A person decides about findings: the bars stay, or they are taken out and kept beside."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import OptionError
from ml4t_nb.render.html import report_html
from ml4t_nb.render.text import report_text
from ml4t_nb.render.to_json import report_json
from tests.verbs.own_files import OwnFiles
from tests.verbs.test_review import spoilt

SPIKE, PRICE, VOLUME = "2004-06-15", "2004-08-17", "2004-09-01"


@pytest.fixture
def doubtful(own: OwnFiles) -> OwnFiles:
    """Loaded with three faults; the price of zero is not stored."""
    own.write(spoilt, until="2004-12-28")
    own.load("2004-12-28")
    return own


def test_an_accepted_finding_keeps_its_bar_and_says_when_and_why(doubtful: OwnFiles) -> None:
    own = doubtful
    before = own.bars()

    report = own.review(rule="spike", accept="it was an auction", as_of="2004-12-29")

    (finding,) = report.datasets[0].findings
    assert finding.decision is not None
    assert (finding.state, finding.decision.by) == ("accepted", "review")
    assert (finding.decision.reason, finding.decision.version) == ("it was an auction", 2)
    assert abs(finding.decision.at - datetime.now(UTC)).total_seconds() < 60  # noqa: TID251  # the wall clock
    pd.testing.assert_frame_equal(own.bars(), before)
    assert own.findings() == [
        (SPIKE, "spike", "accepted"),
        (PRICE, "price", "open"),
        (VOLUME, "zero volume", "open"),
    ]


def test_a_rejected_bar_is_taken_out_and_kept_beside(doubtful: OwnFiles) -> None:
    own = doubtful
    before = own.bars()

    report = own.review(start=SPIKE, end=SPIKE, reject="a typo", as_of="2004-12-29")

    assert report.run is not None
    assert own.bars().index.equals(before.index.drop(pd.Timestamp(SPIKE, tz="UTC")))
    pd.testing.assert_frame_equal(own.bars(), before.drop(pd.Timestamp(SPIKE, tz="UTC")))
    assert own.gaps() == [(SPIKE, "rejected", None), (PRICE, "open", None)]
    assert [refusal.version for refusal in own.manifest.refusals] == [2]
    snapshot = own.ws.store.snapshot(own.manifest.dataset)
    (row,) = snapshot.revised_rows().itertuples()
    assert (row.change, row.version, row.provider, row.high) == ("removed", 2, "files", 46.71)
    assert own.findings()[0] == (SPIKE, "spike", "rejected")
    assert "rejected spike of 2004-06-15: a typo" in report_text(report)


def test_gaps_lists_what_was_rejected_with_what_can_be_done(doubtful: OwnFiles) -> None:
    doubtful.review(rule="spike", reject="a typo", as_of="2004-12-29")

    report = verbs.gaps(doubtful.ws, as_of="2004-12-29")

    (dataset,) = report.datasets
    assert [each.state for each in dataset.gaps] == ["rejected", "open"]
    assert (
        "its bars were rejected: reconcile takes them from another provider, undo puts them back"
        in " ".join(report_text(report).split())
    )
    listed = json.loads(report_json(report))["gaps"]
    assert [each["state"] for each in listed] == ["rejected", "open"]
    assert doubtful.manifest.recent[-1].gaps_open == 1


def test_a_row_that_is_not_stored_is_rejected_without_anything_else(doubtful: OwnFiles) -> None:
    own = doubtful
    before, gaps = own.bars(), own.gaps()

    own.review(rule="price", reject="the file is wrong")

    assert own.findings()[1] == (PRICE, "price", "rejected")
    pd.testing.assert_frame_equal(own.bars(), before)
    assert own.gaps() == gaps
    assert own.manifest.refusals == ()


def test_a_decision_moves_neither_the_as_of_nor_the_verification(doubtful: OwnFiles) -> None:
    own = doubtful
    before = own.manifest

    own.review(rule="spike", reject="a typo")  # as of now
    own.review(rule="zero volume", accept="fine", as_of="2004-06-01")  # before the last run

    after = own.manifest
    assert (after.updated, after.verified) == (before.updated, before.verified)
    assert [each.verb for each in after.recent] == ["load", "review", "review"]
    own.write(spoilt)
    assert own.update("2004-12-30").results[0].record.outcome == "changed"


def test_all_findings_of_a_dataset_are_decided_at_once(doubtful: OwnFiles) -> None:
    doubtful.review(accept="known")

    assert {state for _, _, state in doubtful.findings()} == {"accepted"}
    assert [each.verb for each in doubtful.manifest.recent] == ["load", "review"]


def test_the_first_and_the_last_bar_can_be_rejected(own: OwnFiles) -> None:
    def ends(table: Any) -> Any:  # noqa: ANN401
        table.iloc[0, 1] *= 2
        table.loc["2004-12-28", "high"] *= 2
        return table

    own.write(ends, until="2004-12-28")
    own.load("2004-12-28")
    assert [day for day, _, _ in own.findings()] == ["2004-01-02", "2004-12-28"]

    own.review(reject="typos")

    assert (f"{own.bars().index[0]:%m-%d}", f"{own.bars().index[-1]:%m-%d}") == ("01-05", "12-27")
    assert own.gaps() == []
    own.undo()
    assert (f"{own.bars().index[0]:%m-%d}", f"{own.bars().index[-1]:%m-%d}") == ("01-02", "12-28")


def test_a_stretch_is_rejected_whole(own: OwnFiles) -> None:
    def frozen(table: Any) -> Any:  # noqa: ANN401
        table.loc["2004-06-01":"2004-06-11"] = table.loc["2004-06-01"].to_numpy()
        return table

    own.write(frozen, until="2004-12-28")
    own.load("2004-12-28")
    before = own.bars()
    stretch = [each for each in own.manifest.findings if each.rule == "frozen"]
    assert [(f"{f.stamp:%m-%d}", f"{f.end:%m-%d}") for f in stretch] == [("06-01", "06-10")]

    own.review(rule="frozen", reject="the feed stood still")

    out = before.index.difference(own.bars().index)
    assert (len(out), f"{out[0]:%m-%d}", f"{out[-1]:%m-%d}") == (8, "06-01", "06-10")
    assert [each for each in own.gaps() if each[1] == "rejected"] == [
        ("2004-06-01", "rejected", None)
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"accept": "x", "reject": "y"}, "accepted or rejected, not both"),
        ({"accept": " \n "}, "is empty"),
        ({"reject": ""}, "is empty"),
        ({"accept": "x", "rule": "frozen"}, "has no such finding, so nothing was decided"),
        ({"reject": "x", "start": "2004-06-16", "end": "2004-06-20"}, "has no such finding"),
        ({"accept": "x", "start": "2004-07-01", "end": "2004-06-20"}, "lies before --start"),
        ({"reject": "x", "rule": "jumpy"}, "unknown rule 'jumpy'"),
    ],
)
def test_a_decision_that_cannot_be_is_one_sentence_and_changes_nothing(
    doubtful: OwnFiles, options: dict[str, Any], says: str
) -> None:
    before = doubtful.files()

    with pytest.raises(OptionError, match=says):
        doubtful.review(**options)

    assert doubtful.files() == before


def test_a_decision_without_a_symbol_is_refused(doubtful: OwnFiles) -> None:
    before = doubtful.files()

    with pytest.raises(OptionError, match="a decision requires a symbol"):
        verbs.review(doubtful.ws, accept="all of them")

    assert doubtful.files() == before


def test_a_closed_finding_is_not_decided_again(doubtful: OwnFiles) -> None:
    own = doubtful
    own.review(rule="spike", reject="a typo")
    before = own.files()

    with pytest.raises(OptionError) as caught:
        own.review(start=SPIKE, end=SPIKE, accept="no, it is right")

    assert "the finding 'spike' of equities/daily/ACME is rejected already by run 2" in str(
        caught.value
    )
    assert own.files() == before


def test_one_of_two_symbols_without_a_finding_keeps_the_other_as_it_is(doubtful: OwnFiles) -> None:
    own = doubtful
    verbs.load(own.ws, "DEMO", provider="synthetic", start="2004-11-01", as_of="2004-12-28")
    before = own.files()

    with pytest.raises(OptionError, match="equities/daily/DEMO has no such finding"):
        verbs.review(own.ws, ["ACME", "DEMO"], rule="spike", reject="a typo")

    assert own.files() == before


def test_all_bars_cannot_be_rejected(own: OwnFiles) -> None:
    def still(table: Any) -> Any:  # noqa: ANN401
        table.iloc[:] = table.iloc[0].to_numpy()
        return table

    own.write(still, until="2004-03-31")
    own.load("2004-03-31")
    before = own.files()

    with pytest.raises(OptionError, match="all bars of equities/daily/ACME would be taken out"):
        own.review(rule="frozen", reject="a dead feed")

    assert own.files() == before


def test_a_reason_with_markup_or_line_breaks_is_shown_escaped_in_one_line(
    doubtful: OwnFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    own = doubtful
    own.review(rule="spike", reject="  <script>x</script>\n\x1b[31mred\n")

    report = own.review(all=True)
    (line,) = [each for each in report_text(report).splitlines() if SPIKE in each]
    assert "<script>x</script> \\x1b[31mred" in line
    html = report_html(report)
    assert "&lt;script&gt;" in html
    assert "<script>x" not in html
    assert main(["history", "ACME", "--home", str(own.ws.settings.home), "-q"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_note_is_decided_only_where_it_is_meant(own: OwnFiles) -> None:
    own.table.loc[pd.Timestamp("2004-07-03", tz="UTC")] = own.table.loc["2004-07-02"]
    own.table = own.table.sort_index()
    own.write(until="2004-12-28")
    own.load("2004-12-28")
    assert ("2004-07-03", "extra", "open") in own.findings()
    assert own.review().datasets[0].findings == ()

    with pytest.raises(OptionError, match="has no such finding"):
        own.review(accept="Saturday")
    own.review(rule="extra", accept="Saturday")

    assert ("2004-07-03", "extra", "accepted") in own.findings()
