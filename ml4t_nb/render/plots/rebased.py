"""Several symbols on one axis: their closes, 100 at the first stamp that all of them have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ml4t_nb.model import bar_length
from ml4t_nb.render.format import one_line
from ml4t_nb.render.plots.chart_facts import ChartFacts, ChartHeader, LegendEntry
from ml4t_nb.render.plots.chart_words import chart_facts, chart_footer
from ml4t_nb.render.plots.price_words import (
    decimals_of,
    percent_words,
    price_words,
    stamp_words,
)
from ml4t_nb.render.plots.steps import Steps, rows_in
from ml4t_nb.render.plots.theme import Colours, in_lines, safe
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

__all__ = [
    "LOOKS",
    "RebasedLine",
    "base_of",
    "common_report",
    "rebased_facts",
    "rebased_header",
    "rebased_legend",
    "rebased_lines",
    "rebased_traces",
]

LOOKS = (
    ("accent", "solid"), ("gap", "9px,2px"), ("incomplete", "4px,1.5px"),
    ("up", "12px,2px,3px,2px"), ("error", "16px,3px"), ("closed", "2px,1.5px"),
)  # fmt: skip
"""Token and dash of each line, so that they are told apart without their colours.

Blanks are short: a spike of one bar must not fall into one."""

_POINTS = 4000  # of all lines together


@dataclass(frozen=True, slots=True, eq=False)
class RebasedLine:
    """Closes of one symbol from the common stamp on, at the rows of `common_report`.

    Parameters
    ----------
    rows, closes
        Of its own bars, and NaN at the stamps that are missing in a gap.
    base
        Its close at the common stamp.
    """

    report: PlotReport
    rows: Ints
    closes: Floats
    base: float

    @property
    def shares(self) -> Floats:
        """The closes in percent of the first one."""
        return self.closes * (100 / self.base)

    @property
    def symbol(self) -> str:
        """As stored."""
        return self.report.dataset.symbol

    @property
    def last(self) -> float:
        """The last close."""
        import numpy as np

        return float(self.closes[np.isfinite(self.closes)][-1])


def base_of(report: PlotReport) -> pd.Timestamp:
    """The first stamp with an observed bar of each of the symbols."""
    held, *others = (_closes(each).index for each in (report, *report.beside))
    for each in others:
        held = held.intersection(each)
    first: pd.Timestamp = held[0]
    return first


def _closes(report: PlotReport) -> pd.Series[float]:
    closes = report.bars["close"][~report.bars["filled"].to_numpy(bool)].dropna()
    return closes[closes != 0]


def common_report(report: PlotReport) -> PlotReport:
    """A report whose rows are the stamps that any of them has: the axis of the lines.

    Its bars reach from the lowest to the highest line, so that ranges of the axis show all.
    """
    import numpy as np
    import pandas as pd

    base, reports = base_of(report), (report, *report.beside)
    stamps = rows_in(reports[0])
    for each in reports[1:]:
        stamps = stamps.union(rows_in(each))
    stamps = pd.DatetimeIndex(stamps[stamps >= base])
    columns = []
    for each in reports:
        closes = _closes(each)
        columns.append((closes * (100 / closes[base])).reindex(stamps).to_numpy(float))
    table = np.vstack(columns)
    bars = pd.DataFrame(index=stamps)
    bars["open"] = bars["close"] = table[0]
    bars["high"] = np.fmax.reduce(table)
    bars["low"] = np.fmin.reduce(table)
    bars["volume"] = np.nan
    bars["dividend"], bars["split"], bars["filled"] = 0.0, 1.0, False
    plain = replace(report, bars=bars, missing=stamps[:0], gaps=(), findings=(), sources=())
    return replace(plain, beside=(), incomplete=None, open_until=None)


def rebased_lines(report: PlotReport, stamps: pd.DatetimeIndex) -> list[RebasedLine]:
    """A line for each symbol, at the rows of those stamps."""
    import pandas as pd

    base, lines = base_of(report), []
    for each in (report, *report.beside):
        closes = _closes(each)
        own = rows_in(each)
        own = pd.DatetimeIndex(own[own >= base])
        found: Any = closes.reindex(own).to_numpy(float)
        lines.append(RebasedLine(each, stamps.searchsorted(own), found, float(closes[base])))
    return lines


def _thinned(closes: Floats, most: int) -> Ints:
    """Positions of at most so many points; none of the highest and lowest is lost."""
    import numpy as np

    number = len(closes)
    if number <= most:
        return np.arange(number)
    size = -(-number // max(most // 5, 1))
    kept: set[int] = set()
    for start in range(0, number, size):
        part = closes[start : start + size]
        known = np.flatnonzero(np.isfinite(part))
        kept.add(start)
        if len(known):
            ends = known[[int(np.argmin(part[known])), int(np.argmax(part[known])), -1]]
            kept |= {start + int(at) for at in ends}
        if len(known) < len(part):
            kept.add(start + int(np.flatnonzero(~np.isfinite(part))[0]))
    return np.array(sorted(kept))


def rebased_traces(
    report: PlotReport, steps: Steps, colours: Colours, *, is_told: bool
) -> Iterator[dict[str, Any]]:
    """The lines, broken where bars are missing; where ``told``, they say their values.

    Parameters
    ----------
    steps
        Of the common report: which part of it is drawn.
    """
    common = steps.report
    stamps = rows_in(common)
    lines = rebased_lines(report, stamps)
    days = stamp_words(stamps, common.frequency, common.zone)
    for number, (line, entry) in enumerate(zip(lines, rebased_legend(report), strict=True)):
        token, dash = LOOKS[number % len(LOOKS)]
        # With a point beyond either end, so that the line reaches the edges.
        begin, end = line.rows.searchsorted([steps.first, steps.last + 1]).tolist()
        begin = max(begin - 1, 0)
        at = begin + _thinned(line.closes[begin : end + 1], _POINTS // len(lines))
        decimals = decimals_of(line.report.bars, line.report.dataset.asset_class)
        name = safe(one_line(line.symbol))
        columns = (line.rows[at], line.closes[at], line.shares[at])
        texts = [
            in_lines(
                days[row] if not number else "",
                f"{name} {price_words(price, decimals)} ({share:.2f})",
            )
            for row, price, share in zip(*(each.tolist() for each in columns), strict=True)
        ]
        told = {"text": texts, "hoverinfo": "text"}
        yield {
            "type": "scatter",
            "x": line.rows[at],
            "y": line.shares[at],
            "yaxis": "y2",
            "mode": "lines",
            "line": {"color": colours(token), "width": 1.8, "dash": dash},
            "connectgaps": False,
            "name": safe(f"{entry.label} {entry.value} {entry.percent}"),
            "meta": {"layer": "symbol"},
            **(told if is_told else {"hoverinfo": "skip"}),
        }


def rebased_legend(report: PlotReport) -> list[LegendEntry]:
    """Each symbol with its last price, and its change since the common stamp."""
    base, entries = base_of(report), []
    for number, each in enumerate((report, *report.beside)):
        closes = _closes(each)
        first, last = float(closes[base]), float(closes.iloc[-1])
        decimals = decimals_of(each.bars, each.dataset.asset_class)
        sign = "flat" if last == first else "up" if last > first else "down"
        token, dash = LOOKS[number % len(LOOKS)]
        entries.append(
            LegendEntry(
                "symbol",
                each.dataset.symbol,
                len(closes),
                token,
                "line" if dash == "solid" else f"line {dash}",
                value=price_words(last, decimals),
                percent=percent_words(last / first - 1),
                sign=sign,  # type: ignore[arg-type]  # one of them
            )
        )
    return entries


def rebased_header(report: PlotReport) -> ChartHeader:
    """The symbols, and what of them is drawn on which days."""
    reports = (report, *report.beside)
    (day,) = stamp_words(_index(base_of(report)), report.frequency, report.zone)
    made_up = [each.dataset.symbol for each in reports if each.provider == "synthetic"]
    parts = (
        f"{report.frequency} closes",
        "split-adjusted" if any(each.basis for each in reports) else "",
        "synthetic" if len(made_up) == len(reports) else "",
        f"{', '.join(made_up)} synthetic" if 0 < len(made_up) < len(reports) else "",
    )
    words = f"100 on {day}, the first session in common"
    if _is_mixed(reports):
        words += "; days of any of their calendars"
    names = ", ".join(each.dataset.symbol for each in reports)
    return ChartHeader(names, " · ".join(filter(None, parts)), bar=words)


def _index(stamp: pd.Timestamp) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.DatetimeIndex([stamp])


def _is_mixed(reports: Sequence[PlotReport]) -> bool:
    """Whether they have other sessions: by where, since that is all that is known of them."""
    places = {(each.zone, each.dataset.asset_class in ("crypto", "fx")) for each in reports}
    return len(places) > 1 and bar_length(reports[0].frequency) is None


def rebased_facts(report: PlotReport, common: PlotReport, steps: Steps) -> ChartFacts:
    """The facts of the common axis, with what is said of each symbol."""
    reports = (report, *report.beside)
    actions = tuple(
        replace(action, label=f"{each.dataset.symbol}: {action.label}")
        for each in reports
        for action in chart_footer(each).actions
    )
    facts = chart_facts(common, steps)
    return replace(
        facts,
        header=rebased_header(report),
        legend=tuple(rebased_legend(report)),
        footer=replace(facts.footer, actions=actions),
        remarks=_remarks(report, common, steps),
        is_compared=True,
    )


def _remarks(report: PlotReport, common: PlotReport, steps: Steps) -> dict[int, tuple[str, ...]]:
    """By step, the last close of each symbol in it, with its value on the axis."""
    import numpy as np

    found: dict[int, list[str]] = {}
    for line in rebased_lines(report, rows_in(common)):
        decimals = decimals_of(line.report.bars, line.report.dataset.asset_class)
        known = np.isfinite(line.closes)
        seen = known & (line.rows >= steps.first) & (line.rows <= steps.last)
        last: dict[int, tuple[float, float]] = {}
        columns = (line.rows[seen], line.closes[seen], line.shares[seen])
        for row, close, value in zip(*(each.tolist() for each in columns), strict=True):
            last[steps.step_of(row)] = close, value
        for step, (close, value) in last.items():
            words = f"{line.symbol} {price_words(close, decimals)} ({value:.2f})"
            found.setdefault(step, []).append(words)
    return {step: tuple(words) for step, words in sorted(found.items())}
