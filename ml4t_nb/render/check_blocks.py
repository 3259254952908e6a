"""What became of bars that were read before: in one line, and in a table of what moved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import get_args

from ml4t_nb.check_reports import CheckReport, CheckState, ReadCheck
from ml4t_nb.render.format import first_of, many, ratio
from ml4t_nb.render.layout import Block, Headline, Note, Table

__all__ = ["difference_words", "moved_line", "read_check_blocks"]

_NAMED = 3
_LISTED = 8
_ROUNDING, _SMALL = 1e-9, 1e-4
_MARKS = {"same": "✅", "added": "⚠️", "changed": "⚠️", "removed": "⚠️", "lost": "❌", "damaged": "❌"}
_ORDER = {state: place for place, state in enumerate(get_args(CheckState))}


def read_check_blocks(report: CheckReport) -> Iterator[Block]:
    """One sentence; a row for each that moved; what cells have read today; what was recorded."""
    moved = [each for each in report.checks if each.state != "same"]
    if report.checks:
        yield Headline(_headline(report.checks, moved), f"as read and recorded in {report.file}")
    if moved:
        rows = tuple(_row(each) for each in moved)
        headings = ("Dataset", "Read", "Then", "Now", "Difference", "As then")
        yield Table(headings, rows)
    yield [*_today(report)]
    if report.recorded is not None:
        yield [*_recorded(report, report.recorded)]
    if report.unnoted:
        names = ", ".join(first_of(report.unnoted, _LISTED))
        yield [Note(f"⚠️ read in this session, and neither recorded nor compared: {names}")]


def moved_line(checks: Sequence[ReadCheck]) -> str:
    """What is different, and how the bars of then can be read, in few words."""
    # What is worst of each, however many ways it was read in.
    worst = {_name(each): each for each in sorted(checks, key=lambda each: _ORDER[each.state])}
    parts = [
        f"{name} {difference_words(worst[name])}" for name in dict.fromkeys(map(_name, checks))
    ]
    return "; ".join(first_of(parts, _NAMED))


def _headline(checks: Sequence[ReadCheck], moved: Sequence[ReadCheck]) -> str:
    every, others = (
        {(each.dataset, each.home): each.dataset.symbol for each in part}
        for part in (checks, moved)
    )
    number = many(len(every), "dataset")
    if not others:
        names = first_of(every.values(), _NAMED)
        return f"✅ {number} {'is' if len(every) == 1 else 'are'} as read: {', '.join(names)}"
    worst = "❌" if any(_MARKS[each.state] == "❌" for each in moved) else "⚠️"
    of = "" if len(every) == 1 else f"{len(others):,} of "
    line = f"{worst} {of}{number} moved: {moved_line(moved)}"
    readable = [each for each in moved if each.readable is not None]
    if readable:
        line += f"; as then: {_call(readable[0])}"
    return line


def difference_words(check: ReadCheck) -> str:
    """How the bars of today are different."""
    match check.state:
        case "same":
            return "as read"
        case "removed":
            return "removed from the store"
        case "lost":
            return f"is not as read, and {check.reason}"
        case "damaged":
            return f"cannot be read: {check.reason}"
    if check.reason:
        return f"cannot be shown as it was: {check.reason}"
    return ", ".join(_parts(check))


def _parts(check: ReadCheck) -> Iterator[str]:
    if check.restated is not None:
        yield f"restated {ratio(check.restated)}"
    elif check.revised:
        yield f"{many(check.revised, 'bar')} revised"
    if check.share is not None and check.revised:
        yield _share_words(check)
    if check.added:
        yield f"{many(check.added, 'bar')} added"
    if check.removed:
        yield f"{many(check.removed, 'bar')} gone"


def _share_words(check: ReadCheck) -> str:
    share = check.share or 0.0
    if not share:
        return "no price changed"
    if share < _ROUNDING:
        return "prices by their last digits"
    of = "prices" if check.restated is None else "others"
    return f"{of} by up to {f'{share:.2%}' if share >= _SMALL else f'{share * 100:.2g}%'}"


def _name(check: ReadCheck) -> str:
    of = check.dataset.symbol
    of = f"{of}, which is {check.now_named} now," if check.now_named else of
    return of if check.frequency in ("daily", "") else f"{of} {check.frequency}"


def _row(check: ReadCheck) -> tuple[str, ...]:
    now = "-" if check.newest is None else f"v{check.newest}"
    then = "-" if check.readable is None else f"version={check.readable}"
    difference = f"{_MARKS[check.state]} {difference_words(check)}"
    return f"{check.dataset}", _shown(check), f"v{check.version}", now, difference, then


def _shown(check: ReadCheck) -> str:
    """How the bars were asked for."""
    words = [f"adjust={check.adjust}"]
    if check.frequency and check.frequency != check.dataset.frequency:
        words.insert(0, check.frequency)
    words += [] if check.filled else ["without filled bars"]
    words += [f"from {check.start}"] if check.start else []
    words += [f"to {check.end}"] if check.end else []
    return " ".join([*words, f"in {check.home}"] if check.home else words)


def _call(check: ReadCheck) -> str:
    """The call that gives the bars of then."""
    options = {
        "frequency": check.frequency if check.frequency != "daily" else "",
        "start": check.start,
        "end": check.end,
        "adjust": check.adjust if check.adjust != "splits" else "",
    }
    words = [f"{name}={_quoted(value)}" for name, value in options.items() if value]
    words += [] if check.filled else ["filled=False"]
    words += [f"version={check.readable}"]
    words += [f"home={_quoted(check.home)}"] if check.home else []
    return f"bars({', '.join([_quoted(check.dataset.symbol), *words])})"


def _quoted(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)


def _today(report: CheckReport) -> Iterator[Note]:
    """What cells have read in this session of what was recorded."""
    known = [each for each in report.checks if each.today is not None]
    unread = {each.dataset.symbol for each in known if each.today == "unread"}
    others = [each for each in known if each.today == "other"]
    if known and not others and not unread:
        yield Note("✅ the cells of this session read all of it as recorded")
    for each in others[:_LISTED]:
        yield Note(f"⚠️ {_name(each)} is read otherwise in this session: {each.otherwise}")
    if unread and report.recorded is None:
        yield Note(f"not read in this session: {', '.join(first_of(sorted(unread), _LISTED))}")
    if report.unrecorded and report.recorded is None:
        names = ", ".join(first_of(report.unrecorded, _LISTED))
        yield Note(f"read in this session, and not recorded: {names}")


def _recorded(report: CheckReport, number: int) -> Iterator[Note]:
    yield Note(f"✅ {many(number, 'read')} recorded in {report.file}")
    gone = {each.dataset.symbol for each in report.checks if each.today == "unread"}
    if gone:
        names = ", ".join(first_of(sorted(gone), _LISTED))
        yield Note(
            f"⚠️ not recorded any more, since no cell has read it in this session: {names}",
            "run all cells, then record again",
        )
