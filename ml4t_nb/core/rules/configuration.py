"""Thresholds as a settings file states them: for all datasets, and for single ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.finding import Rule
from ml4t_nb.model import DatasetId
from ml4t_nb.options import did_you_mean

__all__ = ["thresholds_of"]

_NAMES = tuple(each.name for each in fields(Thresholds))
_IDENTITY_PARTS = 3


def thresholds_of(rules: Mapping[str, Any], dataset: DatasetId) -> Thresholds:
    """Thresholds for ``dataset``; those it has of its own come before those of all.

    Parameters
    ----------
    rules
        Values by the names of `Thresholds`, for all datasets; and tables of such values by the
        name of a dataset (``equities/daily/GME``).

    Raises
    ------
    SettingsInvalid
        For a name that is not known, or a value that its rule cannot use; of any dataset, so that
        a wrong setting is reported by the first run.
    """
    general = {name: value for name, value in rules.items() if not isinstance(value, Mapping)}
    single = {name: value for name, value in rules.items() if isinstance(value, Mapping)}
    for name, table in single.items():
        if name.count("/") != _IDENTITY_PARTS - 1:
            raise SettingsInvalid(
                f"rules for {name!r}: not a dataset",
                hint="name it by class, frequency and symbol: equities/daily/GME",
            )
        _checked(table)
    return Thresholds(**{**_checked(general), **_checked(single.get(str(dataset), {}))})


def _checked(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in table.items()}


def _value(name: str, value: Any) -> Any:  # noqa: ANN401  # whatever TOML holds
    """A setting's value as its rule takes it."""
    if name not in _NAMES:
        raise SettingsInvalid(f"unknown rule setting {name!r}", hint=did_you_mean(name, _NAMES))
    if name == "off":
        return _switched_off(value)
    if name == "unit_factors":
        if isinstance(value, list) and all(_is_number(each) and each > 1 for each in value):
            return tuple(float(each) for each in value)
        raise SettingsInvalid(f"{name} must be a list of numbers above 1, not {value!r}")
    least, most = _bounds(name)
    if not _is_number(value) or not least <= value <= most:
        raise SettingsInvalid(f"{name} must be a number from {least:g} to {most:g}, not {value!r}")
    return value


def _switched_off(value: object) -> frozenset[Rule]:
    known = get_args(Rule)
    if not isinstance(value, list):
        raise SettingsInvalid(f"off must be a list of rules, not {value!r}")
    for rule in value:
        if rule not in known:
            raise SettingsInvalid(f"unknown rule {rule!r}", hint=did_you_mean(str(rule), known))
    return frozenset(value)


def _bounds(name: str) -> tuple[float, float]:
    """Least and greatest value, both inclusive, by what the name says it is."""
    if name.endswith(("share", "tolerance")):
        return 0.0, 1.0
    if name.endswith("factor"):
        return 1.01, 1e9
    return 1.0, 1e6


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
