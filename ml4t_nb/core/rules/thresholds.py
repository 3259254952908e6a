"""From where on bars are suspicious: one number, or a few, for each rule."""

from __future__ import annotations

from dataclasses import dataclass

from ml4t_nb.finding import Rule

__all__ = ["Thresholds"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What each rule on stored bars allows; factors are ratios of prices or of volumes.

    Parameters
    ----------
    spike_factor, spike_sigmas
        A price is a spike from this factor on, and if it is so many times as far from the prices
        beside it as these usually move from one bar to the next (a robust standard deviation).
        Of five series of thirteen years no real bar reaches 1.15 and 8 together.
    spike_reach_factor
        A high or low that is a spike by its factor is one as well if it is so many times as far
        beyond its bar's open and close as that of any of 60 bars before. In these series two are:
        a low of 6 May 2010, when prices fell for minutes, and one a seventh below all others.
    unit_factors
        Ratios of two units of one currency: pence and pounds (100), fils and dinars (1000). They
        are those of dividends too.
    jump_factor
        The steepest real day of the shipped series is a fall by half; small companies triple in
        a day. A factor of five is nearly always a unit, a lost decimal point or a split.
    frozen_bars
        Bars that repeat each other's four prices.
    zero_volume_share
        Bars without volume are suspicious where at most this share of those around have none.
    high_volume_factor
        A volume is suspicious from this multiple of the median around it on, if the prices of
        the bar move no more than usual.
    large_dividend_share
        A dividend is suspicious above this share of the close before it, unless prices fall.
    repeated_dividend_days
        The same dividend again within so many days is one dividend reported twice.
    intraday_range_tolerance
        A session's intraday bars may reach beyond its daily high and low by this share.
    off
        Rules that are not applied.
    """

    spike_factor: float = 1.15
    spike_sigmas: float = 8.0
    spike_reach_factor: float = 5.0
    unit_factors: tuple[float, ...] = (100.0, 1000.0)
    jump_factor: float = 5.0
    frozen_bars: int = 5
    zero_volume_share: float = 0.05
    high_volume_factor: float = 1000.0
    large_dividend_share: float = 1 / 3
    repeated_dividend_days: int = 5
    intraday_range_tolerance: float = 0.005
    off: frozenset[Rule] = frozenset()
