"""A panel as a cell shows it: alive beside its kernel, readable in a saved notebook."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Literal, Protocol, TypeAlias
from uuid import uuid4

from ml4t_nb.notebook.panels.input_guard import guard
from ml4t_nb.render.html import INK, LINE
from ml4t_nb.render.markup import element, trusted

__all__ = ["PanelContent", "PanelOutput", "Part"]

Part: TypeAlias = Literal["load", "update", "health", "gaps"]
"""Parts of a panel, each a tab."""

_STYLE = f"""
.ml4t-panel {{ {INK}; overflow-x: hidden; }}
.ml4t-panel:focus {{ outline: none; }}
.ml4t-panel table {{ {INK}; }}
.ml4t-panel code {{ user-select: all; background: none; {INK}; }}
.ml4t-panel .widget-html-content {{ line-height: 1.4; }}
.ml4t-panel button:focus-visible, .ml4t-panel input:focus-visible,
.ml4t-panel select:focus-visible, .ml4t-panel [tabindex]:focus-visible:not(.ml4t-panel) {{
  outline: 2px solid #3b8bc2; outline-offset: 1px; }}
.ml4t-fold {{ border: 1px solid {LINE}; }}
.ml4t-fold button.ml4t-fold-head {{ text-align: left; font-weight: bold; }}
.ml4t-card {{ border: 1px solid {LINE}; border-radius: 4px; padding: 8px; margin: 4px 0; }}
"""


class PanelContent(Protocol):
    """What stands in a frame."""

    widget: Any

    def refresh(self) -> None:
        """Read the store again."""

    def static_html(self) -> str:
        """HTML that needs neither a widget nor a script: what the panel last showed."""


class PanelOutput:
    """One panel in a cell.

    A front end keeps no widget when a notebook is saved. So a still picture is shown besides, in
    an output of its own, which the living widget's style sheet hides: once the widget is gone,
    the still is there.

    Parameters
    ----------
    build
        Makes what is shown; given the function to call when there is something new to keep.
    name
        The panel in words.
    """

    def __init__(self, build: Callable[[Callable[[], None]], PanelContent], *, name: str) -> None:
        import ipywidgets

        self._name = name
        self._handles: list[Any] = []
        self._kept = ""
        self._lock = Lock()
        self.content = build(self.changed)
        self._key = f"ml4t-still-{uuid4().hex[:12]}"
        style = element("style", trusted(f"{_STYLE}.{self._key} {{ display: none; }}"))
        head = ipywidgets.HTML(style, layout={"display": "contents"})
        self.widget = ipywidgets.VBox([head, self.content.widget, guard()])
        self.widget.add_class("ml4t-panel")

    def __repr__(self) -> str:
        """The panel in words, for where no widget can be shown."""
        return f"{self._name} (a panel; run its cell to use it)"

    def changed(self) -> None:
        """Renew what a saved notebook keeps; in any thread."""
        with self._lock:
            if not self._handles or (kept := self.content.static_html()) == self._kept:
                return
            self._kept = kept
            for handle in self._handles:
                handle.update(self._bundle(), raw=True)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        # Its own words for itself are its widgets and their style, cut off in the middle.
        alive = {**self.widget._repr_mimebundle_(), "text/plain": repr(self)}  # what IPython calls
        display(alive, raw=True)  # type: ignore[no-untyped-call]  # IPython's
        self._kept = self.content.static_html()
        handle = display(self._bundle(), raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
        with self._lock:
            self._handles.append(handle)

    def _bundle(self) -> dict[str, str]:
        return {
            "text/html": element("div", trusted(self._kept), class_=f"ml4t-still {self._key}"),
            "text/plain": repr(self),
        }
