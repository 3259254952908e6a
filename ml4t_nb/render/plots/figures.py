"""A report as a plain plotly figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ml4t_nb.render.plots.theme import GREY, GRID, safe, title_of
from ml4t_nb.reports import PlotReport

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["figure_of"]


def figure_of(report: PlotReport) -> Figure:
    """The figure: bars with volume and gaps, or the map of the sessions.

    Its background is transparent and its words are grey, for light and dark pages alike.
    """
    import plotly.graph_objects as go

    from ml4t_nb.render.plots import coverage_calendar as coverage
    from ml4t_nb.render.plots import prices

    drawn = (
        prices.price_drawing(report)
        if report.sessions is None
        else coverage.coverage_drawing(report)
    )
    return go.Figure(data=drawn.traces, layout={**_layout(report), **drawn.layout})


def _layout(report: PlotReport) -> dict[str, Any]:
    return {
        # Named, since a user's own default template may paint the paper.
        "template": "none",
        "title": {"text": safe(title_of(report)), "x": 0, "xref": "paper", "font": {"size": 15}},
        "font": {"color": GREY, "size": 11},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 55, "r": 35, "t": 60, "b": 45},
        "hoverlabel": {
            "bgcolor": "#2b2f36",
            "bordercolor": GREY,
            "font": {"color": "#f0f0f0"},
            "align": "left",
            "namelength": -1,
        },
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": GREY, "activecolor": "#3b8bc2"},
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"},
        "colorway": [GREY],
        "bargap": 0,
        "barmode": "overlay",
        "xaxis": {"gridcolor": GRID, "linecolor": GRID, "zeroline": False},
    }
