"""The verb that judges datasets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from ml4t_nb.errors import DatasetNotFound, OptionError
from ml4t_nb.options import Short
from ml4t_nb.records import HealthState, Summary
from ml4t_nb.reports import HealthReport
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.judging import judge_all, recent_sessions, when_of
from ml4t_nb.verbs.parameters import AllowEmpty, AsOf, ClassFilter, FreqFilter, Home, Selection
from ml4t_nb.verbs.select import summaries

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["health"]


@verb
def health(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    stale_days: float = 7,
    sessions: int = 0,
    verbose: Annotated[bool, Short("-v")] = False,
    verify: bool = False,
    fail_on: HealthState = "error",
    allow_empty: AllowEmpty = False,
    as_of: AsOf = None,
    home: Home = None,
) -> HealthReport:
    """Report the health of every dataset: healthy, stale or in error, why, and how to fix it.

    Parameters
    ----------
    stale_days
        Calendar days since the close of the oldest session missed, from which on data are stale.
    sessions
        Number of last sessions to show, with the bars each has; weeks for weekly bars.
    verbose
        Show each dataset, not only those that need something.
    verify
        Read every file and check it against its checksum.
    fail_on
        The least severe state for which the shell's exit code is 1.
    """
    if not stale_days >= 0:
        raise OptionError(f"--stale-days {stale_days:g} is negative", hint="0 or more, such as 7")
    if sessions < 0:
        raise OptionError(f"--sessions {sessions} is negative", hint="0 or more, such as 20")
    ws = ws.at(home)
    if not (allow_empty or symbol):
        ws.require_home()
    moment = ws.resolve_as_of(as_of)
    chosen = summaries(ws, symbol, asset_class, frequency)
    if verify:
        chosen = tuple(each for summary in chosen if (each := _verified(ws, summary)))
    judged, at = judge_all(ws, chosen, moment, timedelta(days=stale_days))
    recent = recent_sessions(ws, chosen, when_of(ws, moment), sessions) if sessions else ()
    return HealthReport(
        at,
        judged,
        detailed=verbose,
        fail_on=fail_on,
        recent=recent,
        allow_empty=allow_empty,
        home=ws.settings.home,
    )


def _verified(ws: Workspace, summary: Summary) -> Summary | None:
    """The row with every checksum compared; None if the dataset was removed meanwhile."""
    try:
        damage = summary.damage or "; ".join(ws.store.verify(summary.dataset))
    except DatasetNotFound:
        return None
    return replace(summary, damage=damage)
