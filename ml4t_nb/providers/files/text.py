"""A text file as a sheet, whatever its encoding, its delimiter and what stands above its header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ml4t_nb.errors import BarsInvalid
from ml4t_nb.providers.files.dialects import DIALECTS, Dialect, bare, recognise
from ml4t_nb.providers.files.numbers import is_number
from ml4t_nb.providers.files.problems import SPOILT, Problems, require_rows, require_width
from ml4t_nb.providers.files.sheets import REQUIRED, CellValues, Sheet, columns_of, no_header

__all__ = ["text_sheet"]

# Of two that a line holds equally often, the first: a comma may be a decimal sign.
_DELIMITERS = "\t;|,"
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_FEW = 4
_PREAMBLE = 10
_STACKED = ("price", "ticker", "date", "datetime", "")


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of cells without blank lines and remarks, and the line, from 1, that each ends on.

    ``text`` are the lines as written; the last is cut if it does not end.
    """

    cells: list[list[str]]
    lines: list[int]
    text: Sequence[str]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class _Head:
    """Names of columns, their dialect, the first row below them, and the symbol they name."""

    names: list[str]
    dialect: Dialect
    start: int
    symbol: str = ""


def text_sheet(path: Path) -> Sheet:
    """The sheet in a text file; an OSError if it cannot be opened."""
    rows = _read(path)
    head = _head(path, rows)
    found = columns_of(path, head.names, head.dialect)
    body, problems = _body(path, rows, head)
    columns: Sequence[CellValues] = list(zip(*body, strict=True)) or [()] * len(head.names)
    sheet = Sheet.of(head.dialect, found, head.names, columns, problems)
    if not head.symbol:
        return sheet
    return replace(sheet, columns={**sheet.columns, "symbol": ([head.symbol] * len(body),)})


def _read(path: Path) -> _Rows:
    content = path.read_bytes()
    require_rows(path, content.count(b"\n"), "line")
    text = _decoded(path, content)
    is_cut = not text.endswith(("\n", "\r"))
    lines = io.StringIO(text, newline=None).read().split("\n")
    delimiter = _delimiter(lines)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    cells: list[list[str]] = []
    places: list[int] = []
    is_padded = _may_be_padded(lines, delimiter)
    try:
        for row in reader:
            bare = [cell.strip() for cell in row] if is_padded else row
            if any(bare) and not (len(row) == 1 and _is_remark(row[0])):
                cells.append(bare)
                places.append(reader.line_num)
    except csv.Error as error:
        raise BarsInvalid(
            f"{path.name}, line {reader.line_num}: {error}",
            hint=SPOILT if is_cut else "double a quote inside a value",
        ) from error
    if not cells:
        hint = "it needs a header row; is it still being written?"
        raise BarsInvalid(f"{path.name} is empty", hint=hint)
    return _Rows(cells, places, lines, is_cut)


def _decoded(path: Path, content: bytes) -> str:
    """``content`` as text: by its mark, as UTF-8, or as Windows and Latin-1 have it."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8-sig")
    if encoding == "utf-8-sig" and b"\0" in content[:_FEW]:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise BarsInvalid(
                f"{path.name} is not valid {encoding} text: {error}", hint=SPOILT
            ) from error
        text = content.decode("latin-1")
    if "\0" in text:
        raise BarsInvalid(
            f"{path.name} is not a text file", hint="it may be damaged; replace it with a CSV file"
        )
    return text


def _may_be_padded(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a cell may begin or end with white space; told of all lines at once."""
    text = "\n".join(lines)
    padding = (f"{delimiter} ", f" {delimiter}", "\n ", " \n")
    if '"' in text or any(each in f"\n{text}\n" for each in padding):
        return True
    # But for single blanks within cells, there is none: a line is one word.
    text = text.replace(" ", "")
    return text.split() != [*filter(None, text.split("\n"))]


def _is_remark(line: str) -> bool:
    """Whether a line is blank or begins with a number sign."""
    return not line.strip() or line.lstrip().startswith("#")


def _delimiter(lines: Sequence[str]) -> str:
    """What parts the cells of the first line that has several."""
    for line in lines[:20]:
        outside = re.sub(r'"[^"]*"', "", line)
        best = max(_DELIMITERS, key=outside.count)
        if not _is_remark(line) and outside.count(best) >= _FEW - 1:
            return best
    first = next((line for line in lines if not _is_remark(line)), "")
    return max(reversed(_DELIMITERS), key=first.count)


def _head(path: Path, rows: _Rows) -> _Head:
    """The header, below what stands before it; or that of a dialect that has none."""
    require_width(path, rows.cells[0])
    stacked = _stacked_head(path, rows.cells)
    if stacked is not None:
        return stacked
    for at, row in enumerate(rows.cells[:_PREAMBLE]):
        dialect = recognise(row, rows.text[rows.lines[at] - 1])
        require_width(path, row)
        if set(REQUIRED) <= set(columns_of(path, row, dialect, is_guess=True)):
            return _Head(row, dialect, at + 1)
        if sum(map(bool, row)) > 2:  # noqa: PLR2004  # a title, or a name and its value
            break
    first = rows.cells[0]
    headless = next((each for each in DIALECTS if each.is_begun(first)), None)
    if headless is None:
        raise no_header(path, first)
    if headless.refusal:
        raise BarsInvalid(
            f"{path.name} cannot be read: {headless.refusal}",
            hint="write its stamps with their date, as 2024-01-31T14:30+00:00, below a header row",
        )
    return _Head(list(headless.positions), headless, 0)


def _body(path: Path, rows: _Rows, head: _Head) -> tuple[list[list[str]], Problems]:
    """Rows below the header that are as wide as it, and what is wrong with the others."""
    width = len(head.names)
    whole = rows.cells[head.start :]
    is_even = all(map(width.__eq__, map(len, whole))) and head.names not in whole
    if is_even and not (whole and head.dialect.is_footer(whole[-1])):
        return whole, Problems(path, "line", rows.lines[head.start :])
    ends_empty = width > 1 and not head.names[-1]
    body: list[list[str]] = []
    places: list[int] = []
    problems = Problems(path, "line", places)
    last = len(rows.cells) - 1
    for at in range(head.start, len(rows.cells)):
        row = rows.cells[at]
        if row == head.names or (at == last and head.dialect.is_footer(row)):
            continue
        if len(row) == width + 1 and not row[-1]:
            row = row[:-1]
        elif len(row) == width - 1 and ends_empty:
            row = [*row, ""]
        if len(row) != width:
            what = f"{len(row)} values for {width} columns"
            is_cut = at == last and rows.is_cut and _begins_as(row, body[-1:], width)
            hint = "is the file still being written?" if is_cut else ""
            problems.add(rows.lines[at], what, hint)
            continue
        body.append(row)
        places.append(rows.lines[at])
    return body, problems


def _begins_as(row: Sequence[str], before: Sequence[list[str]], width: int) -> bool:
    """Whether a last, short row is the beginning of one, and no remark below the table."""
    shape, whole = (re.sub(r"\d", "9", each[0]) for each in (row, *before, row)[:2])
    return len(row) < width and whole.startswith(shape)


def _stacked_head(path: Path, rows: Sequence[list[str]]) -> _Head | None:
    """The head of a table whose header is a line of prices and one of symbols; None for others.

    yfinance writes ``Price,Close,...``, ``Ticker,ACME,...`` and perhaps a third line, ``Date,,``.
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
    names = ["Date", *prices]
    return _Head(names, recognise(names, ""), start, symbols[0])
