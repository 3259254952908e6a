"""Pins of a store: names, each for one version of some datasets, which stay as long as it does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ml4t_nb.codec import Codec, is_later_form
from ml4t_nb.errors import ChunkCorrupt, StoreNewer
from ml4t_nb.records import Pin
from ml4t_nb.storage.locks import dataset_lock
from ml4t_nb.storage.state_file import write_state

__all__ = ["PINNABLE", "changing_pins", "read_pins", "unchanging_pins"]

PINNABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of pins: no space, and no dash in front that a shell would take for an option."""

_FORM: Literal["pins 1"] = "pins 1"
"""Another with every change of the file."""

_CODEC = Codec(omit_defaults=True)
_NOT_THAT = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a file of any other content raises."""


@dataclass(frozen=True, slots=True)
class _Content:
    form: Literal["pins 1"]
    pins: tuple[Pin, ...] = ()


def _file(home: Path) -> Path:
    return home / "state" / "pins" / "pins.json"


def read_pins(home: Path) -> dict[str, Pin]:
    """The pins of the store by name, in the order in which they were made.

    ChunkCorrupt if the file is damaged, StoreNewer if a later version of the package wrote it:
    without it, what is pinned might be removed.
    """
    path = _file(home)
    try:
        plain = json.loads(path.read_bytes())
        if is_later_form(plain, _FORM):
            raise StoreNewer(f"{path}")
        content: _Content = _CODEC.load(_Content, plain)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ChunkCorrupt(f"{path} cannot be read: {error.strerror}") from error
    except _NOT_THAT as error:
        raise ChunkCorrupt(
            f"the pins in {path} are damaged", hint="restore the file from a backup, or delete it"
        ) from error
    found = {each.name: each for each in content.pins}
    if len(found) != len(content.pins):  # of two, one would be read, and the other's versions go
        raise ChunkCorrupt(
            f"the pins in {path} are damaged: two have one name",
            hint="restore the file from a backup, or take one of them out",
        )
    return found


@contextmanager
def unchanging_pins(home: Path, *, timeout_s: float) -> Iterator[dict[str, Pin]]:
    """The pins, while nobody changes them: versions that none of them keeps can go.

    LockTimeout if another process changed them for ``timeout_s`` seconds.
    """
    with dataset_lock(_file(home).parent, "the pins", timeout_s=timeout_s):
        yield read_pins(home)


@contextmanager
def changing_pins(home: Path, *, timeout_s: float) -> Iterator[dict[str, Pin]]:
    """The pins, to be changed until the block ends well, while nobody else changes them.

    LockTimeout if another process did so for ``timeout_s`` seconds; StoreNotWritable if they
    cannot be written.
    """
    with dataset_lock(_file(home).parent, "the pins", timeout_s=timeout_s):
        pins = read_pins(home)
        before = dict(pins)
        yield pins
        if pins != before:
            write_state(_file(home), _Content(_FORM, tuple(pins.values())))
