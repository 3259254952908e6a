"""The figure of bars for a script that knows the page and the range in view, and its facts."""

from __future__ import annotations

from typing import Any

from ml4t_nb.render.plots.chart_facts import ChartFacts
from ml4t_nb.render.plots.chart_words import chart_facts
from ml4t_nb.render.plots.price_layout import (
    View,
    axes,
    band_labels,
    last_close,
    last_price,
    open_until,
    range_in_view,
)
from ml4t_nb.render.plots.price_traces import is_bodied
from ml4t_nb.render.plots.prices import layers
from ml4t_nb.render.plots.rebased import common_report, rebased_facts, rebased_traces
from ml4t_nb.render.plots.rebased_figure import end_tags
from ml4t_nb.render.plots.steps import steps_of
from ml4t_nb.render.plots.theme import by_name
from ml4t_nb.reports import PlotReport

__all__ = ["live_chart"]

_TALL, _TALL_INTRADAY = 424, 340


def live_chart(
    report: PlotReport, window: tuple[int, int] | None = None
) -> tuple[dict[str, Any], ChartFacts]:
    """``data`` and ``layout`` as plain values, and what is said beside them.

    Parameters
    ----------
    window
        First and last row to be drawn, both inclusive; all of them if it is None. Of several
        symbols the rows are those of `ml4t_nb.render.plots.rebased.common_report`.
    """
    shown = common_report(report) if report.beside else report
    steps = steps_of(shown, window=window)
    facts = rebased_facts(report, shown, steps) if report.beside else chart_facts(report, steps)
    if not len(steps):
        return {"data": [], "layout": {}}, facts
    whole = facts.buttons[-1]
    is_last = steps.last == steps.total - 1
    left = steps.first - 0.5 if steps.first else whole.left
    right = whole.right if is_last else steps.last + 0.5
    view = View(shown, steps, steps.bands, left, right)
    layout = axes(steps, facts.decimals, by_name)
    for name, range_ in range_in_view(view).items():
        layout[name] = {**layout[name], **range_}
    for name in ("yaxis2", "yaxis3"):
        layout[name]["fixedrange"] = True
    layout |= {
        "hovermode": False, "dragmode": "zoom", "showlegend": False, "barmode": "overlay",
        "bargap": 0, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "height": _TALL_INTRADAY if facts.is_intraday else _TALL,
    }  # fmt: skip
    if report.beside:
        data = [*rebased_traces(report, steps, by_name, is_told=False)]
        tags = end_tags(report, layout["yaxis2"]["range"], by_name)
        return _plain({"data": data, "layout": {**layout, "annotations": tags}}), facts
    lines, tags = last_price(facts.header, last_close(report), by_name)
    words = [*band_labels(view, by_name, is_all=True), *open_until(view, by_name), *tags]
    hidden = ("line", "range", "filled") if is_bodied(steps) else ("candles", "hollow")
    data = [
        {**each, "visible": each["meta"]["layer"] not in hidden}
        for each in layers(report, steps, by_name, is_told=False)
    ]
    return _plain(
        {"data": data, "layout": {**layout, "shapes": lines, "annotations": words}}
    ), facts


def _plain(value: Any) -> Any:  # noqa: ANN401
    """``value`` without arrays and without NaN, which JSON does not know."""
    import numpy as np

    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray):
        known = np.isfinite(value).tolist()
        return [v if k else None for v, k in zip(value.tolist(), known, strict=True)]
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124  # NaN
