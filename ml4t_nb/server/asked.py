"""The command that a request asks for, from its query or from a JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from inspect import Parameter

from ml4t_nb.commands.declaration import SERVED, Option, taken
from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.model import Command
from ml4t_nb.options import did_you_mean
from ml4t_nb.verbs.arguments import convert

__all__ = ["MethodRefused", "NotJson", "command_of", "in_body", "in_query"]

_OWN = ("token", "_xsrf", "no_track_activity")
"""What Jupyter Server itself reads in a query."""
_FOLDER = "files:"
"""Before a folder that is a provider, whichever option names it."""
_SWITCHED = {"true": True, "1": True, "false": False, "0": False}


class MethodRefused(Ml4tError):
    """A method that the verb does not have, or not with this option."""


class NotJson(Ml4tError):
    """A body that is not what its type says."""


def command_of(verb: str, given: Mapping[str, object], *, may_write: bool) -> Command:
    """The verb, with what is given for its options: values of JSON, or words of a query."""
    known = taken(SERVED[verb])
    arguments: dict[str, object] = {}
    for name, value in given.items():
        if name not in known:
            raise OptionError(f"{verb} has no option {name!r}", hint=did_you_mean(name, known))
        option = known[name]
        if option.writes and not may_write:
            raise MethodRefused(
                f"{verb} with {name} changes the store", hint="send it with POST, as JSON"
            )
        if isinstance(value, str) and value.startswith(_FOLDER):
            raise OptionError(
                f"{name}: a request names no folder of the machine that answers it",
                hint="name files, whose folder is ML4T_DATA_FILES there",
            )
        # Which JSON has for a value that is left out.
        if value is not None:
            arguments[option.name] = convert(value, option)
    for name, option in known.items():
        if option.default is Parameter.empty and option.name not in arguments:
            raise OptionError(f"{verb} needs a {name}", hint=f"name it, such as {name}=AAPL")
    return Command(verb, arguments)


def in_query(verb: str, pairs: Mapping[str, Sequence[bytes]]) -> dict[str, object]:
    """What a query gives for options, a word each; several for one that takes several."""
    known = taken(SERVED[verb])
    return {
        name: _value(name, known.get(name), [_text(name, word) for word in words])
        for name, words in pairs.items()
        if name not in _OWN
    }


def in_body(body: bytes) -> dict[str, object]:
    """What a body gives for options: a JSON object, or nothing."""
    if not body.strip():
        return {}
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotJson("the body is not JSON", hint='such as {"symbol": ["AAPL"]}') from error
    if not isinstance(given, dict):
        raise OptionError("the body is no JSON object", hint='such as {"symbol": ["AAPL"]}')
    return given


def _text(name: str, word: bytes) -> str:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError as error:
        raise OptionError(f"{name}: {word!r} is not UTF-8", hint="encode it as UTF-8") from error


def _value(name: str, option: Option | None, words: Sequence[str]) -> object:
    if option is not None and option.is_repeated:
        return list(words)
    if len(words) > 1:
        raise OptionError(f"{name} is given {len(words)} times", hint="give it once")
    (word,) = words
    if option is not None and option.kind == "switch":
        if word.lower() not in _SWITCHED:
            raise OptionError(
                f"{name}: {word!r} is neither true nor false", hint="write true or false"
            )
        return _SWITCHED[word.lower()]
    return word
