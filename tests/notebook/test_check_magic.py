"""What the cells of a session read, recorded and compared, in a real shell and a real kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from jupyter_client.blocking.client import BlockingKernelClient
from nbclient import NotebookClient

import ml4t_nb
from ml4t_nb.check_reports import CheckReport
from ml4t_nb.render.text import report_text
from ml4t_nb.session_reads import current_session
from tests.verbs.two_names import two_names

LOAD = "l = %ml4t load AAPL IBM MSFT -p sample --start 2004-12-01 --as-of 2005-02-25"
NOTEBOOK = Path("analysis.ipynb")
RECORD = Path("analysis.ml4t.json")


def run(shell: InteractiveShell, cell: str, cell_id: str | None = None) -> str:
    """What the cell printed."""
    with capture_output(display=False) as captured:
        result = shell.run_cell(cell, cell_id=cell_id)  # type: ignore[no-untyped-call]  # IPython's
    said: str = captured.stdout + captured.stderr
    assert result.success or "Error" in said, said
    return said


def check(shell: InteractiveShell, options: str = "") -> CheckReport:
    said = run(shell, f"r = %ml4t check {options}")
    assert said == ""
    report: CheckReport = shell.user_ns["r"]
    return report


def read(shell: InteractiveShell) -> list[tuple[str, str]]:
    """Symbols that the cells read, and how they are adjusted."""
    del shell
    session = current_session()
    assert session is not None
    return [(each.datasets[0].rpartition("/")[2], each.adjust) for each in session.reads]


@pytest.fixture
def session(notebook: InteractiveShell) -> InteractiveShell:
    """A shell with three datasets and the package, of a notebook that is not known to it."""
    NOTEBOOK.write_text("{}")
    run(notebook, f"import ml4t_nb\n{LOAD}")
    return notebook


def test_a_notebook_is_recorded_and_checked_after_a_split(session: InteractiveShell) -> None:
    run(session, 'a = ml4t_nb.bars("AAPL"); b = ml4t_nb.bars(["IBM", "MSFT"], end="2005-01-31")')

    first = check(session, "analysis.ipynb --record")
    assert (first.recorded, first.checks) == (2, ())
    assert report_text(first) == "✅ 2 reads recorded in analysis.ml4t.json\n"
    assert len(json.loads(RECORD.read_text())["reads"]) == 2
    run(session, "u = %ml4t update --as-of 2005-03-10")
    kept = RECORD.read_bytes()

    words = report_text(check(session, "analysis.ipynb"))

    assert words.startswith(
        "⚠️ 1 of 3 datasets moved: AAPL restated 2:1, 9 bars added; "
        'as then: bars("AAPL", version=1)\n'
    )
    assert words.endswith("✅ the cells of this session read all of it as recorded\n")
    assert RECORD.read_bytes() == kept


def test_nothing_is_written_that_nobody_asked_for(session: InteractiveShell) -> None:
    run(session, 'ml4t_nb.bars("AAPL")')

    said = run(session, "%ml4t check analysis.ipynb")

    assert "nothing is recorded in analysis.ml4t.json" in said
    assert sorted(path.name for path in Path().iterdir()) == ["analysis.ipynb"]


def test_a_cell_that_runs_again_replaces_what_it_read(session: InteractiveShell) -> None:
    run(session, 'ml4t_nb.bars("AAPL")', "a")
    run(session, 'ml4t_nb.bars("IBM")', "b")
    assert read(session) == [("AAPL", "splits"), ("IBM", "splits")]

    run(session, 'ml4t_nb.bars("AAPL", adjust="all")', "a")
    assert read(session) == [("IBM", "splits"), ("AAPL", "all")]

    # Without a name, as in a terminal, a cell is what it says.
    for _ in range(2):
        run(session, 'ml4t_nb.bars("MSFT")')
    assert read(session) == [("IBM", "splits"), ("AAPL", "all"), ("MSFT", "splits")]


def test_cells_that_read_otherwise_are_named(session: InteractiveShell) -> None:
    run(session, 'ml4t_nb.bars("AAPL"); ml4t_nb.bars("IBM")', "a")
    check(session, "analysis.ipynb --record")

    run(session, 'ml4t_nb.bars("AAPL", adjust="all", start="2005-01-03")', "a")
    run(session, 'ml4t_nb.bars("MSFT")', "b")
    report = check(session, "analysis.ipynb")

    assert [(each.state, each.today) for each in report.checks] == [
        ("same", "other"),
        ("same", "unread"),
    ]
    otherwise = "adjust=all instead of splits, start=2005-01-03 instead of no bound"
    assert report_text(report).splitlines()[3:] == [
        f"⚠️ AAPL is read otherwise in this session: {otherwise}",
        "not read in this session: IBM",
        "read in this session, and not recorded: equities/daily/MSFT adjust=splits",
    ]


def test_cells_that_read_the_versions_of_then_read_as_recorded(session: InteractiveShell) -> None:
    run(session, 'ml4t_nb.bars("AAPL")', "a")
    check(session, "analysis.ipynb --record")
    run(session, "u = %ml4t update --as-of 2005-03-10")

    run(session, 'ml4t_nb.bars("AAPL")', "a")
    (moved,) = check(session, "analysis.ipynb").checks
    assert (moved.state, moved.today) == ("changed", "other")
    assert moved.otherwise == "version 2 instead of 1"

    for then in ("version=1", 'known_on="2005-02-25"'):
        run(session, f'ml4t_nb.bars("AAPL", {then})', "a")
        (moved,) = check(session, "analysis.ipynb").checks
        assert (moved.state, moved.today, moved.otherwise) == ("changed", "same", "")


def test_recording_again_says_what_is_left_out(session: InteractiveShell) -> None:
    run(session, 'ml4t_nb.bars("AAPL"); ml4t_nb.bars("IBM")', "a")
    check(session, "analysis.ipynb --record")
    run(session, 'ml4t_nb.bars("AAPL")', "a")

    words = report_text(check(session, "analysis.ipynb --record"))

    assert "✅ 1 read recorded in analysis.ml4t.json" in words
    assert "not recorded any more, since no cell has read it in this session: IBM" in words


def test_whatever_gives_bars_to_a_cell_is_recorded(session: InteractiveShell) -> None:
    run(session, "e = %ml4t export AAPL --out a.csv --adjust raw")
    run(session, "p = %ml4t plot IBM --start 2005-01-03")
    run(session, 'f = ml4t_nb.plot("MSFT", frequency="monthly")')
    run(
        session,
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(2) as pool:\n"
        '    b = [*pool.map(lambda each: ml4t_nb.bars(each, adjust="all"), ["AAPL", "IBM"])]',
    )

    found = read(session)

    assert found[:3] == [("AAPL", "raw"), ("IBM", "splits"), ("MSFT", "splits")]
    assert sorted(found[3:]) == [("AAPL", "all"), ("IBM", "all")]
    kept = current_session()
    assert kept is not None
    assert [(each.frequency, each.start) for each in kept.reads[1:3]] == [
        ("daily", "2005-01-03"),
        ("monthly", ""),
    ]


def test_what_only_looks_is_not_recorded(session: InteractiveShell) -> None:
    for words in ("health", "list", "gaps", "history AAPL", "panel health", "panel history AAPL"):
        run(session, f"x = %ml4t {words} --as-of 2005-02-25")
    run(session, 'ml4t_nb.bars("AAPL")', "a")
    check(session, "analysis.ipynb --record")
    run(session, "u = %ml4t update --as-of 2005-03-10")
    check(session, "analysis.ipynb")

    assert read(session) == [("AAPL", "splits")]


def test_of_a_window_that_moves_the_first_and_last_date_are_kept(session: InteractiveShell) -> None:
    run(
        session,
        "for day in range(1, 29):\n"
        '    ml4t_nb.bars("AAPL", start=f"2005-01-{day:02}", end=f"2005-02-{day:02}")',
    )

    kept = current_session()
    assert kept is not None
    assert [(each.start, each.end) for each in kept.reads] == [("2005-01-01", "2005-02-28")]


def test_another_store_is_recorded_by_its_folder(session: InteractiveShell, tmp_path: Path) -> None:
    other = tmp_path / "other"
    ml4t_nb.load("FB", provider="sample", start="2012-12-03", as_of="2013-03-01", home=other)
    run(session, f'ml4t_nb.bars("FB", home="{other}")', "a")
    run(session, f'ml4t_nb.bars("IBM", home="{tmp_path / "home"}")', "b")
    check(session, "analysis.ipynb --record")

    homes = [each.get("home") for each in json.loads(RECORD.read_text())["reads"]]
    assert homes == [f"{other}", None]  # the second is the store that is meant anyway
    assert [(e.state, e.today) for e in check(session, "analysis.ipynb").checks] == [
        ("same", "same")
    ] * 2


def test_a_share_that_was_renamed_is_read_again_by_either_name(
    session: InteractiveShell, tmp_path: Path
) -> None:
    home = two_names(tmp_path / "names").settings.home
    read_fb = f'ml4t_nb.bars("FB", end="2022-03-21", home="{home}")'
    run(session, read_fb, "a")
    check(session, "analysis.ipynb --record")
    ml4t_nb.rename(["FB", "META"], as_of="2022-04-18", home=home)

    for cell in (read_fb, read_fb.replace("FB", "META")):
        run(session, cell, "a")
        report = check(session, "analysis.ipynb")
        (found,) = report.checks
        assert (found.state, found.today, report.unrecorded) == ("same", "same", ())


def test_a_front_end_may_say_which_notebook_it_is(
    session: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(session, 'ml4t_nb.bars("AAPL")')
    assert "is not known to its kernel" in run(session, "%ml4t check")
    (tmp_path / "lab.ipynb").write_text("{}")
    (tmp_path / "code.ipynb").write_text("{}")

    monkeypatch.setenv("JPY_SESSION_NAME", f"{tmp_path}/console-1")
    assert "is not known to its kernel" in run(session, "%ml4t check")
    monkeypatch.setenv("JPY_SESSION_NAME", f"{tmp_path}/renamed-since.ipynb")
    assert "is not known to its kernel" in run(session, "%ml4t check")
    monkeypatch.setenv("JPY_SESSION_NAME", f"{tmp_path}/lab.ipynb")
    assert check(session, "--record").file == tmp_path / "lab.ml4t.json"
    session.user_ns["__vsc_ipynb_file__"] = f"{tmp_path}/code.ipynb"
    assert check(session, "--record").file == tmp_path / "code.ml4t.json"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("notes.txt --record", "'notes.txt' must end in .json or .ipynb"),
        ("analysis.ipynb --record", "no cell has read bars since the extension was loaded"),
    ],
)
def test_what_cannot_be_recorded_is_one_sentence(
    session: InteractiveShell, options: str, said: str
) -> None:
    assert said in run(session, f"%ml4t check {options}")
    assert sorted(path.name for path in Path().iterdir()) == ["analysis.ipynb"]


def test_a_file_of_something_else_is_not_replaced(session: InteractiveShell) -> None:
    run(session, 'ml4t_nb.bars("AAPL")')
    Path("package.json").write_text('{"name": "mine"}')

    said = run(session, "%ml4t check package.json --record")

    assert "package.json does not say what was read" in said
    assert Path("package.json").read_text() == '{"name": "mine"}'


def test_without_the_extension_nothing_is_noted(shell: InteractiveShell) -> None:
    run(shell, f"%load_ext ml4t_nb\nimport ml4t_nb\n{LOAD}")
    assert current_session() is not None
    before = {name: [*each] for name, each in shell.events.callbacks.items()}
    run(shell, "%unload_ext ml4t_nb")
    assert current_session() is None
    heard = [each.__module__ for some in shell.events.callbacks.values() for each in some]
    assert "ml4t_nb.notebook.magics" not in heard
    assert before.keys() == shell.events.callbacks.keys()
    run(shell, 'ml4t_nb.bars("AAPL")')


def test_the_magic_is_completed(session: InteractiveShell) -> None:
    for line, expected in (
        ("%ml4t check", ["check", "check-backup"]),
        ("%ml4t check anal", ["analysis.ipynb"]),
        ("%ml4t check --rec", ["--record"]),
    ):
        with provisionalcompleter():
            found = session.Completer.completions(line, len(line))
            assert [each.text for each in found] == expected


@pytest.mark.usefixtures("home")
def test_a_saved_notebook_is_checked_when_it_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JupyterLab runs it, whose server names the file, and as CI does, in a shell."""
    monkeypatch.setenv("IPYTHONDIR", f"{tmp_path / 'ipython'}")
    ml4t_nb.load("AAPL", provider="sample", start="2004-12-01", as_of="2005-02-25")
    path = Path("study.ipynb").absolute()
    cells = (
        "%load_ext ml4t_nb",
        'import ml4t_nb\nprice = ml4t_nb.bars("AAPL")["close"].iloc[0]',
        "%ml4t check --record",
    )
    assert "study" in ran(path, cells, monkeypatch)
    assert path.with_name("study.ml4t.json").exists()

    ml4t_nb.update("AAPL", as_of="2005-03-10")
    kept = path.with_name("study.ml4t.json").read_bytes()
    said = ran(path, (*cells[:2], "%ml4t check"), monkeypatch)

    assert said.startswith("⚠️ 1 dataset moved: AAPL restated 2:1, 9 bars added; ")
    assert "AAPL is read otherwise in this session: version 2 instead of 1" in said
    assert path.with_name("study.ml4t.json").read_bytes() == kept
    program = Path(sys.executable).parent / "ml4t-data"
    done = subprocess.run([program, "check", "study.ipynb", "-q"], check=False)
    assert done.returncode == 3
    as_then = cells[1].replace('"AAPL"', '"AAPL", version=1')
    assert "read all of it as recorded" in ran(
        path, (cells[0], as_then, "%ml4t check"), monkeypatch
    )


def ran(path: Path, cells: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> str:
    """The text of the last cell's result, of a notebook that is run and saved."""
    code: list[Any] = [nbformat.v4.new_code_cell(each) for each in cells]  # type: ignore[no-untyped-call]  # nbformat's
    book = nbformat.v4.new_notebook(cells=code)  # type: ignore[no-untyped-call]  # likewise
    nbformat.write(book, path)  # type: ignore[no-untyped-call]  # likewise
    monkeypatch.setenv("JPY_SESSION_NAME", f"{path}")
    NotebookClient(book, resources={"metadata": {"path": f"{path.parent}"}}).execute()
    nbformat.write(book, path)  # type: ignore[no-untyped-call]  # likewise
    said: str = book.cells[-1].outputs[-1]["data"]["text/plain"]
    return said


def test_a_kernel_knows_a_cell_by_the_name_that_its_front_end_gives(
    kernel: BlockingKernelClient,
) -> None:
    kernel.execute_interactive(f"%load_ext ml4t_nb\nimport ml4t_nb\n{LOAD}", timeout=120)
    for words in ('"AAPL"', '"IBM"'):
        content = {"code": f"ml4t_nb.bars({words})", "silent": False, "store_history": True,
                   "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}  # fmt: skip
        message = kernel.session.msg("execute_request", content, metadata={"cellId": "one"})
        kernel.shell_channel.send(message)
        assert kernel.get_shell_msg(timeout=120)["content"]["status"] == "ok"
    outputs: list[str] = []
    kernel.execute_interactive(
        "from ml4t_nb.session_reads import current_session\n"
        "print([each.datasets for each in current_session().reads])",
        output_hook=lambda each: outputs.append(each["content"].get("text", "")),
        timeout=120,
    )
    assert "[('equities/daily/IBM',)]\n" in outputs


COUNT = "SELECT count(close) FROM bars_daily WHERE symbol = 'AAPL'"
WAYS = [
    ("x = %ml4t sql SELECT avg(close) FROM bars_daily WHERE symbol = 'AAPL'", "splits"),
    ("%%ml4t sql\nSELECT avg(close) FROM bars_daily_raw WHERE symbol = 'AAPL'", "raw"),
    ('x = ml4t_nb.sql("SELECT * FROM bars_daily_all WHERE symbol = \'AAPL\' LIMIT 1")', "all"),
    ('x = ml4t_nb.scan("AAPL", adjust="all").collect()', "all"),
    ('x = ml4t_nb.scan("AAPL", engine="arrow").to_table()', "splits"),
    ('x = ml4t_nb.scan(engine="arrow").head(1)', "splits"),
    (f'x = ml4t_nb.connect().sql("{COUNT}").fetchall()', "splits"),
    ('x = ml4t_nb.files("AAPL")', "splits"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "adjust"), WAYS)
def test_what_sql_scans_and_files_read_is_noted_recorded_and_checked(
    session: InteractiveShell, cell: str, adjust: str
) -> None:
    run(session, cell)

    assert read(session)[0] == ("AAPL", adjust)
    first = check(session, "analysis.ipynb --record")
    assert (first.recorded, first.unnoted) == (1, ())
    run(session, "u = %ml4t update --as-of 2005-03-10")
    found = check(session, "analysis.ipynb").checks[0]
    assert (found.dataset.symbol, found.adjust, found.version) == ("AAPL", adjust, 1)
    # Prices as they were traded are not restated by the split.
    assert found.restated == (None if adjust == "raw" else 2.0)
    assert found.added == 9


def test_a_query_notes_the_datasets_that_it_reads_and_no_others(session: InteractiveShell) -> None:
    run(session, "x = %ml4t sql SELECT symbol, max(close) FROM bars_daily WHERE symbol >= 'IBM'"
        " GROUP BY symbol")  # fmt: skip
    noted = current_session()
    assert noted is not None
    assert [sorted(each.datasets) for each in noted.reads] == [
        ["equities/daily/IBM", "equities/daily/MSFT"]
    ]


def test_a_scan_is_noted_by_the_cell_that_computes_it(session: InteractiveShell) -> None:
    run(session, 'lazy = ml4t_nb.scan("AAPL")', "one")
    assert read(session) == []
    run(session, "x = lazy.collect()", "two")
    assert read(session) == [("AAPL", "splits")]
    run(session, "x = 1", "two")
    assert read(session) == []


def test_what_is_read_and_cannot_be_noted_is_said(session: InteractiveShell) -> None:
    run(session, "x = %ml4t sql SELECT symbol, rows FROM datasets", "one")
    run(session, 'a = ml4t_nb.bars("IBM")', "two")

    first = check(session, "analysis.ipynb --record")

    assert first.unnoted == ("the table datasets of sql",)
    words = report_text(first)
    assert words.endswith(
        "⚠️ read in this session, and neither recorded nor compared: the table datasets of sql\n"
    )
    run(session, "x = 1", "one")
    assert check(session, "analysis.ipynb").unnoted == ()


def test_what_a_check_itself_reads_is_not_noted_nor_are_names_of_columns(
    session: InteractiveShell,
) -> None:
    with provisionalcompleter():
        assert [*session.Completer.completions("%ml4t sql SELECT clo", 20)]
    assert read(session) == []
    noted = current_session()
    assert noted is not None
    assert noted.others == ()
