"""The verbs of a notebook: those of a shell, panels, and the jobs they started."""

from __future__ import annotations

from ml4t_nb.commands.declaration import VERBS, Program, Verb
from ml4t_nb.notebook.panels.panel_output import PanelOutput, Part
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import AsOf, Home

__all__ = ["NOTEBOOK", "PANELS", "jobs", "panel"]


@verb
def panel(part: Part | None = None, *, as_of: AsOf = None, home: Home = None) -> PanelOutput:
    """Show the verbs as interactive forms, tables and plots.

    Parameters
    ----------
    part
        Only that one; all four in tabs if not given.

    Raises
    ------
    OptionError
        If there is no such part, or the as-of is not a valid date or instant.
    """
    from ml4t_nb.notebook.panels.tabs import panel_of

    return panel_of(part, as_of, home)


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
    from ml4t_nb.notebook.panels.job_list import jobs_of

    return jobs_of(number)


PANELS: dict[str, Verb] = {"panel": panel, "jobs": jobs}
"""What a notebook has besides the verbs of a shell, declared in the same way."""

NOTEBOOK = Program("%ml4t", {**VERBS, **PANELS})
"""The magic of a notebook."""
