"""What to type next as HTML: a command is code that a button copies, words are words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ml4t_nb.commands.spelling import Speller
from ml4t_nb.hints import commands_of, rest_of
from ml4t_nb.model import Command, Hint, NextStep
from ml4t_nb.render.format import many
from ml4t_nb.render.markup import element, fragment

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["command_html", "next_html", "next_step_html"]

_SHOWN = 3
# Of the lines that are folded; of more the page would be large.
_MOST = 8_000


def command_html(words: str, *, is_first: bool = False) -> Markup:
    """The words and a button that copies them, which is hidden until a script runs."""
    button = element(
        "button",
        "Copy",
        type="button",
        class_="ml4t-copy ml4t-first" if is_first else "ml4t-copy",
        hidden="hidden",
        data_scripted="",
        data_ml4t_copy="",
    )
    return fragment(element("code", words), button)


def next_step_html(step: Hint | Command, speller: Speller) -> Markup:
    """One step, on a line of its own."""
    parts = step if isinstance(step, tuple) else (step,)
    return element("div", (_part(each, speller) for each in parts), class_="ml4t-step")


def _part(part: str | NextStep | Command, speller: Speller) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Command):
        yield command_html(speller(part))
    else:
        for at, command in enumerate(commands_of(part)):
            yield ", then " if at else ""
            yield command_html(speller(command))
        yield rest_of(part)


def next_html(commands: Sequence[Command], speller: Speller) -> Markup:
    """A line for each of the first few commands, and the others folded."""
    lines = [speller(each) for each in commands]
    return fragment(
        (_line(at, words) for at, words in enumerate(lines[:_SHOWN])), _folded(lines[_SHOWN:])
    )


def _line(at: int, words: str) -> Markup:
    named = element("strong", "" if at else "Next")
    return element("div", named, " ", command_html(words, is_first=at == 0), class_="ml4t-line")


def _folded(lines: Sequence[str]) -> Markup:
    """Lines that are copied together; of very many how many there was no room for."""
    if not lines:
        return fragment()
    shown, room = 0, _MOST
    while shown < len(lines) and (room := room - len(lines[shown])) >= 0:
        shown += 1
    left = len(lines) - shown
    return element(
        "details",
        element("summary", many(len(lines), "more command")),
        element("div", command_html("\n".join(lines[:shown])), class_="ml4t-line ml4t-lines"),
        element("div", f"and {left:,} more", class_="ml4t-says") if left else "",
    )
