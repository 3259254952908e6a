"""Bars of a range that a reader may not want to work with, by why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from ml4t_nb.core.bars import Bars, as_stamps, within
from ml4t_nb.core.calendars.calendar import Calendar
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.finding import Finding
from ml4t_nb.model import Frequency, Gap, Span

__all__ = ["Doubt", "Doubts", "absent_in", "filled_in", "suspect_in"]

Doubt: TypeAlias = Literal["missing", "rejected", "filled", "suspect"]
Doubts: TypeAlias = dict[Doubt, pd.DatetimeIndex]


def absent_in(gaps: Iterable[Gap], span: Span, dates: Calendar, frequency: Frequency) -> Doubts:
    """Stamps in ``span`` that nothing stands in for: the provider's, or taken out by a person.

    Of closed gaps nothing is missing, nor is what comes after the last bar: that is not there yet.
    """
    found: dict[Doubt, list[pd.DatetimeIndex]] = {"missing": [], "rejected": []}
    for gap in gaps:
        part = Span(max(gap.span.start, span.start), min(gap.span.end, span.end))
        if part and gap.state != "closed" and gap.filled_by is None:
            why: Doubt = "rejected" if gap.state == "rejected" else "missing"
            found[why].append(dates.stamps(part, frequency))
    return {why: _joined(parts) for why, parts in found.items()}


def filled_in(bars: Bars) -> pd.DatetimeIndex:
    """Stamps of the bars that were made by filling."""
    return pd.DatetimeIndex(bars.index[bars["filled"].to_numpy()])


def suspect_in(findings: Iterable[Finding], bars: Bars, span: Span) -> tuple[pd.DatetimeIndex, int]:
    """Stamps in ``span``, whose bars these are, of open findings; and how many have no stamp.

    Rows without one may belong anywhere, so to every range. Notes put no number in doubt.
    """
    stamps: list[pd.DatetimeIndex] = []
    undated = 0
    for each in findings:
        if not each.is_to_decide or each.rule == "unknown symbol":  # that of no bar
            continue
        if each.stamp is None:
            undated += 1
        elif each.end is None:
            stamps.append(as_stamps([each.stamp] if each.stamp in span else []))
        else:
            stamps.append(as_stamps(within(bars, Span(each.stamp, each.end + TICK)).index))
    return _joined(stamps), undated


def _joined(parts: Sequence[pd.DatetimeIndex]) -> pd.DatetimeIndex:
    instants = [part.to_numpy("M8[us]") for part in parts]
    return as_stamps(np.unique(np.concatenate(instants)) if instants else [])
