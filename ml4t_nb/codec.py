"""Frozen dataclasses as JSON values and back, converted by their type hints."""

from __future__ import annotations

import re
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

__all__ = [
    "INLINE",
    "OMITTED",
    "Codec",
    "Convert",
    "is_inline",
    "is_later_form",
    "union_members",
]

Convert: TypeAlias = Callable[[Any], Any]

INLINE = {"inline": True}
"""Metadata of a field whose own fields are written in its place; it is not read back."""

OMITTED: Any = object()
"""Value of a field that is not written."""


class Codec:
    """Converts values of the types that dataclasses here consist of.

    These are dataclasses, tuples, unions, ``Literal``, str, int, bool, float, date, datetime and
    Path; a TypedDict is JSON already. ``writers`` say which are written otherwise, and fields that
    equal their default may be left out.
    """

    def __init__(
        self, writers: Mapping[Any, Convert] | None = None, *, omit_defaults: bool = False
    ) -> None:
        self._omit_defaults = omit_defaults
        self._writers: dict[Any, Convert] = {**_WRITERS, **(writers or {})}
        self._readers: dict[Any, Convert] = {**_READERS}

    def dump(self, value: Any) -> Any:  # noqa: ANN401  # a dataclass, and JSON
        """``value`` as JSON values; a ValueError if a datetime in it is naive."""
        return self._known(self._writers, type(value))(value)

    def load(self, hint: Any, plain: Any) -> Any:  # noqa: ANN401  # a type hint, and JSON
        """The value of type ``hint`` that ``dump`` made ``plain`` of.

        A ValueError, TypeError, KeyError or OverflowError if ``plain`` is not such a value, or has
        an unknown field.
        """
        return self._known(self._readers, hint)(plain)

    def _known(self, converters: dict[Any, Convert], hint: Any) -> Convert:  # noqa: ANN401
        if hint not in converters:
            converters[hint] = self._new(converters, hint)
        return converters[hint]

    def _new(self, converters: dict[Any, Convert], hint: Any) -> Convert:  # noqa: ANN401
        """What writes values of a type, or reads them, by which of the two ``converters`` are."""
        reads, origin = converters is self._readers, get_origin(hint)
        if is_dataclass(hint):
            return self._dataclass_reader(hint) if reads else self._dataclass_writer(hint)
        if members := union_members(hint):
            kind_of = _json_type if reads else _own_type
            members_by_type = {kind_of(each): self._known(converters, each) for each in members}
            if len(members) > 1:
                return lambda value: members_by_type[type(value)](value)
            (convert,) = members_by_type.values()
            return lambda value: None if value is None else convert(value)
        if origin is tuple:
            return self._tuple_converter(converters, get_args(hint), reads=reads)
        if origin is Literal:
            return _member(get_args(hint)) if reads else _unchanged
        if is_typeddict(hint) and not reads:
            return _unchanged
        raise TypeError(f"no {'reader' if reads else 'writer'} for {hint!r}")

    def _tuple_converter(
        self, converters: dict[Any, Convert], kinds: tuple[Any, ...], *, reads: bool
    ) -> Convert:
        into: Convert = tuple if reads else list
        given: Convert = _list if reads else iter
        if kinds[-1] is ...:
            each = self._known(converters, kinds[0])
            return lambda values: into([each(value) for value in given(values)])
        all_ = [self._known(converters, kind) for kind in kinds]
        return lambda values: into(
            [convert(value) for convert, value in zip(all_, given(values), strict=True)]
        )

    def _dataclass_writer(self, kind: Any) -> Convert:  # noqa: ANN401
        hints = get_type_hints(kind)
        plan = [
            (
                each.name,
                each.default if self._omit_defaults else MISSING,
                is_inline(each),
                self._known(self._writers, hints[each.name]),
            )
            for each in fields(kind)
        ]

        def write(value: Any) -> dict[str, Any]:  # noqa: ANN401
            plain = {}
            for name, default, inline, convert in plan:
                own = getattr(value, name)
                if inline:
                    plain.update(convert(own))
                elif own is not OMITTED and (default is MISSING or own != default):
                    plain[name] = convert(own)
            return plain

        return write

    def _dataclass_reader(self, kind: Any) -> Convert:  # noqa: ANN401
        hints = get_type_hints(kind)
        readers = {each.name: self._known(self._readers, hints[each.name]) for each in fields(kind)}
        # Most fields are words and numbers, which need a look at their type and no call.
        ready = {name: hints[name] for name in readers if hints[name] in (str, int, bool)}

        def read(plain: Any) -> Any:  # noqa: ANN401
            if not isinstance(plain, dict):
                raise TypeError(f"{kind.__name__} must be an object")
            return kind(
                **{
                    name: each if type(each) is ready.get(name) else readers[name](each)
                    for name, each in plain.items()
                }
            )

        return read


def union_members(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """The types of a union but None; nothing if the hint is none."""
    if get_origin(hint) not in (Union, types.UnionType):
        return ()
    return tuple(each for each in get_args(hint) if each is not NoneType)


def is_later_form(plain: object, own: str) -> bool:
    """Whether JSON values say that they are of a later form than ``own``, such as ``pins 1``."""
    form = plain.get("form") if isinstance(plain, dict) else None
    name, number = own.rsplit(" ", 1)
    found = re.fullmatch(rf"{re.escape(name)} ([1-9][0-9]{{0,8}})", f"{form}")
    return found is not None and int(found[1]) > int(number)


def is_inline(field: Field[Any]) -> bool:
    """Whether the fields of its value are written in its place."""
    return "inline" in field.metadata


def _own_type(hint: Any) -> Any:  # noqa: ANN401
    return get_origin(hint) or hint


def _unchanged(value: Any) -> Any:  # noqa: ANN401
    return value


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


def _in_utc(value: datetime, given: datetime | str) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError(f"a time must be timezone-aware: {given!r}")
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
    datetime: lambda value: _in_utc(value, value).isoformat(),
    date: date.isoformat,
    Path: str,
}
_READERS: dict[Any, Convert] = {
    str: _exactly(str),
    int: _exactly(int),
    bool: _exactly(bool),
    float: _read_number,
    datetime: lambda plain: _in_utc(datetime.fromisoformat(plain), plain),
    date: date.fromisoformat,
    Path: lambda plain: Path(_exactly(str)(plain)),
}
