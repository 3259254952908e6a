"""What a run is requested to do, and the configuration that follows for the dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from ml4t_nb.calendars import calendar
from ml4t_nb.core.gapfill import Fill
from ml4t_nb.errors import OptionError
from ml4t_nb.model import (
    DEFAULT_CALENDARS,
    AssetClass,
    Basis,
    Chunking,
    Compression,
    DatasetConfig,
    DatasetId,
    Frequency,
    NextStep,
)
from ml4t_nb.providers import Provider
from ml4t_nb.storage.compaction import resolve_period

__all__ = [
    "LoadRequest",
    "UpdateRequest",
    "require_served",
    "resolve_config",
    "with_provider",
]


# If unknown: without a split, prices are the same on either basis.
_ASSUMED: Basis = "as-traded"


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What to load; None means as it is stored, or the default for a new dataset."""

    symbol: str
    asset_class: AssetClass | None
    frequency: Frequency
    provider: str
    start: date | None = None
    end: date | None = None
    calendar: str | None = None
    tolerance: float | None = None
    chunk: Chunking | None = None
    compression: Compression | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """What to update, and how.

    A ``lookback`` of None is as far as costs no request more. ``provider`` is None for the
    dataset's own; with ``switch``, it becomes that. ``is_named`` if the user named the symbol,
    ``is_due`` if it is updated since that is due.
    """

    dataset: DatasetId
    lookback: timedelta | None
    fill: Fill | None
    provider: str | None = None
    switch: bool = False
    accept: bool = False
    reset_as_of: bool = False
    is_named: bool = False
    is_due: bool = False


def require_served(provider: Provider, dataset: DatasetId) -> None:
    """Raise OptionError unless the provider serves the dataset; the hint names what it serves."""
    limits = provider.limits
    for word, asked, served in (
        (f"{dataset.frequency} bars", dataset.frequency, limits.frequencies),
        (dataset.asset_class, dataset.asset_class, limits.asset_classes),
    ):
        if asked not in served:
            raise OptionError(f"{provider.name} has no {word}", hint=f"it has {', '.join(served)}")


def resolve_config(
    request: LoadRequest,
    dataset: DatasetId,
    provider: Provider,
    listed: str | None,
    held: DatasetConfig | None,
) -> DatasetConfig:
    """The dataset's configuration: by the request where it says so, else as it is stored."""
    _require_zone(request, dataset, provider, held)
    # The period that chunks are cut at, and whether closed ones may share a chunk.
    period = resolve_period(request.chunk or "auto", dataset.frequency)
    is_packed = request.chunk in (None, "auto")
    if held is None:
        dates = calendar(request.calendar or listed or DEFAULT_CALENDARS[dataset.asset_class])
        return DatasetConfig(
            provider=provider.name,
            calendar=dates.name,
            basis=provider.basis or _ASSUMED,
            tolerance=0.1 if request.tolerance is None else request.tolerance,
            period=period,
            compression=request.compression or "lz4",
            is_packed=is_packed,
        )
    # What auto means may have been another period when it was loaded.
    is_as_held = held.is_packed if is_packed else (period, False) == (held.period, held.is_packed)
    if request.chunk is not None and not is_as_held:
        packed = "packed " if held.is_packed else ""
        raise OptionError(
            f"{dataset} is stored in {packed}{held.period} chunks",
            hint="leave out --chunk; the verb rechunk changes the files of what is stored",
        )
    if request.compression not in (None, held.compression):
        raise OptionError(
            f"{dataset} is stored with {held.compression}",
            hint="leave out --compression; the verb recompress changes the files of what is stored",
        )
    return replace(
        with_provider(held, provider, dataset),
        calendar=calendar(request.calendar or held.calendar).name,
        tolerance=held.tolerance if request.tolerance is None else request.tolerance,
    )


def _require_zone(
    request: LoadRequest, dataset: DatasetId, provider: Provider, held: DatasetConfig | None
) -> None:
    if request.zone is None:
        return
    if not provider.limits.takes_zone:
        raise OptionError(
            f"{provider.name} reports the time zone of its bars itself", hint="leave out --zone"
        )
    if held is not None and held.zone not in (None, request.zone):
        raise OptionError(
            f"{dataset} was loaded with stamps in {held.zone} time",
            hint="leave out --zone, or remove it and load again",
        )


def with_provider(config: DatasetConfig, provider: Provider, dataset: DatasetId) -> DatasetConfig:
    """``config`` with another provider, who must quote on the same basis.

    Whether the same one has changed its own, only its bars show.
    """
    if provider.basis not in (None, config.basis) and provider.name != config.provider:
        raise OptionError(
            f"{dataset} holds {config.basis} prices, and {provider.name} quotes {provider.basis}",
            hint=(
                f"update from {config.provider}, or remove it and load again: ",
                NextStep("remove", dataset),
            ),
        )
    return replace(config, provider=provider.name)
