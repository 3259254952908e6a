"""A cell's words carried out: its report, its progress, its failure."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ml4t_nb.commands.exit_codes import GOOD, code_of
from ml4t_nb.commands.magic_line import lines_of, split
from ml4t_nb.commands.parser import Help, parse
from ml4t_nb.commands.spelling import spell
from ml4t_nb.commands.sql_line import is_query, query_words
from ml4t_nb.errors import Interrupted, Ml4tError, OptionError, RunFailed
from ml4t_nb.events import Observer, silent
from ml4t_nb.execution.execute import call
from ml4t_nb.execution.progress import CellBar, terminal_bar
from ml4t_nb.execution.streams import is_terminal
from ml4t_nb.model import Command
from ml4t_nb.notebook.panel_verbs import NOTEBOOK, PANELS
from ml4t_nb.notebook.result_place import keep_place
from ml4t_nb.render.run_blocks import stopped_line
from ml4t_nb.reports import ActionReport, Report, RunReport
from ml4t_nb.session_reads import noting

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ml4t_nb.notebook.panels.panel_output import PanelOutput

__all__ = ["CellResult", "carry_out"]

CellResult: TypeAlias = "Report | PanelOutput | dict[str, Any] | None"
"""A report, its document if ``--json`` was given, a panel, or nothing where help was printed."""

_PROGRAM: Final = "%ml4t"
_KEPT = "commits made so far are kept; run it again to continue"


def carry_out(
    line: str, cell: str | None, names: Mapping[str, Any], shell: InteractiveShell
) -> CellResult:
    """What a magic's line, or the last line of its cell, results in.

    Raises Ml4tError, which in a cell names the line, if one fails or a run falls short. ``names``
    are variables that the words may name.
    """
    try:
        if is_query(line):
            return _one(query_words(line, cell, names), shell)
        words = split(line, names)
        return _one(words, shell) if cell is None else _each_line(cell, words, names, shell)
    except Ml4tError as error:
        error.advice = spell(error.advice, _PROGRAM)
        raise


def _each_line(
    cell: str, shared: Sequence[str], names: Mapping[str, Any], shell: InteractiveShell
) -> CellResult:
    variable, options = _variable(shared)
    results: list[CellResult] = []
    if variable:
        # Known at once, so that a line that fails leaves what the others gave.
        shell.push({variable: results})  # type: ignore[no-untyped-call]  # IPython's
    result = None
    for number, line in lines_of(cell):
        try:
            words = split(line, names)
            if not words:
                continue
            _display(result)
            result = None
            result = _one((*words, *options), shell)
        except Ml4tError as error:
            _display(result)
            error.message = f"line {number} ({line.strip()}): {error.message}"
            raise
        results += [] if result is None else [result]
    return result


def _variable(shared: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The variable that takes the results, empty if none is named, and the options for all lines.

    They stand on the line of ``%%ml4t``.
    """
    if not shared or shared[0].startswith("-"):
        return "", shared
    name, *options = shared
    if name in NOTEBOOK.verbs:
        raise OptionError(
            f"{name!r} stands on the line of %%ml4t, which takes options for all lines",
            hint="put the verb in the first line below, or write %ml4t for a single verb",
        )
    if not name.isidentifier() or iskeyword(name):
        raise OptionError(
            f"{name!r} is no name for the variable that takes the results",
            hint="name it as in %%ml4t results, and put verbs and symbols in the lines below",
        )
    if options and not options[0].startswith("-"):
        raise OptionError(
            f"{options[0]!r} follows {name!r}, but the line of %%ml4t names one variable",
            hint="put verbs and symbols in the lines below",
        )
    return name, options


def _one(words: Sequence[str], shell: InteractiveShell) -> CellResult:
    parsed = parse(words, program=NOTEBOOK)
    if isinstance(parsed, Help):
        print(parsed.text)  # noqa: T201  # a cell's output is where help belongs
        return None
    if parsed.verb in PANELS:
        frame: PanelOutput = PANELS[parsed.verb](**parsed.arguments)
        return frame
    report = _reported(parsed, shell)
    if parsed.json:
        from ml4t_nb.render.to_json import document

        return document(report, _PROGRAM)
    return report


def _display(result: CellResult) -> None:
    from IPython.display import display

    if result is not None:
        display(result)  # type: ignore[no-untyped-call]  # IPython's


def _reported(command: Command, shell: InteractiveShell) -> Report:
    try:
        with _watcher(shell, command) as watch, noting(command.arguments.get("home")):
            report = call(command, watch=watch)
    except Interrupted as stop:
        if stop.report is not None and _is_of_many(stop.report):
            keep_place(stop.report, watch)
            _display(stop.report)
        raise
    except KeyboardInterrupt:
        raise Interrupted(
            f"{command.verb} was interrupted",
            hint=_KEPT,
        ) from None
    keep_place(report, watch)
    run = report.run if isinstance(report, ActionReport) else report
    if isinstance(run, RunReport) and code_of(run) != GOOD:
        if _is_of_many(run):
            _display(report)
        raise _failure(run)
    return report


def _is_of_many(run: RunReport) -> bool:
    return len(run.results) + len(run.left) > 1


def _failure(report: RunReport) -> RunFailed:
    if report.left:
        return RunFailed(stopped_line(report), report=report, hint=_KEPT)
    failed = [
        result.dataset.symbol
        for result in report.results
        if result.record.outcome in ("failed", "partial")
    ]
    others = len(report.results) > len(failed)
    if len(report.results) == 1 and (error := report.results[0].record.error) is not None:
        return RunFailed(error.message, report=report, hint=error.hint)
    return RunFailed(
        f"{report.verb}: {len(failed)} of {len(report.results)} failed: {', '.join(failed)}",
        report=report,
        hint=f"the report above shows why{'; the others are stored' if others else ''}",
    )


def _watcher(shell: InteractiveShell, command: Command) -> AbstractContextManager[Observer]:
    if command.quiet:
        return nullcontext(silent)
    if getattr(shell, "kernel", None) is not None:
        return closing(CellBar())
    return terminal_bar() if is_terminal(sys.stderr) else nullcontext(silent)
