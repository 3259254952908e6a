"""``%ml4t`` and ``%%ml4t``: a verb's words in a cell, its report as the cell's result."""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, get_args

from ml4t_nb.errors import Ml4tError, OptionError, RunFailed
from ml4t_nb.events import Observer, silent
from ml4t_nb.faces.commands import GOOD, call, code_of
from ml4t_nb.faces.completion import complete_cell
from ml4t_nb.faces.lines import split
from ml4t_nb.faces.parser import Command, Help, parse
from ml4t_nb.faces.progress import CellBar, terminal_bar
from ml4t_nb.reports import Report, RunReport

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.lib.pretty import RepresentationPrinter

__all__ = ["load_ipython_extension", "ml4t", "unload_ipython_extension"]

_PROGRAM = "%ml4t"
_REPORTS = tuple((each.__module__, each.__qualname__) for each in get_args(Report))


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Give ``ipython`` the magics, their completion and the reports' pictures."""
    from IPython.core.completer import context_matcher
    from IPython.core.magic import needs_local_scope, no_var_expand

    unload_ipython_extension(ipython)
    magic: Any = ml4t
    for mark in (no_var_expand, needs_local_scope):
        magic = mark(magic)
    ipython.register_magic_function(magic, magic_kind="line_cell", magic_name="ml4t")
    decorate: Any = context_matcher
    matcher = decorate(priority=100, identifier="ml4t_nb")(complete_cell)
    ipython.Completer.custom_matchers.append(matcher)
    for mime, module, name, show in _pictures():
        _formatters(ipython)[mime].for_type_by_name(module, name, show)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Take away what loading gave, and nothing else."""
    manager = ipython.magics_manager
    for kind in ("line", "cell"):
        manager.magics[kind].pop("ml4t", None)
    if "ml4t" in vars(manager.user_magics):
        del manager.user_magics.ml4t
    # By module, not by identity: the function that was registered may be one of an older import.
    matchers = ipython.Completer.custom_matchers
    matchers[:] = [each for each in matchers if each.__module__ != complete_cell.__module__]
    for mime, module, name, _ in _pictures():
        _formatters(ipython)[mime].pop(f"{module}.{name}", None)


def ml4t(
    line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
) -> Report | dict[str, Any] | None:
    """Load market history, keep it current, and see whether it can be trusted.

    ``%ml4t VERB ...`` gives the verb's report: ``r = %ml4t health``. ``%ml4t --help`` lists the
    verbs, ``%ml4t VERB --help`` a verb's options. ``%%ml4t`` takes one verb a line and stops at
    the first that fails; options on its own line hold for every line.

    ``$name`` and ``{name}`` stand for a variable, and a list for several symbols:
    ``%ml4t update {symbols}``.
    """
    from IPython import get_ipython

    shell = get_ipython()
    assert shell is not None  # a magic runs in a shell
    names = ChainMap(dict(local_ns or {}), shell.user_ns)
    if cell is None:
        return _carry_out(split(line, names), shell)
    return _carry_out_lines(cell, _shared(split(line, names)), names, shell)


def _shared(words: Sequence[str]) -> tuple[str, ...]:
    if words and not words[0].startswith("-"):
        raise OptionError(
            f"{words[0]!r} stands on the line of %%ml4t, which takes options for all lines",
            hint="put the verb in the first line below, or write %ml4t for a single verb",
        )
    return tuple(words)


def _carry_out_lines(
    cell: str, shared: Sequence[str], names: Mapping[str, Any], shell: InteractiveShell
) -> Report | dict[str, Any] | None:
    from IPython.display import display

    result = None
    for number, line in enumerate(cell.splitlines(), start=1):
        try:
            words = split(line, names)
            if not words:
                continue
            if result is not None:
                display(result)  # type: ignore[no-untyped-call]  # IPython's
                result = None
            result = _carry_out((*words, *shared), shell)
        except Ml4tError as error:
            error.message = f"line {number} ({line.strip()}): {error.message}"
            raise
    return result


def _carry_out(words: Sequence[str], shell: InteractiveShell) -> Report | dict[str, Any] | None:
    parsed = parse(words, program=_PROGRAM)
    if isinstance(parsed, Help):
        print(parsed.text)  # noqa: T201  # a cell's output is where help belongs
        return None
    report = _reported(parsed, shell)
    if parsed.json:
        from ml4t_nb.faces.document import document

        return document(report)
    return report


def _reported(command: Command, shell: InteractiveShell) -> Report:
    from IPython.display import display

    try:
        with _watched(shell, command) as watch:
            report = call(command, watch=watch)
    except KeyboardInterrupt:
        raise Ml4tError(
            f"{command.verb} was interrupted",
            hint="what was committed is kept; run it again to go on",
        ) from None
    if isinstance(report, RunReport) and code_of(report) != GOOD:
        failure = _failure(report)
        if len(report.results) + len(report.left) > 1:
            display(report)  # type: ignore[no-untyped-call]  # IPython's
        raise failure
    return report


def _failure(report: RunReport) -> RunFailed:
    from ml4t_nb.faces.outcomes import summary_line

    if report.left:
        hint = "what is committed is kept; run it again to go on"
        return RunFailed(summary_line(report), report=report, hint=hint)
    failed = [
        result.dataset.symbol
        for result in report.results
        if result.record.outcome in ("failed", "partial")
    ]
    if len(report.results) == 1 and (error := report.results[0].record.error) is not None:
        return RunFailed(error.message, report=report, hint=error.hint)
    return RunFailed(
        f"{report.verb}: {len(failed)} of {len(report.results)} failed: {', '.join(failed)}",
        report=report,
        hint="the report above says why; the others are stored",
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
    elif sys.stderr.isatty():
        with terminal_bar() as watch:
            yield watch
    else:
        yield silent


def _formatters(ipython: InteractiveShell) -> Mapping[str, Any]:
    assert ipython.display_formatter is not None  # every shell has made its own by now
    formatters: Mapping[str, Any] = ipython.display_formatter.formatters
    return formatters


def _pictures() -> Iterator[tuple[str, str, str, Callable[..., Any]]]:
    for mime, show in (("text/plain", _print_plain), ("text/html", _html)):
        for module, name in _REPORTS:
            yield mime, module, name, show


def _print_plain(report: Report, printer: RepresentationPrinter, cycle: bool) -> None:  # noqa: FBT001  # IPython's signature
    from ml4t_nb.faces.render import as_text

    del cycle  # a report holds no report
    words = as_text(report, width=get_terminal_size().columns).rstrip("\n")
    printer.text(words)  # type: ignore[no-untyped-call]  # IPython's


def _html(report: Report) -> str:
    from ml4t_nb.faces.render import as_html

    return as_html(report)
