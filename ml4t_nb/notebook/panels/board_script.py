"""The table of the health board: a script in the page, and what it sends and is sent."""

from __future__ import annotations

from functools import cache
from typing import Any

from ml4t_nb.notebook.panels.widgets import Widget, page_text
from ml4t_nb.render.icons import ICONS, icon

__all__ = ["board_script"]

_PARTS = (
    "board_strip.js", "board_lines.js", "board_rows.js", "board_around.js", "board_keys.js",
    "board_view.js", "board.js",
)  # fmt: skip


def board_script() -> Widget:
    """The board in the page.

    ``board`` is what `board_json` says, ``busy`` the keys of datasets that a job is at work on,
    ``question`` what is asked before something can be lost, and ``opened`` the key of the dataset
    that is open below. The page sends ``{what: "strips", keys}``, answered by ``{version,
    strips}``; ``{what: "do", remedy, keys}``, with ``is_sure`` once a question was answered;
    ``{what: "keep"}`` if the answer is no; ``{what: "open", key}``; ``{what: "refresh"}``;
    ``{what: "stale", days}``; and ``{what: "seen", page, is_seen}``, whether somebody may see it.
    """
    return _kind()()


@cache
def _kind() -> Any:  # noqa: ANN401  # a class of anywidget's, which takes long to import
    from anywidget import AnyWidget
    from traitlets import Dict, List, Unicode

    class BoardScript(AnyWidget):
        _esm = Unicode(page_text(*_PARTS)).tag(sync=True)
        _css = Unicode(page_text("board.css")).tag(sync=True)
        icons = Dict({name: str(icon(name)) for name in ICONS}).tag(sync=True)
        board = Dict().tag(sync=True)
        busy: List[str] = List().tag(sync=True)
        question = Dict().tag(sync=True)
        opened = Unicode().tag(sync=True)
        stale_days = Unicode("7").tag(sync=True)

    return BoardScript
