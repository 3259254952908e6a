"""Bars, volumes, gaps and corporate actions, in plotly's terms, at the rows of a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.plots.chart_facts import MOST_BODIES
from ml4t_nb.render.plots.price_words import price_words, stamp_words, volume_words
from ml4t_nb.render.plots.steps import Steps, bars_between
from ml4t_nb.render.plots.theme import Colours, in_lines
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "bar_traces",
    "filled_bars",
    "is_bodied",
    "line_traces",
    "pointer_trace",
    "rounded",
    "step_labels",
    "volume_traces",
]

_OPACITY = 0.38
_TIMED = 6  # words of a day, a time and a zone
_PRICES = ("open", "high", "low", "close")
_FINER = 3  # decimals more than are said
_VOLUMES = 6  # decimals


def bar_traces(report: PlotReport, steps: Steps, colours: Colours) -> Iterator[dict[str, Any]]:
    """Candles of the bars, hollow ones of those made by filling; one bar a step."""
    table = steps.table
    real = table[table["observed"] > 0]
    up, down = (
        {"line": {"color": colours(each), "width": 1}, "fillcolor": colours(each)}
        for each in ("up", "down")
    )
    common = {"type": "candlestick", "yaxis": "y2", "showlegend": False, "whiskerwidth": 0}
    yield {
        **common,
        "x": steps.middles[real.index.to_numpy()],
        **{name: real[name].to_numpy() for name in _PRICES},
        "name": "bars",
        "increasing": up,
        "decreasing": down,
        "hoverinfo": "skip",
        "meta": {"layer": "candles"},
    }
    made = filled_bars(report, steps)
    if len(made):
        edge = {"line": {"color": colours("filled"), "width": 1.2}, "fillcolor": colours("paper")}
        yield {
            **common,
            "x": made["row"].to_numpy(),
            **{name: made[name].to_numpy() for name in _PRICES},
            "name": "filled bars",
            "increasing": edge,
            "decreasing": edge,
            "hoverinfo": "skip",
            "meta": {"layer": "hollow"},
        }
        flat = made[made["open"] == made["close"]]
        if len(flat):
            # A body without height would be a dash among the others.
            yield _squares(flat["row"].to_numpy(), flat["close"].to_numpy(), colours, "hollow")


def rounded(traces: Iterable[dict[str, Any]], decimals: int) -> Iterator[dict[str, Any]]:
    """The traces with prices and volumes as fine as can be seen, a thousandth of what is said.

    Plotly before 6, and a living chart, write each digit, of which many a float has 17.
    """
    import numpy as np

    for trace in traces:
        found = {name: trace[name] for name in ("y", *_PRICES) if name in trace}
        places = {"y2": decimals + _FINER, "y3": _VOLUMES}.get(trace.get("yaxis", ""))
        if places is None:
            yield trace
        else:
            short = {name: np.round(np.asarray(v, float), places) for name, v in found.items()}
            yield {**trace, **short}


def filled_bars(report: PlotReport, steps: Steps) -> pd.DataFrame:
    """The filled bars in the steps, with their rows."""
    import pandas as pd

    made = bars_between(report.bars[report.bars["filled"].to_numpy(bool)], steps.rows)
    return made.assign(row=steps.rows_at(pd.DatetimeIndex(made.index)))


def _squares(rows: Any, values: Any, colours: Colours, layer: str) -> dict[str, Any]:  # noqa: ANN401
    return {
        "type": "scatter",
        "x": rows,
        "y": values,
        "yaxis": "y2",
        "mode": "markers",
        "marker": {
            "symbol": "square-open", "size": 5, "color": colours("filled"), "line": {"width": 1.2},
        },
        "name": "filled",
        "showlegend": False,
        "hoverinfo": "skip",
        "meta": {"layer": layer},
    }  # fmt: skip


def line_traces(steps: Steps, colours: Colours) -> Iterator[dict[str, Any]]:
    """The closes as a line, broken where bars are missing, and lowest to highest of each step."""
    import numpy as np

    table, x = steps.table, steps.middles
    held = np.flatnonzero(table["observed"].to_numpy() > 0)
    # Half as long as JSON, and exact up to some millions of rows.
    thrice = np.repeat(x[held].astype(np.float32), 3)
    ends = np.full(3 * len(held), np.nan)
    ends[::3], ends[1::3] = (table[name].to_numpy()[held] for name in ("low", "high"))
    common = {"type": "scatter", "yaxis": "y2", "mode": "lines", "hoverinfo": "skip"}
    yield {
        **common,
        "x": thrice,
        "y": ends,
        "line": {"color": colours("accent"), "width": 1},
        "opacity": 0.45,
        "connectgaps": False,
        "showlegend": False,
        "name": "low to high",
        "meta": {"layer": "range"},
    }
    yield {
        **common,
        "x": x,
        "y": table["close"].to_numpy(),
        "line": {"color": colours("accent"), "width": 1.3},
        "connectgaps": False,
        "showlegend": False,
        "name": "close",
        "meta": {"layer": "line"},
    }
    made = np.flatnonzero(table["filled"].to_numpy() > 0)
    if len(made):
        yield _squares(x[made], table["made"].to_numpy()[made], colours, "filled")


def volume_traces(steps: Steps, colours: Colours) -> Iterator[dict[str, Any]]:
    """Volumes of bars that closed higher than they opened, and of the others."""
    table = steps.table
    volume, is_up = table["volume"].to_numpy(), (table["close"] >= table["open"]).to_numpy()
    for sign, chosen in (("up", is_up), ("down", ~is_up)):
        rows = (chosen & (volume > 0)).nonzero()[0]
        if len(rows):
            yield {
                "type": "bar",
                "x": steps.middles[rows],
                "y": volume[rows],
                "yaxis": "y3",
                "width": 0.7 if steps.size == 1 else steps.size,
                "marker": {"color": colours(sign), "opacity": _OPACITY, "line": {"width": 0}},
                "name": f"volume, {sign}",
                "showlegend": False,
                "hoverinfo": "skip",
                "meta": {"layer": "volume"},
            }


def pointer_trace(
    report: PlotReport, steps: Steps, decimals: int, zone: str
) -> Iterator[dict[str, Any]]:
    """What the plain figure says of each step where one points at it."""
    table = steps.table
    labels = stamp_words(steps.rows[:: steps.size], report.frequency, zone)
    more = f" and {steps.size - 1:,} more" if steps.size > 1 else ""
    known = ((table["observed"] > 0) | (table["filled"] > 0)).to_numpy().nonzero()[0]
    held = table["observed"].tolist()
    numbers = {name: table[name].tolist() for name in (*_PRICES, "volume", "made")}
    texts = []
    for step in known.tolist():
        o, h, low, c = (price_words(numbers[name][step], decimals) for name in _PRICES)
        volume = volume_words(numbers["volume"][step])
        if held[step]:
            words = f"H {h}  L {low}  C {c}"
            # Of many steps the shorter words: a figure is to stay small.
            words = f"O {o}  {words}" if steps.size == 1 else words
            words = in_lines(words, f"Volume {volume}" if volume and steps.size == 1 else "")
        else:
            words = f"filled {price_words(numbers['made'][step], decimals)}"
        texts.append(in_lines(labels[step] + more, words))
    yield {
        "type": "scatter",
        "x": steps.middles[known],
        "y": table["close"].fillna(table["made"]).to_numpy()[known],
        "yaxis": "y2",
        "mode": "markers",
        "marker": {"size": 1, "opacity": 0},
        "showlegend": False,
        "name": "bar",
        "text": texts,
        "hoverinfo": "text",
        "meta": {"layer": "pointer"},
    }


def step_labels(report: PlotReport, steps: Steps, zone: str) -> list[str]:
    """The stamp of each step, of several bars the first and the last."""
    import numpy as np

    starts = np.arange(len(steps)) * steps.size
    labels = stamp_words(steps.rows[starts], report.frequency, zone)
    if steps.size == 1:
        return labels
    ends = np.minimum(starts + steps.size, len(steps.rows)) - 1
    lasts = stamp_words(steps.rows[ends], report.frequency, zone)
    return [_spanned(a, b) for a, b in zip(labels, lasts, strict=True)]


def _spanned(first: str, last: str) -> str:
    """Two stamps; what both begin with is said once."""
    if first == last:
        return first
    begin, end = first.split(" "), last.split(" ")
    is_timed = len(begin) == len(end) == _TIMED
    if is_timed and begin[-1] == end[-1]:
        begin = begin[:-1]  # the zone
    if is_timed and begin[:4] == end[:4]:
        end = end[4:]  # the day
    return f"{' '.join(begin)} … {' '.join(end)}"


def is_bodied(steps: Steps) -> bool:
    """Whether so few bars are drawn that each of them has a body."""
    return steps.size == 1 and len(steps) <= MOST_BODIES
