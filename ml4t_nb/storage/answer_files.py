"""Answers to the requests of a fetch, on disk until all of it is committed."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from ml4t_nb.core.bars import NUMBERS, Bars, as_stamps, framed, number_lines
from ml4t_nb.core.timestamps import index_micros
from ml4t_nb.errors import StoreError
from ml4t_nb.model import DatasetId
from ml4t_nb.storage.checksum import checksum_of, has_checksum
from ml4t_nb.storage.disk import names_in
from ml4t_nb.storage.names import place_of

__all__ = ["AnswerFiles"]

_FORM = 1
"""Raised with every change of the file."""

_STAGED = ".new"
_DAY_S = 86400

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, RecursionError)
"""What reading a file of any other content raises."""


class AnswerFiles:
    """The kept answers of one dataset, below ``cache``, which may be deleted at any time.

    A file is a line of JSON and the rows with their faults, to the bit; it counts only if it is
    whole. What cannot be written is not kept, and no error.
    """

    def __init__(self, home: Path, dataset: DatasetId) -> None:
        self._folder = home / "cache" / "answers" / place_of(dataset)

    def names(self) -> list[str]:
        """Names of the files, whole or not."""
        try:
            return [name for name in names_in(self._folder) if not name.endswith(_STAGED)]
        except StoreError:
            return []

    def found(self) -> Iterator[tuple[str, Any]]:
        """Each whole file of the last day, and what was said of its rows.

        That is by the file system's own clock: an as-of may be given, and be the same next month.
        """
        names = self.names()
        now = self._now() if names else None
        if now is None:
            return
        for name in names:
            with suppress(*_UNREADABLE):
                age = now - (self._folder / name).stat().st_mtime
                # One of the time to come was written by a clock that was wrong; a second is none.
                if -1 <= age <= _DAY_S:
                    yield name, self._read(name)[0]["about"]

    def _now(self) -> float | None:
        """When a file is written that is written now; None if none can be."""
        with suppress(OSError), TemporaryFile(dir=self._folder, suffix=_STAGED) as file:
            return os.fstat(file.fileno()).st_mtime
        return None

    def bars(self, name: str) -> Bars | None:
        """The rows of a file; None if it is gone, or not whole."""
        try:
            head, body = self._read(name)
            count = int(head["rows"])
            stamps, numbers, filled = np.split(
                np.frombuffer(body, np.uint8), [8 * count, 8 * count * (1 + len(NUMBERS))]
            )
            return framed(
                as_stamps(stamps.view("<i8").astype(np.int64).view("M8[us]")),
                numbers.view("<f8").astype(np.float64).reshape(len(NUMBERS), count),
                filled.astype(bool),
            )
        except _UNREADABLE:
            return None

    def keep(self, name: str, about: Any, bars: Bars) -> None:  # noqa: ANN401  # JSON
        """Write a file, in place of one of that name."""
        numbers, filled = number_lines(bars)
        body = b"".join(
            [
                index_micros(bars.index).astype("<i8").tobytes(),
                np.ascontiguousarray(numbers, dtype="<f8").tobytes(),
                filled.astype(np.uint8).tobytes(),
            ]
        )
        words = json.dumps(about).encode("ascii")
        head = {"form": _FORM, "rows": len(bars), "sum": checksum_of(words + body), "about": about}
        staged = self._folder / f"{secrets.token_hex(3)}{_STAGED}"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            staged.write_bytes(json.dumps(head).encode("ascii") + b"\n" + body)
            staged.replace(self._folder / name)

    def remove(self, name: str) -> None:
        """Forget one file."""
        with suppress(OSError):
            (self._folder / name).unlink()

    def drop(self) -> None:
        """Forget them all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self, name: str) -> tuple[dict[str, Any], bytes]:
        line, _, body = (self._folder / name).read_bytes().partition(b"\n")
        head = json.loads(line)
        words = json.dumps(head["about"]).encode("ascii")
        if head["form"] != _FORM or not has_checksum(words + body, head["sum"]):
            raise ValueError(f"{name} is not whole")
        return head, body
