"""``ml4t-data panel``: what a shell shows in a browser, as it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from ml4t_nb.errors import OptionError
from ml4t_nb.options import Doc, Moment, PathName, Short, Symbols, as_folder, as_moment, one_of
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import AsOf, Home

__all__ = [
    "Dashboard", "OtherProvider", "PanelChoice", "PanelPart", "PanelSymbols", "Part", "dashboard",
]  # fmt: skip

Part: TypeAlias = Literal[
    "load", "update", "universe", "health", "gaps", "review", "history", "compare"
]
"""Parts of a panel, each a tab."""

PanelPart: TypeAlias = Annotated[Part | None, Doc("Only that one; all eight in tabs if not given.")]
PanelSymbols: TypeAlias = Annotated[
    Symbols,
    Short("-s"),
    Doc(
        "Symbols whose findings ``review`` shows, whose runs ``history``, and whose bars\n"
        "``compare``; all stored if none."
    ),
]
OtherProvider: TypeAlias = Annotated[str | None, Doc("The other provider, for ``compare``.")]

_PORTS = range(1, 65536)


@dataclass(frozen=True, slots=True)
class PanelChoice:
    """Which panel is shown, of what, and as of when."""

    part: Part | None
    symbols: tuple[str, ...]
    other: str | None
    as_of: datetime | date | None
    home: Path | None

    @classmethod
    def of(
        cls,
        part: Part | None,
        symbol: Symbols,
        other: str | None,
        as_of: Moment | None,
        home: PathName | None,
    ) -> PanelChoice:
        """What is asked for.

        OptionError if there is no such part, it takes no symbols or other provider, or the as-of
        is not a valid date or instant.
        """
        _check(part, symbol, other)
        moment = as_moment(as_of, option="--as-of")
        folder = None if home is None else as_folder(home, option="--home")
        return cls(part, tuple(symbol), other, moment, folder)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A panel, the port of this machine that it is shown at, and whether a browser is opened."""

    panel: PanelChoice
    port: int
    has_browser: bool


@verb
def dashboard(
    part: PanelPart = None,
    symbol: PanelSymbols = (),
    *,
    with_: OtherProvider = None,
    port: int = 8866,
    browser: bool = True,
    as_of: AsOf = None,
    home: Home = None,
) -> Dashboard:
    """Show the panels of a notebook in a browser.

    Parameters
    ----------
    port
        The port of this machine, 127.0.0.1, which no other machine reaches.
    browser
        Open the page in the browser; its address is printed in any case.

    Raises
    ------
    OptionError
        If there is no such part or port, or the as-of is not a valid date or instant.
    """
    panel = PanelChoice.of(part, symbol, with_, as_of, home)
    if port not in _PORTS:
        raise OptionError(f"--port: {port} is no port", hint="choose one from 1024 to 65535")
    return Dashboard(panel, port, browser)


def _check(part: str | None, symbols: Sequence[str], other: str | None) -> None:
    one_of(part, Part, what="panel")
    name = f"panel {part or ''}".rstrip()
    if symbols and part not in ("review", "history", "compare"):
        raise OptionError(
            f"{name} takes no symbol, but got {symbols[0]!r}",
            hint="panel review, panel history and panel compare take symbols",
        )
    if other is not None and part != "compare":
        raise OptionError(
            f"{name} compares nothing, so that it takes no --with", hint="panel compare takes it"
        )
