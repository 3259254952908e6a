"""The usual trouble of a provider, each with the notices that it is to make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random

from tests.upkeep.market import Drawn
from tests.upkeep.plan import ALL, FOREVER, Act, Plan

__all__ = ["plan_of"]

_HOUR = timedelta(hours=1)
_NIGHT = timedelta(hours=20)
_JUMP = 5

Incident = Callable[[Plan, str, int, Random], None]


def split_of(announced: int, restated: int, *told: str) -> Incident:
    """A split that is announced, and worked into the history, sooner or later than it is traded."""

    def split(plan: Plan, symbol: str, number: int, random: Random) -> None:
        on = number + 2
        plan.drawn.split(symbol, plan.day(on), random)
        plan.lags[symbol] = (announced, restated)
        whole = on + max(announced, restated, 0)
        plan.restless.append((symbol, plan.noon(number), plan.noon(whole + 2)))
        # Of a jump by less than a factor of five nothing says that it is none of the market's.
        split = plan.drawn.splits[symbol]
        ratio = split.numerator / split.denominator
        is_small = max(ratio, 1 / ratio) < _JUMP
        states = [each for each in told if each != "suspect" or not is_small]
        if "suspect" in states:
            plan.expect(symbol, "suspect", plan.evening(on), plan.evening(on))
        if "late" in states:
            plan.expect(symbol, "late", plan.evening(on + 1), plan.evening(on + 1))
        first = plan.evening(on + min(restated, 0)) if restated <= 0 else plan.evening(whole)
        plan.expect(symbol, "restated", first, plan.evening(whole) + _NIGHT)
        if states:
            plan.expect(symbol, "recovered", first, plan.evening(whole) + _NIGHT)

    return split


def late_of(sessions: int) -> Incident:
    """Bars that the provider has so many sessions later than usual, all of them."""

    def late(plan: Plan, symbol: str, number: int, random: Random) -> None:
        del random
        days = tuple(plan.drawn.sessions[plan.begin + number :])
        ends = plan.noon(number + sessions)
        plan.trouble("drop", symbol, plan.noon(number), ends, days=days)
        if sessions > 1:
            plan.expect(symbol, "late", plan.evening(number + 1), plan.evening(number + 1))
            plan.expect(symbol, "recovered", ends, plan.evening(number + sessions) + _NIGHT)

    return late


def unknown_for_an_evening(plan: Plan, symbol: str, number: int, random: Random) -> None:
    """A share that the provider does not know for some hours."""
    del random
    ends = plan.evening(number) + timedelta(hours=3)
    plan.trouble("delisted", symbol, plan.noon(number), ends)
    plan.expect(symbol, "failed", plan.evening(number), plan.evening(number))
    plan.expect(symbol, "recovered", ends, plan.evening(number) + _NIGHT)


def failing_for_an_evening(plan: Plan, symbol: str, number: int, random: Random) -> None:
    """A provider that errs about one share for some hours."""
    code = random.choice((500, 502, 503))
    ends = plan.evening(number) + timedelta(hours=random.choice((1, 3, 12)))
    plan.trouble("status", symbol, plan.noon(number), ends, code=code)


def missing_of(sessions: int | None) -> Incident:
    """A bar that comes some sessions after those that follow it, or never."""

    def missing(plan: Plan, symbol: str, number: int, random: Random) -> None:
        del random
        ends = FOREVER if sessions is None else plan.noon(number + sessions)
        plan.drawn.without_dividends.add(symbol)
        plan.trouble("drop", symbol, plan.noon(number), ends, days=(plan.day(number),))

    return missing


def corrected_after(sessions: int) -> Incident:
    """A bar with prices that are a little wrong, until they are corrected."""

    def corrected(plan: Plan, symbol: str, number: int, random: Random) -> None:
        factor = random.choice((0.997, 1.003))
        last = len(plan.drawn.sessions) - plan.begin - 2
        ends = plan.noon(min(number + sessions, last))
        days = (plan.day(number),)
        plan.trouble("scale", symbol, plan.noon(number), ends, days=days, factor=factor)
        plan.drawn.without_dividends.add(symbol)

    return corrected


def tenfold_for_an_evening(plan: Plan, symbol: str, number: int, random: Random) -> None:
    """A bar with ten times the prices, until the next day."""
    del random
    days, ends = (plan.day(number),), plan.noon(number + 1)
    plan.trouble("scale", symbol, plan.noon(number), ends, days=days, factor=10)
    plan.expect(symbol, "suspect", plan.evening(number), plan.evening(number))
    plan.expect(symbol, "recovered", ends, plan.evening(number + 1) + _NIGHT)


def delisted(plan: Plan, symbol: str, number: int, random: Random) -> None:
    """A share that is not traded any more, which a person declares some days later."""
    del random
    plan.unlisted[symbol] = plan.noon(number)
    plan.restless.append((symbol, plan.noon(number), FOREVER))
    plan.expect(symbol, "failed", plan.evening(number), plan.evening(number))
    plan.expect(symbol, "suspect", plan.evening(number + 2), plan.evening(number + 2))
    when = plan.noon(number + 4)
    plan.acts.append(Act(when, "end", symbol))
    plan.expect(symbol, "recovered", when, plan.evening(number + 4) + _NIGHT)


def renamed(plan: Plan, symbol: str, number: int, random: Random) -> None:
    """A share that is listed under another name, which a person declares a day later."""
    del random
    new = f"{symbol}N"
    plan.unlisted[symbol] = plan.listed[new] = plan.noon(number)
    plan.restless += [(each, plan.noon(number), plan.noon(number + 2)) for each in (symbol, new)]
    plan.expect(symbol, "failed", plan.evening(number), plan.evening(number))
    when = plan.noon(number + 1)
    plan.acts.append(Act(when, "rename", symbol, new))
    plan.expect(new, "recovered", when, plan.evening(number + 1) + _NIGHT)


_SPLITS: tuple[Incident, ...] = (
    split_of(0, 0),
    split_of(1, 0),
    split_of(0, 1),
    split_of(0, 2, "late"),
    split_of(-1, 0),
    split_of(0, -1),
    split_of(1, 1, "suspect"),
)
_LASTING: tuple[Incident, ...] = (delisted, renamed, corrected_after(80), missing_of(None))
_FIRST: tuple[Incident, ...] = (
    _SPLITS[0],
    *_LASTING[:2],
    late_of(2),
    tenfold_for_an_evening,
    _LASTING[3],
    unknown_for_an_evening,
    corrected_after(1),
)
_OTHERS: tuple[Incident, ...] = (
    *_SPLITS[1:],
    late_of(1),
    failing_for_an_evening,
    missing_of(1),
    missing_of(4),
    corrected_after(4),
    _LASTING[2],
)
_TOGETHER = 8
_FOR_EVER = 1000


def outage(plan: Plan, number: int, random: Random) -> None:
    """Two evenings without a provider: each share is late, and then is not."""
    ends = plan.noon(number + 2)
    code = random.choice((429, 503))
    plan.trouble("status", ALL, plan.noon(number), ends, code=code)
    for symbol in plan.traded(plan.noon(number)):
        plan.expect(symbol, "late", plan.evening(number + 1), plan.evening(number + 1))
        plan.expect(symbol, "recovered", ends, plan.evening(number + 2) + _NIGHT)


def limited(plan: Plan, number: int, random: Random) -> None:
    """An evening whose first run is sent away."""
    del random
    plan.trouble("status", ALL, plan.noon(number), plan.evening(number) + _HOUR, code=429)


def closed(plan: Plan, number: int, random: Random) -> None:
    """Two closures that the calendar does not know: of one it is told before, of one later."""
    first, second = plan.day(number), plan.day(number + 2)
    plan.drawn.closed = {*plan.drawn.closed, first, second}
    plan.acts.append(Act(plan.noon(number - 1), "close", day=first))
    plan.acts.append(Act(plan.noon(number + random.choice((4, 5))), "close", day=second))
    plan.absent.add(second)
    plan.restless.append((ALL, plan.noon(number + 2), plan.noon(number + 5)))


def without_cron(plan: Plan, number: int, random: Random) -> None:
    """A week in which nothing runs."""
    del random
    plan.without_cron.append((plan.noon(number), plan.noon(number + 4)))


_ALL_SHARES = (outage, closed, without_cron, limited)


def plan_of(seed: int, symbols: int, sessions: list[date], begin: int) -> Plan:
    """What happens to so many shares: two weeks with their own troubles, then one of all of them.

    Parameters
    ----------
    begin
        The number of the session on whose evening the store is begun.
    """
    random = Random(seed)  # noqa: S311  # no secret
    names = [f"S{number:02}" for number in range(symbols)]
    plan = Plan(Drawn(seed, names, sessions), begin)
    kinds, last, number = _turns(random), len(sessions) - begin - 1, 1
    free_from, turn = dict.fromkeys(names, 0), 0
    while number + 6 <= last:
        free = [each for each in names if free_from[each] <= number]
        if number + 15 <= last and len(free) >= _TOGETHER:
            for name in random.sample(free, _TOGETHER):
                free_from[name] = number + _incident(plan, next(kinds), name, number, random)
            number += 9
        _ALL_SHARES[turn % len(_ALL_SHARES)](plan, number, random)
        turn += 1
        number += 6
    return plan


def _incident(plan: Plan, kind: Incident, name: str, number: int, random: Random) -> int:
    """Have it happen to a share; for how many sessions nothing else is to."""
    if name in plan.drawn.splits and kind in _SPLITS:
        kind = late_of(1)
    kind(plan, name, number + random.randint(0, 1), random)
    return _FOR_EVER if kind in _LASTING else 10


def _turns(random: Random) -> Iterator[Incident]:
    """Each kind of incident in its turn, those first that a short time is to have."""
    yield from _FIRST
    while True:
        yield from random.sample(_OTHERS, len(_OTHERS))
        yield from random.sample(_FIRST, len(_FIRST))
