"""Thresholds as a settings file states them: for all datasets, and for single ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_args

from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.finding import Rule
from ml4t_nb.model import AssetClass, DatasetId, Frequency
from ml4t_nb.options import did_you_mean
from ml4t_nb.settings_file import SettingsTable

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
    def of(cls, table: SettingsTable) -> RuleSettings:
        """Settings of a table ``[rules]``; what single datasets have of their own comes first.

        Parameters
        ----------
        table
            Values by the names of `Thresholds`, for all datasets; and tables of such values by
            the name of a dataset (``equities/daily/GME``).

        Raises
        ------
        SettingsInvalid
            For a name that is not known, or a value that its rule cannot use; of any dataset, so
            that a wrong setting is reported by the first run.
        """
        own = {name for name, value in table.items() if isinstance(value, Mapping)}
        general = {name: _value(table, name) for name in table if name not in own}
        single = {}
        for name in own:
            _require_dataset(table, name)
            values = table.table(name)
            single[name] = Thresholds(
                **{**general, **{each: _value(values, each) for each in values}}
            )
        return cls(Thresholds(**general), single)

    def of_dataset(self, dataset: DatasetId) -> Thresholds:
        """Thresholds for ``dataset``."""
        return self.single.get(str(dataset), self.general)


def _require_dataset(table: SettingsTable, name: str) -> None:
    match name.split("/"):
        case [asset_class, frequency, symbol] if symbol:
            for word, known in ((asset_class, AssetClass), (frequency, Frequency)):
                if word not in get_args(known):
                    raise table.error(
                        name,
                        f"rules for {name!r}: unknown {word!r}",
                        did_you_mean(word, get_args(known)),
                    )
        case _:
            raise table.error(
                name,
                f"rules for {name!r}: not a dataset",
                'name it by class, frequency and symbol: [rules."equities/daily/GME"]',
            )


def _value(table: SettingsTable, name: str) -> Any:  # noqa: ANN401  # whatever TOML holds
    """A setting's value as its rule takes it."""
    value = table[name]
    if name not in _NAMES:
        raise table.error(name, f"unknown rule setting {name!r}", did_you_mean(name, _NAMES))
    if name == "off":
        return _switched_off(table, value)
    if name == "unit_factors":
        if isinstance(value, list) and all(_is_number(each) and each > 1 for each in value):
            return tuple(float(each) for each in value)
        raise table.error(name, f"{name} must be a list of numbers above 1, not {value!r}")
    least, most = _bounds(name)
    if not _is_number(value) or not least <= value <= most:
        raise table.error(
            name, f"{name} must be a number from {least:g} to {most:g}, not {value!r}"
        )
    return value


def _switched_off(table: SettingsTable, value: object) -> frozenset[Rule]:
    if not isinstance(value, list):
        raise table.error("off", f"off must be a list of rules, not {value!r}")
    for rule in value:
        if rule in _NOT_STORED:
            raise table.error(
                "off", f"the rule {rule!r} cannot be switched off", "such rows are no bars"
            )
        if rule not in SWITCHABLE:
            raise table.error("off", f"unknown rule {rule!r}", did_you_mean(str(rule), SWITCHABLE))
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
