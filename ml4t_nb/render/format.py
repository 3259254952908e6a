"""Numbers, stamps and states as a person says them; the only place that makes local time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from ml4t_nb.events import Committed
from ml4t_nb.model import MINOR_UNITS, DatasetId, Frequency, Gap, Span, bar_length
from ml4t_nb.records import Health, HealthState, Outcome, Restatement, UpdateRecord

__all__ = [
    "MARKS",
    "OUTCOME_MARKS",
    "change_words",
    "changes",
    "count",
    "currency_words",
    "day",
    "duration",
    "first_of",
    "gap_words",
    "instant",
    "judgement",
    "labelled",
    "many",
    "one_line",
    "past_words",
    "piece_words",
    "plain",
    "ratio",
    "restated_words",
    "run_time",
    "size",
    "span_words",
    "stamp",
    "stamp_in",
    "stamp_range",
]

MARKS: dict[HealthState, str] = {
    "healthy": "✅",
    "incomplete": "⚠️",
    "stale": "⚠️",
    "suspect": "⚠️",
    "error": "❌",
}
OUTCOME_MARKS: dict[Outcome, str] = {
    "changed": "✅",
    "unchanged": "✅",
    "partial": "⚠️",
    "failed": "❌",
}
_CLOSE = 1e-4
_MINUTE_S = 60
_YEAR = timedelta(days=365)


def plain(text: str) -> str:
    """``text`` with its control and invisible direction characters spelled out.

    Symbols and messages come from files and vendors: none may move a terminal's cursor or turn a
    line round.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text
    )


def one_line(text: str) -> str:
    """``text`` without line breaks, for a cell of a table: a reason may be of several lines."""
    return " ".join(text.split())


def labelled(dataset: DatasetId, provider: str) -> str:
    """The dataset's name; made-up bars are never shown without saying so."""
    return f"{dataset} (synthetic)" if provider == "synthetic" else str(dataset)


def many(number: int, one: str, several: str = "") -> str:
    """``1 bar``, ``2 bars``, ``1,262 bars``."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def count(number: int) -> str:
    """With commas between thousands."""
    return f"{number:,}"


def currency_words(currency: str) -> str:
    """``USD``, or ``GBp (1/100 GBP)`` of one that is a part of another."""
    if currency not in MINOR_UNITS:
        return currency
    whole, parts = MINOR_UNITS[currency]
    return f"{currency} (1/{parts} {whole})"


def duration(seconds: float) -> str:
    """``0:42``, ``12:05``, ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def run_time(seconds: float) -> str:
    """How long a run took: ``1.2 s``, ``2 min 5 s``, ``1 h 5 min``."""
    if round(seconds, 1) < _MINUTE_S:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE_S)
    hours, left = divmod(minutes, _MINUTE_S)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"


def size(number: int) -> str:
    """Bytes in the nearest larger unit."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004  # the step between units
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def instant(moment: datetime | None) -> str:
    """An instant in this machine's local time, with its distance from UTC."""
    if moment is None:
        return "never"
    local = moment.astimezone()
    zone = "UTC" if not local.utcoffset() else f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:5]
    return f"{local:%Y-%m-%d %H:%M} {zone}"


def day(moment: datetime | None) -> str:
    """The date of an instant in this machine's local time."""
    return "never" if moment is None else f"{moment.astimezone():%Y-%m-%d}"


def stamp(moment: datetime | None, frequency: Frequency) -> str:
    """A bar's stamp: a date for a session or a week, an instant for an intraday bar."""
    if moment is None:
        return "-"
    if bar_length(frequency) is None:
        return f"{moment.astimezone(UTC):%Y-%m-%d}"
    return instant(moment)


def span_words(span: Span, frequency: Frequency) -> str:
    """A half-open span by its first and last date, or by its two instants."""
    last = span.end - timedelta(microseconds=1) if bar_length(frequency) is None else span.end
    return stamp_range(span.start, last, frequency)


def piece_words(span: Span, frequency: Frequency) -> str:
    """``year 2009`` for a span that is most of a year; else as `span_words` has it."""
    middle = span.start + (span.end - span.start) / 2
    is_year = _YEAR * 0.9 < span.end - span.start < _YEAR * 1.1
    return f"year {middle.year}" if is_year else span_words(span, frequency)


def ratio(value: float) -> str:
    """``2:1``, ``7:1``, ``1:10``, ``3:2``; any other number as it is."""
    near = Fraction(value).limit_denominator(50 if value > 1 else 1000)
    if near and abs(value / float(near) - 1) < _CLOSE:
        return f"{near.numerator}:{near.denominator}"
    return f"{value:.6g}"


def changes(of: UpdateRecord | Committed) -> list[str]:
    """How many bars were added, revised and filled; a restatement revises them all."""
    parts = [f"+{of.added:,}"] if of.added else []
    parts += [f"{of.revised:,} revised"] if of.revised and of.restatement is None else []
    return [*parts, f"{of.filled:,} filled"] if of.filled else parts


def change_words(record: UpdateRecord) -> str:
    """The bars of a run in a few words."""
    if record.outcome == "failed":
        return "failed"
    parts = changes(record)
    if record.restatement is not None:
        parts = [f"restated {ratio(record.restatement.ratio)}", *parts]
    words = ", ".join(parts) or ("unchanged" if record.outcome == "unchanged" else record.outcome)
    return f"in part: {words}" if record.outcome == "partial" and parts else words


def past_words(record: UpdateRecord) -> str:
    """As `change_words`, of a run of the history, which may be several in a row."""
    words = change_words(record)
    return (
        f"{words}, {record.times} times since {instant(record.since)}" if record.repeated else words
    )


def restated_words(restatement: Restatement) -> str:
    """By how much a history was restated, and by which splits."""
    splits = restatement.splits
    if len(splits) == 1:
        why = f"split {stamp(splits[0][0], 'daily')}"
    elif splits:
        each = (f"{ratio(value)} on {stamp(day, 'daily')}" for day, value in splits)
        why = f"splits {', '.join(each)}"
    else:
        why = "the provider reports no split"
    return f"restated {ratio(restatement.ratio)} ({why})"


def judgement(health: Health | None) -> str:
    """State and reason in one line."""
    if health is None:
        return "not stored"
    reason = health.reason.removeprefix(f"data are {health.state}: ")
    return f"{MARKS[health.state]} {health.state}: {reason}"


def gap_words(gap: Gap, frequency: Frequency, zone: str | None = None) -> str:
    """Where a gap is, by `stamp_range`, and how much it lacks."""
    where = stamp_range(gap.start, gap.end, frequency, zone)
    return f"{many(gap.missing, 'bar')} missing, {where}"


def first_of(words: Iterable[str], limit: int) -> list[str]:
    """The first ``limit`` words, and how many more there are."""
    each = list(words)
    more = len(each) - limit
    return each if more <= 0 else [*each[:limit], f"and {more:,} more"]


def stamp_range(
    first: datetime, last: datetime, frequency: Frequency, zone: str | None = None
) -> str:
    """The first and the last stamp of some bars; one, if it is one bar.

    Those of intraday bars are in ``zone`` if one is given: beside a plot, whose axis is. What both
    have in common is then said once: ``2024-01-10 15:00 … 15:29 EST``.
    """
    if zone is None or bar_length(frequency) is None:
        start, end = stamp(first, frequency), stamp(last, frequency)
        return start if start == end else f"{start} … {end}"
    start, end = (stamp_in(each, frequency, zone) for each in (first, last))
    if start == end:
        return start
    (day, clock, name), (last_day, last_clock, last_name) = start.split(" "), end.split(" ")
    begin = f"{day} {clock}" if name == last_name else start
    return f"{begin} … {f'{last_clock} {last_name}' if day == last_day else end}"


def stamp_in(moment: datetime, frequency: Frequency, zone: str) -> str:
    """A bar's stamp beside a plot: that of an intraday bar as ``2024-01-10 15:00 EST``."""
    if bar_length(frequency) is None:
        return stamp(moment, frequency)
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
