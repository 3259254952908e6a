"""The findings inbox: real findings in real files, opened, asked about, decided, undone."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.errors import OptionError
from ml4t_nb.finding import Finding
from ml4t_nb.model import NextStep
from ml4t_nb.notebook.panel_verbs import panel
from ml4t_nb.notebook.panels.health_board import HealthBoard
from ml4t_nb.notebook.panels.inbox_actions import InboxActions
from ml4t_nb.notebook.panels.inbox_list import InboxList
from ml4t_nb.notebook.panels.inbox_style import INBOX_STYLE
from ml4t_nb.notebook.panels.review_inbox import ReviewInbox
from ml4t_nb.render.review.inbox_html import InboxItem
from ml4t_nb.workspace import Workspace
from tests.notebook.panels.planted import AS_OF, load_doubtful, write_doubtful
from tests.render.review.findings import AAPL


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files with planted faults, loaded."""
    folder = tmp_path / "files"
    monkeypatch.setenv("ML4T_DATA_FILES", str(folder))
    monkeypatch.setenv("ML4T_DATA_FILES_BASIS", "split-adjusted")
    load_doubtful(folder)
    return folder


@pytest.fixture
def inbox(files: Path) -> ReviewInbox:
    assert files.exists()
    return ReviewInbox()


def press(inbox: ReviewInbox, name: str) -> None:
    """Press a button and wait for what it does."""
    actions: InboxActions = inbox.actions
    actions.buttons[name].click()  # type: ignore[index]  # one of its names
    assert actions.job is not None
    assert actions.job.join(120)


def shown(inbox: ReviewInbox) -> set[str]:
    return {act for act, each in inbox.actions.buttons.items() if each.layout.display == ""}


def listed(inbox: ReviewInbox) -> list[tuple[str, str]]:
    return [(each.name, each.finding.rule) for each in inbox.items]


def test_the_findings_are_listed_and_the_first_is_open_with_what_shows_it(
    inbox: ReviewInbox,
) -> None:
    assert listed(inbox) == [
        ("AAPL", "spike"), ("AAPL", "zero volume"), ("IBM", "spike"), ("MSFT", "frozen"),
    ]  # fmt: skip
    assert "4 to decide" in inbox.list.count.value
    assert inbox.list.rows.value.count("<button") == 4
    assert inbox.list.rows.value.count('aria-current="true"') == 1
    assert "AAPL, Thu 14 Apr 2005: the high is 85 % above the prices beside it" in inbox.head.value
    assert "1 of 4" in inbox.head.value
    assert "<svg" in inbox.evidence.value
    assert '<span class="ml4t-is-doubtful">75.92</span>' in inbox.evidence.value
    assert shown(inbox) == {"ask", "accept", "reject"}


def test_one_goes_on_and_back_and_no_further_than_the_ends(inbox: ReviewInbox) -> None:
    seen = []
    for button in ("back", "next", "next", "next", "next", "back"):
        getattr(inbox.list, button).click()
        seen.append(inbox.row)

    assert seen == [0, 1, 2, 3, 3, 2]
    inbox._hear({"what": "open", "row": 1})
    assert inbox.current is not None
    assert inbox.current.finding.rule == "zero volume"
    assert "<b>Stored</b>, files" in inbox.evidence.value


def test_a_button_says_the_line_that_does_the_same(inbox: ReviewInbox) -> None:
    buttons = inbox.actions.buttons
    which = "AAPL -a equities -f daily --start 2005-04-14 --end 2005-04-14"

    assert buttons["accept"].tooltip == f"%ml4t review {which} --rule spike --accept 'looks right'"
    inbox.actions.reason.value = "a real\nhigh; <b>checked</b>"
    assert buttons["reject"].tooltip == (
        f"%ml4t review {which} --rule spike --reject 'a real high; <b>checked</b>'"
    )
    assert buttons["ask"].tooltip.startswith(
        "%ml4t compare AAPL -a equities -f daily --with sample"
    )


def test_a_second_opinion_that_fits_is_offered_first(inbox: ReviewInbox) -> None:
    press(inbox, "ask")

    assert "sample says 39.98" in inbox.evidence.value
    assert '<span class="ml4t-is-other">39.98</span>' in inbox.evidence.value
    assert shown(inbox) == {"take", "accept", "reject"}
    take = inbox.actions.buttons["take"]
    assert take.description == "Take from sample"
    assert "ml4t-primary" in take._dom_classes
    assert take.tooltip.startswith("%ml4t reconcile AAPL")
    # Of another finding nothing is known yet.
    inbox.list.next.click()
    assert "ask" in shown(inbox)
    inbox.list.back.click()
    assert "take" in shown(inbox)


def test_what_is_accepted_goes_to_those_decided_and_the_next_opens(inbox: ReviewInbox) -> None:
    inbox.actions.reason.value = "results <i>day</i>"

    press(inbox, "accept")

    assert listed(inbox) == [("AAPL", "zero volume"), ("IBM", "spike"), ("MSFT", "frozen")]
    assert inbox.current is not None
    assert inbox.current.finding.rule == "zero volume"
    assert "3 to decide" in inbox.list.count.value
    assert "Decided today" in inbox.list.decided.value
    assert "accepted: results &lt;i&gt;day&lt;/i&gt;" in inbox.list.decided.value
    assert inbox.actions.reason.value == ""
    assert "--accept" in inbox.actions.line.value
    (decided,) = [
        each
        for each in verbs.review(Workspace.open(), "AAPL", all=True).datasets[0].findings
        if each.state == "accepted"
    ]
    assert decided.decision is not None
    assert decided.decision.reason == "results <i>day</i>"


def test_what_was_accepted_is_undone_and_opens_again(inbox: ReviewInbox) -> None:
    before = inbox.items
    press(inbox, "accept")
    press(inbox, "accept")
    assert [each.finding.state for each in inbox.decided] == ["accepted", "accepted"]

    press(inbox, "undo")
    assert inbox.current is not None
    assert (inbox.row, inbox.current.finding.rule) == (0, "zero volume")
    press(inbox, "undo")

    assert [each.finding.detail for each in inbox.items] == [each.finding.detail for each in before]
    assert inbox.row == 0
    assert [each.finding.state for each in inbox.decided] == []
    assert "undo" not in shown(inbox)


def test_a_rejected_bar_is_a_gap_until_it_is_undone(inbox: ReviewInbox) -> None:
    whole = len(ml4t_nb.bars("AAPL", filled=False))

    press(inbox, "reject")

    assert len(ml4t_nb.bars("AAPL", filled=False)) == whole - 1
    assert "rejected: looks wrong" in inbox.list.decided.value
    press(inbox, "undo")
    assert len(ml4t_nb.bars("AAPL", filled=False)) == whole
    assert ml4t_nb.bars("AAPL", start="2005-04-14", end="2005-04-14")["high"].tolist() == [75.92]


def test_a_bar_is_taken_from_the_second_provider_and_given_back(inbox: ReviewInbox) -> None:
    press(inbox, "ask")

    press(inbox, "take")

    day = {"start": "2005-04-14", "end": "2005-04-14"}
    assert ml4t_nb.bars("AAPL", **day)["high"].tolist() == [pytest.approx(39.98, abs=0.005)]  # type: ignore[arg-type]
    assert ("AAPL", "spike") not in listed(inbox)
    assert "taken from sample" in inbox.list.decided.value
    press(inbox, "undo")
    assert ml4t_nb.bars("AAPL", **day)["high"].tolist() == [75.92]  # type: ignore[arg-type]
    assert ("AAPL", "spike") in listed(inbox)


def test_a_lost_volume_is_taken_and_the_prices_stay(inbox: ReviewInbox) -> None:
    inbox.open(1)
    press(inbox, "ask")
    assert "sample says 37.2 M" in inbox.evidence.value

    press(inbox, "take")

    bar = ml4t_nb.bars("AAPL", start="2005-05-23", end="2005-05-23")
    assert bar["volume"].tolist() == [pytest.approx(37.2e6, rel=0.01)]
    assert bar["close"].tolist() == [39.76]
    assert ("AAPL", "zero volume") not in listed(inbox)


def test_a_week_that_stands_still_is_taken_as_a_whole(inbox: ReviewInbox) -> None:
    inbox.open(3)
    press(inbox, "ask")

    press(inbox, "take")

    assert ("MSFT", "frozen") not in listed(inbox)
    week = ml4t_nb.bars("MSFT", start="2005-01-03", end="2005-01-07")
    assert len(set(week["close"])) == 5


def test_when_all_are_decided_nothing_vanishes(inbox: ReviewInbox) -> None:
    for _ in range(4):
        press(inbox, "accept")

    assert inbox.items == ()
    assert len(inbox.decided) == 4
    assert "Nothing to decide" in inbox.list.count.value
    assert shown(inbox) == {"undo"}
    assert inbox.list.decided.value.count("<button") == 4


def test_what_has_changed_since_it_was_listed_is_not_decided_unseen(inbox: ReviewInbox) -> None:
    ws = Workspace.open()
    verbs.review(ws, "AAPL", rule="spike", start="2005-04-14", accept="by another")

    inbox.actions.buttons["reject"].click()

    assert inbox.actions.job is None
    assert "have changed since they were listed" in inbox.actions.line.value
    assert listed(inbox)[0] == ("AAPL", "zero volume")
    assert "accepted: by another" in inbox.list.decided.value


@pytest.fixture
def minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReviewInbox:
    """Half-hour bars with two bad closes in the session of 2024-02-14."""
    ws, folder = Workspace.open(), tmp_path / "minutes"
    folder.mkdir()
    monkeypatch.setenv("ML4T_DATA_FILES", str(folder))
    monkeypatch.setenv("ML4T_DATA_FILES_BASIS", "split-adjusted")
    verbs.load(
        ws, "MADE", provider="synthetic", frequency="30m", start="2024-01-02", as_of="2024-03-01"
    )
    table = verbs.bars(ws, "MADE", frequency="30m").drop(columns="filled")
    day = table.loc["2024-02-14"].index
    for stamp in (day[3], day[8]):
        table.loc[stamp, ["high", "close"]] *= 3
    table.to_csv(folder / "MADE.csv")
    verbs.remove(ws, "MADE", yes=True)
    verbs.load(Workspace.open(), "MADE", provider="files", frequency="30m", as_of="2024-03-01")
    return ReviewInbox()


def test_within_a_session_all_findings_of_the_rule_are_decided_and_that_is_said_before(
    minutes: ReviewInbox,
) -> None:
    assert [each.finding.rule for each in minutes.items] == ["spike", "spike"]
    assert "MADE 30m, Wed 14 Feb 2024 11:00: the close is" in minutes.head.value
    assert minutes.actions.warning.value == (
        "Verbs take whole dates: 1 other finding of this rule there will be decided with it."
    )

    press(minutes, "accept")

    assert len(minutes.items) == 0
    assert [each.finding.state for each in minutes.decided] == ["accepted", "accepted"]


def test_only_the_symbols_asked_for_are_shown(files: Path) -> None:
    assert files.exists()
    assert listed(ReviewInbox(symbols=("IBM", "MSFT"))) == [("IBM", "spike"), ("MSFT", "frozen")]
    assert "NOPE" in ReviewInbox(symbols=("NOPE",)).message.value


def test_an_empty_store_says_what_to_do_first() -> None:
    Path(os.environ["ML4T_DATA_HOME"]).mkdir()

    inbox = ReviewInbox()

    assert "nothing is stored yet" in inbox.message.value
    assert inbox.current is None
    inbox.list.next.click()
    assert inbox.static_html().count("nothing is stored yet") == 1


def test_clean_bars_leave_nothing_to_decide() -> None:
    verbs.load(Workspace.open(), "IBM", provider="sample", start="2005-01-03", as_of=AS_OF)

    inbox = ReviewInbox()

    assert "Nothing to decide" in inbox.head.value
    assert shown(inbox) == set()


def test_a_better_answer_of_the_provider_closes_a_finding(files: Path, inbox: ReviewInbox) -> None:
    table = (files / "IBM.csv").read_text()
    assert ",930.0,92.01,923.5," in table
    mended = table.replace(",930.0,92.01,923.5,", ",93.0,92.01,92.35,")
    (files / "IBM.csv").write_text(mended)
    verbs.update(Workspace.open(), "IBM", accept=True, lookback_days=200, as_of=AS_OF)

    inbox.refresh()

    assert ("IBM", "spike") not in listed(inbox)


def test_a_saved_notebook_keeps_the_open_finding_and_the_list(inbox: ReviewInbox) -> None:
    still = inbox.static_html()

    assert "the high is 85 % above the prices beside it" in still
    # As a picture: a page that takes drawings out of what it shows keeps it.
    assert "data:image/svg+xml;base64," in still
    assert "MSFT, Mon 3 Jan 2005 to Fri 7 Jan 2005: 5 bars are equal in every price" in still
    assert "<script" not in still
    assert "<button" not in still


def test_a_panel_takes_symbols_for_its_findings_alone(files: Path) -> None:
    write_doubtful(files)

    made = panel("review", ["MSFT"]).content

    assert isinstance(made, ReviewInbox)
    assert listed(made) == [("MSFT", "frozen")]
    with pytest.raises(OptionError, match="panel gaps takes no symbol, but got 'MSFT'"):
        panel("gaps", ["MSFT"])


def test_of_thousands_a_hundred_are_listed_and_more_on_request() -> None:
    rows: list[int] = []
    listing = InboxList(move=rows.append)
    found = Finding(datetime(2005, 4, 14, tzinfo=UTC), "spike", "what was seen")
    items = [InboxItem(AAPL, "files", found)] * 2500
    now = datetime(2005, 6, 1, tzinfo=UTC)

    listing.show(items, (), 0, now)
    assert listing.rows.value.count("<button") == 100
    assert listing.more.description == "Show 200 more of 2,400"
    listing.more.click()
    assert listing.rows.value.count("<button") == 300
    listing.show(items, (), 700, now)

    assert 'data-row="700"' in listing.rows.value
    assert "701 of 2,500 to decide" in listing.count.value


def test_a_finding_without_a_bar_is_told_with_its_next_step(inbox: ReviewInbox) -> None:
    step = NextStep("end", AAPL)
    found = Finding(None, "unknown symbol", "files does not know AAPL any more", step=step)
    inbox.items = (InboxItem(AAPL, "files", found),)

    inbox.open(0)

    assert "AAPL: files does not know AAPL any more" in inbox.head.value
    assert "<svg" not in inbox.evidence.value
    assert "<code>%ml4t end AAPL</code>" in inbox.evidence.value


def test_the_style_reaches_nothing_else_of_the_page() -> None:
    rules = [each for each in INBOX_STYLE.split("}") if "{" in each and "@" not in each]

    for each in rules:
        selectors = each.partition("{")[0]
        assert all(".ml4t-review" in one for one in selectors.split("\n") if one.strip())


def test_dates_of_the_command_are_the_session_s(inbox: ReviewInbox) -> None:
    target = inbox.actions._target

    assert target is not None
    assert target.dates == (date(2005, 4, 14), date(2005, 4, 14))
    assert target.warning == ""


@pytest.mark.usefixtures("files")
def test_the_board_opens_the_findings_of_a_row_and_follows_the_decisions() -> None:
    board = HealthBoard(shared={"as_of": AS_OF})
    board.open("equities/daily/IBM")

    assert board.inbox is not None
    assert {symbol for symbol, _ in listed(board.inbox)} == {"IBM"}
    while board.inbox.items:
        press(board.inbox, "accept")

    after = {each.dataset.symbol: each.state for each in board.report.datasets}  # type: ignore[union-attr]
    assert (after["IBM"], after["AAPL"]) == ("healthy", "suspect")
