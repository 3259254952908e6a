"""A figure as one file, or as what a notebook keeps; neither needs the network."""

from __future__ import annotations

import json
from typing import Any

from ml4t_nb.render.plots.figures import figure_of
from ml4t_nb.render.plots.svg import svg_of
from ml4t_nb.render.plots.theme import safe, title_of
from ml4t_nb.reports import PlotReport
from ml4t_nb.verbs.formats import write_whole

__all__ = ["bundle_of", "page_of", "write_page"]

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


def bundle_of(report: PlotReport) -> dict[str, Any]:
    """The figure by MIME type: plotly's JSON, and an SVG where no program runs."""
    figure = json.loads(figure_of(report).to_json(validate=False))
    return {
        "application/vnd.plotly.v1+json": {**figure, "config": _CONFIG},
        "image/svg+xml": svg_of(report),
    }


def page_of(report: PlotReport) -> str:
    """HTML with plotly's own program in it, light or dark as the reader's browser is."""
    # Only here: JupyterLab resizes a figure itself, and one that is told to fill its cell takes the
    # height of an empty one.
    config = {**_CONFIG, "responsive": True}
    figure = figure_of(report).to_html(full_html=False, include_plotlyjs=True, config=config)
    return _PAGE.format(title=safe(title_of(report)), figure=figure)


def write_page(report: PlotReport) -> None:
    """Write the page to the report's ``out``, whole or not at all.

    Raises
    ------
    StoreNotWritable
        If it cannot be written.
    """
    assert report.out is not None
    page = page_of(report)
    write_whole(report.out, lambda file: file.write(page.encode("utf-8")))
