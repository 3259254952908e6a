"""The verbs of a notebook: those of a shell, panels, and the jobs they started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, get_args

from ml4t_nb.commands.dashboard import (
    OtherProvider,
    PanelChoice,
    PanelPart,
    PanelSymbols,
    Part,
)
from ml4t_nb.commands.declaration import VERBS, Program, Verb
from ml4t_nb.errors import OptionError
from ml4t_nb.notebook.panels.panel_output import Build, PanelContent, PanelOutput, PanelTabs
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import AsOf, Home

__all__ = ["NOTEBOOK", "PANELS", "jobs", "panel"]


@verb
def panel(
    part: PanelPart = None,
    symbol: PanelSymbols = (),
    *,
    with_: OtherProvider = None,
    as_of: AsOf = None,
    home: Home = None,
) -> PanelOutput:
    """Show the verbs as interactive forms, tables and plots.

    Raises
    ------
    OptionError
        If there is no such part, or the as-of is not a valid date or instant.
    """
    chosen = PanelChoice.of(part, symbol, with_, as_of, home)
    given = {"as_of": chosen.as_of, "home": chosen.home}
    shared = {name: value for name, value in given.items() if value is not None}
    builds: dict[str, Build] = {
        each: partial(_part, each, chosen.symbols, chosen.other or "", shared)
        for each in get_args(Part)
    }
    if part is None:
        return PanelOutput(partial(PanelTabs, builds), name="ml4t_nb")
    return PanelOutput(builds[part], name=f"ml4t_nb: {part}")


def _part(
    part: Part,
    symbols: tuple[str, ...],
    other: str,
    shared: Mapping[str, object],
    changed: Callable[[], object],
) -> PanelContent:
    match part:
        case "load" | "update":
            from ml4t_nb.notebook.panels.change_panel import ChangePanel

            return ChangePanel(part, given=shared, changed=changed)
        case "universe" | "health" | "gaps":
            return _overview(part, shared, changed)
        case "review":
            from ml4t_nb.notebook.panels.review_inbox import ReviewInbox

            return ReviewInbox(symbols=symbols, shared=shared, changed=changed)
        case "history":
            from ml4t_nb.notebook.panels.run_history import RunHistory

            return RunHistory(symbols, shared=shared, changed=changed)
        case "compare":
            from ml4t_nb.notebook.panels.compare_view import CompareView

            return CompareView(symbols, other=other, shared=shared, changed=changed)


def _overview(
    part: Literal["universe", "health", "gaps"],
    shared: Mapping[str, object],
    changed: Callable[[], object],
) -> PanelContent:
    """Of the whole store."""
    match part:
        case "universe":
            from ml4t_nb.notebook.panels.universe_board import UniverseBoard

            return UniverseBoard(shared=shared, changed=changed)
        case "health":
            from ml4t_nb.notebook.panels.health_board import HealthBoard

            return HealthBoard(shared=shared, changed=changed)
        case "gaps":
            from ml4t_nb.notebook.panels.gap_explorer import GapExplorer

            return GapExplorer(shared=shared, changed=changed)


@verb
def jobs(number: int | None = None) -> PanelOutput:
    """Show background jobs of panels, running and finished: progress, cancel, results.

    Parameters
    ----------
    number
        Only that job; a table of all of them if not given.

    Raises
    ------
    OptionError
        If there is no such job.
    """
    from ml4t_nb.execution.jobs import JOBS
    from ml4t_nb.notebook.panels.job_list import JobList
    from ml4t_nb.notebook.panels.job_view import JobView

    if number is None:
        return PanelOutput(JobList, name="ml4t_nb: jobs")
    job = JOBS.get(number)
    if job is None:
        known = ", ".join(str(each.number) for each in JOBS)
        raise OptionError(
            f"there is no job {number}",
            hint=f"known are {known}" if known else "start a job in a panel: %ml4t panel",
        )
    return PanelOutput(
        lambda changed: JobView(job, changed=changed, opens=True), name=f"ml4t_nb: job {number}"
    )


PANELS: dict[str, Verb] = {"panel": panel, "jobs": jobs}
"""What a notebook has besides the verbs of a shell, declared in the same way."""

NOTEBOOK = Program("%ml4t", {**VERBS, **PANELS})
"""The magic of a notebook."""
