"""A magic's line into words, with the notebook's variables put in.

Words are separated by spaces; quotes keep a word together, and single quotes prevent substitution.
A backslash is only a backslash, so that Windows paths survive. ``#`` at the start of a word begins
a comment. ``$name`` and ``{name}`` insert a variable; between braces attributes and items may
follow (``{run.symbols[0]}``, ``{frame['symbol']}``), but no calls. Several values become several
words. ``$$``, ``{{`` and ``}}`` are the signs themselves.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from ml4t_nb.errors import OptionError
from ml4t_nb.options import did_you_mean, is_several

__all__ = ["begun", "joined", "lines_of", "quoted", "split"]

_PIECE = re.compile(
    r"""(?P<blank>\s+)
    | '(?P<literal>[^']*)'
    | "(?P<quoted>[^"]*)"
    | (?P<sign>\$\$|\{\{|\}\})
    | \$(?P<name>[^\W\d]\w*)
    | \{(?P<expression>[^{}]*)\}
    | (?P<stray>['"{}])
    | (?P<plain>[^\s'"${}]+|\$)
    """,
    re.VERBOSE,
)
# The last quote of a line that is not finished may be open.
_QUOTES = re.compile(r"""'([^']*)'?|"([^"]*)"?""")
_TYPED = re.compile(rf"""(?:{_QUOTES.pattern}|[^\s'"])+""")


def split(line: str, names: Mapping[str, Any]) -> tuple[str, ...]:
    """Words of ``line``, in which the variables ``names`` may stand.

    An OptionError if a quote or brace is not closed, a variable is not defined, or its value is
    nothing that a command line could hold: None, NaN, no values at all.
    """
    words: list[str] = []
    word: list[str] = []
    for piece in _PIECE.finditer(f"{line} "):
        if piece["blank"] is not None:
            words += word
            word = []
        elif not word and (piece["plain"] or "").startswith("#"):
            break
        else:
            word = _joined(word, _values(piece, names), line)
    return tuple(words)


def joined(words: Sequence[str]) -> str:
    """The line that `split` takes apart into ``words``, whatever variables there are."""
    return " ".join(quoted(word) for word in words)


def quoted(word: str) -> str:
    """``word`` as `split` gives it back, in quotes where it needs them."""
    is_plain = word.split() == [word] and word[0] != "#"
    if is_plain and not set(word) & set("'\"{}$"):
        return word
    # Nothing is put in between single quotes; a single quote itself stands between double ones.
    return '"\'"'.join(f"'{part}'" for part in word.split("'"))


def begun(line: str) -> tuple[tuple[str, ...], str, str] | None:
    """A line that is not finished: its whole words, and the last one with its quotes and without.

    None where the cursor stands in a comment. Variables are left as they are written.
    """
    typed = list(_TYPED.finditer(line))
    if any(each[0] == "#" and each.end() < len(line) for each in typed):
        return None
    words = [_QUOTES.sub(r"\1\2", each[0]) for each in typed]
    if not typed or typed[-1].end() < len(line):
        return tuple(words), "", ""
    return tuple(words[:-1]), typed[-1][0], words[-1]


def lines_of(cell: str) -> Iterator[tuple[int, str]]:
    """Lines of a cell with their numbers; one that ends in a backslash goes on in the next."""
    number, parts = 0, list[str]()
    lines = cell.splitlines()
    for at, line in enumerate(lines, start=1):
        number = number if parts else at
        goes_on = line.endswith("\\") and not line.lstrip().startswith("#") and at < len(lines)
        parts.append(line[:-1] if goes_on else line)
        if not goes_on:
            yield number, " ".join(parts)
            parts = []


def _values(piece: re.Match[str], names: Mapping[str, Any]) -> list[str]:
    if piece["stray"]:
        raise OptionError(
            f"{piece['stray']} is not closed",
            hint="close it, or double a brace to use it literally",
        )
    if piece["sign"]:
        return [piece["sign"][0]]
    if piece["quoted"] is not None:
        return _put_in(piece["quoted"], names)
    source = piece["name"] or piece["expression"]
    if source is not None:
        return _spelled(_value(source.strip(), names), source.strip())
    return [piece["literal"] if piece["literal"] is not None else piece["plain"]]


def _put_in(text: str, names: Mapping[str, Any]) -> list[str]:
    """The text between double quotes, with its variables put in."""
    pieces = [""]
    for piece in _PIECE.finditer(text):
        is_put_in = piece["sign"] or piece["name"] or piece["expression"] is not None
        pieces = _joined(pieces, _values(piece, names) if is_put_in else [piece[0]], text)
    return pieces


def _joined(word: list[str], values: list[str], line: str) -> list[str]:
    if not word or (word == [""] and len(values) > 1):
        return values
    if len(word) > 1 and values == [""]:
        return word
    if len(word) > 1 or len(values) > 1:
        raise OptionError(
            f"several values cannot be part of one word of {line.strip()!r}",
            hint="put spaces around the variable",
        )
    return [word[0] + values[0]]


def _value(source: str, names: Mapping[str, Any]) -> Any:  # noqa: ANN401  # whatever it holds
    try:
        return _walked(ast.parse(source, mode="eval").body, names)
    except SyntaxError:
        raise OptionError(
            f"{{{source}}} is not a name with attributes and items",
            hint="assign the value to a name in a line above, and use that between the braces",
        ) from None
    except (AttributeError, LookupError, TypeError) as error:
        raise OptionError(f"{{{source}}} has no value: {error}") from error


def _walked(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: ANN401  # likewise
    match node:
        case ast.Name(name) if name in names:
            return names[name]
        case ast.Name(name):
            values = [each for each in names if each[0] != "_" and not callable(names[each])]
            near = did_you_mean(name, values)
            known = near.startswith("did")
            hint = near if known else "set it in a cell above, or write $$ and {{ for literal signs"
            raise OptionError(f"unknown variable {name!r}", hint=hint)
        case ast.Attribute(owner, name):
            return getattr(_walked(owner, names), name)
        case ast.Subscript(owner, key):
            return _walked(owner, names)[_key(key)]
    raise SyntaxError


def _key(node: ast.expr) -> Any:  # noqa: ANN401  # a key of anything
    if isinstance(node, ast.Slice):
        return slice(*(part and _key(part) for part in (node.lower, node.upper, node.step)))
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise SyntaxError from None


def _spelled(value: object, source: str) -> list[str]:
    if isinstance(value, str | bytes | bytearray | memoryview) or not is_several(value):
        return [_word(value, source)]
    words = [_word(each, source) for each in value]
    if not words:
        # No words at all could mean "everything" to a verb.
        raise OptionError(f"{source} holds no values", hint="put a value in it, or leave it out")
    return words


def _word(value: object, source: str) -> str:
    if value is None or str(value) in ("nan", "NaT", "<NA>"):
        raise OptionError(f"{source} holds {value!r}", hint="drop the missing values first")
    if isinstance(value, datetime):
        is_date = value.tzinfo is None and value.time() == time()
        return value.date().isoformat() if is_date else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple, dict, set, bytes, bytearray, memoryview)):
        raise OptionError(f"{source} holds {type(value).__name__}s, which are no words")
    return str(value)
