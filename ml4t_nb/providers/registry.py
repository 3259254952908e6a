"""Providers by name: those of this package, and those of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from ml4t_nb.errors import OptionError
from ml4t_nb.options import did_you_mean
from ml4t_nb.providers.base import Limits, Provider
from ml4t_nb.providers.plugins import declared_names, open_declared
from ml4t_nb.settings import Settings

__all__ = ["known", "limits_of", "open_provider"]

_BUILT_IN: Mapping[str, str] = {
    "files": "FilesProvider",
    "sample": "SampleProvider",
    "synthetic": "SyntheticProvider",
    "yahoo": "YahooProvider",
}
"""Name and class; each is a package that imports little, with a function ``limits``."""


def known() -> tuple[str, ...]:
    """Names of all providers, those of other packages too, without importing any."""
    return tuple(sorted({*_BUILT_IN, *declared_names()}))


def open_provider(name: str, settings: Settings) -> Provider:
    """The provider of that name; imports it, and only it.

    Raises
    ------
    OptionError
        If there is none (the hint names the nearest), if there are two, or if another package's
        does not work.
    """
    if name in declared_names():
        ours = "ml4t-nb" if name in _BUILT_IN else None
        return open_declared(name, settings, taken_by=ours)
    if name not in _BUILT_IN:
        raise OptionError(f"unknown provider {name!r}", hint=did_you_mean(name, known()))
    module = import_module(f"ml4t_nb.providers.{name}.provider")
    build: Callable[[Settings], Provider] = getattr(module, _BUILT_IN[name])
    return build(settings)


def limits_of(name: str, settings: Settings) -> Limits:
    """Limits of the provider of that name; imports one only if it is another package's.

    Raises
    ------
    OptionError
        As ``open_provider`` does.
    """
    if name in _BUILT_IN and name not in declared_names():
        module = import_module(f"ml4t_nb.providers.{name}")
        limits: Limits = module.limits(settings)
        return limits
    return open_provider(name, settings).limits
