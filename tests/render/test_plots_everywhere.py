"""The verb plot in a shell, in a notebook and in Python."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import ml4t_nb
from ml4t_nb import verbs
from ml4t_nb.cli import main
from ml4t_nb.errors import DatasetNotFound, OptionError, StoreNotWritable
from ml4t_nb.render.html import report_html
from ml4t_nb.render.plots.figures import page_of
from ml4t_nb.render.text import report_rows, report_text
from ml4t_nb.render.to_json import report_json
from ml4t_nb.reports import PlotReport
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

PLOTLY = "application/vnd.plotly.v1+json"


@pytest.fixture
def ws(home: Path) -> Workspace:
    """AAPL without two days in January, as IBM is."""
    settings = Settings.read(
        {"ML4T_DATA_SYNTHETIC_HOLES": "2024-01-10/2024-01-12", "ML4T_DATA_HOME": str(home)},
        folder=home.parent,
    )
    ws = Workspace.open(settings)
    verbs.load(ws, ("AAPL", "IBM"), provider="synthetic", start="2024-01-02", as_of="2024-01-31")
    return ws


class Links(HTMLParser):
    """Whatever a page would fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]


@pytest.mark.usefixtures("ws")
def test_a_shell_writes_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["plot", "AAPL", "--out", "aapl.html"])

    assert code == 0
    assert capsys.readouterr().out == (
        "equities/daily/AAPL (synthetic): 19 bars, 2024-01-02 … 2024-01-31; "
        "1 gap, 2 bars missing written to aapl.html\n"
    )
    assert [each.name for each in Path().iterdir()] == ["aapl.html"]


@pytest.mark.usefixtures("ws")
def test_a_page_fetches_nothing() -> None:
    main(["plot", "AAPL", "--out", "aapl.html", "-q"])

    page = Links(Path("aapl.html").read_text(encoding="utf-8"))

    assert page.found == []
    assert not {"link", "img", "iframe"} & page.tags


def test_a_page_holds_plotly_itself_and_follows_the_readers_theme(ws: Workspace) -> None:
    page = page_of(verbs.plot(ws, "AAPL"))

    assert "plotly.js v" in page
    assert "cdn.plot.ly" not in page.partition("Plotly.newPlot(")[2]
    assert '"showSendToCloud": false' in page
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "<title>equities/daily/AAPL (synthetic)</title>" in page


@pytest.mark.usefixtures("ws")
def test_quiet_writes_the_page_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "AAPL", "--coverage", "--out", "map.html", "-q"]) == 0

    assert capsys.readouterr().out == ""
    assert Path("map.html").stat().st_size > 1_000_000


@pytest.mark.usefixtures("ws")
def test_a_shell_without_a_page_to_write_says_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["plot", "AAPL"])

    assert code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "ml4t-data: a shell cannot show a figure (write it to a page: --out AAPL.html)\n"
    )


@pytest.mark.usefixtures("ws")
def test_json_shows_what_would_be_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["plot", "AAPL", "--coverage", "--json"])

    assert code == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verb"] == "plot"
    assert document["dataset"] == "equities/daily/AAPL"
    assert (document["rows"], document["filled"], document["missing"]) == (19, 0, 2)
    assert [gap["state"] for gap in document["gaps"]] == ["open"]
    assert document["sessions"][6] == {
        "session": "2024-01-10", "expected": 1, "observed": 0, "filled": 0, "state": "missing"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "plot needs a symbol"),
        (("AAPL", "IBM", "--coverage"), "--coverage draws one symbol alone"),
        (("AAPL", "IBM", "--run", "1"), "--run draws one symbol alone"),
        (("AAPL", "-f", "monthly", "--coverage"), "monthly ones are derived"),
        (("AAPL", "--out", "aapl.png"), "'aapl.png' must end in .html"),
        (("AAPL", "--last-run", "--start", "2024-01-02"), "--last-run sets its own range"),
        (("AAPL", "--covrage"), "did you mean '--coverage'?"),
    ],
)
@pytest.mark.usefixtures("ws")
def test_bad_input_is_one_line(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", *words]) == 2

    assert said in capsys.readouterr().err
    assert list(Path().iterdir()) == []


def test_a_symbol_that_is_not_stored_names_the_load(ws: Workspace) -> None:
    with pytest.raises(DatasetNotFound):
        verbs.plot(ws, "MSFT")


@pytest.mark.usefixtures("ws")
def test_a_folder_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(StoreNotWritable, match="cannot be written"):
        ml4t_nb.plot("AAPL", out=Path("nowhere/aapl.html"))


@pytest.mark.usefixtures("ws")
def test_the_library_gives_a_plain_figure() -> None:
    from plotly.graph_objects import Figure

    figure = ml4t_nb.plot("AAPL", start="2024-01-08", end="2024-01-12", out=Path("a.html"))

    assert type(figure) is Figure
    (candles,) = (each for each in figure.data if each.type == "candlestick")
    assert list(candles.x) == [0, 1, 4]
    assert Path("a.html").is_file()


def test_the_last_run_is_drawn_alone(ws: Workspace) -> None:
    for day in ("2024-06-28", "2024-09-20", "2024-09-27"):
        verbs.update(ws, "AAPL", fill_gaps=False, lookback_days=7, as_of=day)

    report = verbs.plot(ws, "AAPL", last_run=True)

    assert report.record is not None
    assert f"{report.record.at:%Y-%m-%d}" == "2024-09-27"
    # The last bar before was that of the 20th, and a week before it is asked for again.
    assert [f"{each.start:%Y-%m-%d}" for each in report.record.spans] == ["2024-09-13"]
    days = [f"{each:%Y-%m-%d}" for each in report.bars.index]
    assert days[60] == "2024-09-13"
    assert days[-1] == "2024-09-27"


@pytest.fixture
def notebook_of_aapl(ws: Workspace, notebook: InteractiveShell) -> InteractiveShell:
    assert ws.store.datasets()
    return notebook


def shown(shell: InteractiveShell, cell: str) -> dict[str, Any]:
    """What the front end is given for the cell's value."""
    with capture_output(display=False):
        result = shell.run_cell(cell)  # type: ignore[no-untyped-call]  # IPython's
    assert result.success
    assert shell.display_formatter is not None
    data, _ = shell.display_formatter.format(result.result)  # type: ignore[no-untyped-call]  # IPython's
    return dict(data)


def test_a_notebook_gets_a_figure_a_still_picture_and_a_line(
    notebook_of_aapl: InteractiveShell,
) -> None:
    data = shown(notebook_of_aapl, "%ml4t plot AAPL")

    assert set(data) == {PLOTLY, "image/svg+xml", "text/plain"}
    assert "candlestick" in [each["type"] for each in data[PLOTLY]["data"]]
    assert data["image/svg+xml"].startswith("<svg ")
    assert data["text/plain"].startswith("equities/daily/AAPL (synthetic): 19 bars")
    assert data[PLOTLY]["config"]["showSendToCloud"] is False
    # JupyterLab draws a figure that fills its cell as high as an empty cell.
    assert "responsive" not in data[PLOTLY]["config"]
    assert data[PLOTLY]["layout"]["height"] == 520
    assert len(json.dumps(data)) < 40_000


def test_a_notebook_keeps_the_report(notebook_of_aapl: InteractiveShell) -> None:
    with capture_output(display=False):
        notebook_of_aapl.run_cell("r = %ml4t plot IBM --coverage --out ibm.html")  # type: ignore[no-untyped-call]  # IPython's

    report = notebook_of_aapl.user_ns["r"]
    assert isinstance(report, PlotReport)
    assert Path("ibm.html").is_file()


def test_a_terminal_is_not_made_to_wait_for_plotly(notebook_of_aapl: InteractiveShell) -> None:
    assert notebook_of_aapl.display_formatter is not None
    notebook_of_aapl.display_formatter.active_types = ["text/plain"]

    assert set(shown(notebook_of_aapl, "%ml4t plot AAPL")) == {"text/plain"}


def test_unloading_takes_the_pictures_away(notebook_of_aapl: InteractiveShell) -> None:
    with capture_output(display=False):
        notebook_of_aapl.run_cell("%unload_ext ml4t_nb")  # type: ignore[no-untyped-call]  # IPython's

    display = notebook_of_aapl.display_formatter
    assert display is not None
    printers = display.mimebundle_formatter.deferred_printers
    assert not any(module.startswith("ml4t_nb") for module, _ in printers)


def test_a_report_is_one_line_in_every_plain_form(ws: Workspace) -> None:
    report = verbs.plot(ws, "AAPL", coverage=True)

    line = "equities/daily/AAPL (synthetic): 21 sessions: 19 present, 2 missing"
    assert report_text(report) == f"{line}\n"
    assert line in report_html(report)
    assert report_rows(report) == ""
    assert json.loads(report_json(report))["verb"] == "plot"


def test_options_are_read_from_the_verb(ws: Workspace) -> None:
    with pytest.raises(OptionError, match="unknown frequency"):
        verbs.plot(ws, "AAPL", frequency="dayly")
