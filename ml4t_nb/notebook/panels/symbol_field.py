"""A field for symbols: one that offers those stored, and tags of those chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["SymbolField"]


class SymbolField:
    """Symbols, chosen from those stored or typed.

    Parameters
    ----------
    known
        Symbols to offer; others may be typed.
    placeholder
        What to do, or what none at all means.
    changed
        Called after each change.
    """

    def __init__(
        self, known: Sequence[str], *, placeholder: str, help_: str, changed: Callable[[], None]
    ) -> None:
        import ipywidgets

        self.box = ipywidgets.Combobox(
            description="symbol",
            placeholder=placeholder,
            options=list(known),
            continuous_update=False,
            tooltip=help_,
            style={"description_width": "8em"},
            layout={"width": "24em"},
        )
        # Tags alone would do, but offer no suggestions.
        self.tags = ipywidgets.TagsInput(allow_duplicates=False, tooltip=help_)
        self.tags.layout.display = "none"
        self.box.add_class("ml4t-symbol")
        self.tags.add_class("ml4t-tags")
        self.widget = ipywidgets.HBox([self.box, self.tags], layout={"flex_flow": "row wrap"})
        self._changed = changed
        self.box.observe(self._add, "value")
        self.tags.observe(self._show, "value")

    @property
    def symbols(self) -> tuple[str, ...]:
        """Those chosen, in the order of choosing."""
        return tuple(self.tags.value)

    def offer(self, known: Sequence[str]) -> None:
        """Offer these from now on."""
        self.box.options = tuple(known)

    def _add(self, change: dict[str, Any]) -> None:
        words = str(change["new"]).replace(",", " ").split()
        if words:
            self.tags.value = list(dict.fromkeys((*self.tags.value, *words)))
            self.box.value = ""

    def _show(self, change: dict[str, Any]) -> None:
        self.tags.layout.display = "" if change["new"] else "none"
        self._changed()
