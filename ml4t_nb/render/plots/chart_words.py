"""What is said above, below and beside a chart of bars: its facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ml4t_nb.commands.spelling import spell
from ml4t_nb.model import NextStep, bar_length
from ml4t_nb.render.format import many, one_line, ratio
from ml4t_nb.render.plots.axis_ticks import tick_levels
from ml4t_nb.render.plots.chart_facts import (
    ChartAction,
    ChartBand,
    ChartFacts,
    ChartFooter,
    ChartSteps,
    LegendEntry,
    RangeButton,
)
from ml4t_nb.render.plots.chart_head import chart_header
from ml4t_nb.render.plots.event_traces import (
    NOT_COMPLETE,
    action_stories,
    band_edges,
    incomplete_rows,
    run_traces,
)
from ml4t_nb.render.plots.price_traces import step_labels
from ml4t_nb.render.plots.price_words import (
    decimals_of,
)
from ml4t_nb.render.plots.steps import Band, Steps, rows_in
from ml4t_nb.render.plots.theme import GAPS
from ml4t_nb.render.plots.trust_marks import suspicious_marks, taken_marks
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "chart_facts",
    "chart_footer",
    "chart_legend",
    "range_buttons",
    "running_rows",
]

_PRICES = ("open", "high", "low", "close")
_UNITS = {
    "daily": "session", "weekly": "week", "monthly": "month", "quarterly": "quarter",
    "yearly": "year",
}  # fmt: skip
_RANGES: dict[str, tuple[tuple[str, int], ...]] = {
    "days": (
        ("1M", 1), ("6M", 6), ("1Y", 12), ("5Y", 60),
    ),
    "months": (("1Y", 12), ("5Y", 60), ("10Y", 120)),
}  # fmt: skip
_SESSIONS = (("1D", 1), ("3D", 3), ("5D", 5))
_FEWEST = 24  # rows in view


def chart_facts(report: PlotReport, steps: Steps) -> ChartFacts:
    """All that a chart of those steps shows beside its figure."""
    decimals = decimals_of(report.bars, report.dataset.asset_class)
    doubtful: dict[int, tuple[str, ...]] = {}
    for mark in suspicious_marks(report, steps):
        step = steps.step_of(mark.row)
        doubtful[step] = tuple(dict.fromkeys((*doubtful.get(step, ()), mark.field or "close")))
    return ChartFacts(
        header=chart_header(report),
        legend=tuple(chart_legend(report, steps)),
        buttons=tuple(range_buttons(report)),
        footer=chart_footer(report),
        steps=_columns(report, steps, decimals),
        bands=tuple(_band(band, steps) for band in steps.bands),
        ticks=tick_levels(report, steps),
        rows=steps.total,
        decimals=decimals,
        is_intraday=bar_length(report.frequency) is not None,
        remarks=_remarks(report, steps),
        doubtful=doubtful,
    )


def chart_legend(report: PlotReport, steps: Steps) -> Iterator[LegendEntry]:
    """Each sign in the steps with its meaning, and how often it is there."""
    import numpy as np

    counts: Counter[str] = Counter()
    for band in steps.bands:
        counts["filled" if band.is_filled else band.state] += band.gaps
    for state, style in GAPS.items():
        if number := counts[state]:
            label = f"{style.words}, {number:,}"
            yield LegendEntry(state, label, number, style.token, style.hatch)
    if number := counts["filled"]:
        label = f"filled, {number:,} (hollow bars)"
        yield LegendEntry("filled", label, number, "filled", "dotted")
    if number := len({mark.story for mark in suspicious_marks(report, steps)}):
        yield LegendEntry(
            "suspect", f"suspect bar{'s' * (number > 1)}, {number:,}", number, "suspect", "ring"
        )
    for provider, marks in taken_marks(report, steps).items():
        number = len(marks)
        yield LegendEntry(
            "source", f"from {one_line(provider)}, {number:,}", number, "filled", "ring"
        )
    if number := len(incomplete_rows(report, steps)):
        yield LegendEntry(
            "incomplete", f"not complete, {number:,}", number, "incomplete", "triangle"
        )
    yield from _run_entries(report, steps)
    signs = [letters for letters, _ in action_stories(report, steps).values()]
    ratios = report.bars["split"].to_numpy(float)
    splits = ratios[~np.isin(ratios, (0, 1))].tolist()
    for letter, kind, own in (("S", "split", splits), ("D", "dividend", [])):
        if number := sum(letter in letters for letters in signs):
            label = kind if number == 1 else f"{kind}, {number:,}"
            label = f"split {ratio(own[0])}" if len(own) == number == 1 else label
            yield LegendEntry(kind, label, number, "text", letter)


def _run_entries(report: PlotReport, steps: Steps) -> Iterator[LegendEntry]:
    for trace in run_traces(report, steps, str):
        mark = "line" if "line" in trace else "triangle"
        colour = trace["line" if mark == "line" else "marker"]["color"]
        yield LegendEntry("run", trace["name"], len(trace["x"]), colour, mark)


def range_buttons(report: PlotReport) -> Iterator[RangeButton]:
    """Ranges up to the last bar, each shorter than all of them; and all of them."""
    import pandas as pd

    rows = rows_in(report)
    right = len(rows) - 0.5 + running_rows(report)
    if not len(rows):
        return
    last, frequency = rows[-1], report.frequency
    starts: list[tuple[str, pd.Timestamp]] = []
    if bar_length(frequency) is not None:
        starts.append(("1H", last - pd.Timedelta(hours=1) + pd.Timedelta(microseconds=1)))
        if report.hours is not None:
            opens = pd.DatetimeIndex(report.hours["open"])
            begun = opens[: int(opens.searchsorted(last, side="right"))]
            starts += [(label, begun[-n]) for label, n in _SESSIONS if len(begun) >= n]
            month = begun[begun >= last - pd.DateOffset(months=1)]
            starts += [("1M", month[0])] if len(month) else []
    else:
        kind = "days" if frequency in ("daily", "weekly") else "months"
        starts += [(label, last - pd.DateOffset(months=ago)) for label, ago in _RANGES[kind]]
    for label, start in starts:
        row = int(rows.searchsorted(start))
        if 0 < row < len(rows) - 1:
            yield RangeButton(label, row - 0.5, right)
    # Few bars would be as wide as a hand.
    spare = max(_FEWEST - (right + 0.5), 0) / 2
    yield RangeButton("All", -0.5 - spare, right + spare)


def running_rows(report: PlotReport) -> int:
    """Bars that the last session has still to come."""
    length = bar_length(report.frequency)
    if report.open_until is None or length is None or report.bars.empty:
        return 0
    left: timedelta = report.open_until - report.bars.index[-1].to_pydatetime() - length
    return max(round(left / length), 0)


def chart_footer(report: PlotReport) -> ChartFooter:
    """How much there is, whose time it is, and what there is to do."""
    unit = _UNITS.get(report.frequency, "bar")
    total = len(report.bars) if unit == "bar" else len(rows_in(report))
    return ChartFooter(unit, f"{unit}s", total, _zone_words(report), tuple(_actions(report)))


def _zone_words(report: PlotReport) -> str:
    place = report.zone.rpartition("/")[2].replace("_", " ")
    words = "UTC" if place in ("UTC", "") else f"{place} time"
    if bar_length(report.frequency) is None or report.hours is None or report.hours.empty:
        return words
    ends = [report.hours[name].iloc[-1].tz_convert(report.zone) for name in ("open", "close")]
    opening, close = (f"{end:%H:%M}" for end in ends)
    return words if opening == close else f"{words}, sessions {opening} to {close}"


def _actions(report: PlotReport) -> Iterator[ChartAction]:
    pending = sum(gap.is_pending for gap in report.gaps)
    if pending:
        line = spell(NextStep("gaps", report.dataset, home=report.home), "%ml4t")
        yield ChartAction("gaps", many(pending, "open gap"), line)
    if report.findings:
        line = spell(NextStep("review", report.dataset, home=report.home), "%ml4t")
        yield ChartAction("review", f"{many(len(report.findings), 'finding')} to review", line)


def _columns(report: PlotReport, steps: Steps, decimals: int) -> ChartSteps:
    import numpy as np

    table = steps.table
    prices: dict[str, Any] = {name: table[name].to_numpy(float).copy() for name in _PRICES}
    is_made = ((table["observed"] == 0) & (table["filled"] > 0)).to_numpy()
    if is_made.any():
        # Of a filled bar the values that were made; of several the last close is enough.
        made = report.bars[report.bars["filled"].to_numpy(bool)].reindex(steps.rows[:: steps.size])
        for name in _PRICES:
            own = made[name].to_numpy(float) if steps.size == 1 else table["made"].to_numpy()
            prices[name][is_made] = own[is_made]
    closes = prices["close"]
    before = np.append(_close_before(report, steps), closes[:-1])
    # Where bars are missing, the last close there was.
    known = np.maximum.accumulate(np.where(np.isfinite(before), np.arange(len(before)), 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        change = 100 * (closes / before[known] - 1)
    unit = report.frequency in _UNITS
    held = table["observed"] + table["filled"] + (table["missing"] if unit else 0)
    return ChartSteps(
        first=steps.first,
        size=steps.size,
        rows=len(steps.rows),
        labels=tuple(step_labels(report, steps, report.zone)),
        **{name: _rounded(values, decimals) for name, values in prices.items()},
        volume=_rounded(table["volume"].to_numpy(float), 6),
        change=_rounded(change, 2),
        counts=tuple(held.tolist()),
    )


def _close_before(report: PlotReport, steps: Steps) -> float:
    """The last close before the first step; NaN if there is none."""
    if not len(steps):
        return float("nan")
    closes = report.bars["close"].iloc[: int(report.bars.index.searchsorted(steps.rows[0]))]
    closes = closes.iloc[-50:].dropna()
    return float(closes.iloc[-1]) if len(closes) else float("nan")


def _rounded(values: Any, decimals: int) -> tuple[float | None, ...]:  # noqa: ANN401  # an array
    import numpy as np

    rounded = np.round(values, decimals)
    known = np.isfinite(rounded).tolist()
    return tuple(v if k else None for v, k in zip(rounded.tolist(), known, strict=True))


def _band(band: Band, steps: Steps) -> ChartBand:
    left, right = band_edges(band, steps)
    lines = tuple(band.story.split("\n"))
    return ChartBand(left, right, band.state, band.is_filled, band.missing, lines)


def _remarks(report: PlotReport, steps: Steps) -> dict[int, tuple[str, ...]]:
    """By step, what is doubted, from whom a bar is, and what a company did."""
    found: dict[int, dict[str, None]] = {}

    def add(row: int, line: str) -> None:
        found.setdefault(steps.step_of(row), {})[line] = None

    for mark in suspicious_marks(report, steps):
        add(mark.row, mark.story)
    for marks in taken_marks(report, steps).values():
        for mark in marks:
            add(mark.row, mark.story)
    for row, (_, story) in action_stories(report, steps).items():
        add(row, story)
    for row in incomplete_rows(report, steps):
        add(row, NOT_COMPLETE)
    return {step: tuple(lines) for step, lines in sorted(found.items())}
