"""Commands that a panel makes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ml4t_nb.events import silent
from ml4t_nb.execution.execute import call
from ml4t_nb.model import Command, DatasetId
from ml4t_nb.reports import Report

__all__ = ["NO_ARGUMENTS", "ask", "of_dataset"]

NO_ARGUMENTS: Mapping[str, object] = MappingProxyType({})


def ask(verb: str, **arguments: Any) -> Report:  # noqa: ANN401  # whatever the verb takes
    """The report of a quick look.

    Raises
    ------
    Ml4tError
        If it could not be carried out.
    """
    return call(Command(verb, arguments), watch=silent)


def of_dataset(dataset: DatasetId) -> dict[str, Any]:
    """Arguments that select this dataset alone, even if its symbol is stored a second time."""
    return {
        "symbol": (dataset.symbol,),
        "asset_class": dataset.asset_class,
        "frequency": dataset.frequency,
    }
