"""A store as it was: of each dataset a past version, for whoever reads bars of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Never, TypeAlias

from ml4t_nb.errors import StoreError
from ml4t_nb.model import AssetClass, DatasetId, Frequency
from ml4t_nb.storage.disk import names_in
from ml4t_nb.storage.names import GROUPS, place_of
from ml4t_nb.storage.store import Store

if TYPE_CHECKING:
    from ml4t_nb.storage.snapshot import Snapshot
    from ml4t_nb.storage.versions import Versions

__all__ = ["PastStore", "VersionChoice"]

VersionChoice: TypeAlias = "Callable[[Versions], int]"
"""Number of the version of a dataset that is wanted; VersionNotFound if there is none."""


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

    def snapshot(self, dataset: DatasetId) -> Snapshot:
        """The dataset as it was; VersionNotFound if it was not stored, or nothing is left of it."""
        return self.version(dataset, self._choose(self.versions(dataset)))

    def stored_by_symbol(
        self,
        symbols: Iterable[str],
        asset_class: AssetClass | None = None,
        frequency: Frequency | None = None,
    ) -> dict[str, tuple[DatasetId, ...]]:
        """The datasets of each symbol that are stored, or were."""
        found = super().stored_by_symbol(symbols, asset_class, frequency)
        groups = [
            each
            for each in GROUPS
            if asset_class in (None, each[0]) and frequency in (None, each[1])
        ]
        for symbol, stored in found.items():
            if stored:
                continue
            named = [DatasetId(*each, symbol) for each in groups]
            found[symbol] = tuple(each for each in named if self._has_versions(each))
        return found

    def _has_versions(self, dataset: DatasetId) -> bool:
        return bool(names_in(self.home / "versions" / place_of(dataset)))

    def transaction(self, dataset: DatasetId, seen: Snapshot | None = None) -> Never:
        """Nothing of the past is changed."""
        del seen
        raise StoreError(f"a past version of {dataset} cannot be changed")
