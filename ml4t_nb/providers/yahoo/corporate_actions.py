"""Dividends, distributions and splits as Yahoo reports them, booked on the bars they belong to.

They are read from the reply itself. yfinance puts a dividend on the bar *before* if the bar of its
ex-date is missing, drops the currency of one that is not paid in the price's, and gives each row of
a day the day's actions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import PRICES, Bars, concat, make_bars
from ml4t_nb.model import Finding

__all__ = ["REACH", "CorporateAction", "actions_of", "assign_actions"]

REACH = timedelta(days=10)
"""How long after a daily ex-date without a bar the next bar may carry its action."""

_LATE_HOUR = 22


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

    kind: Literal["dividend", "gain", "split"]
    instant: datetime
    day: datetime
    value: float
    foreign: str = ""


def actions_of(result: Mapping[str, Any]) -> tuple[CorporateAction, ...]:
    """Corporate actions of one reply, in the order of their days."""
    meta = result["meta"]
    told: Mapping[str, Any] = result.get("events") or {}
    zone = ZoneInfo(meta["exchangeTimezoneName"])
    currency = meta.get("currency") or ""

    def action(
        kind: Literal["dividend", "gain", "split"], each: Mapping[str, Any]
    ) -> CorporateAction:
        instant = datetime.fromtimestamp(each["date"], UTC)
        if kind == "split":
            ratio = float(each["numerator"]) / float(each["denominator"])
            return CorporateAction(kind, instant, _local_day(instant, zone), ratio)
        paid_in = each.get("currency") or currency
        foreign = "" if paid_in == currency else f"{paid_in} where prices are in {currency}"
        return CorporateAction(
            kind, instant, _local_day(instant, zone), float(each["amount"]), foreign
        )

    found = [
        *(action("dividend", each) for each in (told.get("dividends") or {}).values()),
        *(action("gain", each) for each in (told.get("capitalGains") or {}).values()),
        *(action("split", each) for each in (told.get("splits") or {}).values()),
    ]
    return tuple(sorted(found, key=lambda each: each.instant))


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
    """``bars`` with the actions on them.

    An action belongs to the first bar with prices on its day. If that day has none, the next bar
    within ``reach`` carries it: there the price without it shows first. One after the last bar
    gets a row of its own, without prices.

    Parameters
    ----------
    days
        The local date of each bar, at 00:00 UTC.
    reach
        Zero if only a bar of the same day will do.
    sessions
        Days with a bar, by the calendar.
    """
    assignment = _Assignment(bars, days, reach, sessions)
    for action in actions:
        assignment.assign(action)
    return assignment.assigned(), tuple(assignment.findings)


class _Assignment:
    """Bars while actions are assigned to them."""

    def __init__(
        self, bars: Bars, days: pd.DatetimeIndex, reach: timedelta, sessions: pd.DatetimeIndex
    ) -> None:
        self._bars = bars
        self._days = days
        self._reach = reach
        self._sessions = sessions
        self._priced = np.flatnonzero(bars[list(PRICES)].notna().all(axis=1).to_numpy())
        self._cash = np.zeros(len(bars))
        self._ratio = np.ones(len(bars))
        self._later: dict[datetime, tuple[float, float]] = {}
        self.findings: list[Finding] = []

    def assign(self, action: CorporateAction) -> None:
        """Assign one action, or say why not."""
        day = pd.Timestamp(action.day)
        if action.foreign:
            self._find(action, f"is in {action.foreign}, and left out")
            return
        if action.value <= 0:
            self._find(action, "is invalid, and is left out")
            return
        place = int(self._days[self._priced].searchsorted(day))
        if place == len(self._priced):
            self._assign_later(action)
            return
        row = int(self._priced[place])
        late = self._days[row] - day
        if late > self._reach:
            self._find(action, "has no bar, and is left out")
            return
        if late and day in self._sessions:
            self._find(action, f"has no bar, and is assigned to {self._days[row]:%Y-%m-%d}")
        self._assign_to(row, action)

    def _assign_to(self, row: int, action: CorporateAction) -> None:
        if action.kind == "split":
            self._ratio[row] *= action.value
            return
        if action.kind == "gain" and self._cash[row] >= action.value:
            self._find(action, "may be part of the dividend, which Yahoo may count twice")
        self._cash[row] += action.value

    def _assign_later(self, action: CorporateAction) -> None:
        stamp = action.day if self._bars.index.equals(self._days) else action.instant
        rows = np.flatnonzero(self._bars.index == pd.Timestamp(stamp))
        if len(rows):
            self._assign_to(int(rows[0]), action)
            return
        cash, ratio = self._later.get(stamp, (0.0, 1.0))
        if action.kind == "split":
            self._later[stamp] = cash, ratio * action.value
        else:
            self._later[stamp] = cash + action.value, ratio

    def assigned(self) -> Bars:
        """Bars with what was assigned."""
        assigned = self._bars.assign(dividend=self._cash, split=self._ratio)
        if not self._later:
            return assigned
        cash, ratio = zip(*self._later.values(), strict=True)
        nothing = dict.fromkeys(PRICES, [np.nan] * len(cash))
        extra = make_bars(list(self._later), {**nothing, "dividend": cash, "split": ratio})
        return concat([assigned, extra]).sort_index(kind="stable")

    def _find(self, action: CorporateAction, what: str) -> None:
        name = "capital gain" if action.kind == "gain" else action.kind
        rule: Literal["basis", "dividend"] = "basis" if action.kind == "split" else "dividend"
        detail = f"the {name} of {action.value:g} with ex-date {action.day:%Y-%m-%d} {what}"
        self.findings.append(Finding(action.day, rule, detail))
