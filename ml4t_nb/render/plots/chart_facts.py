"""What a living chart says around its figure and where a reader points, as plain values.

The horizontal axis of a chart counts *rows*: the bars of the whole report and the stamps that are
missing in gaps, in order, from 0 on. A row keeps its number however much of the report is drawn, so
that a finer drawing of a part lies on the same axis: nothing moves. A *step* is one row, or
``ChartSteps.size`` rows that follow one another; its middle is at `ChartSteps.first` plus
``size * step + (size - 1) / 2``, its edges half a row beyond its first and last row; the last
step may have fewer rows.

A script that shows the chart and the kernel behind it exchange these messages::

    {"what": "range", "left": -0.5, "right": 125.5, "drawing": 3}   from the script: edges, in rows
    {"what": "click", "row": 37, "drawing": 3}                      from the script: a row
    {"what": "drawing", "drawing": 4, "figure": {"data": [], "layout": {}}, "facts": {}}    to it
    {"what": "newer", "drawing": 4}                                 to it: the store has newer bars
    {"what": "redraw", "drawing": 4}                from the script: wanted, if there is a newer one

``drawing`` numbers the drawings; what is sent about another than the newest is passed over.

A figure for such a script has colours such as ``token:up``, each the name of one of
`ml4t_nb.render.tokens`, and in the ``meta`` of each trace its ``layer``. The layers ``candles`` and
``hollow`` stand for ``line`` and ``range`` where at most `MOST_BODIES` rows are in view. It has no
title, legend, grid of times or starts of sessions: the script draws those from these facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal, TypeAlias

__all__ = [
    "MOST_BODIES",
    "ChartAction",
    "ChartBand",
    "ChartFacts",
    "ChartFooter",
    "ChartHeader",
    "ChartSteps",
    "LegendEntry",
    "RangeButton",
    "TickLevel",
]

MOST_BODIES = 400
"""Rows in view up to which bars have bodies; a line of the closes stands for more of them."""

_Sign: TypeAlias = Literal["up", "down", "flat"]
_Values: TypeAlias = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ChartHeader:
    """The head of a chart.

    Parameters
    ----------
    symbol
        As stored; it is text, never HTML.
    description
        ``equities · daily · split-adjusted · USD``.
    price
        The last close: ``40.30``; empty if there is no bar.
    sign
        Its direction, and the name of the token of its colour unless ``flat``.
    arrow, change, percent
        ``▲``, ``+0.54``, ``+1.36 %``; empty for a bar that has none before it.
    bar
        The last bar: ``Wed 1 Jun 2005   O 39.89  H 40.76  L 39.86  C 40.30  Vol 16.2 M``.
    note
        What the change is measured from where that is not the bar before.
    """

    symbol: str
    description: str
    price: str = ""
    sign: _Sign = "flat"
    arrow: str = ""
    change: str = ""
    percent: str = ""
    bar: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One sign of a chart with its meaning.

    Parameters
    ----------
    kind
        A gap's state, or ``filled``, ``suspect``, ``source``, ``split``, ``dividend``, ``run``,
        ``symbol``.
    label
        What it means, with the count: ``open gap, 1``.
    token
        Its colour.
    mark
        How it is drawn: plotly's pattern of a band (``/``, ``x``, ...), ``dotted``, ``ring``,
        ``S``, ``D``, ``triangle`` or ``line``, which may be followed by its dash: ``line 9px,2px``.
    value, percent, sign
        Of a ``symbol`` beside others: its last value and change.
    """

    kind: str
    label: str
    count: int
    token: str
    mark: str
    value: str = ""
    percent: str = ""
    sign: _Sign = "flat"


@dataclass(frozen=True, slots=True)
class RangeButton:
    """A range to choose, by its edges on the axis: ``6M``, of the last six months."""

    label: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class ChartAction:
    """Something to do: ``1 open gap``, and the line that shows it. ``kind`` is the verb."""

    kind: str
    label: str
    command: str


@dataclass(frozen=True, slots=True)
class ChartFooter:
    """What stands below: ``126 of 608 sessions``, of which the script counts the first number.

    Parameters
    ----------
    one, several
        ``session``, ``sessions``; what `ChartSteps.counts` counts.
    total
        How many there are in the whole report.
    zone
        ``New York time, sessions 09:30 to 16:00``.
    """

    one: str
    several: str
    total: int
    zone: str
    actions: tuple[ChartAction, ...] = ()


@dataclass(frozen=True, slots=True)
class ChartSteps:
    """The steps drawn, column by column; numbers are rounded to the decimals of the chart.

    Parameters
    ----------
    first, size
        Row of the first step's first bar, and rows per step.
    rows
        Rows in all; the last step may have fewer than ``size``.
    labels
        ``Thu 14 Apr 2005``; of several bars, the first and the last of them.
    open, high, low, close, volume
        Of several bars: first, highest, lowest, last, sum. None if there are none.
    change
        Percent of the close against that of the step before.
    counts
        Bars or sessions in each, for the footer.
    """

    first: int
    size: int
    rows: int
    labels: tuple[str, ...]
    open: _Values
    high: _Values
    low: _Values
    close: _Values
    volume: _Values
    change: _Values
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChartBand:
    """A band of gaps, by its edges on the axis, and why it is there, line by line."""

    left: float
    right: float
    state: str
    is_filled: bool
    missing: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TickLevel:
    """Ticks of one distance: rows, and two lines of words for each.

    The second line (``2005``) is shown, in bold, at the first tick in view and where it differs
    from that of the tick before. Of the levels, finest first, the first is used whose ticks in view
    are ``room`` pixels apart on average.

    Parameters
    ----------
    name
        ``time``, ``session``, ``day``, ``week``, ``month``, ``quarter`` or ``year``. The ticks of a
        ``session`` are the starts of the sessions: lines at their left edges part the days of
        minutes.
    """

    name: str
    rows: tuple[int, ...]
    labels: tuple[str, ...]
    below: tuple[str, ...]
    room: int = 56


@dataclass(frozen=True, slots=True)
class ChartFacts:
    """All that a living chart shows beside its figure.

    Parameters
    ----------
    rows
        Rows of the whole report: the axis reaches from -0.5 to ``rows - 0.5``.
    decimals
        Decimals of the prices.
    is_intraday
        Whether the bars are shorter than a day.
    remarks
        By step, lines to be said where one points: ``▲ Suspect: ... Not decided.``
    doubtful
        By step, the fields whose values are in doubt: shown in bold.
    drawing
        The drawing's number.
    is_compared
        Whether lines of several symbols are drawn: a step's remarks are then their values, and its
        highest and lowest number those of the lines.
    """

    header: ChartHeader
    legend: tuple[LegendEntry, ...]
    buttons: tuple[RangeButton, ...]
    footer: ChartFooter
    steps: ChartSteps
    bands: tuple[ChartBand, ...]
    ticks: tuple[TickLevel, ...]
    rows: int
    decimals: int
    is_intraday: bool
    remarks: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    doubtful: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    drawing: int = 0
    is_compared: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`; keys of mappings are text."""
        plain: dict[str, Any] = _by_field(self)
        for name in ("remarks", "doubtful"):
            plain[name] = {str(step): lines for step, lines in plain[name].items()}
        return plain


def _by_field(value: Any) -> Any:  # noqa: ANN401
    """Fields by name; columns of thousands of numbers as they are, and not one by one."""
    if is_dataclass(value):
        return {each.name: _by_field(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        return tuple(map(_by_field, value))
    return dict(value) if isinstance(value, Mapping) else value
