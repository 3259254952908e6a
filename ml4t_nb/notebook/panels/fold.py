"""Something that is folded away until it is asked for."""

from __future__ import annotations

from typing import Any

__all__ = ["Fold"]


class Fold:
    """A heading that shows and hides what is below it.

    The heading is a button, which the Tab key reaches and Enter and Space press; that of an
    accordion of ipywidgets is not.

    Attributes
    ----------
    widget
        The root.
    head
        The button.
    """

    def __init__(self, content: Any, *, title: str = "") -> None:  # noqa: ANN401  # ipywidgets has no types
        from ipywidgets import Button, VBox

        self.head = Button(layout={"width": "100%", "margin": "0"})
        self.head.add_class("ml4t-fold-head")
        self._content = VBox([content], layout={"display": "none", "padding": "8px"})
        self._title, self._is_open = title, False
        self.widget = VBox([self.head, self._content]).add_class("ml4t-fold")
        self.head.on_click(lambda _: self.turn())
        self._show()

    @property
    def title(self) -> str:
        """The words of the heading."""
        return self._title

    @title.setter
    def title(self, title: str) -> None:
        self._title = title
        self._show()

    @property
    def is_open(self) -> bool:
        """Whether what is below is in sight."""
        return self._is_open

    def turn(self) -> None:
        """Open it, or close it."""
        self._is_open = not self._is_open
        self._show()

    def _show(self) -> None:
        self.head.description = f"{'▾' if self._is_open else '▸'} {self._title}"
        self.head.tooltip = "Fold away" if self._is_open else "Unfold"
        self._content.layout.display = "" if self._is_open else "none"
