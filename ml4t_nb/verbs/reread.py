"""What was read once, compared with what the store gives today: dataset by dataset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from ml4t_nb.check_reports import CheckState, ReadCheck
from ml4t_nb.citations import Citation, dataset_named
from ml4t_nb.errors import ArchiveMissing, DatasetNotFound, Ml4tError, StoreError, VersionNotFound
from ml4t_nb.frequencies import as_frequency
from ml4t_nb.reading.request import BarsRequest

if TYPE_CHECKING:
    from ml4t_nb.model import DatasetConfig
    from ml4t_nb.reading.reread import BarsDifference
    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.storage.store import Store
    from ml4t_nb.storage.versions import Versions

__all__ = ["checks_of"]


def checks_of(store: Store, read: Citation) -> Iterator[ReadCheck]:
    """A check for each dataset of what was read."""
    start, end = (date.fromisoformat(day) if day else None for day in (read.start, read.end))
    frequency = as_frequency(read.frequency, option="frequency") if read.frequency else None
    request = BarsRequest(start, end, read.adjust, read.filled, frequency=frequency)
    for name, version, checksum in zip(read.datasets, read.versions, read.checksums, strict=True):
        check = ReadCheck(
            dataset_named(name),
            read.frequency,
            request.adjust,
            read.filled,
            read.start,
            read.end,
            version,
            checksum,
            "same",
            home=read.home,
        )
        yield _Reread(store, check, request.made_from([check.dataset])).check()


@dataclass(frozen=True, slots=True)
class _Reread:
    """One check to be made."""

    store: Store
    asked: ReadCheck
    request: BarsRequest

    def check(self) -> ReadCheck:
        """What became of it; a store that cannot be read at all is damage, too."""
        try:
            return self._checked()
        except Ml4tError as error:
            return replace(self.asked, state="damaged", reason=error.message)

    def _checked(self) -> ReadCheck:
        versions = self.store.versions(self.asked.dataset)
        newest = self._newest()
        found = self.asked
        if newest is not None:
            now = newest.manifest
            found = replace(found, newest=now.sequence, newest_checksum=now.checksum)
            if now.dataset != found.dataset:
                found = replace(found, now_named=now.dataset.symbol)
        if newest is not None and self._is_unchanged(newest, versions):
            for chunk in newest.manifest.chunks:
                newest.content(chunk)
            return replace(found, readable=newest.manifest.sequence)
        try:
            then = self._then(versions)
            before = self._read(then)
        except ArchiveMissing:
            raise  # they are read again once its disk is back
        except (VersionNotFound, StoreError, DatasetNotFound) as error:
            return replace(found, state="lost", reason=error.message)
        found = replace(found, readable=then.manifest.sequence)
        if newest is None:
            return replace(found, state="removed", removed=len(before))
        return self._compared(found, before, newest)

    def _newest(self) -> Snapshot | None:
        """What is in force, by whatever name it is listed now; None if it was removed."""
        dataset = self.asked.dataset
        with suppress(DatasetNotFound):
            return self.store.snapshot(dataset)
        group = (dataset.asset_class, dataset.frequency)
        for now, names in self.store.former_names().items():
            is_it = any(each.symbol == dataset.symbol for each in names)
            if is_it and (now.asset_class, now.frequency) == group:
                return self.store.snapshot(now)
        return None

    def _is_unchanged(self, newest: Snapshot, versions: Versions) -> bool:
        """Whether the files are those of then, and are shown as they were."""
        if newest.manifest.checksum != self.asked.checksum:
            return False
        with suppress(KeyError, StoreError):
            then = versions.manifest(self.asked.version)
            if then is not None and then.checksum == self.asked.checksum:
                return _is_alike(then.config, newest.manifest.config)
        return True

    def _then(self, versions: Versions) -> Snapshot:
        """The version of then, or one with the same files; VersionNotFound if there is none.

        Its number alone does not tell: numbers begin again where folders were deleted, or restored
        from a backup.
        """
        dataset, wanted = self.asked.dataset, self.asked.version
        numbers = sorted(versions.numbers, key=lambda each: (each != wanted, -each))
        for number in numbers:
            with suppress(KeyError, StoreError):
                manifest = versions.manifest(number)
                if manifest is not None and manifest.checksum == self.asked.checksum:
                    return self.store.version(dataset, number)
        if wanted in numbers:
            raise VersionNotFound(
                f"version {wanted} of {dataset} is not the one that was read: its folders were "
                "deleted since, or restored from a backup"
            )
        what = f"version {wanted} of {dataset} is not kept any more"
        raise VersionNotFound(what if numbers else f"nothing of {dataset} is stored")

    def _compared(self, found: ReadCheck, before: Any, newest: Snapshot) -> ReadCheck:  # noqa: ANN401  # bars
        from ml4t_nb.reading.reread import difference_of

        try:
            after = self._read(newest)
        except StoreError as error:
            return replace(found, state="damaged", reason=error.message)
        except Ml4tError as error:  # a view that cannot be shown any more, of weeks with a split
            return replace(found, state="changed", reason=error.message)
        difference = difference_of(before, after)
        return replace(
            found,
            state=_state(difference),
            added=difference.added,
            revised=difference.revised,
            removed=difference.removed,
            restated=difference.restated,
            share=difference.share,
        )

    def _read(self, snapshot: Snapshot) -> Any:  # noqa: ANN401  # bars
        from ml4t_nb.reading.one import read_bars

        return read_bars(snapshot, self.request)


def _is_alike(one: DatasetConfig, other: DatasetConfig) -> bool:
    """Whether the same rows give the same bars."""
    return (one.basis, one.calendar, one.session_overrides) == (
        other.basis,
        other.calendar,
        other.session_overrides,
    )


def _state(difference: BarsDifference) -> CheckState:
    if not difference:
        return "same"
    return "added" if difference.is_longer else "changed"
