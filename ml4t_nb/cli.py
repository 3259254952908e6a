# PYTHON_ARGCOMPLETE_OK
"""``ml4t-data``: results on standard output, all else on standard error, an exit code for cron."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from shutil import get_terminal_size

from ml4t_nb.commands import exit_codes
from ml4t_nb.commands.dashboard import Dashboard
from ml4t_nb.commands.declaration import SHELL, VERBS
from ml4t_nb.commands.parser import Help, parse
from ml4t_nb.commands.schedule import Schedule
from ml4t_nb.commands.serving import Serving
from ml4t_nb.commands.watch import Watch
from ml4t_nb.errors import OUTAGES, Interrupted, Ml4tError, OptionError
from ml4t_nb.events import Observer, silent
from ml4t_nb.execution.streams import is_terminal, let_go, notes_shown, ready, say, terminable
from ml4t_nb.interruption import given_up
from ml4t_nb.model import Command, DatasetId
from ml4t_nb.records import ErrorNote
from ml4t_nb.reports import (
    ActionReport,
    BackupReport,
    CheckBackupReport,
    CheckReport,
    ExportReport,
    HealthReport,
    PlotReport,
    RemoveReport,
    Report,
    RunReport,
)
from ml4t_nb.verbs.formats import csv_of

__all__ = ["main"]

_SILENT = (
    HealthReport,
    CheckReport,
    RemoveReport,
    ExportReport,
    PlotReport,
    BackupReport,
    CheckBackupReport,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command line, that of the process if none is given; the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    if "_ARGCOMPLETE" in os.environ:
        from ml4t_nb.commands.completion import complete_shell

        complete_shell()
    ready()
    quiet = not {"-q", "--quiet"}.isdisjoint(words)
    with terminable() as terminated, notes_shown(SHELL.name, quiet=quiet):
        code = _code(words)
    # What could not be written is not tried again as the interpreter ends.
    say("")
    if terminated.is_set() and code == exit_codes.INTERRUPTED:
        code = exit_codes.TERMINATED
    if argv is None and given_up():
        # The end of the interpreter may wait for a library that still waits, or stop it midway.
        os._exit(code)
    return code


def _code(words: Sequence[str]) -> int:
    try:
        return _carried_out(words)
    except Ml4tError as error:
        if "--json" in words:
            from ml4t_nb.render.to_json import error_json

            _put(error_json(next((w for w in words[:1] if w in VERBS), None), error))
        _complain(error.note)
        return exit_codes.code_of_error(error)
    except KeyboardInterrupt:
        hint = "commits made so far are kept; run it again to continue"
        _complain(ErrorNote("KeyboardInterrupt", "interrupted", hint))
        return exit_codes.INTERRUPTED


def _carried_out(words: Sequence[str]) -> int:
    parsed = parse(words)
    if isinstance(parsed, Help):
        if parsed.asked:
            return exit_codes.GOOD if _put(parsed.text) else exit_codes.FAILED
        say(parsed.text)
        return exit_codes.USAGE
    if parsed.verb not in VERBS:
        return _of_shell(SHELL.verbs[parsed.verb](**parsed.arguments))
    try:
        report = _called(parsed)
    except Interrupted as stop:
        if stop.report is None:
            raise
        report = stop.report
    return _told(report, parsed)


def _of_shell(asked: Dashboard | Schedule | Serving | Watch) -> int:
    """What is no verb, but a command of the shell alone."""
    match asked:
        case Schedule():
            from ml4t_nb.execution.schedule import scheduled

            return exit_codes.GOOD if _put(scheduled(asked)) else exit_codes.FAILED
        case Serving():
            from ml4t_nb.server.alone import serve_alone

            serve_alone(asked, told=_put)
            return exit_codes.GOOD
        case Watch():
            from ml4t_nb.execution.watch import keep_current

            return keep_current(
                asked,
                carry_out=_called,
                tell=_told,
                complain=lambda error: _complain(error.note),
            )
        case Dashboard():
            from ml4t_nb.execution.dashboard_server import serve

            serve(asked, told=_put)
            return exit_codes.GOOD


def _called(command: Command) -> Report:
    from ml4t_nb.execution.execute import call

    with _progress(command) as watch:
        return call(command, watch=watch, tells=True)


def _told(report: Report, parsed: Command) -> int:
    """Print the report; its exit code."""
    code = exit_codes.code_of(report)
    if nothing := _nothing_found(report):
        _complain(nothing)
        code = exit_codes.FAILED
    if not parsed.json and (error := _only_error(report)):
        _complain(error, *_undelivered(report))
        return code
    spoken = "" if nothing and not parsed.json else _spoken(report, parsed)
    if parsed.quiet and not parsed.json and code != exit_codes.GOOD:
        for reason in _reasons(report):
            _complain(reason)
    return code if _put(spoken) else code or exit_codes.FAILED


def _nothing_found(report: Report) -> ErrorNote | None:
    """What is printed where there was nothing to work on: cron takes silence for success."""
    match report:
        case RunReport(verb="update", results=(), left=(), waiting=None | 0, allow_empty=False):
            what = "update found no dataset"
        case HealthReport(datasets=(), allow_empty=False):
            what = "health found no dataset"
        case _:
            return None
    hint = (
        "check the path, and that its disk is mounted; use --allow-empty if nothing is stored there"
    )
    return ErrorNote("StoreNotFound", f"{what} in {report.home}", hint)


def _only_error(report: Report) -> ErrorNote | None:
    """The error of a run that did nothing for one reason: there is nothing to show but it."""
    if not isinstance(report, RunReport) or not report.results:
        return None
    errors = [result.record.error for result in report.results]
    if any(result.record.outcome != "failed" for result in report.results):
        return None
    if len(errors) == 1 and not report.left:
        return errors[0]
    if not report.left or not all(map(_is_outage, errors)):
        return None
    from ml4t_nb.render.run_blocks import stopped_line

    return ErrorNote("RunFailed", stopped_line(report), "try again later")


def _undelivered(report: Report) -> Iterator[ErrorNote]:
    """Why messages about a run did not arrive."""
    from ml4t_nb.render.notify_blocks import undelivered_notes

    if isinstance(report, RunReport):
        for each in undelivered_notes(report):
            yield ErrorNote("", each.text)


def _is_outage(error: ErrorNote | None) -> bool:
    return error is not None and error.type in OUTAGES


def _reasons(report: Report) -> Iterator[ErrorNote]:
    """Why a run or a check fell short, one sentence for each dataset: its bare rows do not say."""
    run = report.run if isinstance(report, ActionReport) else report
    yield from _found_by_check(run)
    if isinstance(run, BackupReport | CheckBackupReport):
        from ml4t_nb.render.backup_blocks import shortcomings

        for line in shortcomings(run):
            yield ErrorNote("StoreError", line)
    elif isinstance(run, RunReport):
        yield from _reasons_of_run(run)
    if isinstance(report, ActionReport):
        for unread in report.failed:
            yield _named(unread.error, unread.dataset)


def _reasons_of_run(run: RunReport) -> Iterator[ErrorNote]:
    for result in run.results:
        error = result.record.error
        # Where an outage ended the run, the line about the run says so for all of them.
        if error is not None and not (run.left and _is_outage(error)):
            yield _named(error, result.dataset)
    if run.left:
        from ml4t_nb.render.run_blocks import stopped_line

        yield ErrorNote("RunFailed", stopped_line(run), "run it again to continue")


def _found_by_check(report: Report | None) -> Iterator[ErrorNote]:
    """What a check was to fail on."""
    if isinstance(report, HealthReport):
        for each in exit_codes.failing(report):
            yield ErrorNote(each.state, f"{each.dataset}: {each.reason}", each.step)
    elif isinstance(report, CheckReport):
        from ml4t_nb.render.check_blocks import difference_words

        for moved in report.moved:
            yield ErrorNote(moved.state, f"{moved.dataset}: {difference_words(moved)}")


def _named(error: ErrorNote, dataset: DatasetId) -> ErrorNote:
    is_named = error.message.startswith(str(dataset))
    return error if is_named else replace(error, message=f"{dataset}: {error.message}")


def _progress(command: Command) -> AbstractContextManager[Observer]:
    if command.quiet:
        return nullcontext(silent)
    from ml4t_nb.execution.progress import LogLines, terminal_bar

    if is_terminal(sys.stderr):
        return terminal_bar()
    return nullcontext(LogLines(lambda line: say(f"{SHELL.name}: {line}\n")))


def _spoken(report: Report, command: Command) -> str:
    if command.json:
        from ml4t_nb.render.to_json import report_json  # imports as much as all the rest

        return report_json(report)
    from ml4t_nb.render.text import report_news, report_rows, report_text

    if isinstance(report, ExportReport) and (command.quiet or report.out is None):
        # Standard output has the bars, or nothing.
        for each in report.skipped:
            _complain(ErrorNote("", f"{each.symbol} left out: {each.reason}"))
        return "" if report.printed is None else csv_of(report.printed)
    if isinstance(report, PlotReport) and report.out is None:
        raise OptionError(
            "a shell cannot show a figure",
            hint=f"write it to a page: --out {command.arguments['symbol'][0].strip('^=/')}.html",
        )
    if command.quiet and isinstance(report, RunReport):
        return report_news(report)
    if command.quiet:
        return "" if isinstance(report, _SILENT) else report_rows(report)
    is_seen = is_terminal(sys.stdout)
    return report_text(
        report,
        width=get_terminal_size().columns if is_seen else None,
        colour=is_seen and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb",
    )


def _put(text: str) -> bool:
    """Write to standard output; False if its reader closed it early."""
    if not text:
        return True
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        let_go(sys.stdout)
    except OSError as error:
        let_go(sys.stdout)
        _complain(ErrorNote("OSError", f"standard output cannot be written: {error.strerror}"))
        return False
    return True


def _complain(*errors: ErrorNote) -> None:
    """What went wrong and what to do next, on one line each."""
    from ml4t_nb.commands.spelling import spell
    from ml4t_nb.render.format import plain

    for error in errors:
        hint = spell(error.hint, SHELL.name)
        sentence = f"{error.message} ({hint})" if hint else error.message
        say(f"{SHELL.name}: {plain(sentence).replace(chr(10), ' ')}\n")
