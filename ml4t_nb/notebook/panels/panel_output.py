"""A panel as a cell shows it: alive beside its kernel, readable in a saved notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Protocol, TypeAlias
from uuid import uuid4

from ml4t_nb.execution.progress_html import JOB_STYLE
from ml4t_nb.notebook.panels.inbox_style import INBOX_STYLE
from ml4t_nb.notebook.panels.list_style import LIST_STYLE
from ml4t_nb.notebook.panels.widgets import Widget, script
from ml4t_nb.render.html import INK, LINE
from ml4t_nb.render.markup import element, trusted
from ml4t_nb.render.tokens import STYLED, custom_properties

__all__ = ["Build", "Changed", "PanelContent", "PanelOutput", "PanelTabs"]

_STYLE = f"""
.ml4t-panel {{ {INK}; overflow-x: clip; }}
.ml4t-panel:focus {{ outline: none; }}
.ml4t-panel table {{ {INK}; }}
.ml4t-panel code {{ user-select: all; background: none; {INK}; }}
.ml4t-panel.ml4t-panel.ml4t-panel.ml4t-panel button.ml4t-copy {{ display: inline-block; }}
.ml4t-panel .widget-html-content {{ line-height: 1.4; }}
.ml4t-panel button:focus-visible, .ml4t-panel input:focus-visible,
.ml4t-panel select:focus-visible, .ml4t-panel [tabindex]:focus-visible:not(.ml4t-panel) {{
  outline: 2px solid #3b8bc2; outline-offset: 1px; }}
.ml4t-fold {{ border: 1px solid {LINE}; }}
.ml4t-fold button.ml4t-fold-head {{ text-align: left; font-weight: bold; }}
.ml4t-card {{ border: 1px solid {LINE}; border-radius: 4px; padding: 8px; margin: 4px 0; }}

"""

# JupyterLab and Notebook: "Error displaying widget: model not found".
_NO_LOST_WIDGET = """
.jp-OutputArea-child:not(:has(.ml4t-panel)):has(+ .jp-OutputArea-child .ml4t-still) {
  display: none; }
"""
# Tables that have no sheet of their own here; a front end's would break dates in two.
_STILL = """
.ml4t-still table { border-collapse: collapse; font-size: 13px; }
.ml4t-still :is(th, td) { padding: 2px 12px 2px 0; text-align: left; vertical-align: top; }
.ml4t-still :is(th, td)[align="right"] { text-align: right; }
.ml4t-still :is(td.s, th) { white-space: nowrap; }
"""
_NOTHING = "<span></span>"


Changed: TypeAlias = Callable[[], object]
"""What a panel calls, in any thread, when its static HTML has something new."""


class PanelContent(Protocol):
    """What stands in a cell, or a tab."""

    widget: Widget

    def refresh(self) -> None:
        """Read the store again."""

    def static_html(self) -> str:
        """HTML that needs neither a widget nor a script: what the panel last showed."""


Build: TypeAlias = Callable[[Changed], PanelContent]


class PanelOutput:
    """One panel in a cell; ``words`` stand for it where no widget is shown, its name if none.

    A front end keeps no widget when a notebook is saved. So a still picture is shown besides, in
    an output of its own, which the living widget's style sheet hides: once the widget is gone,
    the still is there. It hides in turn what a front end says in place of the lost widget. Where
    no widget is shown at all, an empty one takes its place.
    """

    def __init__(self, build: Build, *, name: str, words: str = "") -> None:
        import ipywidgets

        self._words = words or f"{name} (a panel; run its cell to use it)"
        self._handles: list[Any] = []
        self._kept = ""
        self._lock = Lock()
        self.content = build(self.changed)
        self._key = f"ml4t-still-{uuid4().hex[:12]}"
        own = f"{_STYLE}{INBOX_STYLE}{LIST_STYLE}{JOB_STYLE}.{self._key} {{ display: none; }}"
        style = element("style", trusted(custom_properties() + own))
        head = ipywidgets.HTML(style, layout={"display": "contents"})
        self.widget = ipywidgets.VBox([head, self.content.widget, script("guard.js")])
        self.widget.add_class("ml4t-panel").add_class(STYLED)

    def __repr__(self) -> str:
        """The panel in words, for where no widget can be shown."""
        return self._words

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
        words = {"text/html": _NOTHING, "text/plain": ""}
        alive = {**self.widget._repr_mimebundle_(), **words}  # what IPython calls
        display(alive, raw=True)  # type: ignore[no-untyped-call]  # IPython's
        self._kept = self.content.static_html()
        handle = display(self._bundle(), raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
        with self._lock:
            self._handles.append(handle)

    def _bundle(self) -> dict[str, str]:
        style = element("style", trusted(f"{custom_properties()}{_NO_LOST_WIDGET}{_STILL}"))
        kept = element("div", trusted(self._kept), class_=f"{STYLED} ml4t-still {self._key}")
        return {"text/html": style + kept, "text/plain": repr(self)}


class PanelTabs:
    """Contents by title: each is made when it is first looked at, and read again whenever it is."""

    def __init__(self, builds: Mapping[str, Build], changed: Changed) -> None:
        from ipywidgets import Tab, VBox

        self._builds, self._changed = tuple(builds.values()), changed
        self._made: dict[int, PanelContent] = {}
        boxes = [VBox() for _ in builds]
        self.widget = Tab(boxes, titles=[title.title() for title in builds])
        self.widget.add_class("ml4t-tabs")
        self.widget.observe(lambda _: self.refresh(), "selected_index")
        self.refresh()

    def refresh(self) -> None:
        """Make the content in sight, or read the store again for it."""
        at = self.widget.selected_index
        if at is None:
            return
        if at in self._made:
            self._made[at].refresh()
        else:
            self._made[at] = self._builds[at](self._changed)
            self.widget.children[at].children = [self._made[at].widget]
        self._changed()

    def static_html(self) -> str:
        """All contents that were looked at."""
        return "".join(each.static_html() for each in self._made.values())
