"""What may stand at the cursor of a cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ml4t_nb.commands.completion import about, candidates
from ml4t_nb.commands.magic_line import begun, quoted
from ml4t_nb.commands.sql_line import is_query
from ml4t_nb.notebook.panel_verbs import NOTEBOOK

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult

__all__ = ["complete_cell"]

_LINE = re.compile(r"^\s*(?:%|[^%=]+=\s*%)ml4t\s+(?P<words>.*)$")
_CELL = re.compile(r"^\s*%%ml4t(?:\s|$)")
_NAME = re.compile(r"\w*$")


def complete_cell(context: CompletionContext) -> SimpleMatcherResult:
    """What may stand at the cursor of a ``%ml4t`` line or a ``%%ml4t`` cell.

    A word is offered as it has to be written: in quotes if it needs them, in those that are there.
    The fragment is cut here, since IPython would cut ``^G``, ``BTC-`` and ``EURUSD=`` at their
    signs.
    """
    line = _line(context)
    found = None if line is None else begun(line)
    if found is None:
        return {"completions": []}
    from IPython.core.completer import SimpleCompletion

    words, written, fragment = found
    if words[:1] == ("sql",):
        # A name may follow a bracket or a comma.
        written = fragment = _NAME.search(fragment)[0]  # type: ignore[index]  # it matches nothing, too
    after = context.full_text.split("\n")[context.cursor_line][context.cursor_position :]
    # Terminals and Lab show the type of a completion beside it.
    completions = [
        SimpleCompletion(
            text=_spelled(each, written, after), type=about(words, each, program=NOTEBOOK)
        )
        for each in candidates(words, fragment, program=NOTEBOOK)
    ]
    return {
        "completions": completions,
        "matched_fragment": written,
        "suppress": bool(completions),
        "ordered": True,
    }


def _spelled(word: str, written: str, after: str) -> str:
    """``word`` in place of what is ``written`` of it, before what comes ``after``."""
    quote = written[:1]
    if quote == "'" and quote not in word:
        text = f"'{word}'"
    elif quote == '"' and quote not in word:
        text = '"' + re.sub(r"([${}])", r"\1\1", word) + '"'
    else:
        return quoted(word)
    # Notebooks close a quote as it is opened.
    return text[:-1] if after.startswith(quote) else text


def _line(context: CompletionContext) -> str | None:
    """The verb's line up to the cursor; None if the cursor is in none."""
    until = context.text_until_cursor
    found = _LINE.match(until)
    if found is not None:
        return found["words"]
    lines = context.full_text.split("\n")[: context.cursor_line]
    head = next((each for each in lines if each.strip()), "")
    if not _CELL.match(head):
        return None
    return f"sql {until}" if is_query(_CELL.sub("", head)) else until
