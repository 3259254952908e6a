"""Two providers side by side, as tables and lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ml4t_nb.model import Frequency, NextStep
from ml4t_nb.render.format import count, many, stamp
from ml4t_nb.render.layout import Block, Note, Table
from ml4t_nb.reports import CompareReport

__all__ = ["compare_blocks"]

_SHOWN = 10


def compare_blocks(report: CompareReport) -> Iterator[Block]:
    """Agreement by price, the prices furthest apart, and what only one of the two has."""
    frequency = report.dataset.frequency
    if not report.common:
        yield [Note(f"{report.dataset}: no bar in common with {report.other}")]
        return
    whole = report.common
    rows = [(name, count(number), _share(number, whole)) for name, number in report.agreeing]
    past = f" as version {report.version} left it" if report.is_past else ""
    title = f"{report.dataset}{past}: {report.provider} and {report.other}, agreeing within "
    yield Table(("Price", "Agree>", "Of all>"), rows, title=f"{title}{report.tolerance:.2%}")
    if report.differences:
        worst = [
            (
                stamp(each.stamp, frequency),
                each.column,
                f"{each.stored:,.6g}",
                f"{each.other:,.6g}",
                f"{each.share:+.2%}",
            )
            for each in report.differences[:_SHOWN]
        ]
        yield Table(("Bar", "Price", f"{report.provider}>", f"{report.other}>", "Apart>"), worst)
    yield list(_notes(report, frequency))


def _notes(report: CompareReport, frequency: Frequency) -> Iterator[Note]:
    differing = len({each.stamp for each in report.differences})
    left = len(report.differences) - _SHOWN
    more = f"; {many(left, 'more price')} not shown, see --json" if left > 0 else ""
    mark = "⚠️" if differing else "✅"
    yield Note(f"{mark} {many(report.common, 'bar')} in common, {count(differing)} differ{more}")
    for stamps, name in ((report.only_stored, report.provider), (report.only_other, report.other)):
        if stamps:
            yield Note(f"⚠️ only {name} has {many(len(stamps), 'bar')}: {_few(stamps, frequency)}")
    if report.only_other and not report.is_past:
        take = NextStep("reconcile", report.dataset, provider=report.other, other="missing")
        yield Note(f"what is missing can be taken from {report.other}", take)
    scaled = [each for each in report.scales if each.factor != 1]
    for each in scaled[:_SHOWN]:
        ends = f"{stamp(each.first, frequency)} … {stamp(each.last, frequency)}"
        yield Note(f"{ends}: prices of {report.other} are {each.factor:.6g} times as high")
    if len(scaled) > _SHOWN:
        yield Note(f"{count(len(scaled) - _SHOWN)} more stretches on other scales")
    if report.volume_ratio is not None:
        bars = many(report.volumes_apart, "bar")
        apart = f"; in {bars} more than twice that, or less than half" * bool(report.volumes_apart)
        times = f"{report.volume_ratio:.3g} times"
        high = "as high" if times == "1 times" else f"{times} as high"
        yield Note(f"volumes of {report.other} are {high}{apart}")
    yield from map(Note, report.notes)


def _few(stamps: Sequence[datetime], frequency: Frequency) -> str:
    shown = ", ".join(stamp(each, frequency) for each in stamps[:_SHOWN])
    return shown if len(stamps) <= _SHOWN else f"{shown}, …"


def _share(number: int, whole: int) -> str:
    # 99.995 % is not all of them.
    return "100 %" if number == whole else f"{min(number / whole, 0.9999):.2%}".replace("%", " %")
