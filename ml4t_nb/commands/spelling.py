"""Commands and next steps as their reader would type them: in a shell, in a cell, in Python."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path

from ml4t_nb.commands.declaration import VERBS, Option, ProgramName, options
from ml4t_nb.commands.magic_line import joined
from ml4t_nb.errors import Ml4tError
from ml4t_nb.hints import as_call, commands_of, in_words, rest_of
from ml4t_nb.model import Command, Hint, NextStep
from ml4t_nb.settings import Settings

__all__ = ["Speller", "spell", "words_of"]


class Speller:
    """Turns hints into words for one reader, whose own store need not be named.

    Parameters
    ----------
    program
        What the reader types into: a shell, a cell, Python.
    """

    def __init__(self, program: ProgramName) -> None:
        self.program = program

    def __call__(self, hint: Hint) -> str:
        """The words of ``hint``."""
        match hint:
            case str():
                return hint
            case NextStep():
                return self._step(hint)
            case tuple():
                return "".join(self(part) for part in hint)

    def _step(self, step: NextStep) -> str:
        if step.home is not None and self._is_own(step.home):
            step = replace(step, home=None)
        if self.program == "ml4t_nb":
            return in_words(step)
        and_then = " && " if self.program == "ml4t-data" else ", then "
        return and_then.join(spell(c, self.program) for c in commands_of(step)) + rest_of(step)

    def _is_own(self, home: Path) -> bool:
        return self._own is not None and os.path.realpath(home) == self._own

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
    match program:
        case "ml4t_nb":
            return as_call(what)
        case "%ml4t":
            return joined((program, *words_of(what, is_bare=True)))
        case "ml4t-data":
            return shlex.join((program, *words_of(what, is_bare=False)))


def words_of(command: Command, *, is_bare: bool) -> tuple[str, ...]:
    """The words that parse to ``command``, the verb first.

    Parameters
    ----------
    is_bare
        Whether symbols stand without a flag.
    """
    declared = {each.name: each for each in options(VERBS[command.verb])}
    words = [command.verb]
    # Symbols first, as people type them.
    for name, value in sorted(command.arguments.items(), key=lambda each: each[0] != "symbol"):
        several = value if name == "symbol" else (value,)
        if name == "symbol" and is_bare and not any(each.startswith("-") for each in several):
            words += several
        else:
            words += [word for each in several for word in _words(declared[name], each)]
    words += ["--json"] if command.json else []
    words += ["-q"] if command.quiet else []
    return tuple(words)


def _words(option: Option, value: object) -> Sequence[str]:
    if value is None:
        return ()
    if option.kind == "switch":
        return (option.flags[-1] if value else option.off_flags[0],)
    word = _word(value)
    # Standing alone, a word that begins with a dash would pass for an option.
    return (f"{option.flags[-1]}={word}",) if word.startswith("-") else (option.flags[0], word)


def _word(value: object) -> str:
    match value:
        case date():
            return value.isoformat()
        case float():
            short = f"{value:g}"
            return short if float(short) == value else repr(value)
        case _:
            return str(value)
