"""What a run changed of stored bars, read from the store's revisions when the run is shown."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

from ml4t_nb.errors import Ml4tError
from ml4t_nb.model import DatasetId
from ml4t_nb.notebook.panels.panel_command import ask, of_dataset
from ml4t_nb.records import UpdateResult
from ml4t_nb.reports import ActionReport, PlotReport, Report, RunReport

__all__ = ["changes_of"]

_MOST = 3  # of a thousand datasets that were restated nobody looks at every picture
_MOST_BARS = 1_000_000  # a picture is to be there at once


def changes_of(report: Report) -> dict[DatasetId, PlotReport]:
    """What the run changed of the first few datasets, restated ones first, to be drawn.

    Of one that cannot be read any more there is none: it was removed, or changed by other tools.
    """
    run = report.run if isinstance(report, ActionReport) else report
    if not isinstance(run, RunReport):
        return {}
    changed = sorted(filter(_is_changed, run.results), key=lambda each: not _is_restated(each))
    where = {} if run.home is None else {"home": run.home}
    found = {}
    for each in islice(changed, _MOST):
        with suppress(Ml4tError):
            found[each.dataset] = ask(
                PlotReport, "plot", run=each.record.version, **of_dataset(each.dataset), **where
            )
    return found


def _is_restated(result: UpdateResult) -> bool:
    return result.record.restatement is not None


def _is_changed(result: UpdateResult) -> bool:
    """Whether stored values differ now, and not too many to be read at once."""
    record = result.record
    has_changed = record.revised > 0 or _is_restated(result)
    return bool(record.version and has_changed and result.rows <= _MOST_BARS)
