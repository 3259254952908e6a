"""A finding in words: as a line of a list, as a headline, and why it is doubted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ml4t_nb.finding import Finding, Rule
from ml4t_nb.model import Frequency, bar_length
from ml4t_nb.render.format import count, many
from ml4t_nb.render.review.evidence import Evidence, SecondOpinion

__all__ = [
    "age_words",
    "finding_date",
    "finding_time",
    "finding_words",
    "number_words",
    "short_words",
    "what_words",
    "why_words",
]  # fmt: skip

_LARGE = 10_000.0
_TIMES = 2.0
_YEAR = 200
_LONG = 90
_MONTH = 31
_GUESSES: Mapping[str, str] = {
    "spike": "Most likely a bad tick.",
    "range": "Most likely a bad tick.",
    "intraday range": "Most likely a bad tick.",
    "jump": "Most likely a bad tick, or a split that nobody named.",
    "unit": "Most likely another unit.",
    "frozen": "Most likely a feed that stood still.",
    "zero volume": "Most likely a volume that was lost.",
    "repeated dividend": "Most likely one dividend that was reported twice.",
}


def finding_date(finding: Finding, frequency: Frequency, zone: str = "UTC") -> str:
    """Its day, short: ``14 Apr 2005``; nothing where it has no stamp."""
    if finding.stamp is None:
        return ""
    return f"{_local(finding.stamp, frequency, zone):%-d %b %Y}"


def finding_time(stamp: datetime, frequency: Frequency, zone: str, *, year: bool = True) -> str:
    """A bar's time in prose: ``Thu 14 Apr 2005``, of a bar within a session with its clock."""
    local = _local(stamp, frequency, zone)
    day = f"{local:%a %-d %b %Y}" if year else f"{local:%a %-d %b}"
    if frequency == "weekly":
        return f"week of {day[4:]}"
    return day if bar_length(frequency) is None else f"{day} {local:%H:%M}"


def what_words(finding: Finding) -> str:
    """What is wrong, as the rest of a sentence: ``the high is 23 % above the prices beside it``."""
    try:
        return _WHAT[finding.rule](dict(finding.evidence))
    except (KeyError, StopIteration, ZeroDivisionError):
        return finding.detail


def short_words(finding: Finding) -> str:
    """The same as a line of a list."""
    words = what_words(finding).removeprefix("the ").removeprefix("a ")
    words = words.replace(" is ", " ", 1)
    words = f"{words[:1].upper()}{words[1:]}"
    return words if len(words) <= _LONG else f"{words[: _LONG - 1].rstrip()}…"


def finding_words(finding: Finding, symbol: str, frequency: Frequency, zone: str) -> str:
    """The finding in one sentence: which dataset, when, what."""
    if finding.stamp is None:
        return f"{symbol}: {what_words(finding)}"
    when = finding_time(finding.stamp, frequency, zone)
    if finding.end is not None:
        until = finding_time(finding.end, frequency, zone)
        when = f"{when} to {until.removeprefix('week of ')}"
    return f"{symbol}, {when}: {what_words(finding)}"


def why_words(evidence: Evidence, opinion: SecondOpinion | None) -> str:
    """What is usual, what the other provider says, and what it most likely is."""
    parts = [_usual(evidence)]
    if evidence.finding.rule == "frozen":
        parts = ["Each repeats the prices of the one before to the last digit."]
    elif not parts[0] and what_words(evidence.finding) != evidence.finding.detail:
        detail = evidence.finding.detail
        parts = [f"{detail[:1].upper()}{detail[1:]}".rstrip(".") + "."]
    if opinion is not None:
        parts.append(_opinion(evidence, opinion))
    if not evidence.is_stored:
        parts.append("The row is not stored.")
    elif opinion is None or opinion.bar is None or opinion.fits:
        parts.append(_GUESSES.get(evidence.finding.rule, ""))
    return " ".join(filter(None, parts))


def number_words(value: float, column: str = "close") -> str:
    """A price with at least two decimals, a volume in millions or thousands."""
    if value != value:  # noqa: PLR0124  # not a number
        return "none"
    if column == "volume":
        return _volume(value)
    # As many digits as are needed to tell it from its neighbours, and not more.
    short = f"{value:,.2f}"
    if abs(float(short.replace(",", "")) - value) <= abs(value) * 1e-4:
        return short
    return f"{value:,.6g}"


def age_words(finding: Finding, now: datetime) -> str:
    """When it was found: ``found 2 days ago``, or a date; nothing where that is not known."""
    if finding.seen is None:
        return ""
    days = (now - finding.seen).days
    if days > _MONTH:
        return f"found {finding.seen.astimezone():%-d %b %Y}"
    if days <= 0:
        return "found today"
    return "found yesterday" if days == 1 else f"found {many(days, 'day')} ago"


def _local(stamp: datetime, frequency: Frequency, zone: str) -> datetime:
    return stamp.astimezone(UTC if bar_length(frequency) is None else ZoneInfo(zone))


def _apart(value: float, beside: float) -> str:
    if value >= beside * _TIMES:
        return f"{value / beside:.3g} times"
    side = "above" if value > beside else "below"
    return f"{_percent(abs(value / beside - 1))} {side}"


def _times(factor: float) -> str:
    return f"{factor:g} times" if factor > 1 else f"1/{1 / factor:g} of"


def _percent(share: float) -> str:
    share = share * 100
    words = f"{share:.1f}" if share < 10 else f"{share:.0f}"  # noqa: PLR2004  # two digits
    return f"{words} %"


def _volume(value: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= max(size, _LARGE):
            return f"{value / size:,.1f} {unit}"
    return f"{value:,.0f}"


def _usual(evidence: Evidence) -> str:
    """How far bars usually reach."""
    reach = evidence.reach
    if reach is None:
        return ""
    is_year = evidence.dataset.frequency == "daily" and reach.bars >= _YEAR
    ago = "In the year before" if is_year else f"In {count(reach.bars)} other bars"
    share = _percent(reach.share)
    match evidence.columns[0]:
        case "volume":
            ends = f"between {_volume(reach.low)} and {_volume(reach.high)}"
            return f"{ago}, the volume was {ends}."
        case "high":
            return f"{ago}, no bar reached more than {share} above its body."
        case "low":
            return f"{ago}, no bar reached more than {share} below its body."
    return f"{ago}, no close was more than {share} from the one before."


def _opinion(evidence: Evidence, opinion: SecondOpinion) -> str:
    if opinion.bar is None:
        return f"{opinion.provider} has no such bar."
    if not evidence.is_stored:
        return f"{opinion.provider} has the bar."
    name = evidence.columns[0] if evidence.columns else "close"
    if name not in opinion.differs:
        says = f"{opinion.provider} says the same"
        return f"{says}: it may be real." if not opinion.fits else f"{says} here."
    value = number_words(opinion.bar.value(name), name)
    agrees = "" if opinion.fits else ", which is unusual too"
    return f"{opinion.provider} says {value}{agrees}."


def _spike(seen: Mapping[str, float]) -> str:
    name, value = next(iter(seen.items()))
    return f"the {name} is {_apart(value, seen['beside'])} the prices beside it"


def _dividend(seen: Mapping[str, float]) -> str:
    cash = seen["dividend"]
    share = _percent(cash / seen["close before"])
    return f"a dividend of {cash:g} is {share} of the price, which does not fall by it"


def _repeated(seen: Mapping[str, float]) -> str:
    days = many(round(seen["days"]), "day")
    return f"the dividend of {seen['dividend']:g} comes a second time after {days}"


_WHAT: dict[Rule, Callable[[Mapping[str, float]], str]] = {
    "spike": _spike,
    "range": lambda _: "its high and low do not span its other prices",
    "jump": lambda seen: f"prices move by a factor of {seen['factor']:.3g} without a split",
    "frozen": lambda seen: f"{many(int(seen['bars']), 'bar')} are equal in every price",
    "unit": lambda seen: f"the close is {_times(seen['factor'])} the prices beside it",
    "zero volume": lambda seen: (
        f"the volume is 0, usually {_volume(seen['median'])}, although prices move"
    ),
    "high volume": lambda seen: f"the volume is {count(round(seen['factor']))} times the usual one",
    "large dividend": _dividend,
    "repeated dividend": _repeated,
    "intraday range": lambda seen: f"intraday bars reach beyond the daily {next(iter(seen))}",
}
"""From a finding's evidence; where it lacks a number, or of another rule, the detail stands."""
