"""The magics in a real IPython."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from IPython.utils.capture import capture_output

from ml4t_nb.errors import DatasetNotFound, Interrupted, OptionError, RunFailed
from ml4t_nb.notebook.magics import _FIGURES, _REPORTS, _module_of
from ml4t_nb.reports import HealthReport, ListReport, Report, RunReport, SyncReport

LOAD = "%ml4t load AAPL -p sample --start 2005-01-03 --as-of 2005-02-25"


def run(shell: InteractiveShell, cell: str) -> tuple[ExecutionResult, str]:
    """The cell's result, and what it printed."""
    with capture_output(display=False) as captured:
        result = shell.run_cell(cell)  # type: ignore[no-untyped-call]  # IPython's
    return result, captured.stdout + captured.stderr


@pytest.fixture
def loaded(notebook: InteractiveShell) -> InteractiveShell:
    """A shell whose store holds AAPL and IBM up to 2005-02-25."""
    result, said = run(notebook, LOAD.replace("AAPL", "AAPL IBM"))
    assert result.success, said
    return notebook


def test_a_load_and_an_update_show_their_report(loaded: InteractiveShell) -> None:
    result, said = run(loaded, "%ml4t update AAPL --as-of 2005-03-01")

    assert result.success
    assert "AAPL: restated 2:1 (split 2005-02-28): history replaced, 40 bars" in said


def test_a_universe_is_synced_by_its_name(loaded: InteractiveShell, home: Path) -> None:
    (home / "ml4t.toml").write_text('[[universe]]\nname = "core"\nsymbols = ["AAPL"]\n')

    result, said = run(loaded, "r = %ml4t sync core --as-of 2005-03-01")

    assert result.success, said
    report = loaded.user_ns["r"]
    assert [str(each) for each in report.undeclared] == ["equities/daily/IBM"]
    assert loaded.display_formatter is not None
    shown, _ = loaded.display_formatter.format(report)  # type: ignore[no-untyped-call]  # IPython's
    for kind in ("text/html", "text/plain"):
        assert "1 dataset stored and in no universe: equities/daily/IBM" in shown[kind]


def test_the_report_can_be_kept(loaded: InteractiveShell) -> None:
    result, said = run(loaded, "r = %ml4t health --as-of 2005-02-25")

    assert result.success
    assert said == ""
    report = loaded.user_ns["r"]
    assert isinstance(report, HealthReport)
    assert [each.state for each in report.datasets] == ["healthy", "healthy"]


def test_the_report_is_html_in_a_notebook_and_text_elsewhere(loaded: InteractiveShell) -> None:
    run(loaded, "r = %ml4t health --as-of 2005-02-25")
    assert loaded.display_formatter is not None

    shown, _ = loaded.display_formatter.format(loaded.user_ns["r"])  # type: ignore[no-untyped-call]  # IPython's

    assert shown["text/html"].startswith('<div class="ml4t ml4t-report"')
    assert "2 datasets: 2 healthy" in shown["text/plain"]


def test_every_report_has_its_picture() -> None:
    import typing

    # One that is a kind of another is printed by its own name all the same.
    kinds = {*typing.get_args(Report), SyncReport}
    assert {*_REPORTS, *_FIGURES} == {each.__name__ for each in kinds}
    # A formatter finds a report by the module that defines it.
    assert all(_module_of(each.__name__) == each.__module__ for each in kinds)


def test_a_list_stands_for_several_symbols(loaded: InteractiveShell) -> None:
    loaded.user_ns["symbols"] = ["IBM", "AAPL"]

    run(loaded, "r = %ml4t list {symbols}")

    report = loaded.user_ns["r"]
    assert isinstance(report, ListReport)
    assert [each.dataset.symbol for each in report.datasets] == ["IBM", "AAPL"]


def test_a_variable_of_a_function_is_put_in(loaded: InteractiveShell) -> None:
    cell = "def look(name):\n    r = %ml4t list $name\n    return r\nr = look('IBM')"

    result, said = run(loaded, cell)

    assert result.success, said
    assert [each.dataset.symbol for each in loaded.user_ns["r"].datasets] == ["IBM"]


def test_an_undefined_variable_fails_the_cell(loaded: InteractiveShell) -> None:
    loaded.user_ns["symbols"] = ["IBM"]

    result, said = run(loaded, "%ml4t update {symbls}")

    assert isinstance(result.error_in_exec, OptionError)
    assert said == "OptionError: unknown variable 'symbls'\ndid you mean 'symbols'?\n"


def test_an_error_is_two_lines_and_fails_the_cell(notebook: InteractiveShell) -> None:
    result, said = run(notebook, "%ml4t updat")

    assert not result.success
    assert said == "OptionError: unknown verb 'updat'\ndid you mean 'update'?\n"


def test_a_symbol_that_is_not_stored_fails_the_cell_with_the_next_step(
    notebook: InteractiveShell,
) -> None:
    result, said = run(notebook, "%ml4t list AAPL")

    assert isinstance(result.error_in_exec, DatasetNotFound)
    assert "run load first" in said


def test_one_failed_dataset_shows_the_report_and_fails_the_cell(loaded: InteractiveShell) -> None:
    result, said = run(loaded, "%ml4t update NOPE IBM --as-of 2005-03-01")

    assert isinstance(result.error_in_exec, RunFailed)
    assert "equities/daily/IBM   ✅  +2" in said
    assert "RunFailed: update: 1 of 2 failed: NOPE" in said
    report = result.error_in_exec.report
    assert isinstance(report, RunReport)
    assert report.results[1].record.added == 2


def test_nothing_is_said_of_others_where_all_failed(notebook: InteractiveShell) -> None:
    result, said = run(notebook, "%ml4t load NOPE NADA -p sample --as-of 2005-02-25")

    assert isinstance(result.error_in_exec, RunFailed)
    assert "RunFailed: load: 2 of 2 failed: NOPE, NADA" in said
    assert result.error_in_exec.hint == "the report above shows why"


@pytest.mark.parametrize("line", ["%ml4t", "%ml4t --help", "%ml4t load --help"])
def test_help_is_printed_and_fails_nothing(notebook: InteractiveShell, line: str) -> None:
    result, said = run(notebook, line)

    assert result.success
    assert said.startswith("usage: %ml4t")


def test_json_gives_the_document(loaded: InteractiveShell) -> None:
    run(loaded, "d = %ml4t list --json")

    assert loaded.user_ns["d"]["datasets"][0]["dataset"] == "equities/daily/AAPL"


def test_a_cell_runs_a_verb_a_line(loaded: InteractiveShell) -> None:
    cell = "%%ml4t --as-of 2005-03-01\n# every morning\nupdate\n\nhealth AAPL  # one is enough\n"

    result, said = run(loaded, cell)

    assert result.success, said
    assert "2 datasets: 1 updated, 1 restated\n" in said
    assert "1 dataset: 1 healthy" in said
    assert isinstance(result.result, HealthReport)


def test_a_cell_stops_at_the_first_line_that_fails(loaded: InteractiveShell) -> None:
    cell = "%%ml4t\nlist AAPL\nhealht\nremove AAPL --yes\n"

    result, said = run(loaded, cell)

    assert not result.success
    assert "equities/daily/AAPL" in said
    assert "OptionError: line 2 (healht): unknown verb 'healht'\ndid you mean 'health'?" in said
    assert run(loaded, "%ml4t list AAPL")[0].success


def test_a_cell_gives_its_results_to_the_variable_on_its_line(loaded: InteractiveShell) -> None:
    cell = "%%ml4t out --as-of 2005-03-01\nupdate\n\nhealth AAPL\n"

    result, said = run(loaded, cell)

    assert result.success, said
    out = loaded.user_ns["out"]
    assert [type(each) for each in out] == [RunReport, HealthReport]
    assert out[0].as_of == datetime(2005, 3, 1, 21, 30, tzinfo=UTC)
    assert result.result is out[1]
    assert "2 datasets: 1 updated, 1 restated\n" in said


def test_a_cell_that_fails_leaves_what_its_lines_gave_so_far(loaded: InteractiveShell) -> None:
    result, _ = run(loaded, "%%ml4t out\nlist AAPL\nhealht\n")

    assert not result.success
    assert [type(each).__name__ for each in loaded.user_ns["out"]] == ["ListReport"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("a-b", "'a-b' is no name for the variable that takes the results"),
        ("class", "'class' is no name for the variable that takes the results"),
        ("out AAPL", "'AAPL' follows 'out', but the line of %%ml4t names one variable"),
    ],
)
def test_a_bad_name_on_the_line_of_a_cell_is_refused(
    loaded: InteractiveShell, line: str, why: str
) -> None:
    result, said = run(loaded, f"%%ml4t {line}\nremove AAPL --yes\n")

    assert not result.success
    assert why in said
    assert "out" not in loaded.user_ns
    assert run(loaded, "%ml4t list AAPL")[0].success


def test_help_has_examples_and_begins_with_the_verbs_used_most(loaded: InteractiveShell) -> None:
    _, said = run(loaded, "%ml4t --help")

    assert [line.split()[0] for line in said.splitlines() if line.startswith("  ")][:6] == [
        "load", "update", "health", "plot", "review", "sync",
    ]  # fmt: skip
    assert max(map(len, said.splitlines())) <= 100
    asked = loaded.object_inspect_text("%ml4t")  # type: ignore[no-untyped-call]  # IPython's
    assert "r = %ml4t health" in asked


def test_a_verb_on_the_line_of_the_cell_magic_is_refused(loaded: InteractiveShell) -> None:
    result, said = run(loaded, "%%ml4t remove AAPL --yes\nlist\n")

    assert not result.success
    assert "put the verb in the first line below" in said
    assert run(loaded, "%ml4t list AAPL")[0].success


def test_braces_are_not_touched_by_ipython(loaded: InteractiveShell) -> None:
    result, said = run(loaded, "%ml4t list {{x}}")

    assert not result.success
    assert "'{x}'" in said


def test_an_interrupted_run_fails_the_cell_and_says_what_is_left(
    notebook: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml4t_nb.events import Event, Finished
    from ml4t_nb.notebook import magic_cell as cells

    def interrupt(event: Event) -> None:
        if isinstance(event, Finished):
            raise KeyboardInterrupt

    monkeypatch.setattr(cells, "silent", interrupt)
    symbols = " ".join(f"S{number}" for number in range(40))

    result, said = run(
        notebook, f"%ml4t load {symbols} -p synthetic -q --start 2024-01-02 --as-of 2024-02-02"
    )

    # Whoever wraps a loop of cells in ``except Exception`` does not go on with the next symbol.
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert isinstance(result.error_in_exec, Interrupted)
    assert "KeyboardInterrupt: load was interrupted: " in said
    assert result.error_in_exec.report is not None
    done = len(result.error_in_exec.report.results)
    assert 0 < done < 40
    assert f"{done} of 40 done" in said
    run(notebook, "r = %ml4t list")
    assert len(notebook.user_ns["r"].datasets) == done


def state(shell: InteractiveShell) -> object:
    """All that an extension could leave behind in a shell."""
    assert shell.display_formatter is not None
    formatters = shell.display_formatter.formatters
    return (
        set(shell.magics_manager.magics["line"]),
        set(shell.magics_manager.magics["cell"]),
        set(vars(shell.magics_manager.user_magics)),
        list(shell.Completer.custom_matchers),
        {mime: set(each.type_printers) for mime, each in formatters.items()},
        {mime: set(each.deferred_printers) for mime, each in formatters.items()},
        set(shell.user_ns),
    )


def test_unloading_leaves_no_trace(shell: InteractiveShell) -> None:
    before = state(shell)
    shell.run_line_magic("load_ext", "ml4t_nb")
    assert state(shell) != before

    shell.run_line_magic("unload_ext", "ml4t_nb")

    assert state(shell) == before


def test_unloading_leaves_no_trace_after_use(shell: InteractiveShell) -> None:
    assert shell.display_formatter is not None
    before = state(shell)
    shell.run_line_magic("load_ext", "ml4t_nb")
    shell.display_formatter.format(ListReport(()))  # type: ignore[no-untyped-call]  # IPython's
    run(shell, "%ml4t list;")

    shell.run_line_magic("unload_ext", "ml4t_nb")

    for name in set(shell.user_ns) - set(before[-1] if isinstance(before, tuple) else ()):
        del shell.user_ns[name]
    assert state(shell) == before


def test_reloading_registers_nothing_twice(notebook: InteractiveShell) -> None:
    before = state(notebook)

    for _ in range(3):
        run(notebook, "%reload_ext ml4t_nb")

    after = state(notebook)
    assert isinstance(before, tuple)
    assert isinstance(after, tuple)
    assert len(after[3]) == len(before[3]) == 1
    assert after[:3] == before[:3]


def test_the_magic_is_gone_after_unloading(notebook: InteractiveShell) -> None:
    run(notebook, "%unload_ext ml4t_nb")

    assert notebook.find_line_magic("ml4t") is None  # type: ignore[no-untyped-call]  # IPython's
    assert notebook.find_cell_magic("ml4t") is None  # type: ignore[no-untyped-call]  # IPython's


def test_standard_error_is_left_alone(loaded: InteractiveShell) -> None:
    before = sys.stderr

    run(loaded, "%ml4t update --as-of 2005-03-01")

    assert sys.stderr is before


def test_bars_later_than_the_setting_of_the_as_of_are_told_once(
    loaded: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ML4T_DATA_AS_OF", "2005-02-24")

    result, said = run(loaded, "r = %ml4t export AAPL")

    assert result.success
    assert said.count("has bars up to 2005-02-25, later than ML4T_DATA_AS_OF, 2005-02-24") == 1
