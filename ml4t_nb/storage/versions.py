"""Past versions of a dataset: the manifests of commits before, and chunks whose rows changed since.

A chunk that a commit replaced is kept only if the commit changed rows of it. Otherwise later chunks
hold its rows, to the last bit: an append, or repacking, leaves nothing behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from itertools import pairwise, takewhile
from typing import NamedTuple, TypeVar

from ml4t_nb.errors import ChunkCorrupt, StoreError
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage import disk
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.manifest import Manifest
from ml4t_nb.storage.manifest_file import decode_manifest, manifest_error, require_whole
from ml4t_nb.storage.names import (
    gathered_name,
    gathered_numbers,
    kept_chunk,
    manifest_name,
    manifest_number,
)

__all__ = ["Versions", "gather", "gathered_without", "require_gathered"]

_TRIES = 100
_MOST_SINGLE = 32
_MOST_GATHERED = 32 << 20
_LEVEL = 1
_Found = TypeVar("_Found")
_NOT_TODAYS = "restore it from a backup; the bars in force do not need it"


class _Past(NamedTuple):
    """As-of of the run that made a commit, None if it removed the dataset; and its manifest."""

    at: datetime | None
    content: bytes


class Versions:
    """What there is of a dataset's past, as its folders were when it was first asked for.

    Parameters
    ----------
    folder
        The dataset's, whose newest manifest is the last of its versions.
    """

    def __init__(self, folder: DatasetFolder) -> None:
        self.folder = folder

    @cached_property
    def _names(self) -> list[str]:
        return self._listed[1]

    @cached_property
    def _listed(self) -> tuple[list[str], list[str]]:
        return _listed(self.folder)

    @property
    def is_current(self) -> bool:
        """Whether the folders are as they were when they were first looked at."""
        return _listed(self.folder) == self._listed

    @cached_property
    def untidied(self) -> dict[int, set[str]]:
        """Chunks that a commit replaced which was not tidied up after yet, by its number.

        Its writer is at it, or was killed: where their rows were changed, they will be kept.
        """
        numbers = sorted(n for name in self._listed[0] if (n := manifest_number(name)))
        found: dict[int, set[str]] = {}
        for earlier, later in pairwise(numbers):
            with suppress(KeyError, StoreError):  # of a damaged one nothing can be said
                before, after = self.manifest(earlier), self.manifest(later)
                staying = {each.file for each in after.chunks} if after else set[str]()
                replaced = {each.file for each in before.chunks} if before else set[str]()
                found[later] = replaced - staying
        return found

    @cached_property
    def chunks(self) -> dict[int, dict[str, str]]:
        """Kept chunks: by the commit that changed their rows, own names with those they have here.

        In order of the commits.
        """
        kept: dict[int, dict[str, str]] = {}
        for name in self._names:
            if found := kept_chunk(name):
                kept.setdefault(found[0], {})[found[1]] = name
        return dict(sorted(kept.items()))

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of all commits whose manifests are there, the newest one's too."""
        return tuple(self._at_rest(self._numbers))

    def _numbers(self) -> list[int]:
        gathered = [number for name in self._gathered for number in self._contents(name)]
        return sorted({*self._single, *gathered})

    @cached_property
    def times(self) -> dict[int, datetime | None]:
        """As-of of each commit's run, by its number; None of one that removed the dataset."""
        return self._at_rest(self._times)

    def _times(self) -> dict[int, datetime | None]:
        times = {number: self._time_of(number) for number in self._single}
        for name in self._gathered:
            times |= {number: at for number, (at, _) in self._contents(name).items()}
        return dict(sorted(times.items()))

    def _at_rest(self, found: Callable[[], _Found]) -> _Found:
        """What is found, looked for again where a file was gathered with others meanwhile."""
        for _ in range(_TRIES):
            with suppress(FileNotFoundError):
                return found()
            self._look_again()
        return found()

    def _look_again(self) -> None:
        folder = self.folder
        self.__dict__.clear()
        self.folder = folder

    def _time_of(self, number: int) -> datetime | None:
        try:
            content, path = self._content(number)
        except KeyError:
            return None
        try:
            return _as_of(content)
        except ValueError as error:
            raise self._damaged(f"{path} is damaged") from error

    def _damaged(self, fault: str) -> ChunkCorrupt:
        found = manifest_error(self.folder.dataset, fault)
        found.advice = _NOT_TODAYS
        return found

    @property
    def _single(self) -> set[int]:
        names = (*self._listed[1], *self._listed[0])
        return {number for name in names if (number := manifest_number(name))}

    @property
    def _gathered(self) -> list[str]:
        return [name for name in self._names if gathered_numbers(name)]

    def manifest(self, number: int) -> Manifest | None:
        """What that commit left; None if it removed the dataset.

        KeyError if it is not there; ChunkCorrupt if it cannot be read.
        """
        folder = self.folder
        content, path = self._content(number)
        try:
            return decode_manifest(content, folder.dataset, number, path)
        except ChunkCorrupt as error:
            if path.startswith(folder.versions_path):
                error.advice = _NOT_TODAYS
            raise

    def _content(self, number: int) -> tuple[bytes, str]:
        """A manifest's file, and where it is: files move on, each to a place looked at later."""
        folder, name = self.folder, manifest_name(number)
        for place in (folder.state_path, folder.versions_path):
            with suppress(FileNotFoundError):
                return disk.content_of(f"{place}/{name}"), f"{place}/{name}"
        for _ in range(_TRIES):
            try:
                for each in self._gathered:
                    first, last = gathered_numbers(each) or (0, 0)
                    if first <= number <= last and number in (found := self._contents(each)):
                        return found[number][1], f"{folder.versions_path}/{each}"
            except FileNotFoundError:  # gathered with others just now
                pass
            if disk.names_in(folder.versions_path) == self._names:
                break
            self._look_again()
        raise KeyError(number)

    def before(self, number: int) -> Manifest | None:
        """What the commit before that one left; None if there was none, or it was a removal."""
        earlier = [*takewhile(lambda each: each < number, self.numbers)]
        return self.manifest(earlier[-1]) if earlier else None

    def runs_before(self, number: int) -> Iterator[UpdateRecord]:
        """Records of earlier commits whose manifests are there, newest first.

        Those before a removal are of another dataset. ChunkCorrupt if one cannot be read.
        """
        first = number
        for each in reversed(self.numbers):
            if each >= first:
                continue
            try:
                manifest = self.manifest(each)
            except KeyError:  # dropped just now
                continue
            if manifest is None:
                return
            # It lists some runs before its own, too.
            for run in reversed(manifest.recent):
                if 0 < run.version < first:
                    first = run.first_version
                    yield run

    def _contents(self, name: str) -> dict[int, _Past]:
        """Manifests in a file of gathered ones, by number."""
        if name not in self._opened:
            path = f"{self.folder.versions_path}/{name}"
            try:
                self._opened[name] = dict(_unpacked(disk.content_of(path)))
            except FileNotFoundError:
                raise
            except (OSError, ValueError) as error:
                fault = f"{path} of past versions cannot be read: {error}"
                raise self._damaged(fault) from error
        return self._opened[name]

    @cached_property
    def _opened(self) -> dict[str, dict[int, _Past]]:
        return {}


def _listed(folder: DatasetFolder) -> tuple[list[str], list[str]]:
    """Names beside the newest manifest, and among the past versions.

    In this order: manifests move from the one to the other, and none may be missed.
    """
    state = disk.names_in(folder.state_path)
    return state, disk.names_in(folder.versions_path)


def gather(folder: DatasetFolder) -> None:
    """Put past manifests that lie singly into one file, if they are many; under the lock.

    It takes in files of gathered ones that are not more than twice as long, so that there are few
    of them however many commits there were. Manifests are alike: together they take a hundredth.
    """
    path = folder.versions_path
    names = disk.names_in(path)
    single = {number: name for name in names if (number := manifest_number(name))}
    if len(single) < _MOST_SINGLE:
        return
    lines: dict[int, _Past] = {}
    for number, name in single.items():
        content = disk.content_of(f"{path}/{name}")
        with suppress(ValueError):  # a damaged one stays: it may be restored from a backup
            lines[number] = _Past(_as_of(content), content)
    if len(lines) < _MOST_SINGLE:
        return
    taken = [single[number] for number in lines]
    size = sum(len(each.content) for each in lines.values())
    ranges = {name: found for name in names if (found := gathered_numbers(name))}
    for name in sorted(ranges, key=ranges.__getitem__, reverse=True):
        first, last = ranges[name]
        is_next = last >= min(lines) - 1  # what lay between was dropped, for a pin's sake alone
        if last - first >= 2 * len(lines) or size > _MOST_GATHERED or not is_next:
            break
        try:
            older = dict(_unpacked(disk.content_of(f"{path}/{name}")))
        except (OSError, ValueError):
            break  # a damaged one stays, too
        lines = {**older, **lines}
        size += sum(len(each.content) for each in older.values())
        taken.append(name)
    _write_gathered(path, lines)
    for name in taken:
        os.unlink(f"{path}/{name}")  # noqa: PTH108


def gathered_without(folder: DatasetFolder, name: str, dropped: Collection[int]) -> None:
    """Write a file of gathered manifests again without some of them; under the lock."""
    path = folder.versions_path
    lines = dict(_unpacked(disk.content_of(f"{path}/{name}")))
    left = {number: each for number, each in lines.items() if number not in dropped}
    _write_gathered(path, left)
    disk.move(f"{path}/{name}", f"{folder.trash_path}/{name}")


def _write_gathered(path: str, lines: Mapping[int, _Past]) -> None:
    """A file for each row of numbers without a gap: a name says which are in it, and no others."""
    rows: list[dict[int, _Past]] = []
    for number in sorted(lines):
        if not rows or number - 1 not in rows[-1]:
            rows.append({})
        rows[-1][number] = lines[number]
    for row in rows:
        disk.replace_with(f"{path}/{gathered_name(min(row), max(row))}", _packed(row))
    disk.sync_folder(path)


def require_gathered(content: bytes) -> None:
    """Raise ValueError unless it is a file of gathered manifests, each of them whole."""
    for _, past in _unpacked(content):
        require_whole(past.content)


def _as_of(content: bytes) -> datetime | None:
    """As-of of the run that made the commit of that manifest; None if it removed the dataset.

    ValueError if it is something else.
    """
    try:
        manifest = json.loads(content)["manifest"]
        runs = () if manifest is None else manifest.get("recent") or manifest["history"]
        return datetime.fromisoformat(runs[-1]["at"]) if runs else None
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(repr(error)) from error


def _packed(manifests: dict[int, _Past]) -> bytes:
    """A line for each: its number, the as-of of its run or a dash, and the manifest's own line."""
    import pyarrow as pa

    lines = (
        b"%d %s %s" % (number, at.isoformat().encode("ascii") if at else b"-", content)
        for number, (at, content) in sorted(manifests.items())
    )
    return bytes(pa.Codec("zstd", _LEVEL).compress(b"".join(lines)))


def _unpacked(content: bytes) -> Iterator[tuple[int, _Past]]:
    """Manifests by number; ValueError if it is something else."""
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
        lines: Sequence[bytes] = stream.read().splitlines(keepends=True)
    for line in lines:
        number, at, manifest = line.split(b" ", 2)
        when = None if at == b"-" else datetime.fromisoformat(at.decode("ascii"))
        yield int(number), _Past(when, manifest)
