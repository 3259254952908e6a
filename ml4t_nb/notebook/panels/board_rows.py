"""The health board as JSON, from which the page draws it: short, since there may be thousands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from ml4t_nb.notebook.panels.board_groups import WORST_FIRST, Cause, due_words
from ml4t_nb.notebook.panels.board_strip import day_number
from ml4t_nb.notebook.panels.repair import Remedy, remedies_of, remedy_of
from ml4t_nb.records import Health
from ml4t_nb.render.format import many
from ml4t_nb.reports import HealthReport

__all__ = ["Once", "as_of_words", "board_json", "scale"]

_REMEDIES: tuple[Remedy, ...] = get_args(Remedy)


def board_json(
    report: HealthReport,
    groups: Sequence[Cause],
    version: int,
    sessions: Mapping[str, Sequence[tuple[int, int]]],
) -> dict[str, Any]:
    """All that is drawn but the strips, of which only those in sight are read.

    A row is a list: what many rows have in common stands once, in a list of its own, and the row
    has its place there. ``sessions`` are spans of the days of the scale on which the exchange of a
    calendar is open; without them, all days are alike.
    """
    reasons, dues, providers, calendars = Once(), Once(), Once(), Once()
    first, end = scale(report)
    rows = [
        [
            each.dataset.symbol,
            each.dataset.asset_class,
            each.dataset.frequency,
            providers[each.provider],
            at,
            reasons[each.reason],
            each.rows,
            None if each.first is None else day_number(each.first),
            None if each.last is None else day_number(each.last),
            each.sessions_behind,
            dues[due_words(each, report.as_of)],
            _due_order(each, report.as_of),
            each.gaps_open,
            each.suspect,
            _bits(each),
            calendars[each.calendar],
        ]
        for at, cause in enumerate(groups)
        for each in cause.datasets
    ]
    return {
        "version": version,
        "title": many(len(report.datasets), "dataset"),
        "total": many(report.rows, "bar"),
        "as_of": as_of_words(report),
        "states": list(WORST_FIRST),
        "remedies": list(_REMEDIES),
        "scale": [first, end],
        "groups": [
            [each.state, each.words, each.remedy, each.number, each.is_primary] for each in groups
        ],
        "rows": rows,
        "reasons": list(reasons),
        "dues": list(dues),
        "providers": list(providers),
        "sessions": [
            [day for span in sessions.get(each) or ((first, end),) for day in span]
            for each in calendars
        ],
    }


def scale(report: HealthReport) -> tuple[int, int]:
    """First day and, exclusive, the last one, the same for all strips."""
    firsts = [day_number(each.first) for each in report.datasets if each.first is not None]
    ends = [day_number(each.last) + 1 for each in report.datasets if each.last is not None]
    if any(each.sessions_behind for each in report.datasets):
        ends.append(day_number(report.as_of) + 1)
    first = min(firsts, default=0)
    return first, max(*ends, first + 1) if ends else first + 1


def as_of_words(report: HealthReport) -> str:
    """The instant of the report, in the exchange's time if all datasets are of one zone."""
    zones = {each.due.tzinfo for each in report.datasets if each.due is not None}
    zone = zones.pop() if len(zones) == 1 else UTC
    local = report.as_of.astimezone(zone)
    place = str(getattr(zone, "key", "UTC")).rpartition("/")[2].replace("_", " ")
    return f"as of {local:%a} {local.day} {local:%b %Y %H:%M} {place}"


class Once:
    """Words that stand once, and where."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def __getitem__(self, words: str) -> int:
        return self._places.setdefault(words, len(self._places))

    def __iter__(self) -> Any:  # noqa: ANN401  # an iterator of words
        return iter(self._places)


def _due_order(health: Health, as_of: datetime) -> int | None:
    """Minutes until it is due; None if no bar will come, or nobody knows when."""
    if health.due is None:
        return None
    return int((health.due - as_of).total_seconds() // 60)


def _bits(health: Health) -> int:
    """What can be done about it, one bit a remedy; the one it asks for in the bits above."""
    can = remedies_of(health)
    own = remedy_of(health)
    asked = 0 if own is None else _REMEDIES.index(own) + 1
    return sum(1 << at for at, each in enumerate(_REMEDIES) if each in can) | asked << len(
        _REMEDIES
    )
