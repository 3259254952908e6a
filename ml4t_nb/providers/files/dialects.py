"""The forms in which other programs write prices: one table of what is known of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ml4t_nb.model import DecimalSign, WeekDating

__all__ = ["DIALECTS", "PLAIN", "Dialect", "bare", "recognise"]

_EPOCH_S = r"[12]\d{9}"
_EPOCH_MS = r"[12]\d{12}(?:\d{3})?"
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_BINANCE = (
    "open time", "open", "high", "low", "close", "volume", "close time", "quote volume", "count",
    "taker buy volume", "taker buy quote volume", "ignore",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one program writes its prices.

    Parameters
    ----------
    columns
        Names, bare, that a header must hold to be of this dialect.
    header
        Pattern of the header's line as written, where the names alone are ambiguous.
    cells
        For files without a header: patterns of the first row's cells.
    positions
        For files without a header: the columns' names.
    names
        Their bare names of our columns, where the common ones do not serve.
    formats
        Formats of the stamps, as `strptime` has them, where the stamps alone are ambiguous; a
        column that is in none of these is read as any other.
    zone
        Zone of stamps that name none.
    decimal
        What parts a number's fraction; None where the numbers show it.
    divisor
        Prices of shares and funds are written times this.
    has_mixed_units
        Whether stamps may count seconds in one row and milliseconds in another.
    footer
        Pattern of a last line that is not a row.
    weeks
        Whether a Sunday that a week is dated on begins or ends it; None where both are known.
    refusal
        Why it is not read; empty if it is.
    """

    name: str
    columns: tuple[str, ...] = ()
    header: str = ""
    cells: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    formats: tuple[str, ...] = ()
    zone: str | None = None
    decimal: DecimalSign | None = None
    divisor: float = 1.0
    has_mixed_units: bool = False
    footer: str = ""
    weeks: WeekDating | None = None
    refusal: str = ""

    def is_headed(self, header: Sequence[str], line: str) -> bool:
        """Whether a header, as cells and as its line, is of this dialect."""
        if self.cells or not (self.columns or self.header):
            return False
        found = {bare(name) for name in header}
        return found.issuperset(self.columns) and re.match(self.header, line) is not None

    def is_begun(self, row: Sequence[str]) -> bool:
        """Whether a file without a header that begins with ``row`` is of this dialect."""
        return len(row) == len(self.cells) > 0 and all(
            re.fullmatch(pattern, cell) for pattern, cell in zip(self.cells, row, strict=True)
        )

    def is_footer(self, row: Sequence[str]) -> bool:
        """Whether the last line is none of the table."""
        text = "".join(row)
        return bool(self.footer) and re.match(self.footer, text) is not None


def bare(name: str) -> str:
    """A column's name without case, digits, blanks, signs, and what stands in parentheses."""
    return "".join(sign for sign in re.sub(r"\(.*?\)", "", name).lower() if sign.isalpha())


def recognise(header: Sequence[str], line: str) -> Dialect:
    """The dialect of a header; ``PLAIN`` for one that no dialect has."""
    return next((each for each in DIALECTS if each.is_headed(header, line)), PLAIN)


PLAIN = Dialect("plain")

DIALECTS = (
    Dialect(
        "Nasdaq",
        columns=("date", "closelast", "volume", "open", "high", "low"),
        formats=("%m/%d/%Y",),
        decimal="point",
    ),
    # The blanks after its commas are all that shows The Wall Street Journal's header.
    Dialect(
        "WSJ",
        columns=("date", "open", "high", "low", "close"),
        header=r"Date, Open, High, Low, Close",
        formats=("%m/%d/%y",),
        decimal="point",
    ),
    Dialect(
        "MetaStock, Stooq, Finam",
        columns=("ticker", "per", "open", "high", "low", "close"),
        header=r'[<"]*TICKER',
        names={"stamp": ("date", "dtyyyymmdd", "time"), "volume": ("vol", "volume")},
    ),
    Dialect(
        "MetaTrader 5",
        columns=("date", "open", "high", "low", "close", "tickvol", "spread"),
        names={"volume": ("vol",)},
        decimal="point",
        weeks="begin",
    ),
    Dialect(
        "MetaTrader 4",
        cells=(r"\d{4}\.\d{2}\.\d{2}", r"\d{2}:\d{2}", *[_NUMBER] * 4, r"\d+"),
        positions=("date", "time", "open", "high", "low", "close", "volume"),
        decimal="point",
        weeks="begin",
    ),
    Dialect("Binance", columns=("opentime", "open", "close"), names={"stamp": ("opentime",)}),
    Dialect(
        "Binance",
        cells=(_EPOCH_MS, *[_NUMBER] * 5, _EPOCH_MS, *[_NUMBER] * 5),
        positions=_BINANCE,
        names={"stamp": ("opentime",)},
        decimal="point",
    ),
    Dialect(
        "Kraken",
        cells=(_EPOCH_S, *[_NUMBER] * 5, r"\d+"),
        positions=("time", "open", "high", "low", "close", "volume", "trades"),
        decimal="point",
    ),
    Dialect(
        "CryptoDataDownload",
        columns=("unix", "date", "symbol", "open"),
        names={"stamp": ("unix",), "volume": ("volume*",)},
        decimal="point",
        has_mixed_units=True,
    ),
    Dialect(
        "CryptoDataDownload, before 2020",
        columns=("date", "symbol", "open", "high", "low", "close"),
        header=r"Date,Symbol,Open,High,Low,Close,Volume \w+,",
        names={"volume": ("volume*",)},
        formats=("%Y-%m-%d %I-%p", "%Y-%m-%d"),
        zone="UTC",
        decimal="point",
    ),
    Dialect(
        "Dukascopy",
        columns=("gmttime", "open", "high", "low", "close"),
        names={"stamp": ("gmttime",)},
        formats=("%d.%m.%Y %H:%M:%S.%f",),
        zone="UTC",
        decimal="point",
    ),
    Dialect(
        "Tiingo",
        columns=("date", "open", "close", "adjclose", "divcash", "splitfactor"),
        names={"dividend": ("divcash",), "split": ("splitfactor",)},
    ),
    Dialect(
        "Barchart",
        columns=("time", "open", "high", "low", "change"),
        names={"close": ("latest", "last", "close")},
        formats=("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%y"),
        decimal="point",
        footer=r"Downloaded from Barchart.*",
    ),
    Dialect(
        "Investing.com",
        columns=("date", "price", "open", "high", "low"),
        names={"close": ("price",)},
        weeks="begin",
    ),
    Dialect(
        "Investing.com, German",
        columns=("datum", "zuletzt", "eröffn", "hoch", "tief"),
        names={
            "stamp": ("datum",),
            "open": ("eröffn",),
            "high": ("hoch",),
            "low": ("tief",),
            "close": ("zuletzt",),
        },
        formats=("%d.%m.%Y",),
        decimal="comma",
        weeks="begin",
    ),
    Dialect(
        "Nasdaq Data Link",
        columns=("date", "open", "close", "exdividend", "splitratio"),
        names={"dividend": ("exdividend",)},
    ),
    # Shares are written in ten-thousandths of a dollar; what else Lean keeps is not.
    Dialect(
        "Lean",
        cells=(r"\d{8} \d{2}:\d{2}", *[_NUMBER] * 5),
        positions=("time", "open", "high", "low", "close", "volume"),
        decimal="point",
        divisor=10_000.0,
    ),
    Dialect(
        "Lean, minutes",
        cells=(r"0|\d{1,5}000", *[_NUMBER] * 5),
        refusal="its stamps count milliseconds since midnight of a day that the file does not "
        "hold, as Lean's minute files do",
    ),
)
