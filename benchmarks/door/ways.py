"""What is measured at the door, and how its numbers are named and shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["FRESH", "KEEP", "READ", "SIZES", "among", "door_tables"]

SIZES = (20, 2_000, 20_000)
"""Datasets of the stores, at full size."""

READ = (
    "one",
    "one of a year",
    "one of minutes",
    "one with 100 records",
    "a month",
    "one of 20, in a loop",
    "500 at once",
    "a column of 500",
    "500 side by side",
)
"""Ways of reading; 20 are told by the dataset, 500 all together."""

KEEP = ("list", "health", "update of one", "one of 500 updated")
"""What is asked about a whole store, and updates."""

FRESH = ("one", "500 at once", "list", "health")
"""What is also measured in a process that does nothing else, its start and imports among it."""


def among(what: str, size: int, *, fresh: bool = False) -> str:
    """How a number of this workload is named in the book."""
    return f"{what}, among {size:,}" + (", fresh process" if fresh else "")


def door_tables() -> Iterator[tuple[str, Sequence[str], str]]:
    """Title of each table, its workloads, and what these have in common."""
    for size in SIZES:
        for title, ways, fresh in (
            ("reading", READ, False),
            ("upkeep", KEEP, False),
            ("fresh processes", FRESH, True),
        ):
            kind = among("", size, fresh=fresh)
            for unit, clock in (("", ""), (" of the processors", ", processor")):
                shown = f"At the door, {title} among {size:,} datasets: ms{unit}"
                yield shown, [f"{each}{kind}{clock}" for each in ways], f"{kind}{clock}"
