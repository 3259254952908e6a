"""Parameters that several verbs have: each with its type, its flag and its help, declared once."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from ml4t_nb.model import Adjustment, AssetClass, Frequency
from ml4t_nb.options import Day, Help, Moment, PathName, Short, Symbols

__all__ = [
    "Adjust",
    "AllowEmpty",
    "AsOf",
    "AsOfUnused",
    "Class",
    "ClassFilter",
    "End",
    "Filled",
    "Freq",
    "FreqFilter",
    "Home",
    "OneSymbol",
    "Provider",
    "Selection",
    "Start",
]

Selection: TypeAlias = Annotated[
    Symbols, Short("-s"), Help("Symbols; everything that is stored if none is named.")
]
OneSymbol: TypeAlias = Annotated[Symbols, Short("-s"), Help("The symbol; exactly one.")]

Class: TypeAlias = Annotated[
    AssetClass | None, Short("-a"), Help("Its class, where the symbol is stored under several.")
]
ClassFilter: TypeAlias = Annotated[
    AssetClass | None, Short("-a"), Help("Only datasets of this class.")
]
Freq: TypeAlias = Annotated[
    Frequency | None,
    Short("-f"),
    Help("Its frequency, where the symbol is stored at several."),
]
FreqFilter: TypeAlias = Annotated[
    Frequency | None, Short("-f"), Help("Only datasets of this frequency.")
]
Provider: TypeAlias = Annotated[str | None, Short("-p")]

Start: TypeAlias = Annotated[Day | None, Help("First date, inclusive.")]
End: TypeAlias = Annotated[Day | None, Help("Last date, inclusive.")]

Adjust: TypeAlias = Annotated[
    Adjustment,
    Help(
        "Prices as traded (raw), on the split basis of the last stored bar (splits), or with\n"
        "dividends reinvested too (all)."
    ),
]
Filled: TypeAlias = Annotated[bool, Help("Keep the bars that were made by gap filling.")]
AllowEmpty: TypeAlias = Annotated[
    bool,
    Help(
        "Let the shell's exit code be 0 also where nothing is stored, and the folder of the store\n"
        "not be there."
    ),
]

AsOf: TypeAlias = Annotated[
    Moment | None,
    Help("Run as of this time: an instant, or a date, meaning after that session's close."),
]
AsOfUnused: TypeAlias = Annotated[
    Moment | None, Help("Accepted by every verb; the result does not depend on it.")
]
Home: TypeAlias = Annotated[PathName | None, Help("Folder of the store.")]
