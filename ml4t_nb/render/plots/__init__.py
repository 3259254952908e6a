"""Pictures of bars, gaps and coverage: plain plotly figures, a page, a small SVG of our own."""
