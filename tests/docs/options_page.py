"""The page of all options and settings, written from their declarations.

``python -m tests.docs.options_page`` writes it anew.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path

from ml4t_nb.commands.declaration import SHELL, VERBS, Option, Verb, options, summary
from ml4t_nb.notebook.panel_verbs import PANELS
from ml4t_nb.settings import Settings
from ml4t_nb.verbs import bars, files
from ml4t_nb.verbs.docstrings import paragraphs

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parent.parent.parent / "docs" / "options.md"

HEAD = """\
# Options and settings

This page is generated from the declarations in the code, by `python -m tests.docs.options_page`.
The same words are in `ml4t-data VERB --help`.

A verb is spelled `ml4t-data VERB` in a shell, `%ml4t VERB` in a notebook and `ml4t_nb.VERB(...)` in
Python, where an option is a keyword with underscores (`--stale-days` is `stale_days`), and `list`
and `providers` are `list_` and `providers_`. Symbols may be given without `-s`, which may be
repeated; words after `--` are symbols whatever they begin with. Dates are `2024-01-31` and
inclusive; an instant has an offset, `2024-01-31T16:30-05:00`. On a command line the frequency
`minute` is `1m`.

Every verb also takes these:

| option | | |
|---|---|---|
| `--home` | a path | Folder of the store. |
| `-q`, `--quiet` | | No progress. In a shell, nothing of what went well, and bare rows. |
| `--json` | | One JSON document instead of text; in a notebook a dictionary. |
| `-h`, `--help` | | The verb's options. |
"""

NOTEBOOK = """\
## In a notebook only

Spelled `%ml4t panel` and `%ml4t jobs`, or `ml4t_nb.panel()` and `ml4t_nb.jobs()`.
"""

ALONE = """\
## In a shell only

Spelled `ml4t-data panel` and so on; see [panels as a page](howto/dashboard.md),
[over HTTP](howto/http.md) and [update from cron](howto/cron.md).
"""

PYTHON = """\
## In Python only
"""

SETTINGS = """\
## Settings

From the environment, then from `.env` in the current folder. A name with the prefix that does not
exist, and an invalid value, is an error.
"""

KINDS = {
    "whole": "a whole number",
    "version": "a version's number, or a date or an instant",
    "pair": "two of a version's number, a date, an instant",
    "number": "a number",
    "path": "a path",
    "moment": "a date or an instant",
    "day": "a date",
    "word": "a word",
    "switch": "",
}


def page() -> str:
    """The whole page, as it should be."""
    verbs = (_verb(name, verb, "##") for name, verb in VERBS.items())
    shows = (_verb(name, verb, "###") for name, verb in PANELS.items())
    alone = (_verb(name, verb, "###") for name, verb in SHELL.verbs.items() if name not in VERBS)
    own = (_function(verb) for verb in (bars, files))
    settings = f"{SETTINGS}\n{_settings()}"
    return "\n".join([HEAD, *verbs, NOTEBOOK, *shows, ALONE, *alone, PYTHON, *own, settings])


def _verb(name: str, verb: Verb, level: str) -> str:
    rows = [_row(each) for each in options(verb) if each.name != "home"]
    head = ("option", "value", "default", "")
    return f"{level} {name}\n\n{summary(verb)}\n\n{_table(head, rows)}"


def _function(verb: Verb) -> str:
    rows = [
        (f"`{each.name}`", _values(each), _default(each.default), each.help)
        for each in options(verb)
    ]
    head = ("keyword", "value", "default", "")
    return f"### {verb.__name__}\n\n{summary(verb)}\n\n{_table(head, rows)}"


def _row(option: Option) -> tuple[str, ...]:
    bare = [option.name.upper()] if option.is_bare else []
    spelled = ", ".join(f"`{word}`" for word in (*bare, *option.flags, *option.off_flags))
    return spelled, _values(option), _default(option.default), option.help


def _values(option: Option) -> str:
    # The parser's other spellings are none of Python's, and said in the page's head.
    words = ", ".join(f"`{word}`" for word in option.choices) or KINDS[option.kind]
    words = f"{words}, or minutes such as `45m`" if option.kind == "frequency" else words
    return f"any of {words}" if option.kind == "choices" else words


def _default(value: object) -> str:
    match value:
        case None | ():
            return ""
        case inspect.Parameter.empty:
            return "needed"
        case bool():
            return "on" if value else "off"
        case float():
            return f"`{value:g}`"
        case _:
            return f"`{value}`"


def _settings() -> str:
    declared = paragraphs(inspect.getdoc(Settings) or "")
    usual = Settings()
    rows = []
    for name, paragraph in declared.items():
        value = "~/.ml4t-data" if name == "home" else getattr(usual, name)
        rows.append((f"`ML4T_DATA_{name.upper()}`", _default(value), paragraph.replace("``", "`")))
    return _table(("name", "default", ""), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "".join(_lines(head, rows))


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |\n"
    yield "|---" * len(head) + "|\n"
    for row in rows:
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in row)
        yield f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
