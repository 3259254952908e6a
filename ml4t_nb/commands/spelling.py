"""The next step as its reader would type it: in a shell, in a cell, in Python."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ml4t_nb.commands.declaration import VERBS, ProgramName, options
from ml4t_nb.commands.magic_line import joined
from ml4t_nb.errors import Ml4tError
from ml4t_nb.hints import calls_of, in_words, rest_of
from ml4t_nb.model import Hint, NextStep
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
        match self.program:
            case "ml4t_nb":
                return in_words(step)
            case "%ml4t":
                lines = (joined((self.program, *words)) for words in words_of(step, flag=""))
                return ", then ".join(lines) + rest_of(step)
            case "ml4t-data":
                lines = (shlex.join((self.program, *words)) for words in words_of(step))
                return " && ".join(lines) + rest_of(step)

    def _is_own(self, home: Path) -> bool:
        return self._own is not None and os.path.realpath(home) == self._own

    @cached_property
    def _own(self) -> str | None:
        """The store that a command without a home acts on; None where the settings are wrong."""
        try:
            return os.path.realpath(Settings.current().home)
        except (Ml4tError, OSError):
            return None


def spell(hint: Hint, program: ProgramName) -> str:
    """``hint`` in words, its steps as one types them into ``program``."""
    return Speller(program)(hint)


def words_of(step: NextStep, *, flag: str = "-s") -> Iterator[tuple[str, ...]]:
    """The words of each command that the step takes, the verb first.

    Parameters
    ----------
    flag
        What stands before the symbol; empty for nothing, as a cell needs nothing.
    """
    for verb, keywords in calls_of(step):
        flags = {each.name: each.flags for each in options(VERBS[verb])}
        words: list[str] = []
        for name, value in keywords.items():
            words += _option(flags[name], value)
            if name == "symbol" and not flag and words[0] == "-s":
                words = words[1:]
        yield (verb, *words)


def _option(flags: Sequence[str], value: object) -> list[str]:
    if value is True:
        return [flags[-1]]
    word = str(value[0] if isinstance(value, tuple) else value)
    # Standing alone, a word that begins with a dash would pass for an option.
    return [f"{flags[-1]}={word}"] if word.startswith("-") else [flags[0], word]
