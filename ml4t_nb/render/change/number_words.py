"""Numbers, bars and times of a change, as they are written in its sentences and its picture."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ml4t_nb.model import bar_length
from ml4t_nb.render.change.run_change import RunChange
from ml4t_nb.render.format import many
from ml4t_nb.render.review.wording import finding_time, number_words
from ml4t_nb.reports import ComparedVersions

__all__ = [
    "bar_words", "counts_words", "day_words", "factor_sign", "is_whole", "percent", "proof_words",
    "run_words", "then_words", "value_words",
]  # fmt: skip

_CLOSE = 1e-6
_TIMES = "\N{MULTIPLICATION SIGN}"
_NAMED = 3
_DECIMALS = 4


def proof_words(change: RunChange) -> tuple[str, str]:
    """What the ratios of all bars show: a number, and on how many of them it holds."""
    total, odd = int(change.earlier.sum()), int(change.odd.sum())
    factors = [*change.groups]
    named = " or ".join(_decimals(each) for each in factors[:_NAMED])
    if not factors:
        return "no common factor", f"on {many(total, 'bar')}"
    if len(factors) > _NAMED:
        named = f"{len(factors)} factors"
    rounded = "" if change.is_exact else ", within the rounding of prices"
    which = f"on {total - odd:,} of {many(total, 'bar')}" if odd else _on_all(total)
    return named, f"{which}{rounded}"


def counts_words(change: RunChange) -> str:
    """``66 bars added, 542 restated``."""
    verb = "restated" if change.is_restated else "changed"
    added = int(change.added.sum())
    numbers = {
        "added": added if change.versions is not None else max(change.record.added, added),
        verb: int(change.changed.sum()),
        "taken out": int(change.removed.sum()),
    }
    words = [f"{number:,} {what}" for what, number in numbers.items() if number]
    if not words:
        return "no bar differs"
    first = words[0].split(" ", 1)
    bars = "bar" if first[0] == "1" else "bars"
    return ", ".join([f"{first[0]} {bars} {first[1]}", *words[1:]])


def run_words(change: RunChange) -> str:
    """When it ran, in the time of the exchange: ``1 Jun 2005 16:35 New York``."""
    return _clock_words(change.record.at, change.report.zone)


def then_words(change: RunChange, versions: ComparedVersions) -> str:
    """Which version is compared, and when it was made: ``version 1, 25 Feb 2005 16:30 New York``.

    As far as its run is known.
    """
    at = versions.then_at
    when = "" if at is None else f", {_clock_words(at, change.report.zone)}"
    return f"version {versions.then}{when}"


def _clock_words(at: datetime, zone: str) -> str:
    city = zone.rpartition("/")[2].replace("_", " ")
    return f"{at.astimezone(ZoneInfo(zone)):%-d %b %Y %H:%M} {city}"


def day_words(stamp: datetime, change: RunChange) -> str:
    """``28 Feb 2005``, of a bar within a session with its clock."""
    frequency = change.report.dataset.frequency
    zone = UTC if bar_length(frequency) is None else ZoneInfo(change.report.zone)
    local = stamp.astimezone(zone)
    clock = "" if bar_length(frequency) is None else f" {local:%H:%M}"
    return f"{local:%-d %b %Y}{clock}"


def bar_words(change: RunChange, row: int) -> str:
    """A bar's time, its value before and after, and the move."""
    stamp = change.stamps[row].to_pydatetime()
    when = finding_time(stamp, change.report.dataset.frequency, change.report.zone)
    was, now = (value_words(each[row], change.field) for each in (change.was, change.now))
    share = float(change.ratios[row])
    if change.is_restated and math.isfinite(share):
        move = f", {_TIMES} {share:.6g}"
    else:
        move = f", {percent(share)}" if math.isfinite(share) else ""
    return f"{when}: {was} → {now}{move}"


def value_words(value: float, field: str) -> str:
    """A price with two decimals or as many as it needs; shares whole."""
    if math.isnan(value):
        return "none"
    return f"{value:,.0f}" if field == "volume" else number_words(float(value), field)


def percent(share: float) -> str:
    """``+25 %`` of 1.25, with a true minus."""
    return f"{100 * (share - 1):+.3g} %".replace("-", "\N{MINUS SIGN}")


def factor_sign(factor: float) -> str:
    """``÷ 2`` of a half; of others by what was multiplied."""
    over = 1 / factor
    if over > 1 and is_whole(over):
        return f"÷ {round(over)}"
    return f"{_TIMES} {round(factor) if is_whole(factor) else f'{factor:.6g}'}"


def is_whole(value: float) -> bool:
    """Whether it is a whole number from 1 on, but for a millionth of it."""
    return round(value) > 0 and abs(value / round(value) - 1) < _CLOSE


def _decimals(factor: float) -> str:
    return f"{factor:.{_DECIMALS}f}" if factor >= 10.0 ** (2 - _DECIMALS) else f"{factor:.4g}"


def _on_all(total: int) -> str:
    return "on the one bar" if total == 1 else f"on all {total:,} bars"
