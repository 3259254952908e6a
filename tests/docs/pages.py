"""Pages of the documentation, and a reader who does all that they say, in order.

A block is told by its fence. ``sh`` is typed into one bash, ``ipython`` line by line and ``python``
as a whole into one IPython; ``text`` below it is what it shows, where a line of three dots stands
for any number of lines. Words after the language say what is special:

* ``fails``: the block ends with an error, which is meant;
* ``network``: it needs a connection, so its command lines are only read;
* ``clone``: it sets up a fresh clone, which the continuous integration does;
* ``apart``: it runs in an environment of its own, which has what its section installs.

Blocks of other languages (``crontab``, ``message``, ``picture``, ``py``, ``toml``) have tests of
their own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "Reader", "blocks", "differences", "environment", "reading"]

ROOT = Path(__file__).parent.parent.parent
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))

# In an item of a list a block is indented as the item is.
_FENCE = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^##+ (.*)$", re.MULTILINE)
_MARKS = {"fails", "network", "clone", "apart"}
_PYTHON = Path(sys.executable)
_SHELL = Path(__file__).parent / "typing_shell.py"
_END = "\0"

# What differs from run to run, and with the version of Arrow.
_VARIES = (
    (r"(\.\d{8,}\.)[0-9a-f]{6}\b", r"\1xxxxxx"),
    (r"\b\d+\.\d\d s\b", "0.00 s"),
    (r"\b\d+\.\d s( ·|$)", r"0.1 s\1"),
    (r"( +\d+ +)\d+\.\d\d$", r"\g<1>0.00"),
    (r"\d+ bytes instead of \d+", "1 bytes instead of 2"),
    (r"\b\d{4}-\d\d-\d\dT\d{6}Z", "2026-11-30T061129Z"),
    (r"Z of \d{4}-\d\d-\d\d \d\d:\d\d UTC", "Z of 2026-11-30 06:11 UTC"),
    (r"(is whole: \d+ datasets?), .*", r"\1, ..."),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; ``line`` is where it begins in its page, ``section`` the heading above it."""

    language: str
    marks: frozenset[str]
    text: str
    line: int
    section: str

    @property
    def is_run(self) -> bool:
        """Whether a reader types it."""
        return self.language in ("sh", "python", "ipython") and not self.marks & _UNRUN


_UNRUN = {"network", "clone", "apart"}


def blocks(page: Path) -> tuple[Block, ...]:
    """All fenced blocks of a page, in order."""
    words = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(words):
        marks = frozenset(match[3].split())
        assert marks <= _MARKS, f"{page.name}: no mark {marks - _MARKS}"
        line = words.count("\n", 0, match.start()) + 1
        text = re.sub(f"^{match[1]}", "", match[4], flags=re.MULTILINE)
        *_, section = ["", *_HEADING.findall(words, 0, match.start())]
        found.append(Block(match[2], marks, text, line, section))
    return tuple(found)


def environment(home: Path, python: Path = _PYTHON) -> dict[str, str]:
    """That of a person with an empty home folder, in UTC, with the program on the path."""
    return {
        **{name: word for name, word in os.environ.items() if not name.startswith("ML4T_DATA")},
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "IPYTHONDIR": str(home / ".ipython"),
        "TZ": "UTC",
        "COLUMNS": "100",
        "TMPDIR": str(home),
    }


class Reader:
    """Somebody with a terminal and a notebook open, in one folder.

    Parameters
    ----------
    home
        The home folder; the work is done in its folder ``work``.
    python
        The interpreter of the environment that the notebook runs in.
    """

    def __init__(self, home: Path, python: Path = _PYTHON) -> None:
        self._home = home.resolve()
        self._python = python
        self._work = self._home / "work"
        self._work.mkdir()
        self._open: dict[str, subprocess.Popen[str]] = {}
        self._count = 0

    def does(self, block: Block) -> tuple[str, bool]:
        """What the block showed, and whether it ended well."""
        kind = "sh" if block.language == "sh" else "ipython"
        self._count += 1
        script = self._home / f"block-{self._count}.{block.language}"
        script.write_text(block.text, encoding="utf-8")
        shell = self._open.get(kind) or self._start(kind)
        assert shell.stdin is not None
        assert shell.stdout is not None
        shell.stdin.write(f"{_typed(script)}\n" if kind == "sh" else f"{script}\n")
        shell.stdin.flush()
        words = ""
        while not words.endswith(_END):
            letter = shell.stdout.read(1)
            assert letter, f"the shell ended: {words}"
            words += letter
        shown, _, code = words.removesuffix(_END).rpartition("\n")
        return self._as_shown(shown), code == "0"

    def close(self) -> None:
        """Leave both shells."""
        for shell in self._open.values():
            assert shell.stdin is not None
            shell.stdin.close()
            shell.wait()
            assert shell.stdout is not None
            shell.stdout.close()

    def _start(self, kind: str) -> subprocess.Popen[str]:
        bash = ["bash", "--norc", "--noprofile", "-s"]
        self._open[kind] = subprocess.Popen(
            bash if kind == "sh" else [str(self._python), str(_SHELL)],
            cwd=self._work,
            env=environment(self._home, self._python),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        return self._open[kind]

    def _as_shown(self, words: str) -> str:
        return words.replace(str(self._work), "/srv/research/work").replace(
            str(self._home), "/srv/research"
        )


@contextmanager
def reading(home: Path, python: Path = _PYTHON) -> Iterator[Reader]:
    """A reader whose shells end with the block."""
    reader = Reader(home, python)
    try:
        yield reader
    finally:
        reader.close()


def _typed(script: Path) -> str:
    """A line of bash that carries out the script, and says whether a command of it failed.

    ``set -e`` would end the shell; the trap hears of the same failures and lets it live on.
    """
    return (
        f"failed=0; trap 'failed=1' ERR; source {script} < /dev/null; trap - ERR; "
        'printf "\\n%s\\0" "$failed"'
    )


def differences(expected: str, shown: str) -> str:
    """How what was shown differs from what the page says, in words; empty if it does not."""
    wanted, got = _plain(expected), _plain(shown)
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line) + "\n" for line in wanted
    )
    if re.fullmatch(pattern, "".join(f"{line}\n" for line in got)):
        return ""
    return "\n".join(["the page says", *wanted, "but this is shown", *got])


def _plain(words: str) -> list[str]:
    for pattern, same in _VARIES:
        words = re.sub(pattern, same, words, flags=re.MULTILINE)
    lines = [line.rstrip() for line in words.splitlines()]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines
