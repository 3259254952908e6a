"""Notices of a run as one message of plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import get_args

from ml4t_nb.commands.declaration import ProgramName
from ml4t_nb.commands.spelling import spell
from ml4t_nb.notice import Notice, NoticeState
from ml4t_nb.render.folding import Counted, GroupKind, folded_groups, names_of, next_commands
from ml4t_nb.render.format import first_of, instant, one_line, plain, restated_words
from ml4t_nb.render.layout import Group
from ml4t_nb.render.run_groups import without_name

__all__ = ["digest"]

_PROGRAM: ProgramName = "ml4t-data"
_NAMED = 8


def digest(notices: Sequence[Notice], *, as_of: datetime, home: Path | None) -> tuple[str, str]:
    """Title and body of the message: of many datasets, equal causes share a line."""
    names = names_of(each.dataset for each in notices)
    counts = Counter(each.state for each in notices)
    states = [each for each in get_args(NoticeState) if counts[each]]
    words = ", ".join(f"{counts[each]:,} {each}" for each in states)
    if len(notices) == 1:
        words = f"{notices[0].dataset.symbol} {notices[0].state}"
    kinds = {each: GroupKind(each, each) for each in states}
    alike = Counter((each.state, _says(each)) for each in notices)
    counted = [
        Counted(
            each.state,
            names[each.dataset],
            _says(each, is_named=alike[each.state, _says(each)] == 1),
            None,
            "",
        )
        for each in notices
    ]
    lines = [
        f"Store {home}, as of {instant(as_of)}",
        *(line for each in folded_groups(counted, kinds, signed=False) for line in _group(each)),
        *_next(notices, home),
    ]
    return plain(f"{_PROGRAM}: {words}"), plain("\n".join(lines)) + "\n"


def _says(notice: Notice, *, is_named: bool = False) -> str:
    """The notice in one line: of several datasets that are alike, without their names."""
    how = "" if notice.restatement is None else restated_words(notice.restatement)
    reason = notice.reason if is_named else without_name(notice.reason, notice.dataset)
    return one_line(": ".join(filter(None, (how, reason))))


def _group(group: Group) -> Iterator[str]:
    yield f"\n{group.title}"
    for cause in group.causes:
        names = ", ".join(first_of(cause.names, _NAMED))
        yield f"  {names}: {cause.says}" if cause.says else f"  {names}"


def _next(notices: Sequence[Notice], home: Path | None) -> Iterator[str]:
    """What to type, in any folder and with any settings."""
    commands = next_commands(((each.dataset, each.step) for each in notices), home)
    if commands:
        yield "\nNext:"
        yield from (f"  {spell(each, _PROGRAM)}" for each in commands)
