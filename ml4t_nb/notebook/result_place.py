"""Where a cell shows the result of a run: in the place of its progress, which says less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ml4t_nb.execution.progress import CellBar

if TYPE_CHECKING:
    from IPython.core.formatters import DisplayFormatter

    from ml4t_nb.events import Observer
    from ml4t_nb.reports import Report

__all__ = ["forget_places", "keep_place", "put_in_place"]

_places: dict[int, tuple[Report, CellBar]] = {}
"""By the identity of each result that the cell at hand has not shown yet."""


def keep_place(report: Report, watch: Observer) -> None:
    """Remember that ``watch`` has drawn the progress of ``report``, until its cell is over."""
    if isinstance(watch, CellBar) and watch.is_drawn:
        _places[id(report)] = report, watch


def put_in_place(report: Report, formatter: DisplayFormatter) -> None:
    """Show the result where its progress is; NotImplementedError if it is to stand by itself.

    The place is taken once: what is shown again stands where it is asked for.
    """
    if id(report) not in _places:
        # By which IPython is told to display the object as any other.
        raise NotImplementedError
    _, bar = _places.pop(id(report))
    bundle: dict[str, Any]
    bundle, _ = formatter.format(report)  # type: ignore[no-untyped-call]  # IPython's
    bar.replace(bundle)


def forget_places() -> None:
    """The cell is over: what it has not shown will not be shown there."""
    _places.clear()
