"""The head of a chart of bars: what it shows, the last price, and the last bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.model import BarsFrequency, bar_length
from ml4t_nb.render.format import currency_words, many, one_line
from ml4t_nb.render.plots.chart_facts import ChartHeader
from ml4t_nb.render.plots.price_words import (
    decimals_of,
    percent_words,
    price_words,
    signed,
    stamp_words,
    volume_words,
)
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["chart_header"]

_PRICES = ("open", "high", "low", "close")


def chart_header(report: PlotReport) -> ChartHeader:
    """Symbol, last price, and what the last bar is."""
    head = ChartHeader(report.dataset.symbol, _description(report))
    bars = report.bars[~report.bars["filled"].to_numpy(bool)]
    bars = bars[bars["close"].notna().to_numpy()]
    if bars.empty:
        return head
    decimals = decimals_of(report.bars, report.dataset.asset_class)
    last = bars.iloc[-1]
    is_intraday = bar_length(report.frequency) is not None
    (label,) = stamp_words(bars.index[-1:], report.frequency, report.zone)  # type: ignore[arg-type]
    before, since = _before(report, bars)
    price = float(last["close"])
    move = None if before is None else price - before
    sign = "flat" if not move else "up" if move > 0 else "down"
    values = "  ".join(f"{n[0].upper()} {price_words(float(last[n]), decimals)}" for n in _PRICES)
    volume = volume_words(float(last["volume"])) if last["volume"] > 0 else ""
    values += f"  Vol {volume}" if volume else ""
    return ChartHeader(
        head.symbol,
        head.description,
        price=price_words(price, decimals),
        sign=sign,  # type: ignore[arg-type]  # one of them
        arrow={"up": "▲", "down": "▼", "flat": ""}[sign],
        change="" if move is None else signed(move, decimals),
        percent="" if not before or move is None else percent_words(move / before),
        bar=label if is_intraday else f"{label}   {values}",
        note=since,
    )


def _before(report: PlotReport, bars: pd.DataFrame) -> tuple[float | None, str]:
    """What the last close is compared with, and which that is if not the bar before."""
    import pandas as pd

    rest = bars.iloc[:-1]
    since = ""
    if bar_length(report.frequency) is not None and report.hours is not None:
        opens = pd.DatetimeIndex(report.hours["open"])
        at = int(opens.searchsorted(bars.index[-1], side="right")) - 1
        if at >= 0:
            rest = bars.iloc[: int(bars.index.searchsorted(opens[at]))]
            if not rest.empty:
                own = int(opens.searchsorted(rest.index[-1], side="right")) - 1
                (day,) = stamp_words(
                    pd.DatetimeIndex(report.hours.index[max(own, 0) : max(own, 0) + 1]), "daily", ""
                )
                since = f"change since the close of {day.rsplit(' ', 1)[0]}"
    return (None, "") if rest.empty else (float(rest["close"].iloc[-1]), since)


def _description(report: PlotReport) -> str:
    dataset = report.dataset
    is_split = report.basis is not None and dataset.asset_class in ("equities", "etfs")
    made = f"{_frequency(report.frequency)} of {_frequency(dataset.frequency)} bars"
    parts = (
        dataset.asset_class,
        made if report.derived else _frequency(dataset.frequency),
        "split-adjusted" if is_split else "",
        currency_words(one_line(report.currency)) if report.currency else "",
        "synthetic" if report.provider == "synthetic" else "",
        f"last {report.record.verb}" if report.record is not None else "",
        f"as version {report.version} left it" if report.is_past else "",
    )
    return " · ".join(filter(None, parts))


def _frequency(frequency: BarsFrequency) -> str:
    """``daily``, ``5 minutes``."""
    length = bar_length(frequency)
    if length is None or frequency == "hourly":
        return frequency
    return many(round(length.total_seconds() / 60), "minute")
