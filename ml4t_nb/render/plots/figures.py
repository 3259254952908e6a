"""A report as a plain plotly figure, as one file, or as what a notebook keeps: without network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ml4t_nb.render.plots.comparison import TwoLines, comparison_drawing, comparison_title
from ml4t_nb.render.plots.coverage_calendar import coverage_drawing
from ml4t_nb.render.plots.prices import price_drawing
from ml4t_nb.render.plots.rebased_figure import rebased_drawing
from ml4t_nb.render.plots.revision import revision_drawing
from ml4t_nb.render.plots.svg import comparison_svg_of, svg_of
from ml4t_nb.render.plots.theme import CLOSE_LINE, GREY, safe, title_of
from ml4t_nb.reports import CompareReport, PlotReport
from ml4t_nb.verbs.formats import write_whole

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["bundle_of", "comparison_bundle_of", "figure_of", "page_of", "write_page"]

_FONT = '"Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
_LAYOUT: dict[str, Any] = {
    # Named, since a user's own default template may paint the paper.
    "template": "none",
    "font": {"color": GREY, "size": 11, "family": _FONT},
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
    "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": GREY, "activecolor": CLOSE_LINE},
    "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"},
    "colorway": [GREY],
    "bargap": 0,
    "barmode": "overlay",
}
_CONFIG = {
    "displaylogo": False,
    # plotly's "Share chart" sends the bars to its own cloud, one click away.
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["sendChartToCloud", "select2d", "lasso2d"],
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
</head>
<body>
{figure}
</body>
</html>
"""


def figure_of(report: PlotReport) -> Figure:
    """The figure: bars with volume and gaps, the map of the sessions, or what a run changed.

    Its background is transparent and its words are grey, for light and dark pages alike.
    """
    import plotly.graph_objects as go

    if report.before is not None:
        traces, layout = revision_drawing(report)
    elif report.beside:
        traces, layout = rebased_drawing(report)
    elif report.sessions is None:
        traces, layout = price_drawing(report)
    else:
        traces, layout = coverage_drawing(report, report.sessions)
    title = _heading(title_of(report))
    layout = {**_LAYOUT, "title": title, **layout}
    layout["modebar"] = {**_LAYOUT["modebar"], **layout["modebar"]}
    return go.Figure(data=traces, layout=layout)


def bundle_of(report: PlotReport) -> dict[str, Any]:
    """The figure by MIME type: plotly's JSON, and an SVG where no program runs."""
    return _bundled(figure_of(report), svg_of(report))


def comparison_bundle_of(report: CompareReport, shown: TwoLines, zone: str) -> dict[str, Any]:
    """Two providers side by side, by MIME type."""
    import plotly.graph_objects as go

    traces, layout = comparison_drawing(report, shown, zone)
    title = _heading(comparison_title(report))
    figure = go.Figure(data=traces, layout={**_LAYOUT, "title": title, **layout})
    return _bundled(figure, comparison_svg_of(report, shown, zone))


def _heading(words: str) -> dict[str, Any]:
    return {"text": safe(words), "x": 0, "xref": "paper", "font": {"size": 15}}


def _bundled(figure: Figure, svg: str) -> dict[str, Any]:
    drawn = json.loads(figure.to_json(validate=False))
    return {
        "application/vnd.plotly.v1+json": {**drawn, "config": _CONFIG},
        "image/svg+xml": svg,
    }


def page_of(report: PlotReport) -> str:
    """HTML with plotly's own program in it, light or dark as the reader's browser is."""
    # Only here: JupyterLab resizes a figure itself, and one that is told to fill its cell takes the
    # height of an empty one.
    config = {**_CONFIG, "responsive": True}
    figure = figure_of(report).to_html(full_html=False, include_plotlyjs=True, config=config)
    return _PAGE.format(title=safe(title_of(report)), figure=figure)


def write_page(report: PlotReport) -> None:
    """Write the page to the report's ``out``, whole or not at all."""
    assert report.out is not None
    page = page_of(report)
    write_whole(report.out, lambda file: file.write(page.encode("utf-8")))
