"""The names of columns: which of a file's own is which of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ml4t_nb.errors import BarsInvalid
from ml4t_nb.providers.files.dialects import Dialect, bare
from ml4t_nb.providers.files.numbers import is_number

__all__ = ["NUMBER_COLUMNS", "REQUIRED", "TEXT_COLUMNS", "columns_of", "stacked_names"]

REQUIRED = ("stamp", "open", "high", "low", "close")
NUMBER_COLUMNS = ("open", "high", "low", "close", "volume", "dividend", "gain", "split")
TEXT_COLUMNS = ("symbol", "filled")

_COMMON: Mapping[str, tuple[str, ...]] = {
    "stamp": ("date", "datetime", "timestamp", "time", "t", "index", ""),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c", "closelast"),
    "volume": ("volume", "vol", "v"),
    "dividend": ("dividend", "dividends", "dividendamount"),
    "gain": ("capitalgain", "capitalgains"),
    "split": ("split", "splits", "stocksplit", "stocksplits", "splitratio", "splitcoefficient"),
    "symbol": ("symbol", "ticker"),
    "filled": ("filled",),
}
_DAY_AND_TIME = (("date", "time"), ("dtyyyymmdd", "time"))
_STACKED = ("price", "ticker", "date", "datetime", "")


def columns_of(
    path: Path, header: Sequence[str], dialect: Dialect, *, is_guess: bool = False
) -> dict[str, tuple[int, ...]]:
    """Places of a file's columns by our names; of the stamp perhaps two, a date and a time.

    Raises
    ------
    BarsInvalid
        If two columns have one meaning, unless it is a guess that the line is a header.
    """
    bares = [bare(name) for name in header]
    found: dict[str, tuple[int, ...]] = {}
    for ours, common in _COMMON.items():
        places = _places(bares, dialect.names.get(ours, common))
        if ours == "stamp" and len(places) > 1:
            # An index without a name that pandas wrote beside the dates is a mere number.
            places = tuple(at for at in places if bares[at] not in ("", "index"))
            places = tuple(sorted(places, key=lambda at: bares[at] == "time"))
            if tuple(bares[at] for at in places) in _DAY_AND_TIME:
                found[ours] = places
                continue
        if ours == "volume" and all("(" in header[at] for at in places):
            # In the currency itself, then in dollars.
            places = places[:1]
        if len(places) > 1 and not is_guess:
            raise _two(path, ours, [header[at] for at in places])
        if places:
            found[ours] = places
    return found


def _places(bares: Sequence[str], theirs: Sequence[str]) -> tuple[int, ...]:
    """Where columns of these names are; of a name that ends in a star, the first that begins so."""
    places = [at for at, name in enumerate(bares) if name in theirs]
    begins = tuple(name[:-1] for name in theirs if name.endswith("*"))
    if begins:
        places += [at for at, name in enumerate(bares) if name.startswith(begins)][:1]
    return tuple(places)


def _two(path: Path, ours: str, names: Sequence[str]) -> BarsInvalid:
    if len(set(names)) < len(names):
        return BarsInvalid(f"{path.name} has two columns {names[0]!r}", hint="keep one")
    return BarsInvalid(
        f"{path.name} has two columns for the {ours}: {', '.join(names)}", hint="keep one"
    )


def stacked_names(path: Path, rows: Sequence[list[str]]) -> tuple[list[str], int, str] | None:
    """Names, first row and symbol of a table whose header is a line of prices and one of symbols.

    yfinance writes ``Price,Close,...``, ``Ticker,ACME,...`` and perhaps a third line, ``Date,,``.

    Raises
    ------
    BarsInvalid
        If it contains several symbols.
    """
    if len(rows) <= 1 or len(rows[0]) != len(rows[1]):
        return None
    corners = rows[0][0].lower(), rows[1][0].lower()
    prices, symbols = rows[0][1:], rows[1][1:]
    if "close" not in map(bare, prices):
        prices, symbols = symbols, prices
    is_stacked = set(corners) <= set(_STACKED) and "close" in map(bare, prices)
    if not is_stacked or not all(symbols) or any(map(is_number, symbols)):
        return None
    if len(set(symbols)) > 1:
        raise BarsInvalid(
            f"{path.name} contains several symbols: {', '.join(dict.fromkeys(symbols))}",
            hint="write each to its own file",
        )
    start = 2
    if len(rows) > start and rows[start][0].lower() in _STACKED and not any(rows[start][1:]):
        start += 1
    return ["Date", *prices], start, symbols[0]
