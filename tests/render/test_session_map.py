"""The last sessions as a map of signs, as cells of a page, and as JSON."""

from __future__ import annotations

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.model import DatasetId, GapState
from ml4t_nb.records import Health
from ml4t_nb.render.health_blocks import session_maps
from ml4t_nb.render.html import report_html
from ml4t_nb.render.text import report_rows, report_text
from ml4t_nb.reports import HealthReport, RecentSession, SessionState
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.render.reports import AS_OF, health
from tests.verbs.spans import span_between


def had(word: str, state: SessionState = "present", gap: GapState | None = None) -> RecentSession:
    return RecentSession(date.fromisoformat(word), state, gap)


def weekly(symbol: str) -> Health:
    known = health(symbol)
    return Health(
        DatasetId("equities", "weekly", symbol),
        "healthy",
        "current",
        *(known.rows, known.first, known.last, known.updated, 0, 0, 0),
    )


def report(*rows: tuple[RecentSession, ...]) -> HealthReport:
    judged = tuple(health(f"S{at}") for at in range(len(rows)))
    return HealthReport(AS_OF, judged, recent=rows)


def test_text_has_a_row_a_dataset_and_a_column_a_day() -> None:
    words = report_text(
        report(
            (had("2005-02-25"), had("2005-02-28", "missing", "open"), had("2005-03-01", "behind")),
            (had("2005-02-26"), had("2005-02-28", "filled", "open"), had("2005-03-01", "partly")),
        )
    )

    assert words.endswith(
        "\nsessions from 2005-02-25 to 2005-03-01\n"
        "                   2220\n"
        "                   5681\n"
        "equities/daily/S0  . x<\n"
        "equities/daily/S1   .o~\n"
        ". present (all bars)   ~ partly (some bars)   o filled (made by filling)\n"
        "x missing, open (no bars)   < behind (after the last bar)\n"
    )


def test_each_state_has_a_sign_of_its_own() -> None:
    every = (
        had("2005-02-01"),
        had("2005-02-02", "partly"),
        had("2005-02-03", "filled", "open"),
        had("2005-02-04", "missing", "open"),
        had("2005-02-07", "missing", "failed"),
        had("2005-02-08", "missing", "confirmed"),
        had("2005-02-09", "closed", "closed"),
        had("2005-02-12", "extra"),
        had("2005-02-14", "behind"),
    )
    words = report_text(report(every))
    cells = re.findall(
        r'<b title="([^"]+)"[^>]*background:(#\w+)">([^<]+)</b>', report_html(report(every))
    )

    assert "equities/daily/S0  .~ox!X-+<\n" in words
    assert len({sign for _, _, sign in cells}) == len({colour for _, colour, _ in cells}) == 9
    assert [title for title, _, _ in cells] == [
        "Tue 2005-02-01: present",
        "Wed 2005-02-02: partly",
        "Thu 2005-02-03: filled, open",
        "Fri 2005-02-04: missing, open",
        "Mon 2005-02-07: missing, failed",
        "Tue 2005-02-08: missing, confirmed",
        "Wed 2005-02-09: closed",
        "Sat 2005-02-12: extra",
        "Mon 2005-02-14: behind",
    ]


def test_weeks_have_a_map_of_their_own() -> None:
    days, weeks = session_maps(
        (health("DAYS"), weekly("WEEKS")), ((had("2005-03-01"),), (had("2005-02-28"),))
    )

    assert (days.title, days.names) == (
        "sessions from 2005-03-01 to 2005-03-01", ("equities/daily/DAYS",)
    )  # fmt: skip
    assert (weeks.title, weeks.names) == (
        "weeks from 2005-02-28 to 2005-02-28", ("equities/weekly/WEEKS",)
    )  # fmt: skip


def test_a_dataset_of_which_nothing_is_known_has_an_empty_row() -> None:
    both = report((had("2005-03-01"),), ())

    assert "equities/daily/S1\n" in report_text(both)
    assert 'aria-label="nothing known"' in report_html(both)


def test_there_is_no_map_where_nothing_is_known_at_all() -> None:
    assert "sessions from" not in report_text(report((), ()))
    assert "sessions from" not in report_html(report((), ()))


def test_names_are_escaped_and_stay_aligned_however_wide_their_signs_are() -> None:
    judged = (health("<B>"), health("三菱"))
    both = HealthReport(AS_OF, judged, recent=((had("2005-03-01"),),) * 2)

    assert "equities/daily/<B>   .\nequities/daily/三菱  .\n" in report_text(both)
    assert "<B>" not in report_html(both)


def test_rows_for_scripts_are_spared_the_map() -> None:
    assert report_rows(report((had("2005-03-01"),))) == ""


def test_the_page_is_well_formed() -> None:
    class Tags(HTMLParser):
        open: list[str] = []  # noqa: RUF012  # one parser, one test

        def handle_starttag(self, tag: str, attrs: object) -> None:
            del attrs
            self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Tags()
    parser.feed(report_html(report((had("2005-03-01"), had("2005-03-02", "missing", "open")), ())))
    parser.close()

    assert parser.open == []


@pytest.fixture
def stored(home: Path) -> Workspace:
    """Daily bars of January without the 10th."""
    settings = Settings(
        home=home, provider="synthetic", synthetic_holes=(span_between("2024-01-10", "2024-01-11"),)
    )
    ws = Workspace.open(settings)
    verbs.load(ws, "DEMO", start="2024-01-02", as_of="2024-01-12")
    return ws


@pytest.mark.usefixtures("stored")
def test_the_shell_shows_the_map_and_json_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["health", "--sessions", "4", "--as-of", "2024-01-12"]) == 0
    assert "equities/daily/DEMO (synthetic)  .x..\n" in capsys.readouterr().out

    assert main(["health", "--sessions", "2", "--as-of", "2024-01-10", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["datasets"][0]["sessions"] == [
        {"session": "2024-01-09", "state": "present", "gap": None},
        {"session": "2024-01-10", "state": "missing", "gap": "open"},
    ]

    assert main(["health", "--as-of", "2024-01-12", "--json"]) == 0
    assert "sessions" not in json.loads(capsys.readouterr().out)["datasets"][0]


def test_a_negative_number_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["health", "--sessions", "-1"]) == 2
    assert "--sessions -1 is negative" in capsys.readouterr().err


@pytest.mark.usefixtures("stored")
def test_a_cell_gives_the_report_that_shows_itself_as_the_map(notebook: InteractiveShell) -> None:
    result = notebook.run_line_magic("ml4t", "health --sessions 4 --as-of 2024-01-12")

    assert notebook.display_formatter is not None
    bundle, _ = notebook.display_formatter.format(result)  # type: ignore[no-untyped-call]  # IPython's
    assert 'title="Wed 2024-01-10: missing, open"' in bundle["text/html"]
    assert ".x..\n" in bundle["text/plain"]
