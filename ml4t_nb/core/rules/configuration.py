"""Thresholds as a settings file states them: for all datasets, and for single ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_args

from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.finding import Rule
from ml4t_nb.model import AssetClass, DatasetId, Frequency
from ml4t_nb.options import did_you_mean

__all__ = ["SWITCHABLE", "RuleSettings"]

_NAMES = tuple(each.name for each in fields(Thresholds))
_NOT_STORED = ("nan", "price", "volume", "action", "duplicate")

SWITCHABLE: tuple[Rule, ...] = (
    "range",
    "frozen",
    "jump",
    "spike",
    "unit",
    "no volume",
    "zero volume",
    "high volume",
    "large dividend",
    "repeated dividend",
    "dividend unit",
    "intraday range",
)
"""Rules on numbers that are stored; the others say what a run did, or keep a row out."""


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """From where on bars are suspicious: in general, and by the names of single datasets."""

    general: Thresholds = field(default_factory=Thresholds)
    single: Mapping[str, Thresholds] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Mapping[str, Any], *, file: str) -> RuleSettings:
        """Settings of a table ``[rules]``; what single datasets have of their own comes first.

        Parameters
        ----------
        table
            Values by the names of `Thresholds`, for all datasets; and tables of such values by
            the name of a dataset (``equities/daily/GME``).
        file
            Where it was read, for errors.

        Raises
        ------
        SettingsInvalid
            For a name that is not known, or a value that its rule cannot use; of any dataset, so
            that a wrong setting is reported by the first run.
        """
        values = {name: value for name, value in table.items() if not isinstance(value, Mapping)}
        general = _checked(values, f"{file}, [rules]")
        single = {}
        for name, own in table.items():
            if isinstance(own, Mapping):
                _require_dataset(name, file)
                checked = _checked(own, f'{file}, [rules."{name}"]')
                single[name] = Thresholds(**{**general, **checked})
        return cls(Thresholds(**general), single)

    def of_dataset(self, dataset: DatasetId) -> Thresholds:
        """Thresholds for ``dataset``."""
        return self.single.get(str(dataset), self.general)


def _require_dataset(name: str, file: str) -> None:
    match name.split("/"):
        case [asset_class, frequency, symbol] if symbol:
            for word, known in ((asset_class, AssetClass), (frequency, Frequency)):
                if word not in get_args(known):
                    raise SettingsInvalid(
                        f"{file}, rules for {name!r}: unknown {word!r}",
                        hint=did_you_mean(word, get_args(known)),
                    )
        case _:
            raise SettingsInvalid(
                f"{file}, rules for {name!r}: not a dataset",
                hint='name it by class, frequency and symbol: [rules."equities/daily/GME"]',
            )


def _checked(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {name: _value(name, value, where) for name, value in table.items()}


def _value(name: str, value: Any, where: str) -> Any:  # noqa: ANN401  # whatever TOML holds
    """A setting's value as its rule takes it."""
    if name not in _NAMES:
        raise SettingsInvalid(
            f"{where}: unknown rule setting {name!r}", hint=did_you_mean(name, _NAMES)
        )
    if name == "off":
        return _switched_off(value, where)
    if name == "unit_factors":
        if isinstance(value, list) and all(_is_number(each) and each > 1 for each in value):
            return tuple(float(each) for each in value)
        raise SettingsInvalid(f"{where}: {name} must be a list of numbers above 1, not {value!r}")
    least, most = _bounds(name)
    if not _is_number(value) or not least <= value <= most:
        raise SettingsInvalid(
            f"{where}: {name} must be a number from {least:g} to {most:g}, not {value!r}"
        )
    return value


def _switched_off(value: object, where: str) -> frozenset[Rule]:
    if not isinstance(value, list):
        raise SettingsInvalid(f"{where}: off must be a list of rules, not {value!r}")
    for rule in value:
        if rule in _NOT_STORED:
            raise SettingsInvalid(
                f"{where}: the rule {rule!r} cannot be switched off", hint="such rows are no bars"
            )
        if rule not in SWITCHABLE:
            raise SettingsInvalid(
                f"{where}: unknown rule {rule!r}", hint=did_you_mean(str(rule), SWITCHABLE)
            )
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
