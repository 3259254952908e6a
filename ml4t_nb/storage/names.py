"""Names on disk: symbols as folders, readable, reversible and legal everywhere; our own files."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import date
from itertools import product
from typing import Literal, TypeAlias, get_args
from urllib.parse import unquote

from ml4t_nb.errors import OptionError
from ml4t_nb.model import AssetClass, DatasetId, Frequency
from ml4t_nb.options import one_of

__all__ = [
    "CHUNK_NAME",
    "GROUPS",
    "LOG_FILE_NAME",
    "RowLog",
    "chunk_name",
    "chunk_number",
    "folder_name",
    "gathered_name",
    "gathered_numbers",
    "kept_chunk",
    "kept_name",
    "log_file_name",
    "log_file_number",
    "manifest_name",
    "manifest_number",
    "newest_number",
    "past_number",
    "place_of",
    "symbol_of",
]

CHUNK_NAME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})\.(?P<number>[0-9]{8,18})\.[0-9a-f]{6}\.parquet"
)
"""First date, number of the commit that wrote it, random tag."""

_KEPT_NAME = re.compile(rf"(?P<until>[0-9]{{8,18}})\.(?P<file>{CHUNK_NAME.pattern})")
_GATHERED_NAME = re.compile(r"m\.([0-9]{8,18})-([0-9]{8,18})\.[0-9a-f]{6}\.zst")

RowLog: TypeAlias = Literal["rejected", "revisions"]
"""The two logs of rows that are not in the dataset."""

LOG_FILE_NAME = re.compile(
    r"(?P<log>rejected|revisions|(?P<records>records))\.(?P<number>[0-9]{8,18})\.[0-9a-f]{6}"
    r"\.(?(records)jsonl|parquet)"
)
"""Which log, number of the commit that wrote it, random tag."""

GROUPS = tuple(product(get_args(AssetClass), get_args(Frequency)))
"""Classes and frequencies: the upper two folders of every dataset."""

_MANIFEST_NAME = re.compile(r"m\.([0-9]{8,18})\.json")
_LONGEST = 200
_CODED = re.compile(r"(?P<small>[a-z](?:[a-z0-9.-]*[a-z])?)|[^A-Z0-9._-]")
_DEVICES = {
    "CON",
    "PRN",
    "AUX",
    "NUL",
    *(f"{each}{n}" for each in ("COM", "LPT") for n in range(10)),
}


def manifest_name(sequence: int) -> str:
    """File of that commit's manifest."""
    return f"m.{sequence:08d}.json"


def chunk_name(first: date, sequence: int) -> str:
    """A name that no file has had: first date, commit, and a random tag."""
    return f"{first.isoformat()}.{sequence:08d}.{secrets.token_hex(3)}.parquet"


def chunk_number(name: str) -> int:
    """Number of the commit that a chunk was written for; 0 for another file's name."""
    found = CHUNK_NAME.fullmatch(name)
    return int(found["number"]) if found else 0


def kept_name(file: str, until: int) -> str:
    """The name under ``versions`` of a chunk whose rows commit ``until`` changed."""
    return f"{until:08d}.{file}"


def kept_chunk(name: str) -> tuple[int, str] | None:
    """The commit that changed its rows, and the chunk's own name; None for another file's."""
    found = _KEPT_NAME.fullmatch(name)
    return (int(found["until"]), found["file"]) if found else None


def gathered_name(first: int, last: int) -> str:
    """A name that no file has had: of the manifests of commits ``first`` to ``last``."""
    return f"m.{first:08d}-{last:08d}.{secrets.token_hex(3)}.zst"


def gathered_numbers(name: str) -> tuple[int, int] | None:
    """First and last commit whose manifests are gathered in it; None for another file's name."""
    found = _GATHERED_NAME.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def log_file_name(log: RowLog | Literal["records"], sequence: int) -> str:
    """A name that no file has had: log, commit, and a random tag."""
    kind = "jsonl" if log == "records" else "parquet"
    return f"{log}.{sequence:08d}.{secrets.token_hex(3)}.{kind}"


def log_file_number(name: str) -> int:
    """Number of the commit that a file of a log was written for; 0 for another file's name."""
    found = LOG_FILE_NAME.fullmatch(name)
    return int(found["number"]) if found else 0


def manifest_number(name: str) -> int:
    """Number of the commit whose manifest it is; 0 for another file's name."""
    found = _MANIFEST_NAME.fullmatch(name)
    return int(found[1]) if found else 0


def newest_number(names: Iterable[str]) -> int:
    """The highest number among manifests' names; 0 if there is none."""
    return max(map(manifest_number, names), default=0)


def past_number(name: str) -> int:
    """The highest commit that a file of past versions, or a manifest, tells of; 0 for another's."""
    kept, gathered = kept_chunk(name), gathered_numbers(name)
    return manifest_number(name) or (kept[0] if kept else 0) or (gathered[1] if gathered else 0)


def place_of(dataset: DatasetId) -> str:
    """Its place below ``data``, ``state`` and ``trash``, such as ``equities/daily/AAPL``.

    OptionError if it has none.
    """
    if (dataset.asset_class, dataset.frequency) not in GROUPS:
        one_of(dataset.asset_class, AssetClass, what="asset class")
        one_of(dataset.frequency, Frequency, what="frequency")
    return f"{dataset.asset_class}/{dataset.frequency}/{folder_name(dataset.symbol)}"


def folder_name(symbol: str) -> str:
    """``symbol`` as a folder name; two symbols never share one, upper and lower case alike.

    Capitals, digits, ``.``, ``-`` and ``_`` stay, small letters stand in brackets, the rest is
    percent-encoded: ``BRK/B`` is ``BRK%2FB``, ``btc-usd`` is ``(btc-usd)``. ``=`` is encoded since
    DuckDB and pandas take ``EURUSD=X`` in a path for a partition column. OptionError if the symbol
    is empty, ``.``, ``..``, too long or holds a control character.
    """
    if symbol in ("", ".", ".."):
        raise OptionError(f"{symbol!r} is not a valid symbol", hint="name one, such as AAPL")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in symbol):
        raise OptionError(f"the symbol {symbol!r} holds a control character", hint="take it out")
    name = _legal(
        _CODED.sub(lambda found: f"({found[0]})" if found["small"] else _escape(found[0]), symbol)
    )
    if len(name) > _LONGEST:
        raise OptionError(
            f"the symbol {symbol[:20]!r}... is too long", hint=f"at most {_LONGEST} letters"
        )
    return name


def symbol_of(name: str) -> str | None:
    """The symbol whose folder is ``name``; None if it is not a valid symbol's."""
    try:
        # Brackets of the symbol itself are encoded.
        symbol = unquote(re.sub("[()]", "", name), errors="strict")
        return symbol if folder_name(symbol) == name else None
    except (UnicodeDecodeError, OptionError):
        return None


def _escape(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8"))


def _legal(name: str) -> str:
    # Windows drops a final dot and knows devices by any extension; dataset readers skip folders
    # that begin with a dot or an underscore; a shell takes a leading dash for an option.
    if name[-1] == ".":
        name = name[:-1] + _escape(".")
    if name[0] in "._-" or name.split(".")[0] in _DEVICES:
        name = _escape(name[0]) + name[1:]
    return name
