"""Series that rules are tried on: real ones, shapes of real ones, and calm made-up ones."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import Bars, make_bars
from ml4t_nb.core.rules.apply import suspects
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.model import AssetClass, Basis, DatasetId, Span
from ml4t_nb.providers.base import Request
from ml4t_nb.providers.sample.provider import SampleProvider
from ml4t_nb.settings import Settings

# GameStop before its split of 2022, from 28 December 2020: open, high, low and close of a squeeze,
# in which a day's low was a third of the close before and the day after opened at the old price.
SQUEEZE = """
21.31 21.68 20.44 20.99|20.77 21.00 19.19 19.38|19.26 20.04 19.05 19.26|19.25 19.80 18.80 18.84
19.00 19.10 17.15 17.25|17.35 18.08 17.23 17.37|17.34 18.98 17.33 18.36|18.47 19.45 18.02 18.08
18.18 18.30 17.08 17.69|19.41 20.65 19.01 19.94|19.96 20.40 19.32 19.95|20.42 38.65 20.03 31.40
38.09 43.06 33.05 39.91|38.49 40.75 34.01 35.50|41.55 45.52 36.64 39.36|37.37 41.19 36.06 39.12
39.23 44.75 37.00 43.03|42.59 76.76 42.32 65.01|96.73 159.18 61.13 76.79|88.56 150.0 80.20 147.98
354.83 380 249.00 347.51|265.0 483.0 112.25 193.60|379.71 413.98 250.0 325.0|316.56 322 212 225
140.76 158 74.22 90.00|112.01 113.40 85.25 92.41|91.19 91.50 53.33 53.50|54.04 95.00 51.09 63.77
72.41 72.66 58.02 60.00|56.61 57.00 46.52 50.31|50.77 62.83 46.55 51.20|50.01 55.32 48.22 51.10
50.75 53.50 49.04 52.40|52.66 53.00 49.13 49.51|49.77 51.19 44.56 45.94|48.49 48.87 40.65 40.69
41.28 43.90 38.50 40.59|46.69 48.51 42.40 46.00|44.97 46.23 40.00 44.97|44.70 91.71 44.70 91.71
"""


def bars_of(prices: np.ndarray, *, first: str = "2020-12-28", **columns: object) -> Bars:
    """Daily bars of open, high, low, close by row, with a volume of a million unless given."""
    opens, high, low, close = prices.T
    given = {"volume": 1e6, **columns}
    stamps = pd.date_range(first, periods=len(prices), freq="B")
    return make_bars(stamps, {"open": opens, "high": high, "low": low, "close": close, **given})


def squeeze() -> Bars:
    """Forty days of a squeeze."""
    rows = [row.split() for row in SQUEEZE.replace("\n", "|").split("|") if row]
    return bars_of(np.array(rows, dtype=float))


def sample(symbol: str) -> Bars:
    """All real bars of one of the five shares, on the split basis of the last."""
    span = Span(datetime(2000, 1, 1, tzinfo=UTC), datetime(2013, 4, 1, tzinfo=UTC))
    request = Request(
        DatasetId("equities", "daily", symbol), span, span.end, calendar("XNYS"), None
    )
    return SampleProvider(Settings()).fetch(request).bars


def calm(count: int = 120, *, level: float = 50.0, volume: float = 1e6) -> Bars:
    """Bars that move by half a percent or a percent a day, up and down in turn."""
    close = level * np.exp(np.cumsum(np.tile([0.01, -0.005, 0.005, -0.01], count // 4 + 1)[:count]))
    opens = np.append(level, close[:-1])
    high, low = np.maximum(opens, close) * 1.003, np.minimum(opens, close) * 0.997
    volumes = volume * (1 + np.arange(count) % 7 / 10)
    return bars_of(np.stack([opens, high, low, close], axis=1), volume=volumes)


def found(
    bars: Bars,
    *,
    basis: Basis = "split-adjusted",
    asset_class: AssetClass = "equities",
    allowed: Thresholds | None = None,
) -> list[tuple[str, int, int]]:
    """Rule, first row and last row of what is found."""
    all_of_them = suspects(
        bars, basis=basis, asset_class=asset_class, allowed=allowed or Thresholds()
    )
    return [(each.rule, each.first, each.last) for each in all_of_them]
