"""Bars as text, and files that appear whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO

from ml4t_nb.errors import StoreNotWritable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_of", "json_of", "write_whole"]

_ENDING = [getattr(signal, each) for each in ("SIGTERM", "SIGHUP") if hasattr(signal, each)]


def csv_of(bars: pd.DataFrame) -> str:
    """One line a bar, under a line of column names; stamps are ISO 8601, numbers exact."""
    named = bars.set_axis([stamp.isoformat() for stamp in bars.index], axis=0)
    return str(named.to_csv(index_label="timestamp", lineterminator="\n"))


def json_of(bars: pd.DataFrame) -> str:
    """A list with one object a bar; pandas' own JSON stops short of what a double needs."""
    rows = zip(bars.index, bars.to_dict("records"), strict=True)
    return json.dumps([{"timestamp": stamp.isoformat(), **row} for stamp, row in rows])


def write_whole(out: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a file that then takes the name ``out``: a reader never sees half of it.

    Until then it is a hidden file in the same folder, of a name that no other has. On any failure,
    an interruption or a signal to end it is removed.
    """
    # A link stays one: what it leads to is replaced.
    out = out.resolve() if out.is_symlink() else out
    draft = out.with_name(f".ml4t-data.{secrets.token_hex(8)}.part")
    try:
        with _removed_unless_done(draft):
            with draft.open("xb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(out)
            _sync_folder(out.parent)
    except OSError as error:
        # The system's words for the number: pyarrow puts its own around them.
        reason = os.strerror(error.errno) if error.errno else error
        raise StoreNotWritable(
            f"{out} cannot be written: {reason}", hint="choose another --out"
        ) from error


@contextmanager
def _removed_unless_done(draft: Path) -> Iterator[None]:
    """Leave no ``draft`` behind, however the block ends."""

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        draft.unlink(missing_ok=True)
        # The process ends as it would have done without us: the waiting process gets the reason.
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    # Only the main thread may, and another's handler is left: it raises, or ends no process.
    is_main = threading.current_thread() is threading.main_thread()
    taken = [each for each in _ENDING if is_main and signal.getsignal(each) is signal.SIG_DFL]
    try:
        for each in taken:
            signal.signal(each, end)
        yield
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    finally:
        for each in taken:
            signal.signal(each, signal.SIG_DFL)


def _sync_folder(folder: Path) -> None:
    # Where a folder may not be read, or the system opens none, the file is whole all the same.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
