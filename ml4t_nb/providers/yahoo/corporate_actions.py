"""Dividends, distributions and splits as Yahoo reports them, booked on the bars they belong to.

They are read from the reply itself. yfinance puts a dividend on the bar *before* if the bar of its
ex-date is missing, drops the currency of one that is not paid in the price's, and gives each row of
a day the day's actions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, concat, make_bars
from ml4t_nb.finding import Finding

__all__ = ["REACH", "CorporateAction", "actions_of", "assign_actions"]

REACH = timedelta(days=10)
"""How long after a daily ex-date without a bar the next bar may carry its action."""

_LATE_HOUR = 22
_Kind: TypeAlias = Literal["dividend", "gain", "split"]
_KINDS: Mapping[str, _Kind] = {"dividends": "dividend", "capitalGains": "gain", "splits": "split"}


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """Something that takes effect with the bar of a day.

    Parameters
    ----------
    instant
        As Yahoo stamps it, usually the session's open.
    day
        The local date, at 00:00 UTC.
    value
        Cash per share on the split basis of the prices, or the split's ratio.
    foreign
        The currency of cash that is not in the price's; else empty.
    """

    kind: _Kind
    instant: datetime
    day: datetime
    value: float
    foreign: str = ""

    def finding(self, what: str) -> Finding:
        """What there is to say about it."""
        name = "capital gain" if self.kind == "gain" else self.kind
        detail = f"the {name} of {self.value:g} with ex-date {self.day:%Y-%m-%d} {what}"
        return Finding(self.day, "basis" if self.kind == "split" else "dividend", detail)


def actions_of(result: Mapping[str, Any]) -> tuple[CorporateAction, ...]:
    """Corporate actions of one reply, in the order of their days."""
    meta = result["meta"]
    events: Mapping[str, Any] = result.get("events") or {}
    zone = ZoneInfo(meta["exchangeTimezoneName"])
    currency = meta.get("currency") or ""
    found = (
        _action(kind, each, zone, currency)
        for theirs, kind in _KINDS.items()
        for each in (events.get(theirs) or {}).values()
    )
    return tuple(sorted(found, key=lambda each: each.instant))


def _action(
    kind: _Kind, event: Mapping[str, Any], zone: ZoneInfo, currency: str
) -> CorporateAction:
    instant = datetime.fromtimestamp(event["date"], UTC)
    day = _local_day(instant, zone)
    if kind == "split":
        ratio = float(event["numerator"]) / float(event["denominator"])
        return CorporateAction(kind, instant, day, ratio)
    paid_in = event.get("currency") or currency
    foreign = "" if paid_in == currency else f"{paid_in} where prices are in {currency}"
    return CorporateAction(kind, instant, day, float(event["amount"]), foreign)


def _local_day(instant: datetime, zone: ZoneInfo) -> datetime:
    local = instant.astimezone(zone)
    # Around changes to summer time Yahoo's midnights may be an hour or two early (Sao Paulo).
    if local.hour >= _LATE_HOUR and not local.minute:
        local += timedelta(hours=2)
    return datetime(local.year, local.month, local.day, tzinfo=UTC)


def assign_actions(
    bars: Bars,
    days: pd.DatetimeIndex,
    actions: Sequence[CorporateAction],
    *,
    reach: timedelta,
    sessions: pd.DatetimeIndex,
) -> tuple[Bars, tuple[Finding, ...]]:
    """``bars`` with the actions on them, and what is odd about these.

    An action belongs to the first bar with prices on its day. If that day has none, the next bar
    within ``reach`` carries it: there the price without it shows first. One after the last bar
    gets a row of its own, without prices. ``days`` are the local dates of the bars, and
    ``sessions`` those with a bar by the calendar, at 00:00 UTC.
    """
    count = len(bars)
    priced = np.flatnonzero(bars[list(PRICES)].notna().all(axis=1).to_numpy())
    priced_days = days[priced]
    # Rows that are added come after those of the bars.
    cash, ratio = np.zeros(count + len(actions)), np.ones(count + len(actions))
    added: dict[datetime, int] = {}
    findings: list[Finding] = []
    for action in actions:
        day = pd.Timestamp(action.day)
        place = int(priced_days.searchsorted(day))
        late = priced_days[place] - day if place < len(priced) else timedelta(0)
        if action.foreign:
            findings.append(action.finding(f"is in {action.foreign}, and left out"))
        elif action.value <= 0:
            findings.append(action.finding("is invalid, and is left out"))
        elif late > reach:
            findings.append(action.finding("has no bar, and is left out"))
        else:
            if late and day in sessions:
                carrier = f"{priced_days[place]:%Y-%m-%d}"
                findings.append(action.finding(f"has no bar, and is assigned to {carrier}"))
            if place < len(priced):
                row = int(priced[place])
            else:
                row = _later_row(action, bars, days, added)
            if action.kind == "split":
                ratio[row] *= action.value
                continue
            if action.kind == "gain" and row < count and cash[row] >= action.value:
                doubled = "may be part of the dividend, which Yahoo may count twice"
                findings.append(action.finding(doubled))
            cash[row] += action.value
    assigned = bars.assign(dividend=cash[:count], split=ratio[:count])
    if added:
        rows = slice(count, count + len(added))
        nothing = dict.fromkeys(PRICES, np.full(len(added), np.nan))
        extra = make_bars(list(added), {**nothing, "dividend": cash[rows], "split": ratio[rows]})
        assigned = concat([assigned, extra]).sort_index(kind="stable")
    return assigned, tuple(findings)


def _later_row(
    action: CorporateAction, bars: Bars, days: pd.DatetimeIndex, added: dict[datetime, int]
) -> int:
    """The row of an action after the last bar with prices, which is added if there is none."""
    stamp = action.day if bars.index.equals(days) else action.instant
    rows = np.flatnonzero(bars.index == pd.Timestamp(stamp))
    return int(rows[0]) if len(rows) else added.setdefault(stamp, len(bars) + len(added))
