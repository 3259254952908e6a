"""A text file as rows of cells, each with its line, whatever its encoding and delimiter."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml4t_nb.errors import BarsInvalid
from ml4t_nb.providers.files.problems import MAX_ROWS, SPOILT

__all__ = ["TextRows", "read_text"]

# Of two that a line holds equally often, the first: a comma may be a decimal sign.
_DELIMITERS = "\t;|,"
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_FEW = 4


@dataclass(frozen=True, slots=True)
class TextRows:
    """Rows of cells without blank lines and remarks.

    Parameters
    ----------
    lines
        Where each row ends in the file, from 1.
    text
        Lines as written.
    is_cut
        Whether the file ends within a line.
    """

    cells: Sequence[list[str]]
    lines: Sequence[int]
    text: Sequence[str]
    is_cut: bool

    def line(self, row: int) -> str:
        """The line of a row as written."""
        return self.text[self.lines[row] - 1]


def read_text(path: Path) -> TextRows:
    """The rows of a file.

    Raises
    ------
    BarsInvalid
        If it is not a text file, is empty, or has more rows than are read.
    OSError
        If it cannot be opened.
    """
    content = path.read_bytes()
    count = content.count(b"\n")
    if count > MAX_ROWS:
        raise BarsInvalid(
            f"{path.name} has {count:,} lines; at most {MAX_ROWS:,} are read",
            hint="split it, one file per symbol",
        )
    text = _decoded(path, content)
    lines = io.StringIO(text, newline=None).read().split("\n")
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=_delimiter(lines),
        skipinitialspace=True,
        strict=True,
    )
    cells: list[list[str]] = []
    places: list[int] = []
    try:
        for row in reader:
            stripped = [cell.strip() for cell in row]
            if any(stripped) and not (len(row) == 1 and _is_remark(row[0])):
                cells.append(stripped)
                places.append(reader.line_num)
    except csv.Error as error:
        raise BarsInvalid(
            f"{path.name}, line {reader.line_num}: {error}",
            hint=SPOILT if _is_cut(text) else "double a quote inside a value",
        ) from error
    if not cells:
        raise BarsInvalid(
            f"{path.name} is empty",
            hint="it needs a header row; is it still being written?",
        )
    return TextRows(cells, places, lines, is_cut=_is_cut(text))


def _is_cut(text: str) -> bool:
    return not text.endswith(("\n", "\r"))


def _decoded(path: Path, content: bytes) -> str:
    """``content`` as text: by its mark, as UTF-8, or as Windows and Latin-1 have it.

    Raises
    ------
    BarsInvalid
        If it holds what no text does.
    """
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
