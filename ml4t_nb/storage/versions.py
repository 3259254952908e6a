"""Past versions of a dataset: the manifests of commits before, and chunks whose rows changed since.

A chunk that a commit replaced is kept only if the commit changed rows of it. Otherwise later chunks
hold its rows, to the last bit: an append, or repacking, leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from ml4t_nb.errors import ChunkCorrupt, StoreError
from ml4t_nb.records import UpdateRecord
from ml4t_nb.storage import disk
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.gathered import PastManifest, as_of_run, unpacked
from ml4t_nb.storage.manifest import Manifest, Removal
from ml4t_nb.storage.manifest_file import decode_manifest, decode_removal, manifest_error
from ml4t_nb.storage.names import gathered_numbers, kept_chunk, manifest_name, manifest_number

__all__ = ["Versions"]

_TRIES = 100
_Found = TypeVar("_Found")
_NOT_TODAYS = "restore it from a backup; the bars in force do not need it"


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

    @cached_property
    def removals(self) -> dict[int, Removal | None]:
        """What is known of each commit that removed the dataset: None of an earlier version's."""
        return self._at_rest(self._removals)

    def _removals(self) -> dict[int, Removal | None]:
        found: dict[int, Removal | None] = {}
        for number in (each for each, at in self.times.items() if at is None):
            with suppress(KeyError):  # dropped just now
                content, path = self._content(number)
                try:
                    found[number] = decode_removal(content)
                except ValueError as error:
                    raise self._damaged(f"{path} is damaged") from error
        return found

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
            return as_of_run(content)
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
        earlier = self.number_before(number)
        return self.manifest(earlier) if earlier in self.numbers else None

    def number_before(self, number: int) -> int:
        """Number of the last commit there is of those that this one followed; 0 if there is none.

        Where an earlier state was restored from a backup, it is not the one just before, and may
        not be there.
        """
        earlier = next((each for each in reversed(self.numbers) if each < number), 0)
        manifest = self.manifest(number) if number in self.numbers else None
        runs = manifest.recent[-2:] if manifest else ()
        # Where runs are one record, their commits follow each other.
        if len(runs) > 1 and not runs[-1].repeated and runs[-1].version == number:
            return min(runs[0].version or earlier, earlier)
        return earlier

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

    def _contents(self, name: str) -> dict[int, PastManifest]:
        """Manifests in a file of gathered ones, by number."""
        if name not in self._opened:
            path = f"{self.folder.versions_path}/{name}"
            try:
                self._opened[name] = dict(unpacked(disk.content_of(path)))
            except FileNotFoundError:
                raise
            except (OSError, ValueError) as error:
                fault = f"{path} of past versions cannot be read: {error}"
                raise self._damaged(fault) from error
        return self._opened[name]

    @cached_property
    def _opened(self) -> dict[str, dict[int, PastManifest]]:
        return {}


def _listed(folder: DatasetFolder) -> tuple[list[str], list[str]]:
    """Names beside the newest manifest, and among the past versions.

    In this order: manifests move from the one to the other, and none may be missed.
    """
    state = disk.names_in(folder.state_path)
    return state, disk.names_in(folder.versions_path)
