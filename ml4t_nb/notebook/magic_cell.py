"""A cell's words carried out: its report, its progress, its failure."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ml4t_nb.commands.exit_codes import GOOD, code_of
from ml4t_nb.commands.magic_line import lines_of, split
from ml4t_nb.commands.parser import Help, parse
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Interrupted, Ml4tError, OptionError, RunFailed
from ml4t_nb.events import Observer, silent
from ml4t_nb.execution.execute import call
from ml4t_nb.execution.progress import CellBar, terminal_bar
from ml4t_nb.execution.streams import is_terminal
from ml4t_nb.model import Command
from ml4t_nb.notebook.panel_verbs import NOTEBOOK, PANELS
from ml4t_nb.render.run_blocks import summary_line
from ml4t_nb.reports import GapsReport, Report, RunReport

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ml4t_nb.notebook.panels.panel_output import PanelOutput

__all__ = ["CellResult", "carry_out"]

CellResult: TypeAlias = "Report | PanelOutput | dict[str, Any] | None"
"""A report, its document if ``--json`` was given, a panel, or nothing where help was printed."""

_PROGRAM: Final = "%ml4t"


def carry_out(
    line: str, cell: str | None, names: Mapping[str, Any], shell: InteractiveShell
) -> CellResult:
    """What a magic's line, or the last line of its cell, results in.

    Parameters
    ----------
    names
        Variables that the words may name.

    Raises
    ------
    Ml4tError
        If a line fails, or a run falls short; in a cell it names the line.
    """
    try:
        if cell is None:
            return _one(split(line, names), shell)
        return _each_line(cell, _shared(split(line, names)), names, shell)
    except Ml4tError as error:
        error.advice = spell(error.advice, _PROGRAM)
        raise


def _shared(words: Sequence[str]) -> tuple[str, ...]:
    if words and not words[0].startswith("-"):
        raise OptionError(
            f"{words[0]!r} stands on the line of %%ml4t, which takes options for all lines",
            hint="put the verb in the first line below, or write %ml4t for a single verb",
        )
    return tuple(words)


def _each_line(
    cell: str, shared: Sequence[str], names: Mapping[str, Any], shell: InteractiveShell
) -> CellResult:
    from IPython.display import display

    result = None
    for number, line in lines_of(cell):
        try:
            words = split(line, names)
            if not words:
                continue
            if result is not None:
                display(result)  # type: ignore[no-untyped-call]  # IPython's
                result = None
            result = _one((*words, *shared), shell)
        except Ml4tError as error:
            if result is not None:
                display(result)  # type: ignore[no-untyped-call]  # IPython's
            error.message = f"line {number} ({line.strip()}): {error.message}"
            raise
    return result


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


def _reported(command: Command, shell: InteractiveShell) -> Report:
    from IPython.display import display

    try:
        with _watched(shell, command) as watch:
            report = call(command, watch=watch)
    except Interrupted as stop:
        if stop.report is not None and len(stop.report.results) + len(stop.report.left) > 1:
            display(stop.report)  # type: ignore[no-untyped-call]  # IPython's
        raise
    except KeyboardInterrupt:
        raise Interrupted(
            f"{command.verb} was interrupted",
            hint="commits made so far are kept; run it again to continue",
        ) from None
    run = report.run if isinstance(report, GapsReport) else report
    if isinstance(run, RunReport) and code_of(run) != GOOD:
        failure = _failure(run)
        if len(run.results) + len(run.left) > 1:
            display(report)  # type: ignore[no-untyped-call]  # IPython's
        raise failure
    return report


def _failure(report: RunReport) -> RunFailed:
    if report.left:
        hint = "commits made so far are kept; run it again to continue"
        return RunFailed(summary_line(report), report=report, hint=hint)
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
        hint=f"the report above says why{'; the others are stored' if others else ''}",
    )


@contextmanager
def _watched(shell: InteractiveShell, command: Command) -> Iterator[Observer]:
    if command.quiet:
        yield silent
    elif getattr(shell, "kernel", None) is not None:
        bar = CellBar()
        try:
            yield bar
        finally:
            bar.close()
    elif is_terminal(sys.stderr):
        with terminal_bar() as watch:
            yield watch
    else:
        yield silent
