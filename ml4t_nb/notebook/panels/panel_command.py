"""Words that a panel makes, carried out as if a person had typed them."""

from __future__ import annotations

from collections.abc import Sequence

from ml4t_nb.commands.magic_line import joined
from ml4t_nb.commands.parser import Command, parse
from ml4t_nb.events import silent
from ml4t_nb.execution.execute import call
from ml4t_nb.model import DatasetId
from ml4t_nb.reports import Report

__all__ = ["PROGRAM", "ask", "command_of", "line_of", "of_dataset"]

PROGRAM = "%ml4t"


def ask(words: Sequence[str]) -> Report:
    """The report of a quick look.

    Raises
    ------
    Ml4tError
        If it could not be carried out.
    """
    return call(command_of(words), watch=silent)


def command_of(words: Sequence[str]) -> Command:
    """The command that the words make."""
    parsed = parse(words)
    assert isinstance(parsed, Command)  # a panel asks for no help
    return parsed


def line_of(words: Sequence[str]) -> str:
    """The line to type in a cell."""
    return joined((PROGRAM, *words))


def of_dataset(dataset: DatasetId, *, shared: Sequence[str] = ()) -> tuple[str, ...]:
    """Words that mean this dataset and no other, even if others of its symbol come to be stored."""
    where = ("-a", dataset.asset_class, "-f", dataset.frequency)
    # After -- a word is a symbol, whatever it begins with.
    symbol = ("--", dataset.symbol) if dataset.symbol.startswith("-") else (dataset.symbol,)
    return (*where, *shared, *symbol)
