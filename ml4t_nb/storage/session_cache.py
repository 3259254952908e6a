"""Sessions of calendars, kept beside the store: building them takes longer than judging it."""

from __future__ import annotations

import json
import re
import secrets
import sys
import zlib
from contextlib import suppress
from datetime import date
from functools import cache
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import TZPATH, ZoneInfo

import numpy as np

from ml4t_nb.core.timestamps import Sessions
from ml4t_nb.storage.disk import remove_old

__all__ = ["DiskSessionCache"]

_FORM = 3
"""Raised with every change of the file, or of how sessions are built."""

# What the dates and hours of a session are computed by, besides the rules of its time zone.
_BUILDER = "exchange_calendars"
_ITS_BUILDERS = ("pandas", "korean_lunar_calendar", "pyluach")
_STAGED = re.compile(r"[^.]+\.[0-9a-f]{6}")  # no calendar has a dot in its name
_COLUMNS = 5


class DiskSessionCache:
    """A file a calendar in ``cache/sessions``, which may be deleted at any time.

    A file counts only if it is whole, and if the same code and the same rules of its time zone
    would build it now. None is written where no dataset was ever stored.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / "cache" / "sessions"

    def load(self, name: str) -> tuple[Sessions, ZoneInfo] | None:
        """Sessions and zone of the calendar of just that name; None if they must be built."""
        try:
            _code()  # of the files as they are before they are imported to build
            head, _, body = self._path(name).read_bytes().partition(b"\n")
            header = json.loads(head)
            zone = str(header["zone"])
            if header != _header(name, zone, header["first"], header["last"], body):
                return None
            first, last = (date.fromisoformat(header[end]) for end in ("first", "last"))
            columns = np.frombuffer(body, dtype="<i8").astype(np.int64).reshape(_COLUMNS, -1)
            return Sessions(first, last, *columns), ZoneInfo(zone)
        except (OSError, ImportError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def save(self, name: str, known: Sessions, zone: ZoneInfo) -> bool:
        """Keep what was built, if the folder may be written; whether it was."""
        body = b"".join(column.astype("<i8").tobytes() for column in known.columns())
        path = self._path(name)
        staged = path.with_name(f"{path.name}.{secrets.token_hex(3)}")
        with suppress(OSError, ImportError):
            if not (self._home / "state").exists() or not _is_what_runs():
                return False
            header = _header(name, zone.key, f"{known.first}", f"{known.last}", body)
            self._folder.mkdir(parents=True, exist_ok=True)
            staged.write_bytes(json.dumps(header).encode("ascii") + b"\n" + body)
            staged.replace(path)
            now = path.stat()
            for each in self._folder.iterdir():
                if _STAGED.fullmatch(each.name):  # of one that was killed
                    remove_old(each, now)
            return True
        with suppress(OSError):
            staged.unlink()
        return False

    def _path(self, name: str) -> Path:
        return self._folder / quote(name, safe="")


def _header(name: str, zone: str, first: str, last: str, body: bytes) -> dict[str, Any]:
    """The first line of a file; the name in it too, since some disks take XNYS for xnys."""
    return {
        "form": _FORM,
        "name": name,
        "zone": zone,
        "rules": _rules(zone),
        "built by": [_code(), *(_version(package) for package in _ITS_BUILDERS)],
        "first": first,
        "last": last,
        "crc": zlib.crc32(f"{first} {last}".encode(), zlib.crc32(body)),
    }


@cache
def _code() -> int:
    """Checksum of the files that make the calendars: people mend a holiday in a copy of theirs."""
    spec = find_spec(_BUILDER)
    if spec is None or spec.origin is None:
        raise ImportError(f"there is no {_BUILDER}")
    folder = Path(spec.origin).parent
    found = sorted(
        (f"{file.relative_to(folder)}", file.stat().st_size, file.stat().st_mtime_ns)
        for file in folder.rglob("*.py")
    )
    return zlib.crc32(f"{_version(_BUILDER)} {spec.origin} {found}".encode())


def _is_what_runs() -> bool:
    """Whether what was imported is what is installed: a notebook upgrades below its kernel."""
    return all(
        getattr(sys.modules.get(name), "__version__", installed) == installed
        for name in (_BUILDER, *_ITS_BUILDERS)
        for installed in [_version(name)]
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _rules(zone: str) -> int:
    """Checksum of a time zone's rules, looked for where zoneinfo does."""
    for folder in TZPATH:
        path = Path(folder, zone)
        if path.is_file():
            return zlib.crc32(path.read_bytes())
    package, _, name = f"tzdata.zoneinfo.{zone.replace('/', '.')}".rpartition(".")
    return zlib.crc32(resources.files(package).joinpath(name).read_bytes())
