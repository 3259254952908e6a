"""Prices, volumes, changes and stamps as a chart says them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ml4t_nb.model import AssetClass, BarsFrequency, bar_length

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MONTHS",
    "decimals_of",
    "percent_words",
    "price_words",
    "round_volume",
    "signed",
    "stamp_words",
    "volume_words",
]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUS, _SPACE = "\N{MINUS SIGN}", " "
_RECENT = 250
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def decimals_of(bars: pd.DataFrame, asset_class: AssetClass) -> int:
    """Decimals that the prices are said with: two, or as many as small ones need."""
    import numpy as np

    closes = bars["close"].to_numpy(float)[-_RECENT:]
    closes = np.abs(closes[np.isfinite(closes) & (closes != 0)])
    if not len(closes):
        return 2
    level = float(np.median(closes))
    if asset_class == "fx":
        return 5 if level < 10 else 3  # noqa: PLR2004  # pips
    if level < 1:
        return min(3 - math.floor(math.log10(level)), 12)
    # Vendors write 12.34 as 12.34000015.
    is_in_cents = np.abs(np.round(closes, 2) - closes) <= closes * 1e-6
    return 2 if level >= 10 or is_in_cents.mean() > 0.5 else 4  # noqa: PLR2004  # as people quote


def price_words(value: float, decimals: int) -> str:
    """``1,234.50``; a dash if there is none."""
    return f"{value:,.{decimals}f}".replace("-", _MINUS) if math.isfinite(value) else "-"


def signed(value: float, decimals: int) -> str:
    """``+0.54``, with a true minus."""
    return f"{value:+,.{decimals}f}".replace("-", _MINUS)


def percent_words(share: float) -> str:
    """``+1.36 %`` of a share of 1."""
    return f"{signed(100 * share, 2)}{_SPACE}%"


def round_volume(value: float) -> str:
    """A round number as on an axis: ``50 M``."""
    words = volume_words(value)
    number, _, unit = words.partition(_SPACE)
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{number}{_SPACE}{unit}" if unit else number


def volume_words(value: float) -> str:
    """``16.2 M``, ``950``; empty if there is none."""
    if not math.isfinite(value):
        return ""
    for size, unit in _UNITS:
        # What rounds to 1,000 of a unit is 1 of the next one.
        if abs(value) >= size * 0.9995:
            return f"{_three(value / size)}{_SPACE}{unit}"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.3g}"


def _three(value: float) -> str:
    """A number below 1,000 with three figures."""
    return f"{value:.{min(max(2 - math.floor(math.log10(abs(value))), 0), 2)}f}"


def stamp_words(
    stamps: pd.DatetimeIndex, frequency: BarsFrequency, zone: str, *, zoned: bool = True
) -> list[str]:
    """``Thu 14 Apr 2005``, ``Wed 1 Jun 2005 14:00 EDT``, ``Apr 2005``, in English everywhere."""
    is_intraday = bar_length(frequency) is not None
    local: Any = stamps.tz_convert(zone) if is_intraday else stamps
    parts = zip(local.day_of_week, local.day, local.month, local.year, strict=True)
    match frequency:
        case "yearly":
            return [f"{year}" for _, _, _, year in parts]
        case "quarterly":
            return [f"Q{(month + 2) // 3} {year}" for _, _, month, year in parts]
        case "monthly":
            return [f"{MONTHS[month - 1]} {year}" for _, _, month, year in parts]
    days = [f"{_DAYS[w]} {d} {MONTHS[m - 1]} {y}" for w, d, m, y in parts]
    if frequency == "weekly":
        return [f"week of {day}" for day in days]
    if not is_intraday:
        return days
    times = [f"{h:02}:{m:02}" for h, m in zip(local.hour, local.minute, strict=True)]
    names = [f" {name}" for name in _zone_names(local)] if zoned else [""] * len(times)
    return [f"{day} {t}{name}" for day, t, name in zip(days, times, names, strict=True)]


def _zone_names(local: Any) -> list[str]:  # noqa: ANN401  # of stamps
    """``EST`` or ``EDT`` of each: one and the same of all that are as far from UTC in a year."""
    offsets = (local.tz_localize(None) - local.tz_convert(None)).total_seconds()
    kinds = list(zip(local.year, offsets, strict=True))
    samples = {kind: stamp for stamp, kind in enumerate(kinds)}
    names = {kind: local[stamp].strftime("%Z") for kind, stamp in samples.items()}
    return [names[kind] for kind in kinds]
