"""The verb that archives bars that are not written any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.options import Day, PathName, as_day, as_folder, as_symbols
from ml4t_nb.reports import RunReport
from ml4t_nb.settings import absolute
from ml4t_nb.verbs.arguments import served, verb
from ml4t_nb.verbs.parameters import AsOf, ClassFilter, FreqFilter, Home, Selection
from ml4t_nb.verbs.runs import run_batch, works_of
from ml4t_nb.verbs.select import select

if TYPE_CHECKING:
    from ml4t_nb.workspace import Workspace

__all__ = ["archive"]


@served("job")
@verb
def archive(
    ws: Workspace,
    /,
    symbol: Selection = (),
    *,
    before: Day | None = None,
    to: PathName | None = None,
    restore: bool = False,
    asset_class: ClassFilter = None,
    frequency: FreqFilter = None,
    as_of: AsOf = None,
    home: Home = None,
) -> RunReport:
    """Make the files of bars before a date as small as they can be; they are read as before.

    Later updates leave these files, and a correction of their bars keeps them archived. The last
    period of a dataset is never archived.

    Parameters
    ----------
    before
        Whole periods of files that end before this date are archived: weeks of minutes, years of
        days, unless the dataset has others.
    to
        Folder for the archived files, on another disk perhaps, rather than among the data. A store
        has one; where it was mounted elsewhere is said by ML4T_DATA_ARCHIVE.
    restore
        Bring all that is archived back into files as any others.
    """
    from ml4t_nb.pipeline import ArchiveRequest, run_archive

    ws = ws.at(home)
    day, moment = as_day(before, option="--before"), ws.resolve_as_of(as_of)
    if restore == (day is not None):
        what = "takes --before or --restore, not both" if restore else "needs --before or --restore"
        raise OptionError(f"archive {what}", hint="such as --before 2020-01-01")
    if restore and to is not None:
        raise OptionError("archive takes --restore or --to, not both", hint="leave out --to")
    folder = None if to is None else absolute(as_folder(to, option="--to"))
    ws.require_home()
    chosen = select(ws, as_symbols(symbol), asset_class, frequency)
    if folder is not None:
        ws.store.set_up_archive(folder)
    requests = {each: ArchiveRequest(each, day, folder is not None) for each in chosen}
    works = works_of(run_archive, requests)
    return run_batch(ws, "archive", works, moment, workers=2)
