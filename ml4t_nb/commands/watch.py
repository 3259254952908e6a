"""``ml4t-data watch``: a store that is kept current by a process of its own, as it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from ml4t_nb.errors import OptionError
from ml4t_nb.options import Short, as_moment
from ml4t_nb.settings import Settings
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import (
    AllowEmpty,
    AsOf,
    ClassFilter,
    ExecutorName,
    FreqFilter,
    Home,
    Workers,
)

__all__ = ["Watch", "watch"]


@dataclass(frozen=True, slots=True)
class Watch:
    """Updates that are to be made as they become due.

    Parameters
    ----------
    arguments
        Of each update, but for its as-of.
    as_of
        The instant to begin at; None for now.
    """

    arguments: Mapping[str, Any]
    as_of: datetime | None
    quiet: bool


@verb
def watch(
    *,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    intraday_bars: int | None = None,
    workers: Workers = 4,
    executor: ExecutorName = "threads",
    quiet: Annotated[bool, Short("-q")] = False,
    allow_empty: AllowEmpty = False,
    as_of: AsOf = None,
    home: Home = None,
) -> Watch:
    """Update what is due, whenever it is, until Ctrl-C or SIGTERM: a service.

    Where universes are declared, what they declare is loaded and updated, as by ``sync --due``,
    unless a class or a frequency is given; what is stored and in none of them is updated as well.

    Parameters
    ----------
    intraday_bars
        Final intraday bars that make a dataset due; the last ones of a session do in any case. If
        not given, 30.
    quiet
        Print failures and findings alone.
    allow_empty
        Wait for a first dataset even if nothing is stored or the folder does not exist.
    as_of
        Begin at this instant instead of now; time goes on from there.

    Raises
    ------
    OptionError
        If the as-of is a date.
    """
    moment = as_moment(as_of, option="--as-of") or Settings.current().as_of
    if moment is not None and not isinstance(moment, datetime):
        raise OptionError(
            f"watch begins at an instant, and {moment} is a day",
            hint=f"write it as --as-of {moment}T16:00-05:00",
        )
    given = {
        "asset_class": asset_class,
        "frequency": frequency,
        "intraday_bars": intraday_bars,
        "workers": workers,
        "executor": executor,
        "allow_empty": allow_empty,
        "home": home,
    }
    return Watch({name: each for name, each in given.items() if each is not None}, moment, quiet)
