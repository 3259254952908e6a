"""Providers of other packages: entry points of the group ``ml4t_nb.providers``.

A package declares one in its ``pyproject.toml``::

    [project.entry-points."ml4t_nb.providers"]
    mine = "my_package:MyProvider"

``MyProvider(settings)`` gives a `ml4t_nb.providers.Provider` whose ``name`` is ``mine``.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from ml4t_nb.errors import Ml4tError, OptionError
from ml4t_nb.providers.base import Provider
from ml4t_nb.settings import Settings

__all__ = ["declared_names", "open_declared"]

_GROUP = "ml4t_nb.providers"
_MEMBERS = ("name", "summary", "basis", "limits", "instrument", "fetch")


def declared_names() -> tuple[str, ...]:
    """Names that installed packages declare, one for each declaration; imports none of them."""
    return tuple(sorted(entry_points(group=_GROUP).names))


def open_declared(name: str, settings: Settings, *, taken_by: str | None = None) -> Provider:
    """The provider that a package declares under ``name``.

    Parameters
    ----------
    taken_by
        Who else has a provider of that name.

    Raises
    ------
    OptionError
        If several have, if it cannot be imported and made, or if it is not a provider.
    """
    points = tuple(entry_points(group=_GROUP, name=name))
    owners = [*([taken_by] if taken_by else []), *sorted(_owner(point) for point in points)]
    if len(owners) > 1:
        raise OptionError(
            f"there are {len(owners)} providers {name!r}: of {' and of '.join(owners)}",
            hint="uninstall one of these packages",
        )
    return _opened(points[0], settings)


def _opened(point: EntryPoint, settings: Settings) -> Provider:
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
