"""Bars as text, and files that appear whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from ml4t_nb.errors import StoreNotWritable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WholeFiles", "csv_of", "folder_made", "json_of", "write_whole"]

_ENDING = [getattr(signal, each) for each in ("SIGTERM", "SIGHUP") if hasattr(signal, each)]


def csv_of(bars: pd.DataFrame, *, heading: bool = True) -> str:
    """One line a bar, under a line of column names; stamps are ISO 8601, numbers exact."""
    said = _with_words(bars)
    return str(said.to_csv(index=False, header=heading, lineterminator="\n"))


def json_of(bars: pd.DataFrame) -> str:
    """A list with one object a bar; pandas' own JSON stops short of what a double needs."""
    return json.dumps(_with_words(bars).to_dict("records"))


def _with_words(bars: pd.DataFrame) -> pd.DataFrame:
    """The bars with what their index says as the first columns, stamps in words."""
    index = bars.index.to_frame(index=False)
    index["timestamp"] = [stamp.isoformat() for stamp in index["timestamp"]]
    return index.join(bars.reset_index(drop=True))


def write_whole(out: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a file that then takes the name ``out``: a reader never sees half of it.

    On any failure, an interruption or a signal to end, the file that had the name is left.
    """
    with WholeFiles() as files:
        files.write(out, write)


def folder_made(folder: Path) -> None:
    """The folder, if it is not there; the one that it is in must be."""
    with _said_of(folder):
        folder.mkdir(exist_ok=True)


class WholeFiles:
    """Files that take their names together at the end of the block, and none if it fails.

    Until then each is a hidden file in the folder where it will be, of a name that no other has.
    """

    def __init__(self) -> None:
        self._drafts: dict[Path, Path] = {}
        self._taken: list[int] = []

    def write(self, out: Path, write: Callable[[BinaryIO], object]) -> None:
        """Let ``write`` fill the file that will be ``out``."""
        # A link stays one: what it leads to is replaced.
        out = out.resolve() if out.is_symlink() else out
        draft = out.with_name(f".ml4t-data.{secrets.token_hex(8)}.part")
        self._drafts[out] = draft
        with _said_of(out), draft.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())

    def __enter__(self) -> Self:
        # Only the main thread may, and another's handler is left: it raises, or ends no process.
        is_main = threading.current_thread() is threading.main_thread()
        self._taken = [each for each in _ENDING if is_main and _is_default(each)]
        for each in self._taken:
            signal.signal(each, self._end)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._publish()
        finally:
            self._forget()
            for each in self._taken:
                signal.signal(each, signal.SIG_DFL)

    def _publish(self) -> None:
        for out in self._drafts:
            # What cannot be replaced is known before any other is.
            with _said_of(out):
                if out.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        for done, (out, draft) in enumerate(self._drafts.items()):
            before = f", and {done} of {len(self._drafts)} files were written before it"
            with _said_of(out, before if done else ""):
                draft.replace(out)
        for folder in {out.parent for out in self._drafts}:
            _sync_folder(folder)

    def _forget(self) -> None:
        for draft in self._drafts.values():
            with suppress(OSError):
                draft.unlink()

    def _end(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._forget()
        # The process ends as it would have done without us: the waiting process gets the reason.
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


def _is_default(number: int) -> bool:
    return signal.getsignal(number) is signal.SIG_DFL


@contextmanager
def _said_of(out: Path, besides: str = "") -> Iterator[None]:
    """StoreNotWritable of what the system says in the block."""
    try:
        yield
    except OSError as error:
        # The system's words for the number: pyarrow puts its own around them.
        reason = os.strerror(error.errno) if error.errno else error
        raise StoreNotWritable(
            f"{out} cannot be written: {reason}{besides}", hint="choose another --out"
        ) from error


def _sync_folder(folder: Path) -> None:
    # Where a folder may not be read, or the system opens none, the file is whole all the same.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
