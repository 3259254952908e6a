"""Widgets as all panels have them: named for styles and tests, and used by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, TypeAlias

__all__ = [
    "CENTRED",
    "WRAPPED",
    "Fold",
    "OwnChange",
    "Widget",
    "button",
    "field",
    "html",
    "outputs_of",
    "page_text",
    "script",
]  # fmt: skip

Widget: TypeAlias = Any
"""Of ipywidgets, which has no types."""

WRAPPED = {"flex_flow": "row wrap"}
CENTRED = {"align_items": "center"}


def button(
    label: str,
    name: str,
    press: Callable[[], object],
    tooltip: str = "",
    *,
    width: str | None = "auto",
    is_once: bool = False,
    **more: object,
) -> Widget:
    """A button of the class name ``ml4t-name``, by which a style or a test finds it.

    Of one that is to be pressed once, a double click, or a key held down, is one press.
    """
    from ipywidgets import Button

    made = Button(description=label, tooltip=tooltip, layout={"width": width}, **more)
    made.on_click(lambda _: press())
    if is_once:
        made.add_class("ml4t-once")
    return made.add_class(f"ml4t-{name}")


def field(widget: Widget, name: str, changed: Callable[[], object], trait: str = "value") -> Widget:
    """The widget with a class name; ``changed`` is called after each change of its value."""
    widget.observe(lambda _: changed(), trait)
    return widget.add_class(f"ml4t-{name}")


def html(name: str) -> Widget:
    """A place for HTML."""
    from ipywidgets import HTML

    return HTML().add_class(f"ml4t-{name}")


def page_text(*names: str) -> str:
    """These files of the panels as one text: a page takes a widget's script, or style, as one.

    Of scripts, each has functions that the later ones use.
    """
    folder = files("ml4t_nb.notebook.panels")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


def script(*names: str) -> Widget:
    """A hidden widget that runs these files of the panels in the page."""
    from anywidget import AnyWidget

    return AnyWidget(_esm=page_text(*names))


def outputs_of(bundle: Mapping[str, Any]) -> tuple[dict[str, object], ...]:
    """What an output widget takes to show one picture, given by MIME type."""
    return ({"output_type": "display_data", "data": bundle, "metadata": {}},)


class OwnChange:
    """True while it is entered: a panel sets its fields itself, and no person chose their values.

    It may be entered again meanwhile.
    """

    def __init__(self) -> None:
        self._entered = 0

    def __bool__(self) -> bool:
        return self._entered > 0

    def __enter__(self) -> None:
        self._entered += 1

    def __exit__(self, *_: object) -> None:
        self._entered -= 1


class Fold:
    """A heading that shows and hides what is below it; ``opened`` is called when it is unfolded.

    The heading is a button, which the Tab key reaches and Enter and Space press; that of an
    accordion of ipywidgets is not.
    """

    def __init__(
        self,
        content: Widget,
        name: str,
        *,
        title: str = "",
        opened: Callable[[], object] = lambda: None,
    ) -> None:
        from ipywidgets import VBox

        self.title, self.is_open, self._opened = title, False, opened
        self._head = button("", "fold-head", self._turn, width="100%")
        self._head.layout.margin = "0"
        self._content = VBox([content], layout={"padding": "8px"})
        self.widget = VBox([self._head, self._content])
        self.widget.add_class("ml4t-fold").add_class(f"ml4t-{name}")
        self.show(title)

    def show(self, title: str) -> None:
        """Change the words of the heading."""
        self.title = title
        self._head.description = f"{'▾' if self.is_open else '▸'} {title}"
        self._head.tooltip = "Fold away" if self.is_open else "Unfold"
        self._content.layout.display = "" if self.is_open else "none"

    def _turn(self) -> None:
        self.is_open = not self.is_open
        self.show(self.title)
        if self.is_open:
            self._opened()
