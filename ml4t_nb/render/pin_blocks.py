"""Names under which versions are kept, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from ml4t_nb.render.format import first_of, instant, many
from ml4t_nb.render.layout import Block, Note, Table
from ml4t_nb.reports import PinsReport

__all__ = ["pin_blocks"]

_SHOWN = 5


def pin_blocks(report: PinsReport) -> Iterator[Block]:
    """A row for each pin; what was just made or removed before them."""
    names = {each.name: each for each in report.pins}
    if report.changed:
        found = names.get(report.changed)
        what = f"keeps {many(len(found.versions), 'dataset')}" if found else "was removed"
        yield [Note(f"\N{WHITE HEAVY CHECK MARK} {report.changed} {what}")]
    if not report.pins:
        yield [Note("no version is pinned", "pin those in force: pin NAME")]
        return
    rows = []
    for pin in report.pins:
        versions = [f"{each.dataset.symbol} {each.version}" for each in pin.versions]
        shown = ", ".join(first_of(versions, _SHOWN))
        rows.append((pin.name, instant(pin.at), f"{len(pin.versions):,}", shown))
    yield Table(("Pin", "Made", "Datasets", "Versions"), tuple(rows))
