"""Words of a command line, in a shell or in a cell, into a verb and its arguments."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NoReturn

from ml4t_nb.commands.declaration import (
    SHELL,
    USED_MOST,
    VERBS,
    Option,
    Program,
    Verb,
    options,
    summary,
)
from ml4t_nb.errors import OptionError
from ml4t_nb.model import Command
from ml4t_nb.options import did_you_mean
from ml4t_nb.verbs.arguments import convert
from ml4t_nb.version_names import as_version

__all__ = ["Help", "flags", "parse", "said_of", "several", "tree"]


@dataclass(frozen=True, slots=True)
class Help:
    """Text that was asked for; ``asked`` is False where it stands in for a missing verb."""

    text: str
    asked: bool = True


def parse(words: Sequence[str], *, program: Program = SHELL) -> Command | Help:
    """The command, or the help, that ``words`` ask for after the program's own name.

    Words after ``--`` are symbols, or what the verb takes for them, whatever they begin with. An
    OptionError names the nearest word in place of one that is invalid, in the spelling of
    ``program``.
    """
    if not words or words[0] in ("-h", "--help"):
        return Help(tree(program)[0].format_help(), asked=bool(words))
    if words[0] == "--version":
        from importlib.metadata import version

        return Help(f"{program.name} {version('ml4t-nb')}\n")
    verb, rest = words[0], list(words[1:])
    if verb not in program.verbs:
        raise _no_verb(verb, program)
    cut = rest.index("--") if "--" in rest else len(rest)
    if rest[cut:] == ["--"]:
        # As xargs and "$@" write it of an empty list, which selects nothing.
        raise OptionError(
            f"no {several(verb, program) or 'symbol'} follows -- after {verb}",
            hint="check the selection; to select all, leave -- out",
        )
    if not {"-h", "--help"}.isdisjoint(rest[:cut]):
        return Help(_branch(verb, program).format_help())
    return _command(verb, rest[:cut], rest[cut + 1 :], program)


def flags(verb: str, program: Program = SHELL) -> tuple[str, ...]:
    """Every spelling of every option of ``verb``, those that every verb has among them."""
    own = ("-q", "--quiet", "--json", "-h", "--help") if verb in VERBS else ("-h", "--help")
    declared = options(program.verbs[verb])
    theirs = (flag for each in declared for flag in (*each.flags, *each.off_flags))
    return (*theirs, *own)


def several(verb: str, program: Program = SHELL) -> str:
    """The option of ``verb`` that takes all words without a flag: symbols; empty if none does."""
    declared = options(program.verbs[verb])
    return next((each.name for each in declared if each.is_bare and each.is_repeated), "")


def _command(verb: str, words: list[str], bare: list[str], program: Program) -> Command:
    found, extras = _branch(verb, program).parse_known_args(words)
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in vars(found).items()
        if value is not None
    }
    for word in extras:
        if word.startswith("-") and word != "-":
            raise _no_option(verb, word.partition("=")[0], program)
    known = [each.name for each in options(program.verbs[verb])]
    name = several(verb, program)
    loose = [*given.pop("bare", ()), *extras, *bare, *given.pop(name, ())]
    if "query" in known:
        given |= _one_query([*([given.pop("query")] if "query" in given else []), *loose])
    elif loose and not name:
        raise OptionError(f"{verb} takes no symbol, but got {loose[0]!r}")
    else:
        given |= {name: tuple(loose)} if loose else {}
    if verb not in VERBS:
        return Command(verb, given)
    json, quiet = given.pop("json", False), given.pop("quiet", False)
    return Command(verb, given, json=json, quiet=quiet)


def _one_query(words: Sequence[str]) -> dict[str, str]:
    if len(words) > 1:
        raise OptionError(
            f"the query has to be one word, but {words[1]!r} follows {words[0]!r}",
            hint='put it in quotes, such as "SELECT * FROM datasets"',
        )
    return {"query": words[0]} if words else {}


def _no_verb(word: str, program: Program) -> OptionError:
    if word.startswith("-"):
        return OptionError(
            f"the verb must come before {word!r}", hint=f"write it as {program.name} VERB {word}"
        )
    if word in program.elsewhere:
        return OptionError(
            f"{word} is available only in a notebook",
            hint=f"use %load_ext ml4t_nb, then %ml4t {word}",
        )
    return OptionError(f"unknown verb {word!r}", hint=did_you_mean(word, program.verbs))


def _no_option(verb: str, word: str, program: Program) -> OptionError:
    hint = did_you_mean(word, [flag for flag in flags(verb, program) if flag.startswith("--")])
    if hint.startswith("choose"):
        hint = f"{program.name} {verb} --help lists the options"
    return OptionError(f"{verb} has no option {word!r}", hint=hint)


class _Parser(argparse.ArgumentParser):
    """argparse that raises our error, and never leaves the process."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  # argparse's own keywords
        super().__init__(
            allow_abbrev=False,
            add_help=False,
            argument_default=argparse.SUPPRESS,
            formatter_class=_formatter,
            **settings,
        )
        self.add_argument("-h", "--help", action="store_true", help="Show this help.")
        # From 3.14 on argparse colours help for the terminal of the process, which is not where
        # a cell's help goes; older ones do not know the attribute.
        self.color = False

    def error(self, message: str) -> NoReturn:
        # argparse has words of its own for a ValueError, which ours is.
        _, refused, _ = sys.exc_info()
        if refused is not None and isinstance(refused.__context__, OptionError):
            raise refused.__context__ from None
        raise OptionError(
            message.removeprefix("argument "), hint=f"{self.prog} --help lists the options"
        )


def _formatter(prog: str) -> argparse.HelpFormatter:
    width = min(shutil.get_terminal_size().columns, 100) - 2
    return argparse.HelpFormatter(prog, max_help_position=30, width=width)


@cache
def tree(
    program: Program = SHELL,
) -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of all verbs, and that of each."""
    root = _Parser(
        prog=program.name,
        usage="%(prog)s VERB [SYMBOL ...] [OPTIONS]",
        description=_overview(program),
        epilog=f"{program.name} VERB --help lists a verb's options.",
    )
    root.formatter_class = argparse.RawDescriptionHelpFormatter
    root.add_argument("--version", action="store_true", help="Print the version.")
    branches = root.add_subparsers(metavar="VERB", parser_class=_Parser, help=argparse.SUPPRESS)
    parsers = {
        name: _filled(
            branches.add_parser(name, help=said_of(verb), description=summary(verb)), name, program
        )
        for name, verb in program.verbs.items()
    }
    return root, parsers


def _overview(program: Program) -> str:
    """All verbs, those used most first."""
    verbs = program.verbs
    others = [name for name in verbs if name not in USED_MOST]
    width = max(map(len, verbs))
    lines = ["Load market history, keep it current, and see whether it can be trusted."]
    for title, names in (("used most", USED_MOST), ("also", others)):
        lines += ["", f"{title}:"]
        lines += [f"  {name:{width}}  {said_of(verbs[name])}" for name in names]
    return "\n".join(lines)


@cache
def _branch(name: str, program: Program) -> argparse.ArgumentParser:
    """The parser of one verb, without those of all others, which take longer than most verbs."""
    line = summary(program.verbs[name])
    return _filled(_Parser(prog=f"{program.name} {name}", description=line), name, program)


def said_of(verb: Verb) -> str:
    """The verb in one line: what stands before the first colon of its summary."""
    line = re.split("[:;]", summary(verb))[0]
    return line[:1].lower() + line[1:].rstrip(".")


def _filled(
    parser: argparse.ArgumentParser, name: str, program: Program
) -> argparse.ArgumentParser:
    """``parser`` with the options of the verb, and those that every verb has."""
    for option in options(program.verbs[name]):
        _add(parser, option)
    if name in VERBS:
        silence = " Successful runs and checks print nothing; lists are printed without headings."
        said = f"No progress.{silence if program is SHELL else ''}"
        parser.add_argument("-q", "--quiet", action="store_true", help=said)
        parser.add_argument(
            "--json", action="store_true", help="One JSON document instead of text."
        )
    return parser


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    name, text, read = option.name, _help(option), partial(_read, option)
    if option.kind == "switch":
        parser.add_argument(*option.flags, dest=name, action="store_true", help=text)
        if option.off_flags:
            off = f"Not {option.flag}."
            parser.add_argument(*option.off_flags, dest=name, action="store_false", help=off)
        return
    if not option.flags:
        # Not SUPPRESS, which argparse reads as a word where one positional may be left out.
        parser.add_argument(
            name, nargs="?", type=read, metavar=name.upper(), default=None, help=text
        )
        return
    if option.is_bare:
        parser.add_argument("bare", nargs="*", metavar=name.upper(), help=text)
        text = f"The same, one {name} at a time."
    parser.add_argument(
        *option.flags,
        dest=name,
        action="append" if option.is_repeated else "store",
        nargs=2 if option.kind == "pair" else None,
        type=read,
        metavar=option.metavar,
        help=text,
    )


def _read(option: Option, word: str) -> object:
    """The value, as the verb itself converts it, where that needs no other word."""
    if option.kind == "pair":
        return as_version(word, option=option.flag)
    is_late = option.is_repeated or option.kind in ("word", "day", "moment")
    return word if is_late else convert(word, option)


def _help(option: Option) -> str:
    # A percent sign would be a format of argparse's.
    text = option.help.replace("%", "%%")
    is_shown = option.default not in (None, (), False, True) and "default" not in text
    what = "Any of" if option.kind == "choices" else "One of"
    more = ", or minutes such as 45m" if option.kind == "frequency" else ""
    text = f"{text} {what} {', '.join(option.choices)}{more}." if option.choices else text
    text = f"{text} (default: {option.default})" if is_shown else text
    return f"{text} (default: on)" if option.default is True else text
