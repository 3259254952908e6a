"""The list of the findings inbox: those to decide, those decided, and the way to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from ml4t_nb.notebook.panels.widgets import button, html
from ml4t_nb.render.format import count
from ml4t_nb.render.markup import element, fragment
from ml4t_nb.render.review.inbox_html import InboxItem, items_html

__all__ = ["InboxList"]

# As many rows as one looks through; of thousands each redraw would send them all.
_SHOWN = 100
_MORE = 200


class InboxList:
    """Findings to choose from; ``move`` is called with the number of rows to go on by."""

    def __init__(self, *, move: Callable[[int], object]) -> None:
        from ipywidgets import HBox, VBox

        self._most = _SHOWN
        self._shown: tuple[Sequence[InboxItem], Sequence[InboxItem], int | None, datetime] | None
        self._shown = None
        self.count, self.rows, self.decided = html("inbox-count"), html("rows"), html("decided")
        self.next = button("next", "next", partial(move, 1), "The next finding (J)")
        self.back = button("back", "back", partial(move, -1), "The finding before (K)")
        for each in (self.next, self.back):
            each.add_class("ml4t-key").add_class("ml4t-bare")
        self.more = button("Show more", "more-findings", self._show_more)
        self.more.add_class("ml4t-bare")
        top = HBox([self.count, self.next, self.back]).add_class("ml4t-inbox-top")
        below = VBox([self.rows, self.more, self.decided]).add_class("ml4t-inbox-rows")
        self.widget = VBox([top, below]).add_class("ml4t-inbox-list")

    def show(
        self,
        items: Sequence[InboxItem],
        decided: Sequence[InboxItem],
        current: int | None,
        now: datetime,
    ) -> None:
        """Show these; rows of the decided go on after those to decide."""
        self._shown = items, decided, current, now
        if current is not None and self._most <= current < len(items):
            self._most = current + _MORE
        cut = items[: self._most]
        place = "" if current is None or current >= len(items) else f"{current + 1:,} of "
        wide = element(
            "span", f"{count(len(items)) if items else 'Nothing'} to decide", class_="ml4t-wide"
        )
        narrow = element("span", f"{place}{count(len(items))} to decide", class_="ml4t-narrow")
        self.count.value = fragment(wide, narrow)
        self.rows.value = items_html(cut, first=0, current=current, now=now)
        left = len(items) - len(cut)
        self.more.layout.display = "" if left else "none"
        self.more.description = f"Show {count(min(left, _MORE))} more of {count(left)}"
        if not decided:
            self.decided.value = ""
            return
        head = element("div", "Decided today", class_="ml4t-inbox-group")
        rows = items_html(decided[:_MORE], first=len(items), current=current, now=now)
        self.decided.value = fragment(head, rows)

    def _show_more(self) -> None:
        self._most += _MORE
        if self._shown is not None:
            self.show(*self._shown)
