"""Frozen dataclasses as JSON values and back, told by their type hints."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["from_plain", "to_plain"]

_Convert = Callable[[Any], Any]


def to_plain(value: Any) -> Any:  # noqa: ANN401  # a dataclass, and JSON
    """A dataclass as JSON values; fields that equal their default are left out."""
    kind: Any = type(value)
    return _writer(kind)(value)


def from_plain(hint: Any, plain: Any) -> Any:  # noqa: ANN401  # a type hint, and JSON
    """The value of type ``hint`` that ``to_plain`` made ``plain`` of.

    Raises
    ------
    ValueError, TypeError, KeyError, OverflowError
        If ``plain`` is no such value; an unknown field is none.
    """
    return _reader(hint)(plain)


@cache
def _writer(hint: Any) -> _Convert:  # noqa: ANN401
    if is_dataclass(hint):
        return _dataclass_writer(hint)
    if (kind := _stepped(hint)) is not None:
        return _hint_writer(kind)
    if (inner := _optional(hint)) is not None:
        write = _writer(inner)
        return lambda value: None if value is None else write(value)
    if get_origin(hint) is tuple:
        kinds = get_args(hint)
        if kinds[-1] is Ellipsis:
            write = _writer(kinds[0])
            return lambda values: [write(value) for value in values]
        writers = [_writer(kind) for kind in kinds]
        return lambda values: [w(value) for w, value in zip(writers, values, strict=True)]
    return _WRITERS[str if get_origin(hint) is Literal else hint]


@cache
def _reader(hint: Any) -> _Convert:  # noqa: ANN401, PLR0911
    if is_dataclass(hint):
        return _dataclass_reader(hint)
    if (kind := _stepped(hint)) is not None:
        return _hint_reader(kind)
    if (inner := _optional(hint)) is not None:
        read = _reader(inner)
        return lambda plain: None if plain is None else read(plain)
    if get_origin(hint) is Literal:
        return _member(get_args(hint))
    if get_origin(hint) is tuple:
        kinds = get_args(hint)
        if kinds[-1] is Ellipsis:
            read = _reader(kinds[0])
            return lambda plain: tuple([read(each) for each in _list(plain)])
        readers = [_reader(kind) for kind in kinds]
        return lambda plain: tuple(r(each) for r, each in zip(readers, _list(plain), strict=True))
    return _READERS[hint]


def _dataclass_writer(kind: Any) -> _Convert:  # noqa: ANN401
    hints = get_type_hints(kind)
    plan = [(each.name, each.default, _writer(hints[each.name])) for each in fields(kind)]

    def write(value: Any) -> dict[str, Any]:  # noqa: ANN401
        plain = {}
        for name, default, convert in plan:
            own = getattr(value, name)
            if default is MISSING or own != default:
                plain[name] = convert(own)
        return plain

    return write


def _dataclass_reader(kind: Any) -> _Convert:  # noqa: ANN401
    hints = get_type_hints(kind)
    readers = {each.name: _reader(hints[each.name]) for each in fields(kind)}

    def read(plain: Any) -> Any:  # noqa: ANN401
        if not isinstance(plain, dict):
            raise TypeError(f"{kind.__name__} must be an object")
        return kind(**{name: readers[name](each) for name, each in plain.items()})

    return read


def _stepped(hint: Any) -> Any:  # noqa: ANN401
    """The step of a hint, which is words, a step, or several of both; None if it is no hint."""
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else ()
    return next(filter(is_dataclass, members), None) if str in members else None


def _hint_writer(kind: Any) -> _Convert:  # noqa: ANN401
    write = _dataclass_writer(kind)

    def written(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, tuple):
            return [written(part) for part in value]
        return value if isinstance(value, str) else write(value)

    return written


def _hint_reader(kind: Any) -> _Convert:  # noqa: ANN401
    read, word = _dataclass_reader(kind), _exactly(str)

    def understood(plain: Any) -> Any:  # noqa: ANN401
        if isinstance(plain, list):
            return tuple([read(each) if isinstance(each, dict) else word(each) for each in plain])
        return read(plain) if isinstance(plain, dict) else word(plain)

    return understood


def _optional(hint: Any) -> Any:  # noqa: ANN401
    """The other kind of ``kind | None``; None if the hint is no such union."""
    if get_origin(hint) not in (Union, types.UnionType):
        return None
    (kind,) = (each for each in get_args(hint) if each is not type(None))
    return kind


def _member(choices: tuple[str, ...]) -> _Convert:
    def read(plain: Any) -> Any:  # noqa: ANN401
        if plain not in choices:
            raise ValueError(f"{plain!r} is none of {choices}")
        return plain

    return read


def _list(plain: Any) -> list[Any]:  # noqa: ANN401
    if not isinstance(plain, list):
        raise TypeError("several values must be a list")
    return plain


def _exactly(kind: type) -> _Convert:
    def read(plain: Any) -> Any:  # noqa: ANN401
        if type(plain) is not kind:
            raise TypeError(f"{plain!r} is no {kind.__name__}")
        return plain

    return read


def _write_instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"a time must be timezone-aware: {value!r}")
    return value.astimezone(UTC).isoformat()


def _read_instant(plain: str) -> datetime:
    value = datetime.fromisoformat(plain)
    if value.tzinfo is None:
        raise ValueError(f"a time must be timezone-aware: {plain!r}")
    return value.astimezone(UTC)


def _write_number(value: float) -> float | str:
    # JSON has no NaN and no infinity; a word is exact too.
    number = float(value)
    return number if number - number == 0 else repr(number)


def _read_number(plain: float | str) -> float:
    if type(plain) is int or plain in ("nan", "inf", "-inf"):
        return float(plain)
    return float(_exactly(float)(plain))


_WRITERS: dict[Any, _Convert] = {
    str: str,
    int: int,
    bool: bool,
    float: _write_number,
    datetime: _write_instant,
    date: date.isoformat,
    Path: str,
}
_READERS: dict[Any, _Convert] = {
    str: _exactly(str),
    int: _exactly(int),
    bool: _exactly(bool),
    float: _read_number,
    datetime: _read_instant,
    date: date.fromisoformat,
    Path: lambda plain: Path(_exactly(str)(plain)),
}
