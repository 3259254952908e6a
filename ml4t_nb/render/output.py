"""A report as text, HTML or JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ml4t_nb.commands.declaration import ProgramName
from ml4t_nb.errors import Ml4tError
from ml4t_nb.render import html, text
from ml4t_nb.render.layout import Lines
from ml4t_nb.render.report_blocks import blocks
from ml4t_nb.render.run_blocks import news
from ml4t_nb.reports import ExportReport, Report, RunReport
from ml4t_nb.verbs.formats import csv_of

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = [
    "error_json",
    "report_csv",
    "report_html",
    "report_json",
    "report_news",
    "report_rows",
    "report_text",
]

_SHOWN = 10


def report_text(
    report: Report,
    *,
    width: int | None = None,
    colour: bool = False,
    program: ProgramName = "ml4t-data",
) -> str:
    """Tables and sentences, ended by a newline.

    Parameters
    ----------
    width
        Columns to stay within; None for as many as it takes.
    colour
        Whether terminal codes may set off headings.
    program
        What the reader types the next steps into.
    """
    words = text.as_text(blocks(report), width=width, colour=colour, program=program)
    if isinstance(report, ExportReport) and report.out is None:
        return f"{words}{report.bars.to_string(max_rows=_SHOWN, line_width=width)}\n"
    return words


def report_rows(report: Report) -> str:
    """The rows alone, tab-separated."""
    return text.as_tsv(blocks(report))


def report_news(report: RunReport) -> str:
    """What a run found that the next one will not tell again, one line each; empty if nothing."""
    notes = tuple(news(report))
    return text.as_text([Lines(notes)]) if notes else ""


def report_html(report: Report) -> Markup:
    """Tables and sentences for a notebook."""
    words = html.as_html(blocks(report))
    if isinstance(report, ExportReport) and report.out is None:
        from markupsafe import Markup

        words += Markup(report.bars.to_html(max_rows=_SHOWN, border=0))  # noqa: S704  # of numbers
    return words


def report_csv(report: ExportReport) -> str:
    """Bars as CSV: ISO 8601 stamps, and numbers with all the digits that give them back."""
    return csv_of(report.bars)


def report_json(report: Report) -> str:
    """One JSON document, ended by a newline."""
    from ml4t_nb.render.to_json import document  # takes as long to import as all other values

    return _dump(document(report, "ml4t-data"))


def error_json(verb: str | None, error: Ml4tError) -> str:
    """The document of an error that left no report."""
    from ml4t_nb.render.to_json import error_document

    return _dump(error_document(verb, error, "ml4t-data"))


def _dump(value: dict[str, object]) -> str:
    # ASCII survives whatever encoding the reader's pipe has.
    return json.dumps(value, indent=2, allow_nan=False) + "\n"
