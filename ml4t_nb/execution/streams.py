"""Standard output and error of a process, which may be closed, full, or unread."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO

__all__ = ["LineHandler", "is_terminal", "let_go", "notes_shown", "ready", "say", "terminable"]


def ready() -> None:
    """Make the three streams exist, and take any text.

    A file that is opened while one of them is closed gets its number, and would receive what a
    library prints there.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free: this one, since those before it are taken.
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  # a device
    for stream in (sys.stdout, sys.stderr):
        # A mark or a symbol that the terminal's encoding lacks is not a reason to fail after the
        # work.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Write to standard error, if it is open: the work does not depend on that."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        # pythonw, and a daemon that closed it, have none.
        let_go(sys.stderr)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at it."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def let_go(stream: TextIO) -> None:
    """Write nothing to it any more, nor what it still holds back."""
    # What is buffered would be written, and fail again, when the interpreter ends.
    with suppress(OSError, ValueError, AttributeError), open(os.devnull, "w") as nowhere:  # noqa: PTH123  # a device
        os.dup2(nowhere.fileno(), stream.fileno())


@contextmanager
def terminable() -> Iterator[threading.Event]:
    """Take SIGTERM for Ctrl-C, once, as of ``timeout`` or systemd; what is given is set then."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        asked.set()
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)


class LineHandler(logging.Handler):
    """Hands each record, as a line, to ``write``."""

    def __init__(self, write: Callable[[str], object], form: str, level: str = "NOTSET") -> None:
        super().__init__(level)
        self.write = write
        self.setFormatter(logging.Formatter(form))

    def emit(self, record: logging.LogRecord) -> None:
        """Write it."""
        self.write(f"{self.format(record)}\n")


@contextmanager
def notes_shown(program: str, *, quiet: bool) -> Iterator[None]:
    """Print on standard error what there is to remark on the settings, unless ``quiet``."""
    from ml4t_nb import settings

    logger = logging.getLogger(settings.__name__)
    handler = logging.NullHandler() if quiet else LineHandler(say, f"{program}: %(message)s")
    settings.forget_notes()
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = True
        logger.removeHandler(handler)
