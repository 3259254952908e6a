"""Rules that keep a row out of the store, since its numbers cannot be a bar's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml4t_nb.core.bars import (
    NUMBERS,
    PRICES,
    Bars,
    Flags,
    Numbers,
    as_instant,
    as_stamps,
    numbers_of,
    require_bars,
)
from ml4t_nb.core.timestamps import index_micros
from ml4t_nb.finding import Finding, Rule

__all__ = [
    "KeptOut",
    "SortedRows",
    "reject_invalid",
    "rejected_actions",
    "row_words",
    "rows_kept_out",
    "sort_rows",
    "with_known_volumes",
]

KeptOut: TypeAlias = pd.DataFrame
"""Rows as a provider gave them, stamps repeated or missing, and why: ``rule`` and ``detail``."""

# Beyond these a number is damage, and products of them leave what a float can hold. The widest that
# are real: adjusted prices of shares after many reverse splits, coins of ten decimals, 1:100,000.
_PRICES = (1e-15, 1e15)
_SPLITS = (1e-6, 1e6)
_MOST_VOLUME = 1e24

# High and low are often served in single precision beside an open in double.
_ROUNDING = 1e-6

_VOLUME = NUMBERS.index("volume")


@dataclass(frozen=True, slots=True)
class SortedRows:
    """Rows that may be stored and rows that may not; ``out`` is None if all may."""

    kept: Bars
    findings: tuple[Finding, ...]
    out: KeptOut | None


def reject_invalid(bars: Bars) -> tuple[Bars, tuple[Finding, ...]]:
    """The rows that may be stored, and the findings, of `sort_rows`."""
    done = sort_rows(bars)
    return done.kept, done.findings


def sort_rows(bars: Bars) -> SortedRows:
    """The rows that may be stored, in order, and a hard finding by stamp for each that may not.

    ``bars`` are as a provider answers: any order, any content, rows of one stamp repeated. Rows
    that repeat another in every column are the same bar said twice and become one without a word;
    rows of one stamp that disagree are all kept out, since nothing shows which is right. A row
    that lacks its volume alone is stored with 0 and a soft finding (``no volume``); where no row
    has one, as of an index, there is nothing to find.
    """
    numbers = numbers_of(bars)
    counted, soft = _with_volumes(bars, numbers[:, _VOLUME])
    wrong = _unreadable(counted, numbers if counted is bars else numbers_of(counted))
    sound, places = counted, np.arange(len(bars))
    if wrong:
        left = np.ones(len(bars), dtype=bool)
        left[[*wrong]] = False
        sound, places = counted[left], np.flatnonzero(left)
    findings = [*wrong.values(), *(each for each in soft if each.stamp in sound.index)]
    stamps = index_micros(sound.index)
    if not (stamps[:-1] < stamps[1:]).all():
        if not sound.index.is_unique:
            sound, disagreeing = _one_of_each(sound)
            findings += dict.fromkeys(disagreeing.values())
            wrong |= {int(places[row]): each for row, each in disagreeing.items()}
        sound = sound.sort_index(kind="stable")
    kept = require_bars(sound)
    out = rows_kept_out(bars.iloc[[*wrong]], [*wrong.values()]) if wrong else None
    return SortedRows(kept, tuple(sorted(findings, key=_place)), out)


def rows_kept_out(rows: Bars, findings: Sequence[Finding]) -> KeptOut:
    """Rows and why each is not stored."""
    return rows.assign(
        rule=[each.rule for each in findings], detail=[each.detail for each in findings]
    )


def rejected_actions(rows: Bars, kept: Bars) -> Bars:
    """The rows not among ``kept`` that report a split or a dividend, with nothing else in them.

    A row without a price may still name a split, and what is before it is restated by it.
    """
    if len(rows) == len(kept):
        return rows[:0]
    others = rows[rows.index.notna() & ~rows.index.isin(kept.index)]
    if others.empty:
        return others
    split = others["split"].where(others["split"].between(*_SPLITS), 1.0)
    cash = others["dividend"].where(others["dividend"].between(0, _PRICES[1]), 0.0)
    reporting = others.assign(split=split, dividend=cash)[(split != 1) | (cash > 0)]
    return reporting[~reporting.index.duplicated(keep="last")].sort_index()


def with_known_volumes(
    stored: Bars, fetched: Bars, findings: tuple[Finding, ...]
) -> tuple[Bars, tuple[Finding, ...]]:
    """Fetched bars with the stored volume where their own is missing and the close is the same.

    What an earlier answer had is not lost by a later one that does not; such a volume is not
    found missing.
    """
    without = [each.stamp for each in findings if each.rule == "no volume"]
    if not without:
        return fetched, findings
    missing = as_stamps(without)
    common = missing[missing.isin(stored.index) & missing.isin(fetched.index)]
    before, after = stored.loc[common], fetched.loc[common]
    alike = np.isclose(before["close"], after["close"], rtol=_ROUNDING, atol=0)
    # A stored 0 may be one that was missing before.
    known = common[alike & (before["volume"].to_numpy() > 0)]
    if known.empty:
        return fetched, findings
    volume = fetched["volume"].copy()
    volume.loc[known] = stored.loc[known, "volume"]
    left = tuple(f for f in findings if f.rule != "no volume" or f.stamp not in known)
    return fetched.assign(volume=volume), left


def _with_volumes(bars: Bars, volume: Numbers) -> tuple[Bars, list[Finding]]:
    """Rows with 0 for a volume that is missing, and findings where others have theirs."""
    missing = np.isnan(volume)
    if not missing.any():
        return bars, []
    if not missing.all():
        # Of two rows of one stamp, that with a volume is the bar.
        missing &= ~bars.index.isin(bars.index[~missing])
    rows = bars.assign(volume=np.where(missing, 0.0, volume))
    if missing.all():
        return rows, []
    at = np.flatnonzero(missing & np.asarray(bars.index.notna()))
    return rows, _findings(bars, "no volume", at, lambda _: "no volume is given; 0 is stored")


def _findings(
    bars: Bars, rule: Rule, rows: npt.NDArray[np.intp], detail: Callable[[int], str]
) -> list[Finding]:
    return [Finding(as_instant(bars.index[at]), rule, detail(at)) for at in rows.tolist()]


def _unreadable(bars: Bars, numbers: Numbers) -> dict[int, Finding]:
    """By place, a finding for each row whose numbers make no sense."""
    found: dict[int, Finding] = {}
    stamped = np.asarray(bars.index.notna())
    left = np.ones(len(bars), dtype=bool)
    for rule, wrong, detail in _hard_rules(numbers, stamped):
        if not wrong.any():
            continue
        broken = wrong.any(axis=1)
        for at in np.flatnonzero(left & broken).tolist():
            row = bars.iloc[at]
            stamp = as_instant(bars.index[at]) if stamped[at] else None
            values = _values(bars.iloc[at : at + 1])
            found[at] = Finding(stamp, rule, f"{detail}: {row_words(row)}", values=values)
        left &= ~broken
    return found


def _values(rows: Bars) -> tuple[float, ...]:
    """All numbers of some rows; 0 for one that cannot be compared."""
    numbers = numbers_of(rows).ravel()
    return tuple(np.where(np.isfinite(numbers), numbers, 0.0).tolist())


def _hard_rules(numbers: Numbers, stamped: Flags) -> tuple[tuple[Rule, Flags, str], ...]:
    """By rule, which rows break it, in one column or more."""
    prices, volume, dividend, split = np.split(numbers, (4, 5, 6), axis=1)
    return (
        ("nan", ~stamped.reshape(-1, 1), "no stamp"),
        ("nan", ~np.isfinite(numbers), "not a number"),
        ("price", prices <= 0, "a price that is not positive"),
        ("volume", volume < 0, "a negative volume"),
        ("action", dividend < 0, "a negative dividend"),
        ("action", split <= 0, "a split ratio that is not positive"),
        ("price", (prices < _PRICES[0]) | (prices > _PRICES[1]), "an implausible price"),
        ("volume", volume > _MOST_VOLUME, "an implausible volume"),
        ("action", dividend > _PRICES[1], "an implausible dividend"),
        ("action", (split < _SPLITS[0]) | (split > _SPLITS[1]), "an implausible split ratio"),
    )


def row_words(row: pd.Series[float]) -> str:
    """A bar's numbers; its dividend and its split only if it has them."""
    shown = [f"{name} {row[name]:g}" for name in (*PRICES, "volume")]
    shown += [f"dividend {row['dividend']:g}"] if row["dividend"] != 0 else []
    shown += [f"split {row['split']:g}"] if row["split"] != 1 else []
    return ", ".join(shown)


def _one_of_each(bars: Bars) -> tuple[Bars, dict[int, Finding]]:
    """Rows whose stamps no other row has, after equal ones became one; by place those left out."""
    is_first = ~bars.reset_index().duplicated(keep="first").to_numpy()
    distinct = bars[is_first]
    unlike = distinct.index.duplicated(keep=False)
    places = pd.Series(np.flatnonzero(is_first)[unlike], index=distinct.index[unlike])
    found: dict[int, Finding] = {}
    for stamp, held in places.groupby(level=0):
        rows = bars.iloc[held]
        closes = ", ".join(f"{close:g}" for close in rows["close"])
        detail = f"{len(rows)} rows of one stamp disagree; closes {closes}"
        finding = Finding(as_instant(stamp), "duplicate", detail, values=_values(rows))
        found |= dict.fromkeys(held.tolist(), finding)
    return distinct[~unlike], found


def _place(finding: Finding) -> tuple[bool, float]:
    return (finding.stamp is not None, finding.stamp.timestamp() if finding.stamp else 0.0)
