"""The verb that takes bars from another provider than the dataset's own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, get_args

from ml4t_nb.errors import OptionError
from ml4t_nb.events import Finished, Started
from ml4t_nb.model import TakenKind
from ml4t_nb.options import did_you_mean
from ml4t_nb.reports import RunReport
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOf, Class, End, Freq, Home, OneSymbol, Start
from ml4t_nb.verbs.runs import run_one
from ml4t_nb.verbs.select import days, required, select

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["reconcile"]


@served("job")
@verb
def reconcile(
    ws: Workspace,
    /,
    symbol: OneSymbol = (),
    *,
    with_: str | None = None,
    take: str | None = None,
    asset_class: Class = None,
    frequency: Freq = None,
    start: Start = None,
    end: End = None,
    tolerance: float = 0.001,
    as_of: AsOf = None,
    home: Home = None,
) -> RunReport:
    """Take bars of another provider into one dataset, on its scale and basis.

    Parameters
    ----------
    with_
        The other provider.
    take
        What to take, comma-separated: missing bars, filled ones too; rejected ones; suspect ones,
        with open findings; the volume, where it is 0; different bars, of --start to --end.
    tolerance
        Share by which two prices may differ and still agree.
    """
    from ml4t_nb.pipeline import ReconcileRequest, run_reconcile

    ws = ws.at(home)
    (name,) = required(symbol, "reconcile", one=True)
    kinds, range_, moment = _kinds(take), days(start, end), ws.resolve_as_of(as_of)
    if not with_:
        raise OptionError("reconcile needs another provider", hint="name it: --with PROVIDER")
    if not 0 <= tolerance < 1:
        raise OptionError(
            f"--tolerance {tolerance:g} must be at least 0 and below 1", hint="such as 0.001"
        )
    if "different" in kinds and range_ == (None, None):
        raise OptionError(
            "--take different alone would replace every bar that differs",
            hint="choose them with --start and --end; compare lists them",
        )
    (dataset,) = select(ws, (name,), asset_class, frequency, former=False)
    request = ReconcileRequest(dataset, with_, kinds, ws.clock(), tolerance, *range_)
    ws.observer(Started("reconcile", (dataset,)))
    report = run_one(ws, "reconcile", partial(run_reconcile, request=request), moment, asks=True)
    ws.observer(Finished(dataset, report.results[0].record.outcome))
    return report


def _kinds(take: str | None) -> tuple[TakenKind, ...]:
    """What is named, each once, in the order given."""
    known = get_args(TakenKind)
    named = [each.strip() for each in (take or "").split(",")]
    if not take:
        raise OptionError(
            "reconcile needs to know what to take", hint=f"--take {','.join(known[:3])}"
        )
    for each in named:
        if each not in known:
            raise OptionError(
                f"--take: {each!r} is nothing to take", hint=did_you_mean(each, known)
            )
    return tuple(each for each in known if each in named)
