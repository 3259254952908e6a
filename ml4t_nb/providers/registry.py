"""Providers by name: those of this package, and those that other packages declare.

A package declares one as an entry point of the group ``ml4t_nb.providers``, in its
``pyproject.toml``::

    [project.entry-points."ml4t_nb.providers"]
    mine = "my_package:MyProvider"

``MyProvider(settings)`` gives a `ml4t_nb.providers.Provider` whose ``name`` is ``mine``.

Of folders of files there may be several: ``files:FOLDER`` is the provider of another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.options import as_folder, did_you_mean
from ml4t_nb.providers.base import Limits, Provider
from ml4t_nb.settings import Settings, absolute

__all__ = ["known", "limits_of", "open_provider"]

_BUILT_IN: Mapping[str, str] = {
    "files": "FilesProvider",
    "sample": "SampleProvider",
    "synthetic": "SyntheticProvider",
    "yahoo": "YahooProvider",
}
"""Name and class; each is a package that imports little, with a function ``limits``."""

_FOLDER = "files:"
_GROUP = "ml4t_nb.providers"
_MEMBERS = ("name", "summary", "basis", "limits", "instrument", "fetch")


def known() -> tuple[str, ...]:
    """Names of all providers, those of other packages too, without importing any."""
    return tuple(sorted({*_BUILT_IN, *entry_points(group=_GROUP).names}))


def open_provider(name: str, settings: Settings) -> Provider:
    """The provider of that name; imports it, and only it.

    Raises
    ------
    OptionError
        If there is none (the hint names the nearest), if there are two, or if another package's
        does not work.
    """
    if name.startswith(_FOLDER):
        return _of_folder(name, settings)
    points = tuple(entry_points(group=_GROUP, name=name))
    owners = [*(["ml4t-nb"] if name in _BUILT_IN else []), *sorted(map(_owner, points))]
    if len(owners) > 1:
        raise OptionError(
            f"there are {len(owners)} providers {name!r}: of {' and of '.join(owners)}",
            hint="uninstall one of these packages",
        )
    if points:
        return _declared(points[0], settings)
    if not owners:
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
    name = "files" if name.startswith(_FOLDER) else name
    if name in _BUILT_IN and not entry_points(group=_GROUP, name=name):
        limits: Limits = import_module(f"ml4t_nb.providers.{name}").limits(settings)
        return limits
    return open_provider(name, settings).limits


def _of_folder(name: str, settings: Settings) -> Provider:
    """The provider of the folder in ``name``, by its full path, which is kept with its bars."""
    from ml4t_nb.providers.files.provider import FilesProvider

    folder = absolute(as_folder(name.removeprefix(_FOLDER), option=name))
    return FilesProvider(settings, folder)


def _declared(point: EntryPoint, settings: Settings) -> Provider:
    """The provider of another package."""
    try:
        provider: Provider = point.load()(settings)
    except Ml4tError:
        raise  # the provider's own sentence, such as that of a setting it lacks
    except (ImportError, AttributeError, SyntaxError, NameError, TypeError, ValueError) as error:
        raise _broken(point, f"{type(error).__name__}: {error}") from error
    lacking = [member for member in _MEMBERS if not hasattr(provider, member)]
    if lacking:
        raise _broken(point, f"it has no {' and no '.join(lacking)}")
    if provider.name != point.name:
        raise _broken(point, f"its name is {provider.name!r}")
    return provider


def _broken(point: EntryPoint, reason: str) -> OptionError:
    return OptionError(
        f"the provider {point.name!r} of {_owner(point)} does not work: {reason}",
        hint="update that package, or uninstall it",
    )


def _owner(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value
