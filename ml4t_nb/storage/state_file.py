"""Small files of a store's state, each replaced in one step under a lock of its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from ml4t_nb.codec import Codec, is_later_form
from ml4t_nb.errors import StoreNewer
from ml4t_nb.storage.disk import write_new, writing

__all__ = ["read_state", "write_state"]

_CODEC = Codec(omit_defaults=True)
_NOT_THAT = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a file of any other content raises."""

_Content = TypeVar("_Content")


def read_state(path: Path, kind: type[_Content], form: str) -> _Content | None:
    """What the file says; None if there is none, or it is damaged.

    Parameters
    ----------
    form
        Its ``form``, such as ``told 1``.

    Raises
    ------
    StoreNewer
        If it is of a later form: what is written instead of it would be lost to who wrote it.
    """
    try:
        plain = json.loads(path.read_bytes())
        if is_later_form(plain, form):
            raise StoreNewer(f"{path}")
        content: _Content = _CODEC.load(kind, plain)
    except _NOT_THAT:
        return None
    return content


def write_state(path: Path, content: object) -> None:
    """Replace the file in one step; to be called by who has the lock of its folder.

    Raises
    ------
    StoreNotWritable
        If it cannot be written.
    """
    plain = json.dumps(_CODEC.dump(content), indent=1).encode("ascii")
    staged = path.with_suffix(".new")
    with writing(path.parent):
        staged.unlink(missing_ok=True)  # of one that was killed
        write_new(f"{staged}", plain)
        staged.replace(path)
