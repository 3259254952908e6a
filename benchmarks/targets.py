"""What was promised, and whether the numbers keep it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from benchmarks.contenders import ARCTIC, DUCKDB_OUR_FILES, LIMIT, OURS
from benchmarks.door.ways import SIZES, among
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
    processor
        The median of the time of the processors; None where it was not taken.
    """

    target: Target
    measured: float
    low: float
    high: float
    best: float
    processor: float | None = None

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


def _at_door(what: str, peer: str, most: float, size: int = SIZES[-1]) -> Target:
    told = among(what, size)
    return Target(f"{told} / {peer}", (told, OURS.name), (told, peer), most)


def _flat(what: str, *, fewest: int = SIZES[0], fresh: bool = False) -> Target:
    """The same of the largest store beside one of the smallest that has as many to read."""
    few, most = (among(what, size, fresh=fresh) for size in (fewest, SIZES[-1]))
    return Target(f"{most} / among {fewest:,}", (most, OURS.name), (few, OURS.name), most=1.25)


_HEALTH = "health of 5,000"
_PIPELINE = "incremental, synthetic"
TARGETS = (
    *(
        _beside(kind, workload, ARCTIC.name, most)
        for kind, load, append in (("daily", 1.0, 0.8), ("minute", 1.5, 1.0))
        for workload, most in (("load", load), ("append", append), ("read", 1.0), ("range", 0.7))
    ),
    *(_beside(kind, "append", LIMIT.name, 4.0) for kind in ("daily", "minute")),
    _at_door("one", ARCTIC.name, 1.0),
    _at_door("a month", ARCTIC.name, 0.7),
    _at_door("500 at once", ARCTIC.name, 1.0),
    _at_door("a column of 500", DUCKDB_OUR_FILES.name, 1.0),
    *(_flat(what) for what in ("one", "one of 20, in a loop", "update of one")),
    _flat("500 at once", fewest=SIZES[1]),
    _flat("one", fresh=True),
    Target(
        "one with 100 records / with one",
        (among("one with 100 records", SIZES[-1]), OURS.name),
        (among("one", SIZES[-1]), OURS.name),
        most=1.25,
    ),
    Target(
        among("one of 500 updated", SIZES[-1]),
        (among("one of 500 updated", SIZES[-1]), OURS.name),
        most=8,
        unit="ms",
    ),
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
    Target("list of 5,000, warm", (_HEALTH, "warm, list"), most=100, unit="ms"),
    Target("health of 5,000, shell", (_HEALTH, "shell"), most=1000, unit="ms"),
    Target(
        "first load in a fresh kernel / import pandas",
        ("cold start", "a shell's first %ml4t load"),
        ("cold start", "python, import pandas"),
        most=1.2,
    ),
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
        used = _processor(book, target)
        if target.below is None:
            verdicts.append(Verdict(target, median(values), min(values), max(values), best, used))
        elif ratio := book.ratio(target.above, target.below):
            beside = book.best(*target.below) or 1.0
            told = (ratio.middle, ratio.low, ratio.high, best / beside)
            verdicts.append(Verdict(target, *told, used))
    return verdicts


def _processor(book: Book, target: Target) -> float | None:
    """What the target's number is by the time of the processors, where that was taken too."""
    above, *below = (
        (f"{key[0]}, processor", key[1]) for key in (target.above, target.below) if key
    )
    if not below:
        return book.median(*above)
    ratio = book.ratio(above, below[0])
    return ratio.middle if ratio else None
