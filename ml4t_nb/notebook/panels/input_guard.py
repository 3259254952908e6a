"""What stands between a panel and the page around it: keys stay inside, a double click is one."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

__all__ = ["guard", "once"]


def guard() -> Any:  # noqa: ANN401  # ipywidgets has no types
    """A hidden widget that guards the panel in which it stands, and all controls made later."""
    from anywidget import AnyWidget

    script = files("ml4t_nb.notebook.panels").joinpath("guard.js").read_text(encoding="utf-8")
    return AnyWidget(_esm=script)


def once(button: Any) -> Any:  # noqa: ANN401  # likewise
    """The button, of which a double click or a key held down is one press."""
    return button.add_class("ml4t-once")
