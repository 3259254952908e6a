"""Pictures of bars, gaps and coverage: plain plotly figures, a page, a small SVG of our own."""

from ml4t_nb.render.plots.figures import (
    bundle_of,
    comparison_bundle_of,
    figure_of,
    page_of,
    write_page,
)
from ml4t_nb.render.plots.svg import comparison_svg_of, svg_of

__all__ = [
    "bundle_of", "comparison_bundle_of", "comparison_svg_of", "figure_of", "page_of", "svg_of",
    "write_page",
]  # fmt: skip
