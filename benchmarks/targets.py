"""What was promised, and whether the numbers keep it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from benchmarks.contenders import ARCTIC, LIMIT, OURS
from benchmarks.series import Book, Key

__all__ = ["TARGETS", "Target", "Verdict", "judged"]


@dataclass(frozen=True, slots=True)
class Target:
    """A number, or the ratio of two, and its bound.

    Parameters
    ----------
    below
        What ``above`` is divided by, round by round; None for the number itself.
    most, least
        Whichever of them bounds it.
    """

    text: str
    above: Key
    below: Key | None = None
    most: float | None = None
    least: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target and what was measured: the median, and over the rounds the lowest and highest.

    Parameters
    ----------
    best
        The same of the least times measured at all.
    """

    target: Target
    measured: float
    low: float
    high: float
    best: float

    @property
    def is_met(self) -> bool:
        """Whether the median keeps the bound."""
        return self.factor <= 1

    @property
    def factor(self) -> float:
        """Measured over allowed, or the inverse for a least: up to 1 is met."""
        if self.target.most is not None:
            return self.measured / self.target.most
        assert self.target.least is not None
        return self.target.least / self.measured


def _beside(kind: str, workload: str, peer: str, most: float) -> Target:
    what = f"{kind} {workload}"
    return Target(f"{what} / {peer}", (what, OURS.name), (what, peer), most)


_HEALTH = "health of 5,000"
_PIPELINE = "incremental, synthetic"
TARGETS = (
    *(
        _beside(kind, workload, ARCTIC.name, most)
        for kind, load in (("daily", 1.5), ("minute", 2.0))
        for workload, most in (("load", load), ("append", 1.0), ("read", 1.0), ("range", 0.7))
    ),
    *(_beside(kind, "append", LIMIT.name, 4.0) for kind in ("daily", "minute")),
    Target(
        "daily append after 20 years / after 1",
        ("daily append after", "20 years"),
        ("daily append after", "1 year"),
        most=1.25,
    ),
    Target(
        "minute append after 5 years / after 1",
        ("minute append after", "5 years"),
        ("minute append after", "1 year"),
        most=1.25,
    ),
    Target("minute bytes", ("minute bytes", OURS.name), most=4.3, unit="MB"),
    Target(
        "gaps among 490,000 bars / np.diff",
        ("gaps among 490,000 bars", "find_gaps"),
        ("gaps among 490,000 bars", "np.diff"),
        most=8,
    ),
    Target("health of 5,000, warm", (_HEALTH, "warm, the verb"), most=150, unit="ms"),
    Target("health of 5,000, shell", (_HEALTH, "shell"), most=1000, unit="ms"),
    Target("one of 500 symbols", ("symbols", OURS.name), most=4, unit="ms"),
    Target(
        "full load / daily update, pipeline", (_PIPELINE, "load"), (_PIPELINE, "update"), least=10
    ),
    Target(
        "lock / daily update, pipeline",
        ("lock", "taken and given back"),
        (_PIPELINE, "update"),
        most=0.05,
    ),
)


def judged(book: Book) -> list[Verdict]:
    """Every target whose numbers were measured."""
    verdicts = []
    for target in TARGETS:
        values, best = book.values.get(target.above), book.best(*target.above)
        if not values or best is None:
            continue
        if target.below is None:
            verdicts.append(Verdict(target, median(values), min(values), max(values), best))
        elif ratio := book.ratio(target.above, target.below):
            beside = book.best(*target.below) or 1.0
            verdicts.append(Verdict(target, ratio.middle, ratio.low, ratio.high, best / beside))
    return verdicts
