"""What shows a finding: the bars around it, the values in doubt, how far bars usually reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ml4t_nb.finding import Finding, Rule
from ml4t_nb.model import DatasetId
from ml4t_nb.reports import CompareReport, PlotReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]

__all__ = ["Evidence", "EvidenceBar", "SecondOpinion", "UsualReach", "evidence_of", "opinion_of"]

_PRICES = ("open", "high", "low", "close")
_NUMBERS = (*_PRICES, "volume", "dividend")
_SHOWN = 25
# Of a longer stretch the edge shows most: the last bars before it, and its first.
_LONGEST = 17
_HISTORY = 250
_FEWEST = 10
_VOLUMES_APART = 2.0

_DOUBTED: dict[Rule, tuple[str, ...]] = {
    "frozen": _PRICES,
    "unit": _PRICES,
    "volume": ("volume",),
    "no volume": ("volume",),
    "zero volume": ("volume",),
    "high volume": ("volume",),
    "action": ("dividend",),
    "large dividend": ("dividend",),
    "repeated dividend": ("dividend",),
    "dividend unit": ("dividend",),
}
"""What is in doubt by the rule alone; of the other rules the finding's evidence names it."""


@dataclass(frozen=True, slots=True)
class EvidenceBar:
    """One bar beside a finding, or of it."""

    stamp: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    dividend: float = 0.0
    is_filled: bool = False

    def value(self, column: str) -> float:
        """The number in a column."""
        return float(getattr(self, column))


@dataclass(frozen=True, slots=True)
class UsualReach:
    """Where the doubtful value would be, were its bar like the others.

    Parameters
    ----------
    low, high
        The bounds, both inclusive.
    share
        How far at most a bar reached beyond its body, or a close moved; 0 of volumes.
    bars
        How many bars that was seen of.
    """

    low: float
    high: float
    share: float
    bars: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A finding with the bars that show it.

    Parameters
    ----------
    zone
        Time zone of the calendar, in which intraday bars are labelled.
    bars
        About 25, with the doubtful ones among them; of a long stretch those at its edge.
    first, last
        Rows of the doubtful bars, both inclusive. A row that was kept out of the store has no bar:
        ``last`` is then the one before ``first``, which is its place.
    columns
        In doubt, the most doubtful one first; empty where the rule names none.
    reach
        Of the first column; None where nothing is usual.
    is_cut
        Whether the stretch has more bars than these.
    """

    finding: Finding
    dataset: DatasetId
    provider: str
    zone: str
    bars: tuple[EvidenceBar, ...]
    first: int
    last: int
    columns: tuple[str, ...]
    reach: UsualReach | None = None
    is_cut: bool = False

    @property
    def is_stored(self) -> bool:
        """Whether the doubtful bar is in the store."""
        return self.last >= self.first

    @property
    def at(self) -> int:
        """The row that is pointed at: of a stretch its edge, of a frozen one the first repeat."""
        if self._is_repeated:
            return self.first + 1
        return self.last if self.first == 0 and self.last > 0 else self.first

    @property
    def doubted(self) -> EvidenceBar | None:
        """The bar that is pointed at; None if it is not stored."""
        return self.bars[self.at] if self.is_stored else None

    @property
    def before(self) -> EvidenceBar | None:
        """The bar before the doubtful ones; of a frozen stretch the one that is repeated."""
        row = self.at if self._is_repeated else self.first
        return self.bars[row - 1] if row > 0 else None

    @property
    def _is_repeated(self) -> bool:
        return self.finding.rule == "frozen" and self.last > self.first

    @property
    def after(self) -> EvidenceBar | None:
        """The bar after the doubtful ones, if it is among those shown."""
        return self.bars[self.last + 1] if self.last + 1 < len(self.bars) else None


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What another provider says of the doubtful bar.

    Parameters
    ----------
    bar
        Prices on the scale of the bars around; None if it has no such bar.
    differs
        Columns in which it is another.
    fits
        Whether it differs in what is in doubt, and agrees with the bars around.
    """

    provider: str
    bar: EvidenceBar | None
    differs: tuple[str, ...] = ()
    fits: bool = False


def evidence_of(
    finding: Finding, report: PlotReport, others: Sequence[Finding] = ()
) -> Evidence | None:
    """The evidence of a finding among some hundred bars; None where no bar has to do with it.

    Parameters
    ----------
    report
        Bars from long before the finding to some after it.
    others
        Findings of the same dataset: their bars do not show what is usual.
    """
    import numpy as np
    import pandas as pd

    bars = report.bars
    if finding.stamp is None or bars.empty:
        return None
    index = pd.DatetimeIndex(bars.index)
    first, stop = _rows(index, finding)
    if bars["filled"].to_numpy()[first:stop].all():
        stop = first  # what was made in its place is not what is in doubt
    columns = _columns(finding, bars, first, stop)
    doubtful = bars["filled"].to_numpy(dtype=bool, copy=True)
    for each in (finding, *others):
        doubtful[slice(*_rows(index, each))] = True
    usual = np.flatnonzero(~doubtful)
    low, high = _window(first, stop, len(bars))
    at = stop - 1 if first == 0 and stop > first else first
    named = columns[0] if columns else ""
    return Evidence(
        finding=finding,
        dataset=report.dataset,
        provider=report.provider,
        zone=report.zone,
        bars=tuple(_bars(bars.iloc[low:high])),
        first=max(first, low) - low,
        last=min(stop, high) - 1 - low,
        columns=columns,
        reach=None
        if finding.rule == "frozen"
        else _reach(named, bars, at, usual, is_stored=first < stop),
        is_cut=low > first or high < stop,
    )


def opinion_of(evidence: Evidence, report: CompareReport) -> SecondOpinion:
    """What the provider of a comparison says of the doubtful bar."""
    stored = evidence.doubted
    stamp = evidence.finding.stamp if stored is None else stored.stamp
    theirs = report.other_bars
    if theirs is None or stamp is None or stamp not in theirs.index:
        return SecondOpinion(report.other, None)
    near = evidence.before or evidence.after
    scale = _scale(report, stamp if near is None else near.stamp)
    (served,) = _bars(theirs.loc[[stamp]])
    bar = replace(
        served,
        open=served.open / scale,
        high=served.high / scale,
        low=served.low / scale,
        close=served.close / scale,
        dividend=served.dividend / scale,
    )
    differs = tuple(_differing(stored, bar, report))
    reach, named = evidence.reach, evidence.columns[:1]
    is_other = stored is None or not set(differs).isdisjoint(evidence.columns or _PRICES)
    is_near = reach is None or all(reach.low <= bar.value(each) <= reach.high for each in named)
    return SecondOpinion(report.other, bar, differs, fits=is_other and is_near)


def _rows(index: pd.DatetimeIndex, finding: Finding) -> tuple[int, int]:
    """First row of a finding, and the one after its last."""
    if finding.stamp is None:
        return 0, 0
    ends = [finding.stamp, finding.end or finding.stamp]
    return int(index.searchsorted(ends[0])), int(index.searchsorted(ends[1], side="right"))


def _window(first: int, stop: int, count: int) -> tuple[int, int]:
    """First row to show, and the one after the last."""
    long = stop - first
    if long <= _LONGEST:
        low = first - (_SHOWN - max(long, 1)) // 2
        high = low + _SHOWN
    elif first > 0:
        low = first - _SHOWN // 2
        high = low + _SHOWN
    else:
        high = stop + _SHOWN // 2
        low = high - _SHOWN
    high = min(max(high, _SHOWN), count)
    return max(min(low, high - _SHOWN), 0), high


def _bars(table: pd.DataFrame) -> list[EvidenceBar]:
    numbers = table[list(_NUMBERS)].to_numpy().tolist()
    filled = table["filled"].to_numpy().tolist()
    return [
        EvidenceBar(
            stamp=stamp.to_pydatetime(),
            is_filled=is_filled,
            **dict(zip(_NUMBERS, row, strict=True)),
        )
        for stamp, row, is_filled in zip(table.index, numbers, filled, strict=True)
    ]


def _columns(finding: Finding, bars: pd.DataFrame, first: int, stop: int) -> tuple[str, ...]:
    if finding.rule in _DOUBTED:
        doubted = _DOUBTED[finding.rule]
        return doubted if finding.rule not in ("frozen", "unit") else ("close", *doubted[:3])
    if finding.rule in ("range", "jump") and stop > first:
        row = dict(zip(_PRICES, bars[list(_PRICES)].to_numpy()[first].tolist(), strict=True))
        if finding.rule == "range":
            top, bottom = max(row["open"], row["close"]), min(row["open"], row["close"])
            wrong = {"high": row["high"] < max(top, row["low"]), "low": row["low"] > bottom}
            return tuple(name for name, is_wrong in wrong.items() if is_wrong)
        before = dict(finding.evidence).get("close before", row["close"])
        furthest = max(row, key=lambda name: max(row[name] / before, before / row[name]))
        return (furthest,)
    if finding.rule in ("nan", "price", "duplicate"):
        return ("close",)
    return tuple(name for name, _ in finding.evidence if name in _NUMBERS)[:1]


def _reach(
    column: str, bars: pd.DataFrame, at: int, usual: Rows, *, is_stored: bool
) -> UsualReach | None:
    """Where the value of a column at a row would be usual."""
    import numpy as np

    # Those before it; of a finding near the first bar those after it.
    rows = usual[usual < at][-_HISTORY:]
    rows = rows if len(rows) >= _FEWEST else usual[:_HISTORY]
    if len(rows) < _FEWEST or column not in (*_PRICES, "volume"):
        return None
    if column == "volume":
        volume = bars["volume"].to_numpy()[rows]
        return UsualReach(float(volume.min()), float(volume.max()), 0.0, len(rows))
    prices = bars[list(_PRICES)].to_numpy()
    opens, highs, lows, closes = prices[rows].T
    if column in ("high", "low"):
        if not is_stored:
            return None
        up = float((highs / np.maximum(opens, closes)).max()) - 1
        down = 1 - float((lows / np.minimum(opens, closes)).min())
        body = prices[at][[0, 3]]
        ends = float(body.min()) * (1 - down), float(body.max()) * (1 + up)
        return UsualReach(*ends, up if column == "high" else down, len(rows))
    together = np.flatnonzero(np.diff(rows) == 1)
    if not len(together):
        return None
    share = float(np.abs(closes[together + 1] / closes[together] - 1).max())
    before = usual[usual < at]
    beside = float(prices[before[-1] if len(before) else usual[usual > at][0], 3])
    return UsualReach(beside * (1 - share), beside * (1 + share), share, len(rows))


def _scale(report: CompareReport, stamp: datetime) -> float:
    """The other provider's prices over the stored ones, around a stamp."""
    for each in report.scales:
        if stamp <= each.last:
            return each.factor
    return report.scales[-1].factor if report.scales else 1.0


def _differing(
    stored: EvidenceBar | None, bar: EvidenceBar, report: CompareReport
) -> Sequence[str]:
    if stored is None:
        return _PRICES
    found = [
        name
        for name in _PRICES
        if abs(bar.value(name) - stored.value(name)) > report.tolerance * stored.value(name)
    ]
    apart = bar.volume / (report.volume_ratio or 1.0), stored.volume
    if max(apart) > _VOLUMES_APART * min(apart):
        found.append("volume")
    return found
