"""Columns of numbers as people and programs write them: one decimal sign for a whole file."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
import numpy.typing as npt

from ml4t_nb.model import DecimalSign

__all__ = ["is_number", "read_columns"]

_Numbers = npt.NDArray[np.float64]
_Wrong = Callable[[str, int, str, str], None]

# What is written in a cell that is empty.
_NOTHING = frozenset(
    (
        *("", "nan", "null", "none", "n/a", "#n/a", "na", "n.a.", "<na>", "nat"),
        *("-", "--", "\u2013", "\u2014"),
    )
)
_PLAIN = r"^-?[0-9]{1,15}(?:\.[0-9]{1,20})?$"
_MONEY = "[$\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba\u20bf]"
_CELL = re.compile(
    rf"(?P<sign>[+-]?){_MONEY}? ?(?P<minus>-?)(?P<digits>[0-9.,' ]*[0-9][.,]?)"
    rf"(?P<power>[eE][+-]?[0-9]+)?(?: ?{_MONEY}| ?(?P<times>[kKmMbBtT]))?"
)
_TIMES = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
# Groups of three digits, or of two before the last three, as in India.
_WHOLE = r"[0-9]*|[1-9][0-9]{0,2}([%s' ])[0-9]{3}(?:\1[0-9]{3})*"
_FORMS: Mapping[DecimalSign, re.Pattern[str]] = {
    "point": re.compile(rf"(?:{_WHOLE % ','}|[1-9][0-9]?(?:,[0-9]{{2}})*,[0-9]{{3}})(?:\.[0-9]*)?"),
    "comma": re.compile(rf"(?:{_WHOLE % '.'})(?:,[0-9]*)?"),
}
_GROUPS = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_OTHER: Mapping[DecimalSign, DecimalSign] = {"point": "comma", "comma": "point"}
_RATIO = re.compile(r"([0-9]+\.?[0-9]*) ?(?::|/|-?for-?) ?([0-9]+\.?[0-9]*)")
_HINT = "set ML4T_DATA_FILES_DECIMAL to point or to comma"


def read_columns(
    columns: Mapping[str, Sequence[str] | _Numbers],
    *,
    declared: DecimalSign | None,
    preferred: DecimalSign | None,
    wrong: _Wrong,
) -> dict[str, _Numbers]:
    """The numbers of a file's columns by our names, NaN where a cell is empty.

    The decimal sign is ``declared`` by the file's dialect, or else shown by the cells of all
    columns together; one is ``preferred`` where these may be read with either. ``wrong`` takes
    the column, the row, what is wrong with its cell, and what to do.
    """
    read = {name: each for name, each in columns.items() if isinstance(each, np.ndarray)}
    texts = {name: each for name, each in columns.items() if not isinstance(each, np.ndarray)}
    ratios, texts = _ratios_apart(texts, wrong)
    plain = {name: _all_plain(words) for name, words in texts.items()}
    if declared != "comma" and all(each is not None for each in plain.values()):
        if declared is None and preferred is None:
            _require_decimals(texts, wrong)
        read |= {name: each for name, each in plain.items() if each is not None}
    else:
        decimal = declared or _decimal_sign(texts, preferred, wrong)
        read |= {name: _column(name, words, decimal, wrong) for name, words in texts.items()}
    for name, values in read.items():
        for row in np.flatnonzero(np.isinf(values)).tolist():
            wrong(name, row, "is infinite", "")
    if ratios:
        read["split"][list(ratios)] = list(ratios.values())
    return read


def _require_decimals(columns: Mapping[str, Sequence[str]], wrong: _Wrong) -> None:
    """Tell of points that may part thousands: 17.965 of a share, beside a volume of 61.234.

    A file whose points are all followed by three digits is doubtful where volumes have them too,
    or where a price has none: 961, then 1.001.
    """
    doubt: tuple[str, int] | None = None
    for name in ("volume", "open", "high", "low", "close"):
        words = columns.get(name, ())
        pointed = [*islice((row for row, word in enumerate(words) if "." in word), 1)]
        if any("." in word and not _GROUPS.fullmatch(word) for word in words):
            return
        is_doubtful = name == "volume" or any(word.isdigit() and word != "0" for word in words)
        if pointed and doubt is None and is_doubtful:
            doubt = name, pointed[0]
    if doubt is not None:
        name, row = doubt
        word = columns[name][row]
        numbers = f"{float(word):g} or {word.replace('.', '')}"
        wrong(name, row, f"is {word!r}, which may be {numbers}", _HINT)


def is_number(word: str) -> bool:
    """Whether a cell is a number, however written."""
    return any(_value(word, sign, "volume") is not None for sign in _FORMS)


def _ratios_apart(
    columns: dict[str, Sequence[str]], wrong: _Wrong
) -> tuple[dict[int, float], dict[str, Sequence[str]]]:
    """Splits written as new shares to old ones, by row; and the columns without these cells."""
    ratios: dict[int, float] = {}
    others: list[str] = []
    for row, word in enumerate(columns.get("split", ())):
        match = _RATIO.fullmatch(word)
        others.append("" if match else word)
        if match and float(match[1]) > 0 and float(match[2]) > 0:
            ratios[row] = float(match[1]) / float(match[2])
        elif match:
            wrong("split", row, f"is {word!r}, which is not a ratio", "")
    return ratios, {**columns, "split": others} if others else columns


def _all_plain(words: Sequence[str]) -> _Numbers | None:
    """The numbers of cells that are plain or empty, read in bulk; None if one is neither."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pa.array(words, pa.string())
    plain = pc.match_substring_regex(column, _PLAIN)
    if not pc.all(plain).as_py():
        empty = pc.is_in(pc.utf8_lower(column), pa.array(sorted(_NOTHING)))
        if not pc.all(pc.or_(empty, plain)).as_py():
            return None if len(words) else np.empty(0)
        column = pc.if_else(empty, pa.scalar(None, pa.string()), column)
    values: _Numbers = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    return values.astype("float64")


def _decimal_sign(
    columns: Mapping[str, Sequence[str]], preferred: DecimalSign | None, wrong: _Wrong
) -> DecimalSign:
    """What parts the fractions of a file: all of its cells decide together."""
    shown: Counter[DecimalSign] = Counter()
    doubts: list[tuple[str, int]] = []
    is_sure = False
    for name, words in columns.items():
        for row, word in enumerate(words):
            if word.lower() in _NOTHING or not ("," in word or "." in word):
                continue
            values = {sign: _value(word, sign, name) for sign in _FORMS}
            possible = [sign for sign, value in values.items() if value is not None]
            if len(possible) == 1:
                shown[possible[0]] += 1
                is_sure = is_sure or len(re.findall("[.,]", word)) > 1
            elif len(set(values.values())) > 1:
                doubts.append((name, row))
    best: DecimalSign = "comma" if shown["comma"] > shown["point"] else "point"
    # One spoilt cell must not move a thousand others: doubtful prices want as many that show it.
    doubtful = [each for each in doubts if each[0] != "volume"] if shown else doubts
    has_commas = any("," in columns[name][row] for name, row in doubts)
    if preferred or is_sure or len(doubtful) <= shown[best] or (best == "point" and not has_commas):
        return best if shown else preferred or best
    name, row = doubtful[0]
    numbers = " or ".join(f"{_value(columns[name][row], sign, name):g}" for sign in _FORMS)
    wrong(name, row, f"is {columns[name][row]!r}, which may be {numbers}", _HINT)
    return best


def _column(name: str, words: Sequence[str], decimal: DecimalSign, wrong: _Wrong) -> _Numbers:
    values = np.full(len(words), np.nan)
    for row, word in enumerate(words):
        if word.lower() in _NOTHING:
            continue
        value = _value(word, decimal, name)
        if value is not None:
            values[row] = value
        elif _value(word, _OTHER[decimal], name) is not None:
            wrong(name, row, f"is {word!r}, but others have a decimal {decimal}", "")
        else:
            wrong(name, row, f"is {word!r}, which is not a number", "")
    return values


def _value(word: str, decimal: DecimalSign, name: str) -> float | None:
    """The number a cell is with that decimal sign; None if it is none."""
    return _read(word, decimal, is_count=name == "volume")


# Of a million prices most are repeated.
@lru_cache(maxsize=1 << 16)
def _read(word: str, decimal: DecimalSign, *, is_count: bool) -> float | None:
    match = _CELL.fullmatch(re.sub("[\u00a0\u2009\u202f]", " ", word).replace("\u2019", "'"))
    if match is None or (match["times"] and not is_count):
        return None
    digits = match["digits"].strip()
    if not _FORMS[decimal].fullmatch(digits):
        return None
    grouping = "[,' ]" if decimal == "point" else "[.' ]"
    bare = re.sub(grouping, "", digits).replace(",", ".")
    value = float(bare + (match["power"] or ""))
    # Tenths of a million are no exact doubles, and a volume is a whole number.
    value = round(value * _TIMES[match["times"].lower()], 3) if match["times"] else value
    is_negative = "-" in (match["sign"], match["minus"])
    return math.copysign(value, -1) if is_negative else value
