"""Parameters that several verbs have: each with its type, its flag and its help, declared once."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from ml4t_nb.model import Adjustment, AssetClass, BarsFrequency, Frequency, Requirement
from ml4t_nb.options import (
    ColumnNames,
    Day,
    Doc,
    KeepsOne,
    Moment,
    PathName,
    Short,
    Symbols,
    Unserved,
)

__all__ = [
    "Adjust",
    "AllowEmpty",
    "AsOf",
    "AsOfRefusing",
    "AsOfUnused",
    "BarsFreq",
    "Class",
    "ClassFilter",
    "Columns",
    "Derive",
    "End",
    "ExecutorName",
    "Filled",
    "Freq",
    "FreqFilter",
    "Home",
    "KnownOn",
    "Notify",
    "OneOrMore",
    "OneSymbol",
    "PinName",
    "Plan",
    "Provenance",
    "ProviderName",
    "Require",
    "Selection",
    "Start",
    "Version",
    "Workers",
]

Selection: TypeAlias = Annotated[
    Symbols, Short("-s"), Doc("Symbols; everything that is stored if none is named.")
]
OneSymbol: TypeAlias = Annotated[Symbols, Short("-s"), Doc("The symbol; exactly one.")]
OneOrMore: TypeAlias = Annotated[
    Symbols, KeepsOne(), Short("-s"), Doc("One symbol, or a list of them.")
]

Class: TypeAlias = Annotated[
    AssetClass | None, Short("-a"), Doc("Its class, where the symbol is stored under several.")
]
ClassFilter: TypeAlias = Annotated[
    AssetClass | None, Short("-a"), Doc("Only datasets of this class.")
]
Freq: TypeAlias = Annotated[
    Frequency | None,
    Short("-f"),
    Doc("Its frequency, where the symbol is stored at several."),
]
BarsFreq: TypeAlias = Annotated[
    BarsFrequency | None,
    Short("-f"),
    Doc(
        "Its frequency: a stored one, or one that is derived from the finest stored one that can\n"
        "give it, months from days and minutes such as 45m from minutes."
    ),
]
Derive: TypeAlias = Annotated[
    bool, Doc("Derive the frequency from shorter bars although it is stored.")
]
FreqFilter: TypeAlias = Annotated[
    Frequency | None, Short("-f"), Doc("Only datasets of this frequency.")
]
ProviderName: TypeAlias = Annotated[str | None, Short("-p")]

Start: TypeAlias = Annotated[Day | None, Doc("First date, inclusive.")]
End: TypeAlias = Annotated[Day | None, Doc("Last date, inclusive.")]

Adjust: TypeAlias = Annotated[
    Adjustment,
    Doc(
        "Prices as traded (raw), on the split basis of the last stored bar (splits), or with\n"
        "dividends reinvested too (all)."
    ),
]
Filled: TypeAlias = Annotated[bool, Doc("Keep the bars that were made by gap filling.")]
Columns: TypeAlias = Annotated[
    ColumnNames | None,
    Doc("Only these columns, in this order; the others are not read from the disk."),
]
Require: TypeAlias = Annotated[
    Requirement | None,
    Doc(
        "Fail, naming the bars, if any in the range is suspect (clean), or if any is suspect,\n"
        "missing, rejected or made by filling (observed)."
    ),
]
Provenance: TypeAlias = Annotated[
    bool, Doc("Add a column with the provider of each bar; empty if it was made by filling.")
]
Workers: TypeAlias = Annotated[int, Doc("Datasets that are worked on at the same time.")]
ExecutorName: TypeAlias = Annotated[
    str,
    Unserved(),
    Doc(
        "Where that is done: in threads of this process, in processes of this machine, or on a\n"
        "Dask cluster, whose scheduler is at dask://HOST:PORT."
    ),
]
Plan: TypeAlias = Annotated[
    bool,
    Doc(
        "Only show what would be requested, how long that takes, and what may change; nothing is\n"
        "requested and nothing written."
    ),
]
AllowEmpty: TypeAlias = Annotated[
    bool,
    Doc("Exit with 0 even if nothing is stored or the folder of the store does not exist."),
]

Notify: TypeAlias = Annotated[
    bool | None,
    Doc(
        "Tell the targets of the store what is new; if not given, where the run was started in a\n"
        "shell, and not as of an earlier time."
    ),
]
KnownOn: TypeAlias = Annotated[
    Moment | None,
    Doc(
        "The bars as they were known then: of the newest version whose run was as of that instant\n"
        "or before, or of a date, as of the close of its session and the provider's delay."
    ),
]
Version: TypeAlias = Annotated[
    int | None, Doc("The bars as that commit left them: its number, as in the history.")
]
PinName: TypeAlias = Annotated[
    str | None, Doc("The bars as they were kept under that name by the verb pin.")
]
AsOf: TypeAlias = Annotated[
    Moment | None,
    Doc("Run as of this time: an instant, or a date, meaning after that session's close."),
]
AsOfRefusing: TypeAlias = Annotated[
    Moment | None,
    Doc(
        "The time that it is: bars that were over only after it are refused. To read what was\n"
        "known then, give known_on."
    ),
]
AsOfUnused: TypeAlias = Annotated[
    Moment | None, Doc("Accepted by every verb; the result does not depend on it.")
]
Home: TypeAlias = Annotated[PathName | None, Doc("Folder of the store.")]
