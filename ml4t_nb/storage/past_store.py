"""A store as it was: of each dataset a past version, for whoever reads bars of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Never, TypeAlias

from ml4t_nb.errors import OptionError, StoreError, VersionNotFound
from ml4t_nb.model import AssetClass, DatasetId, Frequency
from ml4t_nb.storage.dataset_folder import DatasetFolder
from ml4t_nb.storage.disk import names_in
from ml4t_nb.storage.names import GROUPS, place_of, symbol_of
from ml4t_nb.storage.store import Store
from ml4t_nb.storage.store_state import StoreState
from ml4t_nb.storage.versions import Versions

if TYPE_CHECKING:
    from ml4t_nb.storage.snapshot import Snapshot

__all__ = [
    "NotChosen",
    "PastState",
    "PastStore",
    "VersionChoice",
    "VersionNumber",
    "with_versions",
]

VersionChoice: TypeAlias = "Callable[[Versions], int]"
"""Number of the version of a dataset that is wanted; VersionNotFound if it cannot be read."""


@dataclass(frozen=True, slots=True)
class VersionNumber:
    """The choice of one number, whatever the dataset."""

    number: int

    def __call__(self, versions: Versions) -> int:
        """The number."""
        del versions
        return self.number


class NotChosen(VersionNotFound):
    """No version of the dataset is wanted: it was not stored then, or nobody pinned it."""


class PastStore(Store):
    """Reads versions that ``choose`` names; what was removed since has versions too.

    Parameters
    ----------
    store
        As it is now.
    """

    def __init__(self, store: Store, choose: VersionChoice) -> None:
        super().__init__(store.home)
        self._choose = choose

    def datasets(self, *, keep: bool = True) -> tuple[DatasetId, ...]:
        """What was stored, in order; what cannot be read any more too."""
        del keep  # there is no cache
        state = self.state()
        found = (
            each
            for group in dict.fromkeys(each for _, each in GROUPS)
            for each in state.datasets(group)
        )
        return tuple(sorted(each for each in found if state.is_chosen(each)))

    def state(self, *, at_once: bool = False) -> PastState:
        """The store as it was, which does not depend on when it is read."""
        del at_once
        return PastState(self, self._choose)

    def snapshot(self, dataset: DatasetId) -> Snapshot:
        """The dataset as it was; VersionNotFound if it was not stored, or nothing is left of it."""
        return self.version(dataset, self._choose(self.versions(dataset)))

    def stored_by_symbol(
        self,
        symbols: Iterable[str],
        asset_class: AssetClass | None = None,
        frequency: Frequency | None = None,
    ) -> dict[str, tuple[DatasetId, ...]]:
        """The datasets of each symbol that were stored then; if none was, that are or ever were.

        By a number the one that is stored is meant: one that was removed has other numbers.
        """
        found = super().stored_by_symbol(symbols, asset_class, frequency)
        groups = [
            each
            for each in GROUPS
            if asset_class in (None, each[0]) and frequency in (None, each[1])
            if any(names_in(self.home / part / "/".join(each)) for part in ("versions", "state"))
        ]
        state = self.state()
        for symbol, stored in found.items():
            if stored and isinstance(self._choose, VersionNumber):
                continue
            named = [DatasetId(*each, symbol) for each in groups]
            ever = tuple(each for each in named if each in stored or self._has_versions(each))
            then = tuple(filter(state.is_chosen, ever)) if len(ever) > 1 else ever
            found[symbol] = then or stored or ever
        return found

    def _has_versions(self, dataset: DatasetId) -> bool:
        if names_in(self.home / "versions" / place_of(dataset)):
            return True
        with suppress(StoreError):  # what is damaged is told to who reads it
            return any(self.versions(dataset).removals.values())
        return True

    def transaction(self, dataset: DatasetId, seen: Snapshot | None = None) -> Never:
        """Nothing of the past is changed."""
        del seen
        raise StoreError(f"a past version of {dataset} cannot be changed")


class PastState(StoreState):
    """Datasets of a store, each as the version left it that ``choose`` names.

    One of which no version is wanted is not stored; one that cannot be read any more is an error.
    """

    def __init__(self, store: Store, choose: VersionChoice) -> None:
        super().__init__(store.home)
        self._store = store
        self._choose = choose
        self._listed_then: dict[Frequency, tuple[DatasetId, ...]] = {}

    @property
    def is_fixed(self) -> bool:
        """That it is."""
        return True

    @property
    def parts(self) -> tuple[str, ...]:
        """As of a `StoreState`; what was removed is among them."""
        return ("data", "versions", "state")

    def datasets(self, frequency: Frequency) -> tuple[DatasetId, ...]:
        """All that may have been stored then."""
        if frequency not in self._listed_then:
            now = super().datasets(frequency)
            self._listed_then[frequency] = tuple(dict.fromkeys([*now, *self._removed(frequency)]))
        return self._listed_then[frequency]

    def called(self, symbol: str, frequency: Frequency) -> tuple[DatasetId, ...]:
        """As of a `StoreState`."""
        try:
            found = self._store.stored_by_symbol((symbol,), None, frequency)[symbol]
        except OptionError:
            return ()  # nothing can be stored under it
        return found

    def is_current(self, dataset: DatasetId) -> bool:
        """That nothing is taken from what is known of the newest commits."""
        del dataset
        return False

    def is_chosen(self, dataset: DatasetId) -> bool:
        """Whether a version of it is wanted, which may be gone."""
        try:
            self._choose(Versions(DatasetFolder(self._store.home, dataset)))
        except NotChosen:
            return False
        except (StoreError, VersionNotFound):
            return True  # who reads it is told
        return True

    def _opened(self, dataset: DatasetId) -> Snapshot | None:
        try:
            return self._store.snapshot(dataset)
        except NotChosen:
            return None

    def _removed(self, frequency: Frequency) -> Iterator[DatasetId]:
        for asset_class, each in GROUPS:
            if each == frequency:
                yield from with_versions(self._store.home, asset_class, each)


def with_versions(home: Path, asset_class: AssetClass, frequency: Frequency) -> Iterator[DatasetId]:
    """Datasets of that kind that have past versions, stored or not."""
    for name in names_in(home / "versions" / asset_class / frequency):
        if (symbol := symbol_of(name)) is not None:
            yield DatasetId(asset_class, frequency, symbol)
