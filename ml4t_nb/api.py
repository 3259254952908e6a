"""The verbs as plain functions, on the workspace of this process' settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast

from ml4t_nb import verbs
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import Ml4tError
from ml4t_nb.execution.telling import told
from ml4t_nb.hints import at_home
from ml4t_nb.reports import PlotReport, RunReport, SqlReport
from ml4t_nb.session_reads import noting
from ml4t_nb.workspace import Workspace

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _bound(verb: Callable[Concatenate[Workspace, _P], _R]) -> Callable[_P, _R]:
    """``verb`` without its workspace, which is opened at each call."""

    @wraps(verb)
    def call(*args: _P.args, **options: _P.kwargs) -> _R:
        workspace = Workspace.open()
        try:
            with noting(options.get("home")):
                report = verb(workspace, *args, **options)
        except Ml4tError as error:
            home = workspace.settings.home
            with suppress(Ml4tError):
                # What was given may be no folder.
                home = workspace.at(options.get("home")).settings.home  # type: ignore[arg-type]  # likewise
            error.advice = spell(at_home(error.advice, home), "ml4t_nb")
            raise
        if isinstance(report, RunReport) and report.notify:
            return cast("_R", told(workspace, report, by_default=False))
        return report

    signature = inspect.signature(verb)
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]  # read by inspect
        parameters=list(signature.parameters.values())[1:]
    )
    return call


def _drawn(verb: Callable[_P, PlotReport]) -> Callable[_P, Figure]:
    """``verb``, whose report is drawn, and written to its ``out``."""

    @wraps(verb)
    def call(*args: _P.args, **options: _P.kwargs) -> Figure:
        from ml4t_nb.render.plots.figures import figure_of, write_page

        report = verb(*args, **options)
        if report.out is not None:
            write_page(report)
        return figure_of(report)

    drawn = inspect.signature(verb).replace(return_annotation="Figure")
    call.__signature__ = drawn  # type: ignore[attr-defined]  # read by inspect
    return call


def _framed(verb: Callable[_P, SqlReport]) -> Callable[_P, DataFrame]:
    """``verb``, whose report is a frame with all rows."""

    @wraps(verb)
    def call(*args: _P.args, **options: _P.kwargs) -> DataFrame:
        return verb(*args, **options).to_frame()

    framed = inspect.signature(verb).replace(return_annotation="pandas.DataFrame")
    call.__signature__ = framed  # type: ignore[attr-defined]  # read by inspect
    return call


load = _bound(verbs.load)
update = _bound(verbs.update)
sync = _bound(verbs.sync)
health = _bound(verbs.health)
list_ = _bound(verbs.list_)
gaps = _bound(verbs.gaps)
review = _bound(verbs.review)
history = _bound(verbs.history)
undo = _bound(verbs.undo)
plot = _drawn(_bound(verbs.plot))
compare = _bound(verbs.compare)
reconcile = _bound(verbs.reconcile)
archive = _bound(verbs.archive)
recompress = _bound(verbs.recompress)
rechunk = _bound(verbs.rechunk)
export = _bound(verbs.export)
end = _bound(verbs.end)
rename = _bound(verbs.rename)
remove = _bound(verbs.remove)
# A bare ``providers`` is the package's own folder of that name.
providers_ = _bound(verbs.providers)
notify = _bound(verbs.notify)
pin = _bound(verbs.pin)
pins = _bound(verbs.pins)
backup = _bound(verbs.backup)
check_backup = _bound(verbs.check_backup)
check = _bound(verbs.check)
bars = _bound(verbs.bars)
files = _bound(verbs.files)
sql = _framed(_bound(verbs.sql))
scan = _bound(verbs.scan)
connect = _bound(verbs.connect)
