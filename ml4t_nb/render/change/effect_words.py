"""By how much bars moved, in words; no sentence says "every bar" or "its" bars unless all did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from ml4t_nb.render.change.number_words import (
    day_words,
    factor_sign,
    is_whole,
    percent,
    value_words,
)
from ml4t_nb.render.change.run_change import RunChange
from ml4t_nb.render.format import many, ratio

__all__ = [
    "corrected_details", "date_words", "dividend_words", "effect", "largest_move", "listed",
    "moved_details", "splits_words",
]  # fmt: skip

_NAMED = 3

_DIVIDEND = 0.02  # how well a dividend's share of the price before it is known


def effect(change: RunChange) -> str:
    """How many of which bars moved by what."""
    total, odd = int(change.earlier.sum()), int(change.odd.sum())
    factors = [_times(each) for each in change.groups]
    if len(factors) > _NAMED:
        moves = f"moved by {len(factors)} factors"
    else:
        moves = " or ".join(factors) or "moved, by no common factor"
    named = "earlier bar" if _is_before_event(change) else "bar"
    # An undo of one, or a run on a few, has no other side: "its" would claim too much.
    whole = many(total, named)
    if not odd or not factors:
        return f"its {whole} {'was' if total == 1 else 'were'} {moves}"
    fine, were = total - odd, "was" if total - odd == 1 else "were"
    return (
        f"{fine:,} of its {whole} {were} {moves}, and {odd:,} {'was' if odd == 1 else 'were'} not"
    )


def _is_before_event(change: RunChange) -> bool:
    """Whether there are bars after those that moved."""
    import numpy as np

    return bool(np.flatnonzero(change.moved)[-1] < len(change.stamps) - 1)


def _times(factor: float) -> str:
    """``halved``, ``divided by 7``, ``multiplied by 0.9973``."""
    if is_whole(factor) or is_whole(1 / factor):
        if round(1 / factor) == 2:  # noqa: PLR2004
            return "halved"
        if round(factor) == 2:  # noqa: PLR2004
            return "doubled"
    sign, _, number = factor_sign(factor).partition(" ")
    return f"{'divided' if sign == '÷' else 'multiplied'} by {number}"


def largest_move(change: RunChange) -> str:
    """Which value that was replaced moved most, as the rest of a sentence; nothing if none did."""
    import numpy as np

    moves = np.abs(change.ratios - 1) * change.changed
    known = np.isfinite(moves) & (moves > 0)
    if not known.any():
        return ""
    at = int(np.argmax(np.where(known, moves, -1)))
    was, now = (value_words(each[at], change.field) for each in (change.was, change.now))
    when = day_words(change.stamps[at].to_pydatetime(), change)
    move = f"from {was} to {now} ({percent(float(change.ratios[at]))})"
    if int(known.sum()) > 1:
        return f"; the {change.field} moved most on {when}, {move}."
    return f": the {change.field} of {when}, {move}."


def moved_details(change: RunChange) -> Iterator[str]:
    """Factors of prices, volumes and dividends, the span, and whether that was all."""
    import numpy as np

    rows = np.flatnonzero(change.moved)
    first, last = (change.stamps[row].to_pydatetime() for row in rows[[0, -1]])
    signs = " or ".join(factor_sign(each) for each in [*change.groups][:_NAMED])
    parts = [f"Prices {signs}" if signs else "Prices moved"]
    inverse = " or ".join(factor_sign(1 / each) for each in [*change.groups][:_NAMED])
    parts += _scaled_words("volume", change.of_moved("volume"), inverse)
    parts += _scaled_words("dividends", change.of_moved("dividend"), signs)
    yield f"{', '.join(parts)}, from {day_words(first, change)} to {day_words(last, change)}."
    odd, total = int(change.odd.sum()), int(change.earlier.sum())
    if odd:
        ringed = "it is ringed" if odd == 1 else "they are ringed"
        by = "that" if len(change.groups) == 1 else "these"
        yield f"{odd:,} of {many(total, 'bar')} did not move by {by}: {ringed}."
    elif total > 1:
        factor = (
            "the same factor" if len(change.groups) == 1 else "the factor of the splits after it"
        )
        rounding = "" if change.is_exact else ", but for the rounding of prices"
        else_ = "; nothing else moved" if _is_all(change) else ""
        yield f"Every bar changed by {factor}{rounding}{else_}."


def _scaled_words(name: str, counts: Counter[str], sign: str) -> Iterator[str]:
    """What became of the volumes or dividends of the moved bars; nothing if there are none."""
    total = sum(counts.values()) - counts["none"]
    if not total or not sign:
        return
    if counts["same"] == total:
        yield f"{name} unchanged"
    elif counts["scaled"]:
        some = "" if counts["scaled"] == total else f" on {counts['scaled']:,} of {total:,} bars"
        yield f"{name} {sign}{some}"
    else:
        yield f"{name} otherwise"


def _is_all(change: RunChange) -> bool:
    """Whether nothing moved but the prices, volumes and dividends of the moved bars, by factors."""
    import numpy as np

    volume, dividend, split = map(change.of_moved, ("volume", "dividend", "split"))
    is_regular = not (volume["other"] or dividend["other"] or split["other"])
    is_one_kind = not any(each["scaled"] and each["same"] for each in (volume, dividend))
    last = int(np.flatnonzero(change.moved)[-1])
    others = (change.changed & ~change.moved).any() or change.removed.any()
    return bool(is_regular and is_one_kind and not others and not change.added[:last].any())


def corrected_details(change: RunChange) -> Iterator[str]:
    """Which fields were replaced how often, and between which bars."""
    import numpy as np

    rows = np.flatnonzero(change.any_changed)
    if not len(rows):
        return
    first, last = (day_words(change.stamps[row].to_pydatetime(), change) for row in rows[[0, -1]])
    counted = ", ".join(f"{name} {many(number, 'time')}" for name, number in change.counts.items())
    when = f"on {first}" if first == last else f"between {first} and {last}"
    words = f"{counted}, {when}" if counted else when
    yield f"{words[0].upper()}{words[1:]}."


def dividend_words(change: RunChange) -> str:
    """The dividend on the bar after the last that moved, if the factor is its share of the price.

    It says what happened, and when: the factor is compared with one minus the dividend over the
    close before it.
    """
    import numpy as np

    rows = np.flatnonzero(change.moved)
    bars = change.report.bars
    after = bars[bars.index > change.stamps[rows[-1]]]
    factors = [*change.groups]
    if after.empty or len(factors) != 1 or not np.isfinite(change.was[rows[-1]]):
        return ""
    paid = float(after["dividend"].iloc[0])
    share = paid / float(change.was[rows[-1]])
    if not 0 < share < 1 or abs((1 - factors[0]) / share - 1) > _DIVIDEND:
        return ""
    return f"a dividend of {paid:.6g} on {date_words(after.index[0].to_pydatetime())}"


def splits_words(splits: Sequence[tuple[datetime, float]]) -> str:
    """``2:1 on 28 Feb 2005``, of several the last three."""
    named = [f"{ratio(value)} on {date_words(at)}" for at, value in splits[-_NAMED:]]
    more = [f"{len(splits) - _NAMED} times before"] if len(splits) > _NAMED else []
    return listed([*more, *named])


def date_words(moment: datetime) -> str:
    """``28 Feb 2005``."""
    return f"{moment.astimezone(UTC):%-d %b %Y}"


def listed(words: list[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
