"""``%ml4t`` and ``%%ml4t``: given to a shell, and taken away again."""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ml4t_nb.notebook.notebook_file import notebook_file
from ml4t_nb.session_reads import begin_session, current_session, end_session

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell
    from IPython.lib.pretty import RepresentationPrinter

    from ml4t_nb.notebook.magic_cell import CellResult
    from ml4t_nb.reports import PlotReport, Report

__all__ = ["load_ipython_extension", "ml4t", "unload_ipython_extension"]

_KERNEL_WIDTH = 100

# By name, since importing the reports would make loading the extension slower than it need be.
_MODULES = {
    "ml4t_nb.run_reports": ("RunReport", "SyncReport", "PlanReport"),
    "ml4t_nb.reports": (
        "HealthReport", "ListReport", "GapsReport", "ReviewReport", "HistoryReport",
        "CompareReport", "ExportReport", "SqlReport", "RemoveReport", "ProvidersReport",
        "NotifyReport", "PinsReport",
    ),
    "ml4t_nb.backups": ("BackupReport", "CheckBackupReport"),
    "ml4t_nb.check_reports": ("CheckReport",),
}  # fmt: skip
"""Reports by the module that defines them, which is what a formatter goes by."""
_REPORTS = tuple(name for names in _MODULES.values() for name in names)
_FIGURES = ("PlotReport",)


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Give ``ipython`` the magics, their completion and the reports' pictures."""
    from IPython.core.completer import context_matcher
    from IPython.core.magic import needs_local_scope, no_var_expand

    unload_ipython_extension(ipython)
    magic: Any = ml4t
    for mark in (no_var_expand, needs_local_scope):
        magic = mark(magic)
    register = cast("Callable[..., None]", ipython.register_magic_function)
    register(magic, magic_kind="line_cell", magic_name="ml4t")
    matcher = context_matcher(priority=100, identifier="ml4t_nb")(_complete)
    ipython.Completer.custom_matchers.append(matcher)
    for formatter, name, show in _pictures(ipython):
        formatter.for_type_by_name(_module_of(name), name, show)
    register_event = cast("Callable[..., None]", ipython.events.register)
    register_event("pre_run_cell", _before_cell)
    register_event("post_run_cell", _after_cell)
    begin_session(partial(notebook_file, ipython.user_ns))


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Take away what loading gave, and nothing else."""
    manager = ipython.magics_manager
    for kind in ("line", "cell"):
        manager.magics[kind].pop("ml4t", None)
    if "ml4t" in vars(manager.user_magics):
        del manager.user_magics.ml4t
    # By module, not by identity: the function that was registered may be one of an older import.
    matchers = ipython.Completer.custom_matchers
    matchers[:] = [each for each in matchers if each.__module__ != _complete.__module__]
    for event in ("pre_run_cell", "post_run_cell"):
        heard = ipython.events.callbacks[event]
        heard[:] = [each for each in heard if each.__module__ != _after_cell.__module__]
    end_session()
    for formatter, name, _ in _pictures(ipython):
        formatter.pop(f"{_module_of(name)}.{name}", None)


def ml4t(
    line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
) -> CellResult:
    """Load market history, keep it current, and see whether it can be trusted.

    ``%ml4t --help`` lists the verbs, ``%ml4t VERB --help`` the options of one. The Tab key
    completes verbs, options, values, stored symbols and dates.

    Examples
    --------
    ::

        %ml4t load AAPL MSFT --start 2015-01-01     # from the default provider
        %ml4t update                                # all that is stored
        r = %ml4t health                            # a result is a value:
        r.to_frame()                                # ... its rows as a DataFrame
        %ml4t plot AAPL --start 2024-01-01
        %ml4t update {symbols}                      # a list inserts several symbols,
        %ml4t export $symbol --out {symbol}.csv     # $name and {name} any variable
        %ml4t panel                                 # the same with forms and buttons

        %%ml4t results --as-of 2024-06-10           # one verb a line; the variable takes
        update                                      # all results, the options hold for
        health                                      # every line
    """
    from IPython import get_ipython

    from ml4t_nb.notebook.magic_cell import carry_out

    shell = get_ipython()
    assert shell is not None  # a magic runs in a shell
    return carry_out(line, cell, ChainMap(dict(local_ns or {}), shell.user_ns), shell)


def _complete(context: CompletionContext) -> SimpleMatcherResult:
    from ml4t_nb.notebook.cell_completion import complete_cell

    return complete_cell(context)


def _before_cell(info: ExecutionInfo) -> None:
    if session := current_session():
        # A terminal's cell has no name of its own, nor has one that nbconvert runs.
        session.begin(f"{info.cell_id or info.raw_cell}")


def _after_cell(result: ExecutionResult) -> None:
    if session := current_session():
        session.end()
    # What was never imported has nothing to be told.
    if charts := sys.modules.get("ml4t_nb.notebook.panels.live_chart"):
        for chart in tuple(charts.CHARTS):
            chart.look_again()
    is_interrupted = isinstance(result.error_in_exec, KeyboardInterrupt)
    # Where no job was ever made, there is nothing to import for it.
    if is_interrupted and "ml4t_nb.execution.jobs" in sys.modules:
        from ml4t_nb.notebook.after_interrupt import say_what_goes_on

        say_what_goes_on()
    if "ml4t_nb.notebook.result_place" in sys.modules:
        from ml4t_nb.notebook.result_place import forget_places

        forget_places()


def _module_of(report: str) -> str:
    """The module that defines the report; a figure's is that of most reports."""
    found = (module for module, names in _MODULES.items() if report in names)
    return next(found, "ml4t_nb.reports")


def _pictures(ipython: InteractiveShell) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """For each formatter and each report that it formats, the function that does."""
    display = ipython.display_formatter
    assert display is not None  # every shell has made its own by now
    pages = _has_pages(ipython)
    for names, formatter, show in (
        ((*_REPORTS, *_FIGURES), display.formatters["text/plain"], _print_plain),
        (_REPORTS, display.formatters["text/html"], _html),
        (_FIGURES, display.mimebundle_formatter, _figure),
        (_FIGURES if pages else (), display.ipython_display_formatter, _live),
        (_REPORTS if pages else (), display.ipython_display_formatter, _in_place),
    ):
        for name in names:
            yield formatter, name, show


def _has_pages(ipython: InteractiveShell) -> bool:
    """Whether what is displayed may get to a page, as from a kernel's shell."""
    return getattr(ipython, "kernel", None) is not None


def _print_plain(report: Report, printer: RepresentationPrinter, cycle: bool) -> None:  # noqa: FBT001  # IPython's signature
    from shutil import get_terminal_size

    from IPython import get_ipython

    from ml4t_nb.render.text import report_text

    del cycle  # a report holds no report
    # A kernel's terminal is the one its server was started from: no reader looks at that.
    shell = get_ipython()
    is_kernel = shell is not None and _has_pages(shell)
    width = _KERNEL_WIDTH if is_kernel else get_terminal_size().columns
    words = report_text(report, width=width, program="%ml4t").rstrip("\n")
    printer.text(words)  # type: ignore[no-untyped-call]  # IPython's


def _html(report: Report) -> str:
    from ml4t_nb.notebook.run_changes import changes_of
    from ml4t_nb.render.html import report_html

    return report_html(report, changes_of(report))


def _in_place(report: Report) -> None:
    """A result in the place of its progress; any other as the other formatters have it."""
    from IPython import get_ipython

    from ml4t_nb.notebook.result_place import put_in_place

    shell = get_ipython()
    assert shell is not None  # it formats
    assert shell.display_formatter is not None
    put_in_place(report, shell.display_formatter)


def _figure(report: PlotReport, include: object = None, exclude: object = None) -> dict[str, Any]:
    """The figure for a front end with plotly's program, and a still picture for all others."""
    from IPython import get_ipython

    from ml4t_nb.render.plots.figures import bundle_of

    del include, exclude  # the front end chooses
    shell = get_ipython()
    # A terminal shows one line, and should not wait for plotly to draw what it cannot show.
    is_terminal = shell is not None and shell.display_formatter.active_types == ["text/plain"]
    return {} if is_terminal else bundle_of(report)


def _live(report: PlotReport) -> None:
    """A chart that lives beside its kernel; of what is none, the figure."""
    from IPython.display import display

    from ml4t_nb.notebook.panels.plot_panel import is_alive, plot_output
    from ml4t_nb.render.text import report_text

    if is_alive(report):
        display(plot_output(report))  # type: ignore[no-untyped-call]  # IPython's
        return
    words = report_text(report, width=_KERNEL_WIDTH, program="%ml4t").rstrip("\n")
    bundle = {**_figure(report), "text/plain": words}
    display(bundle, raw=True)  # type: ignore[no-untyped-call]  # IPython's
