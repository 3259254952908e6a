"""The verbs over HTTP, as an extension of Jupyter Server."""

from __future__ import annotations

__all__: list[str] = []


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    """What Jupyter Server asks a package for that it has been told to load."""
    from ml4t_nb.server.extension import Ml4tApi

    return [{"module": "ml4t_nb.server.extension", "app": Ml4tApi}]
