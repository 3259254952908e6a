"""Commands and next steps as their reader would type them: in a shell, in a cell, in Python."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cached_property

from ml4t_nb.commands.declaration import VERBS, Option, ProgramName, options
from ml4t_nb.commands.magic_line import joined
from ml4t_nb.commands.parser import several
from ml4t_nb.errors import Ml4tError
from ml4t_nb.hints import as_call, commands_of, in_words, rest_of
from ml4t_nb.model import Command, Hint, NextStep
from ml4t_nb.settings import Settings

__all__ = ["Speller", "spell"]


class Speller:
    """Turns hints into words for one reader, whose own store need not be named."""

    def __init__(self, program: ProgramName) -> None:
        self.program = program

    def __call__(self, what: Hint | Command) -> str:
        """The words of a hint, or of a command."""
        return self._command(what) if isinstance(what, Command) else in_words(what, self._step)

    def _command(self, command: Command) -> str:
        home = command.arguments.get("home")
        if home is not None and os.path.realpath(home) == self._own:
            others = {name: each for name, each in command.arguments.items() if name != "home"}
            command = replace(command, arguments=others)
        return spell(command, self.program)

    def _step(self, step: NextStep) -> str:
        and_then = {"ml4t-data": " && ", "%ml4t": ", then ", "ml4t_nb": "; "}[self.program]
        return and_then.join(map(self._command, commands_of(step))) + rest_of(step)

    @cached_property
    def _own(self) -> str | None:
        """The store that a command without a home acts on; None where the settings are wrong."""
        try:
            return os.path.realpath(Settings.current().home)
        except (Ml4tError, OSError):
            return None


def spell(what: Hint | Command, program: ProgramName) -> str:
    """A command, or a hint with its steps, as one types them into ``program``.

    What is spelled for a shell or a cell parses to the same command.
    """
    if not isinstance(what, Command):
        return Speller(program)(what)
    if program == "ml4t_nb":
        return as_call(what)
    words = _words_of(what, is_bare=program == "%ml4t")
    return joined((program, *words)) if program == "%ml4t" else shlex.join((program, *words))


def _words_of(command: Command, *, is_bare: bool) -> Iterator[str]:
    """The words that parse to ``command``, the verb first; symbols without a flag if bare."""
    known = {each.name: each for each in options(VERBS[command.verb])}
    first = several(command.verb)
    loose = command.arguments.get(first, ())
    needs_flag = not is_bare or any(each.startswith("-") for each in loose)
    yield command.verb
    # Symbols first, as people type them.
    for word in loose:
        yield from _words(known[first], word) if needs_flag else (word,)
    for name, value in command.arguments.items():
        if name != first and value is not None:
            each_once = value if known[name].is_repeated else (value,)
            for each in each_once:
                yield from _words(known[name], each)
    yield from ("--json",) * command.json + ("-q",) * command.quiet


def _version(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _words(option: Option, value: object) -> tuple[str, ...]:
    if option.kind == "switch":
        return (option.flag,) if value else option.off_flags
    if not option.flags:
        return (str(value),)
    if option.kind == "pair" and isinstance(value, tuple):
        return (option.flag, *map(_version, value))
    match value:
        case date():
            word = value.isoformat()
        case tuple():
            word = ",".join(value)
        case float():
            short = f"{value:g}"
            word = short if float(short) == value else repr(value)
        case _:
            word = str(value)
    # Standing alone, a word that begins with a dash would pass for an option.
    return (f"{option.flag}={word}",) if word.startswith("-") else (option.flags[0], word)
