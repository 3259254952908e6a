"""Reports as text, HTML, JSON and figures."""
