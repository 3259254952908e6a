"""The line of a query: options are words as of every verb, the query stands as it is typed.

``$name`` is a variable, as a literal of SQL: a text in quotes, an instant, or for several values a
list in brackets, as ``IN`` takes it. In texts, names in quotes and comments it is left alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from ml4t_nb.commands.declaration import VERBS, options
from ml4t_nb.commands.magic_line import split
from ml4t_nb.errors import OptionError
from ml4t_nb.options import did_you_mean, is_several

__all__ = ["is_query", "query_words"]

_QUERY = re.compile(r"\s*sql(?=\s|$)")
_UNKNOWN = re.compile(r"\s--[a-z]+(?:-[a-z]+)*(?=[\s=]|$)")
_VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s"']+)"""
_VARIABLE = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    | \$(?P<name>[^\W\d]\w*)""",
    re.VERBOSE | re.DOTALL,
)


def is_query(line: str) -> bool:
    """Whether the line of a magic begins with the verb that takes a query."""
    return _QUERY.match(line) is not None


def query_words(line: str, cell: str | None, names: Mapping[str, Any]) -> tuple[str, ...]:
    """Words of the line: the verb, its options, and the query as one word.

    The query is in the cell below it, or on the line itself, before or after the options. Where
    quotes stand around all of it, as a shell needs them, they are taken off.
    """
    rest = _QUERY.sub("", line, count=1).strip()
    taken, rest = _options(rest, _is_first)
    more, rest = _options(rest, _is_last)
    if cell is not None and rest:
        raise OptionError(
            f"{rest.split()[0]!r} stands on the line of %%ml4t sql, which takes options alone",
            hint="put the query below the line, or write %ml4t sql for one on the line",
        )
    words = split(f"{taken} {more}", names)
    query = rest if cell is None else cell.strip()
    if cell is None and (unknown := _UNKNOWN.search(rest)):
        raise OptionError(
            f"sql has no option {unknown[0].strip()!r}",
            hint="a comment needs a blank after its dashes",
        )
    if query[:1] in ("'", '"'):
        query = " ".join(shlex.split(query))
    return ("sql", *words, *(("--", _put_in(query, names)) if query else ()))


def _options(text: str, place: Callable[[str], str]) -> tuple[str, str]:
    """Options at one end of the text, and what is left of it."""
    found = re.search(place(_flags()), text)
    if not found:
        return "", text
    return found[0].strip(), (text[: found.start()] + text[found.end() :]).strip()


def _flags() -> str:
    """What one option looks like, of those that the verb has."""
    valued = [
        flag for each in options(VERBS["sql"]) for flag in each.flags if each.kind != "switch"
    ]
    with_value = rf"(?:{'|'.join(map(re.escape, valued))})(?:=|\s+){_VALUE}"
    return rf"(?:{with_value}|--json|--quiet|-q|--help|-h)"


def _is_first(option: str) -> str:
    return rf"^(?:{option}(?:\s+|$))+"


def _is_last(option: str) -> str:
    return rf"(?:\s+{option})+$"


def _put_in(query: str, names: Mapping[str, Any]) -> str:
    def literal(found: re.Match[str]) -> str:
        name = found["name"]
        return found[0] if name is None else _literal(_value(name, names), name)

    return _VARIABLE.sub(literal, query)


def _value(name: str, names: Mapping[str, Any]) -> Any:  # noqa: ANN401  # whatever it holds
    if name in names:
        return names[name]
    values = [each for each in names if each[0] != "_" and not callable(names[each])]
    near = did_you_mean(name, values)
    hint = near if near.startswith("did") else "set it in a cell above"
    raise OptionError(f"unknown variable {name!r}", hint=hint)


def _literal(value: Any, name: str) -> str:  # noqa: ANN401, PLR0911  # one for each kind
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return _literal(value.item(), name)  # a number of numpy
    if isinstance(value, bool | int | float):
        return str(value).lower() if value == value else _nothing(value, name)  # noqa: PLR0124  # not NaN
    if isinstance(value, datetime):
        zoned = value.isoformat()
        return f"TIMESTAMPTZ '{zoned}'" if value.tzinfo else f"TIMESTAMP '{zoned}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if is_several(value):
        several = ", ".join(_literal(each, name) for each in value)
        return f"({several})" if several else _nothing(value, name)
    return _nothing(value, name)


def _nothing(value: object, name: str) -> str:
    raise OptionError(
        f"${name} holds {value!r}, which is no text, number or date",
        hint="give it a value, or several in a list",
    )
