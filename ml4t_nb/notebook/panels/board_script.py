"""The tables of boards: a script in the page, and what it sends and is sent."""

from __future__ import annotations

from functools import cache
from typing import Any

from ml4t_nb.notebook.panels.universe_rows import STATE_ICONS
from ml4t_nb.notebook.panels.widgets import Widget, page_text
from ml4t_nb.render.icons import ICONS, icon

__all__ = ["board_script", "universe_script"]

_HEALTH = (
    "board_parts.js", "health_strip.js", "health_lines.js", "health_rows.js", "health_around.js",
    "board_keys.js", "board_view.js", "page_seen.js", "board_listen.js", "health_view.js",
    "health.js",
)  # fmt: skip
_UNIVERSE = (
    "board_parts.js", "board_keys.js", "board_view.js", "page_seen.js", "board_listen.js",
    "universe_view.js",
)  # fmt: skip

_UNIVERSE_ICONS = (*STATE_ICONS.items(), ("running", "running"))


def board_script() -> Widget:
    """The health board in the page.

    ``board`` is what `board_json` says, ``busy`` the keys of datasets that a job is at work on,
    ``question`` what is asked before something can be lost, and ``opened`` the key of the dataset
    that is open below. The page sends ``{what: "strips", keys}``, answered by ``{version,
    strips}``; ``{what: "do", remedy, keys}``, with ``is_sure`` once a question was answered;
    ``{what: "keep"}`` if the answer is no; ``{what: "open", key}``; ``{what: "refresh"}``;
    ``{what: "stale", days}``; and ``{what: "seen", page, is_seen}``, whether somebody may see it.
    """
    return _kinds()[0]()


def universe_script() -> Widget:
    """The universes in the page.

    ``board`` is what `universe_json` says, and ``running`` how far the jobs are that sync, by
    universe. The page sends ``{what: "plan", universes}`` and ``{what: "sync", universes}``, of
    which none means all; ``{what: "refresh"}``; and ``{what: "seen", page, is_seen}``.
    """
    return _kinds()[1]()


@cache
def _kinds() -> tuple[Any, Any]:  # classes of anywidget's, which takes long to import
    from anywidget import AnyWidget
    from traitlets import Dict, List, Unicode

    class BoardScript(AnyWidget):
        board = Dict().tag(sync=True)

    class HealthScript(BoardScript):
        _esm = Unicode(page_text(*_HEALTH)).tag(sync=True)
        _css = Unicode(page_text("board.css")).tag(sync=True)
        icons = Dict({name: str(icon(name)) for name in ICONS}).tag(sync=True)
        busy: List[str] = List().tag(sync=True)
        question = Dict().tag(sync=True)
        opened = Unicode().tag(sync=True)
        stale_days = Unicode("7").tag(sync=True)

    class UniverseScript(BoardScript):
        _esm = Unicode(page_text(*_UNIVERSE)).tag(sync=True)
        _css = Unicode(page_text("board.css", "universe.css")).tag(sync=True)
        icons = Dict({each: str(icon(name)) for each, name in _UNIVERSE_ICONS}).tag(sync=True)
        running = Dict().tag(sync=True)

    return HealthScript, UniverseScript
