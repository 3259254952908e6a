"""What the cells of an IPython session have read of stores: noted once the extension is loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from ml4t_nb.citations import Citation

__all__ = [
    "Noter",
    "SessionReads",
    "begin_session",
    "current_session",
    "end_session",
    "named_home",
    "note_read",
    "noter",
    "noting",
    "unnoted",
]

Noter: TypeAlias = Callable[[Mapping[str, Any] | str], None]
"""Notes a read: by what a frame says of itself, or in words."""

_MOST_RANGES = 20
"""Of more ranges of the same bars, as of a window that moves, the first and last date are kept."""


class SessionReads:
    """What cells have read: of each cell what its last run did, in the order of these runs.

    Parameters
    ----------
    find_notebook
        Gives the file of the notebook; None if that is not known.
    """

    def __init__(self, find_notebook: Callable[[], Path | None]) -> None:
        self.find_notebook = find_notebook
        self._by_cell: dict[str, dict[Citation, None]] = {}
        self._others: dict[str, dict[str, None]] = {}
        self._running: list[str] = []

    def begin(self, cell: str) -> None:
        """A cell begins: what it read before does not count any more."""
        self._by_cell.pop(cell, None)
        self._others.pop(cell, None)
        self._running.append(cell)

    def end(self) -> None:
        """The cell that began last is over."""
        if self._running:
            self._running.pop()

    def note(self, read: Citation) -> None:
        """The cell that runs has read this."""
        self._by_cell.setdefault(self._cell, {})[read] = None

    def note_other(self, words: str) -> None:
        """The cell that runs has read what no citation can name."""
        self._others.setdefault(self._cell, {})[words] = None

    @property
    def _cell(self) -> str:
        return self._running[-1] if self._running else ""

    @property
    def others(self) -> tuple[str, ...]:
        """What was read and cannot be compared later, in words, each once."""
        return tuple(dict.fromkeys(each for cell in [*self._others.values()] for each in [*cell]))

    @property
    def reads(self) -> tuple[Citation, ...]:
        """What was read, each once."""
        found = dict.fromkeys(each for cell in [*self._by_cell.values()] for each in [*cell])
        ranges: dict[Citation, list[Citation]] = defaultdict(list)
        for each in found:
            ranges[replace(each, start="", end="")].append(each)
        return tuple(
            each
            for alike in ranges.values()
            for each in (alike if len(alike) <= _MOST_RANGES else [_around(alike)])
        )


def _around(alike: list[Citation]) -> Citation:
    """What covers the ranges of all of them."""
    starts, ends = ([*each] for each in zip(*((r.start, r.end) for r in alike), strict=True))
    return replace(
        alike[0],
        start=min(starts),  # of which an empty one, without a bound, comes first
        end="" if "" in ends else max(ends),
    )


_session: SessionReads | None = None
_noted_in: ContextVar[tuple[SessionReads, object] | None] = ContextVar("ml4t_nb_reads")
"""Where what is read in this context is noted, and the folder of the store that was named."""


def begin_session(find_notebook: Callable[[], Path | None]) -> None:
    """Note from now on what calls in cells read."""
    global _session  # noqa: PLW0603  # one for each process, as IPython's shell is
    _session = SessionReads(find_notebook)


def end_session() -> None:
    """Note nothing any more."""
    global _session  # noqa: PLW0603  # likewise
    _session = None


def current_session() -> SessionReads | None:
    """That of this process; None where the extension is not loaded."""
    return _session


@contextmanager
def noting(home: object) -> Iterator[None]:
    """Note what is read until the block ends, if there is a session; ``home`` as it was given."""
    if _session is None:
        yield
        return
    before = _noted_in.set((_session, home))
    try:
        yield
    finally:
        _noted_in.reset(before)


@contextmanager
def unnoted() -> Iterator[None]:
    """Note nothing until the block ends: it reads what is only compared."""
    before = _noted_in.set(None)
    try:
        yield
    finally:
        _noted_in.reset(before)


def note_read(facts: Mapping[str, Any]) -> None:
    """Note what a frame says of itself, where a cell asked for it."""
    if note := noter():
        note(facts)


def noter() -> Noter | None:
    """Notes what is read later of what is asked for here, in any thread; None if nothing is noted.

    It takes what a frame says of itself, or words for what no citation can name. The cell that
    reads it counts, and not the one that made it: a scan may be computed in another one.
    """
    found = _noted_in.get(None)
    return None if found is None else partial(_note, found[0], named_home(found[1]))


def _note(session: SessionReads, home: str, read: Mapping[str, Any] | str) -> None:
    if isinstance(read, str):
        session.note_other(read)
    elif read["datasets"]:
        # Loading the extension imports this module, and is to be quick.
        from ml4t_nb.citations import trusted_citation

        session.note(trusted_citation(read, home=home))


def named_home(home: object) -> str:
    """The folder, if another store than the reader's own was named; else nothing."""
    if home is None:
        return ""
    from ml4t_nb.options import as_folder
    from ml4t_nb.settings import Settings

    folder = as_folder(home, option="--home").absolute()
    return "" if folder == Settings.current().home.absolute() else f"{folder}"
