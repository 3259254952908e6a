"""A store of three symbols from files with planted faults; ``sample`` has the true bars."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ml4t_nb import verbs
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

__all__ = ["AS_OF", "load_doubtful", "write_doubtful"]

AS_OF = "2005-06-01"
_PRICES = ["open", "high", "low", "close"]


def _high(table: Any) -> None:  # noqa: ANN401  # pandas' stubs take no dates as words
    table.loc["2005-04-14", "high"] = 75.92
    table.loc["2005-05-23", "volume"] = 0


def _tenfold(table: Any) -> None:  # noqa: ANN401
    table.loc["2005-03-09", "close"] *= 10
    table.loc["2005-03-09", "high"] *= 10


def _frozen(table: Any) -> None:  # noqa: ANN401
    week = table.loc["2005-01-03":"2005-01-07"].index
    table.loc[week, [*_PRICES, "volume"]] = table.loc["2005-01-03", [*_PRICES, "volume"]].to_numpy()


_PLANTED: dict[str, Callable[[Any], None]] = {"AAPL": _high, "IBM": _tenfold, "MSFT": _frozen}


def write_doubtful(folder: Path) -> None:
    """Files of real bars since 2003 with those faults."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        ws = Workspace.open(replace(Settings(), home=Path(home)))
        names = list(_PLANTED)
        verbs.load(ws, names, provider="sample", start="2003-01-02", as_of=AS_OF)
        for symbol, plant in _PLANTED.items():
            table: pd.DataFrame = verbs.bars(ws, symbol).drop(columns="filled")
            plant(table)
            table.to_csv(folder / f"{symbol}.csv")


def load_doubtful(folder: Path) -> None:
    """The same, loaded into the store of this process, which reads files from there."""
    write_doubtful(folder)
    verbs.load(Workspace.open(), list(_PLANTED), provider="files", as_of=AS_OF)
