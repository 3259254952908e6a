"""Symbols, messages and reasons with markup in them are shown as text in every piece of HTML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import OptionError
from ml4t_nb.events import Event, Fetched, FetchStarted, Finished, RetryScheduled, Started
from ml4t_nb.execution.progress_html import card_html
from ml4t_nb.execution.track import Track
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.render.html import error_html, line_html, report_html
from ml4t_nb.render.plots.figures import bundle_of, page_of
from ml4t_nb.render.plots.svg import svg_of
from ml4t_nb.reports import Report
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace
from tests.render.reports import day

ROWS = """\
Date,Open,High,Low,Close,Volume
2024-01-02,10,12,9,11,100
2024-01-03,11,13,10,12,200
2024-01-08,12,14,11,13,300
2024-01-09,12,14,11,13,300
2024-01-10,12,14,11,13,300
"""
PLAIN = "AAPL"
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</title></script><script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "&lt;img src=x onerror=alert(1)&gt;",
    "<a href=javascript:alert(1)>x</a>",
    "<!--",
    "%{x}<b>",
]


class Shape(HTMLParser):
    """Tags and the names of their attributes, in order: what markup is made of, words aside."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", (data,)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def market(folder: Path, symbol: str) -> Workspace:
    """A workspace whose files hold that symbol, with a gap closed for a reason like its name."""
    (folder / "files").mkdir(parents=True)
    path = folder / "files" / f"{quote(symbol, safe='')}.csv"
    path.write_text(ROWS)
    ws = Workspace.open(Settings(home=folder / "home", provider="files", files=folder / "files"))
    verbs.load(ws, symbol, as_of="2024-01-10")
    verbs.gaps(ws, symbol, start="2024-01-04", end="2024-01-05", close=symbol, as_of="2024-01-10")
    path.write_text(
        ROWS.replace("12,14,11,13,300", f'"{symbol.replace(chr(34), chr(34) * 2)}",1,1,1,1')
    )
    return ws


def reports(ws: Workspace, symbol: str) -> dict[str, Report]:
    failed = verbs.update(ws, (symbol, f"no{symbol}"), show_status=True, as_of="2024-01-12")
    assert [each.record.outcome for each in failed.results] == ["failed", "failed"]
    return {
        "update": failed,
        "health": verbs.health(ws, verbose=True, sessions=5, as_of="2024-01-12"),
        "list": verbs.list_(ws),
        "gaps": verbs.gaps(ws, all=True),
        "export": verbs.export(ws, symbol),
        "plot": verbs.plot(ws, symbol),
        "coverage": verbs.plot(ws, symbol, coverage=True),
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    return reports(market(tmp_path_factory.mktemp("plain"), PLAIN), PLAIN)


@pytest.mark.parametrize("symbol", HOSTILE)
def test_no_report_of_a_symbol_with_markup_has_other_tags_than_that_of_a_plain_one(
    plain: dict[str, Report], tmp_path: Path, symbol: str
) -> None:
    for name, report in reports(market(tmp_path, symbol), symbol).items():
        drawings: list[Callable[[Report], str]] = [report_html]
        if name in ("plot", "coverage"):
            drawings += [svg_of, page_of]  # type: ignore[list-item]  # of a plot they take
        for draw in drawings:
            shape, expected = Shape(draw(report)), Shape(draw(plain[name]))
            assert shape.tags == expected.tags, (name, draw)
        assert name == "export" or symbol in "".join(Shape(report_html(report)).words)


@pytest.mark.parametrize("symbol", HOSTILE)
def test_a_picture_of_a_symbol_with_markup_is_well_formed_and_says_it_as_text(
    tmp_path: Path, symbol: str
) -> None:
    ws = market(tmp_path, symbol)
    for coverage in (False, True):
        report = verbs.plot(ws, symbol, coverage=coverage)
        root = ET.fromstring(svg_of(report))  # noqa: S314  # our own
        assert {each.tag.rpartition("}")[2] for each in root.iter()} <= {
            "svg", "text", "tspan", "rect", "path", "title", "pattern", "circle",
        }  # fmt: skip
        assert symbol in "".join(root.itertext())
        figure = bundle_of(report)["application/vnd.plotly.v1+json"]
        written = strings(figure)
        assert not [each for each in written if "<img" in each or "<script" in each]
        assert not [each for each in written if "<a " in each or "<svg" in each]


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [each for inner in value.values() for each in strings(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in strings(inner)]
    return [value] if isinstance(value, str) else []


def tracked(symbol: str) -> Track:
    dataset = DatasetId("equities", "daily", symbol)
    events: tuple[Event, ...] = (
        Started("update", (dataset, dataset)),
        FetchStarted(dataset, symbol, Span(day("2024-01-02"), day("2024-01-10"))),
        Fetched(dataset, 3, 0.1),
        Finished(dataset, "failed", symbol),
        RetryScheduled(dataset, 1, 5.0, symbol),
    )
    track = Track()
    for event in events:
        track.note(event)
    return track


@pytest.mark.parametrize("symbol", HOSTILE)
def test_progress_of_a_symbol_with_markup_has_no_tags_of_its_own(symbol: str) -> None:
    hostile, plain = tracked(symbol), tracked(PLAIN)

    bars = [Shape(card_html(each.title, each)) for each in (hostile, plain)]
    ends = [Shape(line_html(each.outcome)) for each in (hostile, plain)]
    assert bars[0].tags == bars[1].tags
    assert ends[0].tags == ends[1].tags
    assert symbol in "".join(Shape(card_html("Update", tracked(symbol))).words)


@pytest.mark.parametrize("symbol", HOSTILE)
def test_an_error_that_quotes_markup_is_shown_as_text(
    tmp_path: Path, plain: dict[str, Report], symbol: str
) -> None:
    """The provider's own words reach the report: a cell that is not a number, and is markup."""
    report = verbs.update(market(tmp_path, symbol), symbol, as_of="2024-01-12")
    error = report.results[0].record.error

    assert error is not None
    assert symbol in error.message or repr(symbol)[1:-1] in error.message
    tags = {tag for tag, _ in Shape(report_html(report)).tags}
    assert tags <= {tag for tag, _ in Shape(report_html(plain["update"])).tags}


@pytest.mark.parametrize("symbol", HOSTILE)
def test_an_error_by_itself_is_shown_as_text(symbol: str) -> None:
    shape = Shape(error_html(OptionError(symbol, hint=symbol)))

    assert shape.tags == Shape(error_html(OptionError(PLAIN, hint=PLAIN))).tags
    assert "".join(shape.words).count(symbol) == 2


def test_the_shape_that_the_others_compare_shows_markup_from_text() -> None:
    assert Shape("<p>&lt;img src=x&gt;</p>").tags == [("p", ())]
    assert Shape("<p><img src=x onerror=y></p>").tags == [("p", ()), ("img", ("src", "onerror"))]
