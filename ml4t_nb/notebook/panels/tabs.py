"""The panel with its tabs, or one of them alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import get_args

from ml4t_nb.notebook.panels.panel_output import PanelContent, PanelOutput, Part
from ml4t_nb.options import Moment, PathName, as_folder, as_moment, one_of

__all__ = ["panel_of"]


def panel_of(part: Part | None, as_of: Moment | None, home: PathName | None) -> PanelOutput:
    """The panel; all parts in tabs if none is named."""
    one_of(part, Part, what="panel")
    moment = as_moment(as_of, option="--as-of")
    folder = None if home is None else as_folder(home, option="--home")
    if part is None:
        return PanelOutput(lambda changed: _Tabs(moment, folder, changed), name="ml4t_nb")
    return PanelOutput(
        lambda changed: _part(part, moment, folder, changed), name=f"ml4t_nb: {part}"
    )


def _part(
    part: Part, as_of: datetime | date | None, home: Path | None, changed: Callable[[], None]
) -> PanelContent:
    given = {"as_of": as_of, "home": home}
    shared = {name: value for name, value in given.items() if value is not None}
    match part:
        case "load" | "update":
            from ml4t_nb.notebook.panels.change_panel import ChangePanel

            return ChangePanel(part, given=given, changed=changed)
        case "health":
            from ml4t_nb.notebook.panels.health_board import HealthBoard

            return HealthBoard(shared=shared, changed=changed)
        case "gaps":
            from ml4t_nb.notebook.panels.gap_explorer import GapExplorer

            return GapExplorer(shared=shared, changed=changed)


class _Tabs:
    """The parts, each made when it is first looked at, and read again whenever it is."""

    def __init__(
        self, as_of: datetime | date | None, home: Path | None, changed: Callable[[], None]
    ) -> None:
        import ipywidgets

        self._as_of, self._home, self._changed = as_of, home, changed
        self._parts: dict[Part, PanelContent] = {}
        names = get_args(Part)
        self._boxes = [ipywidgets.VBox() for _ in names]
        self.widget = ipywidgets.Tab(self._boxes, titles=[name.title() for name in names])
        self.widget.add_class("ml4t-tabs")
        self.widget.observe(lambda _: self.refresh(), "selected_index")
        self.refresh()

    def refresh(self) -> None:
        """Make the part in sight, or read the store again for it."""
        at = self.widget.selected_index
        if at is None:
            return
        name: Part = get_args(Part)[at]
        if name in self._parts:
            self._parts[name].refresh()
        else:
            part = _part(name, self._as_of, self._home, self._changed)
            self._parts[name] = part
            self._boxes[at].children = [part.widget]
        self._changed()

    def static_html(self) -> str:
        """All parts that were looked at."""
        return "".join(part.static_html() for part in self._parts.values())
