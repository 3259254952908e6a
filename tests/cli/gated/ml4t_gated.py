"""A provider of thirty days at a time, whose symbols behave as they are called."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pandas as pd

from ml4t_nb.core.bars import make_bars
from ml4t_nb.errors import SymbolUnknown
from ml4t_nb.providers import Answer, Instrument, Limits, Request
from ml4t_nb.settings import Settings


def _wait(symbol: str) -> None:
    if symbol.startswith("HELD"):
        _hold(Path(os.environ["GATED_FOLDER"]) / symbol)
    if symbol.startswith("DIES"):
        os.kill(os.getpid(), signal.SIGKILL)
    if symbol.startswith("SLOW"):
        time.sleep(0.3)
    if symbol.startswith("STUCK"):
        print(f"asked for {symbol}", file=sys.stderr, flush=True)  # noqa: T201  # for who listens
        time.sleep(60)
        print("answered at last", file=sys.stderr, flush=True)  # noqa: T201  # for who listens


def _hold(sign: Path) -> None:
    """The first one who asks says which process it is, and waits until the test puts up the end."""
    try:
        with sign.open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        return
    while not sign.with_suffix(".end").exists():
        time.sleep(0.02)


step: Callable[[str], None] = _wait
"""Called before each answer; a test of the same process puts its own in."""


class GatedProvider:
    """Two prices in turn, for any symbol: those called SLOW..., HELD..., STUCK..., LOUD..., too.

    One called NONE... is not known, of one called BUG... it breaks, and DIES... ends its process.
    """

    name = "gated"
    summary = "two prices in turn, when the gate opens"
    basis = "as-traded"
    limits = Limits(
        ("equities",),
        ("daily",),
        requests_per_minute=60_000,
        max_span={"daily": timedelta(days=30)},
    )

    def __init__(self, settings: Settings) -> None:
        del settings

    def instrument(self, symbol: str) -> Instrument:
        if symbol.startswith("NONE"):
            raise SymbolUnknown(
                f"no symbol {symbol!r}", provider="gated", hint="look how it is spelled"
            )
        return Instrument("equities", "XNYS")

    def fetch(self, request: Request) -> Answer:
        symbol = request.dataset.symbol
        step(symbol)
        if symbol.startswith("LOUD"):
            print("printed by a provider")  # noqa: T201  # as libraries do
            print("told by a provider", file=sys.stderr)  # noqa: T201  # as libraries do
            logging.getLogger("ml4t_nb.gated").warning("logged by a provider")
            logging.getLogger("gated").warning("logged by its library")
        if symbol.startswith("BUG"):
            raise ZeroDivisionError("a bug of the provider")
        stamps = request.calendar.stamps(request.span, "daily")
        stamps = stamps[stamps <= pd.Timestamp(request.as_of)]
        # Not all alike: bars that repeat each other would be a finding.
        prices = [100.0 + stamp.day % 2 for stamp in stamps]
        return Answer(make_bars(stamps, dict.fromkeys(("open", "high", "low", "close"), prices)))
