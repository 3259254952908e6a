"""What ``sync`` says besides its run: where the universes are declared, and what is in none."""

from __future__ import annotations

from collections.abc import Iterator

from ml4t_nb.render.format import first_of, many
from ml4t_nb.render.layout import Block, Note
from ml4t_nb.render.run_blocks import run_blocks
from ml4t_nb.report_parts import LoadAttempt
from ml4t_nb.reports import SyncReport

__all__ = ["sync_blocks"]

_SHOWN = 3


def sync_blocks(report: SyncReport) -> Iterator[Block]:
    """The run, and what else there is to know."""
    yield from run_blocks(report)
    yield [*_notes(report)]


def _notes(report: SyncReport) -> Iterator[Note]:
    if report.unloaded:
        number = many(len(report.unloaded), "dataset")
        reasons = (f"{each.dataset.symbol}: {_reason(each)}" for each in report.unloaded)
        yield Note(
            f"{number} declared and still not loaded: {'; '.join(first_of(reasons, _SHOWN))}"
        )
    if report.undeclared:
        names = ", ".join(first_of(map(str, report.undeclared), _SHOWN))
        number = many(len(report.undeclared), "dataset")
        yield Note(f"{number} stored and in no universe: {names}")
    if report.verbose:
        named = ", ".join(f"{name} ({many(size, 'symbol')})" for name, size in report.universes)
        yield Note(f"universes of {report.declared_in}: {named}")


def _reason(attempt: LoadAttempt) -> str:
    return "" if attempt.error is None else attempt.error.message
