"""Frozen dataclasses as JSON values and back, converted by their type hints."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import NoneType
from typing import (
    Any,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

__all__ = ["INLINE", "Codec", "Convert", "is_inline", "union_members"]

Convert: TypeAlias = Callable[[Any], Any]

INLINE = {"inline": True}
"""Metadata of a field whose own fields are written in its place; it is not read back."""


class Codec:
    """Converts values of the types that dataclasses here consist of.

    These are dataclasses, tuples, unions, ``Literal``, str, int, bool, float, date, datetime and
    Path; a TypedDict is JSON already.

    Parameters
    ----------
    writers
        Types that are written otherwise.
    omit_defaults
        Whether fields that equal their default are left out.
    """

    def __init__(
        self, writers: Mapping[Any, Convert] | None = None, *, omit_defaults: bool = False
    ) -> None:
        self._omit_defaults = omit_defaults
        self._writers: dict[Any, Convert] = {**_WRITERS, **(writers or {})}
        self._readers: dict[Any, Convert] = {**_READERS}

    def dump(self, value: Any) -> Any:  # noqa: ANN401  # a dataclass, and JSON
        """``value`` as JSON values.

        Raises
        ------
        ValueError
            If a datetime in it is naive.
        """
        kind: Any = type(value)
        return self._writer(kind)(value)

    def load(self, hint: Any, plain: Any) -> Any:  # noqa: ANN401  # a type hint, and JSON
        """The value of type ``hint`` that ``dump`` made ``plain`` of.

        Raises
        ------
        ValueError, TypeError, KeyError, OverflowError
            If ``plain`` is not such a value, or has an unknown field.
        """
        return self._reader(hint)(plain)

    def _writer(self, hint: Any) -> Convert:  # noqa: ANN401
        if hint not in self._writers:
            self._writers[hint] = self._new_writer(hint)
        return self._writers[hint]

    def _reader(self, hint: Any) -> Convert:  # noqa: ANN401
        if hint not in self._readers:
            self._readers[hint] = self._new_reader(hint)
        return self._readers[hint]

    def _new_writer(self, hint: Any) -> Convert:  # noqa: ANN401
        origin = get_origin(hint)
        if is_dataclass(hint):
            return self._dataclass_writer(hint)
        if members := union_members(hint):
            writers = {get_origin(each) or each: self._writer(each) for each in members}
            if len(members) > 1:
                return lambda value: writers[type(value)](value)
            (write,) = writers.values()
            return lambda value: None if value is None else write(value)
        if origin is tuple:
            kinds = get_args(hint)
            if kinds[-1] is ...:
                each = self._writer(kinds[0])
                return lambda values: [each(value) for value in values]
            all_ = [self._writer(kind) for kind in kinds]
            return lambda values: [w(value) for w, value in zip(all_, values, strict=True)]
        if origin is Literal or is_typeddict(hint):
            return lambda value: value
        raise TypeError(f"no writer for {hint!r}")

    def _new_reader(self, hint: Any) -> Convert:  # noqa: ANN401
        origin = get_origin(hint)
        if is_dataclass(hint):
            return self._dataclass_reader(hint)
        if members := union_members(hint):
            readers = {_json_type(each): self._reader(each) for each in members}
            if len(members) > 1:
                return lambda plain: readers[type(plain)](plain)
            (read,) = readers.values()
            return lambda plain: None if plain is None else read(plain)
        if origin is tuple:
            kinds = get_args(hint)
            if kinds[-1] is ...:
                each = self._reader(kinds[0])
                return lambda plain: tuple([each(value) for value in _list(plain)])
            all_ = [self._reader(kind) for kind in kinds]
            return lambda plain: tuple(
                r(value) for r, value in zip(all_, _list(plain), strict=True)
            )
        if origin is Literal:
            return _member(get_args(hint))
        raise TypeError(f"no reader for {hint!r}")

    def _dataclass_writer(self, kind: Any) -> Convert:  # noqa: ANN401
        hints = get_type_hints(kind)
        plan = [
            (
                each.name,
                each.default if self._omit_defaults else MISSING,
                is_inline(each),
                self._writer(hints[each.name]),
            )
            for each in fields(kind)
        ]

        def write(value: Any) -> dict[str, Any]:  # noqa: ANN401
            plain = {}
            for name, default, inline, convert in plan:
                own = getattr(value, name)
                if inline:
                    plain.update(convert(own))
                elif default is MISSING or own != default:
                    plain[name] = convert(own)
            return plain

        return write

    def _dataclass_reader(self, kind: Any) -> Convert:  # noqa: ANN401
        hints = get_type_hints(kind)
        readers = {each.name: self._reader(hints[each.name]) for each in fields(kind)}

        def read(plain: Any) -> Any:  # noqa: ANN401
            if not isinstance(plain, dict):
                raise TypeError(f"{kind.__name__} must be an object")
            return kind(**{name: readers[name](each) for name, each in plain.items()})

        return read


def union_members(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """The types of a union but None; nothing if the hint is none."""
    if get_origin(hint) not in (Union, types.UnionType):
        return ()
    return tuple(each for each in get_args(hint) if each is not NoneType)


def is_inline(field: Field[Any]) -> bool:
    """Whether the fields of its value are written in its place."""
    return "inline" in field.metadata


def _json_type(hint: Any) -> type:  # noqa: ANN401
    """What a value of one member of a union is in JSON."""
    if is_dataclass(hint):
        return dict
    return list if get_origin(hint) is tuple else str


def _member(choices: tuple[str, ...]) -> Convert:
    def read(plain: Any) -> Any:  # noqa: ANN401
        if plain not in choices:
            raise ValueError(f"{plain!r} is none of {choices}")
        return plain

    return read


def _exactly(kind: type) -> Convert:
    def read(plain: Any) -> Any:  # noqa: ANN401
        if type(plain) is not kind:
            raise TypeError(f"{plain!r} is no {kind.__name__}")
        return plain

    return read


_list = _exactly(list)


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


_WRITERS: dict[Any, Convert] = {
    str: str,
    int: int,
    bool: bool,
    float: _write_number,
    datetime: _write_instant,
    date: date.isoformat,
    Path: str,
}
_READERS: dict[Any, Convert] = {
    str: _exactly(str),
    int: _exactly(int),
    bool: _exactly(bool),
    float: _read_number,
    datetime: _read_instant,
    date: date.fromisoformat,
    Path: lambda plain: Path(_exactly(str)(plain)),
}
