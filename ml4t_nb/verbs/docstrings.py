"""A verb's docstring, with the help of the parameters that it shares with others."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["paragraphs", "with_shared"]

_HEADING = "\n\nParameters\n----------\n"


def with_shared(docstring: str, shared: Mapping[str, str]) -> str:
    """``docstring``, numpydoc's and not indented, with a paragraph for each parameter.

    ``shared`` has all parameters in order, with the help that their types bring, which may be
    empty; a paragraph of the docstring itself wins.
    """
    head, section, rest = _parted(docstring)
    own = {name: entry for entry in _entries(section) for name in _names(entry)}
    brought = {
        name: f"{name}\n{text}".replace("\n", "\n    ") for name, text in shared.items() if text
    }
    # Names that share a paragraph stand in it once.
    parts = dict.fromkeys(own.get(name) or brought.get(name) for name in shared)
    body = "\n".join(filter(None, parts))
    return f"{head}{_HEADING}{body}{rest}" if body else docstring


def paragraphs(docstring: str) -> dict[str, str]:
    """Parameters of a numpydoc docstring, each with its paragraph on one line."""
    _, section, _ = _parted(docstring)
    return {
        name: " ".join(entry.partition("\n")[2].split())
        for entry in _entries(section)
        for name in _names(entry)
    }


def _parted(docstring: str) -> tuple[str, str, str]:
    """What stands before the entries of the Parameters section, the entries, and the rest."""
    head, heading, after = docstring.partition(_HEADING)
    if heading:
        section, blank, rest = after.partition("\n\n")
        return head, section, blank + rest
    before, other, _ = docstring.partition("\n---")
    end = before.rfind("\n\n") if other else len(docstring)
    return docstring[:end], "", docstring[end:]


def _entries(section: str) -> list[str]:
    """Each parameter, or group of them, with its paragraph."""
    entries: list[str] = []
    for line in section.splitlines():
        if line.startswith(" "):
            entries[-1] += f"\n{line}"
        else:
            entries.append(line)
    return entries


def _names(entry: str) -> list[str]:
    return [name.strip() for name in entry.partition("\n")[0].partition(" : ")[0].split(",")]
